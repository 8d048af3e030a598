"""The page "Draw a digit" as one widget: `app()`.

The browser sends strokes, uploads and the places of sliders; this side prepares the picture, asks
the network and sends numbers and small PNGs back. What the page looks like is in front/.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import traitlets

from cnn_utils import data

from . import what_if
from .canvas import FRONT, Canvas, draw, read_strokes
from .pictures import heat, png
from .preparation import Prepared, prepare_digit, prepare_hand
from .reading import Unreadable, read_image
from .recognition import Answer, Recogniser

# The sliders of each tab: what `what_if.WHAT_IF` can do, from, to, step, unit.
KEYS = ("name", "label", "least", "most", "step", "unit")
CHANGES = {
    tab: [dict(zip(KEYS, change, strict=True)) for change in changes]
    for tab, changes in {
        "digits": (
            ("right", "Shift to the right", -7, 7, 1, "px"),
            ("down", "Shift downwards", -7, 7, 1, "px"),
            ("turn", "Turn anticlockwise", -180, 180, 10, "°"),
            ("thicken", "Thicken the pen", -1, 3, 0.5, "px"),
        ),
        "hands": (
            ("right", "Shift to the right", -24, 24, 4, "px"),
            ("down", "Shift downwards", -24, 24, 4, "px"),
            ("turn", "Turn anticlockwise", -180, 180, 15, "°"),
            ("light", "More light", -80, 80, 10, "%"),
        ),
    }.items()
}
EACH = 2  # examples of each hand sign

CARD = (  # the numbers of lesson 14's model card, measured on the real photographs
    "It learned from 1,080 photographs, 180 for each of the signs 0 to 5: one hand each, before a "
    "pale wall, in much the same light. On 120 more of the same kind these weights made no "
    "mistake; five trainings made 0.8 % on average. 18 of the 120 have a near twin among the "
    "1,080.",
    "It goes by colour. In bluish light it reads 16 % right and without colour 17 %, which is "
    "chance; in half the light 45 %. It stays sure of itself while it fails.",
    "It reads 70 % right when mirrored, 75 % when turned by 45°, 70 % at half the size.",
    "Whose hands these are is not recorded. Accuracy by skin tone was not measured, and it may "
    "well be worse for hands darker or lighter than those it saw.",
    "It is for teaching. It does not read sign language, and nothing should depend on it.",
)


def app() -> Page:
    """Make the page: draw or upload a digit, look inside the network; hands in a second tab."""
    return Page()


class Page(Canvas):
    """The page. Traits hold what is shown; every visitor has a separate page, and process.

    From the browser come `drawing` (see Canvas), `what_if` (the sliders: name → amount) and
    messages that upload a file, choose an example, or ask for the look inside: that takes longer
    than an answer, so the browser asks for it when the pen rests.
    """

    _esm = "\n".join(
        (FRONT / name).read_text(encoding="utf-8") for name in ("canvas.js", "views.js", "page.js")
    )
    what_if = traitlets.Dict().tag(sync=True, echo_update=False)
    hands_what_if = traitlets.Dict().tag(sync=True, echo_update=False)
    about = traitlets.Dict().tag(sync=True)
    digits = traitlets.Dict().tag(sync=True)
    digits_inside = traitlets.Dict().tag(sync=True)
    changed = traitlets.Dict().tag(sync=True)
    hands_changed = traitlets.Dict().tag(sync=True)
    hands = traitlets.Dict().tag(sync=True)
    hands_inside = traitlets.Dict().tag(sync=True)
    uploaded = traitlets.Dict({"n": 0, "target": "", "problem": ""}).tag(sync=True)

    def __init__(self):
        self._n = 0  # the last drawing that was answered
        super().__init__(about=_about())
        self._show_digits(prepare_digit(draw([])), 0)
        self._choose(0, 0)
        self.observe(self._drawn, "drawing")
        self.observe(self._slid, "what_if")
        self.observe(self._slid_hands, "hands_what_if")
        self.on_msg(self._heard)

    # What comes from the browser

    def _drawn(self, change) -> None:
        n = change["new"].get("n")
        if type(n) is not int or n == self._n:
            return
        self._n = n
        try:
            prepared = prepare_digit(draw(read_strokes(change["new"].get("strokes"))))
        except ValueError as error:
            prepared = Prepared((), None, f"This drawing cannot be read: {error}")
        self._show_digits(prepared, n)

    def _slid(self, _) -> None:
        self.changed = _changed("digits", self._seen, self.what_if)

    def _slid_hands(self, _) -> None:
        self.hands_changed = _changed("hands", self._hand, self.hands_what_if)

    def _heard(self, _, content, buffers) -> None:
        """Take a message {"kind": "upload", "choose" or "look", …}; no other is answered."""
        if not isinstance(content, dict):
            return
        kind, n, target, number = (content.get(k) for k in ("kind", "n", "target", "number"))
        if kind == "look":
            self._look()
        elif type(n) is not int:
            return
        elif kind == "choose" and type(number) is int:
            self._choose(number, n)
        elif kind == "upload" and target in ("digits", "hands") and len(buffers) == 1:
            self._take(target, buffers[0], n)

    def _take(self, target: str, file, n: int) -> None:
        """Take an uploaded file. It stays in memory and is gone when the next one comes."""
        problem = ""
        try:
            image = read_image(bytes(file))
        except Unreadable as error:
            problem = str(error)
        else:
            if target == "digits":
                self._show_digits(prepare_digit(image), self._n, picture=image)
            else:
                self._show_hands(prepare_hand(image), n, picture=image)
        self.uploaded = {"n": n, "target": target, "problem": problem}

    def _choose(self, number: int, n: int) -> None:
        images, _ = _examples()
        if 0 <= number < len(images):
            image = images[number]
            self._show_hands(prepare_hand(image), n, picture=image, example=number)

    def _look(self) -> None:
        if self._seen is not None:
            recogniser = Recogniser.digits()
            inside = _inside(recogniser, self._seen, self.digits["digit"])
            self.digits_inside = {**inside, "strips": _strips("digits", self._seen)}
            self._slid(None)

    # What goes to the browser

    def _show_digits(self, prepared: Prepared, n: int, picture=None) -> None:
        self._seen = prepared.image
        answer = Recogniser.digits().answer(prepared)
        self.digits = {"n": n, **_result(prepared, answer, picture)}
        if self._seen is None:  # else the same picture, when it comes again, would be no change
            self.digits_inside = self.changed = {}

    def _show_hands(self, prepared: Prepared, n: int, picture=None, example=None) -> None:
        recogniser = Recogniser.hands()
        answer = recogniser.answer(prepared)
        result = _result(prepared, answer, picture)
        if example is not None:
            truth = example // EACH
            result["wrong"] = answer.digit != truth
            says = "The network is wrong." if result["wrong"] else "The network is right."
            result["note"] = f"The hand shows {truth}. {says}"
        self.hands = {"n": n, "example": example, **result}
        self._hand = image = prepared.image
        if image is None:
            self.hands_inside = {}
        else:
            inside = _inside(recogniser, image, answer.digit)
            self.hands_inside = {**inside, "strips": _strips("hands", image)}
        self._slid_hands(None)

    def __repr__(self):
        return "<Draw a digit>"


def _result(prepared: Prepared, answer: Answer, picture=None) -> dict:
    """What is shown at once: the answer, what the network sees, the steps."""
    return {
        "sentence": answer.sentence,
        "note": "",
        "wrong": False,
        "sure": answer.sure,
        "digit": answer.digit,
        "p": [round(float(p), 4) for p in answer.probabilities],
        "seen": None if prepared.image is None else png(prepared.image),
        "picture": None if picture is None else png(picture, most=560),
        "steps": [
            {
                "name": step.name,
                "says": step.says,
                "png": png(step.image),
                "small": max(step.image.shape[:2]) <= 100,
            }
            for step in prepared.steps
        ],
    }


def _inside(recogniser: Recogniser, image, digit: int) -> dict:
    """Feature maps of the first layer, on one scale, and the saliency of a digit."""
    maps = recogniser.inside(image)
    return {
        "maps": [png(heat(maps[..., c], maps.max())) for c in range(maps.shape[2])],
        "saliency": png(heat(recogniser.saliency(image, digit))),
        "digit": digit,
    }


def _recogniser(tab: str) -> Recogniser:
    return Recogniser.digits() if tab == "digits" else Recogniser.hands()


def _strips(tab: str, image) -> dict:
    """For every slider of a tab, what is read at each of its places, and how surely."""
    strips = {}
    for change in CHANGES[tab]:
        amounts = np.arange(change["least"], change["most"] + change["step"] / 2, change["step"])
        p = what_if.sweep(_recogniser(tab), image, change["name"], amounts)
        strips[change["name"]] = {
            "digits": p.argmax(axis=1).tolist(),
            "p": p.max(axis=1).round(2).tolist(),
        }
    return strips


def _changed(tab: str, image, amounts: dict) -> dict:
    """Change an image by the amounts of a tab's sliders and read it again; {} for no image."""
    if image is None:
        return {}
    for change in CHANGES[tab]:
        amount = amounts.get(change["name"], 0)
        if type(amount) in (int, float) and amount and np.isfinite(amount):
            amount = min(max(amount, change["least"]), change["most"])
            image = what_if.WHAT_IF[change["name"]](image, amount)
    answer = _recogniser(tab).answer(Prepared((), image))
    return {
        "png": png(image),
        "sentence": answer.sentence,
        "sure": answer.sure,
        "digit": answer.digit,
    }


@cache
def _examples() -> tuple[list[np.ndarray], bool]:
    """Hands to choose from, two for each number: uint8 (64, 64, 3); and whether they are real."""
    hands = data.load_signs(quiet=True)
    places = [np.flatnonzero(hands.y_test == k)[i] for k in range(6) for i in range(EACH)]
    return [hands.x_test[place].copy() for place in places], hands.is_real


def _source() -> str:
    """Say what the examples are, and how well the network reads them."""
    images, is_real = _examples()
    if is_real:
        return "Or choose a photograph of the test set, which the network has not learned from:"
    found = [Recogniser.hands().answer(prepare_hand(image)).digit for image in images]
    right = sum(digit == i // EACH for i, digit in enumerate(found))
    return (
        "Or choose a hand that the course's own program has rendered. The network has learned from "
        f"photographs: it reads {right} of these {len(images)} right."
    )


def _about() -> dict:
    """What the page says and never changes."""
    return {
        "line": "A network made of NumPy alone reads your handwriting. See how, and look inside.",
        "changes": CHANGES,
        "digits": {
            "seen": "28 × 28 pixels, white on black, the digit's weight in the middle. It has "
            "learned from the 60,000 handwritten digits of MNIST and from nothing else: whatever "
            "you draw, it looks for a digit in it."
        },
        "hands": {
            "seen": "64 × 64 pixels in colour.",
            "source": _source(),
            "examples": [png(image) for image in _examples()[0]],
            "card": list(CARD),
        },
    }

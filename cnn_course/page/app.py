"""The page "Draw a digit" as one widget: `app()`.

The browser sends strokes, uploads and slider positions. This side prepares the picture, asks the
network, and sends back numbers and small PNGs. What the page looks like is decided in front/.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import traitlets

from cnn_utils import data

from .canvas import FRONT, Canvas, draw, read_strokes
from .pictures import png
from .preparation import Prepared, prepare_digit, prepare_hand
from .reading import Unreadable, read_image
from .recognition import Recogniser
from .tab import Slider, Tab

SLIDERS = {
    "digits": (
        Slider("right", "Shift right", -7, 7, 1, "px"),
        Slider("down", "Shift down", -7, 7, 1, "px"),
        Slider("turn", "Turn anticlockwise", -180, 180, 10, "°"),
        Slider("thicken", "Thicken the pen", -1, 3, 0.5, "px"),
    ),
    "hands": (
        Slider("right", "Shift right", -24, 24, 4, "px"),
        Slider("down", "Shift down", -24, 24, 4, "px"),
        Slider("turn", "Turn anticlockwise", -180, 180, 15, "°"),
        Slider("light", "More light", -80, 80, 10, "%"),
    ),
}
EACH = 2  # examples of each hand sign

CARD = (  # the numbers of lesson 14's model card, measured on the real photographs
    "It learned from 1,080 photographs, 180 for each of the signs 0 to 5. Each shows one hand in "
    "front of a pale wall, in much the same light. On 120 more of the same kind these weights made "
    "no mistake; over five training runs the error was 0.8 % on average. 18 of the 120 have a near "
    "twin among the 1,080.",
    "It relies on colour. It gets 16 % right in bluish light and 17 % without colour, which is "
    "chance, and 45 % in half the light. It stays confident while it fails.",
    "It gets 70 % right when the hands are mirrored, 75 % when they are turned by 45°, and 70 % at "
    "half the size.",
    "Whose hands these are is not recorded. Accuracy by skin tone was not measured; it may well be "
    "worse for hands darker or lighter than those in the photographs.",
    "It is for teaching. It does not read sign language, and nothing should depend on it.",
)


def app() -> Page:
    """Make the page, on which you draw or upload a digit; hands are in a second tab."""
    return Page()


class Page(Canvas):
    """The page. Its traits hold what is shown; every visitor has a separate page and process.

    Each tab has four traits, which start with its name. `digits` is the answer to what was drawn
    or uploaded, and `digits_inside` the look inside. `digits_what_if` comes from the browser and
    tells where the sliders stand (name → amount), and `digits_changed` is what they make of the
    image. `Tab` computes all but the sliders' positions. The browser also sends `drawing` (see
    `Canvas`) and messages that upload a file, choose an example, or ask for the look inside. That
    takes longer than an answer, so for digits the browser asks for it when the pen rests.
    """

    _esm = "\n".join(
        (FRONT / name).read_text(encoding="utf-8") for name in ("canvas.js", "views.js", "page.js")
    )
    about = traitlets.Dict().tag(sync=True)
    uploaded = traitlets.Dict({"n": 0, "tab": "", "problem": ""}).tag(sync=True)
    digits = traitlets.Dict().tag(sync=True)
    digits_inside = traitlets.Dict().tag(sync=True)
    digits_what_if = traitlets.Dict().tag(sync=True, echo_update=False)
    digits_changed = traitlets.Dict().tag(sync=True)
    hands = traitlets.Dict().tag(sync=True)
    hands_inside = traitlets.Dict().tag(sync=True)
    hands_what_if = traitlets.Dict().tag(sync=True, echo_update=False)
    hands_changed = traitlets.Dict().tag(sync=True)

    def __init__(self):
        self._tabs = {
            "digits": Tab(Recogniser.digits(), prepare_digit, SLIDERS["digits"]),
            "hands": Tab(Recogniser.hands(), prepare_hand, SLIDERS["hands"]),
        }
        super().__init__(about=_about(self._tabs))
        self._show("digits", 0, prepare_digit(draw([])))
        self._choose(0, 0)
        self.observe(self._drawn, "drawing")
        self.observe(self._slid, [f"{name}_what_if" for name in self._tabs])
        self.on_msg(self._heard)

    # What comes from the browser

    def _drawn(self, change) -> None:
        n = change["new"].get("n")
        if type(n) is not int or n == self.digits["n"]:
            return
        try:
            prepared = prepare_digit(draw(read_strokes(change["new"].get("strokes"))))
        except ValueError as error:
            prepared = Prepared((), None, f"This drawing cannot be read: {error}")
        self._show("digits", n, prepared)

    def _slid(self, change) -> None:
        self._change(change["name"].removesuffix("_what_if"))

    def _heard(self, _, content, buffers) -> None:
        """Answer a message {"kind": "upload", "choose" or "look", …}, and ignore any other."""
        if not isinstance(content, dict):
            return
        kind, n, name, number = (content.get(k) for k in ("kind", "n", "tab", "number"))
        if kind == "look":
            self._look("digits")
        elif type(n) is not int:
            return
        elif kind == "choose" and type(number) is int:
            self._choose(number, n)
        elif kind == "upload" and name in ("digits", "hands") and len(buffers) == 1:
            self._take(name, buffers[0], n)

    def _take(self, name: str, file, n: int) -> None:
        """Take an uploaded file. It stays in memory and is gone when the next one comes."""
        problem = ""
        try:
            picture = read_image(bytes(file))
        except Unreadable as error:
            problem = str(error)
        else:
            before = getattr(self, name)["n"]  # an upload is neither a drawing nor a choice
            self._show(name, before, self._tabs[name].prepare(picture), picture)
        self.uploaded = {"n": n, "tab": name, "problem": problem}

    def _choose(self, number: int, n: int) -> None:
        images, _ = _examples()
        if 0 <= number < len(images):
            image = images[number]
            self._show("hands", n, prepare_hand(image), image, example=number)

    # What goes to the browser

    def _show(self, name: str, n: int, prepared: Prepared, picture=None, example=None) -> None:
        """Show a prepared picture in a tab. n: which drawing or choice it answers."""
        result = self._tabs[name].read(prepared, picture)
        verdict = _verdict(result["digit"], example)
        self.set_trait(name, {"n": n, "example": example, **verdict, **result})
        if prepared.image is None:  # else the same picture, when it comes again, would be no change
            self.set_trait(f"{name}_inside", {})
            self._change(name)
        elif name == "hands":  # no pen is kept waiting
            self._look(name)

    def _look(self, name: str) -> None:
        self.set_trait(f"{name}_inside", self._tabs[name].inside())
        self._change(name)

    def _change(self, name: str) -> None:
        amounts = getattr(self, f"{name}_what_if")
        self.set_trait(f"{name}_changed", self._tabs[name].changed(amounts))

    def __repr__(self):
        return "<Draw a digit>"


@cache
def _examples() -> tuple[list[np.ndarray], bool]:
    """Pick hands to choose from, `EACH` of every sign: uint8 (64, 64, 3); and are they real?"""
    hands = data.load_signs(quiet=True)
    places = [np.flatnonzero(hands.y_test == k)[i] for k in range(6) for i in range(EACH)]
    return [hands.x_test[place].copy() for place in places], hands.is_real


def _verdict(digit: int | None, example: int | None) -> dict:
    """Say whether an example was read correctly; there is no verdict on other pictures."""
    if example is None:
        return {"note": "", "wrong": False}
    truth = example // EACH
    wrong = digit != truth
    says = f"The hand shows {truth}. The network is {'wrong' if wrong else 'right'}."
    return {"note": says, "wrong": wrong}


def _source() -> str:
    """Say what the examples are, and how well the network reads them."""
    images, is_real = _examples()
    if is_real:
        return "Or choose a photograph from the test set, which the network was not trained on:"
    found = [Recogniser.hands().answer(prepare_hand(image)).digit for image in images]
    right = sum(digit == i // EACH for i, digit in enumerate(found))
    return (
        "Or choose a hand rendered by the course's own program. The network learned from "
        f"photographs; of these {len(images)} pictures it reads {right} correctly."
    )


def _about(tabs: dict[str, Tab]) -> dict:
    """Collect what never changes on the page."""
    return {
        "line": "A network written in NumPy alone reads your handwriting. Look inside to see how.",
        "digits": {
            **tabs["digits"].about(),
            "input": "28 × 28 pixels, white on black, with the ink's centre of mass in the middle. "
            "The network learned from the 60,000 handwritten digits of MNIST and nothing else, so "
            "it looks for a digit in whatever you draw.",
        },
        "hands": {
            **tabs["hands"].about(),
            "input": "64 × 64 pixels in colour.",
            "source": _source(),
            "examples": [png(image) for image in _examples()[0]],
            "card": list(CARD),
        },
    }

"""Lesson 14: augment one image eight times, and ask whether its label survives."""

from __future__ import annotations

import ipywidgets
import numpy as np

from cnn_course.figures.image_board import ImageBoard
from cnn_utils.data import Augmenter
from cnn_utils.plots.board import tint
from cnn_utils.plots.picture import COLOURS, name_of, styled

from .drawing import as_floats, without_grey_axis
from .explorer import Explorer

COPIES = 8
START = {"shift": 4, "rotate": 10, "scale": 0.1, "brightness": 0.1}  # the recipes of the signs
SAME_IN_A_MIRROR = {0, 1, 8}
DIGIT, ROOM = 20, 28  # MNIST's digits fill 20 of 28 pixels
LARGE, SIDE, TOP, GAP = 5.95, 2.85, 0.65, 0.25  # board units: the original, a copy, between them


def judge(kind: str, label: int, changes: Augmenter) -> tuple[bool, str]:
    """Say whether the label survives such changes, and why or why not.

    kind: 'digit' (handwritten, 28×28, 20 pixels large) or 'hand' (a photograph, 64×64, of which
    the fingers are counted); label: the class; changes: the largest ones. The limits are rules of
    thumb, so look at the copies.
    """
    a_digit = f"{'an' if label == 8 else 'a'} {label}"
    reasons, remarks = [], []
    if kind == "digit":
        if changes.flip and label not in SAME_IN_A_MIRROR:
            reasons.append(f"a mirrored {label} is no digit")
        if changes.rotate > 90 and label in (6, 9):
            reasons.append(f"towards 180° a {label} becomes a {15 - label}")
        elif changes.rotate > 45 and label:
            remarks.append(f"no test image shows {a_digit} lying on its side")
        room = (ROOM - DIGIT * (1 + changes.scale)) / 2
        if changes.shift > room:
            reasons.append(f"a shift above {max(room, 0):.0f} pixels cuts strokes off")
        if changes.elastic > 1.5:
            reasons.append("strokes bend into other digits")
        if changes.brightness > 0.3:
            remarks.append("no test image has grey paper")
    else:
        if changes.flip:
            remarks.append("mirrored, it is the other hand with as many fingers")
        if changes.rotate > 60:
            remarks.append("no test image shows a hand that hangs down")
        if changes.shift + 32 * changes.scale > 12:
            reasons.append("a finger may leave the picture")
        if changes.brightness > 0.3:
            reasons.append("skin and wall may both turn white")
        if changes.elastic > 2:
            reasons.append("fingers melt into each other")
    if reasons:
        return False, f"The label may be lost: {', and '.join(reasons)}."
    name = a_digit if kind == "digit" else f"a hand with label {label}"
    ending = f", but {'; '.join(remarks)}" if remarks else ""
    if remarks and remarks[0].startswith("mirrored"):
        ending = ": " + "; ".join(remarks)
    return True, f"The label survives: still {name}{ending}."


@styled
def augmentation_picture(
    image,
    label: int,
    changes: Augmenter,
    seed: int = 0,
    title: str = "image",
    names=None,
) -> ImageBoard:
    """Show an image beside eight augmented copies of it, each with its distance from the original.

    image: a handwritten digit (H, W, 1) or a hand (H, W, 3), uint8 or floats from 0 to 1. label:
    its class; changes: the largest ones; seed: of the random numbers that draw them. title: what
    the image is called; names: of the classes. The distance is the root mean square difference of
    all values, which are scaled to [0, 1].
    """
    pixels = as_floats(image)
    kind = "hand" if pixels.shape[2] == 3 else "digit"
    copies = changes(np.repeat(pixels[None], COPIES, axis=0), np.random.default_rng(seed))
    difference = (copies - pixels).reshape(COPIES, -1).astype(np.float64)
    distances = np.sqrt(np.mean(difference**2, axis=1))
    survives, verdict = judge(kind, int(label), changes)

    named = f"{title}, label {name_of(label, names)}"
    claim = "nothing is changed" if not distances.any() else f"{COPIES} copies, no two alike"
    board = ImageBoard(f"{named}: {claim}", "", 18.4, 8.2)
    board.image("original", without_grey_axis(pixels), 0.3, TOP, "input", LARGE)
    for i, (copy, distance) in enumerate(zip(copies, distances, strict=True)):
        x = 6.55 + (i % 4) * (SIDE + 0.12)
        y = TOP + (i // 4) * (SIDE + GAP + 0.35)
        kind_of_frame = "output" if survives else "wrong"
        board.image(f"{distance:.3f} away", without_grey_axis(copy), x, y, kind_of_frame, SIDE)
    colour = COLOURS["output" if survives else "wrong"]
    how = {"fontsize": 10.5, "fontweight": "bold", "color": tint(colour, 1.4)}
    board.note(0.3, 7.6, ("✓ " if survives else "⚠ ") + verdict, **how)
    board.alt = (
        f"{named}. {COPIES} copies with {_told(changes)}, seed "
        f"{seed}: {distances.min():.3f} to {distances.max():.3f} from the original (root mean "
        f"square difference). {verdict}"
    )
    return board


def _told(changes: Augmenter) -> str:
    parts = [
        f"shift up to {changes.shift} pixels" if changes.shift else "",
        f"turn up to {changes.rotate:g}°" if changes.rotate else "",
        f"scale ±{100 * changes.scale:.0f} %" if changes.scale else "",
        f"brightness ±{changes.brightness:.2f}" if changes.brightness else "",
        f"bending by {changes.elastic:g} pixels" if changes.elastic else "",
        "half of them mirrored" if changes.flip else "",
    ]
    return ", ".join(part for part in parts if part) or "no change"


def augmentation_explorer(images, labels, names=None, digits=None) -> Explorer:
    """Explorer of lesson 14: change the amounts, and see what becomes of an image and its label.

    It begins with the augmentation of the sign recipes. images: photographs of hands (N, H, W, 3)
    or digits (N, H, W, 1); labels: integers (N,); names: of the classes. digits: (images, labels)
    of handwritten digits to choose instead.
    """
    sets = {"hands" if np.shape(images)[3] == 3 else "digits": (images, labels, names)}
    if digits is not None:
        sets["digits"] = (*digits, None)
    wide = {"layout": ipywidgets.Layout(width="19em"), "style": {"description_width": "6em"}}
    which = ipywidgets.Dropdown(
        options=list(sets), description="pictures", layout=ipywidgets.Layout(width="13em")
    )
    number = ipywidgets.IntSlider(max=len(labels) - 1, description="image", **wide)
    float_slider, int_slider = ipywidgets.FloatSlider, ipywidgets.IntSlider
    controls = {
        "number": number,
        "seed": int_slider(max=20, description="seed", **wide),
        "shift": int_slider(max=20, value=START["shift"], description="shift (px)", **wide),
        "rotate": int_slider(
            max=180, step=5, value=START["rotate"], description="rotate (°)", **wide
        ),
        "scale": float_slider(
            max=0.5, step=0.05, value=START["scale"], description="scale ±", **wide
        ),
        "brightness": float_slider(
            max=0.6, step=0.05, value=START["brightness"], description="bright ±", **wide
        ),
        "elastic": float_slider(max=4, step=0.5, description="bend (px)", **wide),
        "flip": ipywidgets.Checkbox(description="mirror half of them", indent=False),
        "which": which,
    }

    def draw(number, seed, which, **amounts):
        images, labels, names = sets[which]
        number = min(number, len(labels) - 1)
        edge = "edge" if which == "hands" else "zero"
        changes = Augmenter(**amounts, edge=edge)
        one = images[number], labels[number]
        return augmentation_picture(*one, changes, seed, f"Image {number}", names)

    def fit(change=None):
        number.max = len(sets[which.value][1]) - 1

    which.observe(fit, "value")
    c = controls
    rows = [
        [c["number"], c["seed"], *([which] if len(sets) > 1 else [])],
        [c["shift"], c["rotate"], c["scale"]],
        [c["brightness"], c["elastic"], c["flip"]],
    ]
    return Explorer(draw, controls, rows=rows)

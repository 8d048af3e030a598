"""From any picture of a digit or a hand to what the network was trained on.

MNIST's digits were prepared. LeCun et al. (1998), doi:10.1109/5.726791, section III.A, made the
writing white on black, scaled it to fit 20 × 20 pixels with its proportions kept (which left greys
at its edges), and moved its centre of mass to the centre of 28 × 28 pixels. A network that learned
from such images expects every image to be like that. Start reading at `prepare_digit`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .marks import blank_page, find_ink

SIDE, BOX = 28, 20  # an image of MNIST, and the square its ink fits into
HAND_SIDE = 64
LONGEST_SIDE = 512  # a larger picture is reduced first
WIDEST_STROKE = 0.35  # of the picture's shorter side; anything wider is paper, not ink
LEAST_CONTRAST = 0.06  # between the darkest and the lightest pixel
LEAST_SIDE = 7  # pixels of the digit's longer side
LEAST_STRIP = 3  # pixels of the picture's shorter side
SOLID = 0.95  # a mark about as wide as high that fills this share of an ellipse is a dot
ROUGHNESS = 0.6  # see `writing_is_dark`
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # brightness of red, green, blue; ITU-R BT.601
STEPS_TO_LEAVE_OUT = (
    "noise removal",
    "inversion",
    "cropping",
    "proportions",
    "anti-aliasing",
    "centring",
)

EMPTY = "There is no digit here yet."
FAINT = "Nothing stands out in this picture; write larger or darker, or find better light."
TINY = "The mark is too small to read; draw it larger, or move closer."
DOT = "That is only a dot so far; draw the whole digit."
SMALL_HAND = "The picture is too small; a hand needs at least 16 by 16 pixels."
NO_HAND = "The picture is all one colour, so there is no hand in it."


@dataclass(frozen=True)
class Step:
    """One step of a preparation, for the page to show.

    name: what the step is called. image: float32, (H, W) or (H, W, 3), from 0 to 1, neither side
    above 512. says: one sentence.
    """

    name: str
    image: np.ndarray
    says: str


@dataclass(frozen=True)
class Prepared:
    """A prepared picture: the steps, and what the network takes or why there is nothing to take.

    steps: those that were done, in their order. image: float32 from 0 to 1, (28, 28, 1) with white
    ink on black for digits, (64, 64, 3) for hands; None where there is a problem. problem: "" or
    one sentence for the page.
    """

    steps: tuple[Step, ...]
    image: np.ndarray | None
    problem: str = ""


class NothingToRead(Exception):
    """Why a picture cannot be prepared, in one sentence for the page."""


def prepare_digit(image, without=()) -> Prepared:
    """Prepare a picture of one digit the way MNIST's were prepared.

    image: uint8 from 0 to 255 or float from 0 to 1, (H, W) or (H, W, 3); dark on light or light on
    dark, anywhere in the picture, of any size. without: for experiments, the steps to leave out,
    any of `STEPS_TO_LEAVE_OUT`. Returns an image float32 (28, 28, 1), or a problem where no ink is
    found. Raises ValueError for another shape or dtype, for an image without pixels, and for a step
    it does not know.
    """
    unknown = sorted(set(without) - set(STEPS_TO_LEAVE_OUT))
    if unknown:
        known = ", ".join(STEPS_TO_LEAVE_OUT)
        raise ValueError(f"cannot leave out {unknown[0]!r}; choose from {known}.")
    says = "Only the brightness of a pixel counts, not its colour."
    steps = [Step("grey", _reduced(to_grey(image)), says)]
    try:
        is_dark = _find(steps, without)
        _fit(steps, without, inverted=is_dark and "inversion" in without)
    except NothingToRead as problem:
        return Prepared(tuple(steps), None, str(problem))
    return Prepared(tuple(steps), steps[-1].image[..., None])


def _find(steps: list[Step], without) -> bool:
    """Find the ink in the last step's image and add the steps; return whether the ink was dark."""
    grey = steps[-1].image
    if np.ptp(grey) < LEAST_CONTRAST:
        raise NothingToRead(EMPTY if np.ptp(grey) == 0 else FAINT)
    if min(grey.shape) < LEAST_STRIP:
        raise NothingToRead(TINY)
    is_dark = writing_is_dark(grey)
    page = grey if is_dark else 1 - grey  # while the ink is looked for, it is dark on light
    if "noise removal" in without:
        ink, says = (page.max() - page) / np.ptp(page), "Nothing is removed."
    else:
        ink = find_ink(missing_light(page))
        says = "Shadows, texture and anything but the digit are removed."
    if ink is None:
        raise NothingToRead(FAINT)
    steps.append(Step("noise removed", 1 - ink if is_dark else ink, says))
    was = "dark on light, so it is inverted" if is_dark else "light on dark, so it stays"
    steps.append(Step("white on black", ink, f"The writing is {was}."))
    return is_dark


def _fit(steps: list[Step], without, inverted: bool) -> None:
    """Crop, scale and centre the ink in the last step's image; add these steps."""
    ink = steps[-1].image
    if "cropping" not in without:
        ink = cropped(ink)
    height, width = ink.shape
    steps.append(Step("cropped", ink, f"The digit takes up {width} by {height} pixels."))
    if max(ink.shape) < LEAST_SIDE:
        raise NothingToRead(TINY)
    if is_dot(ink):
        raise NothingToRead(DOT)
    small = scaled(ink, "proportions" not in without, "anti-aliasing" not in without)
    says = f"The longer side becomes {BOX} pixels; each new pixel is the mean of old ones."
    steps.append(Step("scaled", small, says))
    final = centred(small, "centring" not in without)
    says = f"Its centre of mass moves to the middle of {SIDE} by {SIDE} pixels."
    steps.append(Step("centred", 1 - final if inverted else final, says))


def prepare_hand(image) -> Prepared:
    """Prepare a picture of a hand: its middle square, scaled to 64 × 64.

    image: uint8 from 0 to 255 or float from 0 to 1, (H, W) or (H, W, 3). Returns an image float32
    (64, 64, 3), or a problem where the picture is tiny or all of one colour. Raises ValueError for
    another shape or dtype, and for an image without pixels.
    """
    image = _checked(image)
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    if image.dtype != np.uint8:
        image = np.uint8(np.round(255 * np.clip(image, 0, 1)))
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    shown = square.resize([min(side, LONGEST_SIDE)] * 2, Image.Resampling.BOX)
    says = f"The middle square, {side} by {side} pixels; the hand should fill it."
    steps = (Step("square", _unit(shown), says),)
    if side < 16:
        return Prepared(steps, None, SMALL_HAND)
    final = _unit(square.resize((HAND_SIDE, HAND_SIDE), Image.Resampling.BOX))
    if np.ptp(final, axis=(0, 1)).max() < LEAST_CONTRAST:
        return Prepared(steps, None, NO_HAND)
    says = f"All that the network sees is {HAND_SIDE} by {HAND_SIDE} pixels in colour."
    return Prepared((*steps, Step("scaled", final, says)), final)


# --- the steps, in their order -------------------------------------------------------------------


def to_grey(image) -> np.ndarray:
    """Return the brightness of an image that `prepare_digit` takes: float32 (H, W), 0 to 1."""
    x = _checked(image)
    x = x.astype(np.float32) / (255 if x.dtype == np.uint8 else 1)
    return np.clip(x @ GREY if x.ndim == 3 else x, 0, 1)


def writing_is_dark(grey) -> bool:
    """Tell whether a picture (H, W) shows dark writing on light, not light writing on dark.

    The marks are removed as if they were dark, then as if they were light. The right page is close
    to the picture (few pixels are ink) and smooth (no ink is left on it). Counting dark pixels
    would not do, because a shadow may cover half of the paper.
    """
    size = [min(n, 128) for n in grey.shape[::-1]]
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    costs = []
    for written in (small, 1 - small):
        page = blank_page(written, _window(small))
        rough = sum(np.abs(np.diff(page, axis=axis)).sum() for axis in (0, 1))
        costs.append(np.abs(written - page).sum() + ROUGHNESS * _window(small) * rough)
    return bool(costs[0] <= costs[1])


def missing_light(page) -> np.ndarray:
    """Return the part of the light that is missing at each pixel of a page, dark on light: (H, W).

    Ink takes away the same part of the light in the shadow and in the sun, hence the quotient.
    """
    return 1 - page / np.maximum(blank_page(_smooth(page), _window(page)), 0.02)


def cropped(ink) -> np.ndarray:
    """Crop ink (H, W) to the box around all pixels that are more ink than paper."""
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def is_dot(ink) -> bool:
    """Tell whether cropped ink (H, W) is about as wide as high, without a hole or a bay."""
    height, width = ink.shape
    y, x = (np.linspace(-1, 1, n) for n in (height, width))
    inside = x**2 + y[:, None] ** 2 <= 1
    return 0.5 < height / width < 2 and ink[inside].mean() > SOLID


def scaled(ink, keep_proportions=True, anti_alias=True) -> np.ndarray:
    """Scale ink to fit 20 × 20 pixels, the strongest becoming 1: float32 (h, w), the larger 20.

    keep_proportions: else both sides become 20. anti_alias: a new pixel is the mean of the old ones
    it covers, else one of them.
    """
    height, width = ink.shape
    factor = BOX / max(height, width)
    size = (max(1, round(factor * width)), max(1, round(factor * height)))
    how = Image.Resampling.BOX if anti_alias else Image.Resampling.NEAREST
    small = Image.fromarray(ink).resize(size if keep_proportions else (BOX, BOX), how)
    small = np.asarray(small)
    return np.clip(small / max(small.max(), 1e-6), 0, 1)  # a thin pen is as white as a thick one


def centred(small, by_mass=True) -> np.ndarray:
    """Put ink (h, w), at most 20 × 20, into the middle of 28 × 28: float32 (28, 28).

    by_mass: as in MNIST, the ink moves by whole pixels until its mean row and its mean column lie
    between 13.5 and 14.5, as they do in all 10,000 test images; else the box is centred.
    """
    corner = []
    for axis, length in enumerate(small.shape):
        profile = small.sum(axis=1 - axis)
        mean = (profile @ np.arange(length)) / profile.sum()
        start = np.floor(SIDE / 2 - mean + 0.5) if by_mass else (SIDE - length) // 2
        corner.append(int(np.clip(start, 0, SIDE - length)))
    image = np.zeros((SIDE, SIDE), np.float32)
    image[corner[0] : corner[0] + small.shape[0], corner[1] : corner[1] + small.shape[1]] = small
    return image


def _checked(image) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype != np.uint8 and image.dtype.kind != "f":
        raise ValueError(f"image must be uint8 or floats from 0 to 1, got {image.dtype}.")
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)) or not image.size:
        raise ValueError(f"image must be (H, W) or (H, W, 3), got shape {image.shape}.")
    return image


def _reduced(grey) -> np.ndarray:
    factor = LONGEST_SIDE / max(grey.shape)
    if factor >= 1:
        return grey
    size = [max(1, round(factor * n)) for n in grey.shape[::-1]]
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def _window(page) -> int:
    return max(3, round(WIDEST_STROKE * min(page.shape)))


def _smooth(x) -> np.ndarray:
    """Average each pixel with its neighbours (1 2 1), or noise would brighten the page."""
    x = np.pad(x, 1, mode="edge")
    x = (x[:-2] + 2 * x[1:-1] + x[2:]) / 4
    return (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4


def _unit(picture) -> np.ndarray:
    return np.asarray(picture, dtype=np.float32) / 255

"""What if a digit or a hand were moved, turned or lit differently? Images in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnn_utils.data import warp

if TYPE_CHECKING:
    from .recognition import Recogniser


def shifted(image, down=0.0, right=0.0) -> np.ndarray:
    """Move an image (H, W, C), float32 or float64, by pixels down and to the right.

    Black comes in at the edge. A photograph, with its three channels, repeats its edge instead.
    """
    return warp(np.asarray(image)[None], shift=(down, right), edge=_edge(image))[0]


def rotated(image, degrees=0.0) -> np.ndarray:
    """Turn an image (H, W, C), float32 or float64, anticlockwise about its centre."""
    return warp(np.asarray(image)[None], degrees=degrees, edge=_edge(image))[0]


def lit(image, percent=0.0) -> np.ndarray:
    """Show an image (H, W, C), floats in 0..1, in more or less (< 0) light; it stays in 0..1."""
    image = np.asarray(image)
    return np.clip(image * image.dtype.type(1 + percent / 100), 0, 1)


def _edge(image) -> str:
    return "edge" if image.shape[-1] == 3 else "zero"


def thickened(image, pixels=0.0) -> np.ndarray:
    """Draw the strokes of an image (H, W, C) wider by some pixels on each side, or thinner (< 0).

    One pixel wider takes the largest of a pixel and its four neighbours, one pixel thinner the
    smallest, and a fraction lies in between. Returns a new array of the same dtype.
    """
    image = np.array(image)
    extreme = np.maximum if pixels > 0 else np.minimum
    left = abs(pixels)
    while left > 0:
        padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))  # beyond the edge is paper
        wider = image
        for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
            neighbour = padded[down : down + image.shape[0], right : right + image.shape[1]]
            wider = extreme(wider, neighbour)
        image = image + image.dtype.type(min(left, 1)) * (wider - image)
        left -= 1
    return image


WHAT_IF = {
    "down": lambda image, amount: shifted(image, down=amount),
    "right": lambda image, amount: shifted(image, right=amount),
    "turn": rotated,
    "thicken": thickened,
    "light": lit,
}
"""Changes by name, each (image, amount) → image: pixels, pixels, degrees, pixels, per cent."""


def sweep(recogniser: Recogniser, image, change: str, amounts) -> np.ndarray:
    """Change an image (H, W, C) by each of the amounts: probabilities (len(amounts), K).

    recogniser: the network that is asked. change: one of `WHAT_IF`.
    """
    images = np.stack([WHAT_IF[change](image, amount) for amount in amounts])
    return recogniser.probabilities(images)

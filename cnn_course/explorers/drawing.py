"""Many rectangles or texts as one artist, and images as Matplotlib takes them.

One artist for each would take longer to draw than an explorer has time.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from cnn_utils.data import to_float
from cnn_utils.plots.board import Board


def box(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Return the corners of a rectangle whose upper left corner is (x, y)."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def draw_boxes(board: Board, boxes: list, **how) -> None:
    """Draw rectangles, each as `box` returns it. how: for Matplotlib's PolyCollection."""
    board.axis.add_collection(PolyCollection(boxes, **how), autolim=False)


def draw_texts(
    board: Board,
    texts: Iterable[tuple[float, float, str]],
    size: float,
    colour: str,
    *,
    italic: bool = False,
    centred: bool = True,
) -> None:
    """Draw texts as shapes, so that they are one artist.

    texts: (x, y of the baseline, text) of each, in board units. size: of the letters, in board
    units. centred: x is the middle of the text, not its left end.
    """
    paths = []
    for x, y, text in texts:
        vertices, codes, width = _outline(text, italic)
        left = x - size * width / 2 if centred else x
        paths.append(Path(vertices * (size, -size) + (left, y), codes))
    if paths:
        path = Path.make_compound_path(*paths)
        board.axis.add_artist(PathPatch(path, facecolor=colour, lw=0, zorder=3))


@cache
def _outline(text: str, italic: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """The vertices of a text of size 1 with y upwards, their codes, and where the text ends."""
    font = FontProperties(family="DejaVu Sans", style="italic" if italic else "normal")
    drawn = TextPath((0, 0), text, size=1, prop=font)
    return drawn.vertices, drawn.codes, drawn.get_extents().x1


def as_floats(pixels) -> np.ndarray:
    """Return pixels, uint8 or floats from 0 to 1, as float32 from 0 to 1."""
    pixels = np.asarray(pixels)
    return to_float(pixels) if pixels.dtype == np.uint8 else pixels.astype(np.float32)


def without_grey_axis(image: np.ndarray) -> np.ndarray:
    """Return an image (H, W, 1) as (H, W), and one with colours as it is."""
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image

"""Boards of the explorers that show photographs and maps beside numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from cnn_utils.plots.board import Board, Grid, colour_of, tint
from cnn_utils.plots.picture import styled


class ImageBoard(Board):
    """A board with images on it, whose pixels are cells like those of its grids."""

    @styled
    def image(self, name: str, pixels, x: float, y: float, kind: str, width: float, **how) -> Grid:
        """Draw an image (H, W) or (H, W, 3) whose pixels are cells, `width` board units wide.

        kind: the colour of its name and its frame. how: for Matplotlib's imshow, grey levels from
        0 to 1 unless given.
        """
        pixels = np.asarray(pixels)
        rows, columns = pixels.shape[:2]
        side = width / columns
        how = how or {"cmap": "gray", "vmin": 0, "vmax": 1}
        extent = (x, x + width, y + rows * side, y)
        limits = self.axis.axis()
        self.axis.imshow(pixels, interpolation="nearest", extent=extent, aspect="auto", **how)
        self.axis.axis(limits)
        colour = tint(colour_of(kind), 1.4)
        self.axis.add_artist(
            Rectangle((x, y), width, rows * side, fill=False, edgecolor=colour, lw=1)
        )
        self.note(x, y - 0.15, name, color=colour, fontweight="bold", va="bottom")
        self.grids[name] = Grid((rows, columns), x, y, side)
        return self.grids[name]

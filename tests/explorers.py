"""Read and click pictures made of grids, as those who use an explorer do."""

from fractions import Fraction

import numpy as np


def middle(board, name: str, cell: tuple[int, int]) -> tuple[float, float]:
    """The middle of a cell of the grid `name`: shares of the picture's width and height."""
    x, y = board.axis.transData.transform(board.centre(name, cell)) / board.bbox.size
    return x, 1 - y


def click(explorer, name: str, cell: tuple[int, int]) -> None:
    """Click a cell of the grid `name` in the explorer's picture."""
    across, down = middle(explorer.picture, name, cell)
    explorer.view.clicked = [across, down, explorer.view.clicked[2] + 1]


def numbers(board, name: str) -> np.ndarray:
    """The numbers that are written in the cells of the grid `name`; NaN where there is none."""
    grid = board.grids[name]
    found = np.full(grid.shape, np.nan)
    for text in board.axis.texts:
        x, y = text.get_position()
        row, column = (y - grid.y) // grid.side, (x - grid.x) // grid.side
        inside = 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]
        if inside and text.get_text() and text.get_ha() == "center":
            found[int(row), int(column)] = float(Fraction(text.get_text().replace("−", "-")))
    return found

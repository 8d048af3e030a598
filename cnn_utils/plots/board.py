"""Grids of numbers on squared paper: the pictures in which every number of an operation is seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyArrowPatch, Rectangle

from cnn_utils.arguments import came, choice

from .picture import COLOURS, WIDTH, Picture, styled

INK = "#222222"
HEAD = 0.4  # inches above the board for the title


@dataclass(frozen=True)
class Grid:
    """Where a grid is: its shape, the upper left corner and the side of a cell, in board units."""

    shape: tuple[int, int]
    x: float
    y: float
    side: float


class Board(Picture):
    """A picture made of number grids. Its unit is a cell: x counts to the right, y downwards.

    columns, rows: its size in cells; cell: the side of a cell in inches (smaller where the board
    would be wider than the text). Grids are found again by their names: see centre and cell_at.
    """

    @styled
    def __init__(self, title: str, alt: str, columns: float, rows: float, cell: float = 0.46):
        cell = min(cell, WIDTH / columns)
        head = HEAD if title else 0.0
        super().__init__(title, alt, height=rows * cell + head, width=columns * cell, layout=None)
        width, height = self.get_size_inches()
        if self.heading is not None:
            self.heading.set(y=1 - 0.08 / height, va="top")
        self.cell = cell
        self.grids: dict[str, Grid] = {}
        self.axis = self.add_axes((0, 0, 1, rows * cell / height))
        self.axis.set(xlim=(0, width / cell), ylim=(rows, 0))
        self.axis.axis("off")

    @styled
    def grid(
        self,
        name: str,
        values,
        x: float,
        y: float,
        kind: str = "input",
        *,
        label: str | None = None,
        marked: Iterable = (),
        faint: Iterable = (),
        fills=None,
        side: float = 1.0,
    ) -> Grid:
        """Draw an array of one or two axes with its upper left corner at (x, y).

        values: numbers, or strings that are shown as they are ("" leaves a cell empty). kind: a key
        of COLOURS. label: written above (name if not given, "" for none). marked, faint: indices
        (row, column) of cells to bring out, with a thick frame, or to hold back, in grey.
        fills: colours of the cells, an array with the shape of values and perhaps RGB behind it.
        side: of a cell, in board units.
        """
        values = np.atleast_2d(np.asarray(values))
        if values.ndim != 2:
            raise ValueError(
                f"values of {name!r} must have one or two axes, got shape {values.shape}; use a "
                "part of them, such as x[0, :, :, 0]."
            )
        rows, columns = values.shape
        marked, faint = _indices(marked), _indices(faint)
        colour = colour_of(kind)
        longest = max(len(shown(value)) for value in values.flat)
        size = 10.5 * min(self.cell * side / 0.46, 1.3) * min(1, 4.2 / max(longest, 1))
        corners, colours = [], []
        for index in np.ndindex(rows, columns):
            left, top = x + side * index[1], y + side * index[0]
            right, bottom = left + side, top + side
            fill: tuple | str = tint(colour, 0.5 if index in marked else 0.13)
            if fills is not None:
                fill = _grey_or_rgb(fills, index)
            elif index in faint and index not in marked:
                fill = "#FFFFFF"
            corners.append([(left, top), (right, top), (right, bottom), (left, bottom)])
            colours.append(fill)
            text = shown(values[index])
            ink = INK if fills is None else _readable_on(fill)
            look: dict = {
                "color": "#999999" if index in faint and index not in marked else ink,
                "fontweight": "bold" if index in marked else "normal",
            }
            look |= {"ha": "center", "va": "center_baseline", "fontsize": size}
            self.axis.text(left + side / 2, top + side / 2, text, **look)
        # one artist for all cells: many would take longer to draw than an explorer has time
        cells = PolyCollection(corners, facecolors=colours, edgecolors="#999999", linewidths=0.6)
        self.axis.add_collection(cells, autolim=False)
        for row, column in marked:  # after all cells, so that no neighbour covers a frame
            corner = (x + side * column, y + side * row)
            frame = Rectangle(corner, side, side, fill=False, edgecolor=tint(colour, 1.4), lw=2.4)
            self.axis.add_artist(frame)
        label = name if label is None else label
        if label:
            self.note(x, y - 0.15, label, color=tint(colour, 1.4), fontweight="bold", va="bottom")
        self.grids[name] = Grid((rows, columns), x, y, side)
        return self.grids[name]

    @styled
    def frame(self, name: str, index, shape=(1, 1), kind: str = "output") -> None:
        """Draw a thick frame around a window of `shape` cells whose first cell is `index`."""
        grid = self.grids[name]
        corner = (grid.x + grid.side * index[1], grid.y + grid.side * index[0])
        width, height = grid.side * shape[1], grid.side * shape[0]
        for colour, lw in (("white", 3.6), (tint(colour_of(kind), 1.4), 2.2)):  # seen on any pixel
            self.axis.add_artist(
                Rectangle(corner, width, height, fill=False, edgecolor=colour, lw=lw)
            )

    @styled
    def note(self, x: float, y: float, text: str, **how) -> None:
        """Write a text that starts at (x, y); how: for Matplotlib."""
        self.axis.text(x, y, text, **{"fontsize": 10.5, "va": "center", "ha": "left", **how})

    @styled
    def arrow(self, start, end, colour: str = "#555555", bend: float = 0.0) -> None:
        """Draw an arrow between two places, such as two centres."""
        look: dict = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": 0}
        look |= {"color": COLOURS.get(colour, colour), "lw": 1.6}
        look["connectionstyle"] = f"arc3,rad={bend}"
        self.axis.add_artist(FancyArrowPatch(start, end, **look))

    def centre(self, name: str, index) -> tuple[float, float]:
        """Where the middle of a cell is."""
        grid = self.grids[name]
        row, column = index
        return grid.x + grid.side * (column + 0.5), grid.y + grid.side * (row + 0.5)

    def cell_at(self, across: float, down: float) -> tuple[str, tuple[int, int]] | None:
        """Return the grid and the cell at a place given in fractions of the picture, or None."""
        right, bottom = self.axis.get_xlim()[1], self.axis.get_ylim()[0]
        x = across * right
        y = bottom - (1 - down) / self.axis.get_position().height * bottom
        for name, grid in self.grids.items():
            row, column = (y - grid.y) // grid.side, (x - grid.x) // grid.side
            if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]:
                return name, (int(row), int(column))
        return None


@styled
def number_grids(*items, title: str = "", alt: str) -> Board:
    """Draw arrays side by side, with what stands between them: an operation with its numbers.

    items: strings, such as "∗" and "=", and tuples (label, array, kind) or (label, array, kind,
    marked cells); kind is a key of COLOURS, arrays have one or two axes. alt: what the picture
    says, in words, for those who do not see it.
    """
    for item in items:
        if not isinstance(item, str) and not (isinstance(item, tuple) and len(item) in (3, 4)):
            raise TypeError(
                f"items must be texts or tuples of 3 or 4, got {came(item)}; give such as "
                "('x', array, 'input')."
            )
    tall = max(np.atleast_2d(item[1]).shape[0] for item in items if not isinstance(item, str))
    widths = [
        0.62 + 0.2 * len(item)
        if isinstance(item, str)
        else max(np.atleast_2d(item[1]).shape[1], 0.24 * len(item[0]))
        for item in items
    ]
    board = Board(title, alt, sum(widths) + 0.6, tall + 1.1)
    x = 0.3
    for number, (item, width) in enumerate(zip(items, widths, strict=True)):
        if isinstance(item, str):
            operator = item.replace("⋆", r"$\bigstar$")  # drawn as a dot otherwise
            board.note(x + width / 2, 0.8 + tall / 2, operator, ha="center", fontsize=14)
        else:
            label, values, kind, *marked = item
            top = 0.8 + (tall - np.atleast_2d(values).shape[0]) / 2
            name = f"{number} {label}"
            board.grid(name, values, x, top, kind, label=label, marked=marked[0] if marked else ())
        x += width
    return board


def product_sum(pairs, total) -> str:
    """Write a sum of products out: [(2, −1), (1, 3)] and 1 → "2·(−1) + 1·3 = 1"."""
    terms = (f"{bracketed(a)}·{bracketed(b)}" for a, b in pairs)
    return f"{' + '.join(terms)} = {shown(total)}"


def bracketed(value) -> str:
    """How a number is written as a factor or a term: as `shown`, a negative one in brackets."""
    text = shown(value)
    return f"({text})" if text.startswith("−") else text


def shown(value) -> str:
    """How a number is written in a cell: −1.5 for -1.5, at most three digits; a string as it is."""
    if isinstance(value, str):
        return str(value)
    text = f"{float(value):.3g}"
    return "0" if text == "-0" else text.replace("-", "−")


def _indices(cells) -> set[tuple[int, int]]:
    """{(row, column)}: of single numbers, those of an array with one row."""
    if isinstance(cells, np.ndarray):
        cells = np.argwhere(np.atleast_2d(cells))
    return {(0, int(c)) if np.ndim(c) == 0 else (int(c[0]), int(c[1])) for c in cells}


def colour_of(kind: str) -> str:
    """The colour of an input, a kernel, a gradient …; kind: a key of COLOURS."""
    return COLOURS[choice(kind, COLOURS, "kind")]


def tint(colour, share: float) -> tuple:
    """Return the colour on white: a tint where share < 1, a darker shade where it is above."""
    rgb = np.array(to_rgb(colour))
    mixed = 1 - share * (1 - rgb) if share <= 1 else rgb * (2 - share)
    return tuple(np.clip(mixed, 0, 1))


def _grey_or_rgb(fills, index) -> tuple:
    fill = np.asarray(fills)[index]
    return tuple(np.broadcast_to(fill, 3).astype(float))


def _readable_on(fill) -> str:
    return "white" if np.dot(to_rgb(fill), (0.3, 0.59, 0.11)) < 0.45 else INK

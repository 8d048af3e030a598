"""Edit an array, pool it, push a gradient back through the mask: lesson 07."""

from __future__ import annotations

from fractions import Fraction

import ipywidgets
import numpy as np
import traitlets
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from cnn_utils.functional import avgpool2d_forward, maxpool2d_forward
from cnn_utils.plots.board import INK, Board, shown
from cnn_utils.plots.picture import COLOURS, styled

from .explorer import Explorer, cell_slider

X = np.array([[1, 3, 2, 0], [3, 0, 1, 1], [0, -1, -2, -4], [-1, -3, -5, -2]])
TIES = {  # who gets the gradient of a window whose largest number stands there twice
    "the first": "first",
    "split among them": "split",
    "all of it to each": "every",
}
TITLES = {
    "average": "Average-pooling: every number of a window gets an equal share",
    "first": "Max-pooling: the gradient goes back to the first of the largest",
    "split": "Max-pooling: the largest numbers of a window share its gradient",
    "every": "Max-pooling: each of the largest gets the whole gradient",
}
MIDDLE, RIGHT, TOP, BOTTOM = 6.3, 12.2, 0.8, 5.9  # where the grids of the picture start


def masks(x, size: int, stride: int, kind: str = "max", ties: str = "first") -> np.ndarray:
    """Which share of its gradient each window gives to each input: (H_out, W_out, H, W).

    x: (H, W); size, stride: of square windows that fit. kind: "max" or "average". ties: who gets
    the gradient where several numbers are the largest, "first", "split" (equal shares) or "every"
    (all of it to each, which is no gradient: see lesson 07).
    """
    x = np.asarray(x)
    rows, columns = ((n - size) // stride + 1 for n in x.shape)
    shares = np.zeros((rows, columns, *x.shape))
    for i, j in np.ndindex(rows, columns):
        window = (slice(stride * i, stride * i + size), slice(stride * j, stride * j + size))
        shares[i, j][window] = _mask(x[window], kind, ties)
    return shares


def _mask(window, kind, ties) -> np.ndarray:
    if kind == "average":
        return np.full(window.shape, 1 / window.size)
    largest = window == window.max()
    if ties == "first":
        return np.arange(window.size).reshape(window.shape) == window.argmax()
    return largest / largest.sum() if ties == "split" else largest


def upstream(shape) -> np.ndarray:
    """The gradient that is pushed back: 10, 20, 30, … in the shape of the output."""
    return 10 * (1 + np.arange(np.prod(shape)).reshape(shape))


@styled
def mask_picture(
    x,
    kind: str = "max",
    size: int = 2,
    stride: int = 2,
    ties: str = "first",
    window_row: int = 0,
    window_column: int = 0,
    row: int = 0,
    column: int = 1,
) -> Board:
    """Show x and its pooled A, below them dA, the mask and dX, with one window brought out.

    x: 4×4 numbers; kind, size, stride, ties: as in masks, with size at most 4. window_row,
    window_column: of the chosen window, the last one where a number is too large. row, column: of
    the chosen cell. Grids: "X", "A", "mask", "dA", "dX".
    """
    x = np.asarray(x)
    pool = maxpool2d_forward if kind == "max" else avgpool2d_forward
    a = pool(x[None, :, :, None], size, stride)[0][0, :, :, 0]
    shares, da = masks(x, size, stride, kind, ties), upstream(a.shape)
    dx = np.einsum("ij,ijrc->rc", da, shares)
    out = (min(window_row, a.shape[0] - 1), min(window_column, a.shape[1] - 1))
    corner, own = (stride * out[0], stride * out[1]), shares[out]
    unread = ~masks(x, size, stride, "average").any(axis=(0, 1))
    overlap = stride < size
    cells = range(corner[0], corner[0] + size), range(corner[1], corner[1] + size)

    alt = " ".join(
        [
            _about_window(x[np.ix_(*cells)], own, a, da, out, kind, ties),
            _about_cell(x, dx, da, shares, (row, column), unread),
            f"Sum of dA {da.sum():.4g}, sum of dX {dx.sum():.4g}.",
        ]
    )
    title = TITLES["average" if kind == "average" else ties]
    board = Board(title, alt, 16.6, BOTTOM + 4.9, cell=0.42)
    board.grid("X", x, 0.4, TOP, "input", marked=own > 0, faint=unread)
    board.grid("A", a, RIGHT, TOP, "output", marked=[out])
    mask, label = (own, f"mask of window [{out[0]}, {out[1]}]") if overlap else (None, "mask")
    mask = shares.sum(axis=(0, 1)) if mask is None else mask
    words = np.array([[str(Fraction(v).limit_denominator(16)) for v in line] for line in mask])
    board.grid(
        "mask", words, MIDDLE, BOTTOM, "kernel", label=label, marked=own > 0, faint=mask == 0
    )
    board.grid("dA", da, RIGHT, BOTTOM, "gradient", marked=[out])
    board.grid("dX", dx, 0.4, BOTTOM, "gradient", marked=own > 0, faint=dx == 0)

    if not overlap:
        _outline_windows(board, a.shape, size, stride)
    for name in ("X", "mask", "dX"):
        _rectangle(board, name, corner, size, edgecolor="#333333", lw=2.6)
    for name in ("X", "dX"):
        dashed = {"edgecolor": INK, "lw": 1.2, "linestyle": (0, (3, 2))}
        _rectangle(board, name, (row + 0.1, column + 0.1), 0.8, **dashed)
    _signs(board, a.shape, kind, size, stride)
    _totals(board, dx.sum(), da.sum(), a.shape[0])
    return board


def _about_window(window, own, a, da, out, kind, ties) -> str:
    """What one window computes, and what it hands back."""
    place = f"[{out[0]}, {out[1]}]"
    words = f"Window {place} holds {', '.join(shown(v) for v in window.ravel())};"
    gradient = f"dA{place} = {shown(da[out])}"
    targets = [f"dX[{r}, {c}]" for r, c in np.argwhere(own)]
    share = f"{shown(da[out] * own.max())}"
    if kind == "average":
        part = f"1/{window.size} of {gradient}, which is {share}"
        return f"{words} their mean is {shown(a[out])}. Each of them gets {part}."
    count = int(np.sum(window == window.max()))
    words += f" the largest is {shown(a[out])}"
    if count == 1:
        return f"{words}. It gets {gradient}, at {targets[0]}."
    words += f", which stands there {count} times."
    if ties == "first":
        return f"{words} The first of them gets {gradient}, at {targets[0]}."
    all_of_it = f"1/{count} of {gradient}, which is {share}"
    all_of_it = all_of_it if ties == "split" else f"all of {gradient}"
    return f"{words} Each of them gets {all_of_it}, at {' and '.join(targets)}."


def _about_cell(x, dx, da, shares, cell, unread) -> str:
    """What one input gets, and from how many windows."""
    words = f"Cell X[{cell[0]}, {cell[1]}] = {shown(x[cell])}"
    if unread[cell]:
        return f"{words} is read by no window: its gradient is 0."
    parts = (da * shares[:, :, *cell]).ravel()
    parts = [shown(part) for part in parts[parts != 0]]
    total = f"{' + '.join(parts)} = {shown(dx[cell])}" if len(parts) > 1 else shown(dx[cell])
    return f"{words} gets {total}."


def _outline_windows(board, shape, size, stride) -> None:
    corners = []
    for name, (i, j) in ((n, w) for n in ("X", "mask", "dX") for w in np.ndindex(shape)):
        left, top = board.grids[name].x + stride * j, board.grids[name].y + stride * i
        right, bottom = left + size, top + size
        corners.append([(left, top), (right, top), (right, bottom), (left, bottom)])
    lines = PolyCollection(corners, facecolors="none", edgecolors="#555555", linewidths=1.4)
    board.axis.add_collection(lines, autolim=False)


def _rectangle(board, name, corner, side, **how) -> None:
    grid = board.grids[name]
    place = (grid.x + corner[1], grid.y + corner[0])
    board.axis.add_patch(Rectangle(place, side, side, fill=False, **how))


def _signs(board, out, kind, size, stride) -> None:
    """Which way the numbers go, and what is done to them."""
    middle = TOP + min(out[0], 4) / 2
    board.arrow((5.0, middle), (RIGHT - 0.6, middle))
    word = "largest" if kind == "max" else "mean"
    text = f"{word} of each {size}×{size} window, stride {stride}"
    board.note((4.4 + RIGHT) / 2, middle - 0.5, text, ha="center")
    equals = "=" if stride >= size else "= Σ"
    for x, sign in (((4.4 + MIDDLE) / 2, equals), ((MIDDLE + 4 + RIGHT) / 2, "×")):
        board.note(x, BOTTOM + out[0] / 2, sign, ha="center", fontsize=14)
    legend = "thick frame: the chosen window\ndashed: the chosen number"
    board.note(MIDDLE, TOP + 3.2, legend, fontsize=9)


def _totals(board, dx, da, rows) -> None:
    kept = bool(np.isclose(dx, da))
    how = {"color": INK if kept else COLOURS["wrong"], "fontweight": "bold"}
    verdict = "the sum is kept" if kept else f"{dx:.4g} is not {da:.4g}"
    board.note(0.4, BOTTOM + 4.55, f"sum {dx:.4g}", **how)
    board.note(MIDDLE, BOTTOM + 4.55, verdict, **how)
    board.note(RIGHT, BOTTOM + rows + 0.55, f"sum {da:.4g}", **how)


class Numbers(traitlets.HasTraits):
    """A control without a look: the array, as a tuple of rows."""

    value = traitlets.Tuple()


def mask_viewer() -> Explorer:
    """Make the explorer; it starts on the worked example of lesson 07.

    Click a number of X, or choose it by the sliders `row` and `column`, and change its value; click
    a number of A to choose its window.
    """
    numbers = Numbers(value=_rows(X))
    window_row, window_column = cell_slider("window row", 1), cell_slider("window column", 1)
    row, column = cell_slider("cell row", 3), cell_slider("cell column", 3, 1)
    value = cell_slider("its value", 9, int(X[0, 1]))
    value.min = -9
    size, stride = cell_slider("window size", 4, 2), cell_slider("stride", 4, 2)
    size.min = stride.min = 1
    kind = ipywidgets.ToggleButtons(options=["max", "average"], style={"button_width": "6em"})
    ties = ipywidgets.Dropdown(options=TIES, description="ties", layout={"width": "14em"})

    def edit(change):
        x = np.array(numbers.value)
        x[row.value, column.value] = change["new"]
        numbers.value = _rows(x)

    def show_value(change=None):
        value.value = numbers.value[row.value][column.value]

    def fit_windows(change=None):
        last = (4 - size.value) // stride.value
        for slider in (window_row, window_column):
            slider.max, slider.disabled = max(last, 1), last == 0

    def fill(x):
        numbers.value = _rows(x)
        show_value()

    def click(name, index, state):
        if name in ("A", "dA"):
            return {"window_row": index[0], "window_column": index[1]}
        return {"row": index[0], "column": index[1]}

    value.observe(edit, "value")
    for control, react in ((row, show_value), (column, show_value)):
        control.observe(react, "value")
    for control in (size, stride):
        control.observe(fit_windows, "value")
    kind.observe(lambda change: setattr(ties, "disabled", change["new"] == "average"), "value")
    buttons = []
    for text, x in (("worked example", X), ("all zeros", 0 * X)):
        buttons.append(ipywidgets.Button(description=text, layout={"width": "10em"}))
        buttons[-1].on_click(lambda _, x=x: fill(x))
    controls = {
        "x": numbers,
        "kind": kind,
        "size": size,
        "stride": stride,
        "ties": ties,
        "window_row": window_row,
        "window_column": window_column,
        "row": row,
        "column": column,
    }
    rows = [
        [kind, ties, *buttons],
        [window_row, window_column, size, stride],
        [row, column, value],
    ]
    return Explorer(mask_picture, controls, rows=rows, on_click=click)


def _rows(x) -> tuple:
    return tuple(tuple(int(v) for v in line) for line in x)

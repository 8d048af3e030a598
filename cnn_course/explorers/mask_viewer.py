"""Lesson 07: edit an array, pool it, send a gradient back through the mask."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import NamedTuple

import ipywidgets
import numpy as np
import traitlets
from matplotlib.patches import Rectangle

from cnn_utils.example import POOL_X, as_batch
from cnn_utils.functional import avgpool2d_forward, maxpool2d_forward
from cnn_utils.plots.board import INK, Board, shown
from cnn_utils.plots.picture import COLOURS, styled

from .controls import button, slider, toggles
from .drawing import box, draw_boxes
from .explorer import Explorer

TIES = {  # where the gradient goes in a window that holds its largest number twice
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
    """Return the share of its gradient that each window gives to each input: (H_out, W_out, H, W).

    x: (H, W); size, stride: of square windows that fit. kind: 'max' or 'average'. ties: what gets
    the gradient where several numbers are the largest, 'first', 'split' (equal shares) or 'every'
    (all of it to each, which is not the gradient of anything: see lesson 07).
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
    """Return the gradient that is sent back: 10, 20, 30, … in the shape of the output."""
    return 10 * (1 + np.arange(np.prod(shape)).reshape(shape))


class Pooled(NamedTuple):
    """An array, what pooling makes of it, and the way back."""

    x: np.ndarray  # (H, W)
    a: np.ndarray  # (H_out, W_out)
    da: np.ndarray  # (H_out, W_out): 10, 20, 30, …
    shares: np.ndarray  # (H_out, W_out, H, W), as masks returns them
    dx: np.ndarray  # (H, W)


def pool(x, kind: str, size: int, stride: int, ties: str) -> Pooled:
    """Pool x (H, W) and send a gradient back; the arguments are those of `masks`."""
    x = np.asarray(x)
    forward = maxpool2d_forward if kind == "max" else avgpool2d_forward
    a = forward(as_batch(x), size, stride)[0][0, :, :, 0]
    shares, da = masks(x, size, stride, kind, ties), upstream(a.shape)
    return Pooled(x, a, da, shares, np.einsum("ij,ijrc->rc", da, shares))


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

    x: integers (4, 4); kind, size, stride, ties: as in `masks`, with size at most 4. window_row,
    window_column: of the chosen window; a number that is too large means the last. row, column: of
    the chosen cell. Grids: "X", "A", "mask", "dA", "dX".
    """
    pooled = pool(x, kind, size, stride, ties)
    rows, columns = pooled.a.shape
    window = (min(window_row, rows - 1), min(window_column, columns - 1))
    unread = ~masks(x, size, stride, "average").any(axis=(0, 1))
    alt = (
        f"{_about_window(pooled, window, kind, size, stride, ties)} "
        f"{_about_cell(pooled, (row, column), unread)} "
        f"Sum of dA {pooled.da.sum():.4g}, sum of dX {pooled.dx.sum():.4g}."
    )
    title = TITLES["average" if kind == "average" else ties]
    board = Board(title, alt, 16.6, BOTTOM + 4.9, cell=0.42)
    overlap = stride < size
    _grids(board, pooled, window, unread, overlap)
    if not overlap:
        _outline_windows(board, pooled.a.shape, size, stride)
    for name in ("X", "mask", "dX"):
        corner = (stride * window[0], stride * window[1])
        _rectangle(board, name, corner, size, edgecolor="#333333", lw=2.6)
    for name in ("X", "dX"):
        dashed = {"edgecolor": INK, "lw": 1.2, "linestyle": (0, (3, 2))}
        _rectangle(board, name, (row + 0.1, column + 0.1), 0.8, **dashed)
    _signs(board, rows, kind, size, stride)
    _totals(board, pooled.dx.sum(), pooled.da.sum(), rows)
    return board


def _grids(board: Board, pooled: Pooled, window, unread, overlap: bool) -> None:
    """Draw all arrays; the mask is that of one window where they overlap, else of all together."""
    own = pooled.shares[window]
    mask, label = pooled.shares.sum(axis=(0, 1)), "mask"
    if overlap:
        mask, label = own, f"mask of window [{window[0]}, {window[1]}]"
    words = np.array([[str(Fraction(v).limit_denominator(16)) for v in line] for line in mask])
    for name, values, x, y, kind, marked, faint in (
        ("X", pooled.x, 0.4, TOP, "input", own > 0, unread),
        ("A", pooled.a, RIGHT, TOP, "output", [window], ()),
        ("mask", words, MIDDLE, BOTTOM, "kernel", own > 0, mask == 0),
        ("dA", pooled.da, RIGHT, BOTTOM, "gradient", [window], ()),
        ("dX", pooled.dx, 0.4, BOTTOM, "gradient", own > 0, pooled.dx == 0),
    ):
        title = label if name == "mask" else name
        board.grid(name, values, x, y, kind, label=title, marked=marked, faint=faint)


def _about_window(pooled: Pooled, window, kind, size, stride, ties) -> str:
    """What one window computes, and what it hands back."""
    top, left = stride * window[0], stride * window[1]
    values = pooled.x[top : top + size, left : left + size]
    result, own = shown(pooled.a[window]), pooled.shares[window]
    place = f"[{window[0]}, {window[1]}]"
    words = f"Window {place} holds {', '.join(shown(v) for v in values.ravel())};"
    gradient = f"dA{place} = {shown(pooled.da[window])}"
    targets = [f"dX[{r}, {c}]" for r, c in np.argwhere(own)]
    share = shown(pooled.da[window] * own.max())
    if kind == "average":
        part = f"1/{values.size} of {gradient}, which is {share}"
        return f"{words} their mean is {result}. Each of them gets {part}."
    count = int(np.sum(values == values.max()))
    words += f" the largest is {result}"
    if count == 1:
        return f"{words}. It gets {gradient}, at {targets[0]}."
    words += f", which stands there {count} times."
    if ties == "first":
        return f"{words} The first of them gets {gradient}, at {targets[0]}."
    all_of_it = f"1/{count} of {gradient}, which is {share}"
    all_of_it = all_of_it if ties == "split" else f"all of {gradient}"
    return f"{words} Each of them gets {all_of_it}, at {' and '.join(targets)}."


def _about_cell(pooled: Pooled, cell, unread) -> str:
    """What one input gets, and from how many windows."""
    words = f"Cell X[{cell[0]}, {cell[1]}] = {shown(pooled.x[cell])}"
    if unread[cell]:
        return f"{words} is read by no window: its gradient is 0."
    parts = (pooled.da * pooled.shares[:, :, *cell]).ravel()
    parts = [shown(part) for part in parts[parts != 0]]
    sum_of = f"{' + '.join(parts)} = " if len(parts) > 1 else ""
    return f"{words} gets {sum_of}{shown(pooled.dx[cell])}."


def _outline_windows(board, shape, size, stride) -> None:
    windows = []
    for grid in (board.grids[name] for name in ("X", "mask", "dX")):
        for i, j in np.ndindex(shape):
            windows.append(box(grid.x + stride * j, grid.y + stride * i, size, size))
    draw_boxes(board, windows, facecolors="none", edgecolors="#555555", linewidths=1.4)


def _rectangle(board, name, corner, side, **how) -> None:
    grid = board.grids[name]
    place = (grid.x + corner[1], grid.y + corner[0])
    board.axis.add_patch(Rectangle(place, side, side, fill=False, **how))


def _signs(board, rows, kind, size, stride) -> None:
    """Which way the numbers go, and what is done to them. rows: of the output."""
    middle = TOP + rows / 2
    board.arrow((5.0, middle), (RIGHT - 0.6, middle))
    word = "largest" if kind == "max" else "mean"
    text = f"{word} of each {size}×{size} window, stride {stride}"
    board.note((4.4 + RIGHT) / 2, middle - 0.5, text, ha="center")
    equals = "=" if stride >= size else "= Σ"
    for x, sign in (((4.4 + MIDDLE) / 2, equals), ((MIDDLE + 4 + RIGHT) / 2, "×")):
        board.note(x, BOTTOM + rows / 2, sign, ha="center", fontsize=14)
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
    """A control that is not shown: the value is an array, as a tuple of rows."""

    value = traitlets.Tuple()


def mask_viewer() -> Explorer:
    """Explorer of lesson 07: click a number of X and change it; click a number of A, a window.

    It starts on the worked example. What a click does, the sliders do too.
    """
    numbers = Numbers(value=_rows(POOL_X))
    row, column, value, buttons = _editor(numbers)
    window_row, window_column = slider("window row", 1), slider("window column", 1)
    size, stride = slider("window size", 4, 2, least=1), slider("stride", 4, 2, least=1)
    kind = toggles(["max", "average"], "6em")
    ties = ipywidgets.Dropdown(options=TIES, description="ties", layout={"width": "14em"})

    def fit_windows(change):
        last = (4 - size.value) // stride.value
        for place in (window_row, window_column):
            place.max, place.disabled = max(last, 1), last == 0

    def click(name, index, state):
        if name in ("A", "dA"):
            return {"window_row": index[0], "window_column": index[1]}
        return {"row": index[0], "column": index[1]}

    for control in (size, stride):
        control.observe(fit_windows, "value")
    kind.observe(lambda change: setattr(ties, "disabled", change["new"] == "average"), "value")
    controls = dict(x=numbers, kind=kind, size=size, stride=stride, ties=ties)
    controls |= dict(window_row=window_row, window_column=window_column, row=row, column=column)
    rows = [
        [kind, ties, *buttons],
        [window_row, window_column, size, stride],
        [row, column, value],
    ]
    return Explorer(mask_picture, controls, rows=rows, on_click=click)


def _editor(numbers: Numbers) -> tuple:
    """The sliders row, column and value, which change a number of the array, and two buttons."""
    row, column = slider("cell row", 3), slider("cell column", 3, 1)
    value = slider("its value", 9, numbers.value[0][1], least=-9)

    def edit(change):
        x = np.array(numbers.value)
        x[row.value, column.value] = change["new"]
        numbers.value = _rows(x)

    def show_value(change=None):
        value.value = numbers.value[row.value][column.value]

    def fill(x):
        numbers.value = _rows(x)
        show_value()

    value.observe(edit, "value")
    for control in (row, column):
        control.observe(show_value, "value")
    example = button("worked example", "10em", partial(fill, POOL_X))
    zeros = button("all zeros", "10em", partial(fill, 0 * POOL_X))
    return row, column, value, [example, zeros]


def _rows(x) -> tuple:
    return tuple(tuple(int(v) for v in line) for line in x)

"""Explorer of lesson 05: the products of a convolution, and the gradients they make.

Every product X[r, c] · W[u, v] of the forward pass is one term of Z[i, j]. On the way back it sends
dZ[i, j] · W[u, v] to dX[r, c] and dZ[i, j] · X[r, c] to dW[u, v]. The picture shows those terms.
"""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from cnn_utils import loops
from cnn_utils.plots.board import Board, bracketed, shown
from cnn_utils.plots.picture import COLOURS, styled

from .controls import slider, toggles
from .drawing import draw_texts
from .explorer import Explorer
from .larger_example import layer


class Setting(NamedTuple):
    """Integer arrays of one setting, each with two axes; x and dx are those of the padded input."""

    x: np.ndarray
    w: np.ndarray
    dz: np.ndarray
    dx: np.ndarray
    dw: np.ndarray
    stride: int
    padding: int


class Term(NamedTuple):
    """One product of the forward pass: where its dZ, its W and its X (padded) stand."""

    z: tuple[int, int]
    w: tuple[int, int]
    x: tuple[int, int]


def setting(stride: int = 1, padding: int = 0) -> Setting:
    """Return the arrays of a setting: stride 1 or 2, padding 0 or 1."""
    x, w, dz = layer(stride, padding)
    # loops.conv2d_backward crops what belongs to padding, so it is given the padded input
    _, cache = loops.conv2d_forward(x[None], w[..., None], np.zeros(1, int), stride)
    dx, dw, _ = loops.conv2d_backward(dz[None, ..., None], cache)
    return Setting(x[..., 0], w[..., 0], dz, dx[0, ..., 0], dw[..., 0, 0], stride, padding)


def terms(case: Setting, array: str, cell: tuple[int, int]) -> list[Term]:
    """List the products that involve a cell of array ('dZ', 'dX' or 'dW'), in the order of dZ."""
    every = [
        Term((i, j), (u, v), (case.stride * i + u, case.stride * j + v))
        for i, j in np.ndindex(case.dz.shape)
        for u, v in np.ndindex(case.w.shape)
    ]
    place = {"dZ": "z", "dX": "x", "dW": "w"}[array]
    return [term for term in every if getattr(term, place) == cell]


@styled
def backward_picture(
    array: str = "dX", row: int = 1, column: int = 1, stride: int = 1, padding: int = 0
) -> Board:
    """Draw X, W, dZ, dX and dW, and how the chosen cell is made or what it gives.

    array: 'dZ', 'dX' or 'dW', the one with the chosen cell (row, column), which are integers; a row
    or column beyond the last means the last. stride: 1 or 2; padding: 0 or 1. With padding, X and
    dX are shown with the border of the padding, and cells are counted from its corner. Grids: "X",
    "W", "dZ", "dX", "dW", and "products" or "to dX" and "to dW".
    """
    case = setting(stride, padding)
    rows, columns = getattr(case, array.lower()).shape
    cell = min(row, rows - 1), min(column, columns - 1)
    found = terms(case, array, cell)
    title, formula, alt = in_words(case, array, cell, found)

    tall, wide = case.x.shape
    second, third = 0.4 + wide + 1.3, 0.4 + wide + 1.3 + 2 + 1.4  # where W and dZ start
    upper, lower = 0.8, 0.8 + tall + 1.2  # where X and dX start
    across = third + max(case.dz.shape[1], wide + 1.1 + 2) + 0.9
    board = Board(title, alt, across, lower + tall + 1.8, cell=0.46 if wide == 3 else 0.4)
    inside = np.zeros(case.x.shape, bool)  # neither padding nor a remainder that is never read
    ends = stride * (case.dz.shape[0] - 1) + 2, tall - padding
    inside[padding : min(ends), padding : min(ends)] = True
    greyed = " with padding" if padding else ", grey: never read" if stride == 2 else ""

    grids = (  # name, where it stands, kind, the index of its cells in a term, its label
        ("X", 0.4, upper, "input", "x", "X" + greyed),
        ("W", second, upper, "kernel", "w", "W"),
        ("dZ", third, upper, "gradient", "z", "dZ, from above"),
        ("dX", 0.4, lower, "gradient", "x", "dX" + greyed),
        ("dW", second, lower, "gradient", "w", "dW"),
    )
    idle = {"dX": ("X", "dW"), "dW": ("W", "dX"), "dZ": ()}[array]  # have no part in its sum
    for name, x, y, kind, place, label in grids:
        cells = [getattr(term, place) for term in found if name not in idle]
        marked = {cell} if name == array else set(cells)
        values, faint = getattr(case, name.lower()), ~inside if name in ("X", "dX") else ()
        board.grid(name, values, x, y, kind, label=label, marked=marked, faint=faint)
        if name != array and cells:
            _letters(board, name, cells)
    if padding:
        _frame_without_padding(board, case)
    _draw_products(board, case, array, cell, found, third, lower)

    for number, line in enumerate(formula):
        board.note(0.4, lower + tall + 0.6 + 0.6 * number, line)
    return board


def _draw_products(board, case, array, cell, found, x, y) -> None:
    """Draw what the chosen cell gives (dZ), or the products whose sum it is (dX, dW)."""
    if array == "dZ":
        dz = case.dz[cell]
        to_dx, to_dw = np.full(case.dx.shape, "", object), np.full(case.dw.shape, "", object)
        for term in found:
            to_dx[term.x], to_dw[term.w] = shown(dz * case.w[term.w]), shown(dz * case.x[term.x])
        right = x + case.dx.shape[1] + 1.1
        factor = bracketed(dz)
        board.grid("to dX", to_dx, x, y, "gradient", label=f"to dX: {factor}·W", faint=to_dx == "")
        board.grid("to dW", to_dw, right, y, "gradient", label=f"to dW: {factor}·X")
        _letters(board, "to dX", [term.x for term in found])
        _letters(board, "to dW", [term.w for term in found])
        return
    products = np.full(case.dz.shape, "", object)
    for term in found:
        products[term.z] = shown(_product(case, array, term)[2])
    other = "W" if array == "dX" else "X"
    board.grid("products", products, x, y, "gradient", label=f"dZ · {other}, letter by letter")
    _letters(board, "products", [term.z for term in found])
    total = shown(getattr(case, array.lower())[cell])
    down = y + case.dz.shape[0] / 2
    board.note(x + case.dz.shape[1] + 0.3, down, f"sum: {total}", fontweight="bold")


def _product(case: Setting, array: str, term: Term) -> tuple[int, int, int]:
    """Both factors and the product of a term, on its way to 'dX' or 'dW'."""
    dz = case.dz[term.z]
    other = case.w[term.w] if array == "dX" else case.x[term.x]
    return dz, other, dz * other


def _letters(board: Board, name: str, cells) -> None:
    """Write a, b, c … into the corners of cells: those with the same letter are multiplied."""
    grid = board.grids[name]
    texts = [
        (grid.x + grid.side * column + 0.09, grid.y + grid.side * row + 0.27, letter)
        for letter, (row, column) in zip("abcdefghijklmnop", cells, strict=False)
    ]
    draw_texts(board, texts, 0.23, "#333333", italic=True, centred=False)


def _frame_without_padding(board: Board, case: Setting) -> None:
    """Frame what is left of X and of dX without the border of the padding."""
    p = case.padding
    for name, kind in (("X", "input"), ("dX", "gradient")):
        grid = board.grids[name]
        sides = grid.shape[1] - 2 * p, grid.shape[0] - 2 * p
        corner = grid.x + p, grid.y + p
        look = dict(fill=False, edgecolor=COLOURS[kind], lw=1.8, ls=(0, (4, 2)))
        board.axis.add_patch(Rectangle(corner, *sides, **look))


def in_words(case: Setting, array: str, cell, found) -> tuple[str, list[str], str]:
    """Return the title of a state, its sum as lines of the picture, and its description."""
    padded = "_padded" if case.padding else ""
    here = f"[{cell[0]}, {cell[1]}]"
    if array == "dZ":
        dz = case.dz[cell]
        to_dx, to_dw = (
            [
                f"{name}{list(index)} gets {bracketed(dz)}·{bracketed(other)} = {shown(dz * other)}"
                for name, index, other in gifts
            ]
            for gifts in (
                [("dX" + padded, term.x, case.w[term.w]) for term in found],
                [("dW", term.w, case.x[term.x]) for term in found],
            )
        )
        lines = [
            f"{bracketed(dz)}·W is added to the window of dX that Z{here} read,",
            f"{bracketed(dz)}·X, with X from the same window, to dW; and {shown(dz)} to db.",
        ]
        given = f"{', '.join(to_dx)}; {', '.join(to_dw)}; db gets {shown(dz)}."
        title = f"dZ{here} gives to every X and W that made Z{here}"
        return title, lines, f"dZ{here} = {shown(dz)}: {given}"
    if array == "dW":
        title = f"dW{here} collects from every place where W{here} was used"
        name, other, kept = "dW", "X" + padded, ""
    else:
        title = f"dX{padded}{here} collects from every Z that read X{padded}{here}"
        title = title if found else f"X{padded}{here} is read by no window"
        name, other, kept = "dX" + padded, "W", _what_is_kept(case, cell)
    if found:
        pairs = [_product(case, array, term)[:2] for term in found]
        written = " + ".join(f"{bracketed(a)}·{bracketed(b)}" for a, b in pairs)
        text = f"{name}{here} = {written} = {shown(getattr(case, array.lower())[cell])}"
        indices = [(term.z, term.w if array == "dX" else term.x) for term in found]
        named = ", ".join(f"dZ{list(z)}·{other}{list(index)}" for z, index in indices)
        alt = f"{text}: the sum of {named}."
    else:
        text = f"{name}{here} = 0: no window reads X{padded}{here}, so it has no part in the loss."
        alt = text
    lines = wrap(text, 88 if case.x.shape[1] > 3 else 78)
    return title, [*lines, kept] if kept else lines, f"{alt} {kept}".strip()


def _what_is_kept(case: Setting, cell) -> str:
    """Say what becomes of a cell of dX when the padding is cropped; "" where there is none."""
    inside = [k - case.padding for k in cell]
    size = np.array(case.x.shape) - 2 * case.padding
    if not case.padding:
        return ""
    if all(0 <= k < n for k, n in zip(inside, size, strict=True)):
        return f"It lies inside the frame: it is dX{inside}."
    return "It lies in the padding, outside the frame, and is thrown away."


def backward_explorer() -> Explorer:
    """Explorer of lesson 05: choose a cell of dZ and see what it gives, or see a sum of dX or dW.

    It starts on the worked example, where dX[1, 1] is the sum of four products.
    """
    apart = {"layout": {"margin": "2px 2em 2px 2px"}}
    array = toggles(["dX", "dW", "dZ"], "4em", **apart)
    stride = toggles({"stride 1": 1, "stride 2": 2}, "6em", **apart)
    padding = toggles({"padding 0": 0, "padding 1": 1}, "7em", **apart)
    row, column = slider("row", 2, 1), slider("column", 2, 1)

    def fit(_):
        case = setting(stride.value, padding.value)
        rows, columns = getattr(case, array.value.lower()).shape
        row.max, column.max = rows - 1, columns - 1

    for control in (array, stride, padding):  # before the Explorer looks: it draws what fits
        control.observe(fit, "value")

    def choose(name, index, state):
        if name not in ("dZ", "dX", "dW"):
            return {}
        return dict(array=name, row=index[0], column=index[1])

    controls = dict(array=array, row=row, column=column, stride=stride, padding=padding)
    rows = [[array, row, column], [stride, padding]]
    return Explorer(backward_picture, controls, rows=rows, on_click=choose)

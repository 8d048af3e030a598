"""Lesson 02: where a window fits on a padded image, how many outputs that makes, what is lost."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle

from cnn_utils.functional import output_size
from cnn_utils.plots.board import Board, Grid
from cnn_utils.plots.picture import COLOURS, styled

from .controls import button, slider
from .drawing import box, draw_boxes
from .explorer import Explorer

START = {"height": 3, "width": 3, "kernel": 2, "stride": 2, "padding": 1}  # lesson 02's example
SLIDERS = {  # name in the formula, least, most
    "height": ("H", 1, 12),
    "width": ("W", 1, 12),
    "kernel": ("K", 1, 7),
    "stride": ("s", 1, 5),
    "padding": ("p", 0, 4),
}
MODES = {  # the padding that a button sets for K
    "valid: p = 0": lambda k: 0,
    "same: p = (K − 1)/2": lambda k: (k - 1) // 2,
    "full: p = K − 1": lambda k: k - 1,
}
LOOKS = {  # of cells: fill, edge, hatch
    "pixel": ("#D6E7F4", "#8FAFC8", None),
    "padding": ("#FFFFFF", "#B8B8B8", None),
    "pixel never read": ("#C4C4C4", "#555555", "////"),
    "padding never read": ("#FFFFFF", "#B8B8B8", "////"),
    "output": ("#DDF1EA", "#7DB8A4", None),
    "start of a window": (COLOURS["kernel"], COLOURS["kernel"], None),
}


def shape_explorer() -> Explorer:
    """Explorer of lesson 02: choose H, W, K, s and p; see the padded input, windows and output."""
    controls = {
        key: slider(name, most, START[key], least, width="15em")
        for key, (name, least, most) in SLIDERS.items()
    }
    sliders = list(controls.values())

    def choose(padding_for):
        padding = min(padding_for(controls["kernel"].value), controls["padding"].max)
        explorer.set(stride=1, padding=padding)

    buttons = [button(text, "13em", partial(choose, rule)) for text, rule in MODES.items()]
    explorer = Explorer(shape_picture, controls, rows=[sliders[:2], sliders[2:], buttons])
    return explorer


@styled
def shape_picture(height: int, width: int, kernel: int, stride: int, padding: int) -> Board:
    """Draw the padded input with its windows, the output, and the formula along both axes.

    height, width: of the input in pixels; kernel: side of the window in pixels; stride: step
    between windows in pixels; padding: rows and columns of zeros on each side. All are integers.
    Grids: "input" (padded) and "output".
    """
    sizes, layer = (height, width), (kernel, stride, padding)
    starts = [range(0, n + 2 * padding - kernel + 1, stride) for n in sizes]  # perhaps empty
    out = [len(of_axis) for of_axis in starts]
    fits = min(out) > 0
    lost = [unread(n, *layer) for n in sizes]
    pixels = height * width - (height - len(lost[0])) * (width - len(lost[1]))
    if fits:
        title = f"{height}×{width} in, {out[0]}×{out[1]} out: "
        title += f"{pixels} of {height * width} pixels never read" if pixels else "every pixel read"
    else:
        title = f"Impossible: a {kernel}×{kernel} window does not fit into this input"
    lines = [_formula(name, n, *layer) for name, n in zip("HW", sizes, strict=True)]
    alt = f"Input {height}×{width}, window {kernel}×{kernel}, stride {stride}, padding {padding}. "
    for name, line, n, of_axis in zip(("Rows", "Columns"), lines, sizes, starts, strict=True):
        room = n + 2 * padding - kernel
        if of_axis:
            line = f"{name}: ({n} + 2·{padding} − {kernel})/{stride} = {room / stride:.3g}, floor "
            line += f"{room // stride}, plus 1 is {len(of_axis)}; starts {_listed(of_axis)}"
        alt += line.replace("\n", " ") + ". "
    if fits:
        alt += f"The output is {out[0]}×{out[1]}. "
        alt += _loss(lost, pixels, height * width) + _advice(*layer)
    else:
        alt += "So there is no output."

    board = Board(title, alt, columns=8.5, rows=4.55, cell=1.0)  # its unit is an inch
    _draw_input(board, sizes, kernel, padding, starts, fits)
    if fits:
        _draw_output(board, out)
        _draw_legend(board)
    y = 4.0 if fits else 3.6
    for line, count in zip(lines, out, strict=True):
        board.note(0.2, y, line, fontsize=10, color="#222222" if count else "#B34700", va="top")
        y += 0.23 * (1 + line.count("\n"))
    return board


def unread(n: int, k: int, stride: int, padding: int) -> list[int]:
    """List those of the n rows (or columns) of an image that no window reads.

    k: size of the window; stride, padding: as for `shape_picture`. Where no window fits, all n.
    """
    starts = range(0, n + 2 * padding - k + 1, stride)
    read = {start + u - padding for start in starts for u in range(k)}
    return [i for i in range(n) if i not in read]


def _formula(name: str, n: int, k: int, stride: int, padding: int) -> str:
    """The formula of an axis with its numbers, or why there is no output."""
    room = n + 2 * padding - k
    try:
        size = output_size(n, k, stride, padding)
    except ValueError as error:
        why = str(error).rstrip(".").replace("; ", ";\n")
        return f"{name} + 2p − K = {n} + 2·{padding} − {k} = −{-room}: {why}"
    quotient = f"⌊{room / stride:.3g}⌋" if room % stride else f"{room // stride}"
    return (
        f"{name}_out = ⌊({name} + 2p − K)/s⌋ + 1 = ⌊({n} + 2·{padding} − {k})/{stride}⌋ + 1"
        f" = {quotient} + 1 = {size}"
    )


def _loss(lost, pixels: int, of: int) -> str:
    if not pixels:
        return "Every pixel is read."
    where = [
        f"{name}{'s' * (len(which) > 1)} {_listed(which)}"
        for name, which in zip(("row", "column"), lost, strict=True)
        if which
    ]
    return f"{pixels} of {of} pixels are never read: {' and '.join(where)} of the input."


def _advice(k: int, stride: int, padding: int) -> str:
    if padding >= k:
        return f" As p ≥ K ({padding} ≥ {k}), the outermost windows see nothing but zeros."
    if stride == 1 and k % 2 == 0 and padding in (k // 2 - 1, k // 2):
        return f" No p keeps the size: 2p = K − 1 = {k - 1} is odd."
    return ""


def _listed(numbers) -> str:
    return ", ".join(str(n) for n in numbers)


def _draw_input(board: Board, sizes, k: int, padding: int, starts, fits: bool) -> None:
    """The padded input: pixels, zeros around them, what is never read, first and last window."""
    padded = [n + 2 * padding for n in sizes]
    side = min(0.56, 4.6 / max(padded[1], k), 3.1 / max(padded[0], k))
    left, top = 0.5, 0.4
    board.grids["input"] = Grid(tuple(padded), left, top, side)
    seen = [{start + u for start in of_axis for u in range(k)} for of_axis in starts]
    cells = {}
    for row, column in np.ndindex(*padded):
        inside = all(padding <= i < padding + n for i, n in zip((row, column), sizes, strict=True))
        lost = fits and not (row in seen[0] and column in seen[1])
        look = ("pixel" if inside else "padding") + (" never read" if lost else "")
        cells.setdefault(look, []).append((left + column * side, top + row * side))
    for look, corners in cells.items():
        _cells(board, corners, side, look)

    label = f"padded input {padded[0]}×{padded[1]}"
    if fits:
        corners = [
            (left + (column + 0.37) * side, top + (row + 0.37) * side)
            for row in starts[0]
            for column in starts[1]
        ]
        _cells(board, corners, 0.26 * side, "start of a window")
        _frames(board, left, top, side, k, starts[0][-1], starts[1][-1])
        label += " (the numbers: where windows start)"
        how = {"fontsize": min(9.5, 42 * side), "color": "#8A5F00", "fontweight": "bold"}
        rows, columns = (of_axis[:: 1 + len(of_axis) // 13] for of_axis in starts)  # not too many
        for row in rows:
            board.note(left - 0.07, top + (row + 0.5) * side, str(row), ha="right", **how)
        for column in columns:
            middle = left + (column + 0.5) * side
            board.note(middle, top - 0.1, str(column), ha="center", **how)
    else:
        _frames(board, left, top, side, k, 0, 0, COLOURS["wrong"])
        warning = f"the {k}×{k} window sticks out"
        board.note(5.6, 0.08, warning, fontsize=10, color="#B34700", fontweight="bold")
    board.note(0.2, 0.08, label, fontsize=10, color="#005A8E", fontweight="bold")


def _draw_output(board: Board, out) -> None:
    """The output, its first and last cell framed as their windows are."""
    left, top = 5.6, 0.4
    side = min(board.grids["input"].side, 2.7 / out[1], 3.1 / out[0])
    board.grids["output"] = Grid(tuple(out), left, top, side)
    corners = [(left + j * side, top + i * side) for i, j in np.ndindex(*out)]
    _cells(board, corners, side, "output")
    _frames(board, left, top, side, 1, out[0] - 1, out[1] - 1)
    label = f"output {out[0]}×{out[1]}"
    board.note(left, 0.08, label, fontsize=10, color="#007A59", fontweight="bold")


def _draw_legend(board: Board) -> None:
    """Say in words what the looks of the cells mean."""
    x, y = 0.2, 3.64
    for look in list(LOOKS)[:4]:
        _cells(board, [(x, y)], 0.17, look)
        board.note(x + 0.24, y + 0.085, look, fontsize=9)
        x += 0.45 + 0.075 * len(look)
    _frames(board, x, y, 0.17, 1, 0, 4)
    board.note(x + 0.24, y + 0.085, "first", fontsize=9)
    board.note(x + 0.93, y + 0.085, "last window, with output", fontsize=9)


def _frames(board, left, top, side, k, row, column, colour=COLOURS["kernel"]) -> None:
    """A frame round the k × k cells at (0, 0), and a dashed one round those at (row, column)."""
    for i, j, line in ((0, 0, "-"), (row, column, (0, (2.2, 1.2)))):
        corner = (left + j * side, top + i * side)
        frame = Rectangle(corner, k * side, k * side, fill=False, edgecolor=colour, lw=2.6, ls=line)
        board.axis.add_patch(frame)


def _cells(board: Board, corners, side: float, look: str) -> None:
    """Squares of one look, given by their upper left corners: one artist for all of them."""
    fill, edge, hatch = LOOKS[look]
    squares = [box(x, y, side, side) for x, y in corners]
    how = {"facecolors": fill, "edgecolors": edge, "hatch": hatch, "linewidths": 0.6}
    draw_boxes(board, squares, **how)

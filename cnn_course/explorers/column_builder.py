"""Explorer of lesson 10: which pixel im2col copies where, and what col2im adds up on the way back.

A row of the matrix `cols` is a window, a column is a place within the window. Forward, each row
times the weights is an entry of Z. Backward, cols holds dZ times the weights, and dX collects it.
"""

from __future__ import annotations

import re
from functools import cache
from textwrap import wrap
from typing import NamedTuple

import numpy as np
from matplotlib.patches import Rectangle

from cnn_utils import functional
from cnn_utils.plots.board import INK, Board, bracketed, product_sum, shown, tint
from cnn_utils.plots.picture import COLOURS, styled

from .controls import slider, toggles
from .drawing import draw_texts
from .explorer import Explorer
from .larger_example import layer


class Setting(NamedTuple):
    """Integer arrays of one setting, with rows and columns as in cols."""

    x: np.ndarray  # (H, W, C), padded
    w: np.ndarray  # (K_h * K_w * C,)
    z: np.ndarray  # (H_out * W_out,), without bias
    dz: np.ndarray  # (H_out * W_out,)
    dx: np.ndarray  # (H, W, C), of the padded x
    cols: np.ndarray  # (H_out * W_out, K_h * K_w * C): the windows
    dcols: np.ndarray  # the same shape: dz times w
    source: np.ndarray  # the same shape: the number of the pixel, counted row by row
    shape: tuple[int, int]  # (H_out, W_out)
    stride: int
    padding: int


class Place(NamedTuple):
    """What is chosen: a pixel, where it stands in cols, and perhaps one of these places."""

    pixel: tuple[int, int, int]
    entries: list[tuple[int, int]]
    entry: tuple[int, int] | None


@cache
def setting(stride: int = 1, padding: int = 0, channels: int = 1) -> Setting:
    """Return the arrays of a setting: stride 1 or 2, padding 0 or 1, channels 1 or 2."""
    x, w, dz = layer(stride, padding, channels)
    size = w.shape[:2]
    cols = functional.im2col(x[None], size, stride)
    numbers = np.arange(x.size).reshape(1, *x.shape)
    dcols = np.outer(dz, w)
    return Setting(
        x=x,
        w=w.ravel(),
        z=cols @ w.ravel(),
        dz=dz.ravel(),
        dx=functional.col2im(dcols, (1, *x.shape), size, stride)[0],
        cols=cols,
        dcols=dcols,
        source=functional.im2col(numbers, size, stride),
        shape=dz.shape,
        stride=stride,
        padding=padding,
    )


def find(case: Setting, choose: str, row: int, column: int, channel: int) -> Place:
    """Find the chosen pixel and its places in cols.

    choose: 'entry', then (row, column) is one of cols, or 'pixel', then (row, column, channel) is
    one of x. Numbers that are too large mean the last ones.
    """
    entry = None
    if choose == "entry":
        entry = min(row, len(case.cols) - 1), min(column, len(case.w) - 1)
        pixel = np.unravel_index(case.source[entry], case.x.shape)
    else:
        limits = np.array(case.x.shape) - 1
        pixel = np.minimum((row, column, channel), limits)
    pixel = tuple(int(k) for k in pixel)
    number = np.ravel_multi_index(pixel, case.x.shape)
    entries = [(int(m), int(k)) for m, k in np.argwhere(case.source == number)]
    return Place(pixel, entries, entry)


@styled
def column_picture(
    direction: str = "im2col",
    choose: str = "entry",
    row: int = 0,
    column: int = 3,
    channel: int = 0,
    stride: int = 1,
    padding: int = 0,
    channels: int = 1,
) -> Board:
    """Draw X beside cols, or dX beside the cols it is summed from, with one pixel brought out.

    direction: 'im2col' or 'col2im'. choose: 'entry' for (row, column) of cols, or 'pixel' for
    (row, column, channel) of X, counted from the corner of the padding; too large numbers mean the
    last ones. stride: 1 or 2; padding: 0 or 1; channels: 1 or 2. Grids: "image 0", "image 1", "W",
    "cols", and "Z − b" or "dZ".
    """
    case = setting(stride, padding, channels)
    place = find(case, choose, row, column, channel)
    back = direction == "col2im"
    many = len(case.cols) > 9
    title, lines, alt = _in_words(case, place, back, 80 if many else 92)
    tall, wide, _ = case.x.shape
    places, width = case.cols.shape
    left, top = wide + 4.2, 2.7  # where cols begins
    foot = top + max(places, channels * (tall + 1) - 0.4) + 0.6
    across = 21.2 if many else max(left + width + 3, 16)
    board = Board(title, alt, across, foot + 0.62 * len(lines), 0.33 if many else 0.46)

    _draw_images(board, case, place, back, top)
    board.grid("W", case.w, left, 0.8, "kernel", label="W, row by row")
    _draw_cols(board, case, place, back, left, top)
    name, values, kind = ("dZ", case.dz, "gradient") if back else ("Z − b", case.z, "output")
    lit = np.arange(places)[:, None] == (place.entry[0] if place.entry else -1)
    _numbers(board, name, values[:, None], left + width + 0.9, top, kind, name, (), (), lit)
    board.note(left + width + 0.45, top + places / 2, "" if back else "=", ha="center", fontsize=14)
    x, y = wide + 0.9, top + tall / 2
    board.arrow(*([(x + 1.3, y), (x, y)] if back else [(x, y), (x + 1.3, y)]))
    board.note(x + 0.65, y - 0.45, "add up" if back else "copy", ha="center", fontsize=9)

    if place.entry is not None:  # frame the window, wherever it is
        m, k = place.entry
        corner = np.array(np.unravel_index(m, case.shape)) * stride
        for c in range(channels):
            board.frame(f"image {c}", corner, (2, 2))
        board.frame("cols", (m, 0), (1, width))
        board.frame(name, (m, 0))
        board.frame("W", (0, k))
    for number, line in enumerate(lines):
        board.note(0.4, foot + 0.62 * number, line)
    return board


def _draw_images(board: Board, case: Setting, place: Place, back: bool, top: float) -> None:
    """Draw the channels of X, or of dX, below each other."""
    name, values, kind = ("dX", case.dx, "gradient") if back else ("X", case.x, "input")
    tall, wide, channels = values.shape
    p = case.padding
    inside = np.zeros((tall, wide), bool)
    inside[p : tall - p, p : wide - p] = True
    unread = ~np.isin(np.arange(values.size).reshape(values.shape), case.source)
    rest = "dashed: without the padding" if p else "grey: never read" if unread.any() else ""
    board.note(0.4, top + channels * (tall + 1) - 0.65, rest, fontsize=9)
    for c in range(channels):
        y = top + c * (tall + 1)
        label = name if channels == 1 else f"{name}, channel {c}"
        marked = [place.pixel[:2]] if c == place.pixel[2] else []
        faint = unread[..., c] | ~inside
        lit = inside.copy()
        for cell in marked:
            lit[cell] = True
        _numbers(board, f"image {c}", values[..., c], 0.4, y, kind, label, marked, faint, lit)
        if p:
            look = dict(fill=False, edgecolor=tint(COLOURS[kind], 1.4), lw=1.6, ls=(0, (4, 2)))
            sides = wide - 2 * p, tall - 2 * p
            board.axis.add_patch(Rectangle((0.4 + p, y + p), *sides, **look))


def _draw_cols(board: Board, case: Setting, place: Place, back: bool, x: float, y: float) -> None:
    """Draw cols, its rows named by their windows, its columns by their cells."""
    values, kind = (case.dcols, "gradient") if back else (case.cols, "input")
    lit = np.zeros(values.shape, bool)
    lit[tuple(np.array(place.entries, int).reshape(-1, 2).T)] = True
    if place.entry is not None:
        lit[place.entry[0]] = True
    _numbers(board, "cols", values, x, y, kind, "", place.entries, (), lit)
    look = dict(color=tint(COLOURS[kind], 1.4), weight="bold", ha="right")
    board.note(x - 0.2, y - 0.75, "cols = dZ · Wᵀ" if back else "cols", **look)
    channels = case.x.shape[2]
    cells = [(u, v, c)[: 2 + (channels > 1)] for u, v, c in np.ndindex(2, 2, channels)]
    above = [(x + k + 0.5, y - 0.18, ",".join(map(str, cell))) for k, cell in enumerate(cells)]
    beside = [
        (x - 0.5, y + m + 0.62, f"{i},{j}") for m, (i, j) in enumerate(np.ndindex(case.shape))
    ]
    draw_texts(board, above + beside, 0.3, "#555555")


def _numbers(board: Board, name: str, values, x, y, kind, label, marked, faint, lit) -> None:
    """Draw a grid whose numbers are texts where lit, and one artist together elsewhere."""
    texts = np.array([[shown(number) for number in line] for line in values], object)
    look = dict(label=label, marked=marked, faint=faint)
    board.grid(name, np.where(lit, texts, ""), x, y, kind, **look)
    others = [(x + k + 0.5, y + m + 0.62, texts[m, k]) for m, k in np.argwhere(~lit)]
    draw_texts(board, others, 0.32, "#999999" if np.any(faint) else INK)


def _in_words(case: Setting, place: Place, back: bool, width: int) -> tuple[str, list[str], str]:
    """The title of a state, the lines below the picture (of `width` letters), the description."""
    padded = "_padded" if case.padding else ""
    index = list(place.pixel if case.x.shape[2] > 1 else place.pixel[:2])
    x, dx = f"X{padded}{index}", f"dX{padded}{index}"
    where = [f"cols[{m}, {k}]" for m, k in place.entries]
    if back:
        return _collected(case, place, dx, where, width)
    value = shown(case.x[place.pixel])
    title = "im2col copies every window into a row"
    if not where:
        text = f"{x} = {value} stands nowhere in cols: no window reads it."
        return title, [text], text
    count = "once" if len(where) == 1 else f"{len(where)} times"
    copies = f"{x} = {value} stands in cols {count}: {_listed(where)}."
    if place.entry is None:
        return title, _broken(copies, width), copies
    m, k = place.entry
    i, j = np.unravel_index(m, case.shape)
    cell = _cell_of(case, k)
    entry = f"cols[{m}, {k}] = {x} = {value}: cell {cell} of window [{i}, {j}]."
    pairs = zip(case.cols[m], case.w, strict=True)
    total = f"Row {m} times W: {product_sum(pairs, case.z[m])}, which is Z[{i}, {j}] − b."
    lines = [entry, *_broken(total, width), *_broken(copies, width)]
    return title, lines, f"{entry} {total} {copies}"


def _collected(case: Setting, place: Place, dx: str, where: list[str], width: int) -> tuple:
    """`_in_words` for the way back."""
    title = "col2im adds every entry to the pixel it was copied from"
    lines = []
    if place.entry is not None:
        (m, k), value = place.entry, shown(case.dcols[place.entry])
        i, j = np.unravel_index(m, case.shape)
        w = f"W{_cell_of(case, k)}"
        product = f"{bracketed(case.dz[m])}·{bracketed(case.w[k])}"
        lines.append(f"cols[{m}, {k}] = dZ[{i}, {j}]·{w} = {product} = {value} goes to {dx}.")
    if where:
        terms = " + ".join(bracketed(case.dcols[entry]) for entry in place.entries)
        total = shown(case.dx[place.pixel])
        terms = f"{terms} = {total}" if len(where) > 1 else total
        lines += _broken(f"{dx} = {' + '.join(where)} = {terms}.", width)
    else:
        lines.append(f"{dx} = 0: no window reads this pixel, so nothing comes back to it.")
    row, column, _ = place.pixel
    tall, wide, _ = case.x.shape
    p = case.padding
    if p and not (p <= row < tall - p and p <= column < wide - p):
        lines.append("It lies in the padding, outside the dashed frame, and is thrown away.")
    return title, lines, " ".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def _cell_of(case: Setting, k: int) -> list[int]:
    """The cell [u, v] of the window, or [u, v, c], that column k holds."""
    channels = case.x.shape[2]
    cell = np.unravel_index(k, (2, 2, channels))
    return [int(n) for n in (cell if channels > 1 else cell[:2])]


def _broken(text: str, width: int) -> list[str]:
    """The lines of a text; no index is taken apart."""
    return wrap(re.sub(r", (?=\d+[],)])", ",\N{NO-BREAK SPACE}", text), width)


def _listed(words: list[str]) -> str:
    """['a', 'b', 'c'] → 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def column_builder() -> Explorer:
    """Explorer of lesson 10: choose an entry of cols or a pixel of X, and see its copies.

    Forward they are copied, backward their gradients are added up.
    """
    apart = {"layout": {"margin": "2px 2em 2px 2px"}}
    direction = toggles({"im2col: copy": "im2col", "col2im: add up": "col2im"}, "10em", **apart)
    choose = toggles({"an entry of cols": "entry", "a pixel of X": "pixel"}, "10em", **apart)
    stride = toggles({"stride 1": 1, "stride 2": 2}, "6em", **apart)
    padding = toggles({"padding 0": 0, "padding 1": 1}, "7em", **apart)
    channels = toggles({"1 channel": 1, "2 channels": 2}, "7em", **apart)
    row, column, channel = slider("row", 3), slider("column", 3, 3), slider("channel", 1)
    channel.layout.display = "none"

    def fit(_):
        case = setting(stride.value, padding.value, channels.value)
        of_cols = choose.value == "entry"
        tall, wide = case.cols.shape if of_cols else case.x.shape[:2]
        row.max, column.max = tall - 1, wide - 1
        channel.layout.display = "none" if of_cols or channels.value == 1 else None

    for control in (choose, stride, padding, channels):  # before the Explorer looks
        control.observe(fit, "value")

    def click(name, index, state):
        if name == "cols":
            return dict(choose="entry", row=index[0], column=index[1])
        if name == "W":
            return dict(choose="entry", column=index[1])
        if name in ("Z − b", "dZ"):
            return dict(choose="entry", row=index[0])
        return dict(choose="pixel", row=index[0], column=index[1], channel=int(name[-1]))

    controls = dict(
        direction=direction,
        choose=choose,
        row=row,
        column=column,
        channel=channel,
        stride=stride,
        padding=padding,
        channels=channels,
    )
    rows = [[direction, choose], [row, column, channel], [stride, padding, channels]]
    return Explorer(column_picture, controls, rows=rows, on_click=click)

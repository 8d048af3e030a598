"""Choose an output cell of a convolutional layer; all that makes it lights up: lesson 03."""

from __future__ import annotations

import ipywidgets
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from cnn_utils.functional import conv2d_forward, output_size
from cnn_utils.plots.board import Board, product_sum, shown
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .explorer import Explorer, cell_slider

X = np.stack(  # one image, (H, W, C_in): channel 0 is the X of lesson 01
    [
        [[0, 1, 2], [3, -1, 1], [2, -2, 3]],
        [[2, 1, 3], [2, 1, -2], [3, -1, 0]],
    ],
    axis=-1,
)
W = np.stack(  # two filters, (K_h, K_w, C_in, C_out): channel 0 of filter 0 is the W of lesson 01
    [
        np.stack([[[-2, -1], [2, 3]], [[1, -1], [1, 1]]], axis=-1),
        np.stack([[[-2, 1], [1, -1]], [[1, -1], [1, -2]]], axis=-1),
    ],
    axis=-1,
)
B = np.array([1, -2])


@styled
def picture(row=0, column=0, filter=0, stride=1, padding=0) -> Board:
    """Show input volume, filters, biases and output of the layer, and what one output cell reads.

    row, column, filter: the output cell Z[row, column, filter]; a row or column beyond the output
    means its last one. stride, padding: of the layer, whole numbers that fit a 3×3 image.
    """
    z = conv2d_forward(X[None], W, B, stride, padding)[0][0]
    row, column = min(row, z.shape[0] - 1), min(column, z.shape[1] - 1)
    top, left = stride * row, stride * column
    (k_h, k_w, channels, count), x = W.shape, np.pad(X, ((padding,) * 2, (padding,) * 2, (0, 0)))
    windows = x[top : top + k_h, left : left + k_w]
    terms = [_products(windows[..., c], W[:, :, c, filter]) for c in range(channels)]
    values = [int(np.sum(windows[..., c] * W[:, :, c, filter])) for c in range(channels)]
    total = _sum([*values, B[filter]], z[row, column, filter])

    board = Board(
        f"Z[{row}, {column}, {filter}] reads one window in every channel",
        f"Z[{row}, {column}, {filter}] = {total}: the window starts at row {top}, column {left} of "
        f"the {'padded ' if padding else ''}{x.shape[0]}×{x.shape[1]} input; "
        + "; ".join(f"channel {c} gives {term}" for c, term in enumerate(terms))
        + f"; the bias of filter {filter} is {shown(B[filter])}.",
        columns=16,
        rows=10.4,
    )
    starts = [0.4 + 4.3 * c for c in range(channels)]
    window = [(top + u, left + v) for u, v in np.ndindex(k_h, k_w)]
    for c, start in enumerate(starts):
        _plane(board, x[..., c], f"X[:, :, {c}]", start, window, padding)
    for f in range(count):
        _filter(board, f, z[..., f], starts, 4.75 + 3.3 * f, (row, column) if f == filter else None)
    lines = [*((f"channel {c}", term) for c, term in enumerate(terms)), ("with the bias", total)]
    for number, (heading, text) in enumerate(lines):
        board.note(8.8, 0.6 + 1.25 * number, heading, fontweight="bold")
        board.note(8.8, 1.15 + 1.25 * number, text, fontsize=13 if text == total else 10.5)
    return board


def convolution_view() -> Explorer:
    """Make the explorer; it starts on the worked example of lesson 03.

    Sliders or a click choose the cell of Z; a click on a filter or a bias chooses the filter.
    """
    row, column = cell_slider("output row", 1), cell_slider("output column", 1)
    stride, padding = _choice("stride", (1, 2)), _choice("padding", (0, 1))
    filter = cell_slider("filter", W.shape[3] - 1)

    def fit_sliders(change):
        for slider, n, k in zip((row, column), X.shape, W.shape, strict=False):
            last = output_size(n, k, stride.value, padding.value) - 1
            slider.disabled = last == 0  # a slider needs two places at least
            slider.value, slider.max = min(slider.value, last), max(last, 1)

    for control in (stride, padding):
        control.observe(fit_sliders, "value")
    controls = dict(row=row, column=column, filter=filter, stride=stride, padding=padding)
    rows = [[row, column, filter], [stride, padding]]
    return Explorer(picture, controls, rows=rows, on_click=_click)


def _click(name: str, cell: tuple[int, int], state: dict) -> dict:
    """A cell of Z chooses itself, one of W or b its filter; X is read by many cells of Z."""
    if name.startswith("X"):
        return {}
    filter = int(name.rstrip("]").replace("[", ",").split(",")[-1])
    place = dict(row=cell[0], column=cell[1]) if name.startswith("Z") else {}
    return {**place, "filter": filter}


def _choice(name: str, options: tuple[int, ...]) -> ipywidgets.ToggleButtons:
    style = {"description_width": "initial", "button_width": "3em"}
    layout = ipywidgets.Layout(margin="0 3em 0 0")
    return ipywidgets.ToggleButtons(options=options, description=name, style=style, layout=layout)


def _plane(board, values, name, left, window, padding) -> None:
    """Draw one channel, as wide with padding as without: the picture keeps its size."""
    inside = np.zeros(values.shape, bool)
    inside[padding : values.shape[0] - padding, padding : values.shape[1] - padding] = True
    beside = [i for i in np.ndindex(values.shape) if not inside[i] and i not in window]
    texts = np.vectorize(shown, otypes=[object])(values)
    for index in beside:  # padding is empty until a window reads its zeros
        texts[index] = ""
    label = f"{name}, padded" if padding else name
    side = X.shape[0] / len(values)
    board.grid(name, texts, left, 0.8, label=label, marked=window, faint=beside, side=side)


def _filter(board, f, z, starts, top, cell) -> None:
    """Draw slices, bias and output of one filter; cell: the one that is chosen, or None."""
    whole = np.ones(W.shape[:2])

    def bring_out(cells):
        return {"faint": cells} if cell is None else {"marked": cells}

    for c, start in enumerate(starts):
        name = f"W[:, :, {c}, {f}]"
        label = f"filter {f}" if c == 0 else ""
        if cell is not None:
            label = name if c else f"{label}: {name}"
        board.grid(name, W[:, :, c, f], start + 0.5, top, "kernel", label=label, **bring_out(whole))
    right = starts[-1] + 2.5
    board.grid(f"b[{f}]", B[[f]], right + 1.5, top + 0.5, "kernel", **bring_out([0]))
    if cell is not None:
        for x, sign in ((starts[1] - 0.65, "+"), (right + 0.75, "+"), (right + 3.4, "→")):
            board.note(x, top + 1, sign, ha="center", fontsize=15)
    side = min(1, 2.4 / len(z))
    up = top + 1 - side * len(z) / 2
    marked = () if cell is None else [cell]
    board.grid(f"Z[:, :, {f}]", z, right + 4.5, up, "output", marked=marked, side=side)


def _products(window, weights) -> str:
    pairs = zip(window.ravel(), weights.ravel(), strict=True)
    return product_sum(pairs, np.sum(window * weights))


def _sum(values, total) -> str:
    """Write a sum out: [2, −4, 1] and −1 → "2 + (−4) + 1 = −1"."""
    terms = (f"({shown(value)})" if value < 0 else shown(value) for value in values)
    return f"{' + '.join(terms)} = {shown(total)}"


@styled
def volumes(x_shape, w_shape, *, title: str = "") -> Picture:
    """Show the channels of an image, the slices of the filters and the channels of the output.

    x_shape: (H, W, C_in); w_shape: (K_h, K_w, C_in, C_out), C_in at most 4; padding keeps H and W.
    Nothing is to scale but the number of sheets.
    """
    (H, W, C_in), (K_h, K_w, _, C_out) = x_shape, w_shape
    alt = (
        f"{C_in} sheets of {H}×{W}, with one window through all of them; {C_out} filters of {C_in} "
        f"slices {K_h}×{K_w} each; {C_out} output sheets, the first made by the first filter."
    )
    picture = Picture(title, alt, 3.3, layout=None)
    axis = picture.add_axes((0, 0, 1, 0.88))
    axis.set(xlim=(0, 17), ylim=(5.8, 0))
    axis.axis("off")

    def sheets(count, x, y, side, kind, step=0.22, inner=None):
        """Draw the last sheet first; inner: a square (x, y, side) within each, and its kind."""
        for k in reversed(range(count)):
            corner = (x + step * k, y - step * k)
            axis.add_patch(Rectangle(corner, side, side, fc=tint(kind, 0.25), ec="#555555", lw=0.8))
            if inner is not None and (inner[1] == kind or k == 0):
                (dx, dy, small), colour = inner
                place = (corner[0] + dx, corner[1] + dy)
                how = dict(fc=tint(colour, 0.65), ec="#222222", lw=1.2)
                axis.add_patch(Rectangle(place, small, small, **how))

    def say(x, y, text, **how):
        axis.text(x, y, text, **{"ha": "center", "va": "center", "fontsize": 10, **how})

    sheets(C_in, 0.5, 1.5, 3, "input", inner=((1.1, 1.0, 0.8), "input"))
    say(2.2, 5.0, f"image {H}×{W}×{C_in}\n{C_in} channels")
    drawn = min(C_out, 3)
    for f in range(drawn):
        sheets(C_in, 7.3, 0.75 + 1.3 * f, 0.8, "kernel")
        say(6.9, 1.1 + 1.3 * f, f"filter {f}", ha="right")
        say(8.9, 1.0 + 1.3 * f, f"+ b[{f}]", ha="left")
    if C_out > drawn:
        say(8.0, 0.75 + 1.3 * drawn - 0.1, "⋮", fontsize=14)
    say(8.0, 5.25, f"{C_out} filters {K_h}×{K_w}×{C_in}\nand {C_out} biases")
    sheets(C_out, 11.6, 1.9, 2.6, "output", 0.18, inner=((1.2, 1.1, 0.28), "output"))
    say(12.1, 4.3, "0", fontsize=9)
    say(11.6 + 0.18 * (C_out - 1) + 2.75, 2.0 - 0.18 * (C_out - 1), f"{C_out - 1}", fontsize=9)
    say(13.7, 5.0, f"output {H}×{W}×{C_out}\nchannel f is made by filter f")
    for start, end in (((4.2, 2.0), (5.4, 1.7)), ((10.2, 1.6), (11.3, 2.4))):
        axis.annotate("", end, start, arrowprops=dict(arrowstyle="-|>", color="#555555", lw=1.6))
    return picture


def tint(kind: str, share: float) -> tuple:
    return tuple(1 - share * (1 - part) for part in to_rgb(COLOURS[kind]))

"""Lesson 03: choose an output cell of a convolutional layer; all that makes it lights up."""

from __future__ import annotations

import numpy as np

from cnn_utils.example import BIASES, FILTERS, VOLUME
from cnn_utils.functional import conv2d_forward, output_size
from cnn_utils.plots.board import Board, bracketed, product_sum, shown
from cnn_utils.plots.picture import styled

from .controls import slider, toggles
from .explorer import Explorer

X, W, B = VOLUME, FILTERS, BIASES


@styled
def convolution_picture(
    row: int = 0, column: int = 0, filter: int = 0, stride: int = 1, padding: int = 0
) -> Board:
    """Show input volume, filters, biases and output of the layer, and what one output cell reads.

    row, column, filter: the output cell Z[row, column, filter]; a row or column beyond the output
    means its last one. stride, padding: of the layer, integers that fit a 3×3 image. Grids:
    "X[:, :, c]", "W[:, :, c, f]", "b[f]", "Z[:, :, f]".
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
    """Explorer of lesson 03: choose a cell of Z with sliders or a click.

    A click on a filter or a bias chooses the filter. It starts on the worked example.
    """

    def choice(name, options):
        apart = {"margin": "0 3em 0 0"}
        buttons = toggles(options, "3em", description=name, layout=apart)
        buttons.style.description_width = "initial"
        return buttons

    row, column = slider("output row", 1), slider("output column", 1)
    stride, padding = choice("stride", (1, 2)), choice("padding", (0, 1))
    filter = slider("filter", W.shape[3] - 1)

    def fit_sliders(change):
        for place, n, k in zip((row, column), X.shape, W.shape, strict=False):
            last = output_size(n, k, stride.value, padding.value) - 1
            place.disabled = last == 0  # a slider needs two values at least
            place.value, place.max = min(place.value, last), max(last, 1)

    for control in (stride, padding):
        control.observe(fit_sliders, "value")
    controls = dict(row=row, column=column, filter=filter, stride=stride, padding=padding)
    rows = [[row, column, filter], [stride, padding]]
    return Explorer(convolution_picture, controls, rows=rows, on_click=_click)


def _click(name: str, cell: tuple[int, int], state: dict) -> dict:
    """A cell of Z chooses itself, one of W or b its filter; X is read by many cells of Z."""
    if name.startswith("X"):
        return {}
    filter = int(name.rstrip("]").replace("[", ",").split(",")[-1])
    place = dict(row=cell[0], column=cell[1]) if name.startswith("Z") else {}
    return {**place, "filter": filter}


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
    return f"{' + '.join(map(bracketed, values))} = {shown(total)}"

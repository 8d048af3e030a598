"""Figure of lesson 02: the windows of a strided correlation, and which entries they read."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from cnn_utils.arguments import integer
from cnn_utils.plots.board import Board, product_sum
from cnn_utils.plots.picture import styled


@styled
def window_rows(x, w, stride: int = 1, padding: int = 0, *, title: str = "") -> Board:
    """Show each window of a strided correlation of a padded signal as a row, and who is read.

    x (n,), w (k,). Padding and entries that no window reads are grey, the latter also hatched in
    the last row, which counts how often each entry is read.
    """
    stride, padding = integer(stride, "stride", least=1), integer(padding, "padding", least=0)
    padded, k = np.pad(x, padding), len(w)
    starts = range(0, len(padded) - k + 1, stride)
    reads = [sum(start <= i < start + k for start in starts) for i in range(len(padded))]
    faint = {i for i, n in enumerate(reads) if not n or not padding <= i < padding + len(x)}
    texts = []
    for i, start in enumerate(starts):
        window = padded[start : start + k]
        total = product_sum(zip(window, w, strict=True), window @ w)
        texts.append(f"z[{i}], start {start}: {total}")
    count = "how often each is read"
    alt = "; ".join([*texts, f"{count}: {', '.join(map(str, reads))}."])
    board = Board(title, alt, len(padded) + 8.6, 1.3 * len(texts) + 1.6)
    for i, (start, text) in enumerate(zip(starts, texts, strict=True)):
        marked = range(start, start + k)
        board.grid(f"window {i}", padded, 0.3, 0.2 + 1.3 * i, label="", marked=marked, faint=faint)
        board.note(len(padded) + 0.7, 0.7 + 1.3 * i, text)
    y = 0.4 + 1.3 * len(texts)
    board.grid("reads", reads, 0.3, y, "output", label="", faint=np.array(reads) == 0)
    board.note(len(padded) + 0.7, y + 0.5, count, fontweight="bold")
    for i in np.flatnonzero(np.array(reads) == 0):
        how = {"fill": False, "hatch": "////", "edgecolor": "#999999", "lw": 0.6}
        board.axis.add_artist(Rectangle((0.3 + i, y), 1, 1, **how))
    return board

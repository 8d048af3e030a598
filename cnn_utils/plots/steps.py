"""A sliding window, every step of it at once."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from .board import Board, product_sum
from .picture import styled

LETTER = 0.2  # cells that a letter of a note takes, at most


@styled
def window_steps(x, w, z, *, title: str = "") -> Board:
    """Show how a kernel slides over x: one small grid for every output, with its sum written out.

    x, w, z: input, kernel and output of a correlation, all with one axis or all with two; z has one
    number for each window of x ('valid'), at most twelve.
    """
    x, w, z = (np.atleast_2d(np.asarray(array)) for array in (x, w, z))
    flat = len(z) == 1  # then the sum stands beside its row, otherwise above its grid
    steps = []
    for i, j in np.ndindex(z.shape):
        window = x[i : i + w.shape[0], j : j + w.shape[1]]
        pairs = list(zip(window.ravel(), w.ravel(), strict=True))
        name = f"z[{j}]" if flat else f"z[{i}, {j}]"
        marked = [(i + u, j + v) for u, v in np.ndindex(w.shape)]
        steps.append((name, marked, f"{name} = {product_sum(pairs, z[i, j])}"))
    text_width = LETTER * max(len(text) for _, _, text in steps)
    if flat:
        across, width, height = 1, x.shape[1] + text_width + 1, 1.35
    else:
        across, width, height = min(z.shape[1], 3), max(x.shape[1], text_width) + 0.7, len(x) + 1.3
    alt = "; ".join(text for _, _, text in steps) + "."
    board = Board(title, alt, across * width, -(-len(steps) // across) * height + 0.2)
    for step, (name, marked, text) in enumerate(steps):
        left, top = 0.3 + width * (step % across), 0.2 + height * (step // across)
        board.grid(name, x, left, top + (0 if flat else 0.6), marked=marked, label="")
        place = (left + x.shape[1] + 0.5, top + 0.5) if flat else (left, top + 0.25)
        board.note(*place, text)
    return board


@styled
def window_rows(x, w, stride: int = 1, padding: int = 0, *, title: str = "") -> Board:
    """Show each window of a strided correlation of a padded signal as a row, and who is read.

    x (n,), w (k,). Padding and entries that no window reads are grey, the latter also hatched in
    the last row, which counts how often each entry is read.
    """
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

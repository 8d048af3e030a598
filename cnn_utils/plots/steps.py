"""A sliding window, every step of it at once."""

from __future__ import annotations

import numpy as np

from .board import Board, product_sum
from .picture import styled

MOST_STEPS = 12
LETTER = 0.2  # cells that a letter of a note takes, at most


@styled
def window_steps(x, w, z, *, title: str = "") -> Board:
    """Show how a kernel slides over x: one small grid for every output, with its sum written out.

    x, w, z: input, kernel and output of a correlation, all with one axis or all with two; z has one
    number for each window of x ('valid'), at most MOST_STEPS.
    """
    x, w, z = (np.atleast_2d(np.asarray(array)) for array in (x, w, z))
    expected = tuple(n - k + 1 for n, k in zip(x.shape, w.shape, strict=False))
    if z.shape != expected or not 1 <= z.size <= MOST_STEPS:
        raise ValueError(
            f"z must have one number for each window of x, shape {expected}, and at most "
            f"{MOST_STEPS}, got shape {z.shape}; use functional.correlate2d(x, w)."
        )
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

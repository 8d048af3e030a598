"""Losses as a model uses them: integer labels in, mean loss and gradient out.

The formulas are in :mod:`cnn_utils.functional`; a loss adds what a model needs besides: how labels
become targets, and how outputs become probabilities.
"""

from __future__ import annotations

import numpy as np

from . import functional as F


def one_hot(y, classes: int, dtype=np.float32) -> np.ndarray:
    """Turn labels (N,) of whole numbers 0 … classes − 1 into rows (N, classes) of one 1 each."""
    y = np.asarray(y)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers of shape (N,), got {y.dtype} {y.shape}.")
    if y.size and not 0 <= y.min() <= y.max() < classes:
        raise ValueError(
            f"labels run from {y.min()} to {y.max()}; with {classes} classes they "
            f"must be 0 … {classes - 1}."
        )
    rows = np.zeros((len(y), classes), dtype)
    rows[np.arange(len(y)), y] = 1
    return rows


class SoftmaxCrossEntropy:
    """For outputs that are logits (N, K) of K classes that exclude each other."""

    def __call__(self, z, y):
        """Return (loss, dz): the mean of −ln p[label] over the batch, and its gradient."""
        return F.softmax_cross_entropy(z, y)

    def probabilities(self, z):
        return F.softmax(z)


class BinaryCrossEntropy:
    """For outputs that are K probabilities, each its own yes-or-no question (sigmoid outputs)."""

    def __call__(self, p, y):
        """Return (loss, dp): the mean over all N·K questions, and its gradient."""
        return F.binary_cross_entropy(p, one_hot(y, p.shape[1], p.dtype))

    def probabilities(self, p):
        return p


LOSSES: dict[str, SoftmaxCrossEntropy | BinaryCrossEntropy] = {
    "softmax_cross_entropy": SoftmaxCrossEntropy(),
    "binary_cross_entropy": BinaryCrossEntropy(),
}

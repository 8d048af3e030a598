"""Losses as a model uses them: integer labels in, mean loss and gradient out.

The formulas are in `cnn_utils.functional`; a loss adds what a model needs besides: how labels
become targets, and how outputs become probabilities.
"""

from __future__ import annotations

import numpy as np

from . import functional as F
from .arguments import integer
from .functional.losses import check_labels


def one_hot(y, classes: int, dtype=np.float32) -> np.ndarray:
    """Turn labels (N,), integers 0 … classes − 1, into rows (N, classes) of one 1 each.

    ValueError or TypeError: y are no such labels, or classes is no integer of at least 1.
    """
    y, classes = np.asarray(y), integer(classes, "classes", least=1)
    check_labels(y, (len(y) if y.ndim else 1, classes))
    rows = np.zeros((len(y), classes), dtype)
    rows[np.arange(len(y)), y] = 1
    return rows


class SoftmaxCrossEntropy:
    """For outputs that are logits (N, K) of K classes that exclude each other."""

    def __call__(self, z, y):
        """Return (loss, dz): the mean of −ln p[label] over the batch, and its gradient.

        z: floats (N, K); y: integers (N,). ValueError or TypeError: arrays that do not fit.
        """
        return F.softmax_cross_entropy(z, y)

    def probabilities(self, z):
        """Softmax of z (N, K): every row sums to 1."""
        return F.softmax(z)


class BinaryCrossEntropy:
    """For outputs that are K probabilities, each its own yes-or-no question (sigmoid outputs)."""

    def __call__(self, p, y):
        """Return (loss, dp): the mean over all N·K questions, and its gradient.

        p: floats (N, K); y: integers (N,). ValueError or TypeError: arrays that do not fit.
        """
        if np.ndim(p) != 2:
            raise ValueError(f"p must be (N, K), got shape {np.shape(p)}; use p[None] for one row.")
        return F.binary_cross_entropy(p, one_hot(y, np.shape(p)[1], np.asarray(p).dtype))

    def probabilities(self, p):
        """p itself."""
        return p


LOSSES: dict[str, SoftmaxCrossEntropy | BinaryCrossEntropy] = {
    "softmax_cross_entropy": SoftmaxCrossEntropy(),
    "binary_cross_entropy": BinaryCrossEntropy(),
}

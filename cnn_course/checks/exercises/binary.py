"""Binary cross-entropy of probabilities (lesson 08)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe


def binary_cross_entropy_loops(p, y):
    loss, dp = 0, np.zeros(p.shape, p.dtype)
    for index in np.ndindex(p.shape):
        q = min(max(p[index], 1e-12), 1 - 1e-12)  # no logarithm of 0
        loss += -(y[index] * math.log(q) + (1 - y[index]) * math.log(1 - q)) / p.size
        dp[index] = (q - y[index]) / (q * (1 - q)) / p.size
    return loss, dp


def binary_cross_entropy_arrays(p, y):
    p = np.clip(p, 1e-12, 1 - 1e-12)
    loss = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    dp = (p - y) / (p * (1 - p)) / p.size
    return loss, dp


def labels(seed: int, shape) -> np.ndarray:
    """Zeros and ones, as integers; not C-contiguous."""
    return np.random.default_rng(seed).integers(0, 2, shape[::-1]).T


def _probabilities(seed: int, shape) -> np.ndarray:
    """Probabilities from 2/32 to 30/32, exact in binary; not C-contiguous."""
    return (np.random.default_rng(seed).integers(2, 31, shape[::-1]) / 32).T


SURE = np.array([[0.0, 1, 0.25], [0.03125, 0.125, 0.5], [0.75, 0.0625, 0.03125]])
SURE_LABELS = np.array([[0, 1, 1], [1, 1, 0], [0, 1, 1]])


binary_cross_entropy = make_check(
    Exercise(
        name="binary_cross_entropy",
        contract="takes (p, y), two arrays of the same shape, p probabilities, y 0 or 1; returns "
        "(loss, dp): the mean of -(y ln p + (1 - y) ln(1 - p)) over all entries, one number, and "
        "its gradient by p. p may be 0 or 1: clip it to [eps, 1 - eps] first, eps at most 1e-7.",
        outputs=("loss", "dp"),
        reference=binary_cross_entropy_loops,
        probes=(
            Probe("2 probabilities", {"p": np.array([[0.25], [0.5]]), "y": np.array([[1], [0]])}),
            Probe("5×3 probabilities", {"p": _probabilities(1, (5, 3)), "y": labels(2, (5, 3))}),
            Probe("2×4 probabilities", {"p": _probabilities(3, (2, 4)), "y": labels(4, (2, 4))}),
            Probe("3×3 probabilities, 0 and 1 among them", {"p": SURE, "y": SURE_LABELS}),
        ),
        hints=(
            "Where y is 1 the price is -ln p, where y is 0 it is -ln(1 - p).",
            "The mean runs over all entries of the array.",
            "The slopes are -1 / p and 1 / (1 - p); both are (p - y) / (p (1 - p)).",
            "Before anything else: p = np.clip(p, 1e-12, 1 - 1e-12).",
        ),
        read="lesson 08, section 10: two classes: sigmoid and binary cross-entropy",
    )
)

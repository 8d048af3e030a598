"""Softmax (lesson 08), and the scores that its exercises share."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .relu import small_integers


def softmax_loops(z):
    N, K = z.shape
    p = np.zeros((N, K), z.dtype)
    for n in range(N):
        largest = z[n, 0]
        for k in range(K):
            largest = max(largest, z[n, k])
        total = 0
        for k in range(K):
            total += math.exp(z[n, k] - largest)
        for k in range(K):
            p[n, k] = math.exp(z[n, k] - largest) / total
    return p


def softmax_arrays(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


LESSON = np.log([[1.0, 2, 5]])  # p is 1/8, 2/8, 5/8
FAR = np.array([[0, 3, 5, 1000], [-1000, -1001, -999, -1000], [1000.0, 0, -1000, 1000]])
SCORES, LABELS_5 = small_integers(1, (5, 4)), np.array([2, 1, 3, 0, 3])
SINGLE = small_integers(2, (3, 6)).astype(np.float32) / 2


softmax = make_check(
    Exercise(
        name="softmax",
        contract="takes z (N, K); returns p (N, K), exp(z) divided by its sum over each row. Right "
        "also for scores of ±1000.",
        outputs=("p",),
        reference=softmax_loops,
        probes=(
            Probe("1 row ln 1, ln 2, ln 5", {"z": LESSON}),
            Probe("5 examples with 4 classes", {"z": SCORES}),
            Probe("3 examples with 6 classes in float32", {"z": SINGLE}),
            Probe("scores up to ±1000", {"z": FAR}),
        ),
        hints=(
            "Exponentials make all scores positive; what must each be divided by?",
            "Each row by itself: .sum(axis=1, keepdims=True) has one sum for each row, and "
            "broadcasts along it.",
            "exp(1000) is too large. Only differences count, so subtract each row's maximum first.",
        ),
        read="lesson 08, section 1: from scores to probabilities",
    )
)

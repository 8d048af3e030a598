"""Cross-entropy (lesson 08)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .probabilities import LABELS_5, LESSON, SCORES, SINGLE, softmax_loops


def cross_entropy_loops(p, y):
    N = len(y)
    loss = 0
    for n in range(N):
        loss += -math.log(p[n, y[n]]) / N
    return loss


def cross_entropy_arrays(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def cross_entropy_one_hot(p, y):
    t = np.eye(p.shape[1])[y]
    return -np.sum(t * np.log(p)) / len(p)


def _with_labels(z, y) -> dict:
    """The arguments of a loss: the softmax of the scores z, and y."""
    return {"p": softmax_loops(z), "y": np.array(y)}


# In float64 alone: a loss is one float, so nobody sees whether it was computed in float32.
PROBES = (
    Probe("1 row (1/8, 2/8, 5/8), class 1", _with_labels(LESSON, [1])),
    Probe("5 examples with 4 classes", _with_labels(SCORES, LABELS_5)),
    Probe("3 examples with 6 classes", _with_labels(SINGLE.astype(float), [4, 0, 5])),
)


cross_entropy = make_check(
    Exercise(
        name="cross_entropy",
        contract="takes (p, y), p (N, K) probabilities above 0, y (N,) the true classes, whole "
        "numbers from 0; returns the loss, one number: the mean of -ln p[n, y[n]].",
        outputs=("loss",),
        reference=cross_entropy_loops,
        probes=PROBES,
        hints=(
            "For each example only one probability counts: that of its true class.",
            "p[np.arange(N), y] takes p[n, y[n]] for every n.",
            "Minus the logarithm of each, then the mean, once.",
        ),
        read="lesson 08, section 2: cross-entropy: the price of a surprise",
    )
)

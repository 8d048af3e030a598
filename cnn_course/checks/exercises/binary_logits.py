"""Binary cross-entropy of scores, that is, of logits (lesson 08)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .binary import labels
from .relu import small_integers


def binary_cross_entropy_with_logits_loops(z, y):
    loss, dz = 0, np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        score = z[index]
        e = math.exp(-abs(score))  # at most 1
        p = 1 / (1 + e) if score >= 0 else e / (1 + e)
        loss += (max(score, 0) - score * y[index] + math.log(1 + e)) / z.size
        dz[index] = (p - y[index]) / z.size
    return loss, dz


def binary_cross_entropy_with_logits_arrays(z, y):
    e = np.exp(-np.abs(z))  # at most 1
    p = np.where(z >= 0, 1, e) / (1 + e)
    loss = (np.maximum(z, 0) - z * y + np.log(1 + e)).mean()
    dz = (p - y) / z.size
    return loss, dz


RIGHT, RIGHT_LABELS = np.array([[1000.0, -1000, 0]]), np.array([[1, 0, 1]])
WRONG, WRONG_LABELS = np.array([[1000.0, -1000], [0, 30]]), np.array([[0, 1], [1, 0]])


binary_cross_entropy_with_logits = make_check(
    Exercise(
        name="binary_cross_entropy_with_logits",
        contract="takes (z, y), two arrays of the same shape, z scores (logits), y 0 or 1; returns "
        "(loss, dz): the mean of -(y ln p + (1 - y) ln(1 - p)) over all entries with p = "
        "sigmoid(z), one number, and its gradient by z. Right also for scores of ±1000.",
        outputs=("loss", "dz"),
        reference=binary_cross_entropy_with_logits_loops,
        probes=(
            Probe("2 scores", {"z": np.log([[3.0], [0.5]]), "y": np.array([[1], [0]])}),
            Probe("5×3 scores", {"z": small_integers(1, (5, 3)), "y": labels(2, (5, 3))}),
            Probe("2×4 scores", {"z": small_integers(3, (2, 4)) / 2, "y": labels(4, (2, 4))}),
            Probe("3 scores, ±1000 on the right side", {"z": RIGHT, "y": RIGHT_LABELS}),
            Probe("2×2 scores, ±1000 on the wrong side", {"z": WRONG, "y": WRONG_LABELS}),
        ),
        hints=(
            "Put the sigmoid into the logarithms: -ln p is ln(1 + exp(-z)).",
            "ln(1 + exp(z)) is max(z, 0) + ln(1 + exp(-|z|)): exp gets nothing positive.",
            "The loss is the mean of max(z, 0) - z y + ln(1 + exp(-|z|)) over all entries.",
            "The gradient is p - y, divided by the number of entries.",
        ),
        read="lesson 08, the form that takes logits",
    )
)

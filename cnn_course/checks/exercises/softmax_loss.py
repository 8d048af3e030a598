"""Softmax and cross-entropy in one function, for scores of any size (lesson 08)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .loss_gradient import GRADIENT
from .probabilities import FAR, LABELS_5, LESSON, SCORES, SINGLE


def softmax_cross_entropy_loops(z, y):
    N, K = z.shape
    loss, dz = 0, np.zeros((N, K), z.dtype)
    for n in range(N):
        largest = z[n, 0]
        for k in range(K):
            largest = max(largest, z[n, k])
        total = 0
        for k in range(K):
            total += math.exp(z[n, k] - largest)
        loss += (math.log(total) - (z[n, y[n]] - largest)) / N
        for k in range(K):
            p = math.exp(z[n, k] - largest) / total
            target = 1 if k == y[n] else 0
            dz[n, k] = (p - target) / N
    return loss, dz


def softmax_cross_entropy_arrays(z, y):
    N = len(z)
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    p = e / total
    log_p = shifted - np.log(total)
    loss = -log_p[np.arange(N), y].mean()
    dz = p.copy()
    dz[np.arange(N), y] -= 1
    return loss, dz / N


def softmax_cross_entropy_one_hot(z, y):
    N, K = z.shape
    t = np.eye(K)[y]
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    loss = -np.sum(t * log_p) / N
    return loss, (p - t) / N


softmax_cross_entropy = make_check(
    Exercise(
        name="softmax_cross_entropy",
        contract="takes (z, y), z (N, K) scores, not probabilities, y (N,) the true classes, whole "
        "numbers from 0; returns (loss, dz): the mean of -ln p[n, y[n]] with p = softmax(z), one "
        "number, and its gradient (N, K). Right also for scores of ±1000.",
        outputs=("loss", "dz"),
        reference=softmax_cross_entropy_loops,
        probes=(
            Probe("1 row ln 1, ln 2, ln 5, class 1", {"z": LESSON, "y": np.array([1])}),
            Probe("5 examples with 4 classes", {"z": SCORES, "y": LABELS_5}),
            Probe(
                "3 examples with 6 classes",
                {"z": SINGLE.astype(float), "y": np.array([4, 0, 5])},
            ),
            Probe("scores up to ±1000", {"z": FAR, "y": np.array([0, 1, 2])}),
        ),
        hints=(
            "Subtract each row's largest score first; neither p nor the loss changes.",
            "The loss of an example is ln(sum of exp z) - z[y]: no probability of 0 in it.",
            "dz is p - y, with y as one-hot rows.",
            "The loss is a mean over N, so dz is divided by N: once, here.",
        ),
        read=GRADIENT,
    )
)

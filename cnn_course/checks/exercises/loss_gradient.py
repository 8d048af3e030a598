"""The gradient of softmax and cross-entropy together (lesson 08)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .losses import PROBES
from .probabilities import SINGLE, softmax_loops

GRADIENT = "lesson 08, section 3: the gradient is p − y"


def softmax_gradient_loops(p, y):
    N, K = p.shape
    dz = np.zeros((N, K), p.dtype)
    for n in range(N):
        for k in range(K):
            target = 1 if k == y[n] else 0
            dz[n, k] = (p[n, k] - target) / N
    return dz


def softmax_gradient_arrays(p, y):
    dz = p.copy()
    dz[np.arange(len(y)), y] -= 1
    return dz / len(y)


def softmax_gradient_one_hot(p, y):
    t = np.eye(p.shape[1])[y]
    return (p - t) / len(p)


SINGLE_PROBE = Probe(
    "2 examples with 6 classes in float32", {"p": softmax_loops(SINGLE[:2]), "y": np.array([5, 2])}
)


softmax_gradient = make_check(
    Exercise(
        name="softmax_gradient",
        contract="takes (p, y), p (N, K) the softmax of the scores z, y (N,) the true classes, "
        "whole numbers from 0; returns dz (N, K), the gradient of the mean cross-entropy by the "
        "scores. p is not changed.",
        outputs=("dz",),
        reference=softmax_gradient_loops,
        probes=(*PROBES, SINGLE_PROBE),
        hints=(
            "Row by row: where should the score rise, where should it fall?",
            "dz is p - y, with y as one-hot rows; each row adds up to 0.",
            "The loss is a mean over N examples, so all of it is divided by N.",
            "dz = p.copy(); dz[np.arange(N), y] -= 1; dz /= N",
        ),
        read=GRADIENT,
    )
)

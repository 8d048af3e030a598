"""The sigmoid, forward and backward (lesson 06)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .relu import BACKWARD_PROBES, PROBES, with_upstream

SIGMOID = "lesson 06, section 2: sigmoid: smooth, and hard to pass"


def sigmoid_forward_loops(z):
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] >= 0:
            a[index] = 1 / (1 + math.exp(-z[index]))
        else:
            a[index] = math.exp(z[index]) / (1 + math.exp(z[index]))
    return a


def sigmoid_forward_arrays(z):
    a = 1 / (1 + np.exp(-z))
    return a


def sigmoid_backward_loops(da, z):
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        e = math.exp(-abs(z[index]))
        a = 1 / (1 + e) if z[index] >= 0 else e / (1 + e)
        dz[index] = da[index] * a * (1 - a)
    return dz


def sigmoid_backward_arrays(da, z):
    a = 1 / (1 + np.exp(-z))
    return da * a * (1 - a)


FAR = np.array([[1000.0, -1000, 0, 2], [-2, 0.5, 30, -30]])
FAR_UP = np.array([[2.0, 3, -5, 7], [-11, 13, 17, 19]])


sigmoid_forward = make_check(
    Exercise(
        name="sigmoid_forward",
        contract="takes z of any shape; returns a = 1 / (1 + exp(-z)), the shape of z, or "
        "(a, cache). Right also at z = ±1000.",
        outputs=("a",),
        reference=sigmoid_forward_loops,
        probes=(*PROBES, Probe("scores up to ±1000", {"z": FAR})),
        hints=(
            "Each number by itself: 1 / (1 + exp(-z)).",
            "np.exp works on a whole array, and mind the brackets.",
            "For z far below 0, exp(z) / (1 + exp(z)) is the same number and never overflows.",
        ),
        read=SIGMOID,
    )
)

sigmoid_backward = make_check(
    Exercise(
        name="sigmoid_backward",
        contract="takes (da, z), two arrays of the same shape, z what the forward function got "
        "(not a); returns dz. Right also at z = ±1000.",
        outputs=("dz",),
        reference=sigmoid_backward_loops,
        probes=(
            *BACKWARD_PROBES,
            Probe("scores up to ±1000", with_upstream(FAR, FAR_UP)),
        ),
        hints=(
            "How steep is the sigmoid at z? It can be said with a alone.",
            "a' = a (1 - a), where a = 1 / (1 + exp(-z)): compute a from z first.",
            "dz = da * a * (1 - a), number by number.",
        ),
        read=SIGMOID,
    )
)

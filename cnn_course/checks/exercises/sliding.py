"""Cross-correlation and convolution of one signal or image with one kernel (lesson 01)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.arrays import quarters, whole_numbers
from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .convolution import TURN

ONE_AXIS = "lesson 01, section 1: by hand, in one dimension"
TWO_AXES = "lesson 01, section 2: by hand, in two dimensions"


def correlate1d_answer(x, w):
    n, k = len(x), len(w)
    z = np.zeros(n - k + 1, x.dtype)
    for i in range(n - k + 1):
        for u in range(k):
            z[i] += x[i + u] * w[u]
    return z


def correlate2d_answer(x, w):
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for i in range(H - K_h + 1):
        for j in range(W - K_w + 1):
            for u in range(K_h):
                for v in range(K_w):
                    z[i, j] += x[i + u, j + v] * w[u, v]
    return z


def convolve2d_answer(x, w):
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for i in range(H - K_h + 1):
        for j in range(W - K_w + 1):
            for u in range(K_h):
                for v in range(K_w):
                    z[i, j] += x[i + K_h - 1 - u, j + K_w - 1 - v] * w[u, v]
    return z


def convolve2d_flipped(x, w):
    w = w[::-1, ::-1]
    (H, W), (K_h, K_w) = x.shape, w.shape
    z = np.zeros((H - K_h + 1, W - K_w + 1), x.dtype)
    for i in range(H - K_h + 1):
        for j in range(W - K_w + 1):
            for u in range(K_h):
                for v in range(K_w):
                    z[i, j] += x[i + u, j + v] * w[u, v]
    return z


def _pair(about, x, w, single=False) -> Probe:
    arguments = {"x": np.asarray(x, float), "w": np.asarray(w, float)}
    return Probe(about, quarters(arguments) if single else arguments)


SIGNAL_PROBES = (
    _pair("the course's example, 5 numbers and 3 weights", [1, 2, 0, -1, 3], [2, 1, -1]),
    _pair("9 numbers and 4 weights", [3, -1, 4, 1, -5, 9, 2, -6, 5], [2, -3, 1, 4]),
    _pair("6 numbers and 2 weights, float32", [3, -1, 4, 1, -5, 7], [2, -3], single=True),
)
IMAGE_PROBES = (
    _pair("the course's 3×3 example", [[0, 1, 2], [3, -1, 1], [2, -2, 3]], [[-2, -1], [2, 3]]),
    _pair("7×10 pixels, kernel 3×3", *whole_numbers(30, (7, 10), (3, 3))),
    _pair("6×5 pixels, kernel 2×4, float32", *whole_numbers(31, (6, 5), (2, 4)), single=True),
)


correlate1d = make_check(
    Exercise(
        name="correlate1d",
        contract="takes (x, w), x (n,) and w (k,) with k ≤ n; returns the valid cross-correlation "
        "z (n - k + 1,), z[i] = sum over u of x[i + u] w[u].",
        outputs=("z",),
        reference=correlate1d_answer,
        probes=SIGNAL_PROBES,
        hints=(
            "At how many places does the whole kernel lie on x?",
            "One loop for the place i, one inside it for the cell u of the kernel.",
            "z[i] starts at 0 and gets x[i + u] · w[u] added for each u.",
        ),
        read=ONE_AXIS,
    )
)

correlate2d = make_check(
    Exercise(
        name="correlate2d",
        contract="takes (x, w), x (H, W) and w (K_h, K_w), which fits into x; returns the valid "
        "cross-correlation z (H - K_h + 1, W - K_w + 1), "
        "z[i, j] = sum over u, v of x[i + u, j + v] w[u, v].",
        outputs=("z",),
        reference=correlate2d_answer,
        probes=IMAGE_PROBES,
        hints=(
            "At how many places, down and to the right, does the whole kernel lie on x?",
            "Two loops for the place (i, j), two inside them for the cell (u, v) of the kernel.",
            "z[i, j] starts at 0 and gets x[i + u, j + v] · w[u, v] added for each u and v.",
        ),
        read=TWO_AXES,
    )
)

convolve2d = make_check(
    Exercise(
        name="convolve2d",
        contract="takes (x, w), x (H, W) and w (K_h, K_w), which fits into x; returns the valid "
        "convolution z (H - K_h + 1, W - K_w + 1), "
        "z[i, j] = sum over u, v of x[i + K_h - 1 - u, j + K_w - 1 - v] w[u, v].",
        outputs=("z",),
        reference=convolve2d_answer,
        probes=IMAGE_PROBES,
        hints=(
            "It is cross-correlation with one thing changed: which of x and w is read backward?",
            "While u goes from 0 to K_h - 1 through the kernel, the row of x goes from "
            "i + K_h - 1 down to i.",
            "z[i, j] starts at 0 and gets x[i + K_h - 1 - u, j + K_w - 1 - v] · w[u, v] added for "
            "each u and v.",
        ),
        read=TURN,
    )
)

"""Batch norm, backward (lesson 12)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .batchnorm import COLUMN, channels_apart

LINE = "lesson 12, section 7: the way back, in one line"


def batchnorm_backward_loops(dy, x, gamma, eps):
    C = x.shape[-1]
    x_rows, dy_rows = x.reshape(-1, C), dy.reshape(-1, C)
    m = len(x_rows)
    dx = np.zeros(x_rows.shape, x.dtype)
    dgamma, dbeta = np.zeros(C, x.dtype), np.zeros(C, x.dtype)
    for c in range(C):
        mean = var = 0.0
        for i in range(m):
            mean += x_rows[i, c] / m
        for i in range(m):
            var += (x_rows[i, c] - mean) ** 2 / m
        s = math.sqrt(var + eps)
        for i in range(m):
            dbeta[c] += dy_rows[i, c]
            dgamma[c] += dy_rows[i, c] * (x_rows[i, c] - mean) / s
        for i in range(m):
            xhat = (x_rows[i, c] - mean) / s
            dx[i, c] = gamma[c] / s * (dy_rows[i, c] - dbeta[c] / m - xhat * dgamma[c] / m)
    return dx.reshape(x.shape), dgamma, dbeta


def batchnorm_backward_arrays(dy, x, gamma, eps):
    axes = tuple(range(x.ndim - 1))
    m = x.size // x.shape[-1]
    s = np.sqrt(x.var(axis=axes) + eps)
    xhat = (x - x.mean(axis=axes)) / s
    dbeta = dy.sum(axis=axes)
    dgamma = (dy * xhat).sum(axis=axes)
    dx = gamma / s * (dy - dbeta / m - xhat * dgamma / m)
    return dx, dgamma, dbeta


def _probe(about, dy, x, gamma, eps) -> Probe:
    dtype = np.float32 if "float32" in about else float
    arrays = {"dy": dy, "x": x, "gamma": gamma}
    return Probe(about, {**{k: np.asarray(v, dtype) for k, v in arrays.items()}, "eps": eps})


batchnorm_backward = make_check(
    Exercise(
        name="batchnorm_backward",
        contract="takes (dy, x, gamma, eps), dy and x (N, C) or (N, H, W, C), gamma (C,); returns "
        "(dx, dgamma, dbeta), the shape of x and (C,) twice. In training: mean and variance are "
        "those of x, over all axes but the last.",
        outputs=("dx", "dgamma", "dbeta"),
        reference=batchnorm_backward_loops,
        probes=(
            _probe("4 numbers", [[-2], [1], [2], [3]], COLUMN, [6], 1e-5),
            _probe(
                "3 images 4×5×2, eps 0.5",
                *(channels_apart(3, (3, 4, 5, 2)), channels_apart(1, (3, 4, 5, 2)), [2, -3], 0.5),
            ),
            _probe(
                "7 examples with 3 numbers in float32",
                *(channels_apart(4, (7, 3)), channels_apart(2, (7, 3)), [2, -1, 0.5], 0.25),
            ),
        ),
        hints=(
            "Begin with dbeta and dgamma: the sums of dy and of dy · xhat over all axes but the "
            "last.",
            "x acts on y in three ways: directly, through the mean, and through the variance.",
            "Take out of dy its mean, and what of it lies along xhat: dy - mean of dy - xhat · "
            "mean of (dy · xhat).",
            "All of that is multiplied by gamma / sqrt(var + eps).",
        ),
        read=LINE,
    )
)

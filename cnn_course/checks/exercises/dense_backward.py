"""The dense layer, backward (lesson 06)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .dense import DENSE, dense_probes


def dense_backward_loops(dz, x, w):
    N, D = x.shape
    M = w.shape[1]
    dx, dw, db = np.zeros((N, D), x.dtype), np.zeros((D, M), w.dtype), np.zeros(M, w.dtype)
    for n in range(N):
        for m in range(M):
            db[m] += dz[n, m]
            for d in range(D):
                dw[d, m] += x[n, d] * dz[n, m]
                dx[n, d] += w[d, m] * dz[n, m]
    return dx, dw, db


def dense_backward_arrays(dz, x, w):
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


dense_backward = make_check(
    Exercise(
        name="dense_backward",
        contract="takes (dz, x, w), dz (N, M), x (N, D), w (D, M); returns (dx, dw, db), the "
        "shapes of x, of w and (M,).",
        outputs=("dx", "dw", "db"),
        reference=dense_backward_loops,
        probes=dense_probes("dz", "x", "w"),
        hints=(
            "Each product x[n, d] w[d, m] sends dz[n, m] back to both of its factors.",
            "Sum over the index that the result does not have: dw over n, dx over m, db over n.",
            "The shapes fit in one way only: dx (N, D), dw (D, M), db (M,).",
            "dx = dz @ w.T; dw and db in the same manner, x.T @ … and a sum over axis 0.",
        ),
        read=DENSE,
    )
)

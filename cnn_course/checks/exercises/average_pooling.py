"""Average-pooling, forward and backward (lesson 07)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .pooling import LOOPS, OVERLAP, pooling_probes


def avgpool2d_forward_loops(x, size, stride):
    N, H, W, C = x.shape
    H_out, W_out = (H - size) // stride + 1, (W - size) // stride + 1
    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for c in range(C):
                    total = 0
                    for u in range(size):
                        for v in range(size):
                            total += x[n, stride * i + u, stride * j + v, c]
                    a[n, i, j, c] = total / (size * size)
    return a


def avgpool2d_forward_slices(x, size, stride):
    N, H, W, C = x.shape
    H_out, W_out = (H - size) // stride + 1, (W - size) // stride + 1
    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n, i, j, c in np.ndindex(a.shape):
        top, left = stride * i, stride * j
        a[n, i, j, c] = x[n, top : top + size, left : left + size, c].mean()
    return a


def avgpool2d_backward_loops(da, x, size, stride):
    N, H_out, W_out, C = da.shape
    dx = np.zeros(x.shape, da.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for c in range(C):
                    for u in range(size):
                        for v in range(size):
                            row, column = stride * i + u, stride * j + v
                            dx[n, row, column, c] += da[n, i, j, c] / (size * size)
    return dx


def avgpool2d_backward_slices(da, x, size, stride):
    dx = np.zeros(x.shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        top, left = stride * i, stride * j
        dx[n, top : top + size, left : left + size, c] += da[n, i, j, c] / size**2
    return dx


avgpool2d_forward = make_check(
    Exercise(
        name="avgpool2d_forward",
        contract="takes (x, size, stride), x (N, H, W, C), whole numbers size (side of the square "
        "window) and stride; returns a (N, H_out, W_out, C), or (a, cache). Rows and columns that "
        "are left over at the bottom and right are not read.",
        outputs=("a",),
        reference=avgpool2d_forward_loops,
        probes=pooling_probes(backward=False),
        hints=(
            "Four indices choose the output (n, i, j, c); two walk through its window (u, v).",
            "The window of output [i, j] begins in row stride · i and column stride · j.",
            "Add up the window's numbers, then divide once, by how many there are.",
        ),
        read=LOOPS,
    )
)

avgpool2d_backward = make_check(
    Exercise(
        name="avgpool2d_backward",
        contract="takes (da, x, size, stride), da (N, H_out, W_out, C), the rest as in "
        "avgpool2d_forward (of x, only the shape matters); returns dx (N, H, W, C).",
        outputs=("dx",),
        reference=avgpool2d_backward_loops,
        probes=pooling_probes(backward=True),
        hints=(
            "How much does a[n, i, j, c] grow when one number of its window grows by h?",
            "Every number of the window gets the same share of da[n, i, j, c].",
            "Windows may overlap: add to dx, do not assign.",
            "dx[n, stride * i + u, stride * j + v, c] += da[n, i, j, c] / size**2, for all six "
            "indices.",
        ),
        read=OVERLAP,
    )
)

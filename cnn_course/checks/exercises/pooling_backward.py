"""Max-pooling, backward (lesson 07)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .pooling import LOOPS, pooling_probes


def maxpool2d_backward_loops(da, x, size, stride):
    N, H_out, W_out, C = da.shape
    dx = np.zeros(x.shape, da.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for c in range(C):
                    best_row, best_column = stride * i, stride * j
                    for u in range(size):
                        for v in range(size):
                            row, column = stride * i + u, stride * j + v
                            if x[n, row, column, c] > x[n, best_row, best_column, c]:
                                best_row, best_column = row, column
                    dx[n, best_row, best_column, c] += da[n, i, j, c]
    return dx


def maxpool2d_backward_argmax(da, x, size, stride):
    dx = np.zeros(x.shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        top, left = stride * i, stride * j
        place = x[n, top : top + size, left : left + size, c].argmax()
        row, column = top + place // size, left + place % size
        dx[n, row, column, c] += da[n, i, j, c]
    return dx


# Other right ways to treat a tie. Equal shares for all; all of it for the last; all of it for the
# first, or the last, of a window that is read column by column.


def maxpool2d_backward_split(da, x, size, stride):
    dx = np.zeros(x.shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        top, left = stride * i, stride * j
        window = x[n, top : top + size, left : left + size, c]
        share = (window == window.max()) / np.sum(window == window.max())
        dx[n, top : top + size, left : left + size, c] += da[n, i, j, c] * share
    return dx


def _last(da, x, size, stride):
    dx = np.zeros(x.shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        top, left = stride * i, stride * j
        place = x[n, top : top + size, left : left + size, c][::-1, ::-1].argmax()
        row, column = top + size - 1 - place // size, left + size - 1 - place % size
        dx[n, row, column, c] += da[n, i, j, c]
    return dx


def _first_by_columns(da, x, size, stride):
    dx = maxpool2d_backward_argmax(da.swapaxes(1, 2), x.swapaxes(1, 2), size, stride)
    return dx.swapaxes(1, 2)


def _last_by_columns(da, x, size, stride):
    return _last(da.swapaxes(1, 2), x.swapaxes(1, 2), size, stride).swapaxes(1, 2)


maxpool2d_backward = make_check(
    Exercise(
        name="maxpool2d_backward",
        contract="takes (da, x, size, stride), da (N, H_out, W_out, C), the rest as in "
        "maxpool2d_forward; returns dx (N, H, W, C). Where several numbers of a window are the "
        "largest, one of them gets all of the gradient (the first or the last, by rows or by "
        "columns), or they share it equally: each is right, if done everywhere.",
        outputs=("dx",),
        reference=maxpool2d_backward_loops,
        alternatives=(maxpool2d_backward_split, _last, _first_by_columns, _last_by_columns),
        probes=pooling_probes(backward=True),
        hints=(
            "Find each window's winner again: the same search as in the forward function.",
            "Its gradient is da[n, i, j, c]; every other number of the window gets nothing from "
            "this window.",
            "Windows may overlap: add to dx, do not assign.",
            "The winner stands in row stride · i + u, column stride · j + v of image n, channel c.",
        ),
        read=LOOPS,
    )
)

"""Exercises of lesson 07: max-pooling backward."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .pooling import (
    LOOPS,
    pooling_probes,
    windows,
)


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


# Which numbers of a window get its gradient, and how much of it.


def first(window):
    share = np.zeros(window.shape)
    share[np.unravel_index(window.argmax(), window.shape)] = 1
    return share


def split(window):
    return (window == window.max()) / np.sum(window == window.max())


def last(window):
    return first(window[::-1, ::-1])[::-1, ::-1]


def _sent_back(share, da, x, size, stride):
    dx = np.zeros(x.shape)
    for out, window in windows(x, size, stride):
        dx[window] += da[out] * share(x[window])
    return dx


def _sends(share):
    """The backward function with this way of sharing, and its name."""

    def backward(da, x, size, stride):
        return _sent_back(share, da, x, size, stride)

    backward.__name__ = share.__name__
    return backward


def first_by_columns(da, x, size, stride):
    return _sent_back(lambda window: first(window.T).T, da, x, size, stride)


def last_by_columns(da, x, size, stride):
    return _sent_back(lambda window: last(window.T).T, da, x, size, stride)


maxpool2d_backward = make_check(
    Exercise(
        name="maxpool2d_backward",
        contract="takes (da, x, size, stride), da (N, H_out, W_out, C), the rest as in "
        "maxpool2d_forward; returns dx (N, H, W, C). Where several numbers of a window are the "
        "largest, one of them gets all of the gradient (the first or the last, by rows or by "
        "columns), or they share it equally: each is right, if done everywhere.",
        outputs=("dx",),
        reference=maxpool2d_backward_loops,
        alternatives=(_sends(split), _sends(last), first_by_columns, last_by_columns),
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

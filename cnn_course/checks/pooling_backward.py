"""Exercises of lesson 07: max-pooling backward."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, make_check
from .pooling import (
    LOOPS,
    MASK,
    OVERLAP,
    SUMS,
    TIES,
    X_LINE,
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


def every(window):
    return (window == window.max()).astype(float)


def exchanged(window):
    return first(window).T


def negative_left_out(window):
    return first(window) * (window.max() > 0)


def smallest(window):
    return first(-window)


def all_of_it(window):
    return np.ones(window.shape)


def equal_shares(window):
    return np.ones(window.shape) / window.size


def corner(window):
    share = np.zeros(window.shape)
    share[0, 0] = 1
    return share


def times_its_value(window):
    return first(window) * window


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


def _stride_ignored(share, da, x, size, stride):
    dx = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(da.shape):
        window = n, slice(i, i + size), slice(j, j + size), c
        dx[window] += da[n, i, j, c] * share(x[window])
    return dx


def stride_ignored(da, x, size, stride):
    return _stride_ignored(first, da, x, size, stride)


def stride_ignored_split(da, x, size, stride):
    return _stride_ignored(split, da, x, size, stride)


def _stride_ignored_in_dx(share, da, x, size, stride):
    dx = np.zeros(x.shape)
    for (n, i, j, c), window in windows(x, size, stride):
        dx[n, i : i + size, j : j + size, c] += da[n, i, j, c] * share(x[window])
    return dx


def stride_ignored_in_dx(da, x, size, stride):
    return _stride_ignored_in_dx(first, da, x, size, stride)


def stride_ignored_in_dx_split(da, x, size, stride):
    return _stride_ignored_in_dx(split, da, x, size, stride)


def _winner_overwritten(share, da, x, size, stride):
    dx = np.zeros(x.shape)
    for out, window in windows(x, size, stride):
        given = share(x[window])
        dx[window] = np.where(given > 0, da[out] * given, dx[window])
    return dx


def winner_overwritten(da, x, size, stride):
    return _winner_overwritten(first, da, x, size, stride)


def winner_overwritten_split(da, x, size, stride):
    return _winner_overwritten(split, da, x, size, stride)


def _window_overwritten(share, da, x, size, stride):
    dx = np.zeros(x.shape)
    for out, window in windows(x, size, stride):
        dx[window] = da[out] * share(x[window])
    return dx


def window_overwritten(da, x, size, stride):
    return _window_overwritten(first, da, x, size, stride)


def window_overwritten_split(da, x, size, stride):
    return _window_overwritten(split, da, x, size, stride)


def corner_forgotten(da, x, size, stride):
    dx = np.zeros(x.shape)
    for (n, i, j, c), window in windows(x, size, stride):
        dx[n, :size, :size, c] += da[n, i, j, c] * first(x[window])
    return dx


def channel_0_winners(da, x, size, stride):
    same = np.repeat(x[..., :1], x.shape[3], axis=3)
    return _sent_back(first, da, same, size, stride)


def image_0_winners(da, x, size, stride):
    return _sent_back(first, da, np.repeat(x[:1], len(x), axis=0), size, stride)


def upstream_left_out(da, x, size, stride):
    return _sent_back(first, np.ones_like(da), x, size, stride)


def averaged_over_batch(da, x, size, stride):
    return _sent_back(first, da / len(x), x, size, stride)


def one_da_for_all(da, x, size, stride):
    return _sent_back(first, np.broadcast_to(da[:1, :1, :1], da.shape), x, size, stride)


def everywhere_equal(da, x, size, stride):
    """Every number of the window that equals the largest, wherever in the image it stands."""
    dx = np.zeros(x.shape)
    for (n, i, j, c), window in windows(x, size, stride):
        dx[n, :, :, c] += da[n, i, j, c] * (x[n, :, :, c] == x[window].max())
    return dx


SHOW = f"{X_LINE}\nda = np.array([[10.0, 20], [30, 40]]).reshape(1, 2, 2, 1)\n"
TIED = SHOW + "print(fn(da, x, 2, 2).sum(), da.sum())  # equal: nothing is made"
PLACES = SHOW + "print(fn(da, x, 2, 2)[0, :, :, 0])  # 10, 20, 30, 40 where the largest are"
SHARED = (
    "x = np.zeros((1, 3, 3, 1)); x[0, 1, 1, 0] = 9  # the largest of all four windows\n"
    "da = np.array([[1.0, 2], [3, 4]]).reshape(1, 2, 2, 1)\n"
    "print(fn(da, x, 2, 1)[0, :, :, 0])  # 10 in the middle, 0 elsewhere"
)
FAR = (
    "x = np.zeros((1, 6, 6, 1)); x[0, 4, 4, 0] = 9\n"
    "da = np.zeros((1, 2, 2, 1)); da[0, 1, 1, 0] = 5  # the window of rows and columns 3 to 5\n"
    "print(np.argwhere(fn(da, x, 3, 3)))  # [[0, 4, 4, 0]]"
)
CHANNELS = (
    "x = np.zeros((1, 2, 2, 2)); x[0, 0, 0, 0] = x[0, 1, 1, 1] = 9\n"
    "da = np.ones((1, 1, 1, 2))\n"
    "print(np.argwhere(fn(da, x, 2, 2)))  # [[0, 0, 0, 0], [0, 1, 1, 1]]"
)
IMAGES = (
    "x = np.zeros((2, 2, 2, 1)); x[0, 0, 0] = x[1, 1, 1] = 9\n"
    "da = np.ones((2, 1, 1, 1))\n"
    "print(np.argwhere(fn(da, x, 2, 2)))  # [[0, 0, 0, 0], [1, 1, 1, 0]]"
)
CORNER = (
    "window [i, j] starts in row stride · i and column stride · j of x, on the way back as on the "
    "way there."
)
ADD = "a number may win several windows, and then their gradients add up: += instead of =."


def _stride_mistake(id, wrong) -> Mistake:
    seen = "everything in your dx crowds into the upper left: it is what stride 1 would give."
    return Mistake(id, wrong, seen, CORNER, SUMS, FAR)


def _place_mistake(id, wrong) -> Mistake:
    seen = "the winners are right, but your dx puts their gradient in row i + u, column j + v."
    return Mistake(id, wrong, seen, CORNER, SUMS, FAR)


def _winner_mistake(id, wrong) -> Mistake:
    seen = "where windows share their largest number, your dx keeps only the last gradient."
    return Mistake(id, wrong, seen, ADD, OVERLAP, SHARED)


def _window_mistake(id, wrong) -> Mistake:
    seen = "where windows overlap, your dx keeps what the last of them writes, zeros too."
    return Mistake(id, wrong, seen, ADD, OVERLAP, SHARED)


maxpool2d_backward = make_check(
    Exercise(
        name="maxpool2d_backward",
        contract="takes (da, x, size, stride), da (N, H_out, W_out, C), the rest as in "
        "maxpool2d_forward; returns dx (N, H, W, C). Where several numbers of a window are the "
        "largest, one of them gets all of the gradient (the first or the last, by rows or by "
        "columns), or they share it equally: each is right, if done everywhere.",
        outputs=("dx",),
        reference=maxpool2d_backward_loops,
        also_right=(_sends(split), _sends(last), first_by_columns, last_by_columns),
        probes=pooling_probes(backward=True),
        mistakes=(
            Mistake(
                "every-tie-gets-all",
                _sends(every),
                "where several numbers are the largest, each of them gets the whole gradient.",
                "the mask x == max has a 1 for each of them; if all grow by h, the maximum grows "
                "by h, not by h for each.",
                TIES,
                TIED,
            ),
            _stride_mistake("stride-ignored", stride_ignored),
            _stride_mistake("stride-ignored-split", stride_ignored_split),
            _place_mistake("stride-ignored-in-dx", stride_ignored_in_dx),
            _place_mistake("stride-ignored-in-dx-split", stride_ignored_in_dx_split),
            _winner_mistake("winner-overwritten", winner_overwritten),
            _winner_mistake("winner-overwritten-split", winner_overwritten_split),
            _window_mistake("window-overwritten", window_overwritten),
            _window_mistake("window-overwritten-split", window_overwritten_split),
            Mistake(
                "winner-exchanged",
                _sends(exchanged),
                "in each window, your gradient goes to the winner's mirror image: row and column "
                "have changed places.",
                "argmax counts along the rows: row = place // size, column = place % size.",
                LOOPS,
                PLACES,
            ),
            Mistake(
                "corner-forgotten",
                corner_forgotten,
                "your dx is 0 outside the first window.",
                "the winner's place is counted from the corner of its window; the window's own "
                "row and column must be added.",
                LOOPS,
                FAR,
            ),
            Mistake(
                "negative-left-out",
                _sends(negative_left_out),
                "windows without a positive number send nothing back.",
                "their largest number is looked for above 0; it may be negative.",
                LOOPS,
                SHOW + "print(fn(da, x, 2, 2)[0, 2:, 2:, 0])  # a window of negative numbers: 40",
            ),
            Mistake(
                "smallest-gets-it",
                _sends(smallest),
                "your dx is at the smallest number of each window.",
                "a comparison points the wrong way (argmin for argmax, < for >).",
                MASK,
                PLACES,
            ),
            Mistake(
                "whole-window",
                _sends(all_of_it),
                "all numbers of a window get its whole gradient.",
                "the mask is missing: only the largest number moves the output.",
                MASK,
                TIED,
            ),
            Mistake(
                "equal-shares",
                _sends(equal_shares),
                "all numbers of a window share its gradient: that is average-pooling.",
                "a number that is not the largest does not move the maximum; its slope is 0.",
                MASK,
                PLACES,
            ),
            Mistake(
                "corner-gets-it",
                _sends(corner),
                "the upper left number of each window gets its gradient.",
                "the place of the winner is never looked for, or stays at its start.",
                MASK,
                PLACES,
            ),
            Mistake(
                "times-its-value",
                _sends(times_its_value),
                "the gradient at each winner is multiplied by the winner itself.",
                "the slope of max at its largest number is 1, not the number.",
                MASK,
                PLACES,
            ),
            Mistake(
                "channel-0-winners",
                channel_0_winners,
                "in every channel, the winners are those of channel 0.",
                "the channel index of x is 0 or missing; each channel has its own winners.",
                LOOPS,
                CHANNELS,
            ),
            Mistake(
                "image-0-winners",
                image_0_winners,
                "in every image, the winners are those of image 0.",
                "the image index of x is 0 or missing; each image has its own winners.",
                LOOPS,
                IMAGES,
            ),
            Mistake(
                "upstream-left-out",
                upstream_left_out,
                "your dx is the mask alone: it counts how many windows a number wins.",
                "the mask is the slope of this layer; the chain rule multiplies it by da.",
                MASK,
                PLACES,
            ),
            Mistake(
                "averaged-over-batch",
                averaged_over_batch,
                "your dx is right but for a factor 1/N.",
                "the loss has averaged over the batch already; no layer does it again.",
                "lesson 08, section 9: average exactly once",
                IMAGES.replace("argwhere(fn(da, x, 2, 2)", "max(fn(da, x, 2, 2)").replace(
                    "[[0, 0, 0, 0], [1, 1, 1, 0]]", "1"
                ),
            ),
            Mistake(
                "one-da-for-all",
                one_da_for_all,
                "every window sends back the da of the first one.",
                "da is read at [0, 0, 0, c]; it has a number for each window.",
                MASK,
                PLACES,
            ),
            Mistake(
                "winner-by-value",
                everywhere_equal,
                "each window's gradient also goes to equal numbers outside of the window.",
                "the whole image is compared with the largest number, not the window alone.",
                MASK,
                TIED,
            ),
        ),
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

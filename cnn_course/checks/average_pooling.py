"""Exercises of lesson 07: average-pooling, forward and backward."""

from __future__ import annotations

import numpy as np

from . import pooling
from .exercise import Exercise, Mistake, make_check
from .pooling import FORWARD, LOOPS, MASK, OVERLAP, STEPS, SUMS, TWO_CHANNELS, TWO_IMAGES, windows


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


def sum_taken(x, size, stride):
    return avgpool2d_forward_loops(x, size, stride) * size**2


def divided_by_side(x, size, stride):
    return avgpool2d_forward_loops(x, size, stride) * size


def divided_by_outputs(x, size, stride):
    a = avgpool2d_forward_loops(x, size, stride) * size**2
    return a / (a.shape[1] * a.shape[2])


def divided_by_image(x, size, stride):
    return avgpool2d_forward_loops(x, size, stride) * size**2 / (x.shape[1] * x.shape[2])


def divided_every_time(x, size, stride):
    a = np.zeros(pooling.out_shape(x, size, stride))
    for out, window in windows(x, size, stride):
        for number in x[window].flat:
            a[out] = (a[out] + number) / size**2
    return a


def last_number_alone(x, size, stride):
    return x[:, size - 1 :: stride, size - 1 :: stride] / size**2


def rounded_down(x, size, stride):
    return np.floor(avgpool2d_forward_loops(x, size, stride))


def stride_ignored(x, size, stride):
    _, H_out, W_out, _ = pooling.out_shape(x, size, stride)
    return avgpool2d_forward_loops(x, size, 1)[:, :H_out, :W_out]


def stride_is_size(x, size, stride):
    return avgpool2d_forward_loops(x, size, size)


def channels_mixed(x, size, stride):
    a = avgpool2d_forward_loops(x, size, stride)
    return np.repeat(a.mean(axis=3, keepdims=True), x.shape[3], axis=3)


def batch_mixed(x, size, stride):
    a = avgpool2d_forward_loops(x, size, stride)
    return np.repeat(a.mean(axis=0, keepdims=True), len(x), axis=0)


def window_short(x, size, stride):
    a = np.zeros(pooling.out_shape(x, size, stride))
    for n, i, j, c in np.ndindex(a.shape):
        top, left = stride * i, stride * j
        a[n, i, j, c] = x[n, top : top + size - 1, left : left + size - 1, c].mean()
    return a


def one_output_missing(x, size, stride):
    return avgpool2d_forward_loops(x, size, stride)[:, :-1, :-1]


def rows_columns_exchanged(x, size, stride):
    return avgpool2d_forward_loops(x, size, stride).swapaxes(1, 2)


def positive_alone(x, size, stride):
    return avgpool2d_forward_loops(np.maximum(x, 0), size, stride)


def not_divided(da, x, size, stride):
    return avgpool2d_backward_loops(da, x, size, stride) * size**2


def gradient_divided_by_side(da, x, size, stride):
    return avgpool2d_backward_loops(da, x, size, stride) * size


def gradient_divided_by_outputs(da, x, size, stride):
    return not_divided(da, x, size, stride) / (da.shape[1] * da.shape[2])


def gradient_divided_by_image(da, x, size, stride):
    return not_divided(da, x, size, stride) / (x.shape[1] * x.shape[2])


def overwritten(da, x, size, stride):
    dx = np.zeros(x.shape)
    for out, window in windows(x, size, stride):
        dx[window] = da[out] / size**2
    return dx


def gradient_stride_ignored(da, x, size, stride):
    return avgpool2d_backward_loops(da, x, size, 1)


def gradient_stride_is_size(da, x, size, stride):
    stretched = np.zeros(x.shape)
    _, H, W, _ = x.shape
    repeated = np.repeat(np.repeat(da, size, axis=1), size, axis=2)[:, :H, :W] / size**2
    stretched[:, : repeated.shape[1], : repeated.shape[2]] = repeated
    return stretched


def largest_gets_it(da, x, size, stride):
    dx = np.zeros(x.shape)
    for out, window in windows(x, size, stride):
        dx[window].flat[x[window].argmax()] += da[out]
    return dx


def corner_gets_it(da, x, size, stride):
    dx = np.zeros(x.shape)
    for (n, i, j, c), _ in windows(x, size, stride):
        dx[n, stride * i, stride * j, c] += da[n, i, j, c]
    return dx


def times_x(da, x, size, stride):
    return avgpool2d_backward_loops(da, x, size, stride) * x


def upstream_left_out(da, x, size, stride):
    return avgpool2d_backward_loops(np.ones_like(da), x, size, stride)


def averaged_over_batch(da, x, size, stride):
    return avgpool2d_backward_loops(da / len(da), x, size, stride)


def gradient_window_short(da, x, size, stride):
    dx = np.zeros(x.shape)
    for (n, i, j, c), _ in windows(x, size, stride):
        top, left = stride * i, stride * j
        dx[n, top : top + size - 1, left : left + size - 1, c] += da[n, i, j, c] / size**2
    return dx


def channels_added(da, x, size, stride):
    same = np.repeat(da.sum(axis=3, keepdims=True), da.shape[3], axis=3)
    return avgpool2d_backward_loops(same, x, size, stride)


def _forward(id, wrong, seen, why, read=FORWARD, experiment=None) -> Mistake:
    shown = (
        f"{pooling.X_LINE}\na = fn(x, 2, 2)\nprint(a[0, :, :, 0])  # [[1.75, 1], [-1.25, -3.25]]"
    )
    return Mistake(id, wrong, seen, why, read, experiment or shown)


def _backward(id, wrong, seen, why, read=MASK, experiment=None) -> Mistake:
    shown = (
        "x = np.full((1, 4, 6, 1), 3.0); da = np.arange(1.0, 7).reshape(1, 2, 3, 1)\n"
        "dx = fn(da, x, 2, 2)\n"
        "print(dx[0, :, :, 0], dx.sum(), da.sum())  # quarters of da; equal sums"
    )
    return Mistake(id, wrong, seen, why, read, experiment or shown)


GAP = STEPS.replace("[[6, 9], [21, 24]]", "[[3, 6], [18, 21]]")
OVERLAPPING = (
    "x = np.zeros((1, 3, 3, 1)); da = np.full((1, 2, 2, 1), 4.0)\n"
    "dx = fn(da, x, 2, 1)\nprint(dx[0, :, :, 0])  # the middle lies in all four windows: 4"
)
GAPS = (
    "x = np.zeros((1, 5, 5, 1)); da = np.full((1, 2, 2, 1), 4.0)\n"
    "dx = fn(da, x, 2, 3)  # windows in rows and columns 0, 1 and 3, 4\n"
    "print(dx[0, :, :, 0])  # 1 in the windows; 0 in row 2 and column 2"
)

avgpool2d_forward = make_check(
    Exercise(
        name="avgpool2d_forward",
        contract="takes (x, size, stride), x (N, H, W, C), whole numbers size (side of the square "
        "window) and stride; returns a (N, H_out, W_out, C), or (a, cache). Rows and columns that "
        "are left over at the bottom and right are not read.",
        outputs=("a",),
        reference=avgpool2d_forward_loops,
        probes=pooling.pooling_probes(backward=False),
        mistakes=(
            _forward(
                "not-divided",
                sum_taken,
                "your a holds the sum of each window.",
                "a mean is the sum divided by how many numbers there are, size · size.",
            ),
            _forward(
                "divided-by-side",
                divided_by_side,
                "your sums are divided by size, not by size · size.",
                "a square window with the side size holds size · size numbers.",
            ),
            _forward(
                "divided-by-outputs",
                divided_by_outputs,
                "your sums are divided by H_out · W_out.",
                "that is how many windows there are, not how many numbers are in one.",
                experiment=GAP.replace("25.0).reshape(1, 5, 5", "40.0).reshape(1, 5, 8")
                .replace("0 and 3", "0, 3 (and 6)")
                .replace("(1, 2, 2, 1): [[3, 6], [18, 21]]", "the first is 4.5"),
            ),
            _forward(
                "divided-by-image",
                divided_by_image,
                "your sums are divided by H · W.",
                "that is how many numbers the image has, not how many its windows have.",
            ),
            _forward(
                "divided-every-time",
                divided_every_time,
                "the earlier numbers of each window count less than the later ones.",
                "the running sum is divided inside of the loop, once for each number.",
                LOOPS,
            ),
            _forward(
                "last-number-alone",
                last_number_alone,
                "your a is the last number of each window, divided by size · size.",
                "in the loop, = replaces the sum so far; += adds to it.",
                LOOPS,
            ),
            _forward(
                "rounded-down",
                rounded_down,
                "your means are rounded down to whole numbers.",
                "the division is //, or the result was made with a whole-number dtype.",
            ),
            _forward(
                "largest-taken",
                pooling.maxpool2d_forward_loops,
                "your a holds the largest number of each window: that is max-pooling.",
                "average-pooling takes the mean of all of them.",
            ),
            _forward(
                "positive-alone",
                positive_alone,
                "negative numbers count as 0 in your means.",
                "something clips them first, a ReLU perhaps.",
            ),
            _forward(
                "stride-ignored",
                stride_ignored,
                "your a has the right shape, but its windows are one step apart.",
                "window [i, j] starts in row stride · i and column stride · j.",
                experiment=GAP,
            ),
            _forward(
                "stride-is-size",
                stride_is_size,
                "your windows stand side by side, whatever the stride.",
                "the stride is taken to be the size; they are two numbers, equal only by default.",
                experiment=GAP,
            ),
            _forward(
                "channels-mixed",
                channels_mixed,
                "all channels of your a are equal: the mean over all channels.",
                "the mean runs over the channel axis too; pooling treats each channel alone.",
                experiment=TWO_CHANNELS,
            ),
            _forward(
                "batch-mixed",
                batch_mixed,
                "all images of your a are equal: the mean over the whole batch.",
                "a slice x[:, …] in the mean takes every image at once.",
                experiment=TWO_IMAGES,
            ),
            _forward(
                "window-short",
                window_short,
                "your windows are a row and a column too small.",
                "a slice and a range end before their second number: start : start + size.",
                LOOPS,
            ),
            _forward(
                "one-output-missing",
                one_output_missing,
                "your a lacks its last row and its last column.",
                "the output size is (H - size) // stride + 1; the + 1 is the first window.",
                experiment=GAP,
            ),
            _forward(
                "rows-columns-exchanged",
                rows_columns_exchanged,
                "your a is transposed: its rows and columns have changed places.",
                "a[n, i, j, c] has the row first; H_out comes before W_out.",
                experiment="x = np.arange(24.0).reshape(1, 4, 6, 1)\na = fn(x, 2, 2)\n"
                "print(a.shape)  # (1, 2, 3, 1)",
            ),
        ),
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
        probes=pooling.pooling_probes(backward=True),
        mistakes=(
            _backward(
                "not-divided",
                not_divided,
                "every number of a window gets its whole gradient: dx is size · size times too "
                "large.",
                "each number counts 1/(size · size) in the mean, so it gets that share.",
            ),
            _backward(
                "divided-by-side",
                gradient_divided_by_side,
                "your dx is size times too large.",
                "a window has size · size numbers, and each gets one share.",
            ),
            _backward(
                "divided-by-outputs",
                gradient_divided_by_outputs,
                "your shares are da / (H_out · W_out).",
                "a window's gradient is shared by the size · size numbers of that window, not by "
                "the windows.",
            ),
            _backward(
                "divided-by-image",
                gradient_divided_by_image,
                "your shares are da / (H · W).",
                "a window's gradient is shared by the numbers of that window, not of the image.",
            ),
            _backward(
                "overwritten",
                overwritten,
                "where windows overlap, your dx keeps only the last gradient.",
                "a number that lies in several windows gets a share from each: += instead of =.",
                OVERLAP,
                OVERLAPPING,
            ),
            _backward(
                "stride-ignored",
                gradient_stride_ignored,
                "everything in your dx crowds into the upper left: it is what stride 1 would give.",
                "window [i, j] starts in row stride · i and column stride · j of dx.",
                SUMS,
                GAPS,
            ),
            _backward(
                "stride-is-size",
                gradient_stride_is_size,
                "your dx is da with every number repeated: windows side by side.",
                "that is right where the stride equals the size; elsewhere windows overlap or have "
                "gaps between them.",
                OVERLAP,
                GAPS,
            ),
            _backward(
                "largest-gets-it",
                largest_gets_it,
                "only the largest number of each window gets a gradient: that is max-pooling.",
                "every number of the window moves the mean, each by the same.",
            ),
            _backward(
                "corner-gets-it",
                corner_gets_it,
                "only the upper left number of each window gets a gradient.",
                "the loop over the places (u, v) of the window is missing.",
            ),
            _backward(
                "times-x",
                times_x,
                "your dx is multiplied by x.",
                "the slope of a mean is 1/(size · size), whatever the numbers are.",
            ),
            _backward(
                "upstream-left-out",
                upstream_left_out,
                "your dx does not depend on da: it is what da = 1 would give.",
                "1/(size · size) is the slope of this layer; the chain rule multiplies it by da.",
            ),
            _backward(
                "averaged-over-batch",
                averaged_over_batch,
                "your dx is right but for a factor 1/N.",
                "the loss has averaged over the batch already; no layer does it again.",
                "lesson 08, section 9: average exactly once",
                "x = np.ones((2, 2, 2, 1)); da = np.full((2, 1, 1, 1), 4.0)\n"
                "dx = fn(da, x, 2, 2)\nprint(dx.max())  # 1",
            ),
            _backward(
                "window-short",
                gradient_window_short,
                "the last row and column of each window get nothing.",
                "a slice and a range end before their second number: start : start + size.",
                LOOPS,
            ),
            _backward(
                "channels-added",
                channels_added,
                "every channel of your dx gets the gradients of all channels.",
                "da is summed over the channels; pooling treats each channel alone.",
                experiment="x = np.zeros((1, 2, 2, 2)); da = np.array([4.0, 8]).reshape(1, 1, 1, 2)"
                "\ndx = fn(da, x, 2, 2)\nprint(dx[..., 0].max(), dx[..., 1].max())  # 1 and 2",
            ),
        ),
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

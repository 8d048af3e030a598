"""Exercises of lesson 07: max-pooling forward, and what all of pooling shares."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

FORWARD = "lesson 07, section 1: forward, by hand"
MASK = "lesson 07, section 3: backward: the mask"
TIES = "lesson 07, section 4: ties: who gets it when two are the largest?"
LOOPS = "lesson 07, section 5: in code, with loops"
OVERLAP = "lesson 07, section 6: when windows overlap"
SUMS = "lesson 07, section 7: a test that needs no reference: nothing is lost, nothing is made"

TIED = [[1, 3, 2, 0], [3, 0, 1, 1], [0, -1, -2, -4], [-1, -3, -5, -2]]  # lesson 07's X


def out_shape(x, size, stride) -> tuple[int, int, int, int]:
    N, H, W, C = x.shape
    return N, (H - size) // stride + 1, (W - size) // stride + 1, C


def windows(x, size, stride):
    """Pairs of indices: of an output, and of its window in x."""
    for n, i, j, c in np.ndindex(out_shape(x, size, stride)):
        top, left = stride * i, stride * j
        yield (n, i, j, c), (n, slice(top, top + size), slice(left, left + size), c)


def _images(seed: int, shape) -> np.ndarray:
    """Whole numbers, many negative, not C-contiguous.

    They tend to fall from the upper left, in the second image to rise: where a window of a wrong
    place is read, its numbers are larger in one of them.
    """
    N, H, W, C = shape
    x = np.random.default_rng(seed).integers(-3, 4, (N, C, H, W)).astype(float)
    row, column = np.ogrid[:H, :W]
    falling = 4 - row // 2 - column // 2
    x += falling
    x[1:2] -= 2 * falling
    return x.transpose(0, 2, 3, 1)


def upstream(seed: int, shape) -> np.ndarray:
    """Whole numbers, all different, half of them negative."""
    numbers = np.random.default_rng(seed).permutation(int(np.prod(shape))) + 1.0
    return np.where(numbers % 2, numbers, -numbers).reshape(shape)


def pooling_probes(backward: bool) -> tuple[Probe, ...]:
    """The lesson's X; overlapping windows with a rest; gaps between the windows, in float32."""
    cases = (
        ("1 image 4×4 with ties, size 2, stride 2", np.array(TIED, float)[None, :, :, None], 2, 2),
        ("3 images 13×15×2 with a rest, size 4, stride 2", _images(1, (3, 13, 15, 2)), 4, 2),
        ("1 image 20×24×2 in float32, size 3, stride 4", _images(2, (1, 20, 24, 2)), 3, 4),
    )
    probes = []
    for seed, (about, x, size, stride) in enumerate(cases):
        x = x.astype(np.float32) if "float32" in about else x
        arguments = {"x": x, "size": size, "stride": stride}
        if backward:
            da = upstream(seed, out_shape(x, size, stride)).astype(x.dtype)
            if seed == 0:
                da = np.array([10.0, 20, 30, 40]).reshape(1, 2, 2, 1)
            arguments = {"da": da, **arguments}
        probes.append(Probe(about, arguments))
    return tuple(probes)


FAR_BELOW = Probe(  # where a search that begins with some "small" number finds only that
    "1 image 2×4 of numbers near −10¹⁵, size 2, stride 2",
    {"x": np.arange(8.0).reshape(1, 2, 4, 1) ** 2 - 1e15, "size": 2, "stride": 2},
)


def maxpool2d_forward_loops(x, size, stride):
    N, H, W, C = x.shape
    H_out, W_out = (H - size) // stride + 1, (W - size) // stride + 1
    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for c in range(C):
                    best = x[n, stride * i, stride * j, c]
                    for u in range(size):
                        for v in range(size):
                            best = max(best, x[n, stride * i + u, stride * j + v, c])
                    a[n, i, j, c] = best
    return a


def starts_at_zero(x, size, stride):
    return np.maximum(0, maxpool2d_forward_loops(x, size, stride))


def stride_ignored(x, size, stride):
    _, H_out, W_out, _ = out_shape(x, size, stride)
    return maxpool2d_forward_loops(x, size, 1)[:, :H_out, :W_out]


def stride_is_size(x, size, stride):
    return maxpool2d_forward_loops(x, size, size)


def smallest_taken(x, size, stride):
    return -maxpool2d_forward_loops(-x, size, stride)


def mean_taken(x, size, stride):
    a = np.zeros(out_shape(x, size, stride))
    for out, window in windows(x, size, stride):
        a[out] = x[window].mean()
    return a


def channels_mixed(x, size, stride):
    a = maxpool2d_forward_loops(x, size, stride)
    return np.repeat(a.max(axis=3, keepdims=True), x.shape[3], axis=3)


def batch_mixed(x, size, stride):
    a = maxpool2d_forward_loops(x, size, stride)
    return np.repeat(a.max(axis=0, keepdims=True), len(x), axis=0)


def channel_0_reused(x, size, stride):
    return maxpool2d_forward_loops(np.repeat(x[..., :1], x.shape[3], axis=3), size, stride)


def image_0_reused(x, size, stride):
    return maxpool2d_forward_loops(np.repeat(x[:1], len(x), axis=0), size, stride)


def _with_window(x, size, stride, taken):
    a = np.zeros(out_shape(x, size, stride))
    for n, i, j, c in np.ndindex(a.shape):
        top, left = stride * i, stride * j
        a[n, i, j, c] = x[n, top : top + taken, left : left + taken, c].max()
    return a


def window_short(x, size, stride):
    return _with_window(x, size, stride, size - 1)


def window_long(x, size, stride):
    return _with_window(x, size, stride, size + 1)


def size_rounded_up(x, size, stride):
    missing = [-(n - size) % stride for n in x.shape[1:3]]
    pads = ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0))
    return maxpool2d_forward_loops(np.pad(x, pads, constant_values=-np.inf), size, stride)


def one_output_missing(x, size, stride):
    return maxpool2d_forward_loops(x, size, stride)[:, :-1, :-1]


def rows_columns_exchanged(x, size, stride):
    return maxpool2d_forward_loops(x, size, stride).swapaxes(1, 2)


def windows_exchanged(x, size, stride):
    a = np.zeros(out_shape(x, size, stride))
    for n, i, j, c in np.ndindex(a.shape):
        top, left = stride * j, stride * i
        a[n, i, j, c] = x[n, top : top + size, left : left + size, c].max()
    return a


def indices_exchanged(x, size, stride):
    a = np.full(out_shape(x, size, stride), -np.inf)
    for n, i, j, c in np.ndindex(a.shape):
        for u, v in np.ndindex(size, size):
            a[n, i, j, c] = max(a[n, i, j, c], x[n, stride * j + v, stride * i + u, c])
    return a


def corner_taken(x, size, stride):
    return x[:, size - 1 :: stride, size - 1 :: stride].copy()


def largest_magnitude(x, size, stride):
    a = np.zeros(out_shape(x, size, stride))
    for out, window in windows(x, size, stride):
        a[out] = x[window].flat[np.abs(x[window]).argmax()]
    return a


X_LINE = f"x = np.array({TIED}, float)[None, :, :, None]"
SHOW_FORWARD = f"{X_LINE}\na = fn(x, 2, 2)\nprint(a[0, :, :, 0])  # "
TWO_CHANNELS = (
    "x = np.arange(32.0).reshape(1, 4, 4, 2); x[..., 1] += 100  # channel 1 is 100 larger\n"
    "a = fn(x, 2, 2)\nprint(a[..., 1] - a[..., 0])  # 101 everywhere"
)
TWO_IMAGES = (
    "x = np.arange(32.0).reshape(2, 4, 4, 1)  # image 1 is image 0 plus 16\n"
    "a = fn(x, 2, 2)\nprint(a[1] - a[0])  # 16 everywhere"
)
LONG = (
    "x = np.arange(24.0).reshape(1, 4, 6, 1)\n"
    "a = fn(x, 2, 2)\nprint(a.shape, a[0, :, :, 0])  # (1, 2, 3, 1): [[7, 9, 11], [19, 21, 23]]"
)
STEPS = (
    "x = np.arange(25.0).reshape(1, 5, 5, 1)\n"
    "a = fn(x, 2, 3)  # windows start in rows and columns 0 and 3\n"
    "print(a.shape, a[0, :, :, 0])  # (1, 2, 2, 1): [[6, 9], [21, 24]]"
)

maxpool2d_forward = make_check(
    Exercise(
        name="maxpool2d_forward",
        contract="takes (x, size, stride), x (N, H, W, C), whole numbers size (side of the square "
        "window) and stride; returns a (N, H_out, W_out, C), or (a, cache). Rows and columns that "
        "are left over at the bottom and right are not read.",
        outputs=("a",),
        reference=maxpool2d_forward_loops,
        probes=(*pooling_probes(backward=False), FAR_BELOW),
        mistakes=(
            Mistake(
                "starts-at-zero",
                starts_at_zero,
                "where all numbers of a window are negative, your a holds 0.",
                "the search for the largest begins with 0 (or with a padding of zeros), and no "
                "negative number beats that.",
                LOOPS,
                SHOW_FORWARD + "the last one is -2, not 0",
            ),
            Mistake(
                "stride-ignored",
                stride_ignored,
                "your a has the right shape, but its windows are one step apart.",
                "window [i, j] starts in row stride · i and column stride · j, not in row i and "
                "column j.",
                FORWARD,
                STEPS,
            ),
            Mistake(
                "stride-is-size",
                stride_is_size,
                "your windows stand side by side, whatever the stride.",
                "the stride is taken to be the size; they are two numbers, equal only by default.",
                FORWARD,
                STEPS,
            ),
            Mistake(
                "smallest-taken",
                smallest_taken,
                "your a holds the smallest number of each window.",
                "a comparison points the wrong way (< for >, min for max).",
                FORWARD,
                SHOW_FORWARD + "[[3, 2], [0, -2]]",
            ),
            Mistake(
                "mean-taken",
                mean_taken,
                "your a holds the mean of each window: that is average-pooling.",
                "max-pooling keeps the largest number and forgets the others.",
                FORWARD,
                SHOW_FORWARD + "[[3, 2], [0, -2]]",
            ),
            Mistake(
                "channels-mixed",
                channels_mixed,
                "all channels of your a are equal: the largest over all channels.",
                "the maximum runs over the channel axis too; pooling treats each channel alone.",
                FORWARD,
                TWO_CHANNELS,
            ),
            Mistake(
                "batch-mixed",
                batch_mixed,
                "all images of your a are equal: the largest over the whole batch.",
                "a slice x[:, …] in the maximum takes every image at once.",
                FORWARD,
                TWO_IMAGES,
            ),
            Mistake(
                "channel-0-reused",
                channel_0_reused,
                "every channel of your a is what channel 0 gives.",
                "the channel index on the right-hand side is 0 or missing.",
                LOOPS,
                TWO_CHANNELS,
            ),
            Mistake(
                "image-0-reused",
                image_0_reused,
                "every image of your a is what image 0 gives.",
                "the image index on the right-hand side is 0 or missing.",
                LOOPS,
                TWO_IMAGES,
            ),
            Mistake(
                "window-short",
                window_short,
                "your windows are a row and a column too small.",
                "a slice and a range end before their second number: size numbers need "
                "start : start + size.",
                LOOPS,
                "x = np.arange(16.0).reshape(1, 4, 4, 1)\na = fn(x, 2, 2)\n"
                "print(a[0, :, :, 0])  # the lower right of each window: [[5, 7], [13, 15]]",
            ),
            Mistake(
                "window-long",
                window_long,
                "your windows are a row and a column too large.",
                "size numbers from start on are start : start + size, and range(size) for loops.",
                LOOPS,
                "x = np.arange(16.0).reshape(1, 4, 4, 1)\na = fn(x, 2, 2)\n"
                "print(a[0, :, :, 0])  # the lower right of each window: [[5, 7], [13, 15]]",
            ),
            Mistake(
                "size-rounded-up",
                size_rounded_up,
                "your a has a row or column more: windows that hang over the edge.",
                "the division in the output size is rounded up; what is left over is not read.",
                FORWARD,
                STEPS.replace("25.0).reshape(1, 5, 5, 1", "36.0).reshape(1, 6, 6, 1").replace(
                    "[[6, 9], [21, 24]]", "[[7, 10], [25, 28]]"
                ),
            ),
            Mistake(
                "one-output-missing",
                one_output_missing,
                "your a lacks its last row and its last column.",
                "the output size is (H - size) // stride + 1; the + 1 is the first window.",
                FORWARD,
                STEPS,
            ),
            Mistake(
                "rows-columns-exchanged",
                rows_columns_exchanged,
                "your a is transposed: its rows and columns have changed places.",
                "a[n, i, j, c] has the row first; H_out comes before W_out.",
                FORWARD,
                LONG,
            ),
            Mistake(
                "windows-exchanged",
                windows_exchanged,
                "your window [i, j] starts in row stride · j and column stride · i.",
                "i counts rows and j counts columns, in a and in x.",
                FORWARD,
                LONG,
            ),
            Mistake(
                "indices-exchanged",
                indices_exchanged,
                "your loops read x[n, stride · j + v, stride · i + u, c].",
                "i and u count rows, j and v count columns, in a and in x.",
                FORWARD,
                LONG,
            ),
            Mistake(
                "corner-taken",
                corner_taken,
                "your a holds the lower right number of each window.",
                "the last number always replaces the best so far: the comparison is missing.",
                LOOPS,
                SHOW_FORWARD + "[[3, 2], [0, -2]]",
            ),
            Mistake(
                "largest-magnitude",
                largest_magnitude,
                "your a holds the numbers furthest from 0, negative ones too.",
                "the absolute values are compared; -5 is smaller than -2.",
                FORWARD,
                SHOW_FORWARD + "[[3, 2], [0, -2]]",
            ),
        ),
        hints=(
            "Four indices choose the output (n, i, j, c); two walk through its window (u, v).",
            "The window of output [i, j] begins in row stride · i and column stride · j.",
            "Begin the search with the window's own first number, not with 0.",
            "For arrays instead of loops: x[n, top : top + size, left : left + size, c].max().",
        ),
        read=LOOPS,
    )
)

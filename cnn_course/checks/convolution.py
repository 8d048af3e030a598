"""The convolutional layer, forward (lesson 03)."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

BY_HAND = "lesson 03, section 1: by hand"
FORMULA = "lesson 03, section 2: the formula grows, one index at a time"
LOOPS = "lesson 03, section 3: in code, with loops"
AXES = "lesson 03, section 7: why the axes stand in this order"
MATRIX = "lesson 10, section 4: in code"
TURN = "lesson 01, section 4: convolution turns the kernel"
STRIDE = "lesson 02, section 1: by hand: steps of two"
SIZE = "lesson 02, section 2: the size formula, with its floor"
PADDING = "lesson 02, section 3: padding: three sizes to choose from"


def whole(seed: int, *shapes) -> list[np.ndarray]:
    """Arrays of small whole numbers, as floats: sums of their products have no rounding."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(float) for shape in shapes]


def _example() -> dict:
    x = np.array([[0.0, 1, 2], [3, -1, 1], [2, -2, 3]]).reshape(1, 3, 3, 1)
    w = np.array([[-2.0, -1], [2, 3]]).reshape(2, 2, 1, 1)
    return {"x": x, "w": w, "b": np.array([1.0]), "stride": 1, "padding": 0}


def _layer(seed, x_shape, w_shape, stride, padding) -> dict:
    x, w, b = whole(seed, x_shape, w_shape, w_shape[3])
    w[w == 0], b[b == 0] = 2, 3  # 0 would hide what is done with it
    return {"x": x, "w": w, "b": b, "stride": stride, "padding": padding}


def quarters(arguments: dict) -> dict:
    """The same call in float32, with numbers that are not whole."""
    return {
        name: (value / 4).astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }


LAYER_PROBES = (
    Probe("the course's 3×3 example, stride 1, padding 0", _example()),
    Probe(
        "3 images 6×9×2, 4 filters 3×3, stride 2, padding 1",
        _layer(2, (3, 6, 9, 2), (3, 3, 2, 4), 2, 1),
    ),
    Probe(
        "2 images 9×5×3, 2 filters 5×2, stride 3, padding 1, float32",
        quarters(_layer(3, (2, 9, 5, 3), (5, 2, 3, 2), 3, 1)),
    ),
    Probe(
        "1 image 8×6×1, 1 filter 2×2, stride 4, padding 2",
        _layer(8, (1, 8, 6, 1), (2, 2, 1, 1), 4, 2),
    ),
    Probe(
        "1 image 1×2×1, 1 filter 1×1, stride 1, padding 3",
        _layer(5, (1, 1, 2, 1), (1, 1, 1, 1), 1, 3),
    ),
    Probe(
        "1 image 1×1×1, 1 filter 5×5, stride 1, padding 2",
        _layer(6, (1, 1, 1, 1), (5, 5, 1, 1), 1, 2),
    ),
)


def conv2d_forward_answer(x, w, b, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    s, p = stride, padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    H_out = (H + 2 * p - K_h) // s + 1
    W_out = (W + 2 * p - K_w) // s + 1
    z = np.zeros((N, H_out, W_out, C_out), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for f in range(C_out):
                    total = b[f]
                    for u in range(K_h):
                        for v in range(K_w):
                            for c in range(C_in):
                                total += x[n, s * i + u, s * j + v, c] * w[u, v, c, f]
                    z[n, i, j, f] = total
    return z


# What the wrong implementations are made of.


def sizes(x, w, s, p) -> tuple[int, int]:
    """(H_out, W_out)."""
    return tuple((n + 2 * p - k) // s + 1 for n, k in zip(x.shape[1:3], w.shape[:2], strict=True))


def padded(x, before, after=None, mode="constant") -> np.ndarray:
    """x with `before` zeros above and left and `after` (the same if None) below and right."""
    ends = (before, before if after is None else after)
    return np.pad(x, ((0, 0), ends, ends, (0, 0)), mode)


def windows(x, size, s, out) -> np.ndarray:
    """(N, H_out, W_out, K_h, K_w, C): the windows of a padded x."""
    (K_h, K_w), (H_out, W_out) = size, out
    cells = np.zeros((len(x), H_out, W_out, K_h, K_w, x.shape[3]), x.dtype)
    for i in range(H_out):
        for j in range(W_out):
            cells[:, i, j] = x[:, s * i : s * i + K_h, s * j : s * j + K_w]
    return cells


def sums(x, w, s, out) -> np.ndarray:
    """The layer without bias, on a padded x."""
    return np.tensordot(windows(x, w.shape[:2], s, out), w, 3)


def right(x, w, b, stride, padding):
    return sums(padded(x, padding), w, stride, sizes(x, w, stride, padding)) + b


# Wrong windows


def kernel_turned(x, w, b, stride, padding):
    return right(x, w[::-1, ::-1], b, stride, padding)


def kernel_transposed(x, w, b, stride, padding):
    if w.shape[0] != w.shape[1]:
        raise IndexError("w[v, u] is outside of w.")
    return right(x, w.swapaxes(0, 1), b, stride, padding)


def stride_ignored(x, w, b, stride, padding):
    return sums(padded(x, padding), w, 1, sizes(x, w, stride, padding)) + b


def stride_one_everywhere(x, w, b, stride, padding):
    return right(x, w, b, 1, padding)


def stride_in_rows_only(x, w, b, stride, padding):
    H_out, W_out = sizes(x, w, stride, padding)
    H_all = sizes(x, w, 1, padding)[0]
    every = sums(padded(x, padding), w, 1, (H_all, W_out))
    return every[:, ::stride][:, :H_out] + b


def first_window_everywhere(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    z[:] = z[:, :1, :1]
    return z


def last_window_missing(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    z[:, -1] = z[:, :, -1] = 0
    return z


def last_weight_missing(x, w, b, stride, padding):
    w = w.copy()
    w[-1] = w[:, -1] = 0
    return right(x, w, b, stride, padding)


def last_row_missing(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    z[:, -1] = 0
    return z


def windows_transposed(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    if z.shape[1] != z.shape[2]:
        raise IndexError("the window (j, i) is outside of x.")
    return z.swapaxes(1, 2)


# Wrong padding and sizes


def padding_on_all_axes(x, w, b, stride, padding):
    N, _, _, C_in = x.shape
    return right(np.pad(x, padding)[:N, ..., :C_in], w, b, stride, 0)


def padding_not_added(x, w, b, stride, padding):
    K_h, K_w, _, C_out = w.shape
    z = np.zeros((len(x), *sizes(x, w, stride, padding), C_out), x.dtype)
    for n, i, j, f in np.ndindex(z.shape):
        z[n, i, j, f] = b[f]
        for u in range(K_h):
            for v in range(K_w):
                z[n, i, j, f] += x[n, stride * i + u, stride * j + v] @ w[u, v, :, f]
    return z


def padding_ignored(x, w, b, stride, padding):
    return right(x, w, b, stride, 0)


def padding_after_only(x, w, b, stride, padding):
    return sums(padded(x, 0, 2 * padding), w, stride, sizes(x, w, stride, padding)) + b


def padding_before_only(x, w, b, stride, padding):
    return sums(padded(x, 2 * padding, 0), w, stride, sizes(x, w, stride, padding)) + b


def padding_not_zero(x, w, b, stride, padding):
    x_padded = padded(x, padding, mode="edge")
    return sums(x_padded, w, stride, sizes(x, w, stride, padding)) + b


def _with_size(x, w, b, s, p, size):
    """The right windows, but as many as `size(n, k)` says; zeros where x ends."""
    out = tuple(size(n, k) for n, k in zip(x.shape[1:3], w.shape[:2], strict=True))
    return sums(padded(x, p, p + s + 2 * p), w, s, out) + b


def size_without_padding(x, w, b, stride, padding):
    return _with_size(x, w, b, stride, padding, lambda n, k: (n - k) // stride + 1)


def size_with_padding_once(x, w, b, stride, padding):
    return _with_size(x, w, b, stride, padding, lambda n, k: (n + padding - k) // stride + 1)


def size_without_one(x, w, b, stride, padding):
    return _with_size(x, w, b, stride, padding, lambda n, k: (n + 2 * padding - k) // stride)


def size_one_inside(x, w, b, stride, padding):
    return _with_size(x, w, b, stride, padding, lambda n, k: (n + 2 * padding - k + 1) // stride)


def size_rounded_up(x, w, b, stride, padding):
    return _with_size(x, w, b, stride, padding, lambda n, k: -((k - n - 2 * padding) // stride) + 1)


def size_swapped(x, w, b, stride, padding):
    return right(x, w, b, stride, padding).swapaxes(1, 2)


def windows_beyond_the_end(x, w, b, stride, padding):
    x, (K_h, K_w, _, C_out) = padded(x, padding), w.shape
    H_out, W_out = (
        -((k - n) // stride) + 1 for n, k in zip(x.shape[1:3], w.shape[:2], strict=True)
    )
    z = np.zeros((len(x), H_out, W_out, C_out), x.dtype)
    for n, i, j, f in np.ndindex(z.shape):
        z[n, i, j, f] = b[f]
        for u in range(K_h):
            for v in range(K_w):
                z[n, i, j, f] += x[n, stride * i + u, stride * j + v] @ w[u, v, :, f]
    return z


def shape_of_z_swapped(x, w, b, stride, padding):
    every = right(x, w, b, stride, padding)
    N, H_out, W_out, C_out = every.shape
    z = np.zeros((N, W_out, H_out, C_out), x.dtype)
    for n, i, j, f in np.ndindex(every.shape):
        z[n, i, j, f] = every[n, i, j, f]
    return z


# Images, channels, filters


def images_summed(x, w, b, stride, padding):
    z = right(x, w, 0 * b, stride, padding)
    z[:] = z.sum(axis=0)
    return z + b


def first_image_everywhere(x, w, b, stride, padding):
    return right(np.broadcast_to(x[:1], x.shape), w, b, stride, padding)


def last_image_only(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    z[:-1] = 0
    return z


def first_channel_only(x, w, b, stride, padding):
    return right(x[..., :1], w[:, :, :1], b, stride, padding)


def last_channel_only(x, w, b, stride, padding):
    return right(x[..., -1:], w[:, :, -1:], b, stride, padding)


def first_filter_everywhere(x, w, b, stride, padding):
    return right(x, np.broadcast_to(w[..., :1], w.shape), b, stride, padding)


def filters_reshaped(x, w, b, stride, padding):
    w_cut = w.reshape(w.shape[3], -1).T.reshape(w.shape)
    return right(x, w_cut, b, stride, padding)


def output_channels_first(x, w, b, stride, padding):
    return right(x, w, b, stride, padding).transpose(0, 3, 1, 2)


def output_reshaped(x, w, b, stride, padding):
    z = right(x, w, b, stride, padding)
    N, H_out, W_out, C_out = z.shape
    return z.reshape(N, C_out, H_out, W_out).transpose(0, 2, 3, 1)


# Sum and bias


def _last_products(x, w, stride, padding):
    last = np.zeros_like(w)
    last[-1, -1, -1] = w[-1, -1, -1]
    return right(x, last, np.zeros(w.shape[3], w.dtype), stride, padding)


def product_overwrites_all(x, w, b, stride, padding):
    return _last_products(x, w, stride, padding)


def product_overwrites_sum(x, w, b, stride, padding):
    return _last_products(x, w, stride, padding) + b


def mean_for_sum(x, w, b, stride, padding):
    return right(x, w / w[..., 0].size, b, stride, padding)


def bias_missing(x, w, b, stride, padding):
    return right(x, w, 0 * b, stride, padding)


def bias_for_every_product(x, w, b, stride, padding):
    return right(x, w, b * w[..., 0].size, stride, padding)


def bias_for_every_channel(x, w, b, stride, padding):
    return right(x, w, b * w.shape[2], stride, padding)


def bias_also_in_sum(x, w, b, stride, padding):
    return right(x, w, b * (w[..., 0].size + 1), stride, padding)


def bias_in_kernel(x, w, b, stride, padding):
    return right(x, w + b, 0 * b, stride, padding)


def first_bias_everywhere(x, w, b, stride, padding):
    return right(x, w, np.broadcast_to(b[:1], b.shape), stride, padding)


def bias_subtracted(x, w, b, stride, padding):
    return right(x, w, -b, stride, padding)


def relu_included(x, w, b, stride, padding):
    return np.maximum(right(x, w, b, stride, padding), 0)


ROW = "x, w = np.arange(8.0).reshape(1, 1, 8, 1), np.ones((1, 1, 1, 1))\n"
ONES = "x, w = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))\n"
DEEP = "x, w = np.ones((1, 2, 2, 3)), np.ones((2, 2, 3, 1))\n"
BATCH = "x = np.array([1.0, 10, 100]).reshape(3, 1, 1, 1)  # three images of one pixel\n"
POINT = "x = np.array([1.0, 10]).reshape(1, 1, 1, 2)  # one pixel with two channels\n"

MISTAKES = (
    Mistake(
        "kernel-turned",
        kernel_turned,
        "your z is what the filters turned by 180° give.",
        "that is true convolution; the layer computes cross-correlation, so w[u, v] meets "
        "the pixel u rows down and v columns right of the window's corner.",
        TURN,
        "x = np.zeros((1, 5, 5, 1)); x[0, 2, 2, 0] = 1  # an impulse\n"
        "w = np.arange(9.0).reshape(3, 3, 1, 1)\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: the kernel comes out turned",
    ),
    Mistake(
        "kernel-transposed",
        kernel_transposed,
        "your z is what the filters give when their rows and columns are exchanged.",
        "u counts rows and stands first, in w[u, v] as in x[s i + u, s j + v].",
        FORMULA,
        "x = np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1)\n"
        "w = np.array([0.0, 1, 0, 0]).reshape(2, 2, 1, 1)  # picks the upper right pixel\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 2",
    ),
    Mistake(
        "stride-ignored",
        stride_ignored,
        "your z has the right size, but its windows move by 1 instead of by the stride.",
        "cell (i, j) reads the window that starts at row s·i and column s·j.",
        STRIDE,
        ROW + "# a 1×1 filter: the result shows where each window stands\n"
        "print(fn(x, w, np.zeros(1), 2, 0))  # right: 0 2 4 6",
    ),
    Mistake(
        "stride-one-everywhere",
        stride_one_everywhere,
        "your z is the result of stride 1, in its size too.",
        "the stride is an argument: it divides in the size formula and multiplies i and j.",
        STRIDE,
        ROW + "# a 1×1 filter: the result shows where each window stands\n"
        "print(fn(x, w, np.zeros(1), 2, 0))  # right: 0 2 4 6",
        by_shape=True,
    ),
    Mistake(
        "stride-in-rows-only",
        stride_in_rows_only,
        "your windows move by the stride downward, but by 1 to the right.",
        "the stride holds along both axes: the window starts at row s·i and column s·j.",
        STRIDE,
        ROW + "# a 1×1 filter: the result shows where each window stands\n"
        "print(fn(x, w, np.zeros(1), 2, 0))  # right: 0 2 4 6",
    ),
    Mistake(
        "first-window-everywhere",
        first_window_everywhere,
        "every cell of your z holds what the first window gives.",
        "i and j are missing where x is read: the window moves with the cell.",
        FORMULA,
        "x, w = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((1, 1, 1, 1))\n"
        "# a 1×1 filter copies the image\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 0 to 8",
    ),
    Mistake(
        "last-window-missing",
        last_window_missing,
        "the last row and the last column of your z are 0, the rest is right.",
        "range(H_out) already ends at H_out - 1; there is nothing to subtract.",
        LOOPS,
        ONES + "# every window holds four ones\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 4 everywhere",
    ),
    Mistake(
        "last-row-missing",
        last_row_missing,
        "the last row of your z is 0, the rest is right.",
        "range(H_out) already ends at H_out - 1; there is nothing to subtract.",
        LOOPS,
        ONES + "# every window holds four ones\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 4 everywhere",
    ),
    Mistake(
        "windows-transposed",
        windows_transposed,
        "your cell (i, j) holds what belongs to cell (j, i).",
        "i counts rows: the window of cell (i, j) starts at row s·i and column s·j.",
        FORMULA,
        "x, w = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((1, 1, 1, 1))\n"
        "# a 1×1 filter copies the image\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 0 1 2 in the first row",
    ),
    Mistake(
        "last-weight-missing",
        last_weight_missing,
        "your z leaves out the last row and the last column of every filter.",
        "range(K_h) already ends at K_h - 1, and a slice i : i + K_h before i + K_h.",
        LOOPS,
        ONES + "# every window holds four ones\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 4 everywhere",
    ),
    Mistake(
        "padding-ignored",
        padding_ignored,
        "your z has the size that comes out without padding.",
        "p zeros on each side make each axis 2p longer before any window is placed: pad x, and "
        "count 2p in the size.",
        PADDING,
        "x, w = np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1))\n"
        "# with one zero around, the 3×3 filter fits at nine places\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: 4 6 4, 6 9 6, 4 6 4",
        by_shape=True,
    ),
    Mistake(
        "size-without-padding",
        size_without_padding,
        "your numbers are right, but rows and columns are missing at the end: 2p is missing in "
        "the size.",
        "the windows move over the padded image, which has H + 2p rows.",
        SIZE,
        "x, w = np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1))\n"
        "# with one zero around, the 3×3 filter fits at nine places\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: 4 6 4, 6 9 6, 4 6 4",
    ),
    Mistake(
        "padding-once-in-size",
        size_with_padding_once,
        "your z has the size for p zeros along an axis; there are 2p.",
        "the padding stands at both ends of each axis, so the formula has n + 2p.",
        SIZE,
        "x, w = np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1))\n"
        "# with one zero around, the 3×3 filter fits at nine places\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: 4 6 4, 6 9 6, 4 6 4",
        by_shape=True,
    ),
    Mistake(
        "padding-on-all-axes",
        padding_on_all_axes,
        "your x is padded on all four axes: there are images and channels of zeros.",
        "np.pad(x, p) pads every axis; name each: ((0, 0), (p, p), (p, p), (0, 0)).",
        PADDING,
        "x, w = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))\n"
        "# one pixel and a 1×1 filter: the result is the padded image\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: the 1 stands in the middle",
    ),
    Mistake(
        "padding-not-added",
        padding_not_added,
        "your z has the right size, but x has no zeros around it: windows leave the image.",
        "the size counts 2p zeros; x must have them before the windows are placed.",
        PADDING,
        "x, w = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))\n"
        "# one pixel and a 1×1 filter: the result is the padded image\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: the 1 stands in the middle",
    ),
    Mistake(
        "padding-after-only",
        padding_after_only,
        "your z is that of an image whose zeros are all below and on the right.",
        "pixel (r, q) belongs at (r + p, q + p) of the padded image: p zeros on each side.",
        PADDING,
        "x, w = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))\n"
        "# one pixel and a 1×1 filter: the result is the padded image\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: the 1 stands in the middle",
    ),
    Mistake(
        "padding-before-only",
        padding_before_only,
        "your z is that of an image whose zeros are all above and on the left.",
        "np.pad takes (before, after) for each axis: (p, p) for rows and columns.",
        PADDING,
        "x, w = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))\n"
        "# one pixel and a 1×1 filter: the result is the padded image\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: the 1 stands in the middle",
    ),
    Mistake(
        "padding-not-zero",
        padding_not_zero,
        "your padding repeats the pixels at the border; it should be zeros.",
        "np.pad pads with zeros unless a mode is given.",
        PADDING,
        "x, w = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))\n"
        "# one pixel and a 1×1 filter: the result is the padded image\n"
        "print(fn(x, w, np.zeros(1), 1, 1))  # right: 1 in the middle, 0 around",
    ),
    Mistake(
        "size-without-one",
        size_without_one,
        "your z has one row and one column too few: the + 1 is missing in the size.",
        "the window at 0 counts too: there are ⌊(n + 2p − k) / s⌋ steps and one place more.",
        SIZE,
        ROW + "# a 1×1 filter fits at all eight pixels\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 0 to 7",
        by_shape=True,
    ),
    Mistake(
        "one-inside-the-floor",
        size_one_inside,
        "your z is too small: the + 1 of the size formula was divided by the stride too.",
        "the + 1 comes after the floor: ⌊(n + 2p − k) / s⌋ + 1.",
        SIZE,
        ROW + "# a 1×1 filter, stride 3: windows at 0, 3 and 6\n"
        "print(fn(x, w, np.zeros(1), 3, 0))  # right: 0 3 6",
        by_shape=True,
    ),
    Mistake(
        "size-rounded-up",
        size_rounded_up,
        "your z has a row or column too many: the size was rounded up.",
        "half a window is no window: where the stride does not fit, the rest stays unread.",
        SIZE,
        ROW + "# a 1×1 filter, stride 3: windows at 0, 3 and 6\n"
        "print(fn(x, w, np.zeros(1), 3, 0))  # right: 0 3 6",
        by_shape=True,
    ),
    Mistake(
        "windows-beyond-the-end",
        windows_beyond_the_end,
        "your last window leaves the image: the size was rounded up.",
        "half a window is no window: where the stride does not fit, the rest stays unread, so the "
        "division in the size rounds down.",
        SIZE,
        ROW + "# a 1×1 filter, stride 3: windows at 0, 3 and 6\n"
        "print(fn(x, w, np.zeros(1), 3, 0))  # right: 0 3 6",
    ),
    Mistake(
        "shape-of-z-swapped",
        shape_of_z_swapped,
        "your z was made with H_out where W_out belongs.",
        "rows come first: np.zeros((N, H_out, W_out, C_out)).",
        AXES,
        ROW + "# an image with one row has an output with one row\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: one row, 0 to 7",
    ),
    Mistake(
        "rows-and-columns-swapped",
        size_swapped,
        "your z has H_out where W_out belongs.",
        "rows come first: (N, H_out, W_out, C_out), and i counts rows.",
        AXES,
        ROW + "# an image with one row has an output with one row\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: one row, 0 to 7",
        by_shape=True,
    ),
    Mistake(
        "images-summed",
        images_summed,
        "all images have the same z: the sum over the batch.",
        "images never meet. A slice x[:, …] inside the loop over n takes the windows of all of "
        "them; it must be x[n, …].",
        FORMULA,
        BATCH + "w = np.ones((1, 1, 1, 1))\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 1, 10, 100",
    ),
    Mistake(
        "first-image-everywhere",
        first_image_everywhere,
        "all images have the z of the first one.",
        "the index n is missing where x is read: x[0, …] instead of x[n, …].",
        FORMULA,
        BATCH + "w = np.ones((1, 1, 1, 1))\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 1, 10, 100",
    ),
    Mistake(
        "last-image-only",
        last_image_only,
        "only the last image has a z, the others are 0.",
        "z is made anew for every image: np.zeros belongs before the loop over n.",
        LOOPS,
        BATCH + "w = np.ones((1, 1, 1, 1))\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 1, 10, 100",
    ),
    Mistake(
        "first-channel-only",
        first_channel_only,
        "your z counts the first channel only.",
        "c stands on the right side only, so it is summed: all channels of the window join.",
        BY_HAND,
        POINT + "w = np.ones((1, 1, 2, 1))\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 1 + 10 = 11",
    ),
    Mistake(
        "last-channel-only",
        last_channel_only,
        "your z counts the last channel only.",
        "each channel overwrites the one before: the sum starts anew inside the loop over c, or "
        "has = where += belongs.",
        BY_HAND,
        POINT + "w = np.ones((1, 1, 2, 1))\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: 1 + 10 = 11",
    ),
    Mistake(
        "first-filter-everywhere",
        first_filter_everywhere,
        "all output channels are made with the first filter.",
        "f stands on the left and at w: output channel f has its own filter w[:, :, :, f].",
        BY_HAND,
        "x, w = np.ones((1, 1, 1, 1)), np.array([1.0, 10]).reshape(1, 1, 1, 2)\n"
        "# one pixel, two filters of one weight\n"
        "print(fn(x, w, np.zeros(2), 1, 0))  # right: 1 and 10",
    ),
    Mistake(
        "filters-reshaped",
        filters_reshaped,
        "your filters are mixed up: w.reshape(C_out, -1) cuts through them.",
        "C_out is the last axis of w, so w.reshape(-1, C_out) has a filter in each column; "
        "a reshape does not exchange axes.",
        MATRIX,
        "x = np.array([1.0, 10]).reshape(1, 1, 1, 2)\n"
        "w = np.array([[1.0, 2], [3, 4]]).reshape(1, 1, 2, 2)  # filter 0 is 1, 3\n"
        "print(fn(x, w, np.zeros(2), 1, 0))  # right: 31 and 42",
    ),
    Mistake(
        "output-channels-first",
        output_channels_first,
        "your z has its channels on axis 1: (N, C_out, H_out, W_out).",
        "that is PyTorch's order; here the channels come last.",
        AXES,
        "x, w = np.ones((1, 2, 3, 1)), np.ones((1, 1, 1, 4))\n"
        "z = fn(x, w, np.zeros(4), 1, 0)\n"
        "print(z)  # right: 2 rows, 3 columns, 4 channels",
    ),
    Mistake(
        "output-reshaped",
        output_reshaped,
        "your z has the right shape, but its numbers are in a jumble.",
        "the rows of the matrix product are places and its columns filters, so C_out is already "
        "the last axis: reshape to (N, H_out, W_out, C_out) and exchange nothing.",
        MATRIX,
        "x, w = np.ones((1, 2, 3, 1)), np.arange(4.0).reshape(1, 1, 1, 4)\n"
        "# four filters of one weight: 0, 1, 2 and 3\n"
        "print(fn(x, w, np.zeros(4), 1, 0))  # right: 0 1 2 3 at each place",
    ),
    Mistake(
        "product-overwrites-all",
        product_overwrites_all,
        "your z holds the last product of each window, without the rest and without the bias.",
        "= throws away what was there; the products and the bias join with +=.",
        FORMULA,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "product-overwrites-sum",
        product_overwrites_sum,
        "your z holds the last product of each window and the bias; the other products are lost.",
        "= throws away what was there; u, v and c are summed, so it is +=.",
        FORMULA,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "mean-for-sum",
        mean_for_sum,
        "your z has the mean of the products where their sum belongs.",
        "the layer adds K_h · K_w · C_in products; nothing is divided.",
        FORMULA,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "bias-missing",
        bias_missing,
        "your z lacks the bias, the rest is right.",
        "b[f] is added to every cell of output channel f.",
        BY_HAND,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "bias-for-every-product",
        bias_for_every_product,
        "your z has the bias K_h · K_w · C_in times, once for every product.",
        "it stands inside the sum; b[f] is added once to each cell.",
        FORMULA,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "bias-also-in-sum",
        bias_also_in_sum,
        "your z has the bias once for every product, and once more.",
        "b[f] is added once to each cell: before the sum or after it, not inside.",
        FORMULA,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "bias-for-every-channel",
        bias_for_every_channel,
        "your z has the bias C_in times, once for every input channel.",
        "a filter has one bias, however many channels it reads: add it after the loop over c.",
        FORMULA,
        DEEP + "# twelve ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 22",
    ),
    Mistake(
        "bias-in-kernel",
        bias_in_kernel,
        "your bias was added to the weights, so it is multiplied by the pixels.",
        "b[f] is no weight: it has no pixel. Sum first, then add it.",
        FORMULA,
        "x, w = np.zeros((1, 3, 3, 1)), np.ones((2, 2, 1, 1))\n"
        "# of a black image only the bias remains\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 10 everywhere",
    ),
    Mistake(
        "first-bias-everywhere",
        first_bias_everywhere,
        "all output channels have the bias of the first one.",
        "the index f is missing at b.",
        BY_HAND,
        "x, w = np.zeros((1, 2, 2, 1)), np.ones((2, 2, 1, 2))\n"
        "# of a black image only the biases remain\n"
        "print(fn(x, w, np.array([10.0, 20]), 1, 0))  # right: 10 and 20",
    ),
    Mistake(
        "bias-subtracted",
        bias_subtracted,
        "your bias is subtracted.",
        "z = sum + b.",
        BY_HAND,
        ONES + "# every window holds four ones, and the bias is 10\n"
        "print(fn(x, w, np.array([10.0]), 1, 0))  # right: 14 everywhere",
    ),
    Mistake(
        "relu-included",
        relu_included,
        "the negative numbers of your z are 0, the others are right.",
        "that is ReLU, a layer of its own; a convolution keeps negative numbers.",
        FORMULA,
        "x, w = np.ones((1, 2, 2, 1)), -np.ones((2, 2, 1, 1))\n"
        "# four times 1 · (−1)\n"
        "print(fn(x, w, np.zeros(1), 1, 0))  # right: -4",
    ),
)

conv2d_forward = make_check(
    Exercise(
        name="conv2d_forward",
        contract="takes (x, w, b, stride, padding), x (N, H, W, C_in), w (K_h, K_w, C_in, C_out), "
        "b (C_out,), whole numbers stride and padding; returns z (N, H_out, W_out, C_out), or "
        "(z, cache).",
        outputs=("z",),
        reference=conv2d_forward_answer,
        probes=LAYER_PROBES,
        mistakes=MISTAKES,
        hints=(
            "Four indices choose the output cell (n, i, j, f), three are summed (u, v, c).",
            "Pad x first; from then on, the window of cell (i, j) starts at row stride · i and "
            "column stride · j.",
            "H_out = (H + 2 · padding - K_h) // stride + 1, and W_out likewise.",
            "Start each sum with b[f], add x[n, s·i + u, s·j + v, c] · w[u, v, c, f] for all u, v "
            "and c, then store it in z[n, i, j, f].",
        ),
        read=FORMULA,
    )
)

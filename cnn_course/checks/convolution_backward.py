"""The convolutional layer, backward (lesson 05)."""

from __future__ import annotations

import numpy as np

from .convolution import LAYER_PROBES, padded, sizes, whole, windows
from .exercise import Exercise, Mistake, Probe, make_check

QUESTION = "lesson 05, section 1: one question for every number"
BY_HAND = "lesson 05, section 4: in two dimensions, with every sum written out"
SUMS = "lesson 05, section 5: derivation: the general sums"
STRIDE = "lesson 05, section 7: stride: zeros between the dz"
PADDING = "lesson 05, section 8: padding: crop what was added"
CHANNELS = "lesson 05, section 9: channels: dX sums over the filters, dW has a slice for every pair"
BATCH = "lesson 05, section 10: batch: dW and db sum over the images, dX does not"
WHOLE_PASS = "lesson 05, section 11: the whole backward pass, with loops"
MATRIX = "lesson 10, section 6: the way back"


def _backward(probe: Probe, seed: int) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    dz = whole(seed, (len(x), *sizes(x, w, s, p), w.shape[3]))[0]
    if dz.shape == (1, 2, 2, 1):
        dz = np.array([[2.0, -1], [1, 3]]).reshape(1, 2, 2, 1)  # the course's example
    elif x.dtype == np.float32:
        dz = (dz / 4).astype(x.dtype)
    return Probe(probe.about, {"dz": dz, "x": x, "w": w, "stride": s, "padding": p})


PROBES = tuple(_backward(probe, seed) for seed, probe in enumerate(LAYER_PROBES, 10))


def conv2d_backward_answer(dz, x, w, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    N, H_out, W_out, C_out = dz.shape
    s, p = stride, padding
    x_padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dx_padded = np.zeros(x_padded.shape, x.dtype)
    dw = np.zeros(w.shape, w.dtype)
    db = np.zeros(C_out, dz.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for f in range(C_out):
                    g = dz[n, i, j, f]
                    db[f] += g
                    for u in range(K_h):
                        for v in range(K_w):
                            for c in range(C_in):
                                dw[u, v, c, f] += x_padded[n, s * i + u, s * j + v, c] * g
                                dx_padded[n, s * i + u, s * j + v, c] += w[u, v, c, f] * g
    return dx_padded[:, p : p + H, p : p + W, :], dw, db


# What the wrong implementations are made of.


def weights_gradient(dz, x_padded, size, s):
    """dw, from a padded x."""
    return np.tensordot(windows(x_padded, size, s, dz.shape[1:3]), dz, [[0, 1, 2]] * 2)


def spread(dz, w, s, shape):
    """dx of the padded x, whose shape is given."""
    dx = np.zeros(shape, dz.dtype)
    for i, j in np.ndindex(dz.shape[1:3]):
        dx[:, s * i : s * i + w.shape[0], s * j : s * j + w.shape[1]] += np.tensordot(
            dz[:, i, j], w, [[1], [3]]
        )
    return dx


def padded_shape(x, p):
    N, H, W, C = x.shape
    return (N, H + 2 * p, W + 2 * p, C)


def cropped(dx_padded, x, p):
    return dx_padded[:, p : p + x.shape[1], p : p + x.shape[2]]


def right(dz, x, w, stride, padding):
    dx = cropped(spread(dz, w, stride, padded_shape(x, padding)), x, padding)
    dw = weights_gradient(dz, padded(x, padding), w.shape[:2], stride)
    return dx, dw, dz.sum(axis=(0, 1, 2))


# Stride and windows


def stride_ignored(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, 1, padding)
    return dx, dw, dz.sum(axis=(0, 1, 2))


def stride_in_rows_only(dz, x, w, stride, padding):
    spaced = np.zeros((len(dz), stride * (dz.shape[1] - 1) + 1, *dz.shape[2:]), dz.dtype)
    spaced[:, ::stride] = dz  # zeros between the rows of dz, none between its columns
    return right(spaced, x, w, 1, padding)


def unread_rest_cut(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    H, W = (
        stride * (m - 1) + k - 2 * padding for m, k in zip(dz.shape[1:3], w.shape[:2], strict=True)
    )
    return dx[:, :H, :W], dw, db


def last_window_missing(dz, x, w, stride, padding):
    dz = dz.copy()
    dz[:, -1] = dz[:, :, -1] = 0
    return right(dz, x, w, stride, padding)


def last_weight_missing(dz, x, w, stride, padding):
    short = w.copy()
    short[-1] = short[:, -1] = 0
    dx, dw, db = right(dz, x, short, stride, padding)
    dw[-1] = dw[:, -1] = 0
    return dx, dw, db


def windows_transposed(dz, x, w, stride, padding):
    if dz.shape[1] != dz.shape[2]:
        raise IndexError("dz[n, j, i, f] is outside of dz.")
    dx, dw, _ = right(dz.swapaxes(1, 2), x, w, stride, padding)
    return dx, dw, dz.sum(axis=(0, 1, 2))


# Orientation of the kernel


def dw_turned(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    return dx, dw[::-1, ::-1], db


def dx_not_turned(dz, x, w, stride, padding):
    dx, _, _ = right(dz, x, w[::-1, ::-1], stride, padding)
    _, dw, db = right(dz, x, w, stride, padding)
    return dx, dw, db


def kernel_transposed(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    if w.shape[0] == w.shape[1]:
        dx, _, _ = right(dz, x, w.swapaxes(0, 1), stride, padding)
    return dx, dw.swapaxes(0, 1), db


# = for +=


def window_overwrites_dx(dz, x, w, stride, padding):
    s = stride
    dx = np.zeros(padded_shape(x, padding), x.dtype)
    for i, j in np.ndindex(dz.shape[1:3]):
        back = np.tensordot(dz[:, i, j], w, [[1], [3]])
        dx[:, s * i : s * i + w.shape[0], s * j : s * j + w.shape[1]] = back
    _, dw, db = right(dz, x, w, stride, padding)
    return cropped(dx, x, padding), dw, db


def filter_overwrites_dx(dz, x, w, stride, padding):
    last = np.zeros_like(w)
    last[..., -1] = w[..., -1]
    dx, _, _ = window_overwrites_dx(dz, x, last, stride, padding)
    _, dw, db = right(dz, x, w, stride, padding)
    return dx, dw, db


def weight_overwrites_dx(dz, x, w, stride, padding):
    s, (_, H_out, W_out, _) = stride, dz.shape
    dx = np.zeros(padded_shape(x, padding), x.dtype)
    for u, v in np.ndindex(w.shape[:2]):
        dx[:, u : u + s * H_out : s, v : v + s * W_out : s] = dz @ w[u, v].T
    _, dw, db = right(dz, x, w, stride, padding)
    return cropped(dx, x, padding), dw, db


def last_filter_only(dz, x, w, stride, padding):
    last = np.zeros_like(w)
    last[..., -1] = w[..., -1]
    dx, _, _ = right(dz, x, last, stride, padding)
    _, dw, db = right(dz, x, w, stride, padding)
    return dx, dw, db


def window_overwrites_dw(dz, x, w, stride, padding):
    last = np.zeros_like(dz)
    last[-1, -1, -1] = dz[-1, -1, -1]
    _, dw, db = right(last, x, w, stride, padding)
    return right(dz, x, w, stride, padding)[0], dw, db


# Padding


def padding_kept(dz, x, w, stride, padding):
    _, dw, db = right(dz, x, w, stride, padding)
    return spread(dz, w, stride, padded_shape(x, padding)), dw, db


def padding_cut_at_end(dz, x, w, stride, padding):
    dx, dw, db = padding_kept(dz, x, w, stride, padding)
    return dx[:, : x.shape[1], : x.shape[2]], dw, db


def padding_cut_at_start(dz, x, w, stride, padding):
    dx, dw, db = padding_kept(dz, x, w, stride, padding)
    return dx[:, 2 * padding :, 2 * padding :], dw, db


def padding_zero_slice(dz, x, w, stride, padding):
    dx, dw, db = padding_kept(dz, x, w, stride, padding)
    return dx[:, padding:-padding, padding:-padding], dw, db


def dw_padding_after_only(dz, x, w, stride, padding):
    dx, _, db = right(dz, x, w, stride, padding)
    return dx, weights_gradient(dz, padded(x, 0, 2 * padding), w.shape[:2], stride), db


def dw_padding_not_read(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    dw[:] = 0
    _, H, W, _ = x.shape
    for i, j in np.ndindex(dz.shape[1:3]):
        for u, v in np.ndindex(w.shape[:2]):
            row, column = stride * i + u, stride * j + v
            dw[u, v] += x[:, row, column].T @ dz[:, i, j]  # x, not x_padded
    return dx, dw, db


# db, and means for sums


def db_for_each_image(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, stride, padding)
    return dx, dw, dz.sum(axis=(1, 2, 3))


def db_for_each_place(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, stride, padding)
    return dx, dw, dz.sum(axis=0)


def db_for_each_image_and_filter(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, stride, padding)
    return dx, dw, dz.sum(axis=(1, 2))


def db_all_equal(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    return dx, dw, np.full_like(db, dz.sum())


def db_one_number(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, stride, padding)
    return dx, dw, dz.sum()


def db_with_four_axes(dz, x, w, stride, padding):
    dx, dw, _ = right(dz, x, w, stride, padding)
    return dx, dw, dz.sum(axis=(0, 1, 2), keepdims=True)


def mean_over_images(dz, x, w, stride, padding):
    return right(dz / len(x), x, w, stride, padding)


def sum_times_images(dz, x, w, stride, padding):
    return right(dz * len(x), x, w, stride, padding)


def mean_over_places(dz, x, w, stride, padding):
    return right(dz / (dz.shape[1] * dz.shape[2]), x, w, stride, padding)


def mean_over_all(dz, x, w, stride, padding):
    return right(dz / dz[..., 0].size, x, w, stride, padding)


# Images, channels, filters


def images_summed(dz, x, w, stride, padding):
    dx, _, db = right(dz, x, w, stride, padding)
    dx = np.broadcast_to(dx.sum(axis=0), dx.shape)
    all_x = np.broadcast_to(x.sum(axis=0), x.shape)
    _, dw, _ = right(dz, all_x, w, stride, padding)
    return dx.copy(), dw, db


def first_image_met(dz, x, w, stride, padding):
    dx, _, db = right(dz, x, w, stride, padding)
    _, dw, _ = right(dz, np.broadcast_to(x[:1], x.shape), w, stride, padding)
    return dx, dw, db


def first_image_only(dz, x, w, stride, padding):
    first = np.zeros_like(dz)
    first[0] = dz[0]
    return right(first, x, w, stride, padding)


def last_image_only(dz, x, w, stride, padding):
    last = np.zeros_like(dz)
    last[-1] = dz[-1]
    return right(last, x, w, stride, padding)


def channels_summed(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    dx[:] = dx.sum(axis=3, keepdims=True)
    dw[:] = dw.sum(axis=2, keepdims=True)
    return dx, dw, db


def first_channel_everywhere(dz, x, w, stride, padding):
    dx, dw, db = right(dz, x, w, stride, padding)
    dx[:] = dx[..., :1]
    dw[:] = dw[:, :, :1]
    return dx, dw, db


def first_filter_everywhere(dz, x, w, stride, padding):
    _, dw, db = right(dz, x, w, stride, padding)
    dx, _, _ = right(dz, x, np.broadcast_to(w[..., :1], w.shape), stride, padding)
    return dx, dw, db


def reshaped(dz, x, w, stride, padding):
    _, dw, db = right(dz, x, w, stride, padding)
    C_out = w.shape[3]
    dw = dw.reshape(-1, C_out).T.reshape(w.shape)
    w_cut = w.reshape(C_out, -1).T.reshape(w.shape)
    dx, _, _ = right(dz, x, w_cut, stride, padding)
    return dx, dw, db


EXAMPLE = (
    "x = np.array([[0.0, 1, 2], [3, -1, 1], [2, -2, 3]]).reshape(1, 3, 3, 1)\n"
    "w, dz = (np.array(a).reshape(1, 2, 2, 1) for a in ([-2.0, -1, 2, 3], [2.0, -1, 1, 3]))\n"
)
DX_BY_HAND = EXAMPLE + (
    "print(np.squeeze(fn(dz, x, w.reshape(2, 2, 1, 1), 1, 0)[0]))  # right: -4 0 1, 2 -3 -6, 2 9 9"
)
DW_BY_HAND = EXAMPLE + (
    "print(np.squeeze(fn(dz, x, w.reshape(2, 2, 1, 1), 1, 0)[1]))  # right: -1 2, 3 4"
)
ROW = "x, w = np.arange(6.0).reshape(1, 1, 6, 1), np.ones((1, 1, 1, 1))\n"
STRIDE_2 = ROW + (
    "dz = np.array([1.0, 2, 3]).reshape(1, 1, 3, 1)\n"
    "print(fn(dz, x, w, 2, 0)[:2])  # right: dx 1 0 2 0 3 0, dw 0·1 + 2·2 + 4·3 = 16"
)
PIXEL = "x, w = np.full((1, 1, 1, 1), 7.0), np.ones((1, 1, 1, 1))\n"
PADDED = PIXEL + (
    "dz = np.arange(9.0).reshape(1, 3, 3, 1)  # one pixel in a ring of zeros\n"
    "print(fn(dz, x, w, 1, 1)[:2])  # right: dx 4, the middle of dz; dw 7·4 = 28"
)
UNPADDED = PIXEL + (
    "dz = np.ones((1, 1, 1, 1))\nprint(fn(dz, x, w, 1, 0)[0])  # padding 0, right: one number, 1"
)
SQUARE = "x, w = np.arange(4.0).reshape(1, 2, 2, 1), np.ones((1, 1, 1, 1))\n"
BIASES = (
    "x, w = np.ones((2, 1, 2, 1)), np.ones((1, 1, 1, 2))\n"
    "dz = np.array([1.0, 10] * 4).reshape(2, 1, 2, 2)  # four places, 1 in channel 0, 10 in 1\n"
    "print(fn(dz, x, w, 1, 0)[2])  # right: 4 and 40"
)
IMAGES = (
    "x, w = np.array([1.0, 2, 3]).reshape(3, 1, 1, 1), np.ones((1, 1, 1, 1))\n"
    "dz = np.array([1.0, 10, 100]).reshape(3, 1, 1, 1)  # three images of one pixel\n"
    "print(fn(dz, x, w, 1, 0))  # right: dx 1, 10, 100; dw 1·1 + 2·10 + 3·100 = 321; db 111"
)
DEPTH = (
    "x, w = np.array([1.0, 2]).reshape(1, 1, 1, 2), np.array([1.0, 10]).reshape(1, 1, 2, 1)\n"
    "dz = np.ones((1, 1, 1, 1))  # one pixel with two channels, one filter\n"
    "print(fn(dz, x, w, 1, 0)[:2])  # right: dx 1, 10; dw 1, 2"
)
FILTERS = (
    "x, w = np.ones((1, 1, 1, 1)), np.array([1.0, 10, 100]).reshape(1, 1, 1, 3)\n"
    "dz = np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)  # one pixel, three filters\n"
    "print(fn(dz, x, w, 1, 0)[0])  # right: 1·1 + 2·10 + 3·100 = 321"
)

MISTAKES = (
    Mistake(
        "stride-ignored",
        stride_ignored,
        "your gradient is that of windows that move by 1 instead of by the stride; where the "
        "stride is 1 it is right.",
        "dz[n, i, j] belongs to the window at row s·i and column s·j, backward as forward.",
        STRIDE,
        STRIDE_2,
    ),
    Mistake(
        "stride-in-rows-only",
        stride_in_rows_only,
        "your windows move by the stride downward, but by 1 to the right.",
        "the stride holds along both axes: the window starts at row s·i and column s·j.",
        STRIDE,
        STRIDE_2,
    ),
    Mistake(
        "unread-rest-cut",
        unread_rest_cut,
        "your dx is too small: the rows and columns after the last window are missing.",
        "no window reads them, so their gradient is 0, but they are pixels of x: make dx in the "
        "shape of x.",
        STRIDE,
        ROW + "dz = np.array([1.0, 2, 3]).reshape(1, 1, 3, 1)\n"
        "print(fn(dz, x, w, 2, 0)[0])  # right: 1 0 2 0 3 0, as long as x",
        by_shape=True,
    ),
    Mistake(
        "last-window-missing",
        last_window_missing,
        "your gradient leaves out the last row and the last column of dz.",
        "range(H_out) already ends at H_out - 1; there is nothing to subtract.",
        WHOLE_PASS,
        DW_BY_HAND,
    ),
    Mistake(
        "last-weight-missing",
        last_weight_missing,
        "your gradient leaves out the last row and the last column of the filters.",
        "range(K_h) already ends at K_h - 1; there is nothing to subtract.",
        WHOLE_PASS,
        DW_BY_HAND,
    ),
    Mistake(
        "windows-transposed",
        windows_transposed,
        "your gradient pairs each window with the dz of the mirrored place.",
        "i counts rows: dz[n, i, j] belongs to the window at row s·i and column s·j.",
        SUMS,
        SQUARE + "dz = np.array([0.0, 1, 0, 0]).reshape(1, 2, 2, 1)  # the upper right place\n"
        "print(fn(dz, x, w, 1, 0)[:2])  # right: dx 0 1, 0 0; dw 1",
    ),
    Mistake(
        "dw-turned",
        dw_turned,
        "your dw is the right one turned by 180°.",
        "w[u, v] met the pixel u rows down and v columns right of each window's corner: nothing is "
        "turned in dw. Only dx, written as a convolution, has a turned kernel.",
        BY_HAND,
        DW_BY_HAND,
    ),
    Mistake(
        "dx-not-turned",
        dx_not_turned,
        "your dx is what the filters turned by 180° would send back.",
        "pixel s·i + u met w[u, v], so dz[i, j] · w[u, v] goes there. As one sum over dz that is "
        "a convolution: if you pad dz and slide a kernel over it, turn the kernel first.",
        BY_HAND,
        DX_BY_HAND,
    ),
    Mistake(
        "kernel-transposed",
        kernel_transposed,
        "your gradient has the rows and columns of the filters exchanged.",
        "u counts rows and stands first, in w[u, v] as in x[s i + u, s j + v].",
        SUMS,
        DW_BY_HAND,
    ),
    Mistake(
        "window-overwrites-dx",
        window_overwrites_dx,
        "your dx holds, where windows overlap, what the last window sent; it should be the sum.",
        "= throws away what was there. A pixel that several windows read gets a share from each: "
        "+=.",
        QUESTION,
        DX_BY_HAND,
    ),
    Mistake(
        "filter-overwrites-dx",
        filter_overwrites_dx,
        "your dx holds what the last filter of the last window sent; it should be the sum.",
        "= throws away what was there. A pixel gets a share from every window and every filter "
        "that read it: +=.",
        QUESTION,
        FILTERS,
    ),
    Mistake(
        "weight-overwrites-dx",
        weight_overwrites_dx,
        "your dx holds, where windows overlap, what the last weight sent; it should be the sum.",
        "= throws away what was there: in the loop over u and v it must be +=.",
        MATRIX,
        DX_BY_HAND,
    ),
    Mistake(
        "last-filter-only",
        last_filter_only,
        "your dx counts the last filter only.",
        "every filter read the pixel, so dx sums over f; here each f overwrites the one before.",
        CHANNELS,
        FILTERS,
    ),
    Mistake(
        "window-overwrites-dw",
        window_overwrites_dw,
        "your gradient is what the very last window gives; the others are lost.",
        "= throws away what was there. A weight is used in every window, so dw and db are sums "
        "over n, i and j: +=.",
        QUESTION,
        DW_BY_HAND,
    ),
    Mistake(
        "padding-kept",
        padding_kept,
        "your dx has the shape of the padded x.",
        "the ring of zeros is no part of x: going back through padding is cropping.",
        PADDING,
        PADDED,
        by_shape=True,
    ),
    Mistake(
        "padding-cut-at-end",
        padding_cut_at_end,
        "your dx is shifted by the padding: it was cropped at the wrong corner.",
        "pixel (r, q) stands at (r + p, q + p) of the padded x, so crop to p : p + H, p : p + W.",
        PADDING,
        PADDED,
    ),
    Mistake(
        "padding-cut-at-start",
        padding_cut_at_start,
        "your dx is shifted by the padding: all of it was cut off above and on the left.",
        "p zeros stand at each end: crop to p : p + H, p : p + W.",
        PADDING,
        PADDED,
    ),
    Mistake(
        "padding-zero-slice",
        padding_zero_slice,
        "your dx is empty where the padding is 0.",
        "p:-p with p = 0 is 0:0, which holds nothing; p : p + H works for every p.",
        PADDING,
        UNPADDED,
    ),
    Mistake(
        "dw-padding-after-only",
        dw_padding_after_only,
        "your dw is made with an x whose zeros are all below and on the right.",
        "the weights met the padded x, with p zeros on each side; dw must read the same array.",
        PADDING,
        PADDED,
    ),
    Mistake(
        "dw-without-padding",
        dw_padding_not_read,
        "your dw reads x without its padding.",
        "s·i + u counts rows of the padded x, and so does the last window: dw must read the array "
        "that the forward pass read.",
        PADDING,
        "x, w = np.full((1, 2, 2, 1), 7.0), np.ones((1, 1, 1, 1))\n"
        "dz = np.arange(9.0).reshape(1, 3, 3, 1)[:, :2, :2]  # stride 3: the corners of the ring\n"
        "print(fn(dz, x, w, 3, 1)[1])  # right: 0, for these windows hold padding only",
    ),
    Mistake(
        "db-for-each-image",
        db_for_each_image,
        "your db has an entry for each image; it needs one for each filter.",
        "the axis of the filters is the one that stays: sum over n, i and j, axis=(0, 1, 2).",
        BATCH,
        BIASES,
    ),
    Mistake(
        "db-for-each-place",
        db_for_each_place,
        "your db is summed over the images only.",
        "one bias serves all places of its channel: sum over n, i and j, axis=(0, 1, 2).",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "db-not-over-images",
        db_for_each_image_and_filter,
        "your db is summed over the places only, so it still has an axis for the images.",
        "one bias serves all images: sum over n, i and j, axis=(0, 1, 2).",
        BATCH,
        BIASES,
    ),
    Mistake(
        "db-all-equal",
        db_all_equal,
        "all entries of your db are the sum over everything.",
        "db[f] collects the dz of channel f alone: dz[..., f].",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "db-one-number",
        db_one_number,
        "your db is a single number, the sum over everything.",
        "every filter has its own bias: sum over n, i and j, axis=(0, 1, 2), and keep f.",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "db-four-axes",
        db_with_four_axes,
        "your db has four axes; b has one, (C_out,).",
        "a gradient has the shape of what it belongs to. Leave out keepdims=True.",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "mean-over-images",
        mean_over_images,
        "your gradient is divided by the number of images.",
        "the loss already took the mean, so dz contains the 1/N; a layer only adds.",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "times-images",
        sum_times_images,
        "your gradient is multiplied by the number of images.",
        "dz is what came from above; a layer neither divides nor multiplies by N.",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "mean-over-places",
        mean_over_places,
        "your gradient is divided by H_out · W_out.",
        "each place had the weight and the bias once, so each dz counts once: a sum, no mean.",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "mean-for-sum",
        mean_over_all,
        "your gradient is the mean over images and places; it should be their sum.",
        "each place had the weight and the bias once, so each dz counts once. If a mean is wanted, "
        "the loss has taken it already.",
        BY_HAND,
        BIASES,
    ),
    Mistake(
        "images-summed",
        images_summed,
        "your images are mixed: each gets, or meets, the sum over the batch.",
        "a slice x[:, …] or dx[:, …] inside the loop over n takes all images at once; it must be "
        "x[n, …] and dx[n, …].",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "first-image-met",
        first_image_met,
        "your dw multiplies every dz with the first image.",
        "the index n is missing at x: dz[n, …] belongs to x[n, …].",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "first-image-only",
        first_image_only,
        "your gradient counts the first image only.",
        "the loop over n is missing, or it returns after its first round.",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "last-image-only",
        last_image_only,
        "your gradient counts the last image only.",
        "dx, dw and db are made anew for every image, or = stands where += belongs: np.zeros goes "
        "before the loop over n.",
        BATCH,
        IMAGES,
    ),
    Mistake(
        "channels-summed",
        channels_summed,
        "all input channels have the same gradient: the sum over them.",
        "c is no summed index backward: dw[…, c, f] meets channel c of x, dx[…, c] has channel c "
        "of w.",
        CHANNELS,
        DEPTH,
    ),
    Mistake(
        "first-channel-everywhere",
        first_channel_everywhere,
        "all input channels have the gradient of the first one.",
        "the index c is missing where x or w is read.",
        CHANNELS,
        DEPTH,
    ),
    Mistake(
        "first-filter-everywhere",
        first_filter_everywhere,
        "your dx is made with the first filter only.",
        "dz[…, f] goes back through its own filter, w[:, :, :, f].",
        CHANNELS,
        FILTERS,
    ),
    Mistake(
        "reshaped-for-transposed",
        reshaped,
        "your weights are in a jumble: a matrix (C_out, …) was reshaped where it had to be "
        "transposed.",
        "C_out is the last axis of w: dw is (cols.T @ dz).reshape(w.shape), and dx uses "
        "w.reshape(-1, C_out).T. A reshape does not exchange axes.",
        MATRIX,
        "x, w = (np.array([1.0, 2]).reshape(1, 1, 1, 2), np.arange(4.0).reshape(1, 1, 2, 2))\n"
        "dz = np.array([1.0, 10]).reshape(1, 1, 1, 2)  # one pixel, two channels, two filters\n"
        "print(fn(dz, x, w, 1, 0)[:2])  # right: dx 10, 32; dw 1 10, 2 20",
    ),
)

conv2d_backward = make_check(
    Exercise(
        name="conv2d_backward",
        contract="takes (dz, x, w, stride, padding), dz (N, H_out, W_out, C_out) the gradient of "
        "the loss by z, x (N, H, W, C_in), w (K_h, K_w, C_in, C_out), whole numbers stride and "
        "padding; returns (dx, dw, db) in the shapes of x, w and b, which is (C_out,).",
        outputs=("dx", "dw", "db"),
        reference=conv2d_backward_answer,
        probes=PROBES,
        mistakes=MISTAKES,
        hints=(
            "Ask of every number in which equations of the forward pass it occurs, and with which "
            "factor. Its gradient is the sum of dz · factor over these equations.",
            "The loops are those of the forward pass. In the innermost one stood the product "
            "x_padded[n, s·i + u, s·j + v, c] · w[u, v, c, f]; both factors get their share of "
            "dz[n, i, j, f].",
            "dw[u, v, c, f] += x_padded[…] · dz[n, i, j, f], dx_padded[…] += w[u, v, c, f] · "
            "dz[n, i, j, f], db[f] += dz[n, i, j, f].",
            "dx is the inside of dx_padded: rows p to p + H, columns p to p + W.",
        ),
        read=WHOLE_PASS,
    )
)

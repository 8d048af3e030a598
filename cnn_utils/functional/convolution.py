"""Convolution: the plain definitions in 1-D and 2-D, and the convolutional layer.

The layer computes cross-correlation, as every framework does.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnn_utils import parallel

from ._blocks import correlate, filter_gradient, rotate, spread, sum_over_pixels
from .shapes import (
    check_filters,
    check_images,
    check_slide,
    check_upstream,
    images_per_block,
    output_shape,
    pad_images,
    pair,
    resolve_padding,
)


def correlate1d(x, w, mode: str = "valid") -> np.ndarray:
    """Cross-correlation of two signals: z[i] = sum over u of x[i + u] w[u].

    x (n,), w (k,): real numbers.
    mode: 'valid' (n - k + 1 values: w lies inside x), 'full' (n + k - 1 values: w touches x, with
    zeros around x) or 'same' (the middle n of these).
    As scipy.signal.correlate defines it. ValueError for other shapes or modes.
    """
    return _slide(x, w, mode, axes=1)


def convolve1d(x, w, mode: str = "valid") -> np.ndarray:
    """True convolution of two signals: the cross-correlation with w reversed.

    Arguments and result as in correlate1d. As scipy.signal.convolve defines it.
    """
    return _slide(x, np.flip(w), mode, axes=1)


def correlate2d(x, w, mode: str = "valid") -> np.ndarray:
    """Cross-correlation of two images: z[i, j] = sum over u, v of x[i + u, j + v] w[u, v].

    x (H, W), w (K_h, K_w): real numbers.
    mode: 'valid', 'full' or 'same', as in correlate1d, along both axes.
    As scipy.signal.correlate2d defines it: where the middle falls between two entries (even K_h
    or K_w), 'same' takes the later one here and the earlier one in the three other functions.
    ValueError for other shapes or modes.
    """
    return _slide(x, w, mode, axes=2, later=1)


def convolve2d(x, w, mode: str = "valid") -> np.ndarray:
    """True convolution of two images: the cross-correlation with w rotated by 180°.

    Arguments and result as in correlate2d. As scipy.signal.convolve2d defines it.
    """
    return _slide(x, np.flip(w), mode, axes=2)


def _slide(x, w, mode: str, axes: int, later: int = 0) -> np.ndarray:
    """Products of w with all the windows of x, summed up."""
    x, w = check_slide(x, w, mode, axes)
    if mode != "valid":
        x = np.pad(x, [(k - 1, k - 1) for k in w.shape])
    z = np.tensordot(sliding_window_view(x, w.shape), w, axes)
    if mode == "same":
        for axis, k in enumerate(w.shape):
            start, size = (k - 1 + later) // 2, z.shape[axis] - (k - 1)
            z = z.take(range(start, start + size), axis)
    return z


def im2col(x, size, stride=1, padding=0) -> np.ndarray:
    """Every window of every image as one row, so that a convolution is one matrix product.

    x (N, H, W, C), any dtype; size, stride, padding as in conv2d_forward.
    Returns (N * H_out * W_out, K_h * K_w * C), same dtype, the columns in the order (K_h, K_w, C):
    im2col(x, w.shape[:2]) @ w.reshape(-1, C_out) is the convolution of x with w.
    Source: Chellapilla, Puri & Simard, "High performance convolutional neural networks for
    document processing", 2006.
    """
    x = check_images(x)
    (k_h, k_w), (s_h, s_w) = pair(size, "size"), pair(stride, "stride")
    pads = resolve_padding(padding, x.shape[1:3], (k_h, k_w), (s_h, s_w))
    h_out, w_out = output_shape(x.shape[1:3], (k_h, k_w), (s_h, s_w), pads)
    x = pad_images(x, pads)
    cols = np.empty((len(x), h_out, w_out, k_h, k_w, x.shape[3]), x.dtype)
    for u in range(k_h):
        for v in range(k_w):
            cols[:, :, :, u, v] = x[:, u : u + s_h * h_out : s_h, v : v + s_w * w_out : s_w]
    return cols.reshape(len(x) * h_out * w_out, -1)


def col2im(cols, x_shape, size, stride=1, padding=0) -> np.ndarray:
    """The adjoint of im2col: add every entry of cols to the pixel it was copied from.

    cols (N * H_out * W_out, K_h * K_w * C); x_shape (N, H, W, C): the shape im2col was given.
    Returns an array of shape x_shape, same dtype as cols. ValueError if the shapes do not agree.
    """
    n, height, width, channels = x_shape
    (k_h, k_w), (s_h, s_w) = pair(size, "size"), pair(stride, "stride")
    pads = resolve_padding(padding, (height, width), (k_h, k_w), (s_h, s_w))
    h_out, w_out = output_shape((height, width), (k_h, k_w), (s_h, s_w), pads)
    cols = np.asarray(cols)
    expected = (n * h_out * w_out, k_h * k_w * channels)
    if cols.shape != expected:
        raise ValueError(
            f"im2col of images {tuple(x_shape)} gives {expected}, but cols has {cols.shape}; "
            "use the same size, stride and padding in both."
        )
    cols = cols.reshape(n, h_out, w_out, k_h, k_w, channels)
    (top, bottom), (left, right) = pads
    x = np.zeros((n, top + height + bottom, left + width + right, channels), cols.dtype)
    for u in range(k_h):
        for v in range(k_w):
            x[:, u : u + s_h * h_out : s_h, v : v + s_w * w_out : s_w] += cols[:, :, :, u, v]
    return x[:, top : top + height, left : left + width]


def conv2d_forward(x, w, b, stride=1, padding=0):
    """Convolutional layer: z[n, i, j, f] = b[f] + sum over u, v, c of the window times the filter.

    x (N, H, W, C_in); w (K_h, K_w, C_in, C_out); b (C_out,); one dtype, kept in the result.
    stride: int or pair (vertical, horizontal), in pixels.
    padding: int, pair, or 'same' (ceil(n / stride) outputs; odd: one more at the bottom/right).
    Returns z (N, H_out, W_out, C_out) and the cache for conv2d_backward.
    ValueError, TypeError: shapes or options that do not fit; the message says what to try.
    Tricks (lesson 10): row-wise im2col and band filters, a few images at a time, shared by threads.
    """
    x = check_images(x)
    w, b = check_filters(x, w, b)
    size, stride = w.shape[:2], pair(stride, "stride")
    pads = resolve_padding(padding, x.shape[1:3], size, stride)
    h_out, w_out = output_shape(x.shape[1:3], size, stride, pads)
    z = np.empty((len(x), h_out, w_out, w.shape[3]), np.result_type(x, w, b))
    b_row = np.tile(b, w_out)  # adding whole rows is faster than adding C_out numbers at a time

    def forward(block):
        rows = (len(z[block]), h_out, b_row.size)
        products = correlate(pad_images(x[block], pads), w, stride, (h_out, w_out))
        np.add(products.reshape(rows), b_row, out=z[block].reshape(rows))

    parallel.over_batch(forward, len(x), images_per_block(z.shape, w[..., 0].size))
    return z, (x, w, stride, pads, z.shape)


def conv2d_backward(dz, cache, need_dx: bool = True):
    """Gradients of conv2d_forward.

    dz (N, H_out, W_out, C_out); cache: what the forward function returned.
    need_dx: False leaves out dx (None then), as a first layer can.
    Returns dx (N, H, W, C_in), dw (K_h, K_w, C_in, C_out), db (C_out,).
    dw[u, v, c, f] is the sum of x at (u, v) of every window times dz there; dx is the 'full'
    correlation of dz with the rotated filters, input and output channels exchanged.
    """
    x, w, stride, pads, shape = cache
    dz = check_upstream(dz, shape, "dz")
    size = w.shape[:2]
    dx = np.empty(x.shape, np.result_type(dz, w)) if need_dx else None

    def backward(block):
        d = dz[block]
        if dx is not None:
            wide = spread(d, size, stride, pads, x.shape[1:3])
            dx[block] = correlate(wide, rotate(w), (1, 1), x.shape[1:3])
        return filter_gradient(pad_images(x[block], pads), d, size, stride), sum_over_pixels(d)

    parts = parallel.over_batch(backward, len(x), images_per_block(shape, w[..., 0].size))
    dw = sum((dw for dw, _ in parts), np.zeros(w.shape, np.result_type(x, dz)))
    db = sum((db for _, db in parts), np.zeros(w.shape[3], dz.dtype))
    return dx, dw, db

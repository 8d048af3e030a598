"""Convolution of a few images at a time: the fast inner part of the layers.

Images come here already padded. Tricks, derived in lesson 10:
- row-wise im2col: unfold along the width alone; a row of a filter meets whole rows of the result;
- band filters: compute several neighbouring pixels at once, as wide products are faster;
- small products: split a large product into pieces that BLAS multiplies without repacking;
- the gradient of the input is a convolution again, so it runs through the same code.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .shapes import pad_images

_WIDTH = 16  # columns that a matrix product needs to be fast
_SMALL_PRODUCT = 10**6  # multiplications; beyond it OpenBLAS repacks its operands


def unfold_rows(x, k_w: int, stride, places: int) -> np.ndarray:
    """Row-wise im2col: from every row of x, the windows of width k_w at 0, s_w, 2 * s_w, … .

    x (m, H, W, C), W filled up with zeros if need be. Returns
    (m, s_h, H / s_h rounded up, places, k_w * C): first the rows 0, s_h, 2 * s_h, …, then the rows
    1, 1 + s_h, …, so that the rows which meet one row of the filters lie behind each other.
    im2col would hold each of them K_h times.
    """
    (m, height, width, channels), (s_h, s_w) = x.shape, stride
    missing = (places - 1) * s_w + k_w - width
    if missing > 0:
        x = pad_images(x, ((0, 0), (0, missing)))
    rows = x.reshape(m, height, -1)
    windows = sliding_window_view(rows, k_w * channels, axis=2)[:, :, :: s_w * channels]
    unfolded = np.empty((m, s_h, -(-height // s_h), places, k_w * channels), x.dtype)
    for first in range(s_h):
        from_here = windows[:, first::s_h, :places]
        unfolded[:, first, : from_here.shape[1]] = from_here
    return unfolded


def rows_at(unfolded, u: int, h_out: int, count: int) -> np.ndarray:
    """The rows u, u + s_h, … of the images, one for each of h_out, `count` rows to a matrix."""
    m, s_h, _, places, k = unfolded.shape
    taken = unfolded[:, u % s_h, u // s_h : u // s_h + h_out]
    return taken.reshape(m, h_out // count, count * places, k)


def window_view(x, size, stride) -> np.ndarray:
    """All windows of x (m, H, W, C) as a read-only view (m, H_out, W_out, K_h, K_w * C)."""
    lines, channels = x.reshape(*x.shape[:2], -1), x.shape[3]
    windows = sliding_window_view(lines, (size[0], size[1] * channels), axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1] * channels]


def rows_per_product(h_out: int, work: int) -> int:
    """How many of h_out rows with `work` multiplications each go into one matrix product.

    A divisor of h_out. BLAS multiplies small matrices as they are, and repacks larger ones first,
    which pays only if they are much larger.
    """
    fitting = [n for n in range(2, h_out + 1) if h_out % n == 0 and n * work <= _SMALL_PRODUCT]
    return max(fitting, default=1)


def group_size(c_out: int, w_out: int) -> int:
    """How many neighbouring pixels of a row to compute at once.

    With few filters the product (pixels, K_w * C_in) @ (K_w * C_in, C_out) is too narrow to be
    fast. So a group of pixels shares one wider window, and group * C_out columns are computed.
    """
    return max(1, min(_WIDTH // c_out, w_out))


def band_filters(w, group, step) -> np.ndarray:
    """Filters that compute a group of neighbouring pixels at once.

    w (K_h, K_w, C_in, C_out); group (G_h, G_w) pixels; step: from one to the next. They share one
    larger window, in which the filter of pixel (g, h) stands at g and h steps: a band matrix.
    Multiplying the zeros beside the band costs less than the wider product wins.
    Returns (K_h + (G_h - 1) * step, K_w + (G_w - 1) * step, C_in, G_h, G_w, C_out).
    """
    k_h, k_w, c_in, c_out = w.shape
    (g_h, g_w), (s_h, s_w) = group, step
    band = np.zeros((k_h + (g_h - 1) * s_h, k_w + (g_w - 1) * s_w, c_in, *group, c_out), w.dtype)
    for g, h in np.ndindex(group):
        band[g * s_h : g * s_h + k_h, h * s_w : h * s_w + k_w, :, g, h] = w
    return band


def fold_band(band, size, step) -> np.ndarray:
    """The adjoint of band_filters: dw from the gradient of the band, its copies added up."""
    (k_h, k_w), (s_h, s_w) = size, step
    return sum(
        band[g * s_h : g * s_h + k_h, h * s_w : h * s_w + k_w, :, g, h]
        for g, h in np.ndindex(band.shape[3:5])
    )


def correlate(x, w, stride, shape) -> np.ndarray:
    """Cross-correlation of x (m, H, W, C_in) with w (K_h, K_w, C_in, C_out).

    shape: (H_out, W_out). Returns (m, H_out, W_out, C_out).
    One matrix product for every row of the filters, added up.
    """
    (k_h, _, _, c_out), (h_out, w_out), (s_h, s_w) = w.shape, shape, stride
    group = group_size(c_out, w_out)
    places = -(-w_out // group)  # rounded up
    band = band_filters(w, (1, group), (1, s_w))
    unfolded = unfold_rows(x, band.shape[1], (s_h, group * s_w), places)
    band = band.reshape(k_h, -1, group * c_out)
    count = rows_per_product(h_out, places * band[0].size)
    z = rows_at(unfolded, 0, h_out, count) @ band[0]
    product = np.empty_like(z)
    for u in range(1, k_h):
        np.matmul(rows_at(unfolded, u, h_out, count), band[u], out=product)
        z += product
    return z.reshape(len(x), h_out, places * group, c_out)[:, :, :w_out]


def rotate(w) -> np.ndarray:
    """The filters that carry dz back to x: rotated by 180°, input and output channels exchanged."""
    return w[::-1, ::-1].transpose(0, 1, 3, 2)


def spread(dz, size, stride, pads, shape) -> np.ndarray:
    """dz ready for its 'full' correlation with the rotated filters, which gives dx.

    dz (m, H_out, W_out, C_out); size (K_h, K_w); shape (H, W) of x. Between its entries come
    stride - 1 zeros, around them K - 1; what would become the gradient of padding is cut off.
    """
    (k_h, k_w), (s_h, s_w), ((top, bottom), (left, right)) = size, stride, pads
    height, width = shape[0] + k_h - 1, shape[1] + k_w - 1
    m, h_out, w_out, c_out = dz.shape
    wide = np.zeros((m, top + height + bottom, left + width + right, c_out), dz.dtype)
    wide[:, k_h - 1 :: s_h, k_w - 1 :: s_w][:, :h_out, :w_out] = dz
    return wide[:, top : top + height, left : left + width]


def filter_gradient(x, dz, size, stride) -> np.ndarray:
    """dw (K_h, K_w, C_in, C_out) from x (m, H, W, C_in) and dz (m, H_out, W_out, C_out).

    As in correlate, a group of pixels at once.
    """
    (k_h, k_w), (s_h, s_w), (m, h_out, w_out, c_out) = size, stride, dz.shape
    group = group_size(c_out, w_out)
    places, width = -(-w_out // group), k_w + (group - 1) * s_w
    count = rows_per_product(h_out, places * width * x.shape[3] * group * c_out)
    dz = pad_images(dz, ((0, 0), (0, places * group - w_out)))
    dz = dz.reshape(m, h_out // count, count * places, group * c_out)
    unfolded = unfold_rows(x, width, (s_h, group * s_w), places)
    band = np.stack(
        [
            np.matmul(rows_at(unfolded, u, h_out, count).swapaxes(2, 3), dz).sum(axis=(0, 1))
            for u in range(k_h)
        ]
    ).reshape(k_h, width, x.shape[3], 1, group, c_out)
    return fold_band(band, size, (1, s_w))


def sum_over_pixels(dz) -> np.ndarray:
    """Sum over all axes but the last, as a product with ones, which BLAS does fastest."""
    dz = dz.reshape(-1, dz.shape[-1])
    return np.ones(len(dz), dz.dtype) @ dz

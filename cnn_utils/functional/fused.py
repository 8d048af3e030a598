"""Convolution, ReLU and max-pooling in one step, which is several times as fast as the three.

Tricks, derived in lesson 10:
- pool first: max(relu(z + b)) = relu(max(z) + b), so bias and ReLU touch only what pooling leaves,
  and z is pooled while it is in the cache and never stored;
- small pooling windows: each place of the window is a convolution of its own, with the window's
  size as stride. All of them see parts of the same, larger window of the image, its tile. So one
  unfolding serves them all, and the maximum over the places compares whole arrays;
- large pooling windows: only the largest entry of each has a gradient, so the filters' gradient is
  summed over these few alone.
"""

from __future__ import annotations

import numpy as np

from cnn_utils import parallel

from ._blocks import (
    band_filters,
    correlate,
    fold_band,
    rotate,
    spread,
    sum_over_pixels,
    window_view,
)
from .pooling import LARGE_WINDOW, first_largest, largest, place_dtype, scatter
from .shapes import (
    check_filters,
    check_images,
    check_upstream,
    images_per_block,
    output_shape,
    pad_images,
    pair,
    resolve_padding,
)


def conv2d_relu_maxpool_forward(x, w, b, padding, size):
    """conv2d_forward with stride 1, relu_forward and maxpool2d_forward with stride = size, at once.

    x (N, H, W, C_in); w (K_h, K_w, C_in, C_out); b (C_out,); padding as in conv2d_forward,
    size as in maxpool2d_forward.
    Returns a (N, H_out, W_out, C_out) and the cache for conv2d_relu_maxpool_backward.
    ValueError, TypeError: as the three.
    """
    x = check_images(x)
    w, b = check_filters(x, w, b)
    size = pair(size, "size")
    pads = resolve_padding(padding, x.shape[1:3], w.shape[:2], (1, 1))
    z_size = output_shape(x.shape[1:3], w.shape[:2], (1, 1), pads)
    a_size = output_shape(z_size, size, size)
    a = np.empty((len(x), *a_size, w.shape[3]), np.result_type(x, w, b))
    winner = np.empty(a.shape, place_dtype(size))
    tile = tuple(k + p - 1 for k, p in zip(w.shape[:2], size, strict=True))
    small = size[0] * size[1] < LARGE_WINDOW
    tiles = np.empty((len(x), *a_size, tile[0], tile[1] * x.shape[3]), x.dtype) if small else None
    b_row = np.tile(b, a_size[1])

    def forward(block):
        padded = pad_images(x[block], pads)
        if tiles is not None:
            tiles[block] = window_view(padded, tile, size)
            best, place = _largest_by_place(tiles[block], w, size)
        else:
            best, place = largest(correlate(padded, w, (1, 1), z_size), size, size)
        rows = (len(best), a_size[0], b_row.size)
        np.maximum(best.reshape(rows) + b_row, 0, out=a[block].reshape(rows))
        winner[block] = place.reshape(winner[block].shape)

    z_shape = (len(x), *z_size, w.shape[3])
    parallel.over_batch(forward, len(x), images_per_block(z_shape, w[..., 0].size))
    return a, (x, w, pads, size, z_shape, a, winner, tiles)


def conv2d_relu_maxpool_backward(da, cache, need_dx: bool = True):
    """Gradients (dx, dw, db) of conv2d_relu_maxpool_forward; dx is None unless need_dx.

    da (N, H_out, W_out, C_out). Where two entries of a window become equal only by adding b to
    them (rounding), the larger one gets the gradient here, the first one in maxpool2d_backward.
    """
    x, w, pads, size, z_shape, a, winner, tiles = cache
    da = check_upstream(da, a.shape, "da")
    dx = np.empty(x.shape, np.result_type(da, w)) if need_dx else None

    def backward(block):
        d = da[block] * (a[block] > 0)
        if dx is not None:
            dz = np.zeros((len(d), *z_shape[1:]), d.dtype)
            scatter(d, winner[block], size, size, dz)
            wide = spread(dz, w.shape[:2], (1, 1), pads, x.shape[1:3])
            dx[block] = correlate(wide, rotate(w), (1, 1), x.shape[1:3])
        if tiles is None:
            padded = pad_images(x[block], pads)
            dw = _filter_gradient_of_winners(padded, d, winner[block], w.shape, size)
        else:
            dw = _filter_gradient_by_place(tiles[block], d, winner[block], w.shape, size)
        return dw, sum_over_pixels(d)

    parts = parallel.over_batch(backward, len(x), images_per_block(z_shape, w[..., 0].size))
    dw = sum((dw for dw, _ in parts), np.zeros(w.shape, np.result_type(x, da)))
    db = sum((db for _, db in parts), np.zeros(w.shape[3], da.dtype))
    return dx, dw, db


def _largest_by_place(tiles, w, size):
    """(largest z - b, its place), (m, H_out * W_out, C_out), from the tiles of a few images."""
    m, h_out, w_out, t_h, t_w = tiles.shape
    filters = band_filters(w, size, (1, 1)).reshape(t_h * t_w, -1, w.shape[3]).swapaxes(0, 1)
    z = tiles.reshape(m, 1, h_out * w_out, -1) @ filters  # (m, places, H_out * W_out, C_out)
    return first_largest(z.swapaxes(0, 1), np.arange(len(filters), dtype=place_dtype(size)))


def _filter_gradient_by_place(tiles, d, winner, w_shape, size) -> np.ndarray:
    """dw from the tiles of a few images; d, winner (m, H_out, W_out, C_out)."""
    m, h_out, w_out, t_h, _ = tiles.shape
    dz = np.empty((m, size[0] * size[1], *d.shape[1:]), d.dtype)
    for place in range(dz.shape[1]):
        np.multiply(d, winner == place, out=dz[:, place])
    tiles = tiles.reshape(m, 1, h_out * w_out, -1)
    band = tiles.swapaxes(2, 3) @ dz.reshape(m, -1, h_out * w_out, w_shape[3])
    band = band.sum(axis=0).swapaxes(0, 1).reshape(t_h, -1, w_shape[2], *size, w_shape[3])
    return fold_band(band, w_shape[:2], (1, 1))


def _filter_gradient_of_winners(x, d, winner, w_shape, size) -> np.ndarray:
    """dw for a few images x, already padded; d, winner (m, H_out, W_out, C_out).

    Summed over the winners alone: what the filter saw there, times the gradient.
    """
    m, h_out, w_out, c_out = d.shape
    n, i, j, _ = np.ogrid[:m, :h_out, :w_out, :1]
    u, v = np.divmod(winner, size[1])
    seen = window_view(x, w_shape[:2], (1, 1))[n, i * size[0] + u, j * size[1] + v]
    seen = seen.reshape(m * h_out * w_out, c_out, -1)
    dw = np.matmul(d.reshape(-1, c_out).T[:, None], seen.swapaxes(0, 1))
    return dw.reshape(c_out, -1).T.reshape(w_shape)

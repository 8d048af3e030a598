"""Max- and average-pooling with loops."""

from __future__ import annotations

import numpy as np

from cnn_utils.functional.activations import as_float
from cnn_utils.functional.shapes import check_images, check_upstream, pair

from .convolution import output_size


def maxpool2d_forward(x, size, stride=None):
    """a[n,i,j,c] = the largest x[n, s_h i + u, s_w j + v, c]; of equal ones, the first counts."""
    x = check_images(x)
    (K_h, K_w), (s_h, s_w) = _windows(size, stride)
    N, H, W, C = x.shape
    H_out, W_out = output_size(H, K_h, s_h), output_size(W, K_w, s_w)

    a = np.zeros((N, H_out, W_out, C), x.dtype)
    winner = np.zeros((N, H_out, W_out, C, 2), np.int64)  # row and column of the largest
    for n, i, j, c in np.ndindex(a.shape):
        best_row, best_column = s_h * i, s_w * j
        for u, v in np.ndindex(K_h, K_w):
            row, column = s_h * i + u, s_w * j + v
            if x[n, row, column, c] > x[n, best_row, best_column, c]:
                best_row, best_column = row, column
        a[n, i, j, c] = x[n, best_row, best_column, c]
        winner[n, i, j, c] = best_row, best_column
    return a, (x.shape, winner)


def maxpool2d_backward(da, cache) -> np.ndarray:
    """Each window's gradient goes to its winner, and adds up where windows share a winner."""
    x_shape, winner = cache
    da = check_upstream(da, winner.shape[:4], "da")
    dx = np.zeros(x_shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        row, column = winner[n, i, j, c]
        dx[n, row, column, c] += da[n, i, j, c]
    return dx


def avgpool2d_forward(x, size, stride=None):
    """a[n,i,j,c] = the sum over u, v of x[n, s_h i + u, s_w j + v, c], divided by K_h K_w."""
    x = as_float(check_images(x))
    (K_h, K_w), (s_h, s_w) = _windows(size, stride)
    N, H, W, C = x.shape
    H_out, W_out = output_size(H, K_h, s_h), output_size(W, K_w, s_w)

    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n, i, j, c in np.ndindex(a.shape):
        for u, v in np.ndindex(K_h, K_w):
            a[n, i, j, c] += x[n, s_h * i + u, s_w * j + v, c]
        a[n, i, j, c] /= K_h * K_w
    return a, (x.shape, (K_h, K_w), (s_h, s_w), a.shape)


def avgpool2d_backward(da, cache) -> np.ndarray:
    """Each entry of a window gets an equal share of the window's gradient."""
    x_shape, (K_h, K_w), (s_h, s_w), a_shape = cache
    da = as_float(check_upstream(da, a_shape, "da"))
    dx = np.zeros(x_shape, da.dtype)
    for n, i, j, c in np.ndindex(da.shape):
        for u, v in np.ndindex(K_h, K_w):
            dx[n, s_h * i + u, s_w * j + v, c] += da[n, i, j, c] / (K_h * K_w)
    return dx


def _windows(size, stride) -> tuple[tuple[int, int], tuple[int, int]]:
    size = pair(size, "size")
    return size, size if stride is None else pair(stride, "stride")

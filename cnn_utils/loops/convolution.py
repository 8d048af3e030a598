"""Convolution with loops: the definitions in 1-D and 2-D, im2col, and the convolutional layer."""

from __future__ import annotations

import numpy as np

from cnn_utils.arguments import integer
from cnn_utils.functional.shapes import (
    check_filters,
    check_images,
    check_slide,
    check_upstream,
    pair,
    resolve_padding,
)


def output_size(n: int, k: int, stride: int = 1, padding: int = 0) -> int:
    """Number of places for a window of size k, counted by moving it along the axis."""
    stride = integer(stride, "stride", least=1)  # or the loop would never end
    places = 0
    start = 0
    while start + k <= n + 2 * padding:
        places += 1
        start += stride
    if places == 0:
        raise ValueError(
            f"a window of size {k} does not fit into {n} + 2 · {padding} pixels; use a smaller one."
        )
    return places


def correlate1d(x, w, mode: str = "valid") -> np.ndarray:
    """z[i] = sum over u of x[i + u] w[u]; x is 0 outside of its n entries."""
    x, w = check_slide(x, w, mode, axes=1)
    (n,), (k,) = x.shape, w.shape
    first, size = _range_of_places(n, k, mode)
    z = np.zeros(size, np.result_type(x, w))
    for i in range(size):
        for u in range(k):
            if 0 <= first + i + u < n:
                z[i] += x[first + i + u] * w[u]
    return z


def convolve1d(x, w, mode: str = "valid") -> np.ndarray:
    """z[i] = sum over u of x[i + k - 1 - u] w[u]: x is read backwards while w is read forwards."""
    x, w = check_slide(x, w, mode, axes=1)
    (n,), (k,) = x.shape, w.shape
    first, size = _range_of_places(n, k, mode)
    z = np.zeros(size, np.result_type(x, w))
    for i in range(size):
        for u in range(k):
            if 0 <= first + i + k - 1 - u < n:
                z[i] += x[first + i + k - 1 - u] * w[u]
    return z


def correlate2d(x, w, mode: str = "valid") -> np.ndarray:
    """z[i, j] = sum over u, v of x[i + u, j + v] w[u, v]; x is 0 outside of its H x W entries."""
    x, w = check_slide(x, w, mode, axes=2)
    (H, W), (K_h, K_w) = x.shape, w.shape
    top, H_out = _range_of_places(H, K_h, mode, later=1)
    left, W_out = _range_of_places(W, K_w, mode, later=1)
    z = np.zeros((H_out, W_out), np.result_type(x, w))
    for i, j in np.ndindex(z.shape):
        for u, v in np.ndindex(w.shape):
            row, column = top + i + u, left + j + v
            if 0 <= row < H and 0 <= column < W:
                z[i, j] += x[row, column] * w[u, v]
    return z


def convolve2d(x, w, mode: str = "valid") -> np.ndarray:
    """z[i, j] = sum over u, v of x[i + K_h - 1 - u, j + K_w - 1 - v] w[u, v]."""
    x, w = check_slide(x, w, mode, axes=2)
    (H, W), (K_h, K_w) = x.shape, w.shape
    top, H_out = _range_of_places(H, K_h, mode)
    left, W_out = _range_of_places(W, K_w, mode)
    z = np.zeros((H_out, W_out), np.result_type(x, w))
    for i, j in np.ndindex(z.shape):
        for u, v in np.ndindex(w.shape):
            row, column = top + i + K_h - 1 - u, left + j + K_w - 1 - v
            if 0 <= row < H and 0 <= column < W:
                z[i, j] += x[row, column] * w[u, v]
    return z


def _range_of_places(n: int, k: int, mode: str, later: int = 0) -> tuple[int, int]:
    """Where the first window starts (negative: before x does), and how many windows there are.

    later: which of two middles 'same' takes for even k; only correlate2d takes the later one, as
    in SciPy.
    """
    if mode == "valid":
        return 0, n - k + 1
    if mode == "same":
        return -(k - 1) + (k - 1 + later) // 2, n
    return -(k - 1), n + k - 1  # 'full'


def pad(x, pads) -> np.ndarray:
    """x (N, H, W, C) with ((top, bottom), (left, right)) zeros around every image."""
    (top, bottom), (left, right) = pads
    N, H, W, C = x.shape
    padded = np.zeros((N, top + H + bottom, left + W + right, C), x.dtype)
    for n, i, j, c in np.ndindex(x.shape):
        padded[n, top + i, left + j, c] = x[n, i, j, c]
    return padded


def unpad(padded, x_shape, pads) -> np.ndarray:
    """The part of a padded array that is not padding, shape x_shape (N, H, W, C)."""
    (top, _), (left, _) = pads
    x = np.zeros(x_shape, padded.dtype)
    for n, i, j, c in np.ndindex(x.shape):
        x[n, i, j, c] = padded[n, top + i, left + j, c]
    return x


def im2col(x, size, stride=1, padding=0) -> np.ndarray:
    """Row (n, i, j) holds window (i, j) of image n, its entries in the order (u, v, c)."""
    x = check_images(x)
    (K_h, K_w), (s_h, s_w) = pair(size, "size"), pair(stride, "stride")
    pads = resolve_padding(padding, x.shape[1:3], (K_h, K_w), (s_h, s_w))
    x = pad(x, pads)
    N, H, W, C = x.shape
    H_out, W_out = output_size(H, K_h, s_h), output_size(W, K_w, s_w)
    cols = np.zeros((N * H_out * W_out, K_h * K_w * C), x.dtype)
    for n, i, j in np.ndindex(N, H_out, W_out):
        row = (n * H_out + i) * W_out + j
        for u, v, c in np.ndindex(K_h, K_w, C):
            column = (u * K_w + v) * C + c
            cols[row, column] = x[n, s_h * i + u, s_w * j + v, c]
    return cols


def col2im(cols, x_shape, size, stride=1, padding=0) -> np.ndarray:
    """Add every entry of cols to the pixel that im2col copied it from."""
    cols = np.asarray(cols)
    N, H, W, C = x_shape
    (K_h, K_w), (s_h, s_w) = pair(size, "size"), pair(stride, "stride")
    pads = resolve_padding(padding, (H, W), (K_h, K_w), (s_h, s_w))
    x = np.zeros((N, H + sum(pads[0]), W + sum(pads[1]), C), cols.dtype)
    H_out, W_out = output_size(x.shape[1], K_h, s_h), output_size(x.shape[2], K_w, s_w)
    if cols.shape != (N * H_out * W_out, K_h * K_w * C):
        raise ValueError(f"cols {cols.shape} cannot come from im2col of images {x_shape}.")
    for n, i, j in np.ndindex(N, H_out, W_out):
        row = (n * H_out + i) * W_out + j
        for u, v, c in np.ndindex(K_h, K_w, C):
            column = (u * K_w + v) * C + c
            x[n, s_h * i + u, s_w * j + v, c] += cols[row, column]
    return unpad(x, x_shape, pads)


def conv2d_forward(x, w, b, stride=1, padding=0):
    """z[n,i,j,f] = b[f] + sum over u, v, c of x[n, s_h i + u, s_w j + v, c] w[u,v,c,f]."""
    x = check_images(x)
    w, b = check_filters(x, w, b)
    K_h, K_w, C_in, C_out = w.shape
    s_h, s_w = pair(stride, "stride")
    pads = resolve_padding(padding, x.shape[1:3], (K_h, K_w), (s_h, s_w))
    x_padded = pad(x, pads)
    N, H, W, _ = x_padded.shape
    H_out, W_out = output_size(H, K_h, s_h), output_size(W, K_w, s_w)

    z = np.zeros((N, H_out, W_out, C_out), np.result_type(x, w, b))
    for n, i, j, f in np.ndindex(z.shape):
        total = b[f]
        for u, v, c in np.ndindex(K_h, K_w, C_in):
            total += x_padded[n, s_h * i + u, s_w * j + v, c] * w[u, v, c, f]
        z[n, i, j, f] = total
    return z, (x_padded, w, x.shape, (s_h, s_w), pads, z.shape)


def conv2d_backward(dz, cache, need_dx: bool = True):
    """Every product of the forward pass sends dz[n,i,j,f] back to both of its factors.

    dw[u,v,c,f] collects x · dz, dx collects w · dz, db[f] collects dz; "+=" throughout, because
    each x, w and b took part in many products.
    """
    x_padded, w, x_shape, (s_h, s_w), pads, z_shape = cache
    dz = check_upstream(dz, z_shape, "dz")
    K_h, K_w, C_in, C_out = w.shape

    dx_padded = np.zeros(x_padded.shape, np.result_type(dz, w))
    dw = np.zeros(w.shape, np.result_type(dz, x_padded))
    db = np.zeros(C_out, dz.dtype)
    for n, i, j, f in np.ndindex(dz.shape):
        g = dz[n, i, j, f]
        db[f] += g
        for u, v, c in np.ndindex(K_h, K_w, C_in):
            row, column = s_h * i + u, s_w * j + v
            dw[u, v, c, f] += x_padded[n, row, column, c] * g
            if need_dx:
                dx_padded[n, row, column, c] += w[u, v, c, f] * g
    return unpad(dx_padded, x_shape, pads) if need_dx else None, dw, db

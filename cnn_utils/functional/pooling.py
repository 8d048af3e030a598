"""Max- and average-pooling, forward beside backward.

A window's entries are numbered row by row; the number of an entry is called its place.
"""

from __future__ import annotations

import numpy as np

from cnn_utils import parallel

from .shapes import check_images, check_upstream, images_per_block, output_shape, pair

LARGE_WINDOW = 16  # entries


def maxpool2d_forward(x, size, stride=None):
    """The largest entry of every window, channel by channel.

    x (N, H, W, C); size, stride: int or pair (vertical, horizontal) in pixels; stride None = size.
    Rows and columns left over at the bottom and right are ignored.
    Returns a (N, H_out, W_out, C), same dtype, and the cache for maxpool2d_backward.
    ValueError, TypeError: a window that does not fit, or arguments of another kind.
    """
    x, size, stride, shape = _resolve(x, size, stride)
    a = np.empty(shape, x.dtype)
    winner = np.empty(shape, place_dtype(size))

    def forward(block):
        a[block], winner[block] = largest(x[block], size, stride)

    parallel.over_batch(forward, len(x), images_per_block(x.shape))
    return a, (x.shape, size, stride, winner)


def maxpool2d_backward(da, cache) -> np.ndarray:
    """Gradient of maxpool2d_forward: each window hands its gradient to its (first) largest entry.

    da (N, H_out, W_out, C). Returns dx (N, H, W, C), same dtype.
    """
    x_shape, size, stride, winner = cache
    da = check_upstream(da, winner.shape, "da")
    dx = np.zeros(x_shape, da.dtype)

    def backward(block):
        scatter(da[block], winner[block], size, stride, dx[block])

    parallel.over_batch(backward, len(da), images_per_block(x_shape))
    return dx


def largest(x, size, stride):
    """(largest entry, its place) in every window of a few images x (m, H, W, C).

    Of equal entries the first one wins, as in PyTorch.
    """
    if size == stride and size[0] * size[1] >= LARGE_WINDOW:
        return _largest_in_large_windows(x, size)
    (k_h, k_w), (s_h, s_w) = size, stride
    h_out, w_out = output_shape(x.shape[1:3], size, stride)
    places = np.arange(k_h * k_w, dtype=place_dtype(size))
    columns = np.stack([x[:, :, v : v + s_w * w_out : s_w] for v in range(k_w)])
    row_best, row_place = first_largest(columns, places[:k_w])
    tops = [slice(u, u + s_h * h_out, s_h) for u in range(k_h)]
    return first_largest(
        [row_best[:, top] for top in tops],
        [row_place[:, top] + places[u * k_w] for u, top in enumerate(tops)],
    )


def first_largest(entries, places):
    """The largest of several arrays, entry by entry, and the place of the first that has it.

    Running maximum (lesson 10): every step compares whole arrays; NumPy's own max over two short
    axes is ten times slower. The places must rise.
    """
    best, best_place = entries[0].copy(), np.empty(entries[0].shape, places[0].dtype)
    best_place[...] = places[0]
    for entry, place in zip(entries[1:], places[1:], strict=True):
        larger = (entry > best).view(np.uint8)
        np.maximum(best, entry, out=best)
        np.maximum(best_place, larger * place, out=best_place)
    return best, best_place


def _largest_in_large_windows(x, size):
    """`largest` for windows that do not overlap, in fewer steps.

    Rows first (lesson 10): the maximum down each window runs over whole rows of the image, and
    leaves little for the maximum across. Then every entry that equals its window's largest one
    gets the number of places from there to the end of the window; the first of them has most.
    """
    (k_h, k_w), (m, _, _, channels) = size, x.shape
    h_out, w_out = output_shape(x.shape[1:3], size, size)
    x = x[:, : h_out * k_h, : w_out * k_w].reshape(m * h_out, k_h, -1)

    def largest_across(rows):
        columns = rows.reshape(m * h_out, w_out, k_w, channels).transpose(2, 0, 1, 3)
        return np.ascontiguousarray(columns).max(axis=0)

    best = largest_across(x.max(axis=1))
    is_best = x == np.repeat(best, k_w, axis=1).reshape(m * h_out, 1, -1)
    left = np.arange(k_h * k_w, 0, -1, dtype=place_dtype(size)).reshape(size)
    left = np.repeat(np.tile(left, w_out), channels, axis=1)
    most_left = largest_across((is_best.view(np.uint8) * left).max(axis=1))
    place = k_h * k_w - np.maximum(most_left, 1)  # 0 where a NaN equals nothing
    shape = (m, h_out, w_out, channels)
    return best.reshape(shape), place.astype(left.dtype).reshape(shape)


def place_dtype(size) -> np.dtype:
    """The smallest type that can count the places of a window."""
    return np.min_scalar_type(size[0] * size[1])


def scatter(da, winner, size, stride, dx) -> None:
    """Add each da (m, H_out, W_out, C) to dx (m, H, W, C) at its window's winner.

    Sparse pooling gradient (lesson 10): only the winners are touched, through their indices into
    dx as one long row (so dx must be contiguous).
    """
    (m, h_out, w_out, _), (_, height, width, channels) = da.shape, dx.shape
    down, right = width * channels, channels  # steps to the entry below and to the next one
    u, v = np.divmod(np.arange(size[0] * size[1]), size[1])
    i, j, c = np.ogrid[:h_out, :w_out, :channels]
    index = (u * down + v * right)[winner]
    index += i * stride[0] * down + j * stride[1] * right + c
    index += np.arange(m).reshape(m, 1, 1, 1) * height * down
    np.add.at(dx.reshape(-1), index.reshape(-1), da.reshape(-1))


def avgpool2d_forward(x, size, stride=None):
    """The mean of every window, channel by channel.

    Arguments and result as in maxpool2d_forward; integers give floats, as np.mean does.
    """
    x, size, stride, shape = _resolve(x, size, stride)
    a = np.zeros(shape, x.dtype if x.dtype.kind == "f" else float)

    def forward(block):
        for entry in _places(x[block], size, stride):
            a[block] += entry
        a[block] /= size[0] * size[1]

    parallel.over_batch(forward, len(x), images_per_block(x.shape))
    return a, (x.shape, size, stride, shape)


def avgpool2d_backward(da, cache) -> np.ndarray:
    """Gradient of avgpool2d_forward: each window shares its gradient equally among its entries.

    da (N, H_out, W_out, C). Returns dx (N, H, W, C), same dtype.
    """
    x_shape, size, stride, shape = cache
    da = check_upstream(da, shape, "da")
    share = da / (size[0] * size[1])
    dx = np.zeros(x_shape, share.dtype)

    def backward(block):
        for entry in _places(dx[block], size, stride):
            entry += share[block]

    parallel.over_batch(backward, len(da), images_per_block(x_shape))
    return dx


def _resolve(x, size, stride):
    """Checked arguments and the shape of the result."""
    x = check_images(x)
    size = pair(size, "size")
    stride = size if stride is None else pair(stride, "stride")
    h_out, w_out = output_shape(x.shape[1:3], size, stride)
    return x, size, stride, (len(x), h_out, w_out, x.shape[3])


def _places(x, size, stride):
    """For every place of the window, in order: the view of x with this entry of all windows."""
    h_out, w_out = output_shape(x.shape[1:3], size, stride)
    (k_h, k_w), (s_h, s_w) = size, stride
    for u in range(k_h):
        for v in range(k_w):
            yield x[:, u : u + s_h * h_out : s_h, v : v + s_w * w_out : s_w]

"""The checks of max-pooling and average-pooling, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest
from checks_bank import failure
from numpy.lib.stride_tricks import sliding_window_view

from cnn_utils import functional, loops

NAMES = ("maxpool2d_forward", "maxpool2d_backward", "avgpool2d_forward", "avgpool2d_backward")

# ---- right functions, written in other ways


def tiles(x, size, stride):
    """(N, H_out, W_out, C, size, size): a view of every window."""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def places(x, size, stride):
    """For every place of the window, a view of x with this number of all windows."""
    H_out, W_out = ((n - size) // stride + 1 for n in x.shape[1:3])
    for u, v in np.ndindex(size, size):
        yield x[:, u : u + stride * H_out : stride, v : v + stride * W_out : stride]


def max_of_tiles(x, size, stride):
    return tiles(x, size, stride).max(axis=(4, 5))


def max_of_places(x, size, stride):
    return np.maximum.reduce(list(places(x, size, stride)))


def max_of_sorted_tiles(x, size, stride):
    windows = tiles(x, size, stride)
    return np.sort(windows.reshape(*windows.shape[:4], -1))[..., -1], "a cache"


def max_image_by_image(x, size, stride):
    H_out, W_out = ((n - size) // stride + 1 for n in x.shape[1:3])
    rows = [
        [
            x[:, stride * i : stride * i + size, stride * j : stride * j + size].max(axis=(1, 2))
            for j in range(W_out)
        ]
        for i in range(H_out)
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def max_back_of_functional(da, x, size, stride):
    return functional.maxpool2d_backward(da, functional.maxpool2d_forward(x, size, stride)[1])


def max_back_of_loops(da, x, size, stride):
    return loops.maxpool2d_backward(da, loops.maxpool2d_forward(x, size, stride)[1])


def max_back_argmax(da, x, size, stride):
    windows = tiles(x, size, stride)
    winner = windows.reshape(*windows.shape[:4], -1).argmax(axis=-1)
    n, i, j, c = np.indices(winner.shape)
    dx = np.zeros_like(x)
    np.add.at(dx, (n, stride * i + winner // size, stride * j + winner % size, c), da)
    return dx


def max_back_last(da, x, size, stride):
    return max_back_argmax(da[:, ::-1, ::-1], fitting(x, size, stride)[:, ::-1, ::-1], size, stride)


def max_back_split(da, x, size, stride):
    largest = max_of_places(x, size, stride)
    count = sum(place == largest for place in places(x, size, stride))
    dx = np.zeros(x.shape)
    for place, target in zip(places(x, size, stride), places(dx, size, stride), strict=True):
        target += np.where(place == largest, da / count, 0)
    return dx


def max_back_by_columns(da, x, size, stride):
    turned = max_back_argmax(da.swapaxes(1, 2), x.swapaxes(1, 2), size, stride)
    return turned.swapaxes(1, 2)


def fitting(x, size, stride):
    """Cut off the rows and columns that no window reads."""
    H, W = (n - (n - size) % stride for n in x.shape[1:3])
    return x[:, :H, :W]


def max_back_last_padded(da, x, size, stride):
    inner, dx = max_back_last(da, x, size, stride)[:, ::-1, ::-1], np.zeros_like(x)
    dx[:, : inner.shape[1], : inner.shape[2]] = inner
    return dx


def mean_of_tiles(x, size, stride):
    return tiles(x, size, stride).mean(axis=(4, 5))


def mean_of_places(x, size, stride):
    return sum(places(x, size, stride)) / size**2


def mean_of_sums_of_sums(x, size, stride):
    total = np.zeros((len(x), x.shape[1] + 1, x.shape[2] + 1, x.shape[3]))
    total[:, 1:, 1:] = x.cumsum(axis=1, dtype=float).cumsum(axis=2)
    a, b = total[:, size:], total[:, :-size]
    sums = a[:, :, size:] - a[:, :, :-size] - b[:, :, size:] + b[:, :, :-size]
    return sums[:, ::stride, ::stride] / size**2, "a cache"


def mean_einsum(x, size, stride):
    weights = np.full((size, size), 1 / size**2, x.dtype)
    return np.einsum("nijcuv,uv->nijc", tiles(x, size, stride), weights)


def mean_fft(x, size, stride):
    H, W = x.shape[1:3]
    kernel = np.fft.rfft2(np.full((size, size), 1 / size**2), (H + size, W + size))
    wave = np.fft.rfft2(x, (H + size, W + size), axes=(1, 2)) * kernel[:, :, None]
    full = np.fft.irfft2(wave, (H + size, W + size), axes=(1, 2))
    return full[:, size - 1 : H : stride, size - 1 : W : stride]


def mean_back_of_functional(da, x, size, stride):
    return functional.avgpool2d_backward(da, functional.avgpool2d_forward(x, size, stride)[1])


def mean_back_of_loops(da, x, size, stride):
    return loops.avgpool2d_backward(da, loops.avgpool2d_forward(x, size, stride)[1])


def mean_back_places(da, x, size, stride):
    dx = np.zeros(x.shape, da.dtype)
    for target in places(dx, size, stride):
        target += da / size**2
    return dx


def mean_back_matrices(da, x, size, stride):
    def shares(n, n_out):
        matrix = np.zeros((n, n_out))
        for i in range(n_out):
            matrix[stride * i : stride * i + size, i] = 1 / size
        return matrix

    down, across = (shares(x.shape[k], da.shape[k]) for k in (1, 2))
    return np.einsum("hi,wj,nijc->nhwc", down, across, da)


RIGHT = [
    ("maxpool2d_forward", loops.maxpool2d_forward),
    ("maxpool2d_forward", functional.maxpool2d_forward),
    ("maxpool2d_forward", max_of_tiles),
    ("maxpool2d_forward", max_of_places),
    ("maxpool2d_forward", max_of_sorted_tiles),
    ("maxpool2d_forward", max_image_by_image),
    ("maxpool2d_backward", max_back_of_loops),
    ("maxpool2d_backward", max_back_of_functional),
    ("maxpool2d_backward", max_back_argmax),
    ("maxpool2d_backward", max_back_last_padded),
    ("maxpool2d_backward", max_back_split),
    ("maxpool2d_backward", max_back_by_columns),
    ("avgpool2d_forward", loops.avgpool2d_forward),
    ("avgpool2d_forward", functional.avgpool2d_forward),
    ("avgpool2d_forward", mean_of_tiles),
    ("avgpool2d_forward", mean_of_places),
    ("avgpool2d_forward", mean_of_sums_of_sums),
    ("avgpool2d_forward", mean_einsum),
    ("avgpool2d_forward", mean_fft),
    ("avgpool2d_backward", mean_back_of_loops),
    ("avgpool2d_backward", mean_back_of_functional),
    ("avgpool2d_backward", mean_back_places),
    ("avgpool2d_backward", mean_back_matrices),
]


def call_of(name, rng, k):
    """Arguments of a call unlike the probes: sizes and strides 1 to 3, with and without ties."""
    size, stride, N, C = (int(n) for n in rng.integers(1, 4, 4))
    H, W = (int(n) for n in rng.integers(size, 9, 2))
    x = rng.normal(size=(N, H, W, C)) - 1
    if k % 2:
        x = np.round(x)
    if name.endswith("forward"):
        return x, size, stride
    return (
        rng.normal(size=(N, (H - size) // stride + 1, (W - size) // stride + 1, C)),
        x,
        size,
        stride,
    )


# ---- wrong functions that nobody has met before


def no_remainder_of_share(da, x, size, stride):
    return max_back_argmax(da, x, size, stride) * 0.9


def every_second_tie(da, x, size, stride):
    """The first in rows that are even, all of them elsewhere: neither policy."""
    dx = max_back_argmax(da, x, size, stride)
    dx[:, 1::2] = max_back_split(da, x, size, stride)[:, 1::2]
    return dx


def one_row_too_many(x, size, stride):
    a = max_of_places(x, size, stride)
    return np.concatenate([a, a[:, -1:]], axis=1)


def shares_turned(da, x, size, stride):
    return mean_back_places(da[:, ::-1, ::-1], x, size, stride)


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("maxpool2d_backward", no_remainder_of_share, "every number is 0.9 times"),
        ("maxpool2d_backward", every_second_tie, "numbers are wrong, the first at"),
        ("maxpool2d_forward", one_row_too_many, "Only axis 1 differs"),
        ("avgpool2d_backward", shares_turned, "turned by 180°|wrong places|numbers are wrong"),
        (
            "avgpool2d_forward",
            lambda x, size, stride: mean_of_tiles(x, size, stride) + 0.5,
            "same 0.5",
        ),
    ],
)
def test_what_is_said_about_a_mistake_that_is_not_known(name, function, words):
    found = failure(name, function)
    assert found.mistake is None
    assert any(word in str(found).replace("\n            ", " ") for word in words.split("|")), str(
        found
    )


def test_either_way_to_treat_ties_is_right_but_not_all_of_it_to_each():
    for right in (max_back_argmax, max_back_last_padded, max_back_split, max_back_by_columns):
        assert failure("maxpool2d_backward", right) is None

    def every(da, x, size, stride):
        dx, largest = np.zeros(x.shape), max_of_places(x, size, stride)
        for place, target in zip(places(x, size, stride), places(dx, size, stride), strict=True):
            target += np.where(place == largest, da, 0)
        return dx

    assert failure("maxpool2d_backward", every).mistake == "every-tie-gets-all"


def test_a_search_that_begins_far_below_0_is_still_wrong():
    def from_a_small_number(x, size, stride):
        return np.maximum(loops.maxpool2d_forward(x, size, stride)[0], -1e12)

    assert "numbers near −10¹⁵" in str(failure("maxpool2d_forward", from_a_small_number))

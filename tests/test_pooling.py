"""Pooling: against the bare definition, with ties, overlaps and remainders."""

import numpy as np
import pytest
from helpers import POOL_A, POOL_DA, POOL_DX, POOL_X, SETTINGS, assert_close, frozen
from hypothesis import given
from hypothesis import strategies as st

from cnn_utils.functional import (
    avgpool2d_backward,
    avgpool2d_forward,
    maxpool2d_backward,
    maxpool2d_forward,
    shapes,
)

SMALL = st.integers(1, 4)


@pytest.fixture(params=["one block", "image by image"])
def blocks(request, monkeypatch):
    """Run a test with the whole batch in one block, and with blocks of one image."""
    if request.param == "image by image":
        monkeypatch.setattr(shapes, "LARGEST_BLOCK", 1)


def windows(shape, size, stride):
    """(output position, window) for one image after the other."""
    n, height, width, channels = shape
    for at in np.ndindex(
        n, (height - size[0]) // stride[0] + 1, (width - size[1]) // stride[1] + 1, channels
    ):
        top, left = at[1] * stride[0], at[2] * stride[1]
        yield at, np.s_[at[0], top : top + size[0], left : left + size[1], at[3]]


def max_by_definition(x, size, stride):
    """a, and da -> dx. The first maximum in row-major order gets the gradient."""
    places = list(windows(x.shape, size, stride))
    shape = [1 + last for last in places[-1][0]]
    a = np.empty(shape, x.dtype)
    for at, window in places:
        a[at] = x[window].max()

    def backward(da):
        dx = np.zeros(x.shape)
        for at, window in places:
            first = np.unravel_index(x[window].argmax(), size)
            dx[window][first] += da[at]
        return dx

    return a, backward


def test_the_worked_example_has_ties_and_a_negative_window():
    a, cache = maxpool2d_forward(POOL_X, 2)
    np.testing.assert_array_equal(a, POOL_A)
    dx = maxpool2d_backward(POOL_DA, cache)
    np.testing.assert_array_equal(dx, POOL_DX)
    assert a.dtype == dx.dtype == POOL_X.dtype


@given(data=st.data())
@SETTINGS
def test_any_max_pooling_is_the_definition(data):
    draw = data.draw
    size, stride = (draw(SMALL), draw(SMALL)), (draw(SMALL), draw(SMALL))
    height, width = (draw(st.integers(k, k + 7)) for k in size)
    shape = (draw(st.integers(1, 3)), height, width, draw(st.integers(1, 3)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.integers(-2, draw(st.sampled_from([-1, 3, 99])), shape).astype(float)
    expected, backward = max_by_definition(x, size, stride)
    a, cache = maxpool2d_forward(x, size, stride)
    np.testing.assert_array_equal(a, expected)
    da = rng.integers(-9, 10, a.shape).astype(float)
    np.testing.assert_array_equal(maxpool2d_backward(da, cache), backward(da))


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    ("size", "stride"),
    [((8, 8), (8, 8)), ((3, 9), (3, 9)), ((16, 16), (16, 16)), ((17, 16), (5, 9))],
)
@pytest.mark.parametrize("values", [2, 40, 10**6], ids=["many ties", "ties", "few ties"])
def test_large_windows(size, stride, values):
    x = np.random.default_rng(0).integers(-values, values, (5, 40, 36, 3)).astype(np.float32)
    expected, backward = max_by_definition(x, size, stride)
    a, cache = maxpool2d_forward(x, size, stride)
    np.testing.assert_array_equal(a, expected)
    np.testing.assert_array_equal(maxpool2d_backward(a, cache), backward(a))


def test_a_constant_image_sends_each_gradient_to_the_corner_of_its_window():
    a, cache = maxpool2d_forward(np.zeros((1, 4, 6, 1)), (2, 3))
    dx = maxpool2d_backward(np.ones_like(a), cache)
    assert np.argwhere(dx[0, :, :, 0]).tolist() == [[0, 0], [0, 3], [2, 0], [2, 3]]


def test_ties_across_rows_go_to_the_upper_row():
    x = np.array([[0, 5], [5, 0]]).reshape(1, 2, 2, 1)
    _, cache = maxpool2d_forward(x, 2)
    dx = maxpool2d_backward(np.ones((1, 1, 1, 1)), cache)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 1], [0, 0]])


def test_leftover_rows_and_columns_are_ignored():
    x = np.arange(35.0).reshape(1, 5, 7, 1)
    for forward, backward in (
        (maxpool2d_forward, maxpool2d_backward),
        (avgpool2d_forward, avgpool2d_backward),
    ):
        a, cache = forward(x, 2)
        assert a.shape == (1, 2, 3, 1)
        dx = backward(np.ones_like(a), cache)
        assert not dx[:, 4].any() and not dx[:, :, 6].any() and dx.sum() == a.size


@pytest.mark.parametrize("size", [2, 4])
def test_not_a_number_is_passed_on(size):
    x = np.ones((1, 8, 8, 1))
    x[0, 7, 7, 0] = np.nan
    a, cache = maxpool2d_forward(x, size)
    assert np.isnan(a[0, -1, -1, 0]) and np.isnan(a).sum() == 1
    assert maxpool2d_backward(np.ones_like(a), cache).sum() == a.size


@given(data=st.data())
@SETTINGS
def test_any_average_pooling_is_the_definition(data):
    draw = data.draw
    size, stride = (draw(SMALL), draw(SMALL)), (draw(SMALL), draw(SMALL))
    height, width = (draw(st.integers(k, k + 7)) for k in size)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.normal(size=(2, height, width, 2))
    a, cache = avgpool2d_forward(x, size, stride)
    da = rng.normal(size=a.shape)
    expected, dx = np.empty(a.shape), np.zeros(x.shape)
    for at, window in windows(x.shape, size, stride):
        expected[at] = x[window].mean()
        dx[window] += da[at] / (size[0] * size[1])
    assert_close(a, expected)
    assert_close(avgpool2d_backward(da, cache), dx)


def test_the_average_of_integers_is_a_float():
    a, cache = avgpool2d_forward(POOL_X, 2)
    np.testing.assert_array_equal(a[0, :, :, 0], [[1.75, 1], [-1.25, -3.25]])
    assert avgpool2d_backward(POOL_DA, cache)[0, 0, 0, 0] == 2.5


@pytest.mark.parametrize(
    ("forward", "backward"),
    [(maxpool2d_forward, maxpool2d_backward), (avgpool2d_forward, avgpool2d_backward)],
)
def test_dtype_is_kept_and_nothing_is_changed(forward, backward):
    x = np.random.default_rng(1).normal(size=(3, 6, 7, 2)).astype(np.float32)
    a, cache = forward(x, 3, 2)
    turned = frozen(x.T.copy()).T  # not contiguous, not writable
    same, same_cache = forward(turned, 3, 2)
    np.testing.assert_array_equal(a, same)
    upstream = frozen(a[::-1].copy())[::-1]
    dx = backward(upstream, same_cache)
    np.testing.assert_array_equal(dx, backward(a, cache))
    assert a.dtype == dx.dtype == np.float32
    assert forward(x[:0], 2)[0].shape == (0, 3, 3, 2)


def test_errors_say_what_came_and_what_to_try():
    x = np.ones((1, 4, 4, 1))
    with pytest.raises(ValueError, match="size 5 does not fit into an axis of size 4"):
        maxpool2d_forward(x, 5)
    with pytest.raises(ValueError, match=r"x\[None\]"):
        avgpool2d_forward(x[0], 2)
    with pytest.raises(ValueError, match="size must be an integer ≥ 1"):
        maxpool2d_forward(x, 0)
    with pytest.raises(TypeError, match="stride must be an int"):
        maxpool2d_forward(x, 2, 1.0)
    _, cache = maxpool2d_forward(x, 2)
    with pytest.raises(ValueError, match=r"da must have the shape of the forward result"):
        maxpool2d_backward(np.ones((1, 4, 4, 1)), cache)

"""to_float, split and batches."""

import numpy as np
import pytest

from cnn_utils.data import batches, split, to_float
from cnn_utils.data.batches import check_pairs, to_input


def test_to_float():
    x = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    before = x.copy()
    floats = to_float(x)
    assert floats.dtype == np.float32 and floats.shape == x.shape
    np.testing.assert_array_equal(floats, (x / 255.0).astype(np.float32))
    assert floats.min() == 0 and floats.max() == 1
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_to_float_refuses_what_is_not_bytes(dtype):
    with pytest.raises(TypeError, match="uint8.*already"):
        to_float(np.ones((1, 2, 2, 1), dtype))


def test_split_takes_the_same_part_of_every_class():
    y = np.repeat([0, 1, 2], [100, 50, 10])
    y = np.random.default_rng(1).permutation(y)
    x = np.arange(160).reshape(160, 1, 1, 1)
    before = x.copy(), y.copy()
    x_train, y_train, x_valid, y_valid = split(x, y, 0.2, np.random.default_rng(0))
    np.testing.assert_array_equal(np.bincount(y_valid), [20, 10, 2])
    np.testing.assert_array_equal(np.bincount(y_train), [80, 40, 8])
    held_out, kept = x_valid.ravel(), x_train.ravel()
    np.testing.assert_array_equal(np.sort(np.concatenate([held_out, kept])), np.arange(160))
    np.testing.assert_array_equal(y[held_out], y_valid)
    np.testing.assert_array_equal(y[kept], y_train)
    x_train[:], y_train[:] = -1, -1
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_split_is_drawn_by_rng():
    x, y = np.arange(100), np.zeros(100, int)
    a, b, c = (split(x, y, 0.3, np.random.default_rng(seed))[2] for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("fraction, held_out", [(0.01, 1), (0.99, 4)])
def test_split_leaves_each_side_something(fraction, held_out):
    _, y_train, _, y_valid = split(
        np.zeros(5), np.zeros(5, int), fraction, np.random.default_rng(0)
    )
    assert (len(y_train), len(y_valid)) == (5 - held_out, held_out)


def test_split_refuses():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        split(np.zeros(3), np.zeros(2, int), 0.5, rng)
    with pytest.raises(ValueError, match="fraction must be a number > 0 and < 1"):
        split(np.zeros(4), np.zeros(4, int), 20, rng)
    with pytest.raises(ValueError, match="class 7 has one example"):
        split(np.zeros(3), np.array([0, 0, 7]), 0.5, rng)


@pytest.mark.parametrize(
    "n, size, lengths", [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 5, [3]), (0, 5, [])]
)
def test_batches_cover_everything_once(n, size, lengths):
    for rng in (None, np.random.default_rng(0)):
        parts = list(batches(n, size, rng))
        assert [len(part) for part in parts] == lengths
        assert sorted(i for part in parts for i in part) == list(range(n))


def test_batches_order():
    np.testing.assert_array_equal(np.concatenate(list(batches(100, 7))), np.arange(100))
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(list(batches(100, 7, rng))) for _ in range(2))
    assert not np.array_equal(first, second), "every epoch has its own order"
    again = np.concatenate(list(batches(100, 7, np.random.default_rng(0))))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("n, size", [(-1, 4), (4, 0), (4, -2)])
def test_batches_refuses_at_the_call(n, size):
    with pytest.raises(ValueError, match="must be an integer ≥"):
        batches(n, size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_to_input_scales_bytes_and_nothing_else(dtype):
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    scaled = to_input(pixels, dtype)
    assert scaled.dtype == dtype
    np.testing.assert_array_equal(scaled, to_float(pixels))
    for other in (pixels.astype(np.float32), pixels.astype(np.float64), pixels.astype(int)):
        assert to_input(other, dtype) is other
    np.testing.assert_array_equal(to_input(list(pixels), dtype), scaled)


def test_check_pairs():
    x, y = check_pairs([[0.5, 1], [2, 3]], [1, 0])
    assert x.tolist() == [[0.5, 1], [2, 3]] and y.tolist() == [1, 0]
    assert check_pairs(x, y)[0] is x
    with pytest.raises(ValueError, match=r"2 old images need labels of shape \(2,\), got \(2, 1\)"):
        check_pairs(x, y[:, None], "old images")
    with pytest.raises(ValueError, match=r"there are no images: x has shape \(0, 2\)"):
        check_pairs(x[:0], y[:0])

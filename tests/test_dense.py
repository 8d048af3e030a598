"""Dense layer and flattening."""

import numpy as np
import pytest
from helpers import assert_close

from cnn_utils.functional import dense_backward, dense_forward, flatten_backward, flatten_forward


def test_dense_by_hand():
    x, w, b = np.array([[1, 2, 3], [0, -1, 2]]), np.array([[1, 0], [2, -1], [0, 3]]), [10, 20]
    z, cache = dense_forward(x, w, b)
    np.testing.assert_array_equal(z, [[15, 27], [8, 27]])
    dx, dw, db = dense_backward(np.array([[1, 2], [3, -1]]), cache)
    np.testing.assert_array_equal(dx, [[1, 0, 6], [3, 7, -3]])
    np.testing.assert_array_equal(dw, [[1, 2], [-1, 5], [9, 4]])
    np.testing.assert_array_equal(db, [4, 1])


def test_the_bias_gradient_is_a_sum_over_the_batch():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(7, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    dz = rng.normal(size=(7, 2))
    one_by_one = np.zeros(2)
    for n in range(7):
        one_by_one += dense_backward(dz[n : n + 1], dense_forward(x[n : n + 1], w, b)[1])[2]
    assert_close(dense_backward(dz, dense_forward(x, w, b)[1])[2], one_by_one)


def test_an_empty_batch_gives_an_empty_result():
    z, cache = dense_forward(np.zeros((0, 3)), np.ones((3, 2)), np.ones(2))
    assert z.shape == (0, 2)
    assert [g.shape for g in dense_backward(z, cache)] == [(0, 3), (3, 2), (2,)]


def test_flatten_keeps_the_order_of_memory_and_restores_the_shape():
    x = np.arange(2 * 3 * 4 * 2).reshape(2, 3, 4, 2)
    a, cache = flatten_forward(x)
    assert a.shape == (2, 24)
    np.testing.assert_array_equal(a[1], np.arange(24, 48))
    np.testing.assert_array_equal(flatten_backward(a, cache), x)
    assert flatten_forward(np.zeros((0, 3, 4)))[0].shape == (0, 12)
    assert flatten_forward(np.zeros(5))[0].shape == (5, 1)


@pytest.mark.parametrize(
    ("x", "w", "b", "advice"),
    [
        ((2, 3, 3, 1), (9, 4), (4,), "flatten_forward"),
        ((9,), (9, 4), (4,), r"x\[None\]"),
        ((2, 9), (4, 9), (4,), r"w\.T"),
        ((9, 2), (9, 4), (4,), r"x\.T"),
        ((2, 9), (8, 4), (4,), "9 features"),
        ((2, 9), (9, 4), (1, 4), r"b\.ravel"),
        ((2, 9), (9, 4), (9,), "4 outputs"),
        ((2, 9), (9,), (9,), r"\(D, M\)"),
    ],
)
def test_shapes_that_do_not_fit_are_explained(x, w, b, advice):
    with pytest.raises(ValueError, match=advice):
        dense_forward(np.ones(x), np.ones(w), np.ones(b))


def test_one_number_cannot_be_flattened():
    with pytest.raises(ValueError, match="batch axis"):
        flatten_forward(3.0)

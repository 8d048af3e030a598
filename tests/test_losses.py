"""Softmax and the losses."""

import numpy as np
import pytest
from helpers import SETTINGS, assert_close
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_utils.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    log_softmax,
    sigmoid,
    softmax,
    softmax_cross_entropy,
)

SCORES = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(-1e4, 1e4, width=32),
)


@SETTINGS
@given(SCORES, st.integers(0, 2**32 - 1))
def test_what_holds_for_all_scores(z, seed):
    y = np.random.default_rng(seed).integers(0, z.shape[1], len(z))
    with np.errstate(all="raise", under="ignore"):
        p, log_p = softmax(z), log_softmax(z)
        loss, dz = softmax_cross_entropy(z, y)
    eps = float(np.finfo(z.dtype).eps)
    assert p.dtype == log_p.dtype == dz.dtype == z.dtype
    assert isinstance(loss, float)
    assert np.all(p >= 0)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=8 * eps)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e5 * eps, atol=eps)
    np.testing.assert_allclose(dz.sum(axis=1), 0, atol=8 * eps)
    assert loss == pytest.approx(-np.mean(log_p[np.arange(len(z)), y]), rel=16 * eps, abs=eps)
    assert np.all(dz[np.arange(len(z)), y] <= 0)
    assert_close(softmax(z + z.dtype.type(2)), p, 1e5 * eps)


def test_equal_scores_cost_the_logarithm_of_the_number_of_classes():
    for classes in 2, 6, 10:
        loss, dz = softmax_cross_entropy(np.full((3, classes), 7.0), np.array([0, 1, 1]))
        assert loss == pytest.approx(np.log(classes), rel=1e-15)
        assert dz[0, 0] == pytest.approx((1 / classes - 1) / 3)


def test_scores_of_ten_thousand_neither_overflow_nor_lose_the_loss():
    z = np.array([[1e4, 0.0, -1e4], [-1e4, 1e4, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        loss, dz = softmax_cross_entropy(z, np.array([2, 1]))
        assert loss == pytest.approx(1e4)  # the mean of 20000 and 0
        np.testing.assert_array_equal(dz, [[0.5, 0, -0.5], [0, 0, 0]])
        np.testing.assert_array_equal(softmax(z), [[1, 0, 0], [0, 1, 0]])
        np.testing.assert_array_equal(log_softmax(z)[0], [0, -1e4, -2e4])
        loss, dz = binary_cross_entropy_with_logits(z, z < 0)
        assert loss == pytest.approx(4 * 1e4 / 6 + 2 * np.log(2) / 6)
        assert np.all(np.isfinite(dz))


def test_rows_do_not_disturb_each_other():
    """One global maximum would make the second row vanish."""
    z = np.array([[1000.0, 1001.0], [0.0, 1.0]])
    assert_close(softmax(z)[0], softmax(z)[1])
    assert_close(softmax(z), np.stack([softmax(row) for row in z]))


def test_the_mean_is_taken_once():
    z = np.random.default_rng(0).normal(size=(6, 4))
    y = np.array([0, 1, 2, 3, 0, 1])
    loss, dz = softmax_cross_entropy(z, y)
    twice, dz_twice = softmax_cross_entropy(np.tile(z, (2, 1)), np.tile(y, 2))
    assert twice == pytest.approx(loss, rel=1e-14)
    assert_close(dz_twice[:6], dz / 2)
    targets = np.eye(4)[y]
    for function, at in (
        (binary_cross_entropy_with_logits, z),
        (binary_cross_entropy, sigmoid(z)),
    ):
        one, gradient = function(at, targets)
        two, gradient_twice = function(np.tile(at, (2, 1)), np.tile(targets, (2, 1)))
        assert two == pytest.approx(one, rel=1e-14)
        assert_close(gradient_twice[:6], gradient / 2)


def test_binary_cross_entropy_by_hand():
    loss, dp = binary_cross_entropy(np.array([0.25, 0.5]), np.array([1, 0]))
    assert loss == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-15)
    assert_close(dp, [-2, 1])
    loss, dz = binary_cross_entropy_with_logits(np.array([np.log(1 / 3), 0]), np.array([1, 0]))
    assert loss == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-15)
    assert_close(dz, [-3 / 8, 1 / 4])


def test_both_binary_cross_entropies_are_one_function():
    rng = np.random.default_rng(2)
    z, y = rng.normal(0, 3, (4, 5)), rng.integers(0, 2, (4, 5))
    loss, dz = binary_cross_entropy_with_logits(z, y)
    p = sigmoid(z)
    from_p, dp = binary_cross_entropy(p, y)
    assert loss == pytest.approx(from_p, rel=1e-13)
    assert_close(dp * p * (1 - p), dz)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_wrong_is_finite(dtype):
    p, y = np.array([0, 1, 0, 1], dtype), np.array([1, 0, 0, 1])
    with np.errstate(all="raise"):
        loss, dp = binary_cross_entropy(p, y)
    eps = np.finfo(dtype).eps
    assert loss == pytest.approx(-np.log(float(eps)) / 2, rel=1e-6)
    assert dp.dtype == dtype
    assert np.all(np.isfinite(dp))
    assert dp[0] == pytest.approx(-1 / eps / 4, rel=1e-6)


Z = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("z", "y", "error", "advice"),
    [
        (Z, np.zeros((4, 1), int), ValueError, r"y\.ravel"),
        (Z, np.zeros((1, 4), int), ValueError, r"y\.ravel"),
        (Z, np.eye(3, dtype=int)[[0, 1, 2, 0]], ValueError, "argmax"),
        (Z, np.eye(3)[[0, 1, 2, 0]], ValueError, "argmax"),
        (Z, np.zeros(3, int), ValueError, r"z\.T"),
        (Z, np.zeros(5, int), ValueError, "same batch"),
        (Z, np.int64(1), ValueError, r"\(4,\)"),
        (Z, np.zeros(4), TypeError, "astype"),
        (Z, np.zeros(4, bool), TypeError, "astype"),
        (Z, np.array(list("abcd")), TypeError, "integers"),
        (Z, np.array([1, 2, 3, 1]), ValueError, "y - 1"),
        (Z, np.array([0, 1, 2, 3]), ValueError, "from 0 to 2"),
        (Z, np.array([0, 1, 2, -1]), ValueError, "from 0 to 2"),
        (Z[0], np.array([0]), ValueError, r"z\[None\]"),
        (Z[None], np.array([0]), ValueError, r"\(N, K\)"),
        (Z[:0], np.zeros(0, int), ValueError, "empty"),
        (Z[:, :0], np.zeros(4, int), ValueError, "one score for each class"),
    ],
)
def test_labels_that_do_not_fit_are_explained(z, y, error, advice):
    with pytest.raises(error, match=advice):
        softmax_cross_entropy(z, y)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_every_whole_dtype_are_taken(dtype):
    assert softmax_cross_entropy(Z, np.array([0, 1, 2, 0], dtype))[0] == pytest.approx(np.log(3))


@pytest.mark.parametrize("function", [binary_cross_entropy, binary_cross_entropy_with_logits])
@pytest.mark.parametrize(
    ("y", "advice"),
    [
        (np.zeros(4), "one-hot"),
        (np.zeros((3, 4)), "reshape"),
        (np.full((4, 3), 2), "0 and 1"),
        (np.full((4, 3), 0.5), "0 and 1"),
        (np.full((4, 3), np.nan), "0 and 1"),
    ],
)
def test_targets_that_do_not_fit_are_explained(function, y, advice):
    with pytest.raises(ValueError, match=advice):
        function(Z + 0.5, y)


def test_other_refusals():
    with pytest.raises(ValueError, match="with_logits"):
        binary_cross_entropy(np.array([0.5, 3.0]), np.array([0, 1]))
    for function in binary_cross_entropy, binary_cross_entropy_with_logits:
        with pytest.raises(ValueError, match="empty"):
            function(np.zeros((0, 2)), np.zeros((0, 2)))
    for function in softmax, log_softmax:
        with pytest.raises(ValueError, match="last axis"):
            function(3.0)

"""Batch normalisation and dropout."""

import numpy as np
import pytest
from helpers import SETTINGS, assert_close
from hypothesis import given
from hypothesis import strategies as st

from cnn_utils.functional import (
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
)

shapes = st.one_of(
    st.tuples(st.integers(2, 20), st.integers(1, 5)),
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(2, 5), st.integers(1, 4)),
)


def arguments(shape, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    return dict(
        x=rng.normal(rng.normal(size=channels), 2, size=shape).astype(dtype),
        gamma=rng.normal(1, 1, channels).astype(dtype),
        beta=rng.normal(size=channels).astype(dtype),
        running_mean=np.zeros(channels, dtype),
        running_var=np.ones(channels, dtype),
    )


@SETTINGS
@given(shapes, st.integers(0, 2**32 - 1))
def test_what_holds_for_every_batch(shape, seed):
    a = arguments(shape, seed)
    axes = tuple(range(len(shape) - 1))
    x, gamma, beta = a["x"], a["gamma"], a["beta"]
    y, cache, running = batchnorm_forward(**a)
    assert_close(y.mean(axes), beta, 1e-9 + np.max(np.abs(y)) * 1e-10)
    variance = x.var(axes)
    np.testing.assert_allclose(y.var(axes), gamma**2 * variance / (variance + 1e-5), rtol=1e-8)
    assert_close(running[0], 0.1 * x.mean(axes), 1e-10)
    assert_close(running[1], 0.9 + 0.1 * variance)

    dy = np.random.default_rng(seed).normal(size=shape)
    dx, dgamma, dbeta = batchnorm_backward(dy, cache)
    xhat = (x - x.mean(axes)) / np.sqrt(variance + 1e-5)
    assert_close(dbeta, dy.sum(axes), 1e-10)
    assert_close(dgamma, (dy * xhat).sum(axes), 1e-9)
    # Mean and variance of a batch cannot be changed, so no gradient goes into either: sums over
    # the batch of dx, and of dx · xhat, are 0 (the second to eps / variance).
    std = np.sqrt(variance + 1e-5)
    size = np.abs(dy * gamma / std).sum(axes)
    assert np.all(np.abs(dx.sum(axes)) <= 1e-10 * size)
    assert np.all(np.abs((dx * xhat).sum(axes)) <= (1e-10 + 1e-5 / variance) * (1 + size))


def test_by_hand():
    x = np.array([[1.0], [3.0], [5.0], [7.0]])  # mean 4, variance 5
    y, _, running = batchnorm_forward(x, [2.0], [10.0], [0.0], [0.0], momentum=0.9, eps=4.0)
    np.testing.assert_allclose(y, [[8], [10 - 2 / 3], [10 + 2 / 3], [12]], rtol=1e-15)
    np.testing.assert_allclose(running, [[0.4], [0.5]], rtol=1e-15)  # not 3.6 and 4.5


def test_statistics_are_one_for_each_channel():
    a = arguments((3, 6, 9, 2))
    _, _, (mean, variance) = batchnorm_forward(**a, momentum=0)
    assert_close(mean, a["x"].reshape(-1, 2).mean(axis=0))
    assert_close(variance, a["x"].reshape(-1, 2).var(axis=0))  # N, not N - 1


def test_after_training_an_example_does_not_depend_on_the_others():
    a = arguments((5, 4, 3, 2))
    a |= dict(running_mean=np.array([1.0, -1.0]), running_var=np.array([0.5, 2.0]))
    y, cache, running = batchnorm_forward(**a, training=False)
    alone = np.concatenate(
        [batchnorm_forward(**a | dict(x=a["x"][n : n + 1]), training=False)[0] for n in range(5)]
    )
    np.testing.assert_array_equal(alone, y)
    np.testing.assert_array_equal(running, (a["running_mean"], a["running_var"]))
    dx, _, _ = batchnorm_backward(np.ones_like(y), cache)
    assert_close(dx, np.broadcast_to(a["gamma"] / np.sqrt(a["running_var"] + 1e-5), y.shape))


def test_a_constant_channel_gives_beta_and_no_warning():
    a = arguments((4, 3))
    a["x"][:, 1] = 7.0
    with np.errstate(all="raise"):
        y, cache, _ = batchnorm_forward(**a)
        dx, _, _ = batchnorm_backward(np.ones_like(y), cache)
    assert_close(y[:, 1], np.full(4, a["beta"][1]))
    np.testing.assert_allclose(dx, 0, atol=1e-12)


@pytest.mark.parametrize("shape", [(64, 28, 28, 3), (2000, 6)])
def test_float32_sums_over_many_numbers_stay_accurate(shape):
    single, double = arguments(shape, dtype=np.float32), arguments(shape)
    single["x"] += 10  # so far from 0 that a variance by E[x²] - E[x]² would lose its digits
    double = {k: v.astype(np.float64) for k, v in single.items()}
    y, cache, running = batchnorm_forward(**single)
    y8, cache8, running8 = batchnorm_forward(**double)
    dy = np.random.default_rng(1).normal(size=shape)
    gradients = batchnorm_backward(dy.astype(np.float32), cache)
    gradients8 = batchnorm_backward(dy.astype(np.float32).astype(float), cache8)
    for a, b in zip((y, *running, *gradients), (y8, *running8, *gradients8), strict=True):
        assert a.dtype == np.float32
        assert_close(a, b, 1e-5)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (dict(gamma=np.ones((1, 1, 1, 2))), r"gamma\.ravel"),
        (dict(beta=np.ones(3)), "2 channels"),
        (dict(running_mean=np.ones(9)), "running_mean"),
        (dict(running_var=1.0), "running_var"),
        (dict(x=np.ones((3, 2, 2))), r"\(N, H, W, C\)"),
        (dict(x=np.ones((0, 2))), "empty"),
        (dict(momentum=1.5), "momentum"),
        (dict(eps=0), "eps"),
    ],
)
def test_batchnorm_explains_what_does_not_fit(change, advice):
    with pytest.raises(ValueError, match=advice):
        batchnorm_forward(**arguments((3, 6, 9, 2)) | change)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation_and_drops_at_this_rate(rate):
    x = np.full((200, 300), 3.0)
    a, cache = dropout_forward(x, rate, np.random.default_rng(0))
    kept = a != 0
    assert np.mean(~kept) == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(a[kept], 3 / (1 - rate), rtol=1e-12)
    assert a.mean() == pytest.approx(3, rel=0.03)
    # The backward pass uses the same mask and the same factor.
    np.testing.assert_array_equal(dropout_backward(x, cache), a)


def test_dropout_mask_comes_from_the_generator_only():
    x = np.random.default_rng(1).normal(size=(4, 5, 6))

    def drop(dtype, seed):
        return dropout_forward(x.astype(dtype), 0.5, np.random.default_rng(seed))[0]

    np.testing.assert_array_equal(drop(float, 3), drop(float, 3))
    assert not np.array_equal(drop(float, 3), drop(float, 4))
    np.testing.assert_array_equal(drop(float, 3) == 0, drop(np.float32, 3) == 0)
    rng = np.random.default_rng(3)
    assert not np.array_equal(*(dropout_forward(x, 0.5, rng)[0] for _ in range(2)))


@pytest.mark.parametrize("options", [dict(rate=0.5, training=False), dict(rate=0)])
def test_dropout_that_drops_nothing_returns_a_copy_and_draws_nothing(options):
    x, rng = np.arange(6.0), np.random.default_rng(0)
    a, cache = dropout_forward(x, rng=rng, **options)
    np.testing.assert_array_equal(a, x)
    dx = dropout_backward(x, cache)
    np.testing.assert_array_equal(dx, x)
    assert not np.shares_memory(a, x)
    assert not np.shares_memory(dx, x)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_dropped_negative_numbers_print_as_zero():
    a, _ = dropout_forward(np.full(50, -1.0), 0.5, np.random.default_rng(0))
    assert "-0." not in str(a)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan")])
def test_dropout_refuses_other_rates(rate):
    with pytest.raises(ValueError, match="not the probability to keep"):
        dropout_forward(np.zeros(3), rate, np.random.default_rng(0))


@pytest.mark.parametrize("rng", [None, 0, np.random])
def test_dropout_wants_a_generator(rng):
    with pytest.raises(TypeError, match="default_rng"):
        dropout_forward(np.zeros(3), 0.5, rng)

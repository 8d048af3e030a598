"""The loop twins: they do what the formulas say, and the fast functions do what they do."""

import inspect

import numpy as np
import pytest
from helpers import (
    CASES,
    CONV,
    CONV_DB,
    CONV_DW,
    CONV_DX,
    CONV_DZ,
    CONV_Z,
    FUSED_CASES,
    POOL_A,
    POOL_DA,
    POOL_DX,
    POOL_X,
    SETTINGS,
    assert_close,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from cnn_utils import functional as F
from cnn_utils import loops as L

BOTH = pytest.mark.parametrize("module", [L, F], ids=["loops", "functional"])


def whole(shape, seed=0):
    """Small whole numbers as float64: sums of their products are exact in any order."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(float)


def test_every_function_has_a_twin_with_the_same_signature():
    fused = {"conv2d_relu_maxpool_forward", "conv2d_relu_maxpool_backward"}
    assert set(F.__all__) - fused == set(L.__all__)
    for name in L.__all__:
        fast, slow = (inspect.signature(getattr(module, name)).parameters for module in (F, L))
        assert list(fast) == list(slow), name
        assert [p.default for p in fast.values()] == [p.default for p in slow.values()], name


@BOTH
def test_convolution_by_hand(module):
    z, cache = module.conv2d_forward(**CONV)
    np.testing.assert_array_equal(z, CONV_Z)
    for gradient, expected in zip(
        module.conv2d_backward(CONV_DZ, cache), (CONV_DX, CONV_DW, CONV_DB), strict=True
    ):
        np.testing.assert_array_equal(gradient, expected)


@BOTH
def test_true_convolution_by_hand(module):
    x, w = CONV["x"].squeeze(), CONV["w"].squeeze()
    np.testing.assert_array_equal(module.correlate2d(x, w) + 1, [[3, -2], [-6, 7]])
    np.testing.assert_array_equal(module.convolve2d(x, w) + 1, [[2, 7], [10, -4]])


@BOTH
def test_max_pooling_by_hand_with_ties_and_a_negative_window(module):
    a, cache = module.maxpool2d_forward(POOL_X, 2)
    np.testing.assert_array_equal(a, POOL_A)
    np.testing.assert_array_equal(module.maxpool2d_backward(POOL_DA, cache), POOL_DX)


@BOTH
def test_average_pooling_by_hand(module):
    a, cache = module.avgpool2d_forward(POOL_X, 2)
    np.testing.assert_array_equal(a.squeeze(), [[1.75, 1.0], [-1.25, -3.25]])
    dx = module.avgpool2d_backward(POOL_DA.astype(float), cache).squeeze()
    np.testing.assert_array_equal(dx[0], [2.5, 2.5, 5, 5])
    assert dx.sum() == 100


@BOTH
def test_softmax_by_hand(module):
    z = np.log([[1.0, 2.0, 5.0]])
    assert_close(module.softmax(z), [[1 / 8, 2 / 8, 5 / 8]])
    assert_close(module.log_softmax(z), np.log([[1 / 8, 2 / 8, 5 / 8]]))
    loss, dz = module.softmax_cross_entropy(z, np.array([1]))
    assert loss == pytest.approx(np.log(4), rel=1e-15)
    assert_close(dz, [[1 / 8, -6 / 8, 5 / 8]])


@BOTH
def test_output_sizes_by_hand(module):
    for (n, k, stride, padding), expected in {
        (6, 3, 2, 1): 3,
        (9, 3, 2, 1): 5,
        (5, 5, 1, 0): 1,
        (28, 3, 1, 0): 26,
        (64, 5, 1, 2): 64,
        (7, 2, 3, 0): 2,
        (4, 1, 5, 0): 1,
    }.items():
        assert module.output_size(n, k, stride, padding) == expected
    with pytest.raises(ValueError, match="fit"):
        module.output_size(2, 5, 1, 1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fast_functions_agree_with_their_twins(case):
    fast, fast_cache, *fast_rest = case.forward(F)
    slow, slow_cache, *slow_rest = case.forward(L)
    assert_close(fast, slow)
    for a, b in zip(fast_rest, slow_rest, strict=True):  # running statistics of batch norm
        assert_close(a[0], b[0])
        assert_close(a[1], b[1])
    upstream = case.upstream(slow.shape)
    gradients = zip(
        case.backward(F, upstream, fast_cache), case.backward(L, upstream, slow_cache), strict=True
    )
    for a, b in gradients:
        assert_close(a, b)


@pytest.mark.parametrize("case", FUSED_CASES, ids=str)
def test_the_fused_step_agrees_with_three_twins_in_a_row(case):
    padding, size = case.options["padding"], case.options["size"]
    for inputs in (case.inputs, {k: whole(v.shape) for k, v in case.inputs.items()}):
        z, conv_cache = L.conv2d_forward(**inputs, padding=padding)
        a, relu_cache = L.relu_forward(z)
        pooled, pool_cache = L.maxpool2d_forward(a, size)
        fused, cache = case.forward(F, **inputs)
        assert_close(fused, pooled)
        upstream = case.upstream(pooled.shape)
        dz = L.relu_backward(L.maxpool2d_backward(upstream, pool_cache), relu_cache)
        expected = L.conv2d_backward(dz, conv_cache)
        for a, b in zip(case.backward(F, upstream, cache), expected, strict=True):
            assert_close(a, b)


def one_or_pair(low, high):
    return st.one_of(st.integers(low, high), st.tuples(*[st.integers(low, high)] * 2))


shapes = st.tuples(*(st.integers(1, limit) for limit in (2, 5, 6, 2)))
sizes, strides = one_or_pair(1, 3), one_or_pair(1, 3)
paddings = st.one_of(one_or_pair(0, 2), st.just("same"))


def fits(shape, size, padding) -> bool:
    if padding == "same":
        return True
    k, p = np.broadcast_to(size, 2), np.broadcast_to(padding, 2)
    return all(shape[1:3] + 2 * p >= k)


@SETTINGS
@given(shapes, sizes, strides, paddings, st.integers(1, 2), st.integers(0, 2**32 - 1))
def test_convolution_is_exact_on_whole_numbers(shape, size, stride, padding, filters, seed):
    assume(fits(shape, size, padding))
    k_h, k_w = (int(k) for k in np.broadcast_to(size, 2))
    x, w, b = whole(shape, seed), whole((k_h, k_w, shape[3], filters), seed + 1), whole(filters)
    fast, fast_cache = F.conv2d_forward(x, w, b, stride, padding)
    slow, slow_cache = L.conv2d_forward(x, w, b, stride, padding)
    np.testing.assert_array_equal(fast, slow)
    dz = whole(slow.shape, seed + 2)
    for a, b in zip(
        F.conv2d_backward(dz, fast_cache), L.conv2d_backward(dz, slow_cache), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    cols = L.im2col(x, size, stride, padding)
    np.testing.assert_array_equal(F.im2col(x, size, stride, padding), cols)
    back = L.col2im(cols, shape, size, stride, padding)
    np.testing.assert_array_equal(F.col2im(cols, shape, size, stride, padding), back)


@SETTINGS
@given(shapes, sizes, strides, st.integers(0, 2**32 - 1))
def test_pooling_is_exact_on_whole_numbers_with_many_ties(shape, size, stride, seed):
    assume(fits(shape, size, 0))
    x = np.random.default_rng(seed).integers(-2, 2, shape).astype(float)
    for name, exact in ("maxpool2d", True), ("avgpool2d", False):
        fast, fast_cache = getattr(F, f"{name}_forward")(x, size, stride)
        slow, slow_cache = getattr(L, f"{name}_forward")(x, size, stride)
        da = whole(slow.shape, seed + 1)
        fast_dx = getattr(F, f"{name}_backward")(da, fast_cache)
        slow_dx = getattr(L, f"{name}_backward")(da, slow_cache)
        for a, b in (fast, slow), (fast_dx, slow_dx):
            assert_close(a, b, 0 if exact else 1e-12)


@SETTINGS
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
    st.integers(1, 3),
    st.sampled_from([2, 3]),
    st.integers(0, 2**32 - 1),
)
def test_fused_step_is_exact_on_whole_numbers(shape, filters, pool, seed):
    n, height, width = shape
    assume(min(height, width) >= pool)
    x, w, b = (
        whole((n, height, width, 2), seed),
        whole((3, 3, 2, filters), seed + 1),
        whole(filters),
    )
    z, conv_cache = L.conv2d_forward(x, w, b, 1, 1)
    a, relu_cache = L.relu_forward(z)
    slow, pool_cache = L.maxpool2d_forward(a, pool)
    fast, cache = F.conv2d_relu_maxpool_forward(x, w, b, 1, pool)
    np.testing.assert_array_equal(fast, slow)
    da = whole(slow.shape, seed + 2)
    dz = L.relu_backward(L.maxpool2d_backward(da, pool_cache), relu_cache)
    for got, expected in zip(
        F.conv2d_relu_maxpool_backward(da, cache), L.conv2d_backward(dz, conv_cache), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize("name", ["correlate1d", "convolve1d", "correlate2d", "convolve2d"])
def test_plain_correlation_and_convolution(name, mode):
    from scipy import signal

    two = name.endswith("2d")
    reference = getattr(signal, name if two else name[:-2])
    shapes = [((6, 5), (2, 3)), ((5, 6), (3, 2)), ((4, 4), (4, 4)), ((3, 5), (1, 1))]
    for shape, k in shapes:
        x, w = whole(shape if two else shape[1:], 1), whole(k if two else k[1:], 2)
        slow = getattr(L, name)(x, w, mode)
        np.testing.assert_array_equal(slow, reference(x, w, mode))
        np.testing.assert_array_equal(getattr(F, name)(x, w, mode), slow)
        assert getattr(L, name)(x.astype(int), w.astype(int), mode).dtype == np.int64


@BOTH
@pytest.mark.parametrize("name", ["correlate1d", "convolve1d", "correlate2d", "convolve2d"])
def test_plain_convolution_refuses_what_does_not_fit(module, name):
    axes = int(name[-2])
    function = getattr(module, name)
    with pytest.raises(ValueError, match="mode"):
        function(np.ones((3,) * axes), np.ones((2,) * axes), "Valid")
    with pytest.raises(ValueError, match="w"):
        function(np.ones((3,) * axes), np.ones((4,) * axes), "valid")
    with pytest.raises(ValueError, match="x"):
        function(np.ones((3,) * (axes + 1)), np.ones((2,) * axes))


def test_losses_agree():
    rng = np.random.default_rng(3)
    z = rng.normal(0, 5, (6, 4))
    z[0] *= 200  # logits of about 1000
    y = rng.integers(0, 4, 6)
    targets = rng.integers(0, 2, z.shape)
    p = rng.uniform(size=z.shape)
    p[0, :2] = 0, 1
    for name, at, labels in [
        ("softmax_cross_entropy", z, y),
        ("binary_cross_entropy_with_logits", z, targets),
        ("binary_cross_entropy", p, targets),
    ]:
        for dtype, relative in (np.float64, 1e-12), (np.float32, 1e-5):
            loss, gradient = getattr(F, name)(at.astype(dtype), labels)
            slow_loss, slow_gradient = getattr(L, name)(at.astype(dtype), labels)
            assert loss == pytest.approx(slow_loss, rel=relative)
            assert_close(gradient, slow_gradient, relative)
            assert gradient.dtype == slow_gradient.dtype == dtype
    for name in "softmax", "log_softmax", "sigmoid":
        assert_close(getattr(F, name)(z), getattr(L, name)(z))
        assert_close(getattr(F, name)(z[1]), getattr(L, name)(z[1]))


@pytest.mark.parametrize("training", [True, False])
def test_integers_behave_the_numpy_way(training):
    """A learner's small examples: whole numbers in, and where a formula divides, float64 out."""
    x = np.arange(24).reshape(2, 3, 2, 2) - 11
    w, b = np.ones((2, 2, 2, 1), int), np.array([1])
    for module in L, F:
        assert module.conv2d_forward(x, w, b)[0].dtype == np.int64
        assert module.conv2d_forward(x, w * 0.5, b)[0].dtype == np.float64
        assert module.maxpool2d_forward(x, 2)[0].dtype == np.int64
        assert module.relu_forward(x)[0].dtype == np.int64
        assert module.avgpool2d_forward(x, 2)[0].dtype == np.float64
        for name in "sigmoid", "tanh", "leaky_relu":
            assert getattr(module, f"{name}_forward")(x)[0].dtype == np.float64
        assert module.dense_forward(x[0, 0], w[0, 0], b)[0].dtype == np.int64
        ones = np.ones(2, int)
        y, _, running = module.batchnorm_forward(x, ones, ones, 0 * ones, ones, training)
        assert y.dtype == np.float64
        dropped = module.dropout_forward(x, 0.5, np.random.default_rng(0), training)[0]
        assert dropped.dtype == np.float64
        assert module.softmax(x).dtype == np.float64
        if training:
            assert_close(running[0], 0.1 * x.mean(axis=(0, 1, 2)))

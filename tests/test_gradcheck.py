"""The checks themselves: they accept what is right, reject what is wrong, and say which."""

import numpy as np
import pytest
from helpers import CONV, CONV_DZ, SETTINGS, probe
from hypothesis import given
from hypothesis import strategies as st

from cnn_utils import functional as F
from cnn_utils.gradcheck import (
    adjoint_check,
    check_gradients,
    numerical_gradient,
    relative_error,
)

STRIDE, PADDING = 2, 1


def conv_backward_with(mistake, dz, x, w):
    """The convolution's backward pass for stride 2, padding 1, with one of the known mistakes."""
    n, height, width, _ = x.shape
    k, _, _, filters = w.shape
    stride = 1 if mistake == "stride ignored" else STRIDE
    padded = np.pad(x, [(0, 0), (PADDING, PADDING), (PADDING, PADDING), (0, 0)])
    seen = padded
    if mistake == "dw from the unpadded input":
        seen = np.pad(x, [(0, 0), (0, 2 * PADDING), (0, 2 * PADDING), (0, 0)])
    used = w
    if mistake == "dx with the rotated kernel":
        used = w[::-1, ::-1]
    if mistake == "dx with the transposed kernel":
        used = w.transpose(1, 0, 2, 3)
    if mistake == "filters in the wrong order":
        used = w[..., ::-1]
    d_padded, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros(filters)
    for i in range(dz.shape[1]):
        for j in range(dz.shape[2]):
            d = dz[:, i, j]
            if mistake == "height and width of dz exchanged":
                d = dz[:, j % dz.shape[1], i]
            rows, columns = (slice(stride * at, stride * at + k) for at in (i, j))
            to_x = np.einsum("uvcf,nf->nuvc", used, d)
            to_w = np.einsum("nuvc,nf->uvcf", seen[:, rows, columns], d)
            if mistake == "= for += in dx":
                d_padded[:, rows, columns] = to_x
            else:
                d_padded[:, rows, columns] += to_x
            if mistake == "= for += in dw":
                dw = to_w
            else:
                dw += to_w
            db += d.sum(axis=0)
    crop = slice(PADDING, PADDING + height), slice(PADDING, PADDING + width)
    if mistake == "dx cropped at the wrong corner":
        crop = slice(0, height), slice(0, width)
    dx = d_padded[:, *crop]
    if mistake == "dx not cropped":
        dx = d_padded
    if mistake == "dw rotated":
        dw = dw[::-1, ::-1]
    if mistake == "dw transposed":
        dw = dw.transpose(1, 0, 2, 3)
    if mistake == "dw divided by N":
        dw = dw / n
    if mistake == "db averaged over positions":
        db = db / (dz.shape[1] * dz.shape[2])
    if mistake == "db divided by N":
        db = db / n
    if mistake == "db summed over everything":
        db = np.full(filters, db.sum())
    if mistake == "db of the first example only":
        db = dz[0].sum(axis=(0, 1))
    if mistake == "db with four axes":
        db = db.reshape(1, 1, 1, -1)
    return dx, dw, db


MISTAKES = {
    "stride ignored": ("dx", "dw"),
    "dw from the unpadded input": ("dw",),
    "dx with the rotated kernel": ("dx",),
    "dx with the transposed kernel": ("dx",),
    "filters in the wrong order": ("dx",),
    "height and width of dz exchanged": ("dx", "dw", "db"),
    "= for += in dx": ("dx",),
    "= for += in dw": ("dw",),
    "dx cropped at the wrong corner": ("dx",),
    "dx not cropped": ("dx",),
    "dw rotated": ("dw",),
    "dw transposed": ("dw",),
    "dw divided by N": ("dw",),
    "db averaged over positions": ("db",),
    "db divided by N": ("db",),
    "db summed over everything": ("db",),
    "db of the first example only": ("db",),
    "db with four axes": ("db",),
}


def forward(x, w, b):
    z = F.im2col(x, 3, STRIDE, PADDING) @ w.reshape(-1, 4) + b
    return z.reshape(3, 3, 5, 4), (x, w)


@pytest.mark.parametrize("check", [check_gradients, adjoint_check])
@pytest.mark.parametrize("mistake", [None, *MISTAKES])
@pytest.mark.parametrize("whole", [False, True], ids=["reals", "whole numbers"])
def test_every_mistake_in_a_convolution_is_caught_and_placed(check, mistake, whole):
    def backward(dz, cache):
        return conv_backward_with(mistake, dz, *cache)

    report = check(forward, backward, probe(whole=whole))
    assert report.wrong == MISTAKES.get(mistake, ()), f"\n{report}"
    assert report.ok == bool(report) == (mistake is None)
    if mistake:
        assert "FAILED" in str(report)
        assert str(report).count("WRONG") == len(MISTAKES[mistake])


def batchnorm_backward_with(mistake, dy, cache):
    xhat, gamma, inv_std, _ = cache
    if mistake == "gamma forgotten":
        gamma = np.ones_like(gamma)
    d = dy * gamma * inv_std
    dx = d.copy()
    if mistake != "mean taken as constant":
        dx -= d.mean(axis=0)
    if mistake != "variance taken as constant":
        dx -= xhat * (d * xhat).mean(axis=0)
    return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)


@pytest.mark.parametrize(
    "mistake",
    [None, "mean taken as constant", "variance taken as constant", "gamma forgotten"],
)
def test_mistakes_in_batch_norm_are_caught(mistake):
    rng = np.random.default_rng(0)
    report = check_gradients(
        F.batchnorm_forward,
        lambda dy, cache: batchnorm_backward_with(mistake, dy, cache),
        dict(x=rng.normal(size=(6, 3)), gamma=rng.normal(size=3), beta=rng.normal(size=3)),
        running_mean=np.zeros(3),
        running_var=np.ones(3),
    )
    assert report.wrong == (("dx",) if mistake else ())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda da, z: da,  # no gate at all
        lambda da, z: da * (da > 0),  # the gate of another array
        lambda da, z: da * (np.maximum(z, 0) >= 0),  # always open
        lambda da, z: da * (z < 0),
        lambda da, z: np.maximum(z, 0),
    ],
)
def test_mistakes_in_relu_are_caught(wrong):
    z = np.random.default_rng(0).normal(size=(3, 6, 9, 2))
    assert check_gradients(F.relu_forward, F.relu_backward, dict(z=z)).ok
    assert check_gradients(lambda z: (np.maximum(z, 0), z), wrong, dict(z=z)).wrong == ("dz",)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p, one_hot, n: p / n,  # forgot to subtract 1
        lambda p, one_hot, n: (one_hot - p) / n,
        lambda p, one_hot, n: p - one_hot,  # mean forgotten
        lambda p, one_hot, n: (p - one_hot) / n**2,  # mean taken twice
        lambda p, one_hot, n: -one_hot / p / n,  # dL/dp used as dL/dz
        lambda p, one_hot, n: (p - one_hot) * p * (1 - p) / n,
    ],
)
def test_mistakes_in_cross_entropy_are_caught(wrong):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    numerical = numerical_gradient(lambda z: F.softmax_cross_entropy(z, y)[0], z)
    assert relative_error(F.softmax_cross_entropy(z, y)[1], numerical) < 1e-9
    assert relative_error(wrong(F.softmax(z), np.eye(4)[y], 5), numerical) > 0.1


def test_pooling_and_dropout_mistakes_are_caught():
    x = np.random.default_rng(0).normal(size=(3, 6, 9, 2))

    def average_backward(divisor):
        return lambda da, cache: F.avgpool2d_backward(da, cache) * 9 / divisor

    def overlaps_overwritten(da, cache):
        dx = np.zeros_like(x)
        for i in range(da.shape[1]):
            for j in range(da.shape[2]):
                dx[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] = da[:, [[i]], [[j]]] / 9
        return dx

    pool = dict(size=3, stride=2)
    for check in check_gradients, adjoint_check:
        assert check(F.avgpool2d_forward, F.avgpool2d_backward, dict(x=x), **pool).ok
        for divisor in 1, 3, 8:
            wrong = average_backward(divisor)
            assert check(F.avgpool2d_forward, wrong, dict(x=x), **pool).wrong == ("dx",)
        assert not check(F.avgpool2d_forward, overlaps_overwritten, dict(x=x), **pool)

        def dropout(x):
            return F.dropout_forward(x, 0.3, np.random.default_rng(1))

        def redrawn(da, cache):
            return F.dropout_forward(da, 0.3, np.random.default_rng(2))[0]

        assert check(dropout, F.dropout_backward, dict(x=x)).ok
        assert check(dropout, redrawn, dict(x=x)).wrong == ("dx",)


def test_the_identity_on_the_worked_example_is_eighteen():
    report = adjoint_check(F.conv2d_forward, F.conv2d_backward, CONV, upstream=CONV_DZ)
    assert [row.found for row in report.rows] == [18, 18, 5]
    assert [row.expected for row in report.rows] == [18, 18, 5]


def test_the_identity_needs_a_linear_layer():
    z = np.random.default_rng(0).normal(size=(3, 4))
    with pytest.raises(ValueError, match="not linear in z"):
        adjoint_check(F.tanh_forward, F.tanh_backward, dict(z=z))


def test_the_report_can_be_read():
    def backward(dz, cache):
        dx, dw, db = F.dense_backward(dz, cache)
        dw[1, 0] *= 1.5
        return dx, dw, db

    x, w, b = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([5.0])
    report = check_gradients(F.dense_forward, backward, dict(x=x, w=w, b=b), upstream=[[1.0]])
    lines = str(report).splitlines()
    assert lines[0] == "gradient check (h 1e-05, tolerance 1e-07): FAILED"
    assert lines[1].split() == "relative error worst entry yours numerical".split()
    assert lines[3].split() == ["dw", "3.3e-01", "WRONG", "[1,", "0]", "3", "2"]
    assert "ok" in lines[2] and "ok" in lines[4]
    assert len(lines) == 5
    row = report.rows[1]
    assert (row.argument, row.index, row.found) == ("w", (1, 0), 3.0)
    assert row.expected == pytest.approx(2)


def test_structure_is_looked_at_before_numbers():
    x = np.ones((2, 3))
    for gradient, note in [
        (None, "None"),
        (np.ones((3, 2)), r"(3, 2)"),
        (np.full((2, 3), np.nan), "not a number"),
    ]:
        for check in check_gradients, adjoint_check:
            report = check(lambda x: (x, None), lambda dz, cache, g=gradient: g, dict(x=x))
            assert report.wrong == ("dx",)
            assert note in str(report)
    with pytest.raises(ValueError, match="2 gradients for the 1 inputs"):
        check_gradients(lambda x: (x, None), lambda dz, cache: (dz, dz), dict(x=x))
    with pytest.raises(ValueError, match="upstream"):
        check_gradients(lambda x: (x, None), lambda dz, cache: dz, dict(x=x), upstream=[1.0])


def test_overwritten_arguments_are_reported():
    x = np.array([[1.0, -2.0], [-3.0, 4.0]])
    kept = x.copy()

    def overwriting_forward(x):
        x[x < 0] = 0
        return x, x > 0

    def overwriting_backward(da, cache):
        da[~cache] = 0
        return da

    for check in check_gradients, adjoint_check:
        report = check(overwriting_forward, F.relu_backward, dict(x=x))
        assert not report and "forward changed its argument x" in str(report)
        report = check(F.relu_forward, overwriting_backward, dict(z=x))
        assert not report and "backward changed its argument dz" in str(report)
    np.testing.assert_array_equal(x, kept)


def test_a_kink_is_called_a_kink():
    z = np.array([1.0, 0.0, -1.0])
    report = check_gradients(F.relu_forward, F.relu_backward, dict(z=z), upstream=np.ones(3))
    assert report.wrong == ("dz",)
    assert report.rows[0].index == (1,)
    assert "slope is 0 to the left and 1 to the right" in str(report)
    smooth = check_gradients(F.tanh_forward, lambda da, a: da * (1 - a), dict(z=z))
    assert not smooth and "kink" not in str(smooth)


@SETTINGS
@given(st.integers(0, 2**32 - 1), st.sampled_from([(), (4,), (2, 3), (0, 2)]))
def test_numerical_gradient_of_a_known_function(seed, shape):
    x = np.array(np.random.default_rng(seed).normal(0, 3, shape))
    before = x.copy()
    gradient = numerical_gradient(lambda x: np.sum(np.sin(x) * x), x)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, np.sin(x) + x * np.cos(x), atol=1e-8)
    np.testing.assert_array_equal(x, before)


def test_x_is_restored_exactly_also_after_an_error():
    x = np.array([0.1, 1e-300, -3e17])
    before = x.copy()
    seen = []

    def fails(x):
        seen.append(x.copy())
        if len(seen) == 5:
            raise RuntimeError("stop")
        return 0.0

    with pytest.raises(RuntimeError, match="stop"):
        numerical_gradient(fails, x)
    assert not np.array_equal(seen[-1], before)
    np.testing.assert_array_equal(x, before)
    numerical_gradient(lambda x: x.sum(), x)
    np.testing.assert_array_equal(x, before)


def test_central_differences_are_as_good_as_promised():
    x = np.random.default_rng(0).normal(size=(4, 5))
    exact = 1 - np.tanh(x) ** 2

    def f(x):
        return np.sum(np.tanh(x))

    assert relative_error(numerical_gradient(f, x), exact) < 1e-9
    assert relative_error(numerical_gradient(f, x, h=1e-12), exact) > 1e-6  # rounding
    assert relative_error(numerical_gradient(f, x, h=1e-2), exact) > 1e-6  # the formula


@pytest.mark.parametrize(
    ("x", "advice"),
    [
        (np.ones(2, np.float32), "second digit"),
        (np.ones(2, int), "whole numbers"),
        ([1.0, 2.0], "array"),
        (3.0, "array"),
    ],
)
def test_only_float64_can_be_checked(x, advice):
    with pytest.raises(TypeError, match=advice):
        numerical_gradient(np.sum, x)


def test_what_is_wrong_with_f_is_explained():
    x, rng = np.ones(3), np.random.default_rng(0)
    with pytest.raises(ValueError, match="two different numbers"):
        numerical_gradient(lambda x: F.dropout_forward(x, 0.5, rng)[0].sum() + rng.random(), x)
    with pytest.raises(TypeError, match="one number"):
        numerical_gradient(lambda x: 2 * x, x)
    with pytest.raises(TypeError, match="float32"):
        check_gradients(
            lambda x: (x.astype(np.float32), None), lambda dz, cache: dz, dict(x=np.ones(2))
        )


def test_relative_error():
    assert relative_error([1.0, 2.0], [1.0, 2.0]) == 0
    assert relative_error([0.0], [0.0]) == relative_error([], []) == 0
    assert relative_error([1.0, 2.0], [1.0, 1.0]) == 0.5
    assert relative_error([1.0, -2.0], [-1.0, 2.0]) == 2
    assert relative_error([0.0, 1e-12, 1.0], [0.0, 0.0, 1.0]) == 1e-12
    assert relative_error(np.uint8([1]), np.uint8([2])) == 0.5  # no wrap-around
    for bad in np.nan, np.inf:
        assert relative_error([1.0, bad], [1.0, 2.0]) == np.inf
    with pytest.raises(ValueError, match="shape"):
        relative_error(np.ones((3, 1)), np.ones(3))  # would broadcast to 3 x 3

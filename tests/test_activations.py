"""ReLU, leaky ReLU, sigmoid, tanh."""

import numpy as np
import pytest
from helpers import SETTINGS, assert_close
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnn_utils import functional as F

NUMBERS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=4, max_side=4),
    elements=st.floats(-100, 100, width=32),
)


def test_relu_by_hand():
    a, cache = F.relu_forward(np.array([-2.0, -0.0, 0.0, 3.0]))
    np.testing.assert_array_equal(a, [0, 0, 0, 3])
    np.testing.assert_array_equal(
        F.relu_backward(np.array([10.0, 20, 30, 40]), cache), [0, 0, 0, 40]
    )


def test_a_closed_gate_prints_zero_and_not_minus_zero():
    _, cache = F.relu_forward(np.array([-2.0, 3.0]))
    dz = F.relu_backward(np.array([-1.0, -1.0]), cache)
    assert str(dz) == "[ 0. -1.]"


def test_relu_remembers_the_sign_in_one_byte_and_by_itself():
    z = np.array([[-1.0, 2.0]])
    a, cache = F.relu_forward(z)
    assert cache.nbytes == z.size
    a[:] = -5  # whatever the caller does with the result …
    z[:] = -5
    np.testing.assert_array_equal(F.relu_backward(np.ones((1, 2)), cache), [[0, 1]])


def test_leaky_relu_by_hand():
    a, cache = F.leaky_relu_forward(np.array([-2.0, 0.0, 3.0]), 0.1)
    assert_close(a, [-0.2, 0, 3])
    assert_close(F.leaky_relu_backward(np.array([10.0, 20, 30]), cache), [1, 2, 30])


@pytest.mark.parametrize("slope", [-0.1, 1, 2, float("nan")])
def test_leaky_relu_refuses_other_slopes(slope):
    with pytest.raises(ValueError, match="slope"):
        F.leaky_relu_forward(np.zeros(2), slope)


def test_sigmoid_keeps_its_precision_far_out_and_never_overflows():
    from scipy.special import expit

    z = np.array([-1e4, -700, -100, -20, -1e-10, 0, 1e-10, 20, 100, 1e4])
    np.testing.assert_allclose(F.sigmoid(z), expit(z), rtol=1e-15)
    z = z.astype(np.float32)
    np.testing.assert_allclose(F.sigmoid(z), expit(z.astype(float)), rtol=3e-7, atol=1e-38)


@SETTINGS
@given(NUMBERS)
def test_what_holds_for_all_numbers(z):
    with np.errstate(all="raise", under="ignore"):
        relu, leaky, sigmoid, tanh = (
            getattr(F, f"{name}_forward")(z)[0]
            for name in ("relu", "leaky_relu", "sigmoid", "tanh")
        )
    for a in relu, leaky, sigmoid, tanh:
        assert a.dtype == z.dtype
        assert np.shape(a) == z.shape
    np.testing.assert_array_equal(relu, np.where(z > 0, z, 0))
    np.testing.assert_array_equal(leaky > 0, z > 0)
    eps = 4 * np.finfo(z.dtype).eps
    np.testing.assert_allclose(sigmoid + F.sigmoid(-z), 1, atol=eps)
    np.testing.assert_allclose(tanh, 2 * F.sigmoid(2 * z) - 1, atol=eps)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "sigmoid", "tanh"])
def test_numpy_scalars_and_numbers_keep_or_get_a_dtype(name):
    """Options that are float64 scalars must not turn float32 into float64."""
    forward, backward = getattr(F, f"{name}_forward"), getattr(F, f"{name}_backward")
    z = np.float32([-1, 2])
    options = {"slope": np.float64(0.1)} if name == "leaky_relu" else {}
    a, cache = forward(z, **options)
    assert a.dtype == backward(z, cache).dtype == np.float32
    assert forward([-1.0, 2.0])[0].dtype == np.float64

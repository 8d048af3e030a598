import numpy as np
import pytest

from cnn_utils.initializers import fans, glorot_uniform, he_normal


@pytest.mark.parametrize(
    "shape, expected", [((30, 7), (30, 7)), ((3, 5, 2, 8), (30, 120)), ((1, 1, 4, 6), (4, 6))]
)
def test_fans(shape, expected):
    assert fans(shape) == expected


def test_he_normal_has_variance_two_over_fan_in():
    w = he_normal((5, 5, 16, 64), np.random.default_rng(0), np.float64)
    assert w.shape == (5, 5, 16, 64)
    assert abs(w.mean()) < 0.002
    assert np.isclose(w.var(), 2 / 400, rtol=0.03)


def test_glorot_uniform_stays_within_its_limit():
    w = glorot_uniform((100, 200), np.random.default_rng(0))
    limit = np.sqrt(6 / 300)
    assert w.dtype == np.float32
    assert 0.99 * limit < np.abs(w).max() <= limit * (1 + 1e-6)


def test_he_keeps_the_signal_alive_through_twenty_relu_layers_and_small_weights_do_not():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 256))
    kept, lost = x, x
    for _ in range(20):
        kept = np.maximum(kept @ he_normal((256, 256), rng, np.float64), 0)
        lost = np.maximum(lost @ rng.normal(0, 0.01, (256, 256)), 0)
    assert 0.2 < (kept**2).mean() / (x**2).mean() < 5
    assert (lost**2).mean() < 1e-20


def test_a_vector_has_no_fans():
    with pytest.raises(ValueError, match="at least 2 axes"):
        he_normal((5,), np.random.default_rng(0))

"""The fused block: the same numbers as convolution, ReLU and max-pooling one after the other."""

import numpy as np
import pytest
from helpers import assert_close, frozen, probe

from cnn_utils.functional import (
    conv2d_backward,
    conv2d_forward,
    conv2d_relu_maxpool_backward,
    conv2d_relu_maxpool_forward,
    maxpool2d_backward,
    maxpool2d_forward,
    relu_backward,
    relu_forward,
    shapes,
)

CASES = [
    # size, padding, pooling; windows from 16 entries on take the other way
    (3, 0, 2),
    (3, 1, (2, 3)),
    ((2, 3), (1, 0), (3, 2)),
    ((3, 4), "same", 3),
    (1, 0, 1),
    (3, 2, (8, 9)),
    ((2, 5), (7, 3), (4, 8)),
    (5, "same", (6, 6)),
]


@pytest.fixture(params=["one block", "image by image"])
def blocks(request, monkeypatch):
    """Run a test with the whole batch in one block, and with blocks of one image."""
    if request.param == "image by image":
        monkeypatch.setattr(shapes, "LARGEST_BLOCK", 1)


def one_after_the_other(x, w, b, padding, size):
    """a, and da -> (dx, dw, db)."""
    z, conv = conv2d_forward(x, w, b, 1, padding)
    r, relu = relu_forward(z)
    a, pool = maxpool2d_forward(r, size)

    def backward(da):
        return conv2d_backward(relu_backward(maxpool2d_backward(da, pool), relu), conv)

    return a, backward


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(("size", "padding", "pool"), CASES)
@pytest.mark.parametrize("whole", [False, True], ids=["floats", "ties"])
def test_the_same_as_one_after_the_other(size, padding, pool, whole):
    arguments = probe(size, whole, n=9)
    if whole:  # ties everywhere, also at exactly 0
        arguments["x"] = np.sign(arguments["x"])
        arguments["b"] = np.array([0.0, -3, 2, -100])
    expected, backward = one_after_the_other(**arguments, padding=padding, size=pool)
    a, cache = conv2d_relu_maxpool_forward(**arguments, padding=padding, size=pool)
    assert_close(a, expected)
    da = np.random.default_rng(5).integers(-9, 10, a.shape).astype(float)
    results = conv2d_relu_maxpool_backward(da, cache)
    for result, right in zip(results, backward(da), strict=True):
        assert_close(result, right, 1e-11)
    none, dw, db = conv2d_relu_maxpool_backward(da, cache, need_dx=False)
    assert none is None
    np.testing.assert_array_equal(dw, results[1])
    np.testing.assert_array_equal(db, results[2])


def test_windows_without_a_positive_entry_have_no_gradient():
    arguments = probe(3) | dict(b=np.full(4, -1e6))
    a, cache = conv2d_relu_maxpool_forward(**arguments, padding=1, size=2)
    assert not a.any()
    for gradient in conv2d_relu_maxpool_backward(np.ones_like(a), cache):
        assert not gradient.any()


@pytest.mark.parametrize("pool", [2, 6])
def test_dtype_is_kept_and_nothing_is_changed(pool):
    arguments = {k: v.astype(np.float32) for k, v in probe(3).items()}
    a, cache = conv2d_relu_maxpool_forward(**arguments, padding=1, size=pool)
    expected = [a, *conv2d_relu_maxpool_backward(a, cache)]
    turned = {k: frozen(v.T.copy()).T for k, v in arguments.items()}
    a, cache = conv2d_relu_maxpool_forward(**turned, padding=1, size=pool)
    da = frozen(a[::-1].copy())[::-1]
    for result, right in zip([a, *conv2d_relu_maxpool_backward(da, cache)], expected, strict=True):
        assert result.dtype == np.float32
        assert_close(result, right, 1e-6)


def test_no_images():
    a, cache = conv2d_relu_maxpool_forward(**probe(3, n=0), padding=1, size=2)
    dx, dw, db = conv2d_relu_maxpool_backward(a, cache)
    assert a.shape == (0, 3, 4, 4) and dx.shape == (0, 6, 9, 2)
    assert not dw.any() and not db.any()


def test_errors_are_those_of_the_three():
    arguments = probe(3)
    with pytest.raises(ValueError, match="does not fit into an axis of size 6"):
        conv2d_relu_maxpool_forward(**arguments, padding=1, size=7)
    with pytest.raises(ValueError, match="3 channels but w expects 2"):
        conv2d_relu_maxpool_forward(
            **(arguments | dict(x=np.ones((1, 6, 9, 3)))), padding=1, size=2
        )
    _, cache = conv2d_relu_maxpool_forward(**arguments, padding=1, size=2)
    with pytest.raises(ValueError, match="da must have the shape"):
        conv2d_relu_maxpool_backward(np.ones((3, 6, 9, 4)), cache)

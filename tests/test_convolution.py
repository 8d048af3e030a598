"""Convolution: against SciPy and the bare formula, on shapes that hide nothing."""

import numpy as np
import pytest
from helpers import (
    CONV,
    CONV_DB,
    CONV_DW,
    CONV_DX,
    CONV_DZ,
    CONV_Z,
    SETTINGS,
    assert_close,
    frozen,
    probe,
)
from hypothesis import given
from hypothesis import strategies as st

from cnn_utils.functional import (
    col2im,
    conv2d_backward,
    conv2d_forward,
    convolve1d,
    convolve2d,
    correlate1d,
    correlate2d,
    im2col,
    output_size,
    shapes,
)

SIZES = st.integers(1, 7)
WHOLE = st.integers(-5, 5)


@pytest.fixture(params=["one block", "image by image"])
def blocks(request, monkeypatch):
    """Run a test with the whole batch in one block, and with blocks of one image."""
    if request.param == "image by image":
        monkeypatch.setattr(shapes, "LARGEST_BLOCK", 1)


def formula(x, w, b, stride, pads):
    """z and, for an upstream dz, (dx, dw, db): one output pixel after the other, by definition."""
    (top, bottom), (left, right) = pads
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    k_h, k_w = w.shape[:2]
    h_out = (padded.shape[1] - k_h) // stride[0] + 1
    w_out = (padded.shape[2] - k_w) // stride[1] + 1
    places = [
        (i, j, np.s_[:, i * stride[0] : i * stride[0] + k_h, j * stride[1] : j * stride[1] + k_w])
        for i in range(h_out)
        for j in range(w_out)
    ]
    z = np.empty((len(x), h_out, w_out, w.shape[3]))
    for i, j, window in places:
        z[:, i, j] = np.einsum("nuvc,uvcf->nf", padded[window], w) + b

    def gradients(dz):
        dx, dw = np.zeros(padded.shape), np.zeros(w.shape)
        for i, j, window in places:
            dx[window] += np.einsum("nf,uvcf->nuvc", dz[:, i, j], w)
            dw += np.einsum("nf,nuvc->uvcf", dz[:, i, j], padded[window])
        inside = np.s_[:, top : top + x.shape[1], left : left + x.shape[2]]
        return dx[inside], dw, dz.sum(axis=(0, 1, 2))

    return z, gradients


# --- the four plain functions -------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@given(data=st.data())
@SETTINGS
def test_one_dimension_as_in_scipy(mode, data):
    signal = pytest.importorskip("scipy.signal")
    k = data.draw(SIZES)
    n = data.draw(st.integers(k if mode == "valid" else 1, 9))
    x = np.array(data.draw(st.lists(WHOLE, min_size=n, max_size=n)))
    w = np.array(data.draw(st.lists(WHOLE, min_size=k, max_size=k)))
    for ours, theirs in (correlate1d, signal.correlate), (convolve1d, signal.convolve):
        result = ours(x, w, mode)
        assert result.dtype == x.dtype
        np.testing.assert_array_equal(result, theirs(x, w, mode, method="direct"))


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@given(data=st.data())
@SETTINGS
def test_two_dimensions_as_in_scipy(mode, data):
    signal = pytest.importorskip("scipy.signal")
    k_h, k_w = data.draw(SIZES), data.draw(SIZES)
    least = (k_h, k_w) if mode == "valid" else (1, 1)
    shape = tuple(data.draw(st.integers(n, 9)) for n in least)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, w = rng.integers(-5, 6, shape), rng.integers(-5, 6, (k_h, k_w))
    for ours, theirs in (correlate2d, signal.correlate2d), (convolve2d, signal.convolve2d):
        np.testing.assert_array_equal(ours(x, w, mode), theirs(x, w, mode))


def test_correlation_and_convolution_of_the_worked_example():
    x, w = CONV["x"][0, :, :, 0], CONV["w"][:, :, 0, 0]
    np.testing.assert_array_equal(correlate2d(x, w), CONV_Z[0, :, :, 0] - 1)
    np.testing.assert_array_equal(convolve2d(x, w), [[1, 6], [9, -5]])


def test_plain_functions_keep_float32():
    x, w = np.ones((4, 5), np.float32), np.ones((2, 2), np.float32)
    assert correlate2d(x, w, "same").dtype == convolve2d(x, w, "full").dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2]], [1]), "x must be a 1-D array"),
        (([1, 2], []), "w must be a 1-D array with at least one entry"),
        (([1, 2], [1, 2, 3]), "exchange the two"),
        (([1, 2], [1], "fulll"), "try 'full'"),
    ],
)
def test_plain_functions_explain_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        correlate1d(*arguments)


# --- im2col and col2im --------------------------------------------------------------------------


def test_im2col_makes_a_convolution_one_product():
    a = probe((3, 2))
    cols = im2col(a["x"], (3, 2), (2, 1), (1, 0))
    z, _ = conv2d_forward(**a, stride=(2, 1), padding=(1, 0))
    assert_close((cols @ a["w"].reshape(-1, 4) + a["b"]).reshape(z.shape), z)


def test_im2col_column_order_is_row_column_channel():
    x = np.arange(3 * 3 * 2).reshape(1, 3, 3, 2)
    cols = im2col(x, 2)
    assert cols.shape == (4, 8)
    np.testing.assert_array_equal(cols[0], [0, 1, 2, 3, 6, 7, 8, 9])
    np.testing.assert_array_equal(cols[1], [2, 3, 4, 5, 8, 9, 10, 11])


def test_im2col_never_shares_memory_with_its_argument():
    x = np.zeros((1, 3, 3, 1))
    assert not np.shares_memory(im2col(x, 1), x)


def test_col2im_counts_how_often_a_pixel_is_seen():
    ones = np.ones((4, 4))
    expected = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_array_equal(col2im(ones, (1, 3, 3, 1), 2)[0, :, :, 0], expected)


def test_col2im_explains_a_wrong_shape():
    with pytest.raises(ValueError, match=r"gives \(4, 4\), but cols has \(4, 5\)"):
        col2im(np.ones((4, 5)), (1, 3, 3, 1), 2)


# --- the layer ----------------------------------------------------------------------------------


def test_the_worked_example_is_exact_and_keeps_integers():
    z, cache = conv2d_forward(**CONV)
    dx, dw, db = conv2d_backward(CONV_DZ, cache)
    for result, expected in (z, CONV_Z), (dx, CONV_DX), (dw, CONV_DW), (db, CONV_DB):
        np.testing.assert_array_equal(result, expected)
        assert result.dtype.kind == "i"


def test_integers_and_floats_mix_as_in_numpy():
    x = np.arange(18, dtype=np.uint8).reshape(1, 3, 3, 2)
    w = np.full((2, 2, 2, 1), 0.5, np.float32)
    z, cache = conv2d_forward(x, w, np.zeros(1, np.float32))
    assert z.dtype == np.float32
    np.testing.assert_array_equal(z[0, :, :, 0], [[18, 26], [42, 50]])
    dx, dw, _ = conv2d_backward(np.ones_like(z), cache)
    assert dx.dtype == dw.dtype == np.float32


CASES = [
    # x (N, H, W, C_in), C_out, size, stride, pads as ((top, bottom), (left, right))
    pytest.param((3, 6, 9, 2), 4, (3, 3), (2, 2), 1, id="the strong probe"),
    pytest.param((3, 6, 9, 2), 4, (3, 2), (1, 3), (2, 0), id="pairs"),
    pytest.param((2, 5, 7, 3), 5, (1, 1), (1, 1), 0, id="1x1"),
    pytest.param((2, 5, 7, 3), 5, (1, 1), (2, 3), 0, id="1x1 with steps"),
    pytest.param((2, 5, 7, 3), 5, (5, 7), (1, 1), 0, id="filter as large as the image"),
    pytest.param((2, 3, 4, 3), 2, (5, 5), (1, 1), 2, id="filter larger than the image"),
    pytest.param((2, 3, 4, 1), 2, (2, 2), (1, 1), 4, id="more padding than filter"),
    pytest.param((2, 7, 9, 2), 3, (2, 2), (3, 4), 0, id="steps that skip pixels"),
    pytest.param((5, 4, 10, 1), 1, (3, 3), (1, 1), 0, id="one filter"),
    pytest.param((2, 6, 1, 2), 3, (3, 1), (1, 1), 0, id="one column"),
    pytest.param((2, 4, 6, 33), 40, (3, 3), (1, 1), 1, id="many filters"),
    pytest.param((33, 9, 9, 1), 3, (3, 3), (1, 1), 1, id="many images"),
    pytest.param((3, 30, 28, 24), 24, (5, 5), (1, 1), 2, id="products in pieces"),
    pytest.param((1, 37, 60, 8), 64, (3, 3), (1, 1), 1, id="one row to a product"),
]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(("x_shape", "c_out", "size", "stride", "padding"), CASES)
def test_forward_and_backward_are_the_formula(x_shape, c_out, size, stride, padding):
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=x_shape), rng.normal(size=(*size, x_shape[3], c_out))
    b = rng.normal(size=c_out)
    p_h, p_w = (padding, padding) if isinstance(padding, int) else padding
    expected, gradients = formula(x, w, b, stride, ((p_h, p_h), (p_w, p_w)))

    z, cache = conv2d_forward(x, w, b, stride, padding)
    assert_close(z, expected)
    dz = rng.normal(size=z.shape)
    for gradient, right in zip(conv2d_backward(dz, cache), gradients(dz), strict=True):
        assert_close(gradient, right, 1e-11)


@given(data=st.data())
@SETTINGS
def test_any_shape_is_the_formula(data):
    draw = data.draw
    size, stride = (draw(SIZES), draw(SIZES)), (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    padding = (draw(st.integers(0, 4)), draw(st.integers(0, 4)))
    least = [max(1, k - 2 * p) for k, p in zip(size, padding, strict=True)]
    height, width = (draw(st.integers(n, n + 6)) for n in least)
    n, c_in, c_out = (draw(st.integers(1, 3)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x, w = rng.normal(size=(n, height, width, c_in)), rng.normal(size=(*size, c_in, c_out))
    b = rng.normal(size=c_out)
    expected, gradients = formula(x, w, b, stride, [(p, p) for p in padding])
    z, cache = conv2d_forward(x, w, b, stride, padding)
    assert_close(z, expected, 1e-11)
    dz = rng.normal(size=z.shape)
    for gradient, right in zip(conv2d_backward(dz, cache), gradients(dz), strict=True):
        assert_close(gradient, right, 1e-11)


@pytest.mark.parametrize(
    ("shape", "size", "stride", "pads"),
    [
        ((6, 9), (3, 3), 1, ((1, 1), (1, 1))),
        ((6, 9), (2, 4), 1, ((0, 1), (1, 2))),
        ((6, 9), (3, 3), 2, ((0, 1), (1, 1))),
        ((6, 9), (1, 1), 2, ((0, 0), (0, 0))),
        ((6, 9), (2, 5), (3, 4), ((0, 0), (2, 2))),
    ],
)
def test_same_padding(shape, size, stride, pads):
    a = probe(size, height=shape[0], width=shape[1])
    pair = (stride, stride) if isinstance(stride, int) else stride
    expected, gradients = formula(**a, stride=pair, pads=pads)
    z, cache = conv2d_forward(**a, stride=stride, padding="same")
    assert z.shape[1:3] == tuple(-(-n // s) for n, s in zip(shape, pair, strict=True))
    assert_close(z, expected)
    for gradient, right in zip(conv2d_backward(z, cache), gradients(z), strict=True):
        assert_close(gradient, right)


def test_float32_stays_float32_and_close():
    a = probe(3)
    z, cache = conv2d_forward(**a, stride=2, padding=1)
    small = {name: array.astype(np.float32) for name, array in a.items()}
    z32, cache32 = conv2d_forward(**small, stride=2, padding=1)
    results = [z32, *conv2d_backward(z32, cache32)]
    for result, expected in zip(results, [z, *conv2d_backward(z, cache)], strict=True):
        assert result.dtype == np.float32
        assert_close(result, expected, 1e-5)


def test_arguments_are_not_changed_and_may_be_views():
    a = probe(3)
    z, cache = conv2d_forward(**a, stride=2, padding=1)
    expected = [z, *conv2d_backward(z, cache)]
    views = {k: frozen(v.T.copy()).T for k, v in a.items()}
    assert not views["x"].flags.c_contiguous
    z, cache = conv2d_forward(**views, stride=2, padding=1)
    dz = frozen(z[:, ::-1].copy())[:, ::-1]
    for result, right in zip([z, *conv2d_backward(dz, cache)], expected, strict=True):
        assert_close(result, right)


def test_results_do_not_share_memory_with_anything():
    a = probe(3)
    z, cache = conv2d_forward(**a)
    first = [z.copy(), *conv2d_backward(z, cache)]
    copies = [array.copy() for array in first]
    conv2d_backward(-z, conv2d_forward(a["x"] * 2, a["w"], a["b"])[1])
    for array, copy in zip(first, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not any(np.shares_memory(array, argument) for argument in a.values())


def test_the_gradient_of_the_input_can_be_left_out():
    a = probe(3)
    z, cache = conv2d_forward(**a, stride=2, padding=1)
    _, dw, db = conv2d_backward(z, cache)
    none, same_dw, same_db = conv2d_backward(z, cache, need_dx=False)
    assert none is None
    np.testing.assert_array_equal(same_dw, dw)
    np.testing.assert_array_equal(same_db, db)


def test_no_images_give_empty_results_and_zero_gradients():
    a = probe(3)
    z, cache = conv2d_forward(a["x"][:0], a["w"], a["b"])
    dx, dw, db = conv2d_backward(z, cache)
    assert z.shape == (0, 4, 7, 4) and dx.shape == (0, 6, 9, 2)
    assert dw.shape == a["w"].shape and not dw.any() and not db.any()


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "k", "stride", "padding", "size"),
    [(28, 3, 1, 0, 26), (64, 5, 1, 2, 64), (9, 3, 2, 1, 5), (6, 3, 2, 0, 2), (4, 4, 9, 0, 1)],
)
def test_output_size(n, k, stride, padding, size):
    assert output_size(n, k, stride, padding) == size


def test_output_size_explains_a_window_that_does_not_fit():
    with pytest.raises(ValueError, match="at most 4 or a padding of at least 2"):
        output_size(4, 7)
    with pytest.raises(ValueError, match="at most 6 or a padding of at least 2"):
        output_size(4, 7, padding=1)
    assert output_size(4, 7, padding=2) == 2  # what the message promises


A = probe(3)
ERRORS = [
    (dict(x=A["x"][0]), ValueError, r"4 axes.*\(6, 9, 2\).*x\[None\]"),
    (dict(x=A["x"][0, ..., 0]), ValueError, r"x\[None, :, :, None\]"),
    (dict(x=np.ones((3, 6, 9, 3))), ValueError, r"3 channels but w expects 2 \(w.shape\[2\]\)"),
    (dict(w=A["w"].transpose(3, 0, 1, 2)), ValueError, r"filters as \(C_out, …\)"),
    (dict(w=A["w"][..., 0]), ValueError, "w must have 4 axes"),
    (dict(w=np.ones((3, 3, 2, 0))), ValueError, "w must not be empty"),
    (dict(b=np.ones(3)), ValueError, r"each of the 4 filters.*shape is \(3,\)"),
    (dict(b=np.ones((1, 4))), ValueError, r"shape is \(1, 4\)"),
    (dict(stride=0), ValueError, "stride must be an integer ≥ 1, got 0"),
    (dict(stride=1.5), TypeError, r"use // or int\(\)"),
    (dict(stride=(1, 2, 3)), ValueError, "pair"),
    (dict(stride="2"), TypeError, "got the text '2'"),
    (dict(padding=-1), ValueError, "padding must be an integer ≥ 0, got -1"),
    (dict(padding="full"), ValueError, "or 'same', got 'full'"),
    (dict(w=np.ones((3, 12, 2, 4))), ValueError, "size 12 does not fit into an axis of size 9"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), ERRORS)
def test_errors_say_what_came_and_what_to_try(wrong, error, message):
    with pytest.raises(error, match=message):
        conv2d_forward(**{**A, **wrong})


def test_upstream_of_the_wrong_shape():
    z, cache = conv2d_forward(**A)
    with pytest.raises(ValueError, match=r"\(3, 4, 7, 4\), but its shape is \(3, 7, 4, 4\)"):
        conv2d_backward(z.transpose(0, 2, 1, 3), cache)

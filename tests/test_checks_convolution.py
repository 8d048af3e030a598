"""The checks of sizes, padding, sliding sums, the convolutional layer, im2col and col2im."""

from __future__ import annotations

import dataclasses
import inspect
import math
from itertools import pairwise

import numpy as np
import pytest
from checks_bank import failure, mistake_of
from helpers import CONV, CONV_DB, CONV_DW, CONV_DX, CONV_DZ, CONV_Z
from mutants import tally
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from cnn_course.checks.exercise import EXERCISES
from cnn_utils import functional, loops
from cnn_utils.functional.shapes import pad_images

signal = pytest.importorskip("scipy.signal")

NAMES = (
    "output_size",
    "zero_padding",
    "correlate1d",
    "correlate2d",
    "convolve2d",
    "conv2d_forward",
    "conv2d_backward",
    "im2col",
    "col2im",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_stands_alone_and_experiments_say_what_is_right(name):
    exercise = EXERCISES[name]
    for mistake in exercise.bank:
        assert len(mistake.experiment.splitlines()) == 3 and "right: " in mistake.experiment
    answer = {"np": np}  # what a learner's notebook has
    exec(inspect.getsource(exercise.reference), answer)
    assert failure(name, answer[exercise.reference.__name__]) is None


def test_the_first_probe_is_the_example_of_the_lessons():
    forward, backward = (
        EXERCISES[name].probes[0].arguments for name in ("conv2d_forward", "conv2d_backward")
    )
    for name, array in CONV.items():
        assert np.array_equal(forward[name], array)
    assert np.array_equal(EXERCISES["conv2d_forward"].reference(**forward), CONV_Z)
    assert np.array_equal(backward["dz"], CONV_DZ)
    gradients = EXERCISES["conv2d_backward"].reference(**backward)
    for found, expected in zip(gradients, (CONV_DX, CONV_DW, CONV_DB), strict=True):
        assert np.array_equal(found, expected)


# ---- right functions, written in other ways


def padded(x, p):
    return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))


def places(x, size, s, p):
    return tuple((n + 2 * p - k) // s + 1 for n, k in zip(x.shape[1:3], size, strict=True))


def all_windows(x, size, s, p):
    """(N, H_out, W_out, C, K_h, K_w), without copies."""
    return sliding_window_view(padded(x, p), size, (1, 2))[:, ::s, ::s]


def forward_im2col(x, w, b, stride, padding):
    cols = functional.im2col(x, w.shape[:2], stride, padding)
    z = cols @ w.reshape(-1, w.shape[3]) + b
    return z.reshape(len(x), *places(x, w.shape[:2], stride, padding), -1), cols


def forward_einsum(x, w, b, stride, padding):
    return np.einsum("nijcuv,uvcf->nijf", all_windows(x, w.shape[:2], stride, padding), w) + b


def forward_strided(x, w, b, stride, padding):
    x, s = padded(x, padding), stride
    N, H, W, C = x.shape
    H_out, W_out = (H - w.shape[0]) // s + 1, (W - w.shape[1]) // s + 1
    n, i, j, c = x.strides
    shape, strides = (N, H_out, W_out, *w.shape[:3]), (n, s * i, s * j, i, j, c)
    return np.tensordot(as_strided(x, shape, strides), w, 3) + b


def forward_fft(x, w, b, stride, padding):
    x = padded(x, padding)
    shape = x.shape[1:3]
    spectrum = np.fft.rfft2(x, axes=(1, 2))
    kernel = np.fft.rfft2(w, shape, axes=(0, 1)).conj()
    z = np.fft.irfft2(np.einsum("nijc,ijcf->nijf", spectrum, kernel), shape, axes=(1, 2))
    z = z[:, : shape[0] - w.shape[0] + 1, : shape[1] - w.shape[1] + 1]
    return z[:, ::stride, ::stride] + b


def forward_slices(x, w, b, stride, padding):
    (H_out, W_out), s, x = places(x, w.shape[:2], stride, padding), stride, padded(x, padding)
    z = np.zeros((len(x), H_out, W_out, w.shape[3])) + b
    for u, v in np.ndindex(w.shape[:2]):
        z += x[:, u : u + s * H_out : s, v : v + s * W_out : s] @ w[u, v]
    return z.astype(x.dtype), (x, w)


def forward_channels_first(x, w, b, stride, padding):
    """Computed in PyTorch's order; the result is a transposed view of an array of its own."""
    x = padded(x, padding).transpose(0, 3, 1, 2)
    views = sliding_window_view(x, w.shape[:2], (2, 3))[:, :, ::stride, ::stride]
    z = np.tensordot(w, views, [[2, 0, 1], [1, 4, 5]]) + b[:, None, None, None]
    return z.transpose(1, 2, 3, 0)


def backward_functional(dz, x, w, stride, padding):
    cache = functional.conv2d_forward(x, w, np.zeros(w.shape[3], w.dtype), stride, padding)[1]
    return functional.conv2d_backward(dz, cache)


def backward_loops(dz, x, w, stride, padding):
    cache = loops.conv2d_forward(x, w, np.zeros(w.shape[3], w.dtype), stride, padding)[1]
    return loops.conv2d_backward(dz, cache)


def backward_im2col(dz, x, w, stride, padding):
    size, C_out = w.shape[:2], w.shape[3]
    flat = dz.reshape(-1, C_out)
    dw = functional.im2col(x, size, stride, padding).T @ flat
    dcols = flat @ w.reshape(-1, C_out).T
    dx = functional.col2im(dcols, x.shape, size, stride, padding)
    return [dx, dw.reshape(w.shape), flat.sum(axis=0)]


def backward_einsum(dz, x, w, stride, padding):
    dx = np.zeros(padded(x, padding).shape)
    for i, j in np.ndindex(dz.shape[1:3]):
        rows, columns = slice(stride * i, stride * i + len(w)), stride * j
        dx[:, rows, columns : columns + w.shape[1]] += np.einsum("nf,uvcf->nuvc", dz[:, i, j], w)
    dw = np.einsum("nijcuv,nijf->uvcf", all_windows(x, w.shape[:2], stride, padding), dz)
    p, (_, H, W, _) = padding, x.shape
    return dx[:, p : p + H, p : p + W], dw, np.einsum("nijf->f", dz)


def backward_turned(dz, x, w, stride, padding):
    """Zeros between the dz, and a correlation with the turned filters."""
    (K_h, K_w, _, _), (_, H, W, _), p = w.shape, x.shape, padding
    wide = np.zeros((len(x), H + 2 * p + K_h - 1, W + 2 * p + K_w - 1, w.shape[3]), dz.dtype)
    rows = slice(K_h - 1, K_h + stride * (dz.shape[1] - 1), stride)
    wide[:, rows, K_w - 1 : K_w + stride * (dz.shape[2] - 1) : stride] = dz
    turned = w[::-1, ::-1].swapaxes(2, 3)
    dx = forward_fft(wide, turned, np.zeros(w.shape[2]), 1, 0)[:, p : p + H, p : p + W]
    spaced = wide[:, K_h - 1 : K_h + H + 2 * p - K_h, K_w - 1 : K_w + W + 2 * p - K_w]
    swapped = padded(x, p).transpose(3, 1, 2, 0), spaced.transpose(1, 2, 0, 3)
    dw = forward_fft(*swapped, np.zeros(w.shape[3]), 1, 0).transpose(1, 2, 0, 3)
    return dx, dw, dz.sum((0, 1, 2))


def im2col_windows(x, size, stride, padding):
    cells = all_windows(x, size, stride, padding).transpose(0, 1, 2, 4, 5, 3)
    return cells.reshape(math.prod(cells.shape[:3]), -1)


def im2col_index(x, size, stride, padding):
    (H_out, W_out), s = places(x, size, stride, padding), stride
    rows = s * np.arange(H_out)[:, None] + np.arange(size[0])
    columns = s * np.arange(W_out)[:, None] + np.arange(size[1])
    cells = padded(x, padding)[:, rows[:, None, :, None], columns[None, :, None, :]]
    return cells.reshape(-1, size[0] * size[1] * x.shape[3])


def im2col_filters(x, size, stride, padding):
    """Filters with a single 1 each: a convolution that copies."""
    k = size[0] * size[1] * x.shape[3]
    w = np.eye(k, dtype=x.dtype).reshape(*size, x.shape[3], k)
    return forward_einsum(x, w, np.zeros(k, x.dtype), stride, padding).reshape(-1, k)


def col2im_add_at(cols, x_shape, size, stride, padding):
    N, H, W, C = x_shape
    p, shape = padding, (N, H + 2 * padding, W + 2 * padding, C)
    numbers = np.arange(math.prod(shape)).reshape(shape)
    x = np.zeros(math.prod(shape), cols.dtype)
    np.add.at(x, im2col_windows(numbers, size, stride, 0), cols)
    return x.reshape(shape)[:, p : p + H, p : p + W]


def col2im_matrix(cols, x_shape, size, stride, padding):
    """The transposed matrix of im2col, image by image."""
    N, H, W, C = x_shape
    impulses = np.eye(H * W * C).reshape(-1, H, W, C)
    M = functional.im2col(impulses, size, stride, padding).reshape(H * W * C, -1)
    return (cols.reshape(N, -1) @ M.T).reshape(x_shape)


def col2im_slices(cols, x_shape, size, stride, padding):
    (N, H, W, C), (K_h, K_w), s, p = x_shape, size, stride, padding
    H_out, W_out = (H + 2 * p - K_h) // s + 1, (W + 2 * p - K_w) // s + 1
    cols = cols.reshape(N, H_out, W_out, K_h, K_w, C)
    x = np.zeros((N, H + 2 * p, W + 2 * p, C))
    for u, v in np.ndindex(K_h, K_w):
        x[:, u : u + s * H_out : s, v : v + s * W_out : s] += cols[:, :, :, u, v]
    return x[:, p : p + H, p : p + W]


def one_dimension_fft(x, w):
    n = len(x) + len(w) - 1
    z = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(w[::-1], n), n)
    return z[len(w) - 1 : len(x)]


def two_dimensions_fft(x, w):
    shape = tuple(n + k - 1 for n, k in zip(x.shape, w.shape, strict=True))
    z = np.fft.irfft2(np.fft.rfft2(x, shape) * np.fft.rfft2(w, shape), shape)
    return z[w.shape[0] - 1 : x.shape[0], w.shape[1] - 1 : x.shape[1]]


def toeplitz(x, w):
    matrix = np.zeros((len(x) - len(w) + 1, len(x)))
    for i in range(len(matrix)):
        matrix[i, i : i + len(w)] = w
    return matrix @ x


def padding_with_concatenate(x, padding):
    for axis in (1, 2):
        shape = list(x.shape)
        shape[axis] = padding
        x = np.concatenate([np.zeros(shape, x.dtype), x, np.zeros(shape, x.dtype)], axis)
    return x


def padding_with_slices(x, padding):
    (N, H, W, C), p = x.shape, padding
    frame = np.zeros((N, H + 2 * p, W + 2 * p, C))
    frame[:, p : p + H, p : p + W] = x
    return frame


def padding_of_functional(x, padding):
    return pad_images(x, ((padding, padding), (padding, padding)))  # x itself for padding 0


def counted(n, k, stride, padding):
    return sum(1 for start in range(0, n + 2 * padding, stride) if start + k <= n + 2 * padding)


def floored(n, k, stride, padding):
    return math.floor((n + 2 * padding - k) / stride) + 1


RIGHT = {
    "output_size": [
        functional.output_size,
        loops.output_size,
        counted,
        floored,
        lambda n, k, s, p: len(range(0, n + 2 * p - k + 1, s)),
        lambda n, k, s, p: np.int64(n + 2 * p - k + s) // s,
        lambda n, k, s, p: int((n + 2 * p - k) / s + 1),
    ],
    "zero_padding": [
        padded,
        padding_with_concatenate,
        padding_with_slices,
        padding_of_functional,
        lambda x, p: loops.convolution.pad(x, ((p, p), (p, p))),
    ],
    "correlate1d": [
        functional.correlate1d,
        loops.correlate1d,
        lambda x, w: np.correlate(x, w, "valid"),
        lambda x, w: np.convolve(x, w[::-1], "valid"),
        lambda x, w: sliding_window_view(x, len(w)) @ w,
        one_dimension_fft,
        toeplitz,
    ],
    "correlate2d": [
        functional.correlate2d,
        loops.correlate2d,
        lambda x, w: signal.correlate2d(x, w, "valid"),
        lambda x, w: np.einsum("ijuv,uv->ij", sliding_window_view(x, w.shape), w),
        lambda x, w: np.tensordot(sliding_window_view(x, w.shape), w, 2),
        lambda x, w: two_dimensions_fft(x, w[::-1, ::-1]),
    ],
    "convolve2d": [
        functional.convolve2d,
        loops.convolve2d,
        lambda x, w: signal.convolve2d(x, w, "valid"),
        lambda x, w: functional.correlate2d(x, np.rot90(w, 2)),
        lambda x, w: functional.correlate2d(x[::-1, ::-1], w)[::-1, ::-1],
        two_dimensions_fft,
    ],
    "conv2d_forward": [
        functional.conv2d_forward,
        loops.conv2d_forward,
        forward_im2col,
        forward_einsum,
        forward_strided,
        forward_fft,
        forward_slices,
        forward_channels_first,
    ],
    "conv2d_backward": [
        backward_functional,
        backward_loops,
        backward_im2col,
        backward_einsum,
        backward_turned,
    ],
    "im2col": [functional.im2col, loops.im2col, im2col_windows, im2col_index, im2col_filters],
    "col2im": [functional.col2im, loops.col2im, col2im_add_at, col2im_matrix, col2im_slices],
}


@pytest.mark.parametrize(
    ("name", "function"),
    [(name, function) for name, functions in RIGHT.items() for function in functions],
)
def test_a_right_function_passes(name, function):
    found = failure(name, function)
    assert found is None, str(found)


@pytest.mark.parametrize("name", ["conv2d_forward", "conv2d_backward", "im2col"])
def test_float64_for_float32_is_no_mistake(name):
    def wide(*arguments):
        arguments = [a.astype(float) if isinstance(a, np.ndarray) else a for a in arguments]
        return EXERCISES[name].reference(*arguments)

    assert failure(name, wide) is None


# ---- wrong functions that nobody has thought of


def doubled_column(x, w):
    z = functional.correlate2d(x, w)
    if z.shape[1] > 2:
        z[:, 0] *= 2
    return z


def conv(x, w, b, stride, padding):
    return functional.conv2d_forward(x, w, b, stride, padding)[0]


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("conv2d_forward", lambda *a: 2 * conv(*a), "every number is 2 times"),
        ("conv2d_forward", lambda *a: -conv(*a), "with the sign changed"),
        ("conv2d_forward", lambda *a: conv(*a) + 1, "too large by the same 1"),
        ("conv2d_forward", lambda *a: 0 * conv(*a), "is the result ever filled?"),
        ("conv2d_forward", lambda *a: conv(*a)[0], "an axis of length 1 is missing"),
        ("conv2d_forward", lambda *a: conv(*a)[None], "an axis of length 1 too many"),
        ("conv2d_forward", lambda *a: abs(conv(*a)), "but for their signs"),
        ("conv2d_forward", lambda *a: conv(*a)[:, ::-1], "order of axis 1 reversed"),
        ("conv2d_forward", lambda *a: conv(*a) / 0, "nan or inf"),
        ("conv2d_forward", lambda *a: np.sort(conv(*a), None).reshape(conv(*a).shape), "places"),
        ("conv2d_forward", lambda *a: conv(*a) + conv(*a) ** 3, "numbers are wrong, the first at"),
        ("conv2d_forward", lambda *a: np.floor(conv(*a)).astype(int), "whole numbers"),
        ("conv2d_forward", lambda x, *a: conv(np.ones_like(x), *a), "It stays the same when x"),
        ("conv2d_backward", lambda *a: backward_functional(*a)[::-1], "(db, dw, dx): the order"),
        ("conv2d_backward", lambda dz, *a: backward_functional(dz**2, *a), "numbers are wrong"),
        ("im2col", lambda *a: functional.im2col(*a)[::-1], "order of axis 0 reversed"),
        ("correlate2d", lambda x, w: doubled_column(x, w), "at index 0 of axis 1"),
        ("output_size", lambda n, k, s, p: n, "it is 5, which is too large"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_unknown_mistake_is_described(name, function, words):
    found = failure(name, function)
    assert found is not None and found.mistake is None, str(found)
    assert words in found.parts["seen"], str(found)


def test_of_two_mistakes_both_are_told():
    def two(dz, x, w, stride, padding):
        dx, dw, db = backward_functional(dz, x, w, stride, padding)
        return dx, dw[::-1, ::-1], db / len(x)

    found = failure("conv2d_backward", two)
    assert found.mistake == "dw-turned" and "number of images" in found.parts["also"]
    assert found.parts["besides"] == "dx is right"


def test_the_same_mistake_in_a_single_gradient_has_its_name():
    for name, k in ("dx", 0), ("dw", 1):

        def partly(*arguments, k=k):
            right = list(backward_functional(*arguments))
            right[k] = mistake_of("conv2d_backward", "stride-ignored").wrong(*arguments)[k]
            return right

        found = failure("conv2d_backward", partly)
        assert found.mistake == "stride-ignored" and found.headline == f"{name} is wrong."


def test_a_size_that_leads_to_other_numbers_still_has_its_name():
    def ragged(x, w, b, stride, padding):
        H_out, W_out = (n - 1 for n in places(x, w.shape[:2], stride, padding))
        return np.full((len(x), H_out, W_out, w.shape[3]), 7.0)  # no + 1, and other faults

    assert failure("conv2d_forward", ragged).mistake == "size-without-one"


def test_a_loop_that_leaves_the_array_is_named_where_it_stops():
    def unpadded(dz, x, w, stride, padding):
        dx, dw, db = backward_functional(dz, x, w, stride, padding)
        dw = np.zeros(w.shape)
        for n, i, j in np.ndindex(dz.shape[:3]):
            for u, v in np.ndindex(w.shape[:2]):
                dw[u, v] += np.outer(x[n, stride * i + u, stride * j + v], dz[n, i, j])
        return dx, dw, db

    found = failure("conv2d_backward", unpadded)
    assert found.mistake == "dw-without-padding" and "IndexError" in found.headline


# ---- mutants


def battery(name: str) -> list[tuple]:
    """Many calls of every kind, for a comparison with what passes the check."""
    rng, calls = np.random.default_rng(17), []
    if name == "output_size":
        numbers = np.ndindex(13, 6, 5, 4)
        return [(n, k, s, p) for n, k, s, p in numbers if 0 < min(n, k, s) and k <= n + 2 * p][::5]
    while len(calls) < 30:
        N, C_in, C_out, K_h, K_w, s = rng.integers(1, 5, 6).tolist()
        H, W = rng.integers(1, 9, 2).tolist()
        p = int(rng.integers(0, 4))
        if (
            H + 2 * p < K_h
            or W + 2 * p < K_w
            or name.endswith(("1d", "2d"))
            and (H < K_h or W < K_w)
        ):
            continue
        x, w = rng.normal(size=(N, H, W, C_in)), rng.normal(size=(K_h, K_w, C_in, C_out))
        b, out = rng.normal(size=C_out), places(x, (K_h, K_w), s, p)
        cols = rng.normal(size=(N * out[0] * out[1], K_h * K_w * C_in))
        calls.append(
            {
                "zero_padding": (x, p),
                "correlate1d": (x[0, 0, :, 0], w[0, :, 0, 0]),
                "correlate2d": (x[0, :, :, 0], w[:, :, 0, 0]),
                "convolve2d": (x[0, :, :, 0], w[:, :, 0, 0]),
                "conv2d_forward": (x, w, b, s, p),
                "conv2d_backward": (rng.normal(size=(N, *out, C_out)), x, w, s, p),
                "im2col": (x, (K_h, K_w), s, p),
                "col2im": (cols, x.shape, (K_h, K_w), s, p),
            }[name]
        )
    return calls


@pytest.mark.parametrize("name", NAMES)
def test_no_mutant_of_the_answer_passes(name, record_property):
    found = tally(EXERCISES[name], battery(name))
    record_property("mutants", str(found))
    print(f"{name}: {found}")
    assert found.survivors == []
    assert found.tried > 35 and found.rejected > 0.9 * found.tried


def test_the_tester_notices_a_weak_check():
    """With the small probe alone many mutants survive, so the tester is no formality."""
    exercise = EXERCISES["correlate2d"]
    weak = dataclasses.replace(exercise, probes=exercise.probes[:1], mistakes=())
    assert len(tally(weak, battery("correlate2d")).survivors) > 5


def test_probes_differ_where_names_could_be_mixed_up():
    """No two sizes are equal in all probes, or swapping them would not be seen."""
    shapes = []
    for probe in EXERCISES["conv2d_forward"].probes:
        x, w, _, s, p = probe.arguments.values()
        shapes.append((*x.shape, *w.shape[:2], w.shape[3], s, p, *places(x, w.shape[:2], s, p)))
    columns = sorted(zip(*shapes, strict=True))
    assert all(one != other for one, other in pairwise(columns))

"""The checks of ReLU, sigmoid, the dense layer, batch norm and dropout."""

from __future__ import annotations

import numpy as np
import pytest
from checks_bank import failure

from cnn_course.checks.exercise import EXERCISES
from cnn_utils import functional, loops

NAMES = (
    "relu_forward",
    "relu_backward",
    "sigmoid_forward",
    "sigmoid_backward",
    "dense_forward",
    "dense_backward",
    "batchnorm_forward",
    "batchnorm_backward",
    "dropout_forward",
    "dropout_backward",
)

# ---- right functions, written in other ways


def backward_of(module, name):
    """The backward function of a module, from the arguments of the forward one."""
    forward, backward = getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward")

    def of_arguments(upstream, *arguments):
        return backward(upstream, forward(*arguments)[1])

    return of_arguments


def dense_back_of(module):
    def of_arguments(dz, x, w):
        return module.dense_backward(dz, module.dense_forward(x, w, np.zeros_like(w[0]))[1])

    return of_arguments


def batchnorm_back_of(module):
    def of_arguments(dy, x, gamma, eps):
        zeros, ones = np.zeros_like(gamma), np.ones_like(gamma)
        cache = module.batchnorm_forward(x, gamma, zeros, zeros, ones, True, 0.9, eps)[1]
        return module.batchnorm_backward(dy, cache)

    return of_arguments


def relu_masked(z):
    a = z.copy()
    a[a < 0] = 0
    return a


def relu_back_masked(da, z):
    dz = da.copy()
    dz[z <= 0] = 0
    return dz


def sigmoid_naive(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_tanh(z):
    return (1 + np.tanh(z / 2)) / 2, "a cache"


def sigmoid_by_sign(z):
    a = np.zeros_like(z)
    a[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    a[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return a


def sigmoid_back_tanh(da, z):
    return da * (1 - np.tanh(z / 2) ** 2) / 4


def sigmoid_back_cosh(da, z):
    return da / (4 * np.cosh(z / 2) ** 2)


def dense_back_einsum(dz, x, w):
    return np.einsum("nm,dm->nd", dz, w), np.einsum("nd,nm->dm", x, dz), np.einsum("nm->m", dz)


def dense_back_examples(dz, x, w):
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(w[0])
    for n in range(len(x)):
        dx[n] = w @ dz[n]
        dw += np.outer(x[n], dz[n])
        db += dz[n]
    return dx, dw, db


def dense_back_tensordot(dz, x, w):
    return [
        np.tensordot(dz, w, (1, 1)),
        np.tensordot(x, dz, (0, 0)),
        np.ones(len(dz), dz.dtype) @ dz,
    ]


def batchnorm_vectorised(x, gamma, beta, mean, var, training, momentum, eps):
    running = mean, var
    if training:
        axes = tuple(range(x.ndim - 1))
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        running = tuple(
            momentum * old + (1 - momentum) * new
            for old, new in zip(running, (mean, var), strict=True)
        )
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, running


def batchnorm_channels_first(x, gamma, beta, mean, var, training, momentum, eps):
    rows = np.moveaxis(x, -1, 0).reshape(len(gamma), -1)
    m, new_mean, new_var = rows.shape[1], mean.copy(), var.copy()
    if training:
        mean = rows @ np.ones(m) / m
        var = np.einsum("ci,ci->c", rows, rows) / m - mean**2  # the mean of x², less that of x
        new_mean += (1 - momentum) * (mean - new_mean)
        new_var += (1 - momentum) * (var - new_var)
    scale = gamma / np.sqrt(var + eps)
    y = rows * scale[:, None] + (beta - mean * scale)[:, None]
    y = np.moveaxis(y.reshape(len(gamma), *x.shape[:-1]), 0, -1)
    return [y, "a cache", [new_mean, new_var]]


def batchnorm_back_in_steps(dy, x, gamma, eps):
    axes, m = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    d = x - x.mean(axis=axes)
    s = np.sqrt((d**2).mean(axis=axes) + eps)
    dxhat = gamma * dy
    ds = -(dxhat * d).sum(axis=axes) / s**2
    dd = dxhat / s + ds / (2 * s) * 2 * d / m
    return dd - dd.sum(axis=axes) / m, (dy * d / s).sum(axis=axes), dy.sum(axis=axes)


def batchnorm_back_one_line(dy, x, gamma, eps):
    axes = tuple(range(x.ndim - 1))
    s = np.sqrt(x.var(axis=axes) + eps)
    xhat = (x - x.mean(axis=axes)) / s
    dx = gamma / s * (dy - dy.mean(axis=axes) - xhat * (dy * xhat).mean(axis=axes))
    return dx, (dy * xhat).sum(axis=axes), dy.sum(axis=axes)


def batchnorm_back_jacobian(dy, x, gamma, eps):
    C, m = x.shape[-1], x.size // x.shape[-1]
    rows, upstream = x.reshape(-1, C), dy.reshape(-1, C)
    dx, dgamma = np.zeros(rows.shape), np.zeros(C)
    for c in range(C):
        s = np.sqrt(rows[:, c].var() + eps)
        xhat = (rows[:, c] - rows[:, c].mean()) / s
        jacobian = gamma[c] / s * (np.eye(m) - 1 / m - np.outer(xhat, xhat) / m)
        dx[:, c], dgamma[c] = jacobian @ upstream[:, c], xhat @ upstream[:, c]
    return dx.reshape(x.shape), dgamma, upstream.sum(axis=0)


def dropout_drawing(draw):
    """Dropout with a mask that is drawn by draw(rng, shape, rate)."""

    def dropout(x, rate, rng):
        mask = draw(rng, x.shape, rate)
        return x * mask / (1 - rate), mask

    return dropout


def dropout_of_functional(x, rate, rng):
    a, (mask, _, _) = functional.dropout_forward(x, rate, rng)
    return a, mask


def dropout_back_of_functional(da, mask, rate):
    return functional.dropout_backward(da, (mask, mask.shape, rate))


RIGHT = [
    ("relu_forward", loops.relu_forward),
    ("relu_forward", functional.relu_forward),
    ("relu_forward", lambda z: np.maximum(z, 0)),
    ("relu_forward", lambda z: (z * (z > 0), z > 0)),
    ("relu_forward", lambda z: (np.abs(z) + z) / 2),
    ("relu_forward", relu_masked),
    ("relu_backward", backward_of(loops, "relu")),
    ("relu_backward", backward_of(functional, "relu")),
    ("relu_backward", lambda da, z: da * (z > 0)),
    ("relu_backward", lambda da, z: np.where(z > 0, da, 0)),
    ("relu_backward", relu_back_masked),
    ("sigmoid_forward", loops.sigmoid_forward),
    ("sigmoid_forward", functional.sigmoid),
    ("sigmoid_forward", sigmoid_naive),
    ("sigmoid_forward", sigmoid_tanh),
    ("sigmoid_forward", sigmoid_by_sign),
    ("sigmoid_forward", lambda z: np.exp(-np.logaddexp(0, -z))),
    ("sigmoid_backward", backward_of(loops, "sigmoid")),
    ("sigmoid_backward", backward_of(functional, "sigmoid")),
    ("sigmoid_backward", lambda da, z: da * sigmoid_naive(z) * (1 - sigmoid_naive(z))),
    ("sigmoid_backward", sigmoid_back_tanh),
    ("sigmoid_backward", sigmoid_back_cosh),
    ("dense_forward", loops.dense_forward),
    ("dense_forward", functional.dense_forward),
    ("dense_forward", lambda x, w, b: np.einsum("nd,dm->nm", x, w) + b),
    ("dense_forward", lambda x, w, b: (w.T @ x.T).T + b[None]),
    ("dense_forward", lambda x, w, b: (x[:, :, None] * w).sum(axis=1) + b),
    ("dense_backward", dense_back_of(loops)),
    ("dense_backward", dense_back_of(functional)),
    ("dense_backward", dense_back_einsum),
    ("dense_backward", dense_back_examples),
    ("dense_backward", dense_back_tensordot),
    ("batchnorm_forward", loops.batchnorm_forward),
    ("batchnorm_forward", functional.batchnorm_forward),
    ("batchnorm_forward", batchnorm_vectorised),
    ("batchnorm_forward", batchnorm_channels_first),
    ("batchnorm_backward", batchnorm_back_of(loops)),
    ("batchnorm_backward", batchnorm_back_of(functional)),
    ("batchnorm_backward", batchnorm_back_in_steps),
    ("batchnorm_backward", batchnorm_back_one_line),
    ("batchnorm_backward", batchnorm_back_jacobian),
    ("dropout_forward", dropout_drawing(lambda rng, shape, rate: rng.random(shape) >= rate)),
    ("dropout_forward", dropout_drawing(lambda rng, shape, rate: rng.random(shape) < 1 - rate)),
    (
        "dropout_forward",
        dropout_drawing(lambda rng, shape, rate: rng.random(shape, np.float32) > rate),
    ),
    ("dropout_forward", dropout_drawing(lambda rng, shape, rate: rng.binomial(1, 1 - rate, shape))),
    (
        "dropout_forward",
        dropout_drawing(lambda rng, shape, rate: rng.choice([0.0, 1.0], shape, p=[rate, 1 - rate])),
    ),
    (
        "dropout_forward",
        dropout_drawing(lambda rng, shape, rate: rng.permuted(rng.uniform(size=shape)) >= rate),
    ),
    ("dropout_forward", dropout_of_functional),
    ("dropout_backward", dropout_back_of_functional),
    ("dropout_backward", lambda da, mask, rate: da * mask / (1 - rate)),
    ("dropout_backward", lambda da, mask, rate: np.where(mask, da / (1 - rate), 0)),
    ("dropout_backward", lambda da, mask, rate: np.divide(da, 1 - rate) * mask.astype(da.dtype)),
    ("dropout_backward", lambda da, mask, rate: loops.dropout_backward(da, mask / (1 - rate))),
]


def call_of(name, rng, k):
    """Arguments of a call unlike the probes."""
    shape = tuple(int(n) for n in rng.integers(1, 6, (2, 4)[k % 2]))
    C = shape[-1]
    x, upstream = rng.normal(size=(2, *shape)) * (1 if k % 3 else 100)
    gamma, beta, mean = rng.normal(size=(3, C))
    var, rate = rng.uniform(0.5, 2, C), float(rng.uniform(0.2, 0.8))
    N, D, M = (int(n) for n in rng.integers(1, 6, 3))
    if k % 3 == 0 and not name.startswith("dropout"):
        x = np.round(x / 30)
    many = rng.normal(size=(40, 30))
    many[:, :4] = 0
    return {
        "relu_forward": (x,),
        "relu_backward": (upstream, x),
        "sigmoid_forward": (x,),
        "sigmoid_backward": (upstream, x),
        "dense_forward": (rng.normal(size=(N, D)), rng.normal(size=(D, M)), rng.normal(size=M)),
        "dense_backward": tuple(rng.normal(size=s) for s in ((N, M), (N, D), (D, M))),
        "batchnorm_forward": (x, gamma, beta, mean, var, bool(k % 4), rate, 0.1),
        "batchnorm_backward": (upstream, x, gamma, 0.1),
        "dropout_forward": (many, rate, np.random.default_rng(k)),
        "dropout_backward": (upstream, rng.random(shape) > rate, rate),
    }[name]


# ---- wrong functions that nobody has met before


def scaled_by_what_was_kept(x, rate, rng):
    mask = rng.random(x.shape) >= rate
    return x * mask / mask.mean(), mask


def too_few_dropped(x, rate, rng):
    mask = rng.random(x.shape) >= 0.8 * rate
    return x * mask / (1 - rate), mask


def noise_added(x, rate, rng):
    mask = rng.random(x.shape) >= rate
    return mask * (x + 1), mask


def y_alone(x, gamma, beta, mean, var, training, momentum, eps):
    return batchnorm_vectorised(x, gamma, beta, mean, var, training, momentum, eps)[0]


def y_and_mean(x, gamma, beta, mean, var, training, momentum, eps):
    y, (mean, _) = batchnorm_vectorised(x, gamma, beta, mean, var, training, momentum, eps)
    return y, mean


def running_overwritten(x, gamma, beta, mean, var, training, momentum, eps):
    y, (new, _) = batchnorm_vectorised(x, gamma, beta, mean, var, training, momentum, eps)
    mean[:] = new
    return y, (mean, var)


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("relu_forward", lambda z: np.maximum(z, 0) + 0.25, "too large by the same 0.25"),
        ("relu_forward", lambda z: np.maximum(z, 0).astype(np.float32), "has the dtype float32"),
        ("relu_backward", lambda da, z: 3 * da * (z > 0), "every number is 3 times"),
        ("sigmoid_forward", lambda z: np.clip(z / 4 + 0.5, 0, 1), "numbers are wrong"),
        ("dense_backward", lambda dz, x, w: dense_back_einsum(dz, x, w)[:2], "returns 2 values"),
        ("dense_backward", lambda dz, x, w: dense_back_einsum(dz, x, w)[::-1], "(db, dw, dx)"),
        ("batchnorm_forward", y_alone, "it must return (y, (running_mean, running_var))"),
        ("batchnorm_forward", y_and_mean, "must be a pair"),
        ("batchnorm_forward", running_overwritten, "changes its argument running_mean"),
        ("dropout_forward", scaled_by_what_was_kept, "times what it should be"),
        ("dropout_forward", too_few_dropped, "about 75% of the numbers should be kept; yours"),
        ("dropout_forward", noise_added, "yours is x times factors that differ"),
        ("dropout_forward", lambda x, rate, rng: x, "it must return (a, mask)"),
        ("dropout_forward", lambda x, rate, rng: (0 * x, x > 0), "nothing is kept"),
        ("dropout_forward", lambda x, rate, rng: (x, rng.random() > rate), "mask must be an array"),
    ],
)
def test_what_is_said_about_a_mistake_that_is_not_known(name, function, words):
    found = failure(name, function)
    assert found.mistake is None
    assert words in " ".join(str(found).split()), str(found)


def test_a_mask_of_numpys_own_generator_does_not_count_as_drawn_from_rng():
    def from_elsewhere(x, rate, rng):
        mask = np.random.default_rng().random(x.shape) >= rate
        return x * mask / (1 - rate), mask

    assert failure("dropout_forward", from_elsewhere).mistake == "rng-ignored"


def test_dropout_is_judged_alike_by_whatever_is_drawn():
    """A mistake keeps its name when the mask comes from other draws than in the bank."""

    def drawn_otherwise(wrong):
        class Other:
            def __init__(self, rng):
                self.rng = rng

            def random(self, shape=None):
                return 1 - self.rng.random(shape)

        return lambda x, rate, rng: wrong(x, rate, Other(rng))

    for mistake in EXERCISES["dropout_forward"].bank:
        found = failure("dropout_forward", drawn_otherwise(mistake.wrong))
        assert found.mistake == mistake.id, str(found)

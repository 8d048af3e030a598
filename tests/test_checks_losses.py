"""The checks of softmax, cross-entropy, their gradient, and binary cross-entropy."""

from __future__ import annotations

import numpy as np
import pytest
from checks_bank import failure

from cnn_utils import functional, loops

NAMES = (
    "softmax",
    "cross_entropy",
    "softmax_gradient",
    "softmax_cross_entropy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)

# ---- right functions, written in other ways


def softmax_shifted(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_by_pairs(z):
    return 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(axis=2)


def softmax_of_logarithms(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


def softmax_row_by_row(z):
    return np.array([np.exp(row - max(row)) / sum(np.exp(row - max(row))) for row in z])


def eye(p, y):
    return np.eye(p.shape[1], dtype=p.dtype)[y]


def gradient_assigned(p, y):
    dz = p.copy()
    dz[np.arange(len(y)), y] -= 1
    dz /= len(y)
    return dz


def gradient_by_jacobian(p, y):
    jacobian = np.einsum("ij,ni->nij", np.eye(p.shape[1]), p) - np.einsum("ni,nj->nij", p, p)
    return np.einsum("nij,nj->ni", jacobian, -eye(p, y) / p) / len(p)


def gradient_at(p, y):
    dz = p / len(p)
    np.subtract.at(dz, (np.arange(len(p)), y), 1 / len(p))
    return dz


def with_log_sum_exp(z, y):
    n = np.arange(len(y))
    total = np.logaddexp.reduce(z, axis=1)
    p = np.exp(z - total[:, None])
    p[n, y] -= 1
    return np.mean(total - z[n, y]), p / len(z)


def with_one_hot(z, y):
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(eye(z, y) * log_p).sum() / len(z), (np.exp(log_p) - eye(z, y)) / len(z)


def example_by_example(z, y):
    loss, dz = 0.0, np.zeros_like(z)
    for n, k in enumerate(y):
        others = z[n] - z[n, k]
        largest = others.max()
        total = np.exp(others - largest).sum()
        loss += largest + np.log(total)
        dz[n] = np.exp(others - largest) / total
        dz[n, k] -= 1
    return loss / len(z), dz / len(z)


def binary_two_terms(p, y):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    dp = ((1 - y) / (1 - p) - y / p) / p.size
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), dp


def binary_chosen(p, y):
    p = np.clip(p, 1e-10, 1 - 1e-10)
    chosen = np.where(y == 1, p, 1 - p)
    return np.log(1 / chosen).mean(), np.where(y == 1, -1, 1) / chosen / p.size


def binary_by_entry(p, y):
    loss, dp = 0.0, np.zeros(p.shape)
    for index, label in np.ndenumerate(y):
        q = float(np.clip(p[index], 1e-12, 1 - 1e-12))
        loss -= np.log(q if label else 1 - q) / p.size
        dp[index] = (-1 / q if label else 1 / (1 - q)) / p.size
    return loss, dp


def logits_logaddexp(z, y):
    p = np.exp(-np.logaddexp(0, -z))
    return np.mean(np.logaddexp(0, z) - z * y), (p - y) / z.size


def logits_turned(z, y):
    t = z * (1 - 2 * y)  # the score of what did not happen
    return np.logaddexp(0, t).mean(), (1 - 2 * y) * (1 + np.tanh(t / 2)) / 2 / z.size


def logits_two_classes(z, y):
    pairs = np.stack([np.zeros_like(z), z], axis=-1).reshape(-1, 2)
    loss, dz = functional.softmax_cross_entropy(pairs, y.ravel())
    return loss, dz[:, 1].reshape(z.shape)


RIGHT = [
    ("softmax", loops.softmax),
    ("softmax", functional.softmax),
    ("softmax", softmax_shifted),
    ("softmax", softmax_by_pairs),
    ("softmax", softmax_of_logarithms),
    ("softmax", softmax_row_by_row),
    ("cross_entropy", lambda p, y: -np.log(p[np.arange(len(y)), y]).mean()),
    ("cross_entropy", lambda p, y: -np.sum(eye(p, y) * np.log(p)) / len(p)),
    ("cross_entropy", lambda p, y: -np.log(p[range(len(y)), list(y)] + 1e-12).mean()),
    ("cross_entropy", lambda p, y: np.log(1 / np.take_along_axis(p, y[:, None], 1)).mean()),
    ("cross_entropy", lambda p, y: functional.softmax_cross_entropy(np.log(p), y)[0]),
    ("softmax_gradient", lambda p, y: (p - eye(p, y)) / len(p)),
    ("softmax_gradient", gradient_assigned),
    ("softmax_gradient", gradient_by_jacobian),
    ("softmax_gradient", gradient_at),
    ("softmax_gradient", lambda p, y: functional.softmax_cross_entropy(np.log(p), y)[1]),
    ("softmax_cross_entropy", loops.softmax_cross_entropy),
    ("softmax_cross_entropy", functional.softmax_cross_entropy),
    ("softmax_cross_entropy", with_log_sum_exp),
    ("softmax_cross_entropy", with_one_hot),
    ("softmax_cross_entropy", example_by_example),
    ("binary_cross_entropy", loops.binary_cross_entropy),
    ("binary_cross_entropy", functional.binary_cross_entropy),
    ("binary_cross_entropy", binary_two_terms),
    ("binary_cross_entropy", binary_chosen),
    ("binary_cross_entropy", binary_by_entry),
    ("binary_cross_entropy_with_logits", loops.binary_cross_entropy_with_logits),
    ("binary_cross_entropy_with_logits", functional.binary_cross_entropy_with_logits),
    ("binary_cross_entropy_with_logits", logits_logaddexp),
    ("binary_cross_entropy_with_logits", logits_turned),
    ("binary_cross_entropy_with_logits", logits_two_classes),
]


def call_of(name, rng, k):
    """Arguments of a call unlike the probes; every second one has scores in the thousands."""
    N, K = (int(n) for n in rng.integers((1, 2), 6))
    z, y = rng.normal(size=(N, K)) * (1 if k % 2 else 2000), rng.integers(0, K, N)
    p, targets = softmax_shifted(rng.normal(size=(N, K))), rng.integers(0, 2, (N, K))
    return {
        "softmax": (z,),
        "cross_entropy": (p, y),
        "softmax_gradient": (p, y),
        "softmax_cross_entropy": (z, y),
        "binary_cross_entropy": (p, targets),
        "binary_cross_entropy_with_logits": (z, targets),
    }[name]


# ---- wrong functions that nobody has met before


def warmer(z):
    return softmax_shifted(z / 2)


def naive_and_summed(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean(), p - eye(p, y)


@pytest.mark.parametrize(
    ("name", "function", "words"),
    [
        ("softmax", warmer, "3 of its 3 numbers are wrong"),
        ("cross_entropy", lambda p, y: [-np.log(p[n, y[n]]) for n in range(len(y))], "a list"),
        ("cross_entropy", lambda p, y: np.full(2, 0.5), "shape is (2,), it should be ()"),
        ("softmax_gradient", lambda p, y: 0 * p, "every number in it is 0"),
        ("softmax_gradient", lambda p, y: gradient_at(p, y) * 7, "every number is 7 times"),
        ("softmax_cross_entropy", lambda z, y: with_one_hot(z, y)[::-1], "you return (dz, loss)"),
        ("softmax_cross_entropy", lambda z, y: with_one_hot(z, y)[0], "it must return (loss, dz)"),
        ("binary_cross_entropy", lambda p, y: binary_chosen(p, y)[0] * 2, "it must return"),
        (
            "binary_cross_entropy_with_logits",
            lambda z, y: (logits_turned(z, y)[0] * 3, logits_turned(z, y)[1]),
            "it is 3 times what it should be",
        ),
    ],
)
def test_what_is_said_about_a_mistake_that_is_not_known(name, function, words):
    found = failure(name, function)
    assert found.mistake is None
    assert words in " ".join(str(found).split()), str(found)


def test_two_mistakes_at_once_are_both_said():
    found = failure("softmax_cross_entropy", naive_and_summed)
    assert found.mistake == "no-maximum"
    assert "every number is 5 times" in found.parts["also"]

"""Exercises of lesson 08: binary cross-entropy of probabilities."""

from __future__ import annotations

import math

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

TWO = "lesson 08, section 10: two classes: sigmoid and binary cross-entropy"
ONCE = "lesson 08, section 9: average exactly once"


def binary_cross_entropy_loops(p, y):
    loss, dp = 0, np.zeros(p.shape, p.dtype)
    for index in np.ndindex(p.shape):
        q = min(max(p[index], 1e-12), 1 - 1e-12)  # no logarithm of 0
        loss += -(y[index] * math.log(q) + (1 - y[index]) * math.log(1 - q)) / p.size
        dp[index] = (q - y[index]) / (q * (1 - q)) / p.size
    return loss, dp


def _clip(p):
    return np.clip(p.astype(float), 1e-12, 1 - 1e-12)


def prices(p, y):
    q = _clip(p)
    return -(y * np.log(q) + (1 - y) * np.log(1 - q))


def slopes(p, y):
    q = _clip(p)
    return (q - y) / (q * (1 - q))


def summed(p, y):
    return prices(p, y).sum(), slopes(p, y) / p.size


def loss_over_batch(p, y):
    return prices(p, y).sum() / len(p), slopes(p, y) / p.size


def decimal_logarithm(p, y):
    return prices(p, y).mean() / np.log(10), slopes(p, y) / p.size


def binary_logarithm(p, y):
    return prices(p, y).mean() / np.log(2), slopes(p, y) / p.size


def minus_missing(p, y):
    return -prices(p, y).mean(), slopes(p, y) / p.size


def loss_of_ones(p, y):
    return -(y * np.log(_clip(p))).mean(), slopes(p, y) / p.size


def loss_of_zeros(p, y):
    return -((1 - y) * np.log(1 - _clip(p))).mean(), slopes(p, y) / p.size


def not_reduced(p, y):
    return prices(p, y), slopes(p, y) / p.size


def squared_error(p, y):
    return ((p - y) ** 2).mean(), slopes(p, y) / p.size


def dp_not_averaged(p, y):
    return prices(p, y).mean(), slopes(p, y)


def dp_over_batch(p, y):
    return prices(p, y).mean(), slopes(p, y) / len(p)


def dp_sign(p, y):
    return prices(p, y).mean(), -slopes(p, y) / p.size


def dp_of_ones(p, y):
    return prices(p, y).mean(), -y / _clip(p) / p.size


def dp_of_zeros(p, y):
    return prices(p, y).mean(), (1 - y) / (1 - _clip(p)) / p.size


def dp_is_dz(p, y):
    return prices(p, y).mean(), (_clip(p) - y) / p.size


def dp_multiplied(p, y):
    q = _clip(p)
    return prices(p, y).mean(), (q - y) * q * (1 - q) / p.size


def dp_one_factor(p, y):
    q = _clip(p)
    return prices(p, y).mean(), (q - y) / q / p.size


def dp_sign_of_zeros(p, y):
    q = _clip(p)
    return prices(p, y).mean(), (-y / q - (1 - y) / (1 - q)) / p.size


def both_summed(p, y):
    return prices(p, y).sum(), slopes(p, y)


def both_over_batch(p, y):
    return prices(p, y).sum() / len(p), slopes(p, y) / len(p)


def labels_exchanged(p, y):
    return prices(p, 1 - y).mean(), slopes(p, 1 - y) / p.size


def not_clipped(p, y):
    loss = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    return loss, (p - y) / (p * (1 - p)) / p.size


def sigmoid_of_p(p, y):
    q = 1 / (1 + np.exp(-p))
    return prices(q, y).mean(), (q - y) / p.size


def labels(seed: int, shape) -> np.ndarray:
    """Zeros and ones, as whole numbers; not C-contiguous."""
    return np.random.default_rng(seed).integers(0, 2, shape[::-1]).T


def _probabilities(seed: int, shape) -> np.ndarray:
    return (np.random.default_rng(seed).integers(2, 31, shape[::-1]) / 32).T


SURE = np.array([[0.0, 1, 0.25], [0.03125, 0.125, 0.5], [0.75, 0.0625, 0.03125]])
SURE_LABELS = np.array([[0, 1, 1], [1, 1, 0], [0, 1, 1]])

SHOW_LOSS = (
    "p, y = np.array([[0.25, 0.5], [0.75, 0.5]]), np.array([[1, 0], [0, 1]])\n"
    "loss, dp = fn(p, y)\nprint(loss, (2 * np.log(4) + 2 * np.log(2)) / 4)  # equal"
)
SHOW_DP = SHOW_LOSS.replace(
    "print(loss, (2 * np.log(4) + 2 * np.log(2)) / 4)  # equal",
    "print(dp)  # [[-1, 0.5], [1, -0.5]]",
)
SHOW_SURE = (
    "p, y = np.array([[0.0, 1, 0.5]]), np.array([[0, 1, 1]])\n"
    "loss, dp = fn(p, y)\nprint(loss, dp)  # ln 2 / 3 and [1/3, -1/3, -2/3]"
)


def _loss(id, wrong, seen, why, read=TWO) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_LOSS)


def _dp(id, wrong, seen, why, read=TWO) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_DP)


binary_cross_entropy = make_check(
    Exercise(
        name="binary_cross_entropy",
        contract="takes (p, y), two arrays of the same shape, p probabilities, y 0 or 1; returns "
        "(loss, dp): the mean of -(y ln p + (1 - y) ln(1 - p)) over all entries, one number, and "
        "its gradient by p. p may be 0 or 1: clip it to [eps, 1 - eps] first, eps at most 1e-7.",
        outputs=("loss", "dp"),
        reference=binary_cross_entropy_loops,
        probes=(
            Probe("2 probabilities", {"p": np.array([[0.25], [0.5]]), "y": np.array([[1], [0]])}),
            Probe("5×3 probabilities", {"p": _probabilities(1, (5, 3)), "y": labels(2, (5, 3))}),
            Probe("2×4 probabilities", {"p": _probabilities(3, (2, 4)), "y": labels(4, (2, 4))}),
            Probe("3×3 probabilities, 0 and 1 among them", {"p": SURE, "y": SURE_LABELS}),
        ),
        mistakes=(
            _loss(
                "loss-summed",
                summed,
                "your loss is a sum over all entries.",
                "it is their mean; your dp is that of a mean already.",
                ONCE,
            ),
            _loss(
                "loss-over-batch",
                loss_over_batch,
                "your loss is divided by the number of examples alone.",
                "here the mean runs over all entries: p.size, not len(p).",
                ONCE,
            ),
            _loss(
                "decimal-logarithm",
                decimal_logarithm,
                "your loss has logarithms to base 10.",
                "here it is the natural one, np.log.",
            ),
            _loss(
                "binary-logarithm",
                binary_logarithm,
                "your loss has logarithms to base 2.",
                "here it is the natural one, np.log.",
            ),
            _loss(
                "minus-missing",
                minus_missing,
                "your loss is negative.",
                "logarithms of probabilities are negative; the price is minus that.",
            ),
            _loss(
                "loss-of-ones",
                loss_of_ones,
                "your loss has only the entries with y = 1.",
                "where y is 0, the price is -ln(1 - p): the second term is missing.",
            ),
            _loss(
                "loss-of-zeros",
                loss_of_zeros,
                "your loss has only the entries with y = 0.",
                "where y is 1, the price is -ln p: the first term is missing.",
            ),
            _loss(
                "not-reduced",
                not_reduced,
                "your loss is an array, one number for each entry.",
                "the mean is missing.",
                ONCE,
            ),
            _loss(
                "squared-error",
                squared_error,
                "your loss is the mean of (p - y)².",
                "that is another loss; this one is made of logarithms.",
            ),
            _dp(
                "dp-not-averaged",
                dp_not_averaged,
                "your dp is not divided by the number of entries.",
                "the loss is a mean, so its gradient is divided by p.size.",
                ONCE,
            ),
            _dp(
                "dp-over-batch",
                dp_over_batch,
                "your dp is divided by the number of examples alone.",
                "the mean runs over all entries: p.size, not len(p).",
                ONCE,
            ),
            _dp(
                "dp-sign",
                dp_sign,
                "your dp has the wrong sign.",
                "where y is 1, more p makes the loss smaller: dp is negative there.",
            ),
            _dp(
                "dp-of-ones",
                dp_of_ones,
                "your dp is 0 where y is 0.",
                "the second term of the loss, (1 - y) ln(1 - p), has a slope too.",
            ),
            _dp(
                "dp-of-zeros",
                dp_of_zeros,
                "your dp is 0 where y is 1.",
                "the first term of the loss, y ln p, has a slope too.",
            ),
            _dp(
                "dp-is-dz",
                dp_is_dz,
                "your dp is p - y.",
                "that is the gradient by the score z; by p it is (p - y) / (p (1 - p)).",
            ),
            _dp(
                "dp-multiplied",
                dp_multiplied,
                "p (1 - p) multiplies in your dp, where it should divide.",
                "dp = (p - y) / (p (1 - p)); multiplying by p (1 - p) comes later, in the sigmoid.",
            ),
            _dp(
                "dp-one-factor",
                dp_one_factor,
                "your dp is (p - y) / p.",
                "the denominator is p (1 - p); does / p * (1 - p) lack its brackets?",
            ),
            _dp(
                "dp-sign-of-zeros",
                dp_sign_of_zeros,
                "your dp has the wrong sign where y is 0.",
                "the slope of -ln(1 - p) is +1 / (1 - p): the inner minus turns it round.",
            ),
            _loss(
                "both-summed",
                both_summed,
                "your loss and your dp belong to a sum over all entries.",
                "the loss is a mean, and dp is the gradient of that mean.",
                ONCE,
            ),
            _loss(
                "both-over-batch",
                both_over_batch,
                "your loss and your dp are divided by the number of examples alone.",
                "here the mean runs over all entries: p.size, not len(p).",
                ONCE,
            ),
            _loss(
                "labels-exchanged",
                labels_exchanged,
                "your loss and your dp take 0 for 1 and 1 for 0.",
                "y belongs to ln p, and 1 - y to ln(1 - p).",
            ),
            Mistake(
                "not-clipped",
                not_clipped,
                "your loss is nan as soon as one p is 0 or 1.",
                "0 · ln 0 is nan, and so is 0 / 0: clip p to [eps, 1 - eps] first.",
                TWO,
                SHOW_SURE,
            ),
            _loss(
                "sigmoid-of-p",
                sigmoid_of_p,
                "your function applies the sigmoid to p.",
                "p are probabilities already; the function of scores is another one.",
            ),
        ),
        hints=(
            "Where y is 1 the price is -ln p, where y is 0 it is -ln(1 - p).",
            "The mean runs over all entries of the array.",
            "The slopes are -1 / p and 1 / (1 - p); both are (p - y) / (p (1 - p)).",
            "Before anything else: p = np.clip(p, 1e-12, 1 - 1e-12).",
        ),
        read=TWO,
    )
)

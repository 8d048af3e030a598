"""Exercises of lesson 08: binary cross-entropy of scores (logits)."""

from __future__ import annotations

import math

import numpy as np

from .binary import ONCE, TWO, labels
from .exercise import Exercise, Mistake, Probe, make_check

LOGITS = "lesson 08, the form that takes logits"


def binary_cross_entropy_with_logits_loops(z, y):
    loss, dz = 0, np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        score = z[index]
        e = math.exp(-abs(score))  # at most 1
        loss += (max(score, 0) - score * y[index] + math.log(1 + e)) / z.size
        p = 1 / (1 + e) if score >= 0 else e / (1 + e)
        dz[index] = (p - y[index]) / z.size
    return loss, dz


def _prices(z, y):
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def _right_dz(z, y):
    return (_sigmoid(z) - y) / z.size


def summed(z, y):
    return _prices(z, y).sum(), _right_dz(z, y)


def loss_over_batch(z, y):
    return _prices(z, y).sum() / len(z), _right_dz(z, y)


def decimal_logarithm(z, y):
    return _prices(z, y).mean() / np.log(10), _right_dz(z, y)


def minus_missing(z, y):
    return -_prices(z, y).mean(), _right_dz(z, y)


def not_reduced(z, y):
    return _prices(z, y), _right_dz(z, y)


def logarithm_of_zero(z, y):
    p = _sigmoid(z)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), _right_dz(z, y)


def logarithm_of_chosen(z, y):
    return -np.log(np.where(y == 1, _sigmoid(z), 1 - _sigmoid(z))).mean(), _right_dz(z, y)


def _clipped(eps):
    def clipped(z, y):
        p = np.clip(_sigmoid(z), eps, 1 - eps)
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), _right_dz(z, y)

    return clipped


def _added(eps):
    def added(z, y):
        p = _sigmoid(z)
        return -(y * np.log(p + eps) + (1 - y) * np.log(1 - p + eps)).mean(), _right_dz(z, y)

    return added


def absolute_missing(z, y):
    return (np.maximum(z, 0) - z * y + np.log(1 + np.exp(-z))).mean(), _right_dz(z, y)


def positive_exponent(z, y):
    return (np.log(1 + np.exp(z)) - z * y).mean(), _right_dz(z, y)


def maximum_missing(z, y):
    return (-z * y + np.log1p(np.exp(-np.abs(z)))).mean(), _right_dz(z, y)


def label_term_missing(z, y):
    return (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))).mean(), _right_dz(z, y)


def label_term_added(z, y):
    return (np.maximum(z, 0) + z * y + np.log1p(np.exp(-np.abs(z)))).mean(), _right_dz(z, y)


def loss_of_ones(z, y):
    return (y * _prices(z, 1)).mean(), _right_dz(z, y)


def squared_error(z, y):
    return ((_sigmoid(z) - y) ** 2).mean(), _right_dz(z, y)


def dz_not_averaged(z, y):
    return _prices(z, y).mean(), _sigmoid(z) - y


def dz_over_batch(z, y):
    return _prices(z, y).mean(), (_sigmoid(z) - y) / len(z)


def dz_sign(z, y):
    return _prices(z, y).mean(), -_right_dz(z, y)


def dz_slope_again(z, y):
    p = _sigmoid(z)
    return _prices(z, y).mean(), _right_dz(z, y) * p * (1 - p)


def dz_is_dp(z, y):
    p = _sigmoid(z)
    return _prices(z, y).mean(), _right_dz(z, y) / (p * (1 - p))


def dz_without_labels(z, y):
    return _prices(z, y).mean(), _sigmoid(z) / z.size


def dz_without_sigmoid(z, y):
    return _prices(z, y).mean(), (z - y) / z.size


def dz_overflows(z, y):
    return _prices(z, y).mean(), (np.exp(z) / (1 + np.exp(z)) - y) / z.size


def both_summed(z, y):
    return _prices(z, y).sum(), _sigmoid(z) - y


def both_over_batch(z, y):
    return _prices(z, y).sum() / len(z), (_sigmoid(z) - y) / len(z)


def labels_exchanged(z, y):
    return _prices(z, 1 - y).mean(), _right_dz(z, 1 - y)


def scores_as_probabilities(z, y):
    loss = -(y * np.log(z) + (1 - y) * np.log(1 - z)).mean()
    return loss, (z - y) / (z * (1 - z)) / z.size


def sigmoid_twice(z, y):
    return _prices(_sigmoid(z), y).mean(), _right_dz(_sigmoid(z), y)


def sign_of_scores(z, y):
    return _prices(-z, y).mean(), _right_dz(-z, y)


def _scores(seed: int, shape) -> np.ndarray:
    """Whole numbers from -3 to 3; not C-contiguous."""
    return np.random.default_rng(seed).integers(-3, 4, shape[::-1]).astype(float).T


RIGHT, RIGHT_LABELS = np.array([[1000.0, -1000, 0]]), np.array([[1, 0, 1]])
WRONG, WRONG_LABELS = np.array([[1000.0, -1000], [0, 30]]), np.array([[0, 1], [1, 0]])

SHOW_LOSS = (
    "z, y = np.log([[1 / 3, 1], [3, 1]]), np.array([[1, 0], [0, 1]])  # p is 1/4, 1/2, 3/4, 1/2\n"
    "loss, dz = fn(z, y)\nprint(loss, (2 * np.log(4) + 2 * np.log(2)) / 4)  # equal"
)
SHOW_DZ = SHOW_LOSS.replace(
    "print(loss, (2 * np.log(4) + 2 * np.log(2)) / 4)  # equal",
    "print(dz * 16)  # [[-3, 2], [3, -2]]",
)
SHOW_FAR = (
    "z, y = np.array([[1000.0, -1000]]), np.array([[0, 1]])\n"
    "loss, dz = fn(z, y)\nprint(loss, dz)  # 1000 and [1/2, -1/2]"
)
SHOW_LARGE = SHOW_FAR.replace("[0, 1]", "[1, 0]").replace(
    "1000 and [1/2, -1/2]", "0 and [0, 0], no nan"
)


def _mistake(id, wrong, seen, why, read=TWO, experiment=SHOW_LOSS) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


def _dz(id, wrong, seen, why, read=TWO) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_DZ)


def _clip_mistake(id, wrong, eps) -> Mistake:
    seen = f"your loss cannot tell a probability of 0 from one of {eps}."
    why = (
        "p is clipped, or a small number added, before the logarithm; max(z, 0) - z y + "
        "ln(1 + exp(-|z|)) needs no such repair."
    )
    return Mistake(id, wrong, seen, why, LOGITS, SHOW_FAR)


binary_cross_entropy_with_logits = make_check(
    Exercise(
        name="binary_cross_entropy_with_logits",
        contract="takes (z, y), two arrays of the same shape, z scores (logits), y 0 or 1; returns "
        "(loss, dz): the mean of -(y ln p + (1 - y) ln(1 - p)) over all entries with p = "
        "sigmoid(z), one number, and its gradient by z. Right also for scores of ±1000.",
        outputs=("loss", "dz"),
        reference=binary_cross_entropy_with_logits_loops,
        probes=(
            Probe("2 scores", {"z": np.log([[3.0], [0.5]]), "y": np.array([[1], [0]])}),
            Probe("5×3 scores", {"z": _scores(1, (5, 3)), "y": labels(2, (5, 3))}),
            Probe("2×4 scores", {"z": _scores(3, (2, 4)) / 2, "y": labels(4, (2, 4))}),
            Probe("3 scores, ±1000 on the right side", {"z": RIGHT, "y": RIGHT_LABELS}),
            Probe("2×2 scores, ±1000 on the wrong side", {"z": WRONG, "y": WRONG_LABELS}),
        ),
        mistakes=(
            _mistake(
                "loss-summed",
                summed,
                "your loss is a sum over all entries.",
                "it is their mean; your dz is that of a mean already.",
                ONCE,
            ),
            _mistake(
                "loss-over-batch",
                loss_over_batch,
                "your loss is divided by the number of examples alone.",
                "here the mean runs over all entries: z.size, not len(z).",
                ONCE,
            ),
            _mistake(
                "decimal-logarithm",
                decimal_logarithm,
                "your loss has logarithms to base 10.",
                "here it is the natural one, np.log.",
            ),
            _mistake(
                "minus-missing",
                minus_missing,
                "your loss is negative.",
                "logarithms of probabilities are negative; the price is minus that.",
            ),
            _mistake(
                "not-reduced",
                not_reduced,
                "your loss is an array, one number for each entry.",
                "the mean is missing.",
                ONCE,
            ),
            _mistake(
                "logarithm-of-zero",
                logarithm_of_zero,
                "your loss is nan where a score is far from 0.",
                "p rounds to 0 or 1, and 0 · ln 0 is nan; put the sigmoid into the logarithm: "
                "max(z, 0) - z y + ln(1 + exp(-|z|)).",
                LOGITS,
                SHOW_LARGE,
            ),
            _mistake(
                "logarithm-of-chosen",
                logarithm_of_chosen,
                "your loss is infinite where a score is far on the wrong side.",
                "the probability of what happened rounds to 0; put the sigmoid into the logarithm: "
                "max(z, 0) - z y + ln(1 + exp(-|z|)).",
                LOGITS,
                SHOW_FAR,
            ),
            _clip_mistake("clipped-at-1e-7", _clipped(1e-7), "1e-7"),
            _clip_mistake("clipped-at-1e-8", _clipped(1e-8), "1e-8"),
            _clip_mistake("clipped-at-1e-10", _clipped(1e-10), "1e-10"),
            _clip_mistake("clipped-at-1e-12", _clipped(1e-12), "1e-12"),
            _clip_mistake("clipped-at-1e-15", _clipped(1e-15), "1e-15"),
            _clip_mistake("added-1e-7", _added(1e-7), "1e-7"),
            _clip_mistake("added-1e-8", _added(1e-8), "1e-8"),
            _clip_mistake("added-1e-12", _added(1e-12), "1e-12"),
            _mistake(
                "absolute-missing",
                absolute_missing,
                "your loss is infinite, or too large, where a score is negative.",
                "the exponent is -|z|, not -z, where max(z, 0) stands in front.",
                LOGITS,
                SHOW_FAR,
            ),
            _mistake(
                "exp-overflows",
                positive_exponent,
                "your loss is infinite where a score is large.",
                "ln(1 + exp(z)) takes exp(1000); max(z, 0) + ln(1 + exp(-|z|)) is the same number.",
                LOGITS,
                SHOW_FAR,
            ),
            _mistake(
                "maximum-missing",
                maximum_missing,
                "your loss lacks max(z, 0).",
                "ln(1 + exp(z)) is max(z, 0) + ln(1 + exp(-|z|)), both terms.",
                LOGITS,
            ),
            _mistake(
                "label-term-missing",
                label_term_missing,
                "your loss lacks the term - z y, and so does not depend on y.",
                "max(z, 0) + ln(1 + exp(-|z|)) is the price where y = 0.",
                LOGITS,
            ),
            _mistake(
                "label-term-added",
                label_term_added,
                "your loss has + z y instead of - z y.",
                "where y is 1, a larger score makes the loss smaller.",
                LOGITS,
            ),
            _mistake(
                "loss-of-ones",
                loss_of_ones,
                "your loss has only the entries with y = 1.",
                "where y is 0, the price is -ln(1 - p).",
            ),
            _mistake(
                "squared-error",
                squared_error,
                "your loss is the mean of (p - y)².",
                "that is another loss; this one is made of logarithms.",
            ),
            _dz(
                "dz-not-averaged",
                dz_not_averaged,
                "your dz is not divided by the number of entries.",
                "the loss is a mean, so its gradient is divided by z.size.",
                ONCE,
            ),
            _dz(
                "dz-over-batch",
                dz_over_batch,
                "your dz is divided by the number of examples alone.",
                "the mean runs over all entries: z.size, not len(z).",
                ONCE,
            ),
            _dz("dz-sign", dz_sign, "your dz has the wrong sign.", "it is p - y, not y - p."),
            _dz(
                "dz-slope-again",
                dz_slope_again,
                "your dz has a factor p (1 - p) too many.",
                "p - y is the gradient by z already, sigmoid included.",
            ),
            _dz(
                "dz-is-dp",
                dz_is_dp,
                "your dz is divided by p (1 - p).",
                "that is the gradient by p; the sigmoid's slope p (1 - p) cancels it.",
            ),
            _dz(
                "dz-without-labels",
                dz_without_labels,
                "your dz is p, divided by the number of entries.",
                "the labels are missing: p - y.",
            ),
            _dz(
                "dz-without-sigmoid",
                dz_without_sigmoid,
                "your dz is z - y.",
                "it is p - y with p = sigmoid(z).",
            ),
            _mistake(
                "dz-overflows",
                dz_overflows,
                "your dz is nan where a score is large.",
                "exp(z) / (1 + exp(z)) is inf / inf there; use 1 / (1 + exp(-z)) for z >= 0.",
                LOGITS,
                SHOW_FAR,
            ),
            _mistake(
                "both-summed",
                both_summed,
                "your loss and your dz belong to a sum over all entries.",
                "the loss is a mean, and dz is the gradient of that mean.",
                ONCE,
            ),
            _mistake(
                "both-over-batch",
                both_over_batch,
                "your loss and your dz are divided by the number of examples alone.",
                "here the mean runs over all entries: z.size, not len(z).",
                ONCE,
            ),
            _mistake(
                "labels-exchanged",
                labels_exchanged,
                "your loss and your dz take 0 for 1 and 1 for 0.",
                "y belongs to ln p, and 1 - y to ln(1 - p).",
            ),
            _mistake(
                "scores-as-probabilities",
                scores_as_probabilities,
                "your function takes z for probabilities.",
                "z are scores; the sigmoid is part of this function.",
                LOGITS,
            ),
            _mistake(
                "sigmoid-twice",
                sigmoid_twice,
                "your function applies the sigmoid twice.",
                "z are scores; the sigmoid makes probabilities of them, once.",
                LOGITS,
            ),
            _mistake(
                "sign-of-scores",
                sign_of_scores,
                "your function works with -z.",
                "p = 1 / (1 + exp(-z)): one minus in the exponent, not two or none.",
                LOGITS,
            ),
        ),
        hints=(
            "Put the sigmoid into the logarithms: -ln p is ln(1 + exp(-z)).",
            "ln(1 + exp(z)) is max(z, 0) + ln(1 + exp(-|z|)): exp gets nothing positive.",
            "The loss is the mean of max(z, 0) - z y + ln(1 + exp(-|z|)) over all entries.",
            "The gradient is p - y, divided by the number of entries.",
        ),
        read=LOGITS,
    )
)

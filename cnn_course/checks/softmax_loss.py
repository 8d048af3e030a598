"""Exercises of lesson 08: softmax and cross-entropy in one function, for scores of any size."""

from __future__ import annotations

import math

import numpy as np

from . import loss_gradient
from .exercise import EXERCISES, Exercise, Mistake, Probe, make_check
from .probabilities import (
    FAR,
    GRADIENT,
    LABELS,
    LABELS_5,
    LESSON,
    ONCE,
    PRICE,
    SCORES,
    SHIFT,
    SINGLE,
    SOFTMAX,
    SQUARE,
    one_hot,
    softmax_loops,
)

LOGARITHM = "lesson 08, the loss needs more: log-sum-exp"


def softmax_cross_entropy_loops(z, y):
    N, K = z.shape
    loss, dz = 0, np.zeros((N, K), z.dtype)
    for n in range(N):
        largest = z[n, 0]
        for k in range(K):
            largest = max(largest, z[n, k])
        total = 0
        for k in range(K):
            total += math.exp(z[n, k] - largest)
        loss += (math.log(total) - (z[n, y[n]] - largest)) / N
        for k in range(K):
            target = 1 if k == y[n] else 0
            dz[n, k] = (math.exp(z[n, k] - largest) / total - target) / N
    return loss, dz


def _log_p(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _prices(z, y):
    """-ln p of the true classes."""
    return -_log_p(z)[np.arange(len(y)), y]


def _right_dz(z, y):
    return loss_gradient.softmax_gradient_loops(softmax_loops(z), y)


def _from_probabilities(p, y):
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return loss, (p - one_hot(y, p.shape[1])) / len(y)


# One wrong loss, the gradient right.


def summed(z, y):
    return _prices(z, y).sum(), _right_dz(z, y)


def over_all_entries(z, y):
    return _prices(z, y).sum() / z.size, _right_dz(z, y)


def divided_twice(z, y):
    return _prices(z, y).mean() / len(y), _right_dz(z, y)


def decimal_logarithm(z, y):
    return _prices(z, y).mean() / np.log(10), _right_dz(z, y)


def binary_logarithm(z, y):
    return _prices(z, y).mean() / np.log(2), _right_dz(z, y)


def minus_missing(z, y):
    return -_prices(z, y).mean(), _right_dz(z, y)


def column_of_labels(z, y):
    return -_log_p(z)[np.arange(len(y)), y[:, None]].mean(), _right_dz(z, y)


def first_example_alone(z, y):
    return _prices(z, y)[0], _right_dz(z, y)


def not_reduced(z, y):
    return _prices(z, y), _right_dz(z, y)


def all_classes(z, y):
    return -_log_p(z).sum(axis=1).mean(), _right_dz(z, y)


def most_probable_class(z, y):
    return -_log_p(z).max(axis=1).mean(), _right_dz(z, y)


def loss_labels_from_one(z, y):
    return _prices(z, y - 1).mean(), _right_dz(z, y)


def logarithm_of_zero(z, y):
    p = softmax_loops(z)
    return -np.log(p[np.arange(len(y)), y]).mean(), _right_dz(z, y)


def _clipped(eps):
    def clipped(z, y):
        p = np.maximum(softmax_loops(z), eps)
        return -np.log(p[np.arange(len(y)), y]).mean(), _right_dz(z, y)

    return clipped


def _added(eps):
    def added(z, y):
        p = softmax_loops(z) + eps
        return -np.log(p[np.arange(len(y)), y]).mean(), _right_dz(z, y)

    return added


def maximum_not_given_back(z, y):
    total = np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
    return (np.log(total) - z[np.arange(len(y)), y]).mean(), _right_dz(z, y)


# Loss and gradient wrong together.


def summed_both(z, y):
    return _prices(z, y).sum(), _right_dz(z, y) * len(y)


def over_all_entries_both(z, y):
    return _prices(z, y).sum() / z.size, _right_dz(z, y) / z.shape[1]


def labels_from_one_both(z, y):
    return _prices(z, y - 1).mean(), _right_dz(z, (y - 1) % z.shape[1])


def no_maximum(z, y):
    return _from_probabilities(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), y)


def one_maximum(z, y):
    e = np.exp(z - z.max())
    return _from_probabilities(e / e.sum(axis=1, keepdims=True), y)


def over_examples(z, y):
    shifted = z - z.max(axis=0)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0))
    loss = -log_p[np.arange(len(y)), y].mean()
    return loss, (np.exp(log_p) - one_hot(y, z.shape[1])) / len(y)


def scores_as_probabilities(z, y):
    return _from_probabilities(z, y)


def softmax_twice(z, y):
    p = softmax_loops(z)
    return _prices(p, y).mean(), _right_dz(p, y)


def sigmoids(z, y):
    return _from_probabilities(1 / (1 + np.exp(-z)), y)


def _with_dz(gradient):
    """The loss right, the gradient that of a mistake of softmax_gradient."""

    def wrong(z, y):
        return _prices(z, y).mean(), gradient(softmax_loops(z), y)

    return wrong


SHOW_LOSS = (
    "z = np.log([[1.0, 2, 5], [2, 4, 2]])  # 1/8, 2/8, 5/8 and 1/4, 1/2, 1/4\n"
    "loss, dz = fn(z, np.array([1, 2]))\nprint(loss, np.log(4))  # equal"
)
SHOW_PAIRS = SHOW_LOSS.replace("[1, 2]", "[1, 1]").replace(
    "np.log(4))", "(np.log(4) + np.log(2)) / 2)"
)
SHOW_DZ = SHOW_LOSS.replace(
    "print(loss, np.log(4))  # equal", "print(dz * 16)  # [[1, -6, 5], [4, 8, -12]]"
)
SHOW_FAR = (
    "z = np.array([[1000.0, 0, 0], [-1000, -1000, -1000]])\n"
    "loss, dz = fn(z, np.array([1, 1]))\nprint(loss, dz)  # (1000 + ln 3) / 2, no nan in dz"
)


def _loss(id, wrong, seen, why, read=PRICE, experiment=SHOW_PAIRS) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


def _clip_mistake(id, wrong, eps) -> Mistake:
    seen = f"your loss cannot tell a probability of 0 from one of {eps}."
    why = (
        "p is clipped, or a small number added, before the logarithm; ln p = z - ln(sum of exp z) "
        "needs no such repair."
    )
    return Mistake(id, wrong, seen, why, LOGARITHM, SHOW_FAR)


OF_GRADIENT = tuple(
    Mistake(f"dz-{m.id}", _with_dz(m.wrong), m.seen, m.why, m.read, SHOW_DZ)
    for m in EXERCISES["softmax_gradient"].mistakes
)

softmax_cross_entropy = make_check(
    Exercise(
        name="softmax_cross_entropy",
        contract="takes (z, y), z (N, K) scores, not probabilities, y (N,) the true classes, whole "
        "numbers from 0; returns (loss, dz): the mean of -ln p[n, y[n]] with p = softmax(z), one "
        "number, and its gradient (N, K). Right also for scores of ±1000.",
        outputs=("loss", "dz"),
        reference=softmax_cross_entropy_loops,
        probes=(
            Probe("1 row ln 1, ln 2, ln 5, class 1", {"z": LESSON, "y": np.array([1])}),
            Probe("5 examples with 4 classes", {"z": SCORES, "y": LABELS_5}),
            Probe(
                "3 examples with 6 classes",
                {"z": SINGLE.astype(float), "y": np.array([4, 0, 5])},
            ),
            Probe("scores up to ±1000", {"z": FAR, "y": np.array([0, 1, 2])}),
        ),
        mistakes=(
            _loss(
                "loss-summed",
                summed,
                "your loss is N times too large: a sum.",
                "the loss is the mean over the batch; your dz is that of a mean already.",
                ONCE,
            ),
            _loss(
                "loss-over-all-entries",
                over_all_entries,
                "your loss is K times too small.",
                "the mean runs over N · K entries; only N of them are not 0 (np.mean of one-hot "
                "times log p does that, too).",
                ONCE,
            ),
            _loss(
                "loss-divided-twice",
                divided_twice,
                "your loss is divided by N twice.",
                "a mean has divided already.",
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
                "ln p is negative for p < 1; the price is -ln p.",
            ),
            _loss(
                "column-of-labels",
                column_of_labels,
                "your loss pairs every example with every label: N × N numbers.",
                "y is used in the shape (N, 1); with arange(N) it broadcasts to a square.",
                SQUARE,
                SHOW_LOSS,
            ),
            _loss(
                "first-example-alone",
                first_example_alone,
                "your loss is that of the first example.",
                "it is the mean over all of them; does the return stand inside the loop?",
            ),
            _loss(
                "not-reduced",
                not_reduced,
                "your loss is an array, one number for each example.",
                "the mean over the batch is missing.",
                ONCE,
            ),
            _loss(
                "all-classes",
                all_classes,
                "your loss adds -ln p of all classes.",
                "only the true class counts: p[n, y[n]].",
            ),
            _loss(
                "most-probable-class",
                most_probable_class,
                "your loss is -ln p of the most probable class and does not use y.",
                "the price is that of the true class.",
            ),
            _loss(
                "loss-labels-from-one",
                loss_labels_from_one,
                "your loss reads the class before the true one.",
                "classes are counted from 0, so no 1 is to be subtracted.",
                LABELS,
            ),
            _loss(
                "logarithm-of-zero",
                logarithm_of_zero,
                "your loss is infinite where the true class is far behind.",
                "p rounds to 0, and ln 0 is minus infinity; ln p = z - maximum - ln(sum of exp(z - "
                "maximum)) never takes it.",
                LOGARITHM,
                SHOW_FAR,
            ),
            _clip_mistake("clipped-at-1e-7", _clipped(1e-7), "1e-7"),
            _clip_mistake("clipped-at-1e-8", _clipped(1e-8), "1e-8"),
            _clip_mistake("clipped-at-1e-10", _clipped(1e-10), "1e-10"),
            _clip_mistake("clipped-at-1e-12", _clipped(1e-12), "1e-12"),
            _clip_mistake("clipped-at-1e-15", _clipped(1e-15), "1e-15"),
            _clip_mistake("added-1e-7", _added(1e-7), "1e-7"),
            _clip_mistake("added-1e-8", _added(1e-8), "1e-8"),
            _loss(
                "maximum-not-given-back",
                maximum_not_given_back,
                "your loss is too small by the mean of the rows' maxima.",
                "the maximum is subtracted under the exponential, but not from the score of the "
                "true class.",
                LOGARITHM,
                SHOW_PAIRS,
            ),
            *OF_GRADIENT,
            _loss(
                "both-summed",
                summed_both,
                "your loss and your dz are N times too large: sums.",
                "the loss is the mean over the batch, and dz is the gradient of that mean.",
                ONCE,
            ),
            _loss(
                "both-over-all-entries",
                over_all_entries_both,
                "your loss and your dz are K times too small.",
                "the mean runs over N · K entries; it is over the N examples.",
                ONCE,
            ),
            _loss(
                "both-labels-from-one",
                labels_from_one_both,
                "your loss and your dz use the class before the true one.",
                "classes are counted from 0, so no 1 is to be subtracted from y.",
                LABELS,
            ),
            _loss(
                "no-maximum",
                no_maximum,
                "your loss and your dz are nan where scores are large.",
                "exp(1000) is inf, and inf / inf is nan: subtract the row's largest score first.",
                SHIFT,
                SHOW_FAR,
            ),
            _loss(
                "one-maximum",
                one_maximum,
                "your loss and your dz are nan where a row lies far below another.",
                "one maximum for the whole batch is subtracted; each row needs its own.",
                SHIFT,
                SHOW_FAR,
            ),
            _loss(
                "over-examples",
                over_examples,
                "your softmax adds up to 1 along the columns, not the rows.",
                "maximum and sum run over the examples, axis 0; they run over the classes, axis 1.",
                SOFTMAX,
            ),
            _loss(
                "scores-as-probabilities",
                scores_as_probabilities,
                "your function takes z for probabilities.",
                "z are scores; the softmax is part of this function.",
                SOFTMAX,
            ),
            _loss(
                "softmax-twice",
                softmax_twice,
                "your function applies the softmax twice.",
                "z are scores; softmax makes probabilities of them, once.",
                SOFTMAX,
            ),
            _loss(
                "sigmoid",
                sigmoids,
                "your p is the sigmoid of each score.",
                "softmax makes the classes share the probability 1.",
                SOFTMAX,
            ),
        ),
        hints=(
            "Subtract each row's largest score first; neither p nor the loss changes.",
            "The loss of an example is ln(sum of exp z) - z[y]: no probability of 0 in it.",
            "dz is p - y, with y as one-hot rows.",
            "The loss is a mean over N, so dz is divided by N: once, here.",
        ),
        read=GRADIENT,
    )
)

"""Exercises of lesson 08: cross-entropy."""

from __future__ import annotations

import math

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .probabilities import (
    LABELS,
    LABELS_5,
    LESSON,
    ONCE,
    PRICE,
    SCORES,
    SINGLE,
    SQUARE,
    one_hot,
    softmax_loops,
)


def cross_entropy_loops(p, y):
    N = len(y)
    loss = 0
    for n in range(N):
        loss += -math.log(p[n, y[n]]) / N
    return loss


def _of_true(p, y):
    return p[np.arange(len(y)), y]


def summed(p, y):
    return -np.log(_of_true(p, y)).sum()


def over_all_entries(p, y):
    return -np.log(_of_true(p, y)).sum() / p.size


def divided_twice(p, y):
    return -np.log(_of_true(p, y)).mean() / len(y)


def decimal_logarithm(p, y):
    return -np.log10(_of_true(p, y)).mean()


def binary_logarithm(p, y):
    return -np.log2(_of_true(p, y)).mean()


def minus_missing(p, y):
    return np.log(_of_true(p, y)).mean()


def logarithm_missing(p, y):
    return -_of_true(p, y).mean()


def mean_before_logarithm(p, y):
    return -np.log(_of_true(p, y).mean())


def of_one_minus_p(p, y):
    return -np.log(1 - _of_true(p, y)).mean()


def p_times_logarithm(p, y):
    return -(_of_true(p, y) * np.log(_of_true(p, y))).mean()


def entropy(p, y):
    return -(p * np.log(p)).sum(axis=1).mean()


def binary_per_class(p, y):
    t = one_hot(y, p.shape[1])
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1).mean()


def all_classes(p, y):
    return -np.log(p).sum(axis=1).mean()


def column_of_labels(p, y):
    return -np.log(p[np.arange(len(y)), y[:, None]]).mean()


def labels_from_one(p, y):
    return -np.log(_of_true(p, y - 1)).mean()


def most_probable_class(p, y):
    return -np.log(p.max(axis=1)).mean()


def first_example_alone(p, y):
    return -np.log(p[0, y[0]])


def loss_of_each(p, y):
    return -np.log(_of_true(p, y))


def squared_error(p, y):
    return ((p - one_hot(y, p.shape[1])) ** 2).sum(axis=1).mean()


def _with_labels(z, y) -> dict:
    return {"p": softmax_loops(z), "y": np.array(y)}


# In float64 alone: a loss is one float, so nobody sees whether it was computed in float32.
PROBES = (
    Probe("1 row (1/8, 2/8, 5/8), class 1", _with_labels(LESSON, [1])),
    Probe("5 examples with 4 classes", _with_labels(SCORES, LABELS_5)),
    Probe("3 examples with 6 classes", _with_labels(SINGLE.astype(float), [4, 0, 5])),
)

SHOW_LOSS = "p = np.array([[0.25, 0.75], [0.5, 0.5]]); y = np.array([0, 1])\n" + (
    "print(fn(p, y), (np.log(4) + np.log(2)) / 2)  # equal"
)


def _loss(id, wrong, seen, why, read=PRICE) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_LOSS)


cross_entropy = make_check(
    Exercise(
        name="cross_entropy",
        contract="takes (p, y), p (N, K) probabilities above 0, y (N,) the true classes, whole "
        "numbers from 0; returns the loss, one number: the mean of -ln p[n, y[n]].",
        outputs=("loss",),
        reference=cross_entropy_loops,
        probes=PROBES,
        mistakes=(
            _loss(
                "summed",
                summed,
                "your loss is N times too large: a sum.",
                "the loss is the mean over the batch, so that it does not grow with N.",
                ONCE,
            ),
            _loss(
                "over-all-entries",
                over_all_entries,
                "your loss is K times too small.",
                "the mean runs over N · K entries; only N of them are not 0 (np.mean of one-hot "
                "times log p does that, too).",
                ONCE,
            ),
            _loss(
                "divided-twice",
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
                "logarithm-missing",
                logarithm_missing,
                "your loss is minus the mean probability of the true classes.",
                "the logarithm is missing.",
            ),
            _loss(
                "mean-before-logarithm",
                mean_before_logarithm,
                "your loss is the logarithm of a mean.",
                "first -ln p of each example, then the mean.",
            ),
            _loss(
                "of-one-minus-p",
                of_one_minus_p,
                "your loss takes the logarithm of 1 - p.",
                "the price depends on the probability of the true class itself.",
            ),
            _loss(
                "p-times-logarithm",
                p_times_logarithm,
                "your loss weights -ln p with p.",
                "the weight is the label, which is 1 for the true class.",
            ),
            _loss(
                "entropy",
                entropy,
                "your loss is the entropy of p and does not use y.",
                "cross-entropy weights -ln p with the labels, not with p.",
            ),
            _loss(
                "binary-per-class",
                binary_per_class,
                "your loss adds -ln(1 - p) for the wrong classes.",
                "that is binary cross-entropy, class by class; with softmax, only the true class "
                "is priced.",
            ),
            _loss(
                "all-classes",
                all_classes,
                "your loss adds -ln p of all classes.",
                "only the true class counts: p[n, y[n]].",
            ),
            _loss(
                "column-of-labels",
                column_of_labels,
                "your loss pairs every example with every label: N × N numbers.",
                "y is used in the shape (N, 1); with arange(N) it broadcasts to a square.",
                SQUARE,
            ),
            _loss(
                "labels-from-one",
                labels_from_one,
                "your loss reads the class before the true one.",
                "classes are counted from 0, so no 1 is to be subtracted.",
                LABELS,
            ),
            _loss(
                "most-probable-class",
                most_probable_class,
                "your loss reads the most probable class and does not use y.",
                "the price is that of the true class, however improbable.",
            ),
            _loss(
                "first-example-alone",
                first_example_alone,
                "your loss is that of the first example.",
                "it is the mean over all of them; does the return stand inside the loop?",
            ),
            _loss(
                "not-reduced",
                loss_of_each,
                "your loss is an array, one number for each example.",
                "the mean over the batch is missing.",
                ONCE,
            ),
            _loss(
                "squared-error",
                squared_error,
                "your loss is the squared difference of p and the labels.",
                "that is another loss; cross-entropy is -ln p of the true class.",
            ),
        ),
        hints=(
            "For each example only one probability counts: that of its true class.",
            "p[np.arange(N), y] takes p[n, y[n]] for every n.",
            "Minus the logarithm of each, then the mean, once.",
        ),
        read=PRICE,
    )
)

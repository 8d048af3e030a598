"""Exercises of lesson 08: the gradient of softmax and cross-entropy together."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .losses import PROBES
from .probabilities import GRADIENT, LABELS, ONCE, SINGLE, one_hot, softmax_loops


def softmax_gradient_loops(p, y):
    N, K = p.shape
    dz = np.zeros((N, K), p.dtype)
    for n in range(N):
        for k in range(K):
            target = 1 if k == y[n] else 0
            dz[n, k] = (p[n, k] - target) / N
    return dz


def target_forgotten(p, y):
    return p / len(p)


def not_averaged(p, y):
    return p - one_hot(y, p.shape[1])


def averaged_twice(p, y):
    return (p - one_hot(y, p.shape[1])) / len(p) ** 2


def averaged_over_entries(p, y):
    return (p - one_hot(y, p.shape[1])) / p.size


def averaged_over_classes(p, y):
    return (p - one_hot(y, p.shape[1])) / p.shape[1]


def sign_changed(p, y):
    return (one_hot(y, p.shape[1]) - p) / len(p)


def target_added(p, y):
    return (p + one_hot(y, p.shape[1])) / len(p)


def gradient_by_p(p, y):
    return -one_hot(y, p.shape[1]) / p / len(p)


def jacobian_again(p, y):
    return (p - one_hot(y, p.shape[1])) * p * (1 - p) / len(p)


def diagonal_alone(p, y):
    return -one_hot(y, p.shape[1]) * (1 - p) / len(p)


def target_assigned(p, y):
    dz = p.copy()
    dz[np.arange(len(y)), y] = -1
    return dz / len(p)


def target_in_all_rows(p, y):
    dz = p.copy()
    dz[:, y] -= 1
    return dz / len(p)


def one_from_everything(p, y):
    return (p - 1) / len(p)


def label_number_subtracted(p, y):
    return (p - y[:, None]) / len(p)


def gradient_labels_from_one(p, y):
    return (p - one_hot(y - 1, p.shape[1])) / len(p)


def divided_before_subtraction(p, y):
    return p / len(p) - one_hot(y, p.shape[1])


SINGLE_PROBE = Probe(
    "2 examples with 6 classes in float32", {"p": softmax_loops(SINGLE[:2]), "y": np.array([5, 2])}
)
SHOW_GRADIENT = "p = np.array([[1, 2, 5], [2, 4, 2]]) / 8; y = np.array([1, 2])\n" + (
    "print(fn(p, y) * 16)  # [[1, -6, 5], [2, 4, -6]]"
)


def _gradient(id, wrong, seen, why, read=GRADIENT) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_GRADIENT)


softmax_gradient = make_check(
    Exercise(
        name="softmax_gradient",
        contract="takes (p, y), p (N, K) the softmax of the scores z, y (N,) the true classes, "
        "whole numbers from 0; returns dz (N, K), the gradient of the mean cross-entropy by the "
        "scores. p is not changed.",
        outputs=("dz",),
        reference=softmax_gradient_loops,
        probes=(*PROBES, SINGLE_PROBE),
        mistakes=(
            _gradient(
                "target-forgotten",
                target_forgotten,
                "your dz is p / N: its rows add up to 1/N instead of 0.",
                "the -1 at the true class is missing: dz = (p - y) / N.",
            ),
            _gradient(
                "not-averaged",
                not_averaged,
                "your dz is N times too large.",
                "the loss is a mean over the batch, so its gradient is divided by N, here.",
                ONCE,
            ),
            _gradient(
                "averaged-twice",
                averaged_twice,
                "your dz is divided by N twice.",
                "one mean, one division.",
                ONCE,
            ),
            _gradient(
                "averaged-over-entries",
                averaged_over_entries,
                "your dz is divided by N · K.",
                "the mean is over the N examples.",
                ONCE,
            ),
            _gradient(
                "averaged-over-classes",
                averaged_over_classes,
                "your dz is divided by K.",
                "the mean is over the N examples: len(p), not p.shape[1].",
                ONCE,
            ),
            _gradient(
                "sign-changed",
                sign_changed,
                "your dz has the wrong sign.",
                "it is p - y: more score for a wrong class makes the loss larger.",
            ),
            _gradient(
                "target-added",
                target_added,
                "your dz has +1 at the true class.",
                "more score there makes the loss smaller: subtract.",
            ),
            _gradient(
                "gradient-by-p",
                gradient_by_p,
                "your dz is -1 / (N p) at the true class and 0 elsewhere.",
                "that is the gradient by p; the way back through softmax is missing.",
            ),
            _gradient(
                "jacobian-again",
                jacobian_again,
                "your dz has a factor p (1 - p) too many.",
                "p - y is the gradient by z already, softmax included.",
            ),
            _gradient(
                "diagonal-alone",
                diagonal_alone,
                "your dz is 0 but for the true class.",
                "every score moves every probability, by the sum: the wrong classes get p / N.",
            ),
            _gradient(
                "target-assigned",
                target_assigned,
                "your dz is -1/N at the true class.",
                "-1 is assigned there; it is subtracted from p.",
            ),
            _gradient(
                "target-in-all-rows",
                target_in_all_rows,
                "1 is subtracted in every row for every class that occurs in y.",
                "dz[:, y] takes all rows; the pairs are dz[np.arange(N), y].",
                LABELS,
            ),
            _gradient(
                "one-from-everything",
                one_from_everything,
                "1 is subtracted everywhere in your dz.",
                "only the true class of each row gets the -1.",
            ),
            _gradient(
                "label-number-subtracted",
                label_number_subtracted,
                "the class number is subtracted from each row of your dz.",
                "y in p - y means the one-hot row, not the number of the class.",
                LABELS,
            ),
            _gradient(
                "labels-from-one",
                gradient_labels_from_one,
                "the -1 stands at the class before the true one.",
                "classes are counted from 0, so no 1 is to be subtracted from y.",
                LABELS,
            ),
            _gradient(
                "divided-before-subtraction",
                divided_before_subtraction,
                "p is divided by N in your dz, but the 1 is not.",
                "the brackets are missing: (p - y) / N.",
                ONCE,
            ),
        ),
        hints=(
            "Row by row: where should the score rise, where should it fall?",
            "dz is p - y, with y as one-hot rows; each row adds up to 0.",
            "The loss is a mean over N examples, so all of it is divided by N.",
            "dz = p.copy(); dz[np.arange(N), y] -= 1; dz /= N",
        ),
        read=GRADIENT,
    )
)

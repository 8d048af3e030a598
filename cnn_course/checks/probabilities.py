"""Exercises of lesson 08: softmax."""

from __future__ import annotations

import math

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

SOFTMAX = "lesson 08, section 1: from scores to probabilities"
SHIFT = "lesson 08, section 6: when exp is too large"
PRICE = "lesson 08, section 2: cross-entropy: the price of a surprise"
GRADIENT = "lesson 08, section 3: the gradient is p − y"
LABELS = "lesson 08, section 8: three ways to write the labels"
SQUARE = "lesson 08, the column that becomes a square"
ONCE = "lesson 08, section 9: average exactly once"


def softmax_loops(z):
    N, K = z.shape
    p = np.zeros((N, K), z.dtype)
    for n in range(N):
        largest = z[n, 0]
        for k in range(K):
            largest = max(largest, z[n, k])
        total = 0
        for k in range(K):
            total += math.exp(z[n, k] - largest)
        for k in range(K):
            p[n, k] = math.exp(z[n, k] - largest) / total
    return p


def one_hot(y, classes):
    return np.eye(classes)[y]


def over_examples(z):
    return softmax_loops(z.T).T


def over_everything(z):
    return softmax_loops(z.reshape(1, -1)).reshape(z.shape)


def no_maximum(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def one_maximum(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def maximum_of_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


def minimum_for_maximum(z):
    e = np.exp(z - z.min(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def maximum_added(z):
    e = np.exp(z + z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoids(z):
    return 1 / (1 + np.exp(-z))


def exp_missing(z):
    return z / z.sum(axis=1, keepdims=True)


def not_normalised(z):
    return np.exp(z - z.max(axis=1, keepdims=True))


def divided_by_largest(z):
    e = np.exp(z - z.min(axis=1, keepdims=True))
    return e / e.max(axis=1, keepdims=True)


def log_returned(z):
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def winner_takes_all(z):
    return one_hot(z.argmax(axis=1), z.shape[1])


def base_two(z):
    e = np.exp2(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def scores_negated(z):
    return softmax_loops(-z)


def _scores(seed: int, shape) -> np.ndarray:
    """Whole numbers from -3 to 3; not C-contiguous."""
    return np.random.default_rng(seed).integers(-3, 4, shape[::-1]).astype(float).T


LESSON = np.log([[1.0, 2, 5]])  # p is 1/8, 2/8, 5/8
FAR = np.array([[0, 3, 5, 1000], [-1000, -1001, -999, -1000], [1000.0, 0, -1000, 1000]])
SCORES, LABELS_5 = _scores(1, (5, 4)), np.array([2, 1, 3, 0, 3])
SINGLE = _scores(2, (3, 6)).astype(np.float32) / 2

SHOW = "z = np.log([[1.0, 2, 5]])\nprint(fn(z))  # 1/8, 2/8, 5/8"
SHOW_ROWS = "z = np.log([[1.0, 2, 5], [3, 3, 2]])\np = fn(z)\nprint(p.sum(axis=1))  # 1 and 1"
SHOW_FAR = "z = np.array([[1000.0, 1000], [0, 0]])\nprint(fn(z))  # 1/2 everywhere"


def _softmax(id, wrong, seen, why, experiment=SHOW, read=SOFTMAX) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


softmax = make_check(
    Exercise(
        name="softmax",
        contract="takes z (N, K); returns p (N, K), exp(z) divided by its sum over each row. Right "
        "also for scores of ±1000.",
        outputs=("p",),
        reference=softmax_loops,
        probes=(
            Probe("1 row ln 1, ln 2, ln 5", {"z": LESSON}),
            Probe("5 examples with 4 classes", {"z": SCORES}),
            Probe("3 examples with 6 classes in float32", {"z": SINGLE}),
            Probe("scores up to ±1000", {"z": FAR}),
        ),
        mistakes=(
            _softmax(
                "over-examples",
                over_examples,
                "the columns of your p add up to 1, not the rows.",
                "the sum runs over the examples, axis 0; it runs over the classes, axis 1.",
                SHOW_ROWS,
            ),
            _softmax(
                "over-everything",
                over_everything,
                "all of your p together adds up to 1.",
                "the sum has no axis; each row has its own.",
                SHOW_ROWS,
            ),
            _softmax(
                "no-maximum",
                no_maximum,
                "your p is nan where a score is large.",
                "exp(1000) is inf, and inf / inf is nan: subtract the row's largest score first.",
                SHOW_FAR,
                SHIFT,
            ),
            _softmax(
                "one-maximum",
                one_maximum,
                "your p is nan in a row that lies far below another.",
                "one maximum for the whole batch is subtracted; each row needs its own.",
                "z = np.array([[1000.0, 1000], [-1000, -1000]])\nprint(fn(z))  # 1/2 everywhere",
                SHIFT,
            ),
            _softmax(
                "maximum-of-columns",
                maximum_of_columns,
                "your p changes with the other examples of the batch.",
                "the maximum is taken over axis 0, the examples; it belongs to the row, axis 1.",
                "z = np.log([[1.0, 2, 5], [5, 2, 1]])\nprint(fn(z)[0], fn(z[:1])[0])  # equal",
                SHIFT,
            ),
            _softmax(
                "minimum-for-maximum",
                minimum_for_maximum,
                "your p is nan where a row has scores far apart.",
                "the smallest score is subtracted; the largest keeps exp at most 1.",
                "z = np.array([[1000.0, 0]])\nprint(fn(z))  # 1 and 0",
                SHIFT,
            ),
            _softmax(
                "maximum-added",
                maximum_added,
                "your p is nan where scores are far from 0.",
                "the row's largest score is added; subtract it.",
                SHOW_FAR,
                SHIFT,
            ),
            _softmax(
                "sigmoid",
                sigmoids,
                "your p is the sigmoid of each score.",
                "softmax makes the classes share the probability 1.",
            ),
            _softmax(
                "exp-missing",
                exp_missing,
                "your p is each score divided by the sum of its row.",
                "the exponential is missing; it makes all shares positive.",
            ),
            _softmax(
                "not-normalised",
                not_normalised,
                "your p is exp(z - maximum): the rows do not add up to 1.",
                "the division by the row's sum is missing.",
            ),
            _softmax(
                "divided-by-largest",
                divided_by_largest,
                "the largest number of each row of your p is 1.",
                "the exponentials are divided by their largest; divide by their sum.",
            ),
            _softmax(
                "logarithm-returned",
                log_returned,
                "your p is the logarithm of the right one.",
                "that is the log-softmax, which the loss is made of.",
            ),
            _softmax(
                "winner-takes-all",
                winner_takes_all,
                "your p is 1 for the largest score and 0 for the others.",
                "that is argmax; softmax leaves a share to every class.",
            ),
            _softmax(
                "base-two",
                base_two,
                "your p is made of powers of 2.",
                "the base is e: np.exp.",
            ),
            _softmax(
                "scores-negated",
                scores_negated,
                "your p is largest where the score is smallest.",
                "the exponent has a minus that does not belong there: exp(z - maximum).",
            ),
        ),
        hints=(
            "Exponentials make all scores positive; what must each be divided by?",
            "Each row by itself: .sum(axis=1, keepdims=True) has one sum for each row, and "
            "broadcasts along it.",
            "exp(1000) is too large. Only differences count, so subtract each row's maximum first.",
        ),
        read=SOFTMAX,
    )
)

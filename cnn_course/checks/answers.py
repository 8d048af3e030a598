"""Exercise of lessons 08 and 09: the accuracy, the fraction of right answers."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

READ_LABELS = "lesson 08, section 8: three ways to write the labels"
READ_ACCURACY = "lesson 08, section 11: accuracy is not the loss"


def accuracy_reference(p, y):
    return np.mean(p.argmax(axis=1) == y)


def accuracy_broadcast(p, y):
    return np.mean(p.argmax(axis=1, keepdims=True) == y)


def accuracy_of_classes(p, y):
    return np.sum(p.argmax(axis=1) == y) / p.shape[1]


def accuracy_over_all_entries(p, y):
    return np.sum(p.argmax(axis=1) == y) / p.size


def accuracy_argmin(p, y):
    return np.mean(p.argmin(axis=1) == y)


def accuracy_count(p, y):
    return np.sum(p.argmax(axis=1) == y)


def accuracy_percent(p, y):
    return 100 * np.mean(p.argmax(axis=1) == y)


def accuracy_error_rate(p, y):
    return np.mean(p.argmax(axis=1) != y)


def accuracy_threshold(p, y):
    return np.mean(p[np.arange(len(y)), y] > 0.5)


def accuracy_mean_probability(p, y):
    return np.mean(p[np.arange(len(y)), y])


def accuracy_one_hot_entries(p, y):
    return np.mean((p > 0.5) == np.eye(p.shape[1])[y])


def accuracy_largest_value(p, y):
    return np.mean(p.max(axis=1) == y)


def accuracy_all_or_nothing(p, y):
    return float(np.array_equal(p.argmax(axis=1), y))


def accuracy_labels_from_one(p, y):
    return np.mean(p.argmax(axis=1) + 1 == y)


ACCURACY_TRY = (
    "p = np.array([[0.7, 0.2, 0.1], [0.4, 0.3, 0.3], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]])\n"
    "y = np.array([0, 0, 2, 2])\n"
    "print(fn(p, y))  # 0, 0, 2 and 1 are the answers: 3 of 4 right, 0.75"
)
SHAPE_TRY = (
    "p, y = np.eye(3), np.array([0, 1, 2])\n"
    "print((p.argmax(axis=1) == y).shape, (p.argmax(axis=1)[:, None] == y).shape)\n"
    "print(fn(p, y))  # all three right: 1.0"
)

accuracy = make_check(
    Exercise(
        name="accuracy",
        contract="takes (p, y): probabilities p (N, C), one row an image, and labels y (N,), whole "
        "numbers from 0; returns the fraction of images whose largest probability stands at their "
        "label, from 0 to 1.",
        outputs=("accuracy",),
        reference=accuracy_reference,
        probes=(
            Probe(
                "4 images, 3 classes, all right",
                {"p": np.eye(3)[[1, 0, 1, 2]], "y": np.array([1, 0, 1, 2])},
            ),
            Probe(
                "23 images, 5 classes, float32, in Fortran order",
                {
                    "p": np.asfortranarray(
                        np.random.default_rng(5).dirichlet(np.ones(5), 23), np.float32
                    ),
                    "y": np.random.default_rng(6).integers(5, size=23),
                },
            ),
        ),
        mistakes=(
            Mistake(
                "labels-broadcast",
                accuracy_broadcast,
                "your accuracy compares every answer with every label.",
                "(N, 1) == (N,) is broadcast to (N, N) without a word; both must be (N,).",
                READ_LABELS,
                SHAPE_TRY,
            ),
            Mistake(
                "divided-by-classes",
                accuracy_of_classes,
                "your number of right answers is divided by the number of classes.",
                "the fraction is of images: divide by len(y), or take np.mean.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "divided-by-entries",
                accuracy_over_all_entries,
                "your number of right answers is divided by N · C.",
                "the fraction is of images: divide by len(y), or take np.mean.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "argmin",
                accuracy_argmin,
                "your answer is the class with the smallest probability.",
                "the answer is where the probability is largest: argmax.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "count",
                accuracy_count,
                "your accuracy is the number of right answers.",
                "it is a fraction: divide by the number of images.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "percent",
                accuracy_percent,
                "your accuracy is in percent.",
                "it goes from 0 to 1; multiply by 100 where it is printed.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "error-rate",
                accuracy_error_rate,
                "your result is the fraction of wrong answers.",
                "accuracy counts the right ones: == instead of !=.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "above-one-half",
                accuracy_threshold,
                "your accuracy asks for a probability above 0.5.",
                "with more than two classes the largest probability may be 0.4; argmax decides.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "mean-probability",
                accuracy_mean_probability,
                "your result is the mean probability of the right class.",
                "that rewards certainty, as the loss does; accuracy counts answers.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "entries-compared",
                accuracy_one_hot_entries,
                "your accuracy counts every yes-or-no of every class.",
                "nine of ten are right for a model that never says yes; count images.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "largest-value",
                accuracy_largest_value,
                "your labels are compared with the largest probability itself.",
                "max gives the value, argmax its place; the place is the class.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "all-or-nothing",
                accuracy_all_or_nothing,
                "your accuracy is 1 only if every answer is right, else 0.",
                "np.array_equal and .all() ask about all images together; take np.mean of ==.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
            Mistake(
                "labels-from-one",
                accuracy_labels_from_one,
                "your classes are counted from 1, the labels from 0.",
                "argmax gives 0 for the first class, and so do the labels.",
                READ_ACCURACY,
                ACCURACY_TRY,
            ),
        ),
        hints=(
            "The answer for an image is the class of its largest probability: argmax over axis 1.",
            "Compare the (N,) answers with the (N,) labels; look at the shape of the result.",
            "The mean of True and False is the fraction of True.",
        ),
        read=READ_ACCURACY,
    )
)

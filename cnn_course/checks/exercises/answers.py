"""The accuracy, the fraction of right answers (lessons 08 and 09)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe


def accuracy_answer(p, y):
    return np.mean(p.argmax(axis=1) == y)


accuracy = make_check(
    Exercise(
        name="accuracy",
        contract="takes (p, y): probabilities p (N, C), one row an image, and labels y (N,), whole "
        "numbers from 0; returns the fraction of images whose largest probability stands at their "
        "label, from 0 to 1.",
        outputs=("accuracy",),
        reference=accuracy_answer,
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
        hints=(
            "The answer for an image is the class of its largest probability: argmax over axis 1.",
            "Compare the (N,) answers with the (N,) labels; look at the shape of the result.",
            "The mean of True and False is the fraction of True.",
        ),
        read="lesson 08, section 11: accuracy is not the loss",
    )
)

"""Exercise of lesson 11: one step of RMSProp."""

from __future__ import annotations

import functools

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .optimizers import changes, step_probes

READ_RMSPROP = "lesson 11, section 5: RMSProp: a step of its own for every weight"


def rmsprop_step_reference(w, dw, square, rate, decay, eps):
    square = decay * square + (1 - decay) * dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


rmsprop_step = make_check(
    Exercise(
        name="rmsprop_step",
        contract="takes (w, dw, square, rate, decay, eps): a parameter, its gradient and the "
        "running mean of its square, all of one shape, and three numbers; returns (w, square), "
        "the new ones: square ← decay · square + (1 − decay) · dw², "
        "w ← w − rate · dw / (√square + eps).",
        outputs=("change of w", "square"),
        reference=rmsprop_step_reference,
        convention=functools.partial(changes, ("w", "square"), 1),
        may_be_view=True,
        probes=step_probes(
            rmsprop_step_reference,
            ("square",),
            {"rate": 0.1, "decay": 0.9, "eps": 1e-8},
            {"rate": 0.35, "decay": 0.7, "eps": 0.05},
        ),
        hints=(
            "Each weight's gradient is divided by the gradient's own usual size.",
            "The usual size is a running root mean square: keep the mean square, take the root "
            "anew in each step.",
            "square = decay · square + (1 − decay) · dw² is the first line.",
            "eps is added to the root, in the denominator and in parentheses. Return both.",
        ),
        read=READ_RMSPROP,
    )
)

"""Exercise of lesson 11: one step of Adam."""

from __future__ import annotations

import functools

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise

from .optimizers import changes, step_probes

READ_ADAM = "lesson 11, section 6: Adam: both memories, and a fair start"


def adam_step_reference(w, dw, m, v, t, rate, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + eps), m, v


adam_step = make_check(
    Exercise(
        name="adam_step",
        contract="takes (w, dw, m, v, t, rate, beta1, beta2, eps): a parameter, its gradient and "
        "the running means of the gradient and of its square, all of one shape, the number t of "
        "the step (1, 2, …) and four numbers; returns (w, m, v), the new ones, m and v as they "
        "are before their correction: w ← w − rate · m̂ / (√v̂ + eps) with m̂ = m / (1 − beta1ᵗ), "
        "v̂ = v / (1 − beta2ᵗ).",
        outputs=("change of w", "m", "v"),
        reference=adam_step_reference,
        convention=functools.partial(changes, ("w", "m", "v"), 1),
        may_be_view=True,
        probes=step_probes(
            adam_step_reference,
            ("m", "v"),
            {"rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
            {"rate": 0.35, "beta1": 0.7, "beta2": 0.85, "eps": 0.05},
            numbered=True,
        ),
        hints=(
            "Two memories: m is a running mean of the gradient, v one of its square.",
            "Both begin at 0 and are too small at first. Test yours: the first step must be "
            "−rate · sign(dw).",
            "m̂ is m / (1 − beta1 ** t), and v̂ the same with v and beta2. They are for this step "
            "only.",
            "w moves by rate · m̂ / (√v̂ + eps). Return w and the uncorrected m and v.",
        ),
        read=READ_ADAM,
    )
)

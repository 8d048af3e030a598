"""Exercise of lesson 11: a run of Adam, several steps on two parameters."""

from __future__ import annotations

import functools

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .optimizers import READ_MEMORY, changes, numbers


def adam_reference(w, b, dw, db, rate, beta1, beta2, eps):
    arrays, gradients = [w, b], [dw, db]
    m = [np.zeros_like(w), np.zeros_like(b)]
    v = [np.zeros_like(w), np.zeros_like(b)]
    for t in range(1, len(dw) + 1):
        for k in range(2):
            g = gradients[k][t - 1]
            m[k] = beta1 * m[k] + (1 - beta1) * g
            v[k] = beta2 * v[k] + (1 - beta2) * g**2
            m_hat = m[k] / (1 - beta1**t)
            v_hat = v[k] / (1 - beta2**t)
            arrays[k] = arrays[k] - rate * m_hat / (np.sqrt(v_hat) + eps)
    return arrays[0], arrays[1]


def _adam_probe(about, seed, shape, steps, settings):
    w, *dw = numbers(seed, shape, *[shape] * steps)
    b, *db = numbers(seed + 100, (5,), *[(5,)] * steps)
    dw, db = np.stack(dw), np.stack(db)
    dw.reshape(steps, -1)[:, 1] = db[:, 1] = 0.0  # one weight of each that no image moves
    return Probe(about, {"w": w, "b": b, "dw": dw, "db": db, **settings})


adam = make_check(
    Exercise(
        name="adam",
        contract="takes (w, b, dw, db, rate, beta1, beta2, eps): two parameters of different "
        "shapes and their gradients in every step, dw of shape (steps, *w.shape) and db of shape "
        "(steps, *b.shape); returns (w, b) after all steps. Both parameters take step t = 1, then "
        "both t = 2, …; all memories begin at 0.",
        outputs=("change of w", "change of b"),
        reference=adam_reference,
        convention=functools.partial(changes, ("w", "b"), 2),
        may_be_view=True,
        probes=(
            _adam_probe(
                "1 step, w 2×3, b 5, usual settings",
                11,
                (2, 3),
                1,
                {"rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
            ),
            _adam_probe(
                "4 steps, w 3×2×4, b 5, rate 0.35, beta1 0.7, beta2 0.85, eps 0.05",
                12,
                (3, 2, 4),
                4,
                {"rate": 0.35, "beta1": 0.7, "beta2": 0.85, "eps": 0.05},
            ),
        ),
        hints=(
            "One m and one v for each parameter, of its shape, zeros before the first step.",
            "One t for both parameters: it grows by 1 a step, from 1.",
            "Loop over t outside; inside, take one adam_step of w and one of b with the same t.",
            "Step t uses dw[t − 1] and db[t − 1], and hands its w, m and v on to step t + 1.",
        ),
        read=READ_MEMORY,
    )
)

"""Dropout, backward (lesson 12)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .dropout import DROPOUT


def dropout_backward_loops(da, mask, rate):
    dx = np.zeros(da.shape, da.dtype)
    for index in np.ndindex(da.shape):
        if mask[index]:
            dx[index] = da[index] / (1 - rate)
    return dx


def _upstream(seed: int, shape, rate, dtype=float) -> dict:
    rng = np.random.default_rng(seed)
    da = rng.integers(1, 9, shape[::-1]).T * rng.choice([-1.0, 1.0], shape)
    return {"da": da.astype(dtype), "mask": rng.random(shape) >= rate, "rate": rate}


dropout_backward = make_check(
    Exercise(
        name="dropout_backward",
        contract="takes (da, mask, rate), da and mask of the same shape, mask True where a number "
        "was kept; returns dx, the shape of da.",
        outputs=("dx",),
        reference=dropout_backward_loops,
        probes=(
            Probe("5 examples with 4 numbers, rate 0.25", _upstream(3, (5, 4), 0.25)),
            Probe(
                "3 images 2×3×4 in float32, rate 0.6",
                _upstream(4, (3, 2, 3, 4), 0.6, np.float32),
            ),
        ),
        hints=(
            "What was dropped had no influence on the loss.",
            "What was kept was divided by 1 - rate; so is its gradient.",
            "dx = da * mask / (1 - rate)",
        ),
        read=DROPOUT,
    )
)

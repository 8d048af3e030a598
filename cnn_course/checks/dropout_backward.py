"""Exercises of lesson 12: dropout backward."""

from __future__ import annotations

import numpy as np

from .dropout import DROPOUT
from .exercise import Exercise, Mistake, Probe, make_check


def dropout_backward_loops(da, mask, rate):
    dx = np.zeros(da.shape, da.dtype)
    for index in np.ndindex(da.shape):
        if mask[index]:
            dx[index] = da[index] / (1 - rate)
    return dx


def da_not_scaled(da, mask, rate):
    return da * mask


def da_scaled_down(da, mask, rate):
    return da * mask * (1 - rate)


def da_divided_by_rate(da, mask, rate):
    return da * mask / rate


def da_times_rate(da, mask, rate):
    return da * mask * rate


def da_scaled_twice(da, mask, rate):
    return da * mask / (1 - rate) ** 2


def da_not_masked(da, mask, rate):
    return da / (1 - rate)


def da_unchanged(da, mask, rate):
    return da.copy()


def da_mask_inverted(da, mask, rate):
    return da * ~mask / (1 - rate)


def da_left_out(da, mask, rate):
    return mask / (1 - rate)


def da_gated(da, mask, rate):
    return np.maximum(da, 0) * mask / (1 - rate)


def da_averaged(da, mask, rate):
    return da * mask / (1 - rate) / len(da)


def _upstream(seed: int, shape, rate, dtype=float) -> dict:
    rng = np.random.default_rng(seed)
    da = rng.integers(1, 9, shape[::-1]).T * rng.choice([-1.0, 1.0], shape)
    return {"da": da.astype(dtype), "mask": rng.random(shape) >= rate, "rate": rate}


SHOW_BACK = (
    "da = np.array([[1.0, -3], [-2, 5]]); mask = np.array([[True, False], [True, True]])\n"
    "print(fn(da, mask, 0.2))  # [[1.25, 0], [-2.5, 6.25]]"
)


def _backward(id, wrong, seen, why) -> Mistake:
    return Mistake(id, wrong, seen, why, DROPOUT, SHOW_BACK)


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
        mistakes=(
            _backward(
                "not-rescaled",
                da_not_scaled,
                "your dx lacks the division by 1 - rate.",
                "a is x / (1 - rate) where it is kept, so the slope is 1 / (1 - rate).",
            ),
            _backward(
                "scaled-down",
                da_scaled_down,
                "your dx is multiplied by 1 - rate.",
                "the slope is that of the forward function, 1 / (1 - rate).",
            ),
            _backward(
                "divided-by-rate",
                da_divided_by_rate,
                "your dx is divided by the rate.",
                "rate is the share that is dropped; 1 - rate is kept, and that divides.",
            ),
            _backward(
                "times-rate",
                da_times_rate,
                "your dx is multiplied by the rate.",
                "the slope is that of the forward function, 1 / (1 - rate).",
            ),
            _backward(
                "scaled-twice",
                da_scaled_twice,
                "your dx is divided by 1 - rate twice.",
                "the mask is not scaled here: it holds True and False.",
            ),
            _backward(
                "not-masked",
                da_not_masked,
                "numbers that were dropped get a gradient.",
                "what was dropped had no influence: multiply by the mask.",
            ),
            _backward(
                "da-unchanged",
                da_unchanged,
                "your dx is da.",
                "the way back needs the mask and the factor of the forward function.",
            ),
            _backward(
                "mask-inverted",
                da_mask_inverted,
                "your gradient goes to the numbers that were dropped.",
                "mask is True where a number was kept.",
            ),
            _backward(
                "da-left-out",
                da_left_out,
                "your dx does not depend on da: it is the slope.",
                "the chain rule multiplies the slope by da.",
            ),
            _backward(
                "gated",
                da_gated,
                "negative gradients are 0 in your dx.",
                "only the mask decides; the sign of da does not matter.",
            ),
            _backward(
                "averaged-over-batch",
                da_averaged,
                "your dx is 1/N of what it should be.",
                "the loss has averaged over the batch already; no layer does it again.",
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

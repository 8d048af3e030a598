"""Exercises of lesson 06: ReLU, forward and backward."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

RELU = "lesson 06, section 1: ReLU: a gate that opens by the sign of z"


def relu_forward_loops(z):
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            a[index] = z[index]
    return a


def relu_backward_loops(da, z):
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            dz[index] = da[index]
    return dz


def not_clipped(z):
    return z.copy()


def absolute(z):
    return np.abs(z)


def negative_kept(z):
    return np.minimum(z, 0)


def leaky(z):
    return np.where(z > 0, z, 0.01 * z)


def step(z):
    return (z > 0).astype(z.dtype)


def at_least_one(z):
    return np.where(z > 1, z, 0)


def capped_at_one(z):
    return np.clip(z, 0, 1)


def one_number(z):
    return np.full(z.shape, max(z.max(), 0))


def smooth(z):
    return np.logaddexp(0, z)


def gate_missing(da, z):
    return da.copy()


def gate_from_da(da, z):
    return np.where(da > 0, da, 0)


def both_gates(da, z):
    return np.where((da > 0) & (z > 0), da, 0)


def open_at_zero(da, z):
    return np.where(z >= 0, da, 0)


def gate_inverted(da, z):
    return np.where(z > 0, 0, da)


def mask_alone(da, z):
    return (z > 0).astype(da.dtype)


def times_a(da, z):
    return da * np.maximum(z, 0)


def times_sign(da, z):
    return da * np.sign(z)


def leaky_gate(da, z):
    return np.where(z > 0, da, 0.01 * da)


def open_above_one(da, z):
    return np.where(z > 1, da, 0)


def forward_of_da(da, z):
    return np.maximum(z, 0) + 0 * da


def _whole(seed: int, shape) -> np.ndarray:
    """Small whole numbers with zeros among them, as floats; not C-contiguous."""
    rng = np.random.default_rng(seed)
    return rng.integers(-3, 4, shape[::-1]).astype(float).T


def with_upstream(z, da) -> dict:
    return {"da": da.astype(z.dtype), "z": z}


LINE = np.array([[-2.0, -1, 0, 0.5, 1, 3]])
LINE_UP = np.array([[5.0, -7, 11, -13, 17, 19]])
IMAGES, IMAGES_UP = _whole(1, (3, 4, 5, 2)), _whole(2, (3, 4, 5, 2)) * 2 + 1
SMALL = np.array([[0.25, -0.25, 0], [2, -3, 1e-3]], np.float32)
SMALL_UP = np.array([[3, -5, 7], [-11, 13, 17]], np.float32)
PROBES = (
    Probe("1 row from -2 to 3, with a 0", {"z": LINE}),
    Probe("3 images 4×5×2 of whole numbers", {"z": IMAGES}),
    Probe("2×3 in float32", {"z": SMALL}),
)
BACKWARD_PROBES = (
    Probe("1 row from -2 to 3, with a 0", with_upstream(LINE, LINE_UP)),
    Probe("3 images 4×5×2 of whole numbers", with_upstream(IMAGES, IMAGES_UP)),
    Probe("2×3 in float32", with_upstream(SMALL, SMALL_UP)),
)

SHOW = "z = np.array([-2.0, 0, 3])\n"
SHOW_RELU = SHOW + "print(fn(z))  # [0, 0, 3]"
SHOW_GATE = SHOW + "da = np.array([-5.0, 7, -11])\nprint(fn(da, z))  # [0, 0, -11]"


def _relu(id, wrong, seen, why, experiment=SHOW_RELU) -> Mistake:
    return Mistake(id, wrong, seen, why, RELU, experiment)


relu_forward = make_check(
    Exercise(
        name="relu_forward",
        contract="takes z of any shape; returns a, the shape of z, or (a, cache).",
        outputs=("a",),
        reference=relu_forward_loops,
        probes=PROBES,
        mistakes=(
            _relu("not-clipped", not_clipped, "your a is z itself.", "nothing is set to 0."),
            _relu(
                "absolute",
                absolute,
                "negative numbers come out with their sign changed.",
                "ReLU sets them to 0; it is not the absolute value.",
            ),
            _relu(
                "negative-kept",
                negative_kept,
                "your a keeps the negative numbers and sets the positive ones to 0.",
                "min for max, or < for >.",
            ),
            _relu(
                "leaky",
                leaky,
                "negative numbers come out as 0.01 of themselves.",
                "that is the leaky ReLU; this one is 0 there.",
            ),
            _relu(
                "mask-returned",
                step,
                "your a holds 1 where z is positive.",
                "that is the mask, the slope of ReLU; a is z times that.",
            ),
            _relu(
                "threshold-one",
                at_least_one,
                "numbers between 0 and 1 come out as 0.",
                "the comparison is with 1; the gate opens at 0.",
                "z = np.array([0.25, 0.5, 1, 2])\nprint(fn(z))  # all unchanged",
            ),
            _relu(
                "capped-at-one",
                capped_at_one,
                "your a never exceeds 1.",
                "ReLU has no upper end.",
            ),
            _relu(
                "one-number",
                one_number,
                "all numbers of your a are the largest of z.",
                "np.max takes the largest of an array; np.maximum compares number by number.",
            ),
            _relu(
                "smooth",
                smooth,
                "your a is log(1 + exp(z)).",
                "that is the softplus, a smooth relative; ReLU has a kink at 0.",
            ),
        ),
        hints=(
            "Each number by itself: which of z and 0 is larger?",
            "np.maximum compares two arrays number by number, or an array with a number.",
            "a = np.maximum(z, 0), without changing z.",
        ),
        read=RELU,
    )
)

relu_backward = make_check(
    Exercise(
        name="relu_backward",
        contract="takes (da, z), two arrays of the same shape, z what the forward function got; "
        "returns dz, da where z > 0 and 0 elsewhere, also at z = 0.",
        outputs=("dz",),
        reference=relu_backward_loops,
        probes=BACKWARD_PROBES,
        mistakes=(
            _relu(
                "gate-missing",
                gate_missing,
                "your dz is da, everywhere.",
                "no number is stopped; that also comes of a test a >= 0 on the result of ReLU, "
                "which is always true.",
                SHOW_GATE,
            ),
            _relu(
                "gate-from-da",
                gate_from_da,
                "your gate opens where da is positive; z plays no part.",
                "the slope belongs to z: a positive z lets a negative gradient pass.",
                SHOW_GATE,
            ),
            _relu(
                "both-gates",
                both_gates,
                "your gate opens only where z and da are both positive.",
                "negative gradients pass too, where z is positive.",
                SHOW_GATE,
            ),
            _relu(
                "open-at-zero",
                open_at_zero,
                "your gate is open at z = 0.",
                "the test is z >= 0. At the kink any slope from 0 to 1 could be defended; ours is "
                "0, as in PyTorch.",
                SHOW_GATE,
            ),
            _relu(
                "gate-inverted",
                gate_inverted,
                "your gate is open where it should be closed.",
                "the comparison points the wrong way.",
                SHOW_GATE,
            ),
            _relu(
                "mask-alone",
                mask_alone,
                "your dz is 1 or 0: the slope alone.",
                "the chain rule multiplies the slope by da.",
                SHOW_GATE,
            ),
            _relu(
                "times-a",
                times_a,
                "your dz is da times a.",
                "the slope where z > 0 is 1, not z.",
                SHOW_GATE,
            ),
            _relu(
                "times-sign",
                times_sign,
                "where z is negative, your dz is -da.",
                "the slope there is 0; np.sign gives -1.",
                SHOW_GATE,
            ),
            _relu(
                "leaky",
                leaky_gate,
                "where z is negative, your dz is 0.01 da.",
                "that is the slope of the leaky ReLU.",
                SHOW_GATE,
            ),
            _relu(
                "threshold-one",
                open_above_one,
                "your gate is closed for z between 0 and 1.",
                "the comparison is with 1; the gate opens at 0.",
                "z = np.array([0.25, 0.5, 1, 2])\nda = np.array([3.0, 4, 5, 6])\n"
                "print(fn(da, z))  # all of da",
            ),
            _relu(
                "forward-again",
                forward_of_da,
                "your dz is a, the result of the forward function.",
                "the way back multiplies da by the slope of ReLU at z.",
                SHOW_GATE,
            ),
        ),
        hints=(
            "What does a do when z grows by h: at z = 3, at z = -2?",
            "So the slope is 1 or 0, and dz is da times that.",
            "The sign of z decides, not that of da: dz = da * (z > 0).",
        ),
        read=RELU,
    )
)

"""ReLU, forward and backward (lesson 06)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

RELU = "lesson 06, section 1: ReLU: a gate that opens by the sign of z"


def relu_forward_loops(z):
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            a[index] = z[index]
    return a


def relu_forward_arrays(z):
    return np.maximum(z, 0)


def relu_backward_loops(da, z):
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            dz[index] = da[index]
    return dz


def relu_backward_arrays(da, z):
    return da * (z > 0)


def small_integers(seed: int, shape) -> np.ndarray:
    """Integers from -3 to 3, as float64; not C-contiguous."""
    return np.random.default_rng(seed).integers(-3, 4, shape[::-1]).astype(float).T


def with_upstream(z, da) -> dict:
    """The arguments of a backward function: z, and da in the dtype of z."""
    return {"da": da.astype(z.dtype), "z": z}


LINE = np.array([[-2.0, -1, 0, 0.5, 1, 3]])
LINE_UP = np.array([[5.0, -7, 11, -13, 17, 19]])
IMAGES = small_integers(1, (3, 4, 5, 2))
IMAGES_UP = small_integers(2, (3, 4, 5, 2)) * 2 + 1  # odd, so never 0
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


relu_forward = make_check(
    Exercise(
        name="relu_forward",
        contract="takes z of any shape; returns a, the shape of z, or (a, cache).",
        outputs=("a",),
        reference=relu_forward_loops,
        probes=PROBES,
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
        hints=(
            "What does a do when z grows by h: at z = 3, at z = -2?",
            "So the slope is 1 or 0, and dz is da times that.",
            "The sign of z decides, not that of da: dz = da * (z > 0).",
        ),
        read=RELU,
    )
)

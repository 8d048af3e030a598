"""Exercises of lesson 04: the gradient check, and the relative error it is judged by."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

READ_NUMERICAL = "lesson 04, section 7: your turn: `numerical_gradient`"
READ_ERROR = "lesson 04, section 8: read the verdict"


def numerical_gradient_reference(f, x, h):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        upper = f(x)
        x[index] = old - h
        lower = f(x)
        x[index] = old
        gradient[index] = (upper - lower) / (2 * h)
    return gradient


def _gradient_and_x(fn, f, x, h):
    """Call fn on an x of its own; return the gradient and what it left in x."""
    own = x.copy(order="K")
    gradient = fn(f, own, h)
    if gradient is None:
        return None
    if isinstance(gradient, tuple) and gradient:
        gradient = gradient[0]
    return gradient, own - x  # must be exactly 0


def cube(x):
    """2 x0³ + 3 x1³ + 4 x2³ …: its central difference is c (3 x² + h²), its one-sided one not."""
    return float(np.sum(np.arange(2, 2 + x.size) * x.ravel() ** 3))


def tangled(x):
    """A function in which every entry of x meets every other one."""
    weights = np.arange(1, 1 + x.size).reshape(x.shape)
    return float(np.sum(weights * x) ** 2 + np.sum(np.exp(x) * weights))


_RNG = np.random.default_rng(4)

numerical_gradient = make_check(
    Exercise(
        name="numerical_gradient",
        contract="takes (f, x, h): a function f that takes an array and returns one number, a "
        "float64 array x of any shape and memory order, the step h; returns the central "
        "differences (f(x + h) − f(x − h)) / 2h, one for each entry of x, in an array of the "
        "shape of x. f sees x with one entry changed; afterwards x has exactly its old numbers.",
        outputs=("gradient", "x after the call"),
        reference=numerical_gradient_reference,
        convention=_gradient_and_x,
        probes=(
            Probe(
                "f = 2 x₀³ + 3 x₁³ + 4 x₂³ at (2, −1, 3), h 1",
                {"f": cube, "x": np.array([2.0, -1.0, 3.0]), "h": 1.0},
            ),
            Probe(
                "a function of 2×3 numbers, h 1e-05",
                {"f": tangled, "x": 0.07 + _RNG.normal(0, 0.3, (2, 3)), "h": 1e-5},
            ),
            Probe(
                "a function of 3×2 numbers in Fortran order, h 0.25",
                {
                    "f": tangled,
                    "x": np.asfortranarray(0.03 + _RNG.normal(0, 0.3, (3, 2))),
                    "h": 0.25,
                },
            ),
        ),
        hints=(
            "One slope for every entry: loop with for index in np.ndindex(x.shape).",
            "Save old = x[index]. Two calls of f: with old + h in this entry, and with old − h.",
            "The two places are 2h apart: divide by (2 * h), with the parentheses.",
            "Before the next entry, x[index] = old: the saved number, not x[index] + h.",
        ),
        read=READ_NUMERICAL,
    )
)


def relative_error_reference(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


relative_error = make_check(
    Exercise(
        name="relative_error",
        contract="takes (a, b): two arrays of one shape; returns one number, the largest |a − b| "
        "over all entries divided by the largest |a| or |b| over all entries, and 0 where both "
        "arrays are 0 everywhere.",
        outputs=("relative error",),
        reference=relative_error_reference,
        probes=(
            Probe(
                "(4, −2, 0) and (4, −2.001, 1e-12)",
                {"a": np.array([4.0, -2.0, 0.0]), "b": np.array([4.0, -2.001, 1e-12])},
            ),
            Probe(
                "two arrays 2×3, the largest number in b",
                {
                    "a": np.array([[-1.0, -2.0, -7.0], [-4.0, -5.0, -0.5]]),
                    "b": np.array([[-1.5, 3.0, 9.0], [-4.0, -6.0, -0.5]]),
                },
            ),
            Probe(
                "two arrays 3×2, the largest number in b, below 0",
                {
                    "a": np.array([[-1.0, -2.0], [5.0, -4.0], [3.0, -0.5]]),
                    "b": np.array([[-1.0, -2.5], [-8.0, -4.0], [3.5, -0.25]]),
                },
            ),
            Probe(
                "two arrays 2×2 of small numbers, the largest in a",
                {
                    "a": np.array([[-0.01, 0.075], [0.02, 0.04]]),
                    "b": np.array([[-0.01, -0.025], [-0.05, 0.035]]),
                },
            ),
            Probe(
                "two arrays 3×2 in Fortran order, the largest number in a, below 0",
                {
                    "a": np.asfortranarray([[-1.0, -2.0], [-8.0, 4.0], [3.0, -0.5]]),
                    "b": np.asfortranarray([[-1.0, -2.5], [-2.0, 4.5], [3.5, -0.25]]),
                },
            ),
            Probe("zeros and zeros", {"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}),
        ),
        hints=(
            "A difference is large or small only beside the size of the numbers.",
            "Above: the largest |a − b|. Below: the largest of all |a| and |b|.",
            "If both arrays are 0 everywhere there is nothing to divide by: return 0.",
        ),
        read=READ_ERROR,
    )
)

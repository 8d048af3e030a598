"""Dropout, forward (lesson 12).

No two programs draw the same mask, so the forward function is not compared number by number. It is
judged by what every right mask has in common; `judged` says by what.
"""

from __future__ import annotations

import copy

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe
from cnn_course.checks.running import Refused

DROPOUT = "lesson 12, section 12: dropout: no unit can rely on another"
DEVIATIONS = 5  # a right function keeps a share further off once in a million masks


def dropout_forward_loops(x, rate, rng):
    a, mask = np.zeros(x.shape, x.dtype), np.zeros(x.shape, bool)
    for index in np.ndindex(x.shape):
        if rng.random() >= rate:
            mask[index] = True
            a[index] = x[index] / (1 - rate)
    return a, mask


def dropout_forward_arrays(x, rate, rng):
    mask = rng.random(x.shape) >= rate
    a = x * mask / (1 - rate)
    return a, mask


def judged(fn, x, rate, rng):
    """Call fn and make numbers of its (a, mask) that are the same for every right function.

    factor: what the kept numbers were multiplied by. share kept: 1 - rate if it is that within
    five standard deviations; else rate, 1/2, 0 or 1 if it is one of these. mask: its values where a
    is not 0 and where it is (-1 where there are several), and its share where x is 0. variety: 1 if
    most examples have masks of their own, if most columns have, if not all examples share one, if
    not all columns do. rng: 1 if a generator in the same state gives the same mask, and 1 if one in
    another state gives another.
    Refused: a and mask are no such arrays, the kept numbers have several factors, or their share
    is none of these.
    """
    other = np.random.default_rng(12345)
    a, mask = _arrays(fn(x, rate, copy.deepcopy(rng)), x)
    _, again = _arrays(fn(x, rate, copy.deepcopy(rng)), x)
    _, changed = _arrays(fn(x, rate, other), x)

    given = x != 0
    kept = (a != 0) & given
    if not kept.any():
        raise Refused("a is 0 everywhere: nothing is kept.")
    factors = a[kept] / x[kept]
    factor = np.median(factors)
    if not np.allclose(factors, factor, rtol=1e-5):
        raise Refused(
            "what is kept must be x / (1 - rate); yours is x times factors that differ, from "
            f"{factors.min():.4g} to {factors.max():.4g}."
        )
    rows = kept.reshape(len(x), -1)[:, given.reshape(len(x), -1).all(axis=0)]
    one_for_all, one_each = (rows == rows[:1]).all(), (rows == rows[:, :1]).all()
    different = [np.unique(rows, axis=i).shape[i] for i in (0, 1)]
    same = 1 if rows.all() else rows.size / (different[0] * different[1])
    share, at_zeros = (_share(m, rate, same) for m in (kept[given], mask[~given] != 0))
    values = np.array([_only(mask[kept]), _only(mask[given & ~kept]), at_zeros])
    mostly = [different[i] > rows.shape[i] / 2 for i in (0, 1)]
    variety = np.array([*mostly, not one_for_all, not one_each], float)
    drawn = [np.array_equal(mask, again), not np.array_equal(mask, changed)]
    return factor, share, values, variety, np.array(drawn, float)


def _arrays(value, x):
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Refused("it must return (a, mask).")
    a, mask = (np.asarray(entry) for entry in value)
    for name, array in (("a", a), ("mask", mask)):
        if array.shape != x.shape or array.dtype.kind not in "biuf":
            raise Refused(
                f"{name} must be an array of numbers of the shape of x, {x.shape}; yours has the "
                f"shape {array.shape} and the dtype {array.dtype}."
            )
    return a, mask


def _only(values) -> float:
    """The one value in an array, or -1 if there are several (or none)."""
    if values.size == 0 or not np.allclose(values.astype(float), float(values[0]), rtol=1e-5):
        return -1.0
    return float(values[0])


def _share(kept, rate, same) -> float:
    """The share of True as a known one; each draw was used `same` times."""
    share, draws = kept.mean(), max(1, kept.size / same)
    for known in (1 - rate, rate, 0.5, 0, 1):
        if abs(share - known) <= DEVIATIONS * np.sqrt(known * (1 - known) / draws):
            return known
    raise Refused(
        f"at a rate of {rate}, about {1 - rate:.0%} of the numbers should be kept; yours keeps "
        f"{share:.1%}."
    )


def _x(seed: int, shape, dtype=float) -> np.ndarray:
    """Numbers away from 0, but for the last eighth of the columns, which is all 0."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2, shape)
    x[..., -max(1, shape[-1] // 8) :] = 0
    return x.astype(dtype)


dropout_forward = make_check(
    Exercise(
        name="dropout_forward",
        contract="takes (x, rate, rng), x of any shape (N, …), rate >= 0 the probability that a "
        "number is dropped, rng a numpy.random.Generator from which the mask is drawn; returns "
        "(a, mask), both the shape of x: mask True (or 1) where a number is kept, a = x / "
        "(1 - rate) there and 0 elsewhere. Judged by what all right masks have in common: the "
        "factor 1 / (1 - rate), the share kept (within five standard deviations), the agreement "
        "of a and mask, the variety of masks, and that they depend on the state of rng alone.",
        outputs=("factor", "share kept", "mask", "variety", "rng"),
        reference=dropout_forward_loops,
        convention=judged,
        probes=(
            Probe(
                "60 examples with 40 numbers, rate 0.25",
                {"x": _x(1, (60, 40)), "rate": 0.25, "rng": np.random.default_rng(1)},
            ),
            Probe(
                "60 images 3×4×8 in float32, rate 0.6",
                {
                    "x": _x(2, (60, 3, 4, 8), np.float32),
                    "rate": 0.6,
                    "rng": np.random.default_rng(2),
                },
            ),
        ),
        hints=(
            "Draw one number between 0 and 1 for each entry of x.",
            "The numbers that are at least rate make up the share 1 - rate: these are kept.",
            "What is kept is divided by 1 - rate, so that the mean stays what it was.",
            "mask = rng.random(x.shape) >= rate; return the same mask that you multiply with.",
        ),
        read=DROPOUT,
    )
)

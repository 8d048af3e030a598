"""Exercises of lesson 12: dropout forward.

No two programs draw the same mask, so the forward function is not compared number by number. It is
judged by what every right mask has in common; `judged` says by what.
"""

from __future__ import annotations

import copy

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .running import Refused

DROPOUT = "lesson 12, section 12: dropout: no unit can rely on another"
DEVIATIONS = 5  # a right function keeps a share further off once in a million masks


def dropout_forward_loops(x, rate, rng):
    a, mask = np.zeros(x.shape, x.dtype), np.zeros(x.shape, bool)
    for index in np.ndindex(x.shape):
        if rng.random() >= rate:
            mask[index] = True
            a[index] = x[index] / (1 - rate)
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


def _masked(x, rate, rng, scale):
    mask = rng.random(x.shape) >= rate
    return x * mask * scale, mask


def not_rescaled(x, rate, rng):
    return _masked(x, rate, rng, 1)


def scaled_down(x, rate, rng):
    return _masked(x, rate, rng, 1 - rate)


def divided_by_rate(x, rate, rng):
    return _masked(x, rate, rng, 1 / rate)


def times_rate(x, rate, rng):
    return _masked(x, rate, rng, rate)


def scaled_twice(x, rate, rng):
    return _masked(x, rate, rng, 1 / (1 - rate) ** 2)


def keep_and_drop_exchanged(x, rate, rng):
    mask = rng.random(x.shape) < rate
    return x * mask / (1 - rate), mask


def rate_is_kept(x, rate, rng):
    mask = rng.random(x.shape) < rate
    return x * mask / rate, mask


def always_half(x, rate, rng):
    mask = rng.random(x.shape) >= 0.5
    return x * mask / (1 - rate), mask


def nothing_dropped(x, rate, rng):
    mask = rng.random(x.shape) >= rate
    return x.copy(), mask


def mask_inverted(x, rate, rng):
    a, mask = dropout_forward_loops(x, rate, rng)
    return a, ~mask


def mask_scaled(x, rate, rng):
    a, mask = dropout_forward_loops(x, rate, rng)
    return a, mask / (1 - rate)


def mask_drawn_anew(x, rate, rng):
    a, _ = dropout_forward_loops(x, rate, rng)
    return a, rng.random(x.shape) >= rate


def mask_of_draws(x, rate, rng):
    draws = rng.random(x.shape)
    return x * (draws >= rate) / (1 - rate), draws


def mask_from_a(x, rate, rng):
    a, _ = dropout_forward_loops(x, rate, rng)
    return a, a != 0


def a_for_mask(x, rate, rng):
    a, _ = dropout_forward_loops(x, rate, rng)
    return a, a.copy()


def mask_all_false(x, rate, rng):
    a, mask = dropout_forward_loops(x, rate, rng)
    return a, np.zeros_like(mask)


def mask_all_true(x, rate, rng):
    a, mask = dropout_forward_loops(x, rate, rng)
    return a, np.ones_like(mask)


def one_mask_for_all_examples(x, rate, rng):
    mask = np.repeat(rng.random(x[:1].shape) >= rate, len(x), axis=0)
    return x * mask / (1 - rate), mask


def whole_examples(x, rate, rng):
    drawn = rng.random((len(x), *(1,) * (x.ndim - 1))) >= rate
    mask = np.broadcast_to(drawn, x.shape).copy()
    return x * mask / (1 - rate), mask


def whole_channels(x, rate, rng):
    drawn = rng.random((len(x), *(1,) * (x.ndim - 2), x.shape[-1])) >= rate
    mask = np.broadcast_to(drawn, x.shape).copy()
    return x * mask / (1 - rate), mask


def channels_together(x, rate, rng):
    mask = np.repeat(rng.random((*x.shape[:-1], 1)) >= rate, x.shape[-1], axis=-1)
    return x * mask / (1 - rate), mask


def seed_inside(x, rate, rng):
    return dropout_forward_loops(x, rate, np.random.default_rng(0))


def rng_ignored(x, rate, rng):
    return dropout_forward_loops(x, rate, np.random.default_rng())


def _x(seed: int, shape, dtype=float) -> np.ndarray:
    """Numbers away from 0, but for the last eighth of the columns, which is all 0."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 2, shape)
    x[..., -max(1, shape[-1] // 8) :] = 0
    return x.astype(dtype)


SHOW = "x = np.ones((1000, 10))\na, mask = fn(x, 0.2, np.random.default_rng(0))\n"
SHOW_FACTOR = SHOW + "print(np.unique(a), a.mean())  # 0 and 1.25; about 1, as in x"
SHOW_SHARE = SHOW + "print(np.mean(a != 0))  # about 0.8"
SHOW_MASK = SHOW + "print(mask.dtype, np.array_equal(mask, a != 0))  # bool True"
SHOW_ZEROS = SHOW.replace("np.ones", "np.zeros") + "print(np.mean(mask))  # about 0.8 all the same"
SHOW_VARIETY = SHOW + "print((a != 0).mean(axis=0)[:3], (a != 0).mean(axis=1)[:3])  # all differ"
SHOW_IMAGES = (
    "a, mask = fn(np.ones((1, 2, 2, 3)), 0.5, np.random.default_rng(1))\n"
    "print(a[..., 0])  # not all equal\nprint(a[0, 0])  # not all columns equal"
)
SHOW_RNG = (
    "def draw(seed): return fn(np.ones(10), 0.5, np.random.default_rng(seed))[0] > 0\n"
    "print(np.array_equal(draw(1), draw(1)))  # True: the same state, the same mask\n"
    "print(np.array_equal(draw(1), draw(2)))  # False: another state, another mask"
)


def _forward(id, wrong, seen, why, experiment) -> Mistake:
    return Mistake(id, wrong, seen, why, DROPOUT, experiment)


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
        play=judged,
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
        mistakes=(
            _forward(
                "not-rescaled",
                not_rescaled,
                "what is kept comes out as it was.",
                "it is divided by 1 - rate, so that the mean over all masks is x.",
                SHOW_FACTOR,
            ),
            _forward(
                "scaled-down",
                scaled_down,
                "what is kept is multiplied by 1 - rate.",
                "it is divided by 1 - rate: fewer numbers must make up for the others.",
                SHOW_FACTOR,
            ),
            _forward(
                "divided-by-rate",
                divided_by_rate,
                "what is kept is divided by the rate.",
                "rate is the share that is dropped; 1 - rate is kept, and that divides.",
                SHOW_FACTOR,
            ),
            _forward(
                "times-rate",
                times_rate,
                "what is kept is multiplied by the rate.",
                "it is divided by 1 - rate.",
                SHOW_FACTOR,
            ),
            _forward(
                "scaled-twice",
                scaled_twice,
                "what is kept is divided by 1 - rate twice.",
                "perhaps once in the mask and once in a.",
                SHOW_FACTOR,
            ),
            _forward(
                "keep-and-drop-exchanged",
                keep_and_drop_exchanged,
                "your a keeps the share `rate` and drops the rest.",
                "a draw below rate means dropped: keep where rng.random(…) >= rate.",
                SHOW_SHARE,
            ),
            _forward(
                "rate-is-kept",
                rate_is_kept,
                "your a keeps the share `rate`, and divides by it.",
                "rate is the probability to be dropped; yours treats it as that to be kept.",
                SHOW_FACTOR,
            ),
            _forward(
                "always-half",
                always_half,
                "half of the numbers are kept, whatever the rate.",
                "the draws are compared with 0.5 (or rounded); compare them with rate.",
                SHOW_SHARE,
            ),
            _forward(
                "nothing-dropped",
                nothing_dropped,
                "your a is x: nothing is dropped.",
                "the mask is drawn but not applied.",
                SHOW_SHARE,
            ),
            _forward(
                "mask-inverted",
                mask_inverted,
                "your mask is True where a number was dropped.",
                "the way back multiplies by the mask; it must be True where a number was kept.",
                SHOW_MASK,
            ),
            _forward(
                "mask-scaled",
                mask_scaled,
                "your mask holds 0 and 1 / (1 - rate).",
                "that is a good cache in itself, but here dropout_backward(da, mask, rate) divides "
                "by 1 - rate: return True and False.",
                SHOW_MASK,
            ),
            _forward(
                "mask-disagrees",
                mask_drawn_anew,
                "your mask is not the one that was applied to x.",
                "it is drawn a second time (or x is masked by something else): draw once, use it "
                "for a, return the same.",
                SHOW_MASK,
            ),
            _forward(
                "mask-of-draws",
                mask_of_draws,
                "your mask holds many values where numbers are kept, and where they are dropped.",
                "the random numbers themselves are returned; the mask is their comparison with "
                "rate.",
                SHOW_MASK,
            ),
            _forward(
                "a-for-mask",
                a_for_mask,
                "your mask holds many values where numbers are kept, and 0 where they are dropped.",
                "a is returned in place of the mask.",
                SHOW_MASK,
            ),
            _forward(
                "mask-all-false",
                mask_all_false,
                "your mask is False (or 0) everywhere.",
                "the mask that is applied to x is not the one that is returned, or never filled.",
                SHOW_MASK,
            ),
            _forward(
                "mask-all-true",
                mask_all_true,
                "your mask is True (or 1) everywhere.",
                "the mask that is applied to x is not the one that is returned.",
                SHOW_MASK,
            ),
            _forward(
                "mask-from-a",
                mask_from_a,
                "your mask is False wherever x is 0.",
                "it is read off the result, a != 0; a 0 that was kept looks dropped then.",
                SHOW_ZEROS,
            ),
            _forward(
                "one-mask-for-all-examples",
                one_mask_for_all_examples,
                "all examples have the same mask.",
                "the mask is drawn for one example and broadcast; draw it in the shape of x.",
                SHOW_VARIETY,
            ),
            _forward(
                "whole-examples",
                whole_examples,
                "an example is kept or dropped as a whole.",
                "one number is drawn for each example; each entry needs a number of its own.",
                SHOW_VARIETY,
            ),
            _forward(
                "whole-channels",
                whole_channels,
                "in images, a channel is kept or dropped as a whole.",
                "one number is drawn for each example and channel (spatial dropout, another "
                "layer); here each entry needs a number of its own.",
                SHOW_IMAGES,
            ),
            _forward(
                "channels-together",
                channels_together,
                "all numbers along the last axis are kept or dropped together.",
                "one number is drawn for all channels; each entry needs a number of its own.",
                SHOW_IMAGES,
            ),
            _forward(
                "seed-inside",
                seed_inside,
                "every call draws the same mask, whatever the state of rng.",
                "a generator is made inside the function, always with the same seed.",
                SHOW_RNG,
            ),
            _forward(
                "rng-ignored",
                rng_ignored,
                "the same state of rng gives another mask each time.",
                "random numbers come from elsewhere (np.random.rand, a new generator); take them "
                "from rng, so that a run can be repeated.",
                SHOW_RNG,
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

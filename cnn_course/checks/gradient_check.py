"""Exercises of lesson 04: the gradient check, and the relative error it is judged by."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

READ_DIFFERENCES = "lesson 04, section 5: check it with differences"
READ_NUMERICAL = "lesson 04, section 7: your turn: `numerical_gradient`"
READ_GRADIENT_MISTAKES = "lesson 04, common mistakes"
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


def _slopes(x, places, by):
    """by(old, index) for every index; `places` sets x[index] and always puts the old one back."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        gradient[index] = by(old, lambda value, index=index: places(index, value))
        x[index] = old
    return gradient


def _at(f, x):
    """A function that puts a value into an entry of x and returns f(x)."""

    def value_at(index, value):
        x[index] = value
        return f(x)

    return value_at


def gradient_one_sided(f, x, h):
    return _slopes(x, _at(f, x), lambda old, at: (at(old + h) - at(old)) / h)


def gradient_backward(f, x, h):
    return _slopes(x, _at(f, x), lambda old, at: (at(old) - at(old - h)) / h)


def gradient_not_halved(f, x, h):
    return 2 * numerical_gradient_reference(f, x, h)


def gradient_times_h(f, x, h):
    return _slopes(x, _at(f, x), lambda old, at: (at(old + h) - at(old - h)) / 2 * h)


def gradient_not_divided(f, x, h):
    return _slopes(x, _at(f, x), lambda old, at: at(old + h) - at(old - h))


def gradient_sides_exchanged(f, x, h):
    return -numerical_gradient_reference(f, x, h)


def gradient_half(f, x, h):
    return gradient_one_sided(f, x, h) / 2


def gradient_x_not_restored(f, x, h):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        upper = f(x)
        x[index] = old - h
        lower = f(x)
        gradient[index] = (upper - lower) / (2 * h)
    return gradient


def gradient_x_left_above(f, x, h):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old - h
        lower = f(x)
        x[index] = old + h
        upper = f(x)
        gradient[index] = (upper - lower) / (2 * h)
    return gradient


def gradient_restored_by_arithmetic(f, x, h):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        upper = f(x)
        x[index] -= 2 * h
        lower = f(x)
        x[index] += h
        gradient[index] = (upper - lower) / (2 * h)
    return gradient


def gradient_all_at_once(f, x, h):
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


def gradient_by_rows(f, x, h):
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        old = x[i].copy()
        x[i] = old + h
        upper = f(x)
        x[i] = old - h
        lower = f(x)
        x[i] = old
        gradient[i] = (upper - lower) / (2 * h)
    return gradient


def gradient_of_flat_copy(f, x, h):
    gradient, flat = np.zeros(x.size), x.ravel()
    for i in range(flat.size):
        old = flat[i]
        flat[i] = old + h
        upper = f(x)
        flat[i] = old - h
        lower = f(x)
        flat[i] = old
        gradient[i] = (upper - lower) / (2 * h)
    return gradient.reshape(x.shape)


def gradient_in_whole_numbers(f, x, h):
    return numerical_gradient_reference(f, x, h).astype(int)


def gradient_in_single_precision(f, x, h):
    return numerical_gradient_reference(f, x.astype(np.float32), np.float32(h))


def gradient_own_step(f, x, h):
    return numerical_gradient_reference(f, x, 1e-5)


def gradient_step_too_small(f, x, h):
    return numerical_gradient_reference(f, x, 1e-12)


def gradient_step_times_x(f, x, h):
    return _slopes(
        x,
        _at(f, x),
        lambda old, at: (at(old + h * abs(old)) - at(old - h * abs(old))) / (2 * h * abs(old)),
    )


def gradient_last_missing(f, x, h):
    gradient = numerical_gradient_reference(f, x, h)
    gradient.flat[-1] = 0
    return gradient


def cube(x):
    """2 x0³ + 3 x1³ + 4 x2³ …: its central difference is c (3 x² + h²), its one-sided one not."""
    return float(np.sum(np.arange(2, 2 + x.size) * x.ravel() ** 3))


def tangled(x):
    """A function in which every entry of x meets every other one."""
    weights = np.arange(1, 1 + x.size).reshape(x.shape)
    return float(np.sum(weights * x) ** 2 + np.sum(np.exp(x) * weights))


_RNG = np.random.default_rng(4)
NUMERICAL_TRY = (
    "x = np.array([2.0])\n"
    "print(fn(lambda x: float(x[0] ** 3), x, 1.0))  # (27 − 1) / 2 = 13; one-sided it is 19\n"
    "print(x)  # it must be exactly 2 again"
)
RESTORE_TRY = (
    "x = np.array([0.07, 0.3])\n"
    "print(fn(lambda x: float(np.sum(x) ** 3), x, 1e-5))  # twice 3 · 0.37² = 0.4107\n"
    "print(x - [0.07, 0.3])  # exactly 0 and 0"
)
ENTRY_TRY = (
    "x = np.array([[1.0, 2.0], [3.0, 4.0]])\n"
    "print(fn(lambda x: float(np.sum(x**2)), x, 1e-5))  # 2x: 2, 4, 6, 8\n"
    "print(fn(lambda x: float(np.sum(x**2)), x.T, 1e-5))  # the same, transposed"
)

numerical_gradient = make_check(
    Exercise(
        name="numerical_gradient",
        contract="takes (f, x, h): a function f that takes an array and returns one number, a "
        "float64 array x of any shape and memory order, the step h; returns the central "
        "differences (f(x + h) − f(x − h)) / 2h, one for each entry of x, in an array of the "
        "shape of x. f sees x with one entry changed; afterwards x has exactly its old numbers.",
        outputs=("gradient", "x after the call"),
        reference=numerical_gradient_reference,
        play=_gradient_and_x,
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
        mistakes=(
            Mistake(
                "one-sided",
                gradient_one_sided,
                "your slopes are one-sided: (f(x + h) − f(x)) / h.",
                "their error is about h · f″ / 2; on both sides that term cancels, and h² is left.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "one-sided-backward",
                gradient_backward,
                "your slopes are one-sided: (f(x) − f(x − h)) / h.",
                "their error is about h · f″ / 2; on both sides that term cancels, and h² is left.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "not-halved",
                gradient_not_halved,
                "your slopes are twice what they should be.",
                "the two places are 2h apart, not h.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "parentheses-missing",
                gradient_times_h,
                "your difference is halved and then multiplied by h.",
                "/ 2 * h is worked out from the left; write / (2 * h).",
                READ_NUMERICAL,
                ENTRY_TRY,
            ),
            Mistake(
                "not-divided",
                gradient_not_divided,
                "your slopes are the differences of f, not divided by anything.",
                "a slope is the change of f for a change of x by 1: divide by 2h.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "sides-exchanged",
                gradient_sides_exchanged,
                "your slopes have the wrong sign.",
                "the value on the right, f(x + h), comes first in the difference.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "second-place-is-x",
                gradient_half,
                "your slopes are half of the one-sided ones: (f(x + h) − f(x)) / 2h.",
                "after x[i] += h, x[i] −= h is the old place again; the second place is old − h.",
                READ_NUMERICAL,
                NUMERICAL_TRY,
            ),
            Mistake(
                "x-not-restored",
                gradient_x_not_restored,
                "your x keeps old − h in every entry you have visited.",
                "every later slope is measured at another place, and the caller's weights have "
                "moved; put the old number back before the next entry.",
                READ_GRADIENT_MISTAKES,
                RESTORE_TRY,
            ),
            Mistake(
                "x-left-above",
                gradient_x_left_above,
                "your x keeps old + h in every entry you have visited.",
                "every later slope is measured at another place, and the caller's weights have "
                "moved; put the old number back before the next entry.",
                READ_GRADIENT_MISTAKES,
                RESTORE_TRY,
            ),
            Mistake(
                "restored-by-arithmetic",
                gradient_restored_by_arithmetic,
                "your x does not come back exactly.",
                "adding h and taking it off again leaves a rounding error; save the old number "
                "and put that one back.",
                READ_NUMERICAL,
                RESTORE_TRY,
            ),
            Mistake(
                "all-at-once",
                gradient_all_at_once,
                "your slopes are all the same: every entry is moved at once.",
                "f(x + h) adds h to the whole array; each slope needs one entry moved and the "
                "others left.",
                READ_NUMERICAL,
                ENTRY_TRY,
            ),
            Mistake(
                "by-rows",
                gradient_by_rows,
                "your slopes are the same within each row: whole rows are moved.",
                "x[i] is a row of a 2-D array; np.ndindex(x.shape) gives the index of every "
                "single entry.",
                READ_NUMERICAL,
                ENTRY_TRY,
            ),
            Mistake(
                "flat-copy",
                gradient_of_flat_copy,
                "your slopes are 0 where x is not stored row by row.",
                "there x.ravel() and x.reshape(-1) make a copy, and changing a copy does not "
                "change x; index x itself with np.ndindex(x.shape).",
                READ_NUMERICAL,
                ENTRY_TRY,
            ),
            Mistake(
                "whole-numbers",
                gradient_in_whole_numbers,
                "your slopes have lost everything behind the point.",
                "// and an array of whole numbers cut it off; np.zeros(x.shape) is float64.",
                READ_GRADIENT_MISTAKES,
                "x = np.array([0.5])\nprint(fn(lambda x: float(x[0] ** 2), x, 1e-5))  # 1.0\n"
                "print(fn(lambda x: float(x[0] ** 3), x, 1e-5))  # 0.75",
            ),
            Mistake(
                "single-precision",
                gradient_in_single_precision,
                "your slopes are those of float32: wrong in the second digit for h = 1e-05.",
                "x + h is rounded to 7 digits, and dividing that error by 2h makes it large; "
                "differences need float64.",
                READ_DIFFERENCES,
                "x = np.array([0.3])\n"
                "print(fn(lambda x: float(x[0] ** 2), x, 1e-5) - 0.6)  # below 1e-9",
            ),
            Mistake(
                "own-step",
                gradient_own_step,
                "your step is 1e-5, whatever h is.",
                "the number stands in the code; use the argument h.",
                READ_NUMERICAL,
                NUMERICAL_TRY,
            ),
            Mistake(
                "step-too-small",
                gradient_step_too_small,
                "your step is 1e-12, whatever h is.",
                "so small a step leaves four digits of the difference, the rest is rounding; use "
                "the argument h.",
                READ_DIFFERENCES,
                NUMERICAL_TRY,
            ),
            Mistake(
                "step-times-x",
                gradient_step_times_x,
                "your step is h · |x|.",
                "the step is h for every entry; h · |x| would be 0 where x is.",
                READ_NUMERICAL,
                NUMERICAL_TRY,
            ),
            Mistake(
                "last-entry-missing",
                gradient_last_missing,
                "your last slope is 0.",
                "the loop ends one entry too early; np.ndindex(x.shape) gives them all.",
                READ_NUMERICAL,
                ENTRY_TRY,
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


def error_absolute(a, b):
    return np.max(np.abs(a - b))


def error_entry_by_entry(a, b):
    return np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b)))


def error_entry_by_entry_guarded(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b))))


def error_without_sign(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(a - b) / scale if scale else 0.0


def error_scale_without_size(a, b):
    scale = max(np.max(a), np.max(b))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


def error_of_sizes(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.max(np.abs(np.abs(a) - np.abs(b))) / scale if scale else 0.0


def error_mean(a, b):
    scale = max(np.max(np.abs(a)), np.max(np.abs(b)))
    return np.mean(np.abs(a - b)) / scale if scale else 0.0


def error_of_sum(a, b):
    scale = np.max(np.abs(a)) + np.max(np.abs(b))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


def error_of_first(a, b):
    scale = np.max(np.abs(a))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


def error_of_second(a, b):
    scale = np.max(np.abs(b))
    return np.max(np.abs(a - b)) / scale if scale else 0.0


def error_norms(a, b):
    scale = np.linalg.norm(a) + np.linalg.norm(b)
    return np.linalg.norm(a - b) / scale if scale else 0.0


def error_zero_by_zero(a, b):
    return np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b)))


ERROR_TRY = (
    "a, b = np.array([4.0, -2.0, 0.0]), np.array([4.0, -2.001, 1e-12])\n"
    "print(fn(a, b), fn(b, a))  # 0.001 / 4 = 0.00025, both ways\n"
    "print(fn(a, -a))  # 2: opposite signs"
)
BOTH_WAYS_TRY = (
    "a, b = np.array([1.0, 2.0]), np.array([1.0, 4.0])\n"
    "print(fn(a, b), fn(b, a))  # 2 / 4, both ways"
)

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
        mistakes=(
            Mistake(
                "absolute",
                error_absolute,
                "your error is the largest difference, not divided by anything.",
                "0.001 is nothing for gradients of 1000 and everything for gradients of 0.001; "
                "divide by the largest size.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "entry-by-entry",
                error_entry_by_entry,
                "your error is taken entry by entry, so 0 against 1e-12 counts as 1.",
                "an entry that should be 0 and is 1e-12 by rounding has the relative error 1 by "
                "itself; the scale is the whole array's.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "entry-by-entry-guarded",
                error_entry_by_entry_guarded,
                "your error is taken entry by entry, with 1e-8 as the smallest scale.",
                "a small entry then weighs as much as a large one; the scale is the whole array's.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "sign-of-difference",
                error_without_sign,
                "your error only sees entries where a is larger than b.",
                "take |a − b| before the maximum.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "sign-of-scale",
                error_scale_without_size,
                "your error is divided by the largest number, not by the largest size.",
                "np.max of (−1, −7) is −1; take absolute values first.",
                READ_ERROR,
                "a = np.array([-1.0, -7.0])\nprint(fn(a, a - 0.7))  # 0.7 / 7.7 = 0.0909",
            ),
            Mistake(
                "sizes-compared",
                error_of_sizes,
                "your error compares |a| with |b|, so a wrong sign is not seen.",
                "take the difference first and its absolute value afterwards.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "mean-of-differences",
                error_mean,
                "your error averages the differences.",
                "one wrong entry among a thousand would nearly vanish; take the largest.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "sum-of-scales",
                error_of_sum,
                "your error is divided by the sum of both sizes.",
                "that halves it; divide by the larger one.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "scale-of-a",
                error_of_first,
                "your error is divided by the size of a alone.",
                "then a and b cannot be exchanged, and a = 0 divides by 0.",
                READ_ERROR,
                BOTH_WAYS_TRY,
            ),
            Mistake(
                "scale-of-b",
                error_of_second,
                "your error is divided by the size of b alone.",
                "then a and b cannot be exchanged, and b = 0 divides by 0.",
                READ_ERROR,
                BOTH_WAYS_TRY,
            ),
            Mistake(
                "norms",
                error_norms,
                "your error is ‖a − b‖ / (‖a‖ + ‖b‖).",
                "also used, but one wrong entry shrinks in it as the array grows; here the "
                "maxima count.",
                READ_ERROR,
                ERROR_TRY,
            ),
            Mistake(
                "zero-by-zero",
                error_zero_by_zero,
                "your error is not a number for two arrays of zeros.",
                "equal arrays have the error 0; ask before you divide by 0.",
                READ_ERROR,
                "print(fn(np.zeros(2), np.zeros(2)))  # 0",
            ),
        ),
        hints=(
            "A difference is large or small only beside the size of the numbers.",
            "Above: the largest |a − b|. Below: the largest of all |a| and |b|.",
            "If both arrays are 0 everywhere there is nothing to divide by: return 0.",
        ),
        read=READ_ERROR,
    )
)

"""Exercises of lesson 06: sigmoid, forward and backward."""

from __future__ import annotations

import math

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .relu import BACKWARD_PROBES, PROBES, with_upstream

SIGMOID = "lesson 06, section 2: sigmoid: smooth, and hard to pass"


def sigmoid_forward_loops(z):
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] >= 0:
            a[index] = 1 / (1 + math.exp(-z[index]))
        else:
            a[index] = math.exp(z[index]) / (1 + math.exp(z[index]))
    return a


def sigmoid_backward_loops(da, z):
    a = sigmoid_forward_loops(z)
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        dz[index] = da[index] * a[index] * (1 - a[index])
    return dz


def sign_of_exponent(z):
    return sigmoid_forward_loops(-z)


def overflows(z):
    return np.exp(z) / (1 + np.exp(z))


def sum_forgotten(z):
    return 1 / np.exp(-z)


def bracket_missing(z):
    return 1 / 1 + np.exp(-z)


def minus_for_plus(z):
    return 1 / (1 - np.exp(-z))


def hyperbolic_tangent(z):
    return np.tanh(z)


def softmax_over_rows(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def slope_returned(z):
    a = sigmoid_forward_loops(z)
    return a * (1 - a)


def power_of_two(z):
    return 1 / (1 + 2.0**-z)


def halved_twice(z):
    return sigmoid_forward_loops(sigmoid_forward_loops(z))


def z_taken_for_a(da, z):
    return da * z * (1 - z)


def one_factor_a(da, z):
    return da * sigmoid_forward_loops(z)


def one_factor_rest(da, z):
    return da * (1 - sigmoid_forward_loops(z))


def slope_of_tanh(da, z):
    return da * (1 - sigmoid_forward_loops(z) ** 2)


def slope_alone(da, z):
    a = sigmoid_forward_loops(z)
    return a * (1 - a)


def sigmoid_twice(da, z):
    a = sigmoid_forward_loops(sigmoid_forward_loops(z))
    return da * a * (1 - a)


def wrong_sign(da, z):
    a = sigmoid_forward_loops(z)
    return da * a * (a - 1)


def plus_for_minus(da, z):
    a = sigmoid_forward_loops(z)
    return da * a * (1 + a)


def slope_overflows(da, z):
    return da * np.exp(-z) / (1 + np.exp(-z)) ** 2


def slope_squared(da, z):
    a = sigmoid_forward_loops(z)
    return da * (a * (1 - a)) ** 2


def slope_missing(da, z):
    return da.copy()


FAR = np.array([[1000.0, -1000, 0, 2], [-2, 0.5, 30, -30]])
FAR_UP = np.array([[2.0, 3, -5, 7], [-11, 13, 17, 19]])
SHOW_SIGMOID = "z = np.log([1 / 3, 1.0, 3])\nprint(fn(z))  # 1/4, 1/2 and 3/4"
SHOW_FAR = "z = np.array([-1000.0, 0, 1000])\nprint(fn(z))  # 0, 1/2 and 1"
SHOW_SLOPE = (
    "z = np.log([1 / 3, 1.0, 3])  # a is 1/4, 1/2, 3/4\nda = np.array([16.0, 16, 32])\n"
    "print(fn(da, z))  # a (1 - a) da: 3, 4, 6"
)


def _sigmoid(id, wrong, seen, why, experiment=SHOW_SIGMOID) -> Mistake:
    return Mistake(id, wrong, seen, why, SIGMOID, experiment)


sigmoid_forward = make_check(
    Exercise(
        name="sigmoid_forward",
        contract="takes z of any shape; returns a = 1 / (1 + exp(-z)), the shape of z, or "
        "(a, cache). Right also at z = ±1000.",
        outputs=("a",),
        reference=sigmoid_forward_loops,
        probes=(*PROBES, Probe("scores up to ±1000", {"z": FAR})),
        mistakes=(
            _sigmoid(
                "sign-of-exponent",
                sign_of_exponent,
                "your a is 1 minus the right one: it falls where z grows.",
                "the exponent has lost its minus: exp(-z), not exp(z).",
            ),
            _sigmoid(
                "overflows",
                overflows,
                "your a is nan where z is large.",
                "exp(1000) is inf, and inf / inf is nan; use this form for negative z only, and "
                "1 / (1 + exp(-z)) for the others.",
                SHOW_FAR,
            ),
            _sigmoid(
                "sum-forgotten",
                sum_forgotten,
                "your a is exp(z).",
                "1 / exp(-z): the 1 + in the denominator is missing.",
            ),
            _sigmoid(
                "bracket-missing",
                bracket_missing,
                "your a is 1 + exp(-z).",
                "1 / 1 + exp(-z) divides first; the denominator needs brackets.",
            ),
            _sigmoid(
                "minus-for-plus",
                minus_for_plus,
                "your a is 1 / (1 - exp(-z)), which is infinite at 0.",
                "the denominator is a sum, 1 + exp(-z).",
            ),
            _sigmoid(
                "tanh",
                hyperbolic_tangent,
                "your a is tanh(z), between -1 and 1.",
                "the sigmoid lies between 0 and 1, with 1/2 at z = 0.",
            ),
            _sigmoid(
                "softmax",
                softmax_over_rows,
                "your a adds up to 1 along the last axis: it is the softmax.",
                "the sigmoid treats every number by itself.",
            ),
            _sigmoid(
                "slope-returned",
                slope_returned,
                "your a is a (1 - a): the slope of the sigmoid.",
                "that belongs to the way back.",
            ),
            _sigmoid(
                "power-of-two",
                power_of_two,
                "your a is 1 / (1 + 2^(-z)).",
                "the base is e: np.exp, not np.exp2 or 2 **.",
            ),
            _sigmoid(
                "applied-twice",
                halved_twice,
                "your a is the sigmoid of the sigmoid of z.",
                "it is applied twice, here and where z comes from.",
            ),
        ),
        hints=(
            "Each number by itself: 1 / (1 + exp(-z)).",
            "np.exp works on a whole array, and mind the brackets.",
            "For z far below 0, exp(z) / (1 + exp(z)) is the same number and never overflows.",
        ),
        read=SIGMOID,
    )
)

sigmoid_backward = make_check(
    Exercise(
        name="sigmoid_backward",
        contract="takes (da, z), two arrays of the same shape, z what the forward function got "
        "(not a); returns dz. Right also at z = ±1000.",
        outputs=("dz",),
        reference=sigmoid_backward_loops,
        probes=(
            *BACKWARD_PROBES,
            Probe("scores up to ±1000", with_upstream(FAR, FAR_UP)),
        ),
        mistakes=(
            _sigmoid(
                "z-taken-for-a",
                z_taken_for_a,
                "your dz is da · z (1 - z).",
                "the slope is a (1 - a) with a = sigmoid(z); the function is given z.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "one-factor-a",
                one_factor_a,
                "your dz is da · a.",
                "the slope a (1 - a) has a second factor.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "one-factor-rest",
                one_factor_rest,
                "your dz is da · (1 - a).",
                "the slope a (1 - a) has a second factor.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "slope-of-tanh",
                slope_of_tanh,
                "your dz is da · (1 - a²).",
                "that is the slope of tanh; the sigmoid's is a (1 - a).",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "slope-alone",
                slope_alone,
                "your dz does not depend on da: it is the slope.",
                "the chain rule multiplies the slope by da.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "slope-missing",
                slope_missing,
                "your dz is da.",
                "the gradient is multiplied by the slope a (1 - a), at most 1/4.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "sigmoid-twice",
                sigmoid_twice,
                "your slope is taken at sigmoid(z) instead of z.",
                "the sigmoid is applied twice before a (1 - a) is formed.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "wrong-sign",
                wrong_sign,
                "your dz has the wrong sign.",
                "the sigmoid rises: its slope a (1 - a) is positive.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "plus-for-minus",
                plus_for_minus,
                "your dz is da · a (1 + a).",
                "the slope is a (1 - a): 0 where a is 0 or 1.",
                SHOW_SLOPE,
            ),
            _sigmoid(
                "overflows",
                slope_overflows,
                "your dz is nan where z is far below 0.",
                "exp(1000) is inf, and inf / inf is nan; form a first, then a (1 - a).",
                "z = np.array([-1000.0, 0, 1000])\nda = np.ones(3)\nprint(fn(da, z))  # 0, 1/4, 0",
            ),
            _sigmoid(
                "slope-squared",
                slope_squared,
                "your dz has the slope in it twice.",
                "a (1 - a) is multiplied once; is it in what comes from above already?",
                SHOW_SLOPE,
            ),
        ),
        hints=(
            "How steep is the sigmoid at z? It can be said with a alone.",
            "a' = a (1 - a), where a = 1 / (1 + exp(-z)): compute a from z first.",
            "dz = da * a * (1 - a), number by number.",
        ),
        read=SIGMOID,
    )
)

"""Exercise of lesson 11: one step of RMSProp."""

from __future__ import annotations

import functools

import numpy as np

from .exercise import Exercise, Mistake, make_check
from .optimizers import READ_MEMORY, changes, step_probes

READ_RMSPROP = "lesson 11, section 5: RMSProp: a step of its own for every weight"


def rmsprop_step_reference(w, dw, square, rate, decay, eps):
    square = decay * square + (1 - decay) * dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


def _mean_square(dw, square, decay):
    return decay * square + (1 - decay) * dw**2


def rmsprop_uphill(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w + rate * dw / (np.sqrt(square) + eps), square


def rmsprop_shares_exchanged(w, dw, square, rate, decay, eps):
    square = (1 - decay) * square + decay * dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_without_root(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - rate * dw / (square + eps), square


def rmsprop_eps_inside(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - rate * dw / np.sqrt(square + eps), square


def rmsprop_without_eps(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - rate * dw / np.sqrt(square), square


def rmsprop_eps_behind(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - rate * dw / np.sqrt(square) + eps, square


def rmsprop_eps_in_step(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - rate * (dw / np.sqrt(square) + eps), square


def rmsprop_eps_kept(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay) + eps
    return w - rate * dw / np.sqrt(square), square


def rmsprop_absolute(w, dw, square, rate, decay, eps):
    square = decay * square + (1 - decay) * np.abs(dw)
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_not_squared(w, dw, square, rate, decay, eps):
    square = decay * square + (1 - decay) * dw
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_adagrad(w, dw, square, rate, decay, eps):
    square = square + dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_whole_square(w, dw, square, rate, decay, eps):
    square = decay * square + dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_share_squared(w, dw, square, rate, decay, eps):
    square = decay * square + ((1 - decay) * dw) ** 2
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_old_square(w, dw, square, rate, decay, eps):
    return w - rate * dw / (np.sqrt(square) + eps), _mean_square(dw, square, decay)


def rmsprop_square_not_kept(w, dw, square, rate, decay, eps):
    new = _mean_square(dw, square, decay)
    return w - rate * dw / (np.sqrt(new) + eps), square.copy()


def rmsprop_root_kept(w, dw, square, rate, decay, eps):
    root = np.sqrt(_mean_square(dw, square, decay))
    return w - rate * dw / (root + eps), root


def rmsprop_square_forgotten(w, dw, square, rate, decay, eps):
    square = (1 - decay) * dw**2
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_one_square(w, dw, square, rate, decay, eps):
    square = decay * square + (1 - decay) * np.mean(dw**2)
    return w - rate * dw / (np.sqrt(square) + eps), square


def rmsprop_not_divided(w, dw, square, rate, decay, eps):
    return w - rate * dw, _mean_square(dw, square, decay)


def rmsprop_without_rate(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return w - dw / (np.sqrt(square) + eps), square


def rmsprop_fixed(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, 0.9)
    return w - rate * dw / (np.sqrt(square) + 1e-8), square


def rmsprop_results_exchanged(w, dw, square, rate, decay, eps):
    square = _mean_square(dw, square, decay)
    return square, w - rate * dw / (np.sqrt(square) + eps)


def rmsprop_unchanged(w, dw, square, rate, decay, eps):
    return w.copy(), square.copy()


def rmsprop_w_stays(w, dw, square, rate, decay, eps):
    return w.copy(), _mean_square(dw, square, decay)


RMSPROP_TRY = (
    "w, s = fn(np.zeros(1), np.array([1.0]), np.zeros(1), 0.1, 0.9, 1e-8)\n"
    "print(w, s)  # s = 0.1, w = −0.1 / √0.1 = −0.3162\n"
    "print(fn(w, np.array([3.0]), s, 0.1, 0.9, 1e-8))  # s = 0.09 + 0.9, the step −0.3 / √0.99"
)
RMSPROP_EPS_TRY = (
    "w, dw, s = np.zeros(3), np.array([0.0, 1.0, 100.0]), np.zeros(3)\n"
    "w, s = fn(w, dw, s, 1.0, 0.0, 1.0)  # decay 0: s is dw²; eps 1\n"
    "print(w)  # −dw / (|dw| + 1): 0, −1/2, −100/101"
)

rmsprop_step = make_check(
    Exercise(
        name="rmsprop_step",
        contract="takes (w, dw, square, rate, decay, eps): a parameter, its gradient and the "
        "running mean of its square, all of one shape, and three numbers; returns (w, square), "
        "the new ones: square ← decay · square + (1 − decay) · dw², "
        "w ← w − rate · dw / (√square + eps).",
        outputs=("change of w", "square"),
        reference=rmsprop_step_reference,
        play=functools.partial(changes, ("w", "square"), 1),
        may_share=True,
        probes=step_probes(
            rmsprop_step_reference,
            ("square",),
            {"rate": 0.1, "decay": 0.9, "eps": 1e-8},
            {"rate": 0.35, "decay": 0.7, "eps": 0.05},
        ),
        mistakes=(
            Mistake(
                "uphill",
                rmsprop_uphill,
                "your w moves by the right distance, in the opposite direction.",
                "dividing by a root changes no sign: the step still goes against the gradient.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "shares-exchanged",
                rmsprop_shares_exchanged,
                "your decay and 1 − decay are exchanged.",
                "decay is the share that is kept; with 0.9, a tenth of the mean square is renewed "
                "in each step.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "root-missing",
                rmsprop_without_root,
                "your step is divided by the mean square itself.",
                "dw / dw² shrinks as the gradient grows; only with the root has the quotient no "
                "unit.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "eps-inside-root",
                rmsprop_eps_inside,
                "your eps is added under the root.",
                "√(s + 1e-8) is at least 1e-4, ten thousand times the eps that was meant; it is "
                "added to the root.",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "eps-missing",
                rmsprop_without_eps,
                "your w is not a number where the gradient has always been 0.",
                "there is 0 / 0; eps keeps the denominator away from 0.",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "eps-behind-fraction",
                rmsprop_eps_behind,
                "your eps is added behind the fraction.",
                "without parentheses, rate · dw / √s + eps divides first; eps belongs to the "
                "denominator: / (√s + eps).",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "eps-in-step",
                rmsprop_eps_in_step,
                "your eps is added to the quotient, so every weight drifts by rate · eps.",
                "dw / √s + eps divides first; eps belongs to the denominator: / (√s + eps).",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "eps-kept",
                rmsprop_eps_kept,
                "your square contains eps, and grows by it in every step.",
                "eps only protects the division and is not remembered.",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "absolute-for-square",
                rmsprop_absolute,
                "your square averages |dw| instead of dw².",
                "the root then does not undo a square, and the step keeps a unit.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "not-squared",
                rmsprop_not_squared,
                "your square averages dw itself.",
                "it is negative where the gradient is, and the root of that is not a number.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "everything-added-up",
                rmsprop_adagrad,
                "your square is the sum of all squares so far.",
                "that is AdaGrad, whose steps become ever shorter; RMSProp forgets: "
                "decay · square + (1 − decay) · dw².",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "whole-square-added",
                rmsprop_whole_square,
                "your dw² is added whole, without its share 1 − decay.",
                "the shares must add up to 1, or the mean is no mean: it grows to 1 / (1 − decay) "
                "times the mean square.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "share-squared-too",
                rmsprop_share_squared,
                "your share 1 − decay is squared together with dw.",
                "square the gradient first, then take its share: (1 − decay) · dw².",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "old-square",
                rmsprop_old_square,
                "your step is divided by the mean square of the step before.",
                "the gradient goes into the mean first; in the first step yours divides by eps "
                "alone.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "square-not-kept",
                rmsprop_square_not_kept,
                "the square you return is the old one.",
                "the caller hands it back in the next step, and then nothing was remembered.",
                READ_MEMORY,
                RMSPROP_TRY,
            ),
            Mistake(
                "root-kept",
                rmsprop_root_kept,
                "your square is already a root.",
                "the mean square is remembered; the root is taken anew in each step.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "square-forgotten",
                rmsprop_square_forgotten,
                "your square comes from the new gradient alone.",
                "the part decay · square of the old mean is missing.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "one-square-for-all",
                rmsprop_one_square,
                "your weights share one mean square.",
                "a mean over the array undoes what RMSProp is for: a step of its own for every "
                "weight.",
                READ_RMSPROP,
                "w, dw, s = np.zeros(2), np.array([1.0, 100.0]), np.zeros(2)\n"
                "print(fn(w, dw, s, 0.1, 0.9, 1e-8))  # both weights must move equally far",
            ),
            Mistake(
                "not-divided",
                rmsprop_not_divided,
                "your step is not divided by the root of the mean square.",
                "this is plain SGD that carries a mean square along.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "rate-missing",
                rmsprop_without_rate,
                "your step has no learning rate.",
                "dw / √s is about 1 in size; the rate says how long the step really is.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "settings-fixed",
                rmsprop_fixed,
                "your decay is 0.9 and your eps 1e-8, whatever is passed in.",
                "the numbers stand in the code; use the arguments.",
                READ_RMSPROP,
                RMSPROP_EPS_TRY,
            ),
            Mistake(
                "results-exchanged",
                rmsprop_results_exchanged,
                "your two results are exchanged: the square comes first.",
                "return (w, square).",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "unchanged",
                rmsprop_unchanged,
                "everything you return comes back as it was.",
                "the lines of the step are missing, or their results are not returned.",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
            Mistake(
                "w-stays",
                rmsprop_w_stays,
                "your w comes back as it was.",
                "the last line is missing, or its result is not returned: "
                "w − rate · dw / (√square + eps).",
                READ_RMSPROP,
                RMSPROP_TRY,
            ),
        ),
        hints=(
            "Each weight's gradient is divided by the gradient's own usual size.",
            "The usual size is a running root mean square: keep the mean square, take the root "
            "anew in each step.",
            "square = decay · square + (1 − decay) · dw² is the first line.",
            "eps is added to the root, in the denominator and in parentheses. Return both.",
        ),
        read=READ_RMSPROP,
    )
)

"""Exercise of lesson 11: one step of Adam."""

from __future__ import annotations

import functools

import numpy as np

from .exercise import Exercise, Mistake, make_check
from .optimizers import READ_MEMORY, changes, step_probes

READ_ADAM = "lesson 11, section 6: Adam: both memories, and a fair start"
READ_MISTAKES = "lesson 11, common mistakes"


def adam_step_reference(w, dw, m, v, t, rate, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def _memories(dw, m, v, beta1, beta2):
    """The two running means, right; the mistakes below need all but one of these parts."""
    return beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * dw**2


def _fair(m, v, t, beta1, beta2):
    return m / (1 - beta1**t), v / (1 - beta2**t)


def _moved(w, m_hat, v_hat, rate, eps):
    return w - rate * m_hat / (np.sqrt(v_hat) + eps)


def adam_uphill(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta2), -rate, eps), m, v


def adam_uncorrected(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m, v, rate, eps), m, v


def adam_only_m_corrected(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m / (1 - beta1**t), v, rate, eps), m, v


def adam_only_v_corrected(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m, v / (1 - beta2**t), rate, eps), m, v


def adam_beta_times_t(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m / (1 - beta1 * t), v / (1 - beta2 * t), rate, eps), m, v


def adam_t_too_small(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t - 1, beta1, beta2), rate, eps), m, v


def adam_t_too_large(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t + 1, beta1, beta2), rate, eps), m, v


def adam_t_ignored(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, 1, beta1, beta2), rate, eps), m, v


def adam_one_minus_missing(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m / beta1**t, v / beta2**t, rate, eps), m, v


def adam_correction_multiplies(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, m * (1 - beta1**t), v * (1 - beta2**t), rate, eps), m, v


def adam_correction_outside_root(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    m_hat, root = m / (1 - beta1**t), np.sqrt(v) / (1 - beta2**t)
    return w - rate * m_hat / (root + eps), m, v


def adam_beta1_for_both(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta1), rate, eps), m, v


def adam_eps_inside(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    m_hat, v_hat = _fair(m, v, t, beta1, beta2)
    return w - rate * m_hat / np.sqrt(v_hat + eps), m, v


def adam_eps_before_correction(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    rate = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - rate * m / (np.sqrt(v) + eps), m, v


def adam_without_eps(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, 0), m, v


def adam_eps_behind(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    m_hat, v_hat = _fair(m, v, t, beta1, beta2)
    return w - rate * m_hat / np.sqrt(v_hat) + eps, m, v


def adam_without_root(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    m_hat, v_hat = _fair(m, v, t, beta1, beta2)
    return w - rate * m_hat / (v_hat + eps), m, v


def adam_betas_exchanged(w, dw, m, v, t, rate, beta1, beta2, eps):
    return adam_step_reference(w, dw, m, v, t, rate, beta2, beta1, eps)


def adam_shares_exchanged(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, 1 - beta1, 1 - beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_whole_added(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + dw, beta2 * v + dw**2
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_absolute(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * np.abs(dw)
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_not_squared(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * dw
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_share_squared(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + ((1 - beta2) * dw) ** 2
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_square_of_mean(w, dw, m, v, t, rate, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * m**2
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), m, v


def adam_mean_unused(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, dw, v / (1 - beta2**t), rate, eps), m, v


def adam_square_unused(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return w - rate * m / (1 - beta1**t), m, v


def adam_old_memories(w, dw, m, v, t, rate, beta1, beta2, eps):
    new = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta2), rate, eps), *new


def adam_memories_not_kept(w, dw, m, v, t, rate, beta1, beta2, eps):
    return adam_step_reference(w, dw, m, v, t, rate, beta1, beta2, eps)[0], m.copy(), v.copy()


def adam_corrected_kept(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    m_hat, v_hat = _fair(m, v, t, beta1, beta2)
    return _moved(w, m_hat, v_hat, rate, eps), m_hat, v_hat


def adam_without_rate(w, dw, m, v, t, rate, beta1, beta2, eps):
    m, v = _memories(dw, m, v, beta1, beta2)
    return _moved(w, *_fair(m, v, t, beta1, beta2), 1, eps), m, v


def adam_fixed(w, dw, m, v, t, rate, beta1, beta2, eps):
    return adam_step_reference(w, dw, m, v, t, rate, 0.9, 0.999, 1e-8)


def adam_results_exchanged(w, dw, m, v, t, rate, beta1, beta2, eps):
    w, m, v = adam_step_reference(w, dw, m, v, t, rate, beta1, beta2, eps)
    return w, v, m


def adam_unchanged(w, dw, m, v, t, rate, beta1, beta2, eps):
    return w.copy(), m.copy(), v.copy()


def adam_w_stays(w, dw, m, v, t, rate, beta1, beta2, eps):
    return w.copy(), *_memories(dw, m, v, beta1, beta2)


ADAM_TRY = (
    "w, dw, zero = np.zeros(2), np.array([0.01, -100.0]), np.zeros(2)\n"
    "w, m, v = fn(w, dw, zero, zero, 1, 0.1, 0.9, 0.999, 1e-8)\n"
    "print(w / 0.1, m, v)  # the first step is −rate · sign(dw): −1 and 1"
)
ADAM_TWO_TRY = (
    "w, m, v = fn(*np.array([[0.0], [1.0], [0.0], [0.0]]), 1, 0.1, 0.9, 0.999, 1e-8)\n"
    "w, m, v = fn(w, np.array([3.0]), m, v, 2, 0.1, 0.9, 0.999, 1e-8)\n"
    "print(w, m, v)  # by hand: −0.191778, 0.39, 0.009999"
)
ADAM_EPS_TRY = (
    "w, dw, zero = np.zeros(3), np.array([0.0, 1.0, 100.0]), np.zeros(3)\n"
    "w, m, v = fn(w, dw, zero, zero, 1, 1.0, 0.9, 0.999, 1.0)  # eps 1\n"
    "print(w)  # −dw / (|dw| + 1): 0, −1/2, −100/101"
)

adam_step = make_check(
    Exercise(
        name="adam_step",
        contract="takes (w, dw, m, v, t, rate, beta1, beta2, eps): a parameter, its gradient and "
        "the running means of the gradient and of its square, all of one shape, the number t of "
        "the step (1, 2, …) and four numbers; returns (w, m, v), the new ones, m and v as they "
        "are before their correction: w ← w − rate · m̂ / (√v̂ + eps) with m̂ = m / (1 − beta1ᵗ), "
        "v̂ = v / (1 − beta2ᵗ).",
        outputs=("change of w", "m", "v"),
        reference=adam_step_reference,
        play=functools.partial(changes, ("w", "m", "v"), 1),
        may_share=True,
        probes=step_probes(
            adam_step_reference,
            ("m", "v"),
            {"rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
            {"rate": 0.35, "beta1": 0.7, "beta2": 0.85, "eps": 0.05},
            numbered=True,
        ),
        mistakes=(
            Mistake(
                "uphill",
                adam_uphill,
                "your w moves by the right distance, in the opposite direction.",
                "m is a mean of gradients, which point uphill: w − rate · m̂ / (√v̂ + eps).",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "no-bias-correction",
                adam_uncorrected,
                "your first step is 3.162 times too long: neither m nor v is corrected.",
                "both means start at 0; in the first step m is 0.1 · dw and √v is 0.0316 · |dw|, "
                "and their quotient is 3.162.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "only-m-corrected",
                adam_only_m_corrected,
                "your first step is 31.6 times too long: m is corrected, v is not.",
                "in the first step √v is 0.0316 · |dw| and not |dw|; divide v by 1 − beta2ᵗ too.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "only-v-corrected",
                adam_only_v_corrected,
                "your first step is a tenth of what it should be: v is corrected, m is not.",
                "in the first step m is 0.1 · dw; divide it by 1 − beta1ᵗ too.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "beta-times-t",
                adam_beta_times_t,
                "your step is right for t = 1 and wrong from t = 2 on: beta · t for beta ** t.",
                "1 − 0.999 · 2 is negative, and the root of a negative number is nan; the weights "
                "of all gradients so far add up to 1 − betaᵗ.",
                READ_ADAM,
                ADAM_TWO_TRY,
            ),
            Mistake(
                "t-one-too-small",
                adam_t_too_small,
                "your correction uses t − 1, so the first step divides by 0.",
                "1 − beta⁰ is 0; here t is 1 in the first step.",
                READ_MISTAKES,
                ADAM_TRY,
            ),
            Mistake(
                "t-one-too-large",
                adam_t_too_large,
                "your correction uses t + 1.",
                "t is already 1 in the first step; counted on, the first step becomes 0.744 times "
                "as long.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "t-ignored",
                adam_t_ignored,
                "your step is right for t = 1 and too long afterwards: the correction is always "
                "1 − beta.",
                "the older the means, the less is missing: they are divided by 1 − betaᵗ.",
                READ_ADAM,
                ADAM_TWO_TRY,
            ),
            Mistake(
                "one-minus-missing",
                adam_one_minus_missing,
                "your means are divided by betaᵗ.",
                "betaᵗ is the share that still belongs to the 0 at the start; the gradients have "
                "the rest, 1 − betaᵗ.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "correction-multiplies",
                adam_correction_multiplies,
                "your means are multiplied by 1 − betaᵗ.",
                "they are too small at first, so they are divided by it.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "correction-outside-root",
                adam_correction_outside_root,
                "your √v is divided by 1 − beta2ᵗ, instead of v.",
                "correct first, then take the root: √(v / (1 − beta2ᵗ)).",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "beta1-for-both",
                adam_beta1_for_both,
                "your v is corrected with beta1.",
                "each mean has its own share: v is divided by 1 − beta2ᵗ.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "eps-inside-root",
                adam_eps_inside,
                "your eps is added under the root.",
                "√(v̂ + 1e-8) is at least 1e-4, ten thousand times the eps that was meant; it is "
                "added to the root.",
                READ_ADAM,
                ADAM_EPS_TRY,
            ),
            Mistake(
                "eps-before-correction",
                adam_eps_before_correction,
                "your eps is added to √v before the correction.",
                "the short form with rate · √(1 − beta2ᵗ) / (1 − beta1ᵗ) divides eps by the "
                "correction too, so in the first steps it acts as a much larger one.",
                READ_ADAM,
                ADAM_EPS_TRY,
            ),
            Mistake(
                "eps-missing",
                adam_without_eps,
                "your w is not a number where the gradient has always been 0.",
                "there is 0 / 0; eps keeps the denominator away from 0.",
                READ_ADAM,
                ADAM_EPS_TRY,
            ),
            Mistake(
                "eps-behind-fraction",
                adam_eps_behind,
                "your eps is added behind the fraction.",
                "without parentheses, rate · m̂ / √v̂ + eps divides first; eps belongs to the "
                "denominator: / (√v̂ + eps).",
                READ_ADAM,
                ADAM_EPS_TRY,
            ),
            Mistake(
                "root-missing",
                adam_without_root,
                "your step is divided by v̂ itself.",
                "dw / dw² shrinks as the gradient grows; only with the root is the first step as "
                "long as the rate.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "betas-exchanged",
                adam_betas_exchanged,
                "your beta1 and beta2 are exchanged.",
                "beta1 belongs to the mean m, beta2 to the mean square v.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "shares-exchanged",
                adam_shares_exchanged,
                "your beta and 1 − beta are exchanged in both means.",
                "beta is the share that is kept of the old mean.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "whole-added",
                adam_whole_added,
                "your gradient is added whole to a memory, without its share 1 − beta.",
                "both memories are means and not sums: a constant gradient g must give m → g and "
                "v → g².",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "absolute-for-square",
                adam_absolute,
                "your v averages |dw| instead of dw².",
                "the root then does not undo a square, and the first step is √|dw| · rate.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "not-squared",
                adam_not_squared,
                "your v averages dw itself.",
                "it is negative where the gradient is, and the root of that is not a number.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "share-squared-too",
                adam_share_squared,
                "your share 1 − beta2 is squared together with dw.",
                "square the gradient first, then take its share: (1 − beta2) · dw².",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "square-of-mean",
                adam_square_of_mean,
                "your v averages m² instead of dw².",
                "v measures the usual size of the gradients themselves; their mean may be 0 while "
                "they are large.",
                READ_ADAM,
                ADAM_TWO_TRY,
            ),
            Mistake(
                "mean-unused",
                adam_mean_unused,
                "your step uses dw instead of m̂.",
                "this is RMSProp with a correction; Adam follows the mean of the gradients.",
                READ_ADAM,
                ADAM_TWO_TRY,
            ),
            Mistake(
                "square-unused",
                adam_square_unused,
                "your step is not divided by √v̂.",
                "then every weight has the same rate, and the loss's unit counts again.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "old-memories",
                adam_old_memories,
                "your step uses m and v of the step before.",
                "the gradient goes into both means first; yours cannot move in the first step.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "memories-not-kept",
                adam_memories_not_kept,
                "you return a memory as it was before the step.",
                "the caller hands it back in the next step, and then nothing was remembered.",
                READ_MEMORY,
                ADAM_TRY,
            ),
            Mistake(
                "corrected-kept",
                adam_corrected_kept,
                "you return a memory after its correction.",
                "the next step would correct it once more; remember m and v, and make m̂ and v̂ "
                "for the step only.",
                READ_ADAM,
                ADAM_TWO_TRY,
            ),
            Mistake(
                "rate-missing",
                adam_without_rate,
                "your step has no learning rate.",
                "m̂ / √v̂ is about 1 in size; the rate says how long the step really is.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "settings-fixed",
                adam_fixed,
                "your beta1, beta2 and eps are 0.9, 0.999 and 1e-8, whatever is passed in.",
                "the numbers stand in the code; use the arguments.",
                READ_ADAM,
                ADAM_EPS_TRY,
            ),
            Mistake(
                "results-exchanged",
                adam_results_exchanged,
                "one of your memories stands in the other one's place.",
                "return (w, m, v).",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "unchanged",
                adam_unchanged,
                "everything you return comes back as it was.",
                "the lines of the step are missing, or their results are not returned.",
                READ_ADAM,
                ADAM_TRY,
            ),
            Mistake(
                "w-stays",
                adam_w_stays,
                "your w comes back as it was.",
                "the last line is missing, or its result is not returned: "
                "w − rate · m̂ / (√v̂ + eps).",
                READ_ADAM,
                ADAM_TRY,
            ),
        ),
        hints=(
            "Two memories: m is a running mean of the gradient, v one of its square.",
            "Both begin at 0 and are too small at first. Test yours: the first step must be "
            "−rate · sign(dw).",
            "m̂ is m / (1 − beta1 ** t), and v̂ the same with v and beta2. They are for this step "
            "only.",
            "w moves by rate · m̂ / (√v̂ + eps). Return w and the uncorrected m and v.",
        ),
        read=READ_ADAM,
    )
)

"""Exercise of lesson 11: a run of Adam, several steps on two parameters."""

from __future__ import annotations

import functools

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .optimizers import READ_MEMORY, changes, numbers
from .optimizers_adam import adam_step_reference, adam_uncorrected

READ_ADAM = "lesson 11, section 6: Adam: both memories, and a fair start"
READ_MISTAKES = "lesson 11, common mistakes"


def adam_reference(w, b, dw, db, rate, beta1, beta2, eps):
    m_w, v_w = np.zeros_like(w), np.zeros_like(w)
    m_b, v_b = np.zeros_like(b), np.zeros_like(b)
    for t in range(1, len(dw) + 1):
        w, m_w, v_w = adam_step_reference(w, dw[t - 1], m_w, v_w, t, rate, beta1, beta2, eps)
        b, m_b, v_b = adam_step_reference(b, db[t - 1], m_b, v_b, t, rate, beta1, beta2, eps)
    return w, b


def _run(array, gradients, numbers, settings):
    """Adam on one parameter: its gradient and its t in each step."""
    m, v = np.zeros_like(array), np.zeros_like(array)
    for gradient, t in zip(gradients, numbers, strict=True):
        array, m, v = adam_step_reference(array, gradient, m, v, t, *settings)
    return array


def adam_t_per_array(w, b, dw, db, *settings):
    steps = len(dw)
    odd, even = range(1, 2 * steps, 2), range(2, 2 * steps + 1, 2)
    return _run(w, dw, odd, settings), _run(b, db, even, settings)


def adam_t_twice_a_step(w, b, dw, db, *settings):
    even = range(2, 2 * len(dw) + 1, 2)
    return _run(w, dw, even, settings), _run(b, db, even, settings)


def adam_t_stands_still(w, b, dw, db, *settings):
    ones = [1] * len(dw)
    return _run(w, dw, ones, settings), _run(b, db, ones, settings)


def adam_t_from_zero(w, b, dw, db, *settings):
    numbers = range(len(dw))
    return _run(w, dw, numbers, settings), _run(b, db, numbers, settings)


def adam_memories_reset(w, b, dw, db, *settings):
    for t in range(1, len(dw) + 1):
        w, b = _run(w, dw[t - 1 : t], [t], settings), _run(b, db[t - 1 : t], [t], settings)
    return w, b


def adam_started_anew(w, b, dw, db, *settings):
    for t in range(len(dw)):
        w, b = _run(w, dw[t : t + 1], [1], settings), _run(b, db[t : t + 1], [1], settings)
    return w, b


def adam_one_step_missing(w, b, dw, db, *settings):
    numbers = range(1, len(dw))
    return _run(w, dw[:-1], numbers, settings), _run(b, db[:-1], numbers, settings)


def adam_first_gradient_skipped(w, b, dw, db, *settings):
    numbers = range(1, len(dw))
    return _run(w, dw[1:], numbers, settings), _run(b, db[1:], numbers, settings)


def adam_only_w(w, b, dw, db, *settings):
    return adam_reference(w, b, dw, db, *settings)[0], b.copy()


def adam_only_b(w, b, dw, db, *settings):
    return w.copy(), adam_reference(w, b, dw, db, *settings)[1]


def adam_gradients_added_up(w, b, dw, db, *settings):
    return adam_reference(w, b, np.cumsum(dw, axis=0), np.cumsum(db, axis=0), *settings)


def adam_first_gradient_always(w, b, dw, db, *settings):
    numbers = range(1, len(dw) + 1)
    return (
        _run(w, [dw[0]] * len(dw), numbers, settings),
        _run(b, [db[0]] * len(db), numbers, settings),
    )


def adam_one_step_of_mean(w, b, dw, db, *settings):
    return adam_reference(w, b, dw.mean(axis=0)[None], db.mean(axis=0)[None], *settings)


def adam_starts_from_the_beginning(w, b, dw, db, rate, beta1, beta2, eps):
    found = []
    for array, gradients in ((w, dw), (b, db)):
        m, v = np.zeros_like(array), np.zeros_like(array)
        for t, gradient in enumerate(gradients, start=1):
            new, m, v = adam_step_reference(array, gradient, m, v, t, rate, beta1, beta2, eps)
        found.append(new)
    return tuple(found)


def adam_run_uncorrected(w, b, dw, db, *settings):
    found = []
    for array, gradients in ((w, dw), (b, db)):
        m, v = np.zeros_like(array), np.zeros_like(array)
        for gradient in gradients:
            array, m, v = adam_uncorrected(array, gradient, m, v, 1, *settings)
        found.append(array)
    return tuple(found)


def adam_run_uphill(w, b, dw, db, rate, *others):
    return adam_reference(w, b, dw, db, -rate, *others)


def adam_t_per_array_b_first(w, b, dw, db, *settings):
    return _run(w, dw, range(2, 2 * len(dw) + 1, 2), settings), _run(
        b, db, range(1, 2 * len(dw), 2), settings
    )


def _adam_probe(about, seed, shape, steps, settings):
    w, *dw = numbers(seed, shape, *[shape] * steps)
    b, *db = numbers(seed + 100, (5,), *[(5,)] * steps)
    dw, db = np.stack(dw), np.stack(db)
    dw.reshape(steps, -1)[:, 1] = db[:, 1] = 0.0  # one weight of each that no image moves
    return Probe(about, {"w": w, "b": b, "dw": dw, "db": db, **settings})


def adam_nothing_moves(w, b, dw, db, *settings):
    return w.copy(), b.copy()


ADAM_ONES_TRY = (
    "w, b, ones = np.zeros(1), np.zeros((1, 1)), np.ones((4, 1))\n"
    "w, b = fn(w, b, ones, ones[:, None], 0.1, 0.9, 0.999, 1e-8)\n"
    "print(w, b)  # with a gradient that is always 1, four steps of −0.1 each: −0.4 and −0.4"
)
ADAM_RUN_TRY = (
    "w, b, g = np.zeros(1), np.zeros((1, 1)), np.array([[1.0], [3.0]])  # gradients 1, then 3\n"
    "w, b = fn(w, b, g, g[:, None], 0.1, 0.9, 0.999, 1e-8)\n"
    "print(w, b)  # by hand: −0.191778 and −0.191778"
)

adam = make_check(
    Exercise(
        name="adam",
        contract="takes (w, b, dw, db, rate, beta1, beta2, eps): two parameters of different "
        "shapes and their gradients in every step, dw of shape (steps, *w.shape) and db of shape "
        "(steps, *b.shape); returns (w, b) after all steps. Both parameters take step t = 1, then "
        "both t = 2, …; all memories begin at 0.",
        outputs=("change of w", "change of b"),
        reference=adam_reference,
        play=functools.partial(changes, ("w", "b"), 2),
        may_share=True,
        probes=(
            _adam_probe(
                "1 step, w 2×3, b 5, usual settings",
                11,
                (2, 3),
                1,
                {"rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
            ),
            _adam_probe(
                "4 steps, w 3×2×4, b 5, rate 0.35, beta1 0.7, beta2 0.85, eps 0.05",
                12,
                (3, 2, 4),
                4,
                {"rate": 0.35, "beta1": 0.7, "beta2": 0.85, "eps": 0.05},
            ),
        ),
        mistakes=(
            Mistake(
                "t-per-parameter",
                adam_t_per_array,
                "your t is counted on for every parameter: b's first step is 0.744 times as long "
                "as it should be.",
                "w takes t = 1 and b takes t = 2, then 3 and 4; t counts steps and belongs to all "
                "parameters together.",
                READ_MEMORY,
                ADAM_ONES_TRY,
            ),
            Mistake(
                "t-per-parameter-b-first",
                adam_t_per_array_b_first,
                "your t is counted on for every parameter, b first: w's first step is 0.744 times "
                "as long as it should be.",
                "b takes t = 1 and w takes t = 2, then 3 and 4; t counts steps and belongs to all "
                "parameters together.",
                READ_MEMORY,
                ADAM_ONES_TRY,
            ),
            Mistake(
                "t-twice-a-step",
                adam_t_twice_a_step,
                "your t grows by 2 in each step: 2, 4, 6 …",
                "it is counted in two places; t is 1 in the first step and grows by 1.",
                READ_ADAM,
                ADAM_ONES_TRY,
            ),
            Mistake(
                "t-stands-still",
                adam_t_stands_still,
                "your first step is right, the later ones are too long: t stays 1.",
                "t must grow by 1 in each step, or means that are full are corrected as if they "
                "were nearly empty.",
                READ_ADAM,
                ADAM_ONES_TRY,
            ),
            Mistake(
                "t-from-zero",
                adam_t_from_zero,
                "your parameters are not numbers (nan): t is 0 in the first step.",
                "1 − beta⁰ is 0, and 0 / 0 is nan; count from 1.",
                READ_MISTAKES,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "memories-reset",
                adam_memories_reset,
                "your m and v begin at 0 again in every step.",
                "they are made inside the loop; make them before it, or nothing is remembered.",
                READ_MEMORY,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "started-anew",
                adam_started_anew,
                "your every step is a first one: m, v and t begin again.",
                "they are made inside the loop; then each step is −rate · sign(dw), and that is "
                "all it learns from a gradient.",
                READ_MEMORY,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "last-step-missing",
                adam_one_step_missing,
                "your last gradient is not used.",
                "range(1, steps) ends before steps; t goes from 1 to steps.",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "first-gradient-skipped",
                adam_first_gradient_skipped,
                "your first gradient is not used.",
                "t counts from 1, but the first gradient is dw[0]: step t uses dw[t − 1].",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "only-w",
                adam_only_w,
                "your b does not move.",
                "the bias is a parameter too, with a gradient and memories of its own.",
                READ_MEMORY,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "only-b",
                adam_only_b,
                "your w does not move.",
                "its lines are missing, or their result is not returned.",
                READ_MEMORY,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "gradients-added-up",
                adam_gradients_added_up,
                "your step t uses the sum of the gradients of all steps so far.",
                "each step has its gradient dw[t − 1]; what remains of the older ones is in m.",
                "lesson 09, common mistakes",
                ADAM_RUN_TRY,
            ),
            Mistake(
                "first-gradient-always",
                adam_first_gradient_always,
                "your every step uses the first gradient.",
                "step t uses dw[t − 1] and db[t − 1].",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "one-step-of-mean",
                adam_one_step_of_mean,
                "your parameters take one step, with the mean of all gradients.",
                "the first axis of dw counts the steps; each is a step of its own.",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "from-the-start-each-time",
                adam_starts_from_the_beginning,
                "your last step is taken from the very first w.",
                "each step starts where the one before it ended: assign the new w to w.",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "no-bias-correction",
                adam_run_uncorrected,
                "your first step is 3.162 times too long: neither m nor v is corrected.",
                "both means start at 0 and are too small at first; checks.adam_step looks at one "
                "step.",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "uphill",
                adam_run_uphill,
                "your parameters move by the right distances, in the opposite direction.",
                "the step goes against the gradient: w − rate · m̂ / (√v̂ + eps).",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
            Mistake(
                "unchanged",
                adam_nothing_moves,
                "your w and b come back as they were.",
                "the lines of the step are missing, or their results are not returned.",
                READ_ADAM,
                ADAM_RUN_TRY,
            ),
        ),
        hints=(
            "One m and one v for each parameter, of its shape, zeros before the first step.",
            "One t for both parameters: it grows by 1 a step, from 1.",
            "Loop over t outside; inside, take one adam_step of w and one of b with the same t.",
            "Step t uses dw[t − 1] and db[t − 1], and hands its w, m and v on to step t + 1.",
        ),
        read=READ_MEMORY,
    )
)

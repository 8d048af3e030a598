"""Exercises of lessons 09 and 11: one step of SGD, one of momentum; what all steps share.

What a step changes is compared, not where it arrives: a step that is 3.162 times too long says
more than weights that are all a little wrong.
"""

from __future__ import annotations

import functools

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .running import Refused

READ_STEP = "lesson 09, section 1: one step downhill"
READ_SGD = "lesson 11, section 1: by hand: gradient descent zig-zags"
READ_MOMENTUM = "lesson 11, section 3: momentum: remember where you were going"
READ_NESTEROV = "lesson 11, section 4: Nesterov: look where you are going"
READ_MEMORY = "lesson 11, section 7: vectorise, and keep a memory for every parameter"


def changes(names, moved, fn, *arguments):
    """Call fn; of the first `moved` results, return how far they are from the first arguments."""
    result = fn(*arguments)
    if result is None or (len(names) == 1 and not isinstance(result, tuple)):
        entries = (result,)
    elif isinstance(result, tuple | list) and (len(names) == 1 or len(result) == len(names)):
        entries = tuple(result)
    else:
        kind = f"{len(result)} values" if isinstance(result, tuple | list) else "one value"
        raise Refused(f"it must return ({', '.join(names)}), but returns {kind}.")
    if result is None:
        return None
    shown = list(entries)
    for k, (entry, old) in enumerate(zip(entries[:moved], arguments, strict=False)):
        entry = np.asarray(entry) if isinstance(entry, np.generic) else entry
        if isinstance(entry, np.ndarray) and entry.dtype.kind in "biuf":
            if entry.shape != old.shape:
                raise Refused(f"{names[k]} has the shape {entry.shape}; it must keep {old.shape}.")
            shown[k] = entry - old
    return tuple(shown)


def numbers(seed: int, *shapes, dtype=np.float64, order="C"):
    """Weights of about 1, and gradients of very different sizes, one after the other."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=shapes[0])]
    for shape in shapes[1:]:
        sizes = 10.0 ** rng.uniform(-1, 0.7, shape)
        found.append(sizes * rng.choice((-1, 1), shape))
    return [np.array(values, dtype, order=order) for values in found]


def step_probes(reference, memories, usual, others, numbered=False):
    """Step 1 of one parameter with the usual settings; steps 2 and 3 of two more with others.

    memories: their names; they begin at 0 and are what the reference made of the steps before.
    """
    cases = [
        ("step 1 of w, 2×3", 1, (2, 3), usual, {}),
        ("step 2 of w, 2×3 in float32", 2, (2, 3), others, {"dtype": np.float32}),
        ("step 3 of w, 4×3 in Fortran order", 3, (4, 3), others, {"order": "F"}),
    ]
    probes = []
    for seed, (about, last, shape, settings, kind) in enumerate(cases, start=1):
        w, *gradients = numbers(seed, shape, *[shape] * last, **kind)
        if last == 1:
            gradients[0][1, 1] = 0.0  # a gradient of 0: nothing to divide it by
        kept = [np.zeros_like(w) for _ in memories]
        for t, dw in enumerate(gradients, start=1):
            count = {"t": t} if numbered else {}
            state = dict(zip(memories, kept, strict=True))
            arguments = {"w": w, "dw": dw, **state, **count, **settings}
            if t == last:
                values = ", ".join(f"{name} {value:g}" for name, value in settings.items())
                probes.append(Probe(f"{about}, {values}", arguments))
            elif memories:
                w, *kept = reference(*arguments.values())
            else:
                w = reference(*arguments.values())
    return tuple(probes)


# ---- SGD


def sgd_step_reference(w, dw, rate):
    return w - rate * dw


def sgd_uphill(w, dw, rate):
    return w + rate * dw


def sgd_without_rate(w, dw, rate):
    return w - dw


def sgd_rate_divides(w, dw, rate):
    return w - dw / rate


def sgd_only_the_step(w, dw, rate):
    return -rate * dw


def sgd_only_rate_times_gradient(w, dw, rate):
    return rate * dw


def sgd_averaged_again(w, dw, rate):
    return w - rate * dw / len(dw)


def sgd_averaged_over_all(w, dw, rate):
    return w - rate * dw / dw.size


def sgd_mean_of_gradient(w, dw, rate):
    return w - rate * np.mean(dw)


def sgd_sum_of_gradient(w, dw, rate):
    return w - rate * np.sum(dw)


def sgd_sign(w, dw, rate):
    return w - rate * np.sign(dw)


def sgd_unit_length(w, dw, rate):
    return w - rate * dw / np.linalg.norm(dw)


def sgd_times_weight(w, dw, rate):
    return w - rate * dw * w


def sgd_rate_on_both(w, dw, rate):
    return rate * (w - dw)


def sgd_exchanged(w, dw, rate):
    return dw - rate * w


def sgd_rate_on_weights(w, dw, rate):
    return (1 - rate) * w - rate * dw


def sgd_unchanged(w, dw, rate):
    return w.copy()


SGD_TRY = (
    "w, dw = np.array([1.0, 2.0]), np.array([2.0, -3.0])\n"
    "print(fn(w, dw, 0.1))  # 1 − 0.1 · 2 = 0.8 and 2 + 0.1 · 3 = 2.3\n"
    "print(fn(w, dw, 0.2))  # twice the rate, twice as far: 0.6 and 2.6"
)

sgd_step = make_check(
    Exercise(
        name="sgd_step",
        contract="takes (w, dw, rate): a parameter, its gradient of the same shape, the learning "
        "rate; returns the new w, an array of its own.",
        outputs=("change of w",),
        reference=sgd_step_reference,
        play=functools.partial(changes, ("w",), 1),
        may_share=True,
        probes=step_probes(sgd_step_reference, (), {"rate": 0.1}, {"rate": 0.35}),
        mistakes=(
            Mistake(
                "uphill",
                sgd_uphill,
                "your w moves by the right distance, in the opposite direction.",
                "dw points to where the loss grows, so the step goes against it: w − rate · dw.",
                READ_STEP,
                SGD_TRY,
            ),
            Mistake(
                "rate-missing",
                sgd_without_rate,
                "your w moves by the whole gradient.",
                "the gradient says which way is down, not how far; the learning rate multiplies "
                "it.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "rate-divides",
                sgd_rate_divides,
                "your w moves by dw / rate.",
                "a larger learning rate means a longer step, so it multiplies.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "only-the-step",
                sgd_only_the_step,
                "your w is only the step, −rate · dw.",
                "the step is added to where w is: return w − rate · dw.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "only-rate-times-gradient",
                sgd_only_rate_times_gradient,
                "your w is only rate · dw.",
                "this is what has to be taken off w: return w − rate · dw.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "averaged-again",
                sgd_averaged_again,
                "your step is divided by len(dw).",
                "the mean over the batch is taken once, in the loss; and len(dw) is an axis of "
                "the parameter, not the number of images.",
                "lesson 08, section 9: average exactly once",
                "w, dw = np.zeros((4, 2)), np.ones((4, 2))\n"
                "print(fn(w, dw, 1.0))  # every number must become −1",
            ),
            Mistake(
                "averaged-over-all",
                sgd_averaged_over_all,
                "your step is divided by the number of weights.",
                "every weight takes its own step, however many others there are.",
                READ_SGD,
                "w, dw = np.zeros((4, 2)), np.ones((4, 2))\n"
                "print(fn(w, dw, 1.0))  # every number must become −1",
            ),
            Mistake(
                "mean-of-gradient",
                sgd_mean_of_gradient,
                "your w moves by the same distance everywhere, rate · mean of dw.",
                "every weight has a gradient of its own; taking the mean throws the directions "
                "away.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "sum-of-gradient",
                sgd_sum_of_gradient,
                "your w moves by the same distance everywhere, rate · sum of dw.",
                "every weight has a gradient of its own; the sum over the batch is already in it.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "sign-of-gradient",
                sgd_sign,
                "your w moves by rate in every entry.",
                "only the sign of dw is used; SGD's step is in proportion to the gradient.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "unit-length",
                sgd_unit_length,
                "your step has the length rate: dw is divided by its norm.",
                "SGD's step is in proportion to the gradient, so that it grows short near the "
                "lowest place.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "times-weight",
                sgd_times_weight,
                "your step is multiplied by w.",
                "how far a weight moves depends on its gradient, not on where it is.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "rate-on-both",
                sgd_rate_on_both,
                "your w is rate · (w − dw).",
                "the rate multiplies the gradient only: w − rate · dw.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "w-and-dw-exchanged",
                sgd_exchanged,
                "your w is dw − rate · w.",
                "the two arrays are exchanged; the first argument is the parameter.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "rate-on-weights",
                sgd_rate_on_weights,
                "your w is (1 − rate) · w − rate · dw.",
                "nothing of w is given up in a step; a running mean, of which a share is given "
                "up, is what RMSProp and Adam keep of the gradient.",
                READ_SGD,
                SGD_TRY,
            ),
            Mistake(
                "unchanged",
                sgd_unchanged,
                "your w comes back as it was.",
                "the lines of the step are missing, or their results are not returned.",
                READ_SGD,
                SGD_TRY,
            ),
        ),
        hints=(
            "The gradient points to where the loss grows.",
            "The rate says how much of the gradient is one step.",
            "Return a new array: new w = old w minus rate times gradient, entry by entry.",
        ),
        read=READ_SGD,
    )
)


# ---- momentum


def momentum_step_reference(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + dw
    return w - rate * velocity, velocity


def momentum_uphill(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + dw
    return w + rate * velocity, velocity


def momentum_without_rate(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + dw
    return w - velocity, velocity


def momentum_running_mean(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + (1 - momentum) * dw
    return w - rate * velocity, velocity


def momentum_rate_in_velocity(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity - rate * dw
    return w + velocity, velocity


def momentum_rate_in_positive_velocity(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + rate * dw
    return w - velocity, velocity


def momentum_rate_twice(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + rate * dw
    return w - rate * velocity, velocity


def momentum_nesterov(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + dw
    return w - rate * (dw + momentum * velocity), velocity


def momentum_old_velocity(w, dw, velocity, rate, momentum):
    return w - rate * velocity, momentum * velocity + dw


def momentum_velocity_unused(w, dw, velocity, rate, momentum):
    return w - rate * dw, momentum * velocity + dw


def momentum_velocity_not_kept(w, dw, velocity, rate, momentum):
    return w - rate * (momentum * velocity + dw), velocity.copy()


def momentum_forgets(w, dw, velocity, rate, momentum):
    return w - rate * dw, dw.copy()


def momentum_gradient_returned(w, dw, velocity, rate, momentum):
    return w - rate * (momentum * velocity + dw), dw.copy()


def momentum_nothing_fades(w, dw, velocity, rate, momentum):
    velocity = velocity + dw
    return w - rate * velocity, velocity


def momentum_on_gradient(w, dw, velocity, rate, momentum):
    velocity = velocity + momentum * dw
    return w - rate * velocity, velocity


def momentum_on_both(w, dw, velocity, rate, momentum):
    velocity = momentum * (velocity + dw)
    return w - rate * velocity, velocity


def momentum_gradient_subtracted(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity - dw
    return w - rate * velocity, velocity


def momentum_velocity_downhill(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity - dw
    return w + rate * velocity, velocity


def momentum_fixed(w, dw, velocity, rate, momentum):
    velocity = 0.9 * velocity + dw
    return w - rate * velocity, velocity


def momentum_results_exchanged(w, dw, velocity, rate, momentum):
    velocity = momentum * velocity + dw
    return velocity, w - rate * velocity


def momentum_unchanged(w, dw, velocity, rate, momentum):
    return w.copy(), velocity.copy()


def momentum_w_stays(w, dw, velocity, rate, momentum):
    return w.copy(), momentum * velocity + dw


MOMENTUM_TRY = (
    "w, v = fn(np.array([0.0]), np.array([1.0]), np.array([0.0]), 0.1, 0.9)\n"
    "print(w, v)  # −0.1 and 1: the first step is SGD's\n"
    "print(fn(w, np.array([3.0]), v, 0.1, 0.9))  # v = 0.9 · 1 + 3 = 3.9, w = −0.1 − 0.39 = −0.49"
)

momentum_step = make_check(
    Exercise(
        name="momentum_step",
        contract="takes (w, dw, velocity, rate, momentum): a parameter, its gradient and its "
        "velocity, all of one shape, and two numbers; returns (w, velocity), the new ones: "
        "velocity ← momentum · velocity + dw, w ← w − rate · velocity.",
        outputs=("change of w", "velocity"),
        reference=momentum_step_reference,
        play=functools.partial(changes, ("w", "velocity"), 1),
        may_share=True,
        probes=step_probes(
            momentum_step_reference,
            ("velocity",),
            {"rate": 0.1, "momentum": 0.9},
            {"rate": 0.35, "momentum": 0.7},
        ),
        mistakes=(
            Mistake(
                "uphill",
                momentum_uphill,
                "your w moves by the right distance, in the opposite direction.",
                "this velocity adds up gradients, which point uphill, so w goes against it: "
                "w − rate · velocity.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "rate-missing",
                momentum_without_rate,
                "your w moves by the whole velocity.",
                "the velocity is a sum of gradients; the learning rate makes a step of it.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "running-mean",
                momentum_running_mean,
                "your velocity is a running mean: its gradient counts 1 − momentum.",
                "that is Adam's m; here the new gradient is added whole, so that steps in one "
                "direction grow up to 1 / (1 − momentum) times as long.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "rate-in-velocity",
                momentum_rate_in_velocity,
                "your velocity contains the learning rate and a minus, and w adds it.",
                "that form gives the same path from a velocity of 0 while the rate stays; the "
                "contract here is v ← momentum · v + dw, w ← w − rate · v, so that a schedule "
                "changes the step at once.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "rate-in-positive-velocity",
                momentum_rate_in_positive_velocity,
                "your velocity contains the learning rate, and w − velocity does not.",
                "that form gives the same path from a velocity of 0 while the rate stays; the "
                "contract here is v ← momentum · v + dw, w ← w − rate · v.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "rate-twice",
                momentum_rate_twice,
                "your learning rate acts twice, in the velocity and in the step.",
                "one rate times another makes steps that are far too short; it belongs to the "
                "step only.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "nesterov",
                momentum_nesterov,
                "your w is that of Nesterov's momentum.",
                "w − rate · (dw + momentum · velocity) looks one step ahead; the heavy ball moves "
                "by its velocity.",
                READ_NESTEROV,
                MOMENTUM_TRY,
            ),
            Mistake(
                "old-velocity",
                momentum_old_velocity,
                "your w moves with the velocity of the step before.",
                "the gradient goes into the velocity first, and then w moves by the new one; "
                "yours would not move at all in the first step.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "velocity-unused",
                momentum_velocity_unused,
                "your w moves by the gradient alone.",
                "this is plain SGD that carries a velocity along; w must move by the velocity.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "velocity-not-kept",
                momentum_velocity_not_kept,
                "the velocity you return is the old one.",
                "the caller hands it back in the next step, and then nothing was remembered.",
                READ_MEMORY,
                MOMENTUM_TRY,
            ),
            Mistake(
                "velocity-forgotten",
                momentum_forgets,
                "your velocity is the gradient alone.",
                "the share momentum of the old velocity is missing, so this is plain SGD.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "gradient-returned",
                momentum_gradient_returned,
                "the velocity you return is the gradient alone, though w moves with more.",
                "the next step needs momentum · velocity + dw, everything remembered so far.",
                READ_MEMORY,
                MOMENTUM_TRY,
            ),
            Mistake(
                "nothing-fades",
                momentum_nothing_fades,
                "your velocity keeps all of the old one.",
                "without the factor momentum no old gradient is ever forgotten, and the ball "
                "never comes to rest.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "momentum-on-gradient",
                momentum_on_gradient,
                "your momentum multiplies the new gradient instead of the old velocity.",
                "it says which share of the old velocity remains: momentum · velocity + dw.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "momentum-on-both",
                momentum_on_both,
                "your momentum multiplies the new gradient too.",
                "only the old velocity fades: momentum · velocity + dw, without parentheses.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "gradient-subtracted",
                momentum_gradient_subtracted,
                "your velocity has the gradient subtracted, and w subtracts the velocity.",
                "two minus signs make a plus: this goes uphill.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "velocity-downhill",
                momentum_velocity_downhill,
                "your velocity has the gradient subtracted, and w adds the velocity.",
                "from a velocity of 0 that is the same path, but the contract's velocity adds the "
                "gradient and w subtracts it.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "momentum-fixed",
                momentum_fixed,
                "your velocity keeps 0.9 of the old one, whatever momentum is.",
                "the number stands in the code; use the argument.",
                READ_MOMENTUM,
                "v = np.array([1.0])\n"
                "print(fn(v, 0 * v, v, 0.1, 0.5)[1])  # half of the velocity must remain",
            ),
            Mistake(
                "results-exchanged",
                momentum_results_exchanged,
                "your two results are exchanged: the velocity comes first.",
                "return (w, velocity).",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "unchanged",
                momentum_unchanged,
                "everything you return comes back as it was.",
                "the lines of the step are missing, or their results are not returned.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
            Mistake(
                "w-stays",
                momentum_w_stays,
                "your w comes back as it was.",
                "the last line is missing, or its result is not returned: w − rate · velocity.",
                READ_MOMENTUM,
                MOMENTUM_TRY,
            ),
        ),
        hints=(
            "The velocity remembers: a share of it stays, and the new gradient is added whole.",
            "First the velocity, then the weights, with the new velocity.",
            "velocity = momentum · velocity + dw is the first line, and makes a new array.",
            "The second line is SGD's, with velocity in the place of dw. Return both.",
        ),
        read=READ_MOMENTUM,
    )
)

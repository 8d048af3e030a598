"""Exercises of lessons 09 and 11: one step of SGD, one of momentum; what all steps share.

What a step changes is compared, not where it arrives: a step that is 3.162 times too long says
more than weights that are all a little wrong.
"""

from __future__ import annotations

import functools

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe
from cnn_course.checks.running import Refused

READ_SGD = "lesson 11, section 1: by hand: gradient descent zig-zags"
READ_MOMENTUM = "lesson 11, section 3: momentum: remember where you were going"
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


sgd_step = make_check(
    Exercise(
        name="sgd_step",
        contract="takes (w, dw, rate): a parameter, its gradient of the same shape, the learning "
        "rate; returns the new w, an array of its own.",
        outputs=("change of w",),
        reference=sgd_step_reference,
        convention=functools.partial(changes, ("w",), 1),
        may_be_view=True,
        probes=step_probes(sgd_step_reference, (), {"rate": 0.1}, {"rate": 0.35}),
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


momentum_step = make_check(
    Exercise(
        name="momentum_step",
        contract="takes (w, dw, velocity, rate, momentum): a parameter, its gradient and its "
        "velocity, all of one shape, and two numbers; returns (w, velocity), the new ones: "
        "velocity ← momentum · velocity + dw, w ← w − rate · velocity.",
        outputs=("change of w", "velocity"),
        reference=momentum_step_reference,
        convention=functools.partial(changes, ("w", "velocity"), 1),
        may_be_view=True,
        probes=step_probes(
            momentum_step_reference,
            ("velocity",),
            {"rate": 0.1, "momentum": 0.9},
            {"rate": 0.35, "momentum": 0.7},
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

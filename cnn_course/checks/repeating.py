"""Right once is not right: the same call again, and the same arrays in another order in memory."""

from __future__ import annotations

import numpy as np

from .comparing import close
from .examination import Examination
from .exercise import Exercise
from .failure import CheckFailed
from .running import Outcome


def look_again(examination: Examination) -> Outcome:
    """CheckFailed if the first call gives another result the second time. Returns that outcome."""
    exercise, function = examination.exercise, examination.function
    probe = exercise.probes[0]
    outcome = exercise.outcome_of(function, probe)
    again = exercise.outputs_of(function, probe, outcome)
    if not all(close(a, r) for a, r in zip(again, examination.results[0], strict=True)):
        raise CheckFailed(
            exercise.name,
            "the same call gives another result the second time.",
            {
                "why": "it keeps something between the calls: a global list or array, a default "
                "argument that is changed, random numbers that are not passed in.",
                "read": exercise.read,
            },
        )
    return outcome


def look_for_shared_results(examination: Examination, again: Outcome) -> None:
    """CheckFailed if two calls returned the same memory."""
    exercise = examination.exercise
    if exercise.convention:
        return
    before, now = (_arrays(exercise, o) for o in (examination.outcomes[0], again))
    if any(np.shares_memory(a, b) for a in before for b in now):
        raise CheckFailed(
            exercise.name,
            "every call returns the same array, filled anew.",
            {
                "why": "the next call overwrites what the caller still holds.",
                "try": "make the array inside the function, not before it or as a default.",
                "read": exercise.read,
            },
        )


def look_in_other_order(examination: Examination) -> None:
    """CheckFailed if the result changes when the arrays lie in memory column by column."""
    exercise, function = examination.exercise, examination.function
    probe = exercise.probes[0]
    arrays = {
        name: np.asfortranarray(value)
        for name, value in probe.arguments.items()
        if isinstance(value, np.ndarray) and value.ndim > 1
    }
    outcome = exercise.outcome_of(function, probe, **arrays)
    again = exercise.outputs_of(function, probe, outcome)
    if not all(close(a, r) for a, r in zip(again, examination.results[0], strict=True)):
        raise CheckFailed(
            exercise.name,
            "the result is another one when the same array lies in memory in another order.",
            {
                "why": "as happens after x.T or x[::2]. Somewhere the memory is read as it lies, "
                "by strides or by order='A' or 'K'. Or numbers are written into x.ravel() or "
                "x.reshape(-1): of such an x that is a copy.",
                "read": exercise.read,
            },
        )


def _arrays(exercise: Exercise, outcome: Outcome) -> list[np.ndarray]:
    """The arrays that a call returned, without a cache."""
    value = outcome.value if isinstance(outcome.value, tuple | list) else (outcome.value,)
    return [entry for entry in value[: len(exercise.outputs)] if isinstance(entry, np.ndarray)]

"""A check: run a learner's function on every probe, and say what is wrong with it, if anything."""

from __future__ import annotations

from collections.abc import Callable

from .diagnosis import diagnose, name_error, wrong_dtype
from .examination import Examination, Wrong
from .exercise import EXERCISES, Exercise, kind_of
from .failure import CheckFailed, passed
from .repeating import look_again, look_for_shared_results, look_in_other_order
from .running import SECONDS, TooSlow


def make_check(exercise: Exercise) -> Callable[..., None]:
    """Register the exercise and return its check."""
    EXERCISES[exercise.name] = exercise

    def check(function: Callable, seconds: float = SECONDS) -> None:
        run(exercise, function, seconds)

    check.__name__ = check.__qualname__ = exercise.name
    check.__doc__ = (
        f"Check a learner's {exercise.name}: {exercise.contract}\n\n"
        "Prints one line if it is right; raises CheckFailed, which says what is wrong, if not; "
        "stops a call after `seconds`."
    )
    return check


def run(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> None:
    """Check one function; prints a line or raises CheckFailed. seconds: time limit of one call."""
    if not callable(function):
        raise CheckFailed(
            exercise.name,
            f"expected a function, got {kind_of(function)}.",
            {"try": f"pass the function itself, without calling it: checks.{exercise.name}(my_f)"},
        )
    examination = Examination(exercise, function, seconds)
    if isinstance(examination.outcomes[-1].error, TooSlow):
        raise examination.stopped
    if examination.wrong:
        raise diagnose(examination)
    if examination.stopped:
        raise name_error(examination)
    _check_dtypes(examination)
    look_for_shared_results(examination, look_again(examination))
    look_in_other_order(examination)
    passed(exercise.name, [probe.about for probe in exercise.probes])
    if any(outcome.printed for outcome in examination.outcomes):
        print("  It prints something each time it is called; remove that when you are done.")


def _check_dtypes(examination: Examination) -> None:
    """CheckFailed if right numbers come in a wrong dtype."""
    exercise = examination.exercise
    for probe, ours, theirs in zip(
        exercise.probes, examination.results, examination.expected, strict=True
    ):
        for name, found, right in zip(exercise.outputs, ours, theirs, strict=True):
            fault = wrong_dtype(Wrong(probe, found, right))
            one_integer = found.ndim == 0 and found.dtype.kind in "biu"  # as in `return 0`
            if fault and not (one_integer and right.dtype.kind == "f"):
                parts = {"compared": f"{name} on {probe.about}", "why": fault}
                parts |= {"besides": "its numbers are right", "read": exercise.read}
                headline = f"{name} has the dtype {found.dtype}, it should be {right.dtype}."
                raise CheckFailed(exercise.name, headline, parts)

"""Marks for an assignment: each probe that a learner's function gets right earns its share.

    marks = Marks(4, "conv2d_forward")
    marks.check("stride 2", x, w, b, 2, 0)
    marks.check("stride 3", x, w, b, 3, 0)
    marks.total()

The last line's value is what nbgrader takes for the cell. Nothing here raises or writes to stderr,
whatever a submission does: either would cost all of the cell's points.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import cnn_utils

from .arrays import whole_numbers
from .check import run
from .exercise import EXERCISES, HANDED_IN, Exercise, Probe
from .failure import GREEN, PLAIN, RED, CheckFailed
from .running import Refused, TooSlow, call

__all__ = ["Earned", "Marks", "borrowed", "whole_numbers"]

CHECKS = Path(__file__).resolve().parent
PACKAGES = (CHECKS.parent, Path(cnn_utils.__file__).resolve().parent)
OTHERS_WORK = ("scipy", "torch", "tensorflow", "keras", "jax")  # they have what is to be written
STILL_RUNNING = "was still running"  # in the headline of a function that had to be stopped
MIME = "application/vnd.cnn-course.marks+json"


class Earned(float):
    """The points of one cell; a saved notebook also holds what was recognised (MIME)."""

    mistakes: tuple[str, ...] = ()  # such as "conv2d_forward: kernel-turned"

    def _repr_mimebundle_(self, **kwargs):
        return {"text/plain": repr(float(self)), MIME: {"mistakes": list(self.mistakes)}}


class Marks:
    """Collects what one cell of an assignment earns.

    points: for the cell; every check has the same share of them. function: the name of the
    learner's function, which is the check's name too. uses: functions of the same notebook that it
    may call. A mistake in one of those costs points in its own task only: a call that fails is
    tried again with right ones in place of the wrong ones.
    """

    def __init__(self, points: float, function: str = "", uses: tuple[str, ...] = ()):
        self.points, self.function, self.uses = points, function, uses
        self._passed: list[bool] = []
        self._told: set[tuple] = set()
        self._mistakes: dict[str, None] = {}  # an ordered set

    def check(self, about: str, *arguments, only: str | None = None) -> None:
        """Check one call of the learner's function.

        about: the call in words. arguments: as in the check's contract. only: of a function that
        returns several arrays, the one that counts here ('dw').
        """
        exercise, function = EXERCISES[self.function], learners_function(self.function)
        one = _one_probe(exercise, about, arguments, only)
        failure = _failure(exercise, one, function)
        wrong = [name for name in self.uses if failure and _is_wrong(name)]
        if wrong and function is not None and not _verdict(exercise, function).borrowed:
            with _right_in_place_of(wrong):
                failure = _failure(exercise, one, function, *wrong)
            about = f"{about} (with a right {' and '.join(wrong)} in place of yours)"
        self._passed.append(failure is None)
        if failure is None:
            print(f"{GREEN}✓ {about}{PLAIN}")
            return
        if failure.mistake:
            self._mistakes[f"{self.function}: {failure.mistake}"] = None
        message = (failure.headline, failure.parts.get("seen"), failure.mistake)
        if message in self._told:
            print(f"{RED}✗ {about}: the same again{PLAIN}")
        else:
            self._told.add(message)
            print(f"{RED}✗ {about}{PLAIN}", *failure._render_traceback_(), sep="\n")

    def test(self, holds: Callable[[], bool], about: str, advice: str) -> None:
        """Count a test of another kind: right if `holds()` is true. `advice` is shown if it is not.

        It may take ten seconds, print and raise.
        """
        outcome = call(holds, {})
        right = outcome.error is None and bool(outcome.value)
        self._passed.append(right)
        if right:
            print(f"{GREEN}✓ {about}{PLAIN}")
            return
        print(f"{RED}✗ {about}{PLAIN}")
        error = outcome.error
        if isinstance(error, TooSlow):
            print(f"  It was still running after {error} and was stopped.")
        elif error is not None:
            print(f"  It stops with {type(error).__name__}: {error}")
        print(f"  {advice}")

    def total(self) -> Earned:
        """The points earned: the share of the checks that passed, to two decimals."""
        share = sum(self._passed) / len(self._passed) if self._passed else 0.0
        earned = Earned(round(self.points * share, 2))
        earned.mistakes = tuple(self._mistakes)
        print(f"{sum(self._passed)} of {len(self._passed)}: {earned:g} of {self.points:g} points")
        return earned


def learners_function(name: str) -> object:
    """What the notebook calls `name`; None where it has no such name."""
    return vars(sys.modules["__main__"]).get(name)


@dataclasses.dataclass(frozen=True)
class _Verdict:
    """What is true of a function whatever it is called with."""

    function: object
    whole: CheckFailed | None  # the failure of its whole check
    borrowed: str  # the function that does its work, if that is not the learner's

    @property
    def cannot_be_tried(self) -> bool:
        """No function at all, or one for which nobody should wait again."""
        return bool(self.whole) and (
            "compared" not in self.whole.parts or STILL_RUNNING in self.whole.headline
        )


_VERDICTS: dict[tuple, _Verdict] = {}  # by the ids of functions, which live as long as the verdict


def _verdict(exercise: Exercise, function, *circumstances) -> _Verdict:
    """Judge a function, once; anew where the circumstances are others."""
    key = (id(function), *circumstances)
    if key not in _VERDICTS:
        whole = _examine(exercise, function)
        verdict = _Verdict(function, whole, "")
        # what stands in for a wrong helper is not borrowed
        if not verdict.cannot_be_tried and not circumstances:
            verdict = dataclasses.replace(verdict, borrowed=borrowed(exercise, function))
        _VERDICTS[key] = verdict
    return _VERDICTS[key]


def _failure(exercise: Exercise, one: Exercise, function, *circumstances) -> CheckFailed | None:
    """What is wrong with a function on one probe, told as well as possible."""
    if function is None:
        headline = f"there is no function {exercise.name}."
        return CheckFailed(exercise.name, headline, {"try": "is its cell there, and was it run?"})
    verdict = _verdict(exercise, function, *circumstances)
    if verdict.borrowed:
        return _left_to(exercise, verdict.borrowed)
    if verdict.cannot_be_tried:
        return verdict.whole
    own, whole = _examine(one, function), verdict.whole
    if own is None and not circumstances:
        others = borrowed(one, function)  # a function may leave to somebody just this one call
        return _left_to(exercise, others) if others else None
    if own is None or whole is None:
        return own
    # The check's own probes tell all known mistakes apart, one call alone does not: no other
    # mistake is named than theirs, and that only where it makes the same numbers.
    named = tuple(m for m in exercise.bank if m.id == whole.mistake)
    here = _examine(dataclasses.replace(one, mistakes=named), function)
    return whole if here.mistake else here


def _left_to(exercise: Exercise, others: str) -> CheckFailed:
    """The failure of a function whose work is done by others."""
    headline = f"your function leaves the work to {others}."
    parts = {"try": "write it yourself, with NumPy alone."}
    return CheckFailed(exercise.name, headline, parts)


def _is_wrong(name: str) -> bool:
    """Whether a function of the notebook is missing, wrong or another's."""
    function = learners_function(name)
    verdict = function is not None and _verdict(EXERCISES[name], function)
    return not verdict or bool(verdict.whole or verdict.borrowed)


@contextlib.contextmanager
def _right_in_place_of(names: list[str]):
    """Have right functions of these names in the notebook, for a while."""
    notebook = vars(sys.modules["__main__"])
    kept = {name: notebook[name] for name in names if name in notebook}
    notebook.update({name: EXERCISES[name].reference for name in names})
    try:
        yield
    finally:
        for name in names:
            del notebook[name]
        notebook.update(kept)


def _examine(exercise: Exercise, function) -> CheckFailed | None:
    """The failure of a check, in silence."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run(exercise, function)
    except CheckFailed as failure:
        return failure
    return None


def _one_probe(exercise: Exercise, about: str, arguments: tuple, only: str | None) -> Exercise:
    """The exercise with one call as its only probe and, perhaps, one of its outputs."""
    names = tuple(exercise.probes[0].arguments)
    probe = Probe(about, dict(zip(names, arguments, strict=True)))
    exercise = dataclasses.replace(exercise, probes=(probe,))
    return exercise if only is None else _one_output(exercise, only)


def _one_output(exercise: Exercise, name: str) -> Exercise:
    """The exercise with one of its outputs; what a function returns for the others is not read."""
    place, outputs = exercise.outputs.index(name), exercise.outputs
    called = exercise.convention or (lambda function, *arguments: function(*arguments))

    def convention(function, *arguments):
        made = called(function, *arguments)
        if not isinstance(made, tuple | list) or len(made) != len(outputs):
            raise Refused(f"it must return ({', '.join(outputs)}).")
        if made[place] is None:
            raise Refused(f"{name} is None.")
        return made[place]

    return dataclasses.replace(exercise, outputs=(name,), convention=convention)


def borrowed(exercise: Exercise, function: Callable) -> str:
    """The function of these packages or of another library that does a learner's work, or ''.

    Every probe is tried: a function may do one of them itself and leave the others to somebody.
    """
    home = str(getattr(function, "__module__", "")).split(".")[0]
    if home in {package.name for package in PACKAGES} or home in OTHERS_WORK:
        return f"{function.__module__}.{function.__qualname__}"
    found: list[str] = []
    for probe in exercise.probes:
        exercise.outcome_of(_watched(function, _codes_of(probe) | HANDED_IN, found), probe)
        if found:
            return found[0]
    return ""


def _watched(function: Callable, allowed: set[CodeType], found: list[str]) -> Callable:
    """The function; calls of others' work that it makes are noted in `found`.

    allowed: code that may be called, and may itself call anything.
    """

    def watch(frame: FrameType, event: str, argument) -> None:
        if event == "call" and not found and _is_anothers(frame.f_code):
            callers = []
            while frame and frame.f_code is not watched.__code__:
                callers.append(frame)
                frame = frame.f_back
            if not any(caller.f_code in allowed for caller in callers):
                called = callers[0]
                found.append(f"{called.f_globals.get('__name__')}.{called.f_code.co_qualname}")

    def watched(*arguments):
        sys.setprofile(watch)
        try:
            return function(*arguments)
        finally:
            sys.setprofile(None)

    return watched


def _codes_of(probe: Probe) -> set[CodeType]:
    """The code of the functions that a probe passes in: a learner's function may call those."""
    return {value.__code__ for value in probe.arguments.values() if hasattr(value, "__code__")}


@functools.cache
def _is_anothers(code: CodeType) -> bool:
    """Whether code lies in one of the course's packages, or in a library that has the answer."""
    path = Path(code.co_filename)
    if any(package in path.parents for package in PACKAGES):
        return True
    return any(library in path.parts for library in OTHERS_WORK)

"""An exercise: a right answer, calls to try it on, and how what a function returns is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from types import CodeType

import numpy as np

from .failure import CheckFailed
from .mistakes import Mistake, read_bank
from .running import (
    SECONDS,
    Outcome,
    Refused,
    TooSlow,
    call,
    globals_used,
    parameters_unused,
    shared,
)

HANDED_IN: set[CodeType] = set()  # of the functions that a check gives a learner's to call


def handed_in(function: Callable) -> Callable:
    """Decorate a function that a convention passes to the learner's, which may call it."""
    HANDED_IN.add(function.__code__)
    return function


@dataclass(frozen=True)
class Probe:
    """One call: what it is about, in words, and the arguments by name, in their order."""

    about: str
    arguments: dict[str, object]


@dataclass(frozen=True, eq=False)
class Exercise:
    """Everything a check needs.

    name: of the check. contract: what the learner's function takes and returns, for the docstring
    and for messages. outputs: names of what is compared, such as ('dx', 'dw', 'db'); a forward
    function has one output and may return (output, cache). reference: the answer, a right
    implementation with the contract that stands alone. hints: unfold one at a time; after them
    comes the answer. read: where the lesson derives it.
    alternatives: implementations with other results that are as right as the reference's.
    convention: how a probe calls the function where fn(*arguments) is not enough:
    convention(fn, *arguments) returns the outputs, or raises Refused with a sentence on why not.
    may_be_view: the result may be a view of an argument (a reshape, say).
    mistakes: the known mistakes; those of bank/NAME.toml unless given.
    """

    name: str
    contract: str
    outputs: tuple[str, ...]
    reference: Callable
    probes: tuple[Probe, ...]
    hints: tuple[str, ...]
    read: str
    alternatives: tuple[Callable, ...] = ()
    convention: Callable | None = None
    may_be_view: bool = False
    mistakes: tuple[Mistake, ...] | None = None

    @cached_property
    def bank(self) -> tuple[Mistake, ...]:
        """The known mistakes, read when they are needed first: a right function needs none."""
        if self.mistakes is not None:
            return self.mistakes
        return read_bank(self.name, self.reference, self.read)

    def outcome_of(self, function: Callable, probe: Probe, seconds=SECONDS, **changed) -> Outcome:
        """Call a function on a probe, some of whose arguments may be changed."""
        called = partial(self.convention, function) if self.convention else function
        return call(called, probe.arguments | changed, seconds)

    def outputs_of(self, function: Callable, probe: Probe, outcome: Outcome) -> tuple:
        """Return the outputs of a call as a tuple of arrays, copied.

        CheckFailed: it stopped, changed an argument, or returned something else; it says what.
        """
        check_call(self, function, probe, outcome)
        arrays = [self._array(name, entry, probe) for name, entry in self._entries(probe, outcome)]
        sharing = shared(arrays, outcome.given)
        if sharing and not self.may_be_view:
            raise self.failed(
                probe,
                f"your result is a view of the argument {sharing[0]}, not an array of its own.",
                why="whoever changes one changes the other.",
                **{"try": "return a copy, or compute into a new array (np.zeros, np.where …)."},
            )
        return tuple(array.copy() for array in arrays)

    def _entries(self, probe: Probe, outcome: Outcome) -> list[tuple[str, object]]:
        """Pair the names of the outputs with what was returned for them."""
        value, names = outcome.value, self.outputs
        if value is None:
            raise self.failed(
                probe, "your function returns None.", **{"try": "is there a return at its end?"}
            )
        if len(names) == 1:
            return [(names[0], value[0] if isinstance(value, tuple) and value else value)]
        if not isinstance(value, tuple | list) or len(value) != len(names):
            got = f"{len(value)} values" if isinstance(value, tuple | list) else kind_of(value)
            wanted = ", ".join(names)
            headline = f"it must return ({wanted}), but returns {got}."
            raise self.failed(probe, headline, contract=self.contract)
        return list(zip(names, value, strict=True))

    def _array(self, name: str, entry, probe: Probe) -> np.ndarray:
        """An output as an array of real numbers."""
        if entry is None:
            raise self.failed(probe, f"{name} is None.", contract=self.contract)
        if isinstance(entry, list | tuple):
            headline = f"{name} is {kind_of(entry)}, not an array."
            raise self.failed(probe, headline, **{"try": "np.array(…)"})
        array = np.asarray(entry)
        if array.dtype.kind not in "biuf":
            advice = {"try": f"{name}.real"} if array.dtype.kind == "c" else {}
            headline = f"{name} has the dtype {array.dtype}, it should hold real numbers."
            raise self.failed(probe, headline, **advice)
        return array

    def failed(self, probe: Probe, headline: str, **parts) -> CheckFailed:
        """A failure on one probe."""
        parts = {"compared": f"on {probe.about}", **parts, "read": self.read}
        return CheckFailed(self.name, headline, parts)

    @cached_property
    def right_answers(self) -> list[list[tuple]]:
        """What the reference and every alternative make of the probes."""
        right = (self.reference, *self.alternatives)
        return [[self.right_on(probe, f) for probe in self.probes] for f in right]

    def right_on(self, probe: Probe, function: Callable | None = None) -> tuple:
        """What a right function (the reference if None) makes of a probe."""
        value = self.outcome_of(function or self.reference, probe).value
        if len(self.outputs) == 1:
            value = (value[0],) if isinstance(value, tuple) else (value,)
        return _no_finer(probe, value)

    @cached_property
    def wrong_results(self) -> list[tuple[Mistake, list[tuple | None]]]:
        """Every known mistake, with what it makes of the probes; None where it stops."""
        return [(mistake, list(self.results_of(mistake.wrong))) for mistake in self.bank]

    def results_of(self, function: Callable) -> Iterator[tuple | None]:
        """What a function makes of each probe; None where it fails."""
        for probe in self.probes:
            try:
                outcome = self.outcome_of(function, probe)
                yield _no_finer(probe, self.outputs_of(function, probe, outcome))
            except CheckFailed:
                yield None


def check_call(exercise: Exercise, function: Callable, probe: Probe, outcome: Outcome) -> None:
    """CheckFailed if a call was stopped, refused, raised an error or changed an argument."""
    error = outcome.error
    if isinstance(error, TooSlow):
        raise exercise.failed(
            probe,
            f"your function was still running after {error} and was stopped.",
            why="a loop whose condition never becomes false, or a step of 0.",
            **{"try": "call it yourself on a tiny input and print the loop's variables."},
        )
    if isinstance(error, Refused):
        raise exercise.failed(probe, str(error), contract=exercise.contract)
    if isinstance(error, NotImplementedError) and not str(error):
        headline = "your function is not written yet."
        raise exercise.failed(probe, headline, contract=exercise.contract)
    if error is not None:
        parts = {"seen": outcome.where} if outcome.where else {}
        if isinstance(error, TypeError) and "positional argument" in str(error):
            parts["contract"] = exercise.contract
        why = about_globals(function)
        if why:
            parts["why"] = why
        headline = f"your function stops with {type(error).__name__}: {error}"
        raise exercise.failed(probe, headline, **parts)
    if outcome.changed:
        raise exercise.failed(
            probe,
            f"your function changes its argument {' and '.join(outcome.changed)}.",
            why="the caller still needs it: it may be another layer's cache.",
            **{"try": "work on a copy, or use + and * instead of += and *= on it."},
        )


def about_globals(function: Callable) -> str:
    """Say that a function reads global arrays or numbers, perhaps instead of its parameters."""
    used, unused = globals_used(function), parameters_unused(function)
    if not used:
        return ""
    names = " and ".join(used)
    if unused:
        return (
            f"your function never uses its parameter {' and '.join(unused)}, but reads the global "
            f"{names}. Inside a function, use its parameters only."
        )
    return f"your function reads the global {names}: should that be an argument?"


def kind_of(value) -> str:
    """Say what a value is: "None", "an int", "an array of shape (2, 3)"."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _no_finer(probe: Probe, value) -> tuple:
    """Outputs as arrays; in float32 where an argument is, so that they are compared as such."""
    arrays = tuple(np.asarray(entry) for entry in value)
    dtypes = [a.dtype for a in probe.arguments.values() if isinstance(a, np.ndarray)]
    if np.float32 not in dtypes:
        return arrays
    return tuple(a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays)


EXERCISES: dict[str, Exercise] = {}  # every exercise that has a check, by its name

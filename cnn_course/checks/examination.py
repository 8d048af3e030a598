"""One function on all the probes of an exercise: what it returned, and which outputs are wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from .comparing import close
from .exercise import Exercise, Probe
from .failure import CheckFailed
from .running import SECONDS, Outcome


class Wrong(NamedTuple):
    """An output that is wrong on a probe: what was found there, and what is right."""

    probe: Probe
    found: object
    right: object


class Examination:
    """The calls of one function, in the order of the probes, until one of them fails.

    outcomes: of every call. results: the outputs of those that returned some, as arrays.
    stopped: the failure of the last call, or None. expected: what is right, for each result; of
    several right answers, the one most like the results.
    """

    def __init__(self, exercise: Exercise, function: Callable, seconds: float = SECONDS):
        self.exercise, self.function = exercise, function
        self.outcomes: list[Outcome] = []
        self.results: list[tuple] = []
        self.stopped: CheckFailed | None = None
        for probe in exercise.probes:
            self.outcomes.append(exercise.outcome_of(function, probe, seconds))
            try:
                outputs = exercise.outputs_of(function, probe, self.outcomes[-1])
            except CheckFailed as failure:
                self.stopped = failure
                break
            self.results.append(outputs)
        self.expected = max(exercise.right_answers, key=self._likeness)[: len(self.results)]

    def _likeness(self, answer: list[tuple]) -> int:
        """How many outputs are those of a right answer."""
        pairs = zip(self.results, answer, strict=False)  # it may have stopped at a later probe
        return sum(close(r, e) for ours, theirs in pairs for r, e in zip(ours, theirs, strict=True))

    @cached_property
    def wrong(self) -> list[str]:
        """The names of the outputs that are wrong on some probe."""
        return [name for name in self.exercise.outputs if not self.equals(self.expected, name)]

    def equals(self, other: list[tuple], name: str) -> bool:
        """Whether one output has the numbers of another list of results, on every probe."""
        k = self.exercise.outputs.index(name)
        return all(close(r[k], o[k]) for r, o in zip(self.results, other, strict=True))

    def first_wrong(self, name: str) -> Wrong:
        """The first probe on which an output is wrong."""
        k = self.exercise.outputs.index(name)
        for probe, ours, theirs in self._each():
            if not close(ours[k], theirs[k]):
                return Wrong(probe, ours[k], theirs[k])
        raise ValueError(f"{name} is right.")

    def right_probes(self) -> list[Probe]:
        """The probes on which everything is right."""
        return [
            probe
            for probe, ours, theirs in self._each()
            if all(close(a, b) for a, b in zip(ours, theirs, strict=True))
        ]

    def other_order(self) -> str:
        """The order in which the right outputs are returned, if that is all that is wrong."""
        names = self.exercise.outputs
        for order in itertools.permutations(range(len(names))) if len(names) < 5 else ():
            if order != tuple(range(len(names))) and all(
                close(ours[k], theirs[order[k]])
                for _, ours, theirs in self._each()
                for k in range(len(names))
            ):
                return ", ".join(names[k] for k in order)
        return ""

    def _each(self):
        """(probe, results, expected) for every call that returned something."""
        probes = self.exercise.probes[: len(self.results)]
        return zip(probes, self.results, self.expected, strict=True)

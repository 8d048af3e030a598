"""What is asked of every exercise's bank of mistakes, whatever the exercise is about."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import Counter
from functools import cache, partial
from pathlib import Path

import numpy as np
from mutants import Tally, mutants, tally

from cnn_course.checks.check import run
from cnn_course.checks.comparing import close
from cnn_course.checks.exercise import EXERCISES, Exercise
from cnn_course.checks.failure import CheckFailed
from cnn_course.checks.mistakes import Mistake
from cnn_course.checks.running import call

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def failure(name: str, function, seconds: float = 10.0) -> CheckFailed | None:
    """What the check says about a function; None if it passes."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            run(EXERCISES[name], function, seconds)
        except CheckFailed as found:
            return found
    return None


def mistakes_of(*names: str) -> list[tuple[str, str, int]]:
    """(exercise, id, k) of every known mistake, to parametrize a test with; k counts variants."""
    found = []
    for name in names:
        seen = Counter()
        for mistake in EXERCISES[name].bank:
            found.append((name, mistake.id, seen[mistake.id]))
            seen[mistake.id] += 1
    return found


def mistake_of(name: str, identifier: str, variant: int = 0) -> Mistake:
    return [m for m in EXERCISES[name].bank if m.id == identifier][variant]


def alike(exercise: Exercise) -> list[tuple[str, str]]:
    """Pairs of known mistakes that make the same numbers on every probe."""
    made = [(mistake.id, results) for mistake, results in exercise.wrong_results]
    return [
        (one, other)
        for i, (one, ours) in enumerate(made)
        for other, theirs in made[:i]
        if one != other
        and all(
            a is not None and b is not None and all(close(x, y) for x, y in zip(a, b, strict=True))
            for a, b in zip(ours, theirs, strict=True)
        )
    ]


def shown_by(experiment: str, function) -> str:
    """What the three lines print when fn is the function."""
    with contextlib.redirect_stdout(io.StringIO()) as said, np.errstate(all="ignore"):
        exec(experiment, {"np": np, "fn": function})
    return said.getvalue()


@cache
def headings(lesson: str) -> list[str]:
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return [line.lstrip("# ").lower() for line in re.findall(r"^##+ .*$", text, re.M)]


def is_in_a_lesson(read: str) -> bool:
    """Whether 'lesson 03, section 2: the formula grows' names a heading that exists."""
    found = re.fullmatch(r"lesson (\d\d), (?:section (\d+): )?(.+)", read)
    if not found:
        return False
    lesson, section, title = found.groups()
    return (f"{section} · {title}" if section else title).lower() in headings(lesson)


def in_double(function):
    """The function, computing in float64 whatever it is given."""

    def doubled(*arguments):
        floats = (isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arguments)
        return function(
            *(a.astype(float) if f else a for a, f in zip(arguments, floats, strict=True))
        )

    return doubled


def no_mutant_survives(name: str, call_of, share: float, function=None) -> None:
    """Assert that mutants of the function (the answer if None) fail, or equal it on 12 calls.

    call_of(name, rng, k): the arguments of call k. share: of the mutants must be rejected.
    """
    rng = np.random.default_rng(7)
    calls = [call_of(name, rng, k) for k in range(12)]
    count = tally(EXERCISES[name], calls, function=function, seconds=2)
    print(f"{name}: {count}; equivalent: {count.equivalent}")
    assert not count.survivors
    assert count.rejected > share * count.tried > 0


def tally_of_played(name: str, function, arguments: tuple, battery: list[tuple]) -> Tally:
    """What becomes of the mutants of a right function whose exercise has a calling convention.

    arguments: of one call of the function itself. battery: arguments like those of a probe, on
    which a mutant that passes must give what the function gives.
    """
    convention = EXERCISES[name].convention

    def made(f, given):
        named = {str(k): value for k, value in enumerate(given)}
        outcome = call(partial(convention, f), named, 1.0)
        return outcome.error or outcome.changed or outcome.value

    count = Tally()
    for what, mutant in mutants(function, arguments):
        if count.rejects(EXERCISES[name], mutant, 1.0):
            continue
        same = all(_same(made(function, given), made(mutant, given)) for given in battery)
        (count.equivalent if same else count.survivors).append(what)
    return count


def _same(ours, theirs) -> bool:
    return (
        isinstance(ours, tuple)
        and isinstance(theirs, tuple)
        and len(ours) == len(theirs)
        and all(close(b, a) for a, b in zip(ours, theirs, strict=True))
    )

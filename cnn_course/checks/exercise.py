"""An exercise: a reference, probes that no mistake survives, and the mistakes people make.

A check runs the learner's function on every probe and compares with the reference. Where a result
is wrong, it is compared with the results of every known wrong implementation; the one that made
the same numbers names the mistake. Otherwise the arrays themselves are described (comparing.py).
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .comparing import close, describe
from .failure import CheckFailed, graded, passed
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


@dataclass(frozen=True)
class Probe:
    """One call: what it is about, in words, and the arguments by name, in their order."""

    about: str
    arguments: dict[str, object]


@dataclass(frozen=True)
class Mistake:
    """A known wrong implementation: a function with the exercise's contract, and what to say.

    id: short and permanent. wrong: the function. seen: what the learner's result looks like, "your
    dw …". why: one sentence on why that happens. read: which lesson and section. experiment: three
    lines of code that show it; `fn` stands in them for the learner's function. by_shape: a mistake
    about sizes, which may be named where the shapes are those of `wrong` but the numbers are not.
    """

    id: str
    wrong: Callable
    seen: str
    why: str
    read: str
    experiment: str
    by_shape: bool = False


@dataclass(frozen=True)
class Exercise:
    """Everything a check needs.

    name: of the check. contract: what the learner's function takes and returns, for the docstring
    and for messages. outputs: names of what is compared, such as ('dx', 'dw', 'db'); a forward
    function has one output and may return (output, cache). reference: a right implementation with
    the contract. probes, mistakes: as above. hints: unfold one at a time; the last thing unfolded
    is the code of `answer` (the reference if not given). read: where the lesson derives it.
    may_share: the result may be a view of an argument (a reshape, say).
    also_right: implementations with other results that are as right as the reference's.
    play: how a probe calls the function where fn(*arguments) is not enough: play(fn, *arguments)
    returns the outputs, or raises Refused with a sentence on why it cannot.
    """

    name: str
    contract: str
    outputs: tuple[str, ...]
    reference: Callable
    probes: tuple[Probe, ...]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    read: str
    answer: Callable | None = None
    may_share: bool = False
    also_right: tuple[Callable, ...] = ()
    play: Callable | None = None


EXERCISES: dict[str, Exercise] = {}
_UNFOLDED: dict[str, int] = {}


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


def hint(name: str) -> None:
    """Print one more hint for an exercise than last time; the last one is the answer.

    name: of a check, such as 'conv2d_backward'. Under nbgrader the answer is not shown.
    ValueError: there is no such check.
    """
    if name not in EXERCISES:
        raise ValueError(f"there is no check {name!r}; there are: {', '.join(sorted(EXERCISES))}.")
    exercise = EXERCISES[name]
    shown = _UNFOLDED[name] = _UNFOLDED.get(name, 0) + 1
    for number, text in enumerate(exercise.hints[:shown], 1):
        print(f"Hint {number} of {len(exercise.hints)}: {text}")
    if shown > len(exercise.hints):
        if graded():
            print("There are no more hints.")
        else:
            print("The answer:\n\n" + inspect.getsource(exercise.answer or exercise.reference))
    elif shown == len(exercise.hints):
        print(f"Ask once more for the answer: checks.hint({name!r})")


def run(exercise: Exercise, function: Callable, seconds: float = SECONDS) -> None:
    """Check one function; prints a line or raises CheckFailed. seconds: time limit of one call."""
    if not callable(function):
        raise CheckFailed(
            exercise.name,
            f"this is no function but {_kind(function)}.",
            {"try": f"pass the function itself, without calling it: checks.{exercise.name}(my_f)"},
        )
    outcomes, results, stopped = [], [], None
    for probe in exercise.probes:
        outcomes.append(call_on(exercise, function, probe, seconds))
        try:
            results.append(_understood(exercise, function, probe, outcomes[-1]))
        except CheckFailed as failure:
            stopped = failure
            break
    expected = _nearest_right(exercise, results)
    wrong = [
        name
        for k, name in enumerate(exercise.outputs)
        if not all(close(r[k], e[k]) for r, e in zip(results, expected, strict=True))
    ]
    if isinstance(outcomes[-1].error, TooSlow):
        raise stopped
    if wrong:
        raise _diagnosis(exercise, function, results, expected, wrong, stopped)
    if stopped:
        raise _name_error(exercise, results, outcomes[-1].error, stopped)
    for probe, ours, theirs in zip(exercise.probes, results, expected, strict=True):
        for name, found, right in zip(exercise.outputs, ours, theirs, strict=True):
            fault = _wrong_dtype(found, right, probe)
            one_whole_number = found.ndim == 0 and found.dtype.kind in "biu"  # as in `return 0`
            if fault and not (one_whole_number and right.dtype.kind == "f"):
                parts = {"compared": f"{name} on {probe.about}", "why": fault}
                parts |= {"besides": "its numbers are right", "read": exercise.read}
                headline = f"{name} has the dtype {found.dtype}, it should be {right.dtype}."
                raise CheckFailed(exercise.name, headline, parts)
    _look_again(exercise, function, results, outcomes[0])
    _look_in_other_order(exercise, function, results)
    passed(exercise.name, [probe.about for probe in exercise.probes])
    if any(outcome.printed for outcome in outcomes):
        print("  It prints something each time it is called; remove that when you are done.")


def call_on(
    exercise: Exercise, function: Callable, probe: Probe, seconds: float = SECONDS, **changed
) -> Outcome:
    """Call it on a probe, some of whose arguments may be changed."""
    played = functools.partial(exercise.play, function) if exercise.play else function
    return call(played, probe.arguments | changed, seconds)


def _understood(exercise, function, probe, outcome: Outcome) -> tuple:
    """The outputs of one call as a tuple of arrays, copied; CheckFailed if they are none."""

    def failed(headline, **parts):
        parts = {"compared": f"on {probe.about}", **parts, "read": exercise.read}
        return CheckFailed(exercise.name, headline, parts)

    error = outcome.error
    if isinstance(error, TooSlow):
        raise failed(
            f"your function was still running after {error} and was stopped.",
            why="a loop whose condition never becomes false, or a step of 0.",
            **{"try": "call it yourself on a tiny input and print the loop's variables."},
        )
    if isinstance(error, Refused):
        raise failed(str(error), contract=exercise.contract)
    if isinstance(error, NotImplementedError) and not str(error):
        raise failed("your function is not written yet.", contract=exercise.contract)
    if error is not None:
        parts = {"seen": outcome.where} if outcome.where else {}
        if isinstance(error, TypeError) and "positional argument" in str(error):
            parts["contract"] = exercise.contract
        why = _about_globals(function)
        if why:
            parts["why"] = why
        raise failed(f"your function stops with {type(error).__name__}: {error}", **parts)
    if outcome.changed:
        raise failed(
            f"your function changes its argument {' and '.join(outcome.changed)}.",
            why="the caller still needs it: it may be another layer's cache.",
            **{"try": "work on a copy, or use + and * instead of += and *= on it."},
        )
    value, names = outcome.value, exercise.outputs
    if value is None:
        raise failed("your function returns None.", **{"try": "is there a return at its end?"})
    if len(names) == 1:
        value = (value[0],) if isinstance(value, tuple) and value else (value,)
    elif not isinstance(value, tuple | list) or len(value) != len(names):
        got = f"{len(value)} values" if isinstance(value, tuple | list) else _kind(value)
        wanted = ", ".join(names)
        raise failed(f"it must return ({wanted}), but returns {got}.", contract=exercise.contract)
    arrays = []
    for name, entry in zip(names, value, strict=True):
        if entry is None:
            raise failed(f"{name} is None.", contract=exercise.contract)
        if isinstance(entry, list | tuple):
            raise failed(f"{name} is {_kind(entry)}, not an array.", **{"try": "np.array(…)"})
        array = np.asarray(entry)
        if array.dtype.kind not in "biuf":
            advice = {"try": f"{name}.real"} if array.dtype.kind == "c" else {}
            raise failed(
                f"{name} has the dtype {array.dtype}, it should hold real numbers.", **advice
            )
        arrays.append(array)
    sharing = shared(arrays, outcome.given)
    if sharing and not exercise.may_share:
        raise failed(
            f"your result is a view of the argument {sharing[0]}, not an array of its own.",
            why="whoever changes one changes the other.",
            **{"try": "return a copy, or compute into a new array (np.zeros, np.where …)."},
        )
    return tuple(array.copy() for array in arrays)


def _nearest_right(exercise: Exercise, results) -> list[tuple]:
    """What is right on every probe; of several right answers, the one most like the results."""

    def likeness(answer):
        pairs = zip(results, answer, strict=False)  # it may have stopped at a later probe
        return sum(close(r, e) for ours, theirs in pairs for r, e in zip(ours, theirs, strict=True))

    answers = _right_answers(exercise)
    return max(answers, key=likeness)[: len(results)]


def _right_answers(exercise: Exercise) -> list[list[tuple]]:
    """What every right implementation makes of the probes; computed once."""
    if id(exercise) not in _RIGHT:
        right = (exercise.reference, *exercise.also_right)
        answers = [[_reference(exercise, f, probe) for probe in exercise.probes] for f in right]
        _RIGHT[id(exercise)] = exercise, answers
    return _RIGHT[id(exercise)][1]


def _reference(exercise: Exercise, function: Callable, probe: Probe) -> tuple:
    value = call_on(exercise, function, probe).value
    if len(exercise.outputs) == 1:
        value = (value[0],) if isinstance(value, tuple) else (value,)
    return _no_finer(probe, value)


def _no_finer(probe: Probe, value) -> tuple:
    """Outputs as arrays; in float32 where an argument is, so that they are compared as such."""
    arrays = tuple(np.asarray(entry) for entry in value)
    dtypes = [a.dtype for a in probe.arguments.values() if isinstance(a, np.ndarray)]
    if np.float32 not in dtypes:
        return arrays
    return tuple(a.astype(np.float32) if a.dtype == np.float64 else a for a in arrays)


def results_of(exercise: Exercise, function: Callable) -> Iterator[tuple | None]:
    """What a known wrong implementation makes of each probe; None where it fails."""
    for probe in exercise.probes:
        try:
            outcome = call_on(exercise, function, probe)
            yield _no_finer(probe, _understood(exercise, function, probe, outcome))
        except CheckFailed:
            yield None


def _known(exercise: Exercise) -> list[tuple[Mistake, list[tuple | None]]]:
    """Every known mistake, with what it makes of the probes; computed once."""
    if id(exercise) not in _KNOWN:
        known = [(m, list(results_of(exercise, m.wrong))) for m in exercise.mistakes]
        _KNOWN[id(exercise)] = exercise, known
    return _KNOWN[id(exercise)][1]


# By id; the exercise is kept with it, so that the id is not given to another one.
_RIGHT: dict[int, tuple[Exercise, list]] = {}
_KNOWN: dict[int, tuple[Exercise, list]] = {}


def _explains(exercise, results, expected, name) -> list[Mistake]:
    """The known mistakes that make the learner's wrong output `name`, number for number.

    Where the learner's function stops at a probe, the mistake must stop there too. If none makes
    the same numbers: a mistake about sizes that makes the same shapes, if there is just one.
    """
    k = exercise.outputs.index(name)
    if len(exercise.probes) == 1 and results[0][k].size and not np.isfinite(results[0][k]).any():
        return []  # many roads lead to nan
    same_numbers, same_shapes = [], []
    for mistake, theirs in _known(exercise):
        if len(results) < len(theirs) and theirs[len(results)] is not None:
            continue
        theirs = theirs[: len(results)]
        if any(t is None for t in theirs):
            continue
        if all(close(r[k], t[k]) for r, t in zip(results, theirs, strict=True)):
            if not all(close(t[k], e[k]) for t, e in zip(theirs, expected, strict=True)):
                same_numbers.append(mistake)
        if mistake.by_shape and all(
            r[k].shape == t[k].shape for r, t in zip(results, theirs, strict=True)
        ):
            if any(t[k].shape != e[k].shape for t, e in zip(theirs, expected, strict=True)):
                same_shapes.append(mistake)
    return same_numbers or (same_shapes if len(same_shapes) == 1 else [])


def _name_error(exercise, results, error, failure: CheckFailed) -> CheckFailed:
    """Right until it stopped: does a known mistake stop at this probe with the same words?"""
    probe = exercise.probes[len(results)]
    for mistake, theirs in _known(exercise):
        if error is None or theirs[len(results)] is not None:
            continue
        if not all(
            t is not None and all(close(a, b) for a, b in zip(r, t, strict=True))
            for r, t in zip(results, theirs[: len(results)], strict=True)
        ):
            continue
        other = call_on(exercise, mistake.wrong, probe).error
        if type(other) is type(error) and str(other) == str(error):
            parts = failure.parts | {"why": mistake.why, "read": mistake.read}
            parts |= {"try": mistake.experiment, "more": f"checks.hint({exercise.name!r})"}
            return CheckFailed(exercise.name, failure.headline, parts, mistake.id)
    return failure


def _diagnosis(exercise, function, results, expected, wrong, stopped=None) -> CheckFailed:
    """Name the mistake, or describe the first wrong output on the first probe it fails.

    stopped: the failure at a later probe, if there was one.
    """
    explained = {name: _explains(exercise, results, expected, name) for name in wrong}
    # the mistake that explains most of what is wrong
    every = [mistake for mistakes in explained.values() for mistake in mistakes]
    best = max(
        every,
        key=lambda m: (
            sum(m in found for found in explained.values()),
            _right_where(exercise, m, results, expected),
        ),
        default=None,
    )
    if best is None:
        _look_again(exercise, function, results)  # what is kept between calls explains anything
    name = next((n for n in wrong if best in explained[n]), wrong[0]) if best else wrong[0]
    probe, ours, theirs = _first_wrong(exercise, results, expected, name)
    parts = {"compared": f"{name}, shape {theirs.shape}, on {probe.about}"}
    why = _about_globals(function)
    if best:
        parts["seen"] = best.seen
        parts["why"] = f"{best.why}\n{why}" if why else best.why
    else:
        parts["seen"] = _seen(exercise, function, results, expected, name)
        if not _in_other_order(exercise, results, expected):
            ignored = _ignored(exercise, function, results, expected)
            if ignored:
                parts["seen"] += f" It stays the same when {ignored} holds other numbers."
        if why:
            parts["why"] = why
    also = [n for n in wrong if n != name and best and best not in explained[n]]
    for other in also:
        known = explained[other]
        text = known[0].seen if known else _seen(exercise, function, results, expected, other)
        parts["also"] = (parts["also"] + "\n" if "also" in parts else "") + text
    right = [
        probe.about
        for probe, r, e in zip(exercise.probes[: len(results)], results, expected, strict=True)
        if all(close(a, b) for a, b in zip(r, e, strict=True))
    ]
    if right:
        parts["right on"] = "; ".join(right) if len(right) < 5 else f"{len(right)} other cases"
    others = [n for n in exercise.outputs if n not in wrong]
    if others:
        parts["besides"] = f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} right"
    if stopped:
        parts["later"] = f"{stopped.parts['compared']}: {stopped.headline}"
    parts["read"] = best.read if best else exercise.read
    if best:
        parts["try"] = best.experiment
    parts["more"] = f"checks.hint({exercise.name!r})"
    headline = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong."
    return CheckFailed(exercise.name, headline, parts, best.id if best else None)


def _right_where(exercise, mistake, results, expected) -> bool:
    """Whether a mistake has right everything that the learner has right."""
    theirs = next(made for known, made in _known(exercise) if known is mistake)
    return all(
        close(a, right) or not close(found, right)
        for r, t, e in zip(results, theirs, expected, strict=False)
        for found, a, right in zip(r, t, e, strict=True)
    )


def _first_wrong(exercise, results, expected, name):
    """The first probe on which an output is wrong, what was found there and what is right."""
    k = exercise.outputs.index(name)
    probes = exercise.probes[: len(results)]
    for probe, ours, theirs in zip(probes, results, expected, strict=True):
        if not close(ours[k], theirs[k]):
            return probe, ours[k], theirs[k]
    raise ValueError(f"{name} is right.")


def _seen(exercise, function, results, expected, name) -> str:
    """Describe an output that no known mistake makes."""
    order = _in_other_order(exercise, results, expected)
    if order:
        return f"the numbers are right, but you return ({order}): the order is another."
    probe, ours, theirs = _first_wrong(exercise, results, expected, name)
    fault = _wrong_dtype(ours, theirs, probe) if ours.shape == theirs.shape else ""
    if fault and ours.any() and ours.dtype.kind in "biu":
        return f"your {name} has the dtype {ours.dtype}: {fault}"
    return f"your {name}: {describe(ours, theirs)}"


def _in_other_order(exercise, results, expected) -> str:
    """The order in which the learner returns the right outputs, if that is all that is wrong."""
    names = exercise.outputs
    for order in itertools.permutations(range(len(names))) if len(names) < 5 else ():
        if order != tuple(range(len(names))) and all(
            close(r[k], e[order[k]])
            for r, e in zip(results, expected, strict=True)
            for k in range(len(names))
        ):
            return ", ".join(names[k] for k in order)
    return ""


def _wrong_dtype(found, right, probe) -> str:
    """Say what is wrong with the dtype of an array, if anything."""
    if right.dtype.kind == "f" and found.dtype.kind in "biu":
        return "it holds whole numbers, so everything after the decimal point is cut off."
    if right.ndim == 0 and right.dtype.kind in "iu" and found.dtype.kind == "f":
        return "a number of things is an int: range() and np.zeros() take no float. Use //, not /."
    floats = [
        a.dtype.itemsize
        for a in probe.arguments.values()
        if isinstance(a, np.ndarray) and a.dtype.kind == "f"
    ]
    if floats and right.dtype.kind == found.dtype.kind == "f":
        if found.dtype.itemsize < min(right.dtype.itemsize, *floats):
            return "the arguments have more digits, and they are lost: keep the dtype you are given"
    return ""


def _about_globals(function) -> str:
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


def _ignored(exercise, function, results, expected) -> str:
    """The names of the arrays that the result ought to depend on and does not."""
    if not any(np.any(found) for found in results[0]):
        return ""
    probe, names = exercise.probes[0], []
    for name, value in probe.arguments.items():
        if not isinstance(value, np.ndarray):
            continue
        other = np.roll(value, 1)
        if value.size == 1 and value.dtype.kind == "f":
            other = value + 1
        right = _reference(exercise, exercise.reference, Probe("", probe.arguments | {name: other}))
        if all(close(r, e) for r, e in zip(right, expected[0], strict=True)):
            continue
        outcome = call_on(exercise, function, probe, **{name: other})
        try:
            found = _understood(exercise, function, probe, outcome)
        except CheckFailed:
            continue
        if all(np.array_equal(f, r) for f, r in zip(found, results[0], strict=True)):
            names.append(name)
    return " or ".join(names)


def _look_again(exercise, function, results, first: Outcome | None = None) -> None:
    """Does it give the same for the same arguments again, and in another array?"""
    probe = exercise.probes[0]
    outcome = call_on(exercise, function, probe)
    again = _understood(exercise, function, probe, outcome)
    if not all(close(a, r) for a, r in zip(again, results[0], strict=True)):
        raise CheckFailed(
            exercise.name,
            "the same call gives another result the second time.",
            {
                "why": "it keeps something between the calls: a global list or array, a default "
                "argument that is changed, random numbers that are not passed in.",
                "read": exercise.read,
            },
        )
    if first is None or exercise.play:
        return
    before, now = (_outputs(exercise, o) for o in (first, outcome))
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


def _outputs(exercise, outcome: Outcome) -> list[np.ndarray]:
    """The arrays that a call returned, without a cache."""
    value = outcome.value if isinstance(outcome.value, tuple | list) else (outcome.value,)
    return [entry for entry in value[: len(exercise.outputs)] if isinstance(entry, np.ndarray)]


def _look_in_other_order(exercise, function, results) -> None:
    """Does it give the same when the arrays lie in memory column by column?"""
    probe = exercise.probes[0]
    arrays = {
        name: np.asfortranarray(value)
        for name, value in probe.arguments.items()
        if isinstance(value, np.ndarray) and value.ndim > 1
    }
    outcome = call_on(exercise, function, probe, **arrays)
    again = _understood(exercise, function, probe, outcome)
    if not all(close(a, r) for a, r in zip(again, results[0], strict=True)):
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


def _kind(value) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"

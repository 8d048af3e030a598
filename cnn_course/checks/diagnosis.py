"""What is wrong with a function, given its examination: the mistake's name, or a description.

A wrong result is compared with the results of every known mistake; the one that makes the same
numbers names it. Otherwise the arrays themselves are described (comparing.py).
"""

from __future__ import annotations

import numpy as np

from .comparing import close, describe
from .examination import Examination, Wrong
from .exercise import about_globals
from .failure import CheckFailed
from .mistakes import Mistake
from .repeating import look_again


def diagnose(examination: Examination) -> CheckFailed:
    """Name the mistake behind the wrong outputs, or describe the first one where it fails first."""
    exercise, wrong = examination.exercise, examination.wrong
    explained = {name: _explaining(examination, name) for name in wrong}
    best = _best(examination, explained)
    if best is None:
        look_again(examination)  # what is kept between calls explains anything
    name = next((n for n in wrong if best in explained[n]), wrong[0])
    first = examination.first_wrong(name)
    parts = {"compared": f"{name}, shape {first.right.shape}, on {first.probe.about}"}
    parts["seen"] = best.seen if best else _seen(examination, name) + _ignoring(examination)
    why = [text for text in (best and best.why, about_globals(examination.function)) if text]
    if why:
        parts["why"] = "\n".join(why)
    also = [n for n in wrong if best and best not in explained[n]]
    if also:
        parts["also"] = "\n".join(
            explained[n][0].seen if explained[n] else _seen(examination, n) for n in also
        )
    right = [probe.about for probe in examination.right_probes()]
    if right:
        parts["right on"] = "; ".join(right) if len(right) < 5 else f"{len(right)} other cases"
    others = [n for n in exercise.outputs if n not in wrong]
    if others:
        parts["besides"] = f"{' and '.join(others)} {'is' if len(others) == 1 else 'are'} right"
    if examination.stopped:
        stopped = examination.stopped
        parts["later"] = f"{stopped.parts['compared']}: {stopped.headline}"
    parts["read"] = best.read if best else exercise.read
    if best:
        parts["try"] = best.experiment
    parts["more"] = f"checks.hint({exercise.name!r})"
    headline = f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong."
    return CheckFailed(exercise.name, headline, parts, best.id if best else None)


def name_error(examination: Examination) -> CheckFailed:
    """Right until it stopped: does a known mistake stop at this probe with the same words?"""
    exercise, done = examination.exercise, len(examination.results)
    failure, error = examination.stopped, examination.outcomes[-1].error
    for mistake, theirs in exercise.wrong_results:
        if error is None or theirs[done] is not None or None in theirs[:done]:
            continue
        if not all(examination.equals(theirs[:done], name) for name in exercise.outputs):
            continue
        other = exercise.outcome_of(mistake.wrong, exercise.probes[done]).error
        if type(other) is type(error) and str(other) == str(error):
            parts = failure.parts | {"why": mistake.why, "read": mistake.read}
            parts |= {"try": mistake.experiment, "more": f"checks.hint({exercise.name!r})"}
            return CheckFailed(exercise.name, failure.headline, parts, mistake.id)
    return failure


def _explaining(examination: Examination, name: str) -> list[Mistake]:
    """The known mistakes that make the wrong output `name`, number for number.

    Where the learner's function stops at a probe, the mistake must stop there too. If none makes
    the same numbers: a mistake about sizes that makes the same shapes, if there is just one.
    """
    exercise, done = examination.exercise, len(examination.results)
    k = exercise.outputs.index(name)
    first = examination.results[0][k]
    if len(exercise.probes) == 1 and first.size and not np.isfinite(first).any():
        return []  # many roads lead to nan
    same_numbers, same_shapes = [], []
    for mistake, theirs in exercise.wrong_results:
        if done < len(theirs) and theirs[done] is not None:
            continue
        theirs = theirs[:done]
        if any(t is None for t in theirs):
            continue
        wrong = [not close(t[k], e[k]) for t, e in zip(theirs, examination.expected, strict=True)]
        if any(wrong) and examination.equals(theirs, name):
            same_numbers.append(mistake)
        if mistake.by_shape and _same_wrong_shapes(examination, theirs, k):
            same_shapes.append(mistake)
    if same_numbers or len({mistake.id for mistake in same_shapes}) != 1:
        return same_numbers
    return same_shapes[:1]


def _same_wrong_shapes(examination: Examination, theirs: list[tuple], k: int) -> bool:
    """Whether a known mistake makes output k in the learner's shapes, and those are wrong."""
    ours = [result[k].shape for result in examination.results]
    right = [result[k].shape for result in examination.expected]
    return ours == [result[k].shape for result in theirs] != right


def _best(examination: Examination, explained: dict[str, list[Mistake]]) -> Mistake | None:
    """The mistake that explains most of what is wrong."""
    every = [mistake for mistakes in explained.values() for mistake in mistakes]

    def merit(mistake):
        outputs = sum(mistake in mistakes for mistakes in explained.values())
        return outputs, _right_where(examination, mistake)

    return max(every, key=merit, default=None)


def _right_where(examination: Examination, mistake: Mistake) -> bool:
    """Whether a mistake has right everything that the learner has right."""
    theirs = next(made for known, made in examination.exercise.wrong_results if known is mistake)
    return all(
        close(a, right) or not close(found, right)
        for r, t, e in zip(examination.results, theirs, examination.expected, strict=False)
        for found, a, right in zip(r, t, e, strict=True)
    )


def _seen(examination: Examination, name: str) -> str:
    """Describe an output that no known mistake makes."""
    order = examination.other_order()
    if order:
        return f"the numbers are right, but you return ({order}): the order is another."
    first = examination.first_wrong(name)
    fault = wrong_dtype(first) if first.found.shape == first.right.shape else ""
    if fault and first.found.any() and first.found.dtype.kind in "biu":
        return f"your {name} has the dtype {first.found.dtype}: {fault}"
    return f"your {name}: {describe(first.found, first.right)}"


def _ignoring(examination: Examination) -> str:
    """Name the arrays that the result ought to depend on and does not."""
    exercise, results = examination.exercise, examination.results[0]
    if examination.other_order() or not any(np.any(found) for found in results):
        return ""
    probe, names = exercise.probes[0], []
    for name, value in probe.arguments.items():
        if not isinstance(value, np.ndarray):
            continue
        other = np.roll(value, 1)
        if value.size == 1 and value.dtype.kind == "f":
            other = value + 1
        changed = type(probe)("", probe.arguments | {name: other})
        right = exercise.right_on(changed)
        if all(close(r, e) for r, e in zip(right, examination.expected[0], strict=True)):
            continue
        try:
            outcome = exercise.outcome_of(examination.function, changed)
            found = exercise.outputs_of(examination.function, changed, outcome)
        except CheckFailed:
            continue
        if all(np.array_equal(f, r) for f, r in zip(found, results, strict=True)):
            names.append(name)
    return f" It stays the same when {' or '.join(names)} holds other numbers." if names else ""


def wrong_dtype(output: Wrong) -> str:
    """Say what is wrong with the dtype of an output, if anything."""
    probe, found, right = output
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

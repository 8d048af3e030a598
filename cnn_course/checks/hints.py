"""Hints that unfold one at a time; after the last one comes the answer."""

from __future__ import annotations

import inspect

from .exercise import EXERCISES
from .failure import graded

_UNFOLDED: dict[str, int] = {}  # how many hints of each exercise have been asked for


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
            print("The answer:\n\n" + inspect.getsource(exercise.reference))
    elif shown == len(exercise.hints):
        print(f"Ask once more for the answer: checks.hint({name!r})")

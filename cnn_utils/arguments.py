"""Checks of arguments, so that a slip is answered where it is made and not steps later.

Every check returns the argument in its plain form or raises TypeError (the wrong kind of thing) or
ValueError (out of range). The message says what was expected, what came, and what to try. NumPy's
scalars are numbers like Python's; True and False are not.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable
from difflib import get_close_matches

import numpy as np


def number(value, name: str, *, least=None, above=None, most=None, below=None, hint: str) -> float:
    """value as a float within bounds; infinity and NaN are refused.

    name: of the argument. least, most: bounds that are allowed themselves; above, below: bounds
    that are not. hint: what to try, such as "try 0.9".
    """
    bounds = {"≥": least, ">": above, "≤": most, "<": below}
    limits = " and ".join(f"{sign} {bound}" for sign, bound in bounds.items() if bound is not None)
    message = f"{name} must be a number {limits}".rstrip() + f", got {came(value)}; {hint}."
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(message)
    plain = float(value)
    holds = {"≥": operator.ge, ">": operator.gt, "≤": operator.le, "<": operator.lt}
    if not math.isfinite(plain) or not all(
        holds[sign](plain, bound) for sign, bound in bounds.items() if bound is not None
    ):
        raise ValueError(message)
    return plain


def integer(value, name: str, least: int, hint: str = "") -> int:
    """value as an int of at least `least`.

    name: of the argument. hint: what to try instead of the usual advice.
    """
    expected = f"{name} must be an integer ≥ {least}, got {came(value)}"
    try:
        if isinstance(value, (bool, np.bool)):
            raise TypeError
        plain = operator.index(value)
    except TypeError:
        usual = "use // or int()" if isinstance(value, numbers.Real) else "pass one int"
        raise TypeError(f"{expected}; {hint or usual}.") from None
    if plain < least:
        raise ValueError(f"{expected}; {hint or f'use {least} or more'}.")
    return plain


def int_tuple(value, name: str, hint: str) -> tuple[int, ...]:
    """value, a tuple or list of integers ≥ 1 such as a shape, as a tuple of ints.

    name: of the argument. hint: what to try, such as "use (28, 28, 1)".
    """
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of integers, got {came(value)}; {hint}.")
    return tuple(integer(n, name, least=1, hint=hint) for n in value)


def instance(value, kind, name: str, hint: str):
    """value, which must be an object of this kind (a class, or Callable for a function).

    name: of the argument. hint: what to try; where the class itself came, the message says that an
    object of it must be made.
    """
    if isinstance(value, kind) and not (isinstance(value, type) and kind is not type):
        return value
    if isinstance(value, type) and issubclass(value, kind):
        hint = f"use an object of it, as {value.__name__}(…) makes one"
    names = {Callable: "a function", np.ndarray: "an array"}
    expected = names.get(kind) or with_article(kind.__name__)
    raise TypeError(f"{name} must be {expected}, got {came(value)}; {hint}.")


def generator(rng, name: str = "rng") -> np.random.Generator:
    """rng, which must be a random generator of NumPy."""
    if isinstance(rng, np.random.Generator):
        return rng
    raise TypeError(
        f"{name} must be a numpy.random.Generator, got {came(rng)}; "
        "make one with np.random.default_rng(seed)."
    )


def choice(value, choices: Iterable[str], name: str) -> str:
    """value, which must be one of the choices. name: of the argument."""
    choices = list(choices)
    if isinstance(value, str) and value in choices:
        return value
    nearest = get_close_matches(str(value).lower(), choices, 1) or choices
    raise (ValueError if isinstance(value, str) else TypeError)(
        f"{name} must be one of {', '.join(map(repr, choices))}, got {came(value)}; "
        f"try {nearest[0]!r}."
    )


def came(value) -> str:
    """What a message calls the value it refuses: short, whatever the value is."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, type) or hasattr(value, "__name__"):
        what = "class" if isinstance(value, type) else "function" if callable(value) else "module"
        return f"the {what} {value.__name__}"
    text = repr(value)
    return text if len(text) <= 40 else with_article(type(value).__name__)


def with_article(noun: str) -> str:
    """'an Optimizer' for 'Optimizer', 'a list' for 'list'."""
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"

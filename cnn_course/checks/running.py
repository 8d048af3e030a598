"""Call a learner's function so that nothing it does can hurt: copies, a time limit, no noise."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import dis
import io
import threading
import traceback
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SECONDS = 10.0
HERE = Path(__file__).parent


class TooSlow(BaseException):  # so that `except Exception` in a loop does not keep it alive
    """The function was stopped; the text says after how many seconds."""


class Refused(Exception):
    """What the function did cannot be compared; the text is a headline that says why."""


@dataclass
class Outcome:
    """What came of one call: a value, or an error with the line where it happened."""

    value: object = None
    error: BaseException | None = None
    where: str = ""
    printed: str = ""
    given: dict = field(default_factory=dict)  # the copies of the arguments that it got
    changed: list[str] = field(default_factory=list)  # arguments that it overwrote


def fresh(arguments: dict) -> dict:
    """Copy arrays and random generators, so that no call sees what another one did to them."""
    return {
        name: value.copy(order="K")
        if isinstance(value, np.ndarray)
        else copy.deepcopy(value)
        if isinstance(value, np.random.Generator)
        else value
        for name, value in arguments.items()
    }


def call(function: Callable, arguments: dict, seconds: float = SECONDS) -> Outcome:
    """Call function(*arguments) on copies and tell what happened; no error gets out.

    arguments: by name, in the order in which they are passed. After `seconds` the function is
    stopped, at its next line: code that never returns from one NumPy call cannot be.
    """
    given, said = fresh(arguments), io.StringIO()
    outcome = Outcome(given=given)

    def run():
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                outcome.value = function(*given.values())
        except BaseException as error:  # sys.exit() is a learner's mistake too
            outcome.error = error
            frames = traceback.extract_tb(error.__traceback__)[1:]
            # the learner's lines, not those of a convention (see Exercise) that called them
            frames = [f for f in frames if HERE not in Path(f.filename).parents] or frames
            if frames:
                outcome.where = f"line {frames[0].lineno}: {frames[0].line}"

    thread = threading.Thread(target=run, daemon=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        thread.start()
        thread.join(seconds)
        if thread.is_alive():
            _stop(thread)
            return Outcome(error=TooSlow(f"{seconds:g} seconds"))
    outcome.printed = said.getvalue()
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            if not np.array_equal(value, arguments[name], equal_nan=value.dtype.kind == "f"):
                outcome.changed.append(name)
    return outcome


def shared(arrays, given: dict) -> list[str]:
    """List the arguments whose memory one of the arrays shares."""
    return [
        name
        for name, value in given.items()
        if isinstance(value, np.ndarray) and any(np.shares_memory(value, a) for a in arrays)
    ]


def _stop(thread: threading.Thread) -> None:
    """Leave a loop that runs for ever at its next line; again, should it catch what is raised."""
    for _ in range(20):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(TooSlow)
        )
        thread.join(0.1)
        if not thread.is_alive():
            return


def globals_used(function: Callable) -> list[str]:
    """List the global arrays and numbers that a function reads: perhaps instead of an argument.

    Functions of the same notebook that it calls are looked through too.
    """
    names = getattr(function, "__globals__", {})
    found, seen, waiting = set(), set(), [getattr(function, "__code__", None)]
    while waiting:
        code = waiting.pop()
        if code is None or code in seen:
            continue
        seen.add(code)
        waiting += [inner for inner in code.co_consts if isinstance(inner, types.CodeType)]
        for name in code.co_names:
            value = names.get(name)
            if isinstance(value, np.ndarray | int | float) and not isinstance(value, bool):
                found.add(name)
            elif isinstance(value, types.FunctionType) and value.__globals__ is names:
                waiting.append(value.__code__)
    return sorted(found)


def parameters_unused(function: Callable) -> list[str]:
    """List the parameters that a function never reads."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    read = set()
    for step in dis.get_instructions(code):
        if step.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE")):
            read.update(step.argval if isinstance(step.argval, tuple) else (step.argval,))
    return [
        name
        for name in code.co_varnames[: code.co_argcount]
        if name not in read and name not in code.co_cellvars and not name.startswith(("_", "self"))
    ]

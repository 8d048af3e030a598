"""A mutation tester: change one token of a right function, and see whether its check notices.

`mutants(function, arguments)` makes every variant with a single change; `tally(exercise, battery)`
runs the exercise's check on all of them. A mutant that passes must be equivalent: it gives what the
original gives on the whole battery, which has many more calls than the check (or what one of the
other right answers of the exercise gives).
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import inspect
import io
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from cnn_course.checks.check import run
from cnn_course.checks.comparing import close
from cnn_course.checks.exercise import Exercise
from cnn_course.checks.failure import CheckFailed
from cnn_course.checks.running import call

DIAGNOSED = 5  # every fifth mutant gets the whole check, which also says what is wrong

OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult, ast.Div),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.GtE, ast.LtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
CALLS = {
    "zeros": ("ones",),
    "ones": ("zeros",),
    "zeros_like": ("ones_like",),
    "max": ("min",),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "argmax": ("argmin",),
    "sum": ("mean", "max"),
    "mean": ("sum",),
    "exp": ("expm1",),
    "log": ("log10",),
    "sqrt": ("square",),
    "abs": ("negative",),
}


@dataclass
class Tally:
    """What became of the mutants; survivors are those that pass and are not equivalent."""

    tried: int = 0
    rejected: int = 0
    equivalent: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)

    def rejects(self, exercise: Exercise, mutant: Callable, seconds: float) -> bool:
        """Count a mutant, and whether the exercise's check rejects it."""
        self.tried += 1
        if self.tried % DIAGNOSED and is_wrong(exercise, mutant, seconds):
            self.rejected += 1
            return True
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                run(exercise, mutant, seconds)
        except CheckFailed:
            self.rejected += 1
            return True
        return False

    def __str__(self) -> str:
        return (
            f"{self.tried} tried, {self.rejected} rejected, "
            f"{len(self.equivalent)} equivalent, {len(self.survivors)} survived"
        )


def tally(
    exercise: Exercise,
    battery: Iterable[tuple],
    function: Callable | None = None,
    seconds: float = 1.0,
) -> Tally:
    """Run an exercise's check on every mutant of a function (its answer, if not given).

    battery: arguments, a tuple for each call, on which a mutant that passes is compared with the
    original. seconds: time limit of one call.
    """
    function = function or exercise.reference
    battery, count = list(battery), Tally()
    for what, mutant in mutants(function, tuple(exercise.probes[0].arguments.values())):
        if count.rejects(exercise, mutant, seconds):
            continue
        same = any(
            all(equal_on(exercise, right, mutant, arguments) for arguments in battery)
            for right in (function, *exercise.alternatives)
        )
        (count.equivalent if same else count.survivors).append(what)
    return count


def is_wrong(exercise: Exercise, function: Callable, seconds: float) -> bool:
    """Whether a function gives what no right answer gives, on some probe.

    It would fail its check, whose diagnosis takes most of the time.
    """
    for k, probe in enumerate(exercise.probes):
        outcome = exercise.outcome_of(function, probe, seconds)
        try:
            outputs = exercise.outputs_of(function, probe, outcome)
        except CheckFailed:
            return True
        if not any(all(map(close, outputs, answer[k])) for answer in exercise.right_answers):
            return True
    return False


def equal_on(exercise: Exercise, function, mutant, arguments: tuple) -> bool:
    """Whether two functions give the same outputs for the same arguments."""
    named = {str(position): value for position, value in enumerate(arguments)}
    convention = exercise.convention
    pair = (function, mutant)
    if convention:
        pair = tuple(functools.partial(convention, f) for f in pair)
    expected, found = (call(f, named) for f in pair)
    if expected.error or found.error:
        return type(expected.error) is type(found.error)
    pairs = zip(_outputs(exercise, expected), _outputs(exercise, found), strict=True)
    return not found.changed and all(close(b, a) for a, b in pairs)


def _outputs(exercise, outcome) -> list[np.ndarray]:
    value = outcome.value if isinstance(outcome.value, tuple | list) else (outcome.value,)
    return [np.asarray(entry) for entry in value[: len(exercise.outputs)]]


def mutants(function: Callable, arguments: tuple) -> Iterator[tuple[str, Callable]]:
    """Every variant of a function with a single change, each with words that describe the change.

    arguments: of a call, which shows what kind of thing each name is.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    groups = _groups(function, tree, arguments)
    seen = {ast.dump(tree)}
    for *way, (name, index) in list(_paths(tree)):
        parent = _at(tree, way)
        node = _at(parent, [(name, index)])
        for new in _changes(node, groups):
            # in place, and back: a copy of the tree takes longer than all that is done with it
            _put(parent, name, index, new)
            changed, code = ast.dump(tree), None
            if changed not in seen:
                with contextlib.suppress(SyntaxError):
                    ast.fix_missing_locations(tree)
                    code = compile(tree, f"<mutant of {function.__name__}>", "exec")
            _put(parent, name, index, node)
            seen.add(changed)
            if code:
                line = getattr(node, "lineno", 0)
                what = f"line {line}: {ast.unparse(node)!r} -> {ast.unparse(new)!r}"
                made: dict = {}
                exec(code, dict(function.__globals__), made)
                yield what, made[function.__name__]


def _paths(node: ast.AST, before=()) -> Iterator[tuple]:
    """The way to every node of a function, its name, decorators and docstring left out."""
    for name, value in ast.iter_fields(node):
        if name in ("args", "decorator_list", "returns", "ctx") and not isinstance(value, list):
            continue
        if name in ("decorator_list", "op", "ops"):
            continue
        if isinstance(value, ast.AST):
            yield (*before, (name, None))
            yield from _paths(value, (*before, (name, None)))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, ast.AST):
                    yield (*before, (name, index))
                    yield from _paths(entry, (*before, (name, index)))


def _at(tree: ast.AST, path) -> ast.AST:
    for name, index in path:
        tree = getattr(tree, name) if index is None else getattr(tree, name)[index]
    return tree


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _groups(function: Callable, tree: ast.AST, arguments: tuple) -> dict[str, set[str]]:
    """For every local name, those it may be mistaken for: loop variables, arrays, numbers."""
    values: dict = {}

    def watch(frame, event, _):
        if frame.f_code is not function.__code__:
            return None
        if event == "return":
            values.update(frame.f_locals)
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        function(*copy.deepcopy(arguments))
    finally:
        sys.settrace(before)
    in_loops = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }

    def kind(name):
        if name in in_loops:
            return "loop"
        return "array" if isinstance(values[name], np.ndarray) else type(values[name]).__name__

    return {
        name: {other for other in values if other != name and kind(other) == kind(name)}
        for name in values
    }


def _changes(node: ast.AST, groups: dict[str, set[str]]) -> Iterator[ast.AST]:
    """All the changes that are made to one node."""

    def variant(**fields):
        new = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    match node:
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp():
            for operator in OPERATORS.get(type(node.op), ()):
                yield variant(op=operator())
            if isinstance(node, ast.BinOp):
                yield node.left
                yield node.right
                if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow | ast.MatMult):
                    yield variant(left=node.right, right=node.left)
            if isinstance(node, ast.AugAssign):
                yield ast.Assign(targets=[node.target], value=node.value)
                yield ast.Pass()
        case ast.Compare(ops=[operator]):
            for other in OPERATORS.get(type(operator), ()):
                yield variant(ops=[other()])
        case ast.UnaryOp():
            yield node.operand
        case ast.If() | ast.IfExp() | ast.While():
            yield variant(test=ast.UnaryOp(ast.Not(), node.test))
            if not isinstance(node, ast.IfExp):
                yield ast.Pass()
        case ast.Constant(value=bool()):
            yield variant(value=not node.value)
        case ast.Constant(value=int() | float()):
            yield variant(value=node.value + 1)
            yield variant(value=node.value - 1)
        case ast.Name(ctx=ast.Load()):
            for other in sorted(groups.get(node.id, ())):
                yield variant(id=other)
        case ast.Tuple(elts=entries):
            for k in range(len(entries) - 1):
                swapped = [*entries]
                swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
                yield variant(elts=swapped)
        case ast.Slice():
            for end in ("lower", "upper", "step"):
                if getattr(node, end) is not None:
                    yield variant(**{end: None})
        case ast.Call(func=ast.Name(id="range"), args=[end]):
            one = ast.Constant(1)
            yield variant(args=[one, end])
            yield variant(args=[ast.BinOp(end, ast.Sub(), one)])
            yield variant(args=[ast.BinOp(end, ast.Add(), one)])
        case ast.Attribute(attr=name):
            for other in CALLS.get(name, ()):
                yield variant(attr=other)
        case ast.Assign():
            yield ast.Pass()
            if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
                yield ast.AugAssign(node.targets[0], ast.Add(), node.value)
        case ast.Expr(value=ast.Constant()):
            return
        case ast.For() | ast.Expr() | ast.Return() | ast.Continue() | ast.Break():
            yield ast.Pass()

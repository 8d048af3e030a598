"""Lesson 00: two shapes meet, one step of the broadcasting rule at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import ipywidgets
import numpy as np
from matplotlib.collections import LineCollection

from cnn_utils.plots.board import Board
from cnn_utils.plots.picture import COLOURS, styled

from .controls import sized
from .explorer import Explorer

MOST_AXES, LARGEST, MOST_NUMBERS = 3, 4, 16
EXAMPLES = {
    "(3, 1) and (3,): a column meets a list": ("(3, 1)", "(3,)"),
    "(3, 4) and (4,): one number for each column": ("(3, 4)", "(4,)"),
    "(3, 4) and (3,): one number for each row, refused": ("(3, 4)", "(3,)"),
    "(3, 4) and (3, 1): the same with keepdims": ("(3, 4)", "(3, 1)"),
    "(3, 3) and (3,): one number for each row, silently wrong": ("(3, 3)", "(3,)"),
    "(1, 4) and (3, 1): both are stretched": ("(1, 4)", "(3, 1)"),
    "(2, 2, 3) and (4,): one number for each channel": ("(2, 2, 3)", "(4,)"),
    "(2, 2, 3) and (2,): one number for each image, refused": ("(2, 2, 3)", "(2,)"),
    "(2, 2, 3) and (2, 1, 1): the same with keepdims": ("(2, 2, 3)", "(2, 1, 1)"),
    "(4,) and (): a single number goes with everything": ("(4,)", "()"),
}
RULE = """From the right, axis by axis:
equal sizes fit,
a 1 is stretched,
anything else fails."""


@dataclass(frozen=True)
class Pair:
    """Two shapes and what the rule says about them, step by step."""

    a: tuple[int, ...]
    b: tuple[int, ...]

    @cached_property
    def axes(self) -> int:
        """The number of axes of the longer shape."""
        return max(len(self.a), len(self.b))

    @cached_property
    def padded(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Both shapes with 1s on the left, so that they have the same number of axes."""
        return tuple((1,) * (self.axes - len(shape)) + shape for shape in (self.a, self.b))

    @cached_property
    def larger(self) -> tuple[int, ...]:
        """The larger size of each axis: the shape of the result, where there is one."""
        return tuple(map(max, *self.padded))

    def fits(self, axis: int) -> bool:
        """Say whether the sizes of an axis of the padded shapes go together."""
        sizes = {shape[axis] for shape in self.padded}
        return len(sizes) == 1 or 1 in sizes

    @cached_property
    def last(self) -> int:
        """The number of the last step: the result, or the axis at which the shapes fail."""
        failing = [axis for axis in range(self.axes) if not self.fits(axis)]
        return 2 + self.axes - failing[-1] if failing else 3 + self.axes

    def compared(self, step: int) -> list[int]:
        """The axes that have been compared, the one of this step first."""
        return list(range(self.axes))[self.axes - min(max(step - 2, 0), self.axes) :]

    def now(self, step: int) -> list[tuple[int, ...]]:
        """Both shapes as they are at a step: given, padded, or stretched so far."""
        if step < 2:
            return [self.a, self.b]
        done = [axis for axis in self.compared(step) if self.fits(axis)]
        pairs = [enumerate(zip(own, self.larger, strict=True)) for own in self.padded]
        return [tuple(n if axis in done else one for axis, (one, n) in pair) for pair in pairs]


def parse_shape(text: str) -> tuple[int, ...]:
    """Read a text such as "(3, 1)", "3, 1" or "3 1" as a shape.

    Raises ValueError, which says what is wrong, for any other text, for more than three axes and
    for sizes above 4.
    """
    if not re.fullmatch(r"\s*\(?\s*(\d+(\s*[,x×\s]\s*\d+)*)?\s*,?\s*\)?\s*", text):
        raise ValueError(f"“{text}” is not a shape. Write whole numbers and commas: (3, 1).")
    shape = tuple(int(size) for size in re.findall(r"\d+", text))
    if len(shape) > MOST_AXES or any(not 1 <= size <= LARGEST for size in shape):
        raise ValueError(
            f"{shape} has no room in this picture: choose at most {MOST_AXES} axes, "
            f"each with a size from 1 to {LARGEST}."
        )
    return shape


@styled
def broadcast_picture(a: str = "(3, 1)", b: str = "(3,)", step: int = 0, cell: int = 0) -> Board:
    """Draw one step of a + b. The numbers are a = 10, 20, 30, … and b = 1, 2, 3, …

    a, b: the shapes, as text. step: 0 shows the shapes as given, 1 aligned, 2 padded, 3 and more
    one axis after another from the right, compared and stretched, then the result; a step beyond
    the last means the last. cell: the number of the result that is explained at the end, counted
    row by row. Text that is not a shape, or is too large, gives a picture that says so.
    """
    try:
        pair = Pair(parse_shape(a), parse_shape(b))
        if np.prod(pair.larger) > MOST_NUMBERS:
            raise ValueError(
                f"{pair.a} and {pair.b} have no room in this picture: a shape of "
                f"{np.prod(pair.larger)} numbers is too large, {MOST_NUMBERS} are the most."
            )
    except ValueError as problem:
        board = Board("No picture for these shapes", str(problem), 17, 2)
        words = str(problem).replace(": ", ":\n").replace(". ", ".\n")
        board.note(0.3, 0.2, words, va="top", color=COLOURS["wrong"])
        return board
    return _draw(pair, min(max(step, 0), pair.last), cell)


def broadcast_stepper() -> Explorer:
    """Explorer of lesson 00: step through the rule that broadcasts two shapes, or refuses to."""
    first = next(iter(EXAMPLES.values()))
    wide = {"style": {"description_width": "initial"}}
    narrow = {**sized("13em"), "continuous_update": False}
    example = ipywidgets.Dropdown(
        options=[*EXAMPLES.items(), ("shapes of your own", None)],
        description="example",
        **sized("34em"),
    )
    a = ipywidgets.Text(first[0], description="shape of a", **narrow)
    b = ipywidgets.Text(first[1], description="shape of b", **narrow)
    step = ipywidgets.IntSlider(description="step", max=1, **wide)
    cell = ipywidgets.IntSlider(description="number of the result", max=0, **wide)
    cell.layout.width = "24em"

    def refit(_=None):
        try:
            pair = Pair(parse_shape(a.value), parse_shape(b.value))
        except ValueError:
            return
        step.max = pair.last
        cell.max = int(np.prod(pair.larger)) - 1 if pair.last == 3 + pair.axes else 0
        cell.disabled = cell.max == 0 or step.value < step.max
        own = (a.value, b.value)
        example.value = own if own in EXAMPLES.values() else None

    for control in (a, b, step):
        control.observe(refit, "value")
    refit()
    controls = {"a": a, "b": b, "step": step, "cell": cell}
    rows = [[example], [a, b], [step, cell]]
    explorer = Explorer(broadcast_picture, controls, rows=rows, on_click=_clicked)

    def show_example(change):
        if change["new"] not in (None, (a.value, b.value)):
            example.unobserve(show_example, "value")  # with one text written, it is no example
            explorer.set(step=0, cell=0, a=change["new"][0], b=change["new"][1])
            example.observe(show_example, "value")

    example.observe(show_example, "value")
    return explorer


def _clicked(grid: str, index: tuple[int, int], state: dict) -> dict:
    """Explain the number of the result at the clicked place, once there is a result."""
    pair = Pair(parse_shape(state["a"]), parse_shape(state["b"]))
    if grid.startswith("shape") or min(state["step"], pair.last) < 3 + pair.axes:
        return {}
    place = (int(grid.split()[-1]), *index)[3 - pair.axes :]
    return {"cell": int(np.ravel_multi_index(place, pair.larger)) if place else 0}


def _draw(pair, step, cell) -> Board:
    """Draw a step of two shapes that fit into the picture."""
    values = [
        unit * np.arange(1, np.prod(n, dtype=int) + 1).reshape(n)
        for unit, n in ((10, pair.a), (1, pair.b))
    ]
    arrays = [np.broadcast_to(v, n) for v, n in zip(values, pair.now(step), strict=True)]
    title, sentence = _words(pair, step)
    place = None
    if step == 3 + pair.axes:
        arrays.append(arrays[0] + arrays[1])
        place = np.unravel_index(min(max(cell, 0), arrays[2].size - 1), pair.larger)
        sentence += _sources(values, place)

    deep, rows, columns = (1,) * (3 - pair.axes) + pair.larger
    across, top = max(columns, 3.5) + 1.3, 5.5
    height = top + deep * (rows + 0.9)
    title = f"Step {step} of {pair.last} · {title}"
    board = Board(title, sentence, 3 * across, height, min(0.42, 6.8 / height))
    _shape_table(board, pair, step)
    for number, (name, kind) in enumerate((("a", "input"), ("b", "kernel"), ("a + b", "output"))):
        left = 0.4 + number * across
        if number:
            board.note(left - 0.65, top + 0.5, " +="[number], fontsize=14, ha="center")
        if number < len(arrays):
            one = pair.padded[number] if number < 2 and step > 1 else arrays[number].shape
            copies = np.ones(arrays[number].shape, bool)
            copies[tuple(slice(n) for n in one)] = False
            _slabs(board, name, arrays[number], copies, place, left, top, kind)
        else:
            words = "not yet" if step < pair.last else "no result"
            board.note(left, top + 0.5, words, color="#666666")
    return board


def _words(pair, step) -> tuple[str, str]:
    """The title of a step and its description."""
    a, b, axes, shape = pair.a, pair.b, pair.axes, pair.larger
    if step == 0:
        return (
            "do these two shapes fit?",
            f"a has shape {a}, b has shape {b}. Do they fit, and what is the shape of a + b?",
        )
    if step == 1:
        return (
            "align the shapes on the right",
            f"The end of {a} stands over the end of {b}: axes are compared from the right.",
        )
    if step == 2 and len(a) == len(b):
        title = f"both have {_count(axes)}, nothing to pad"
        return title, f"a and b both have {_count(axes)}: neither needs a 1 on its left."
    if step == 2:
        name, own, one = ("ab"[i := int(len(a) > len(b))], (a, b)[i], pair.padded[i])
        return (
            f"pad {name} with 1 on the left",
            f"{name} has {len(own)} of {_count(axes)}: with 1s on its left, {own} counts as {one}. "
            "No number changes.",
        )
    if step == 3 + axes:
        both = "" if shape in (a, b) else " Neither a nor b had this shape: both were stretched."
        return f"the result has shape {shape}", f"a + b has shape {shape}.{both}"
    axis = axes + 2 - step
    p, q = pair.padded[0][axis], pair.padded[1][axis]
    sizes = f"Axis {axis}: a has {p}, b has {q}."
    if p == q:
        return f"axis {axis}: {p} and {q} are equal", f"{sizes} Equal sizes fit as they are."
    if not pair.fits(axis):
        shapes = f"{a} {b}".replace(", ", ",")
        return (
            f"axis {axis}: {p} against {q} fails",
            f"{sizes} They differ and neither is 1, so no stretching can match them. NumPy says: "
            f"ValueError: operands could not be broadcast together with shapes {shapes}.",
        )
    name, other = "ab" if p == 1 else "ba"
    return (
        f"axis {axis}: {name} is stretched from 1 to {max(p, q)}",
        f"{sizes} The 1 of {name} is stretched: along this axis its numbers serve {max(p, q)} "
        f"times, once for each place of {other}. The copies are hatched.",
    )


def _sources(values, place) -> str:
    """The sum behind one number of the result, with the index of each part."""
    indices = []
    for value in values:
        own = place[len(place) - value.ndim :]
        indices.append([0 if n == 1 else int(i) for i, n in zip(own, value.shape, strict=True)])
    p, q = (int(value[tuple(index)]) for value, index in zip(values, indices, strict=True))
    a, b = (f"{name}{index or ''}" for name, index in zip("ab", indices, strict=True))
    return f" (a + b){[int(i) for i in place] or ''} = {a} + {b} = {p} + {q} = {p + q}."


def _shape_table(board, pair, step) -> None:
    """The two shapes, one above the other, and what the comparison has shown so far."""
    left, top, side, compared = 2.7, 1.0, 1.3, pair.compared(step)
    marked = compared[:1] if step < 3 + pair.axes else []
    for row, (name, own) in enumerate((("a", pair.a), ("b", pair.b))):
        missing, y = pair.axes - len(own), top + 1.1 * side * row
        sizes, padding = (own, 0) if step < 2 else (pair.padded[row], missing)
        x = left + side * (missing if step == 1 else 0)
        board.note(left - 0.3, y + side / 2, f"shape of {name}", ha="right", fontsize=9.5)
        look = {"label": "", "marked": marked, "faint": range(padding), "side": side}
        if sizes:
            board.grid(f"shape {name}", sizes, x, y, ("input", "kernel")[row], **look)
            _hatch(board, [(x + side * i, y) for i in range(padding)], side, "#999999")
        else:
            board.note(left, y + side / 2, "(): no axes", fontsize=9.5)
    for axis in range(pair.axes) if step else ():
        x = left + side * (axis + 0.5)
        board.note(x, top - 0.3, f"axis {axis}", ha="center", fontsize=8)
        if axis in compared:
            p, q = pair.padded[0][axis], pair.padded[1][axis]
            stretch = f"{'a' if p == 1 else 'b'}: 1→{max(p, q)}" if p != q else f"{p} = {q}"
            words, ink = (stretch, "#222222") if pair.fits(axis) else (f"{p} ≠ {q}", "#B04A00")
            board.note(x, top + 2.1 * side + 0.35, words, ha="center", fontsize=9, color=ink)
    board.note(left + side * max(pair.axes, 2) + 0.8, top + 1.05 * side, RULE, fontsize=9.5)


def _slabs(board, name, array, copies, place, left, top, kind) -> None:
    """Draw an array of up to three axes: the tables along its first axis one below the other."""
    slabs = array.reshape((-1, *np.atleast_2d(array[0] if array.ndim == 3 else array).shape))
    hidden, marked = copies.reshape(slabs.shape), np.zeros(slabs.shape, bool)
    if place is not None:
        marked[(0,) * (3 - len(place)) + place] = True
    for number, (slab, faint) in enumerate(zip(slabs, hidden, strict=True)):
        part = f"({name})[{number}]" if " " in name else f"{name}[{number}]"
        label = part if number else f"{name}  {array.shape}"
        grid, look = f"{name} {number}", {"marked": marked[number], "faint": faint}
        board.grid(grid, slab, left, top, kind, label=label, **look)
        _hatch(board, [(left + c, top + r) for r, c in np.argwhere(faint)], 1, COLOURS[kind])
        top += len(slab) + 0.9


def _hatch(board, corners, side, colour) -> None:
    """Hatch cells lightly, copies that are not in memory, given by their upper left corners."""
    strokes = [((0, 0.5), (0.5, 0)), ((0, 1), (1, 0)), ((0.5, 1), (1, 0.5))]
    lines = [
        [(x + side * u, y + side * v) for u, v in ends] for x, y in corners for ends in strokes
    ]
    if lines:  # a LineCollection is drawn in a fraction of the time of Matplotlib's hatches
        board.axis.add_collection(
            LineCollection(lines, colors=colour, linewidths=1, alpha=0.35),
            autolim=False,
        )


def _count(axes: int) -> str:
    return "1 axis" if axes == 1 else f"{axes} axes"

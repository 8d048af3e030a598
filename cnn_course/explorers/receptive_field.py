"""Lesson 02: what one output of a stack of layers sees, layer by layer, along one axis."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import NamedTuple

from matplotlib.collections import LineCollection

from cnn_utils.functional import output_size
from cnn_utils.plots.board import Board
from cnn_utils.plots.picture import styled

from .controls import button, slider
from .drawing import box, draw_boxes
from .explorer import Explorer

STACKS = {  # name of the button: pixels of the input, (K, s, p) of the layers
    "the lesson's stack": (13, [(3, 1, 0), (3, 2, 0), (3, 1, 0)]),
    "four 3×3 layers": (13, [(3, 1, 1)] * 4),
    "the small sign model": (64, [(5, 1, 2), (8, 8, 0), (5, 1, 2), (4, 4, 0)]),
}
MOST_LAYERS, MOST_PIXELS = 4, 64
LOOKS = {  # of cells: fill, edge, hatch
    "seen": ("#7FB3DA", "#33688F", None),
    "not seen": ("#F1F4F7", "#A8B2BC", None),
    "padding seen": ("#FFFFFF", "#777777", "////"),
    "chosen": ("#009E73", "#00563F", None),
}


class Level(NamedTuple):
    """The input (number 0) or the output of a layer, along one axis.

    size: how many units; jump: pixels of the input from one to the next; field: pixels that one
    depends on; start: the first pixel that unit 0 depends on, negative in the padding.
    """

    size: int
    jump: int
    field: int
    start: int


def levels(n: int, layers) -> list[Level]:
    """Follow an axis of n pixels through layers (K, s, p): r grows by (K − 1)·j, then j by s.

    Returns a Level for the input and for each layer. Raises ValueError, which names the layer, if
    a window does not fit. Formula: A. Araujo, W. Norris, J. Sim, "Computing receptive fields of
    convolutional neural networks", Distill (2019), doi:10.23915/distill.00021.
    """
    found = [Level(n, 1, 1, 0)]
    for number, (k, stride, padding) in enumerate(layers, 1):
        size, jump, field, start = found[-1]
        try:
            size = output_size(size, k, stride, padding)
        except ValueError as error:
            raise ValueError(f"layer {number}: {error}") from None
        start -= padding * jump
        found.append(Level(size, jump * stride, field + (k - 1) * jump, start))
    return found


def seen_by(n: int, layers, unit: int) -> list[list[int]]:
    """List the units that one output depends on, in the input and after each layer.

    n, layers: as for `levels`; unit: the number of the output. Returns a list of numbers for the
    input and for each layer. Numbers below 0 or beyond the last are padding, where the search
    ends: padding depends on nothing.
    """
    sizes = [level.size for level in levels(n, layers)]
    seen = [[unit]]
    for size, (k, stride, padding) in zip(sizes[:0:-1], reversed(layers), strict=True):
        there = [i for i in seen[0] if 0 <= i < size]
        seen.insert(0, sorted({i * stride - padding + u for i in there for u in range(k)}))
    return seen


def receptive_field() -> Explorer:
    """Explorer of lesson 02: choose up to four layers and an output; see what it depends on."""
    n, stack = STACKS["the lesson's stack"]
    unit = slider("output unit", 0, width="20em")
    pixels = slider("input pixels n", MOST_PIXELS, n, least=4, width="20em")
    depth = slider("layers", MOST_LAYERS, len(stack), least=1, width="14em")
    controls = {"unit": unit, "pixels": pixels, "depth": depth}
    rows = [[unit, pixels, depth]]
    for number in range(1, MOST_LAYERS + 1):
        k, stride, padding = (*stack, (3, 1, 0))[number - 1]
        row = [
            slider(f"layer {number}:  K", 8, k, least=1, width="17em"),
            slider("s", 8, stride, least=1, width="14em"),
            slider("p", 4, padding, width="14em"),
        ]
        controls |= zip(_names(number), row, strict=True)
        rows.append(row)

    def adjust(_=None):
        """Offer the output units that there are, and only the sliders of layers in the stack."""
        state = {name: control.value for name, control in controls.items()}
        try:
            unit.max = levels(pixels.value, _layers(state))[-1].size - 1
        except ValueError:
            pass  # there is no output, and the picture says why
        for number in range(1, MOST_LAYERS + 1):
            for name in _names(number):
                controls[name].disabled = number > depth.value

    def choose(n, stack):
        state = {"pixels": n, "depth": len(stack), "unit": 0}
        for number, layer in enumerate(stack, 1):
            state |= zip(_names(number), layer, strict=True)
        explorer.set(**state)

    def draw(unit, pixels, **state):
        return field_picture(pixels, _layers(state), unit)

    for control in controls.values():
        control.observe(adjust, "value")
    adjust()
    buttons = [button(name, "13em", partial(choose, *layers)) for name, layers in STACKS.items()]
    explorer = Explorer(draw, controls, rows=[rows[0], buttons, *rows[1:]])
    return explorer


@styled
def field_picture(n: int, layers, unit: int = 0) -> Board:
    """Draw the units of all layers along one axis, and those that one output depends on.

    n: pixels of the input; layers: (K, s, p) of each, the first layer first; unit: number of the
    output, the last one where it is too large. A layer that does not fit is named instead.
    """
    try:
        stack = levels(n, layers)
    except ValueError as error:
        title = "Impossible: a layer has no room for its window"
        board = Board(title, f"{n} pixels, {_words(layers)}: {error}", 8.5, 0.9, 1.0)
        board.note(0.2, 0.4, str(error).replace("; ", ";\n"), fontsize=10, color="#B34700")
        return board
    top = stack[-1]
    unit = min(unit, top.size - 1)
    windows = seen_by(n, layers, unit)
    pixels = [i for i in windows[0] if 0 <= i < n]
    title = (
        f"Output unit {unit} sees {len(pixels)} of {n} pixels; its receptive field is {top.field}"
    )
    alt = f"Output unit {unit} of {top.size} depends on {len(pixels)} pixels"
    alt += f", from {pixels[0]} to {pixels[-1]}." if pixels else "."
    rest = top.field - len(pixels)
    alt += f" The other {rest} of its {top.field} places are padding or gaps." if rest else ""
    for number, (below, level) in enumerate(pairwise(stack), 1):
        k, stride, _ = layers[number - 1]
        alt += f" Layer {number}: j = {stride}·{below.jump} = {level.jump}, "
        alt += f"r = {below.field} + ({k} − 1)·{below.jump} = {level.field}, size {level.size}."

    step = 0.62
    bottom = 0.05 + step * len(layers)
    board = Board(title, alt, 8.5, bottom + 1.15 + 0.21 * len(stack), 1.0)  # its unit is an inch
    _draw_units(board, stack, windows, bottom, step)
    _draw_table(board, stack, layers, bottom + 0.85)
    return board


def _draw_units(board: Board, stack, windows, bottom: float, step: float) -> None:
    """Rows of units, the input lowest, each unit above the middle of what it sees."""
    rows = []  # of each level: the pixel where unit 0 begins (a unit is as wide as its jump), units
    for level, window in zip(stack, windows, strict=True):
        begin = level.start + (level.field - level.jump) / 2
        rows.append((begin, range(min([0, *window]), max([level.size - 1, *window]) + 1)))
    ends = [
        begin + i * level.jump
        for level, (begin, units) in zip(stack, rows, strict=True)
        for i in (units[0], units[-1] + 1)
    ]
    pitch = min(0.42, 7.1 / (max(ends) - min(ends)))
    cells = {look: [] for look in LOOKS}
    cones, seen = [], ()
    for number, (level, window, (begin, units)) in enumerate(
        zip(stack, windows, rows, strict=True)
    ):
        y = bottom - step * number
        side = pitch * level.jump
        left = 1.25 + pitch * (begin - min(ends))  # of unit 0
        for i in units:
            look = "seen" if i in window else "not seen"
            if not 0 <= i < level.size:
                look = "padding seen" if i in window else ""
            elif i in window and number == len(stack) - 1:
                look = "chosen"
            if look:
                cells[look].append(box(left + i * side, y, side, 0.27))
        there = [i for i in window if 0 <= i < level.size]
        if there and number:  # from these units to the ends of what they see one row below
            edges = (left + there[0] * side, left + (there[-1] + 1) * side)
            cones += [[(x, y + 0.27), (end, y + step)] for x, end in zip(edges, seen, strict=True)]
        if window:
            seen = (left + window[0] * side, left + (window[-1] + 1) * side)
        name = f"layer {number}" if number else "input"
        board.note(0.2, y + 0.135, name, fontsize=10, fontweight="bold", color="#005A8E")
    x = 1.3
    for look, squares in cells.items():
        if squares:
            squares.append(box(x, bottom + 0.36, 0.17, 0.17))
            board.note(x + 0.24, bottom + 0.445, look, fontsize=9)
            x += 0.5 + 0.075 * len(look)
            fill, edge, hatch = LOOKS[look]
            how = {"facecolors": fill, "edgecolors": edge, "hatch": hatch, "linewidths": 0.7}
            draw_boxes(board, squares, **how)
    lines = LineCollection(cones, colors="#00795A", linestyles="--", linewidths=1.2)
    board.axis.add_collection(lines, autolim=False)


def _draw_table(board: Board, stack, layers, y: float) -> None:
    """K, s, p, size, jump and receptive field of every layer, the input lowest as above."""
    steps = list(zip(layers, stack, stack[1:], strict=False))
    columns = {
        "layer": ["input", *range(1, len(stack))],
        "K": ["", *(k for k, _, _ in layers)],
        "s": ["", *(stride for _, stride, _ in layers)],
        "p": ["", *(padding for _, _, padding in layers)],
        "size": [level.size for level in stack],
        "jump  j = s · j below": [
            1,
            *(f"{stride} · {below.jump} = {level.jump}" for (_, stride, _), below, level in steps),
        ],
        "receptive field  r = r below + (K − 1) · j below": [
            1,
            *(
                f"{below.field} + {k - 1} · {below.jump} = {level.field}"
                for (k, *_), below, level in steps
            ),
        ],
    }
    for x, (head, column) in zip(
        (0.2, 1.0, 1.45, 1.9, 2.4, 3.1, 4.9), columns.items(), strict=True
    ):
        board.note(x, y, head, fontweight="bold", fontsize=9.5)
        numbers = "\n".join(map(str, reversed(column)))
        board.note(x, y + 0.13, numbers, fontsize=10, va="top", linespacing=1.35)


def _layers(state: dict) -> list[tuple[int, int, int]]:
    """The (K, s, p) of each layer that the sliders describe."""
    numbers = range(1, state["depth"] + 1)
    return [tuple(state[name] for name in _names(number)) for number in numbers]


def _names(number: int) -> tuple[str, str, str]:
    """What the controls of a layer are called in the state."""
    return f"kernel_{number}", f"stride_{number}", f"padding_{number}"


def _words(layers) -> str:
    return ", ".join(f"K {k} s {stride} p {padding}" for k, stride, padding in layers)

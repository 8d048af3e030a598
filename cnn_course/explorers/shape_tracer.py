"""Lesson 06: shapes and gradients on their way through a stack of layers, a step at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import ipywidgets
import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from cnn_utils import example, recipes
from cnn_utils.layers import Conv2D, Dense, Flatten, ReLU, Sigmoid
from cnn_utils.plots.board import Board, Grid, shown
from cnn_utils.plots.picture import COLOURS, styled
from cnn_utils.sequential import Sequential

from .controls import sized, slider
from .explorer import Explorer


class Rule(NamedTuple):
    """What a layer computes, what it keeps for the way back, and the names of its arrays."""

    forward: str
    kept: str
    backward: str
    taken: str  # the name of its input
    given: str  # the name of its output


RULES = {  # by the class of the layer
    "Conv2D": Rule(
        "z = x ⋆ w + b", "x and w", "dx = dz spread out by w, dw = x ⋆ dz, db = Σ dz", "X", "Z"
    ),
    "Dense": Rule(
        "z = x @ w + b", "x and w", "dx = dz @ w.T, dw = x.T @ dz, db = dz.sum(0)", "x", "z"
    ),
    "ReLU": Rule("a = max(z, 0)", "where z > 0", "dz = da where z > 0, else 0", "Z", "A"),
    "Sigmoid": Rule("a = 1 / (1 + exp(−z))", "a", "dz = da · a (1 − a)", "z", "a"),
    "Flatten": Rule("x = a.reshape(N, −1)", "the shape of a", "da = dx.reshape(a.shape)", "A", "x"),
    "MaxPool2D": Rule(
        "a = the largest number of each window",
        "where it was",
        "dx = da at the place of each largest number, else 0",
        "X",
        "A",
    ),
}
MOST = 64  # images in a batch
CELL = 0.4  # inches
COLUMNS = {  # of the table: where each begins, how many cells it is wide, its heading
    "layer": (0.4, 3, "layer"),
    "parameters": (3.4, 5, "parameters"),
    "forward": (8.4, 3, "↓ output"),
    "backward": (11.8, 3, "↑ gradient of it"),
    "gradients": (15.2, 5, "gradients of parameters"),
}
TINTS = {  # of a shape that is known, and of its frame
    "forward": ("#DAF0EA", COLOURS["output"]),
    "backward": ("#F4E4EE", COLOURS["gradient"]),
}
TALLEST = 4  # rows of the largest array whose numbers are shown
TOP, WIDE = 1.0, 20.8  # where the first row of the table begins; the width of all


def _stack(layers, input_shape, *arrays) -> Sequential:
    """A float64 model with these parameters; their shapes may leave out channels."""
    model = Sequential(layers, input_shape, dtype=np.float64)
    for parameter, values in zip(model.parameters().values(), arrays, strict=True):
        parameter[...] = np.reshape(values, parameter.shape)
    return model


def _convolution_stack() -> Sequential:
    """The lesson's stack, with its integer weights."""
    layers = [Conv2D(1, 2), ReLU(), Flatten(), Dense(2)]
    weights = [[-2, 2], [3, -2], [-1, 1], [1, 1]]
    return _stack(layers, (3, 3, 1), example.W, example.B, weights, [1, -3])


def _sigmoid_stack() -> Sequential:
    """Two dense layers with a sigmoid after each: the slopes a (1 − a) multiply."""
    layers = [Dense(2), Sigmoid(), Dense(2), Sigmoid()]
    first, second = [[1, -1], [2, 1], [-1, 1]], [[2, -1], [-1, 2]]
    return _stack(layers, (3,), first, [0, 1], second, [0, -1])


class Preset(NamedTuple):
    """A stack to walk through."""

    title: str
    build: Callable[[], Sequential]
    image: ArrayLike | None = (
        None  # the first of every batch; None where the arrays are too large to show
    )
    upstream: ArrayLike | None = None  # the gradient that comes back to its output


PRESETS = {
    "convolution": Preset(
        "conv → ReLU → flatten → dense", _convolution_stack, example.X, upstream=[1, 2]
    ),
    "sigmoid": Preset("dense → sigmoid, twice", _sigmoid_stack, [1, 0, 2], upstream=[1, 2]),
    "mnist-small": Preset("mnist-small: ten digits", partial(recipes.build, "mnist-small")),
    "signs-small": Preset("signs-small: six hand signs", partial(recipes.build, "signs-small")),
}
WORKED = "convolution"  # the preset with the numbers of the lesson


@cache
def _model(preset: str) -> Sequential:
    return PRESETS[preset].build()


@cache
def _run(preset: str, batch: int):
    """Inputs and outputs, their gradients and the layers' own, of a preset with small arrays."""
    model = _model(preset)
    rng = np.random.default_rng(6)  # a larger batch begins with the images of a smaller one
    images = rng.integers(-2, 4, (MOST, *model.input_shape)).astype(float)
    above = rng.integers(-2, 4, (MOST, *model.output_shape)).astype(float)
    images[0] = np.reshape(PRESETS[preset].image, model.input_shape)
    above[0] = PRESETS[preset].upstream
    outputs, gradients = [images[:batch]], [above[:batch]]
    for layer in model.layers:
        outputs.append(layer.forward(outputs[-1]))
    own = []
    for layer in reversed(model.layers):
        gradients.append(layer.backward(gradients[-1]))
        own.append(dict(layer.grads))
    return outputs, gradients[::-1], own[::-1]


def last_step(preset: str) -> int:
    """Return the number of the last step: the input, L layers forward, the loss, L layers back."""
    return 2 * len(_model(preset).layers) + 1


@styled
def trace_picture(preset: str = WORKED, step: int = 0, batch: int = 1) -> Board:
    """Show how far shapes and gradients have come in a stack of layers.

    preset: a key of PRESETS. step: 0, the input; 1 … L, forward through layer 1 … L; L + 1, the
    gradient of the loss arrives; L + 2 … 2L + 1, back through layer L … 1; a larger one counts as
    the last. batch: how many images run together, at least 1. The table has a row for the input
    and one for every layer; its columns are the grids of the Board.
    """
    model, small = _model(preset), PRESETS[preset].image is not None
    count = len(model.layers)
    step = min(max(step, 0), 2 * count + 1)
    back = step > count
    at = 2 * count + 2 - step if back else step  # the row at work, count + 1: the loss
    heading, rule, sizes = _words(model, step, at, batch)
    sums, alt = _numbers(preset, at, back, batch) if small else ([], "")
    title = "Backward: every gradient has the shape of what it belongs to"
    if not back:
        title = "Forward: each layer turns its input into its output"
    alt = f"Step {step} of {2 * count + 1}, {heading}: {rule}. {sizes}{alt}"
    rows = TOP + count + 1
    board = Board(title, alt, WIDE, rows + (TALLEST + 4.6 if small else 2.1), CELL)
    _table(board, model, back, at, batch)
    heading = heading[0].upper() + heading[1:]
    _write(board, 0.4, rows + 0.75, f"{heading}: {rule}", bold=True, fontsize=10.5)
    _write(board, 0.4, rows + 1.5, sizes, fontsize=10.5)
    if small:
        _equation(board, sums, rows + 3.6, 0 < at <= count, back, _gate(preset, at))
        if batch > 1:
            note = f"Shown: the first of {batch} images. dw and db are summed over all {batch}."
            _write(board, 0.6, rows + TALLEST + 4.1, note, color="#555555")
    return board


def _words(model, step, at, batch) -> tuple[str, str, str]:
    """What happens in this step, by which rule, and how it changes shapes."""
    layers = model.layers
    if step == 0:
        shape = (batch, *model.input_shape)
        return "the input", "a batch X", f"Its shape is {shape}: {batch} in the batch."
    if at > len(layers):
        shape = (batch, *model.output_shape)
        words = f"It has the shape of the last output, {shape}."
        return "the turning point", "the loss hands back its gradient", words
    layer = layers[at - 1]
    rule = RULES[type(layer).__name__]
    taken, given = (batch, *layer.input_shape), (batch, *layer.output_shape)
    if step <= len(layers):
        words = f"Shape {taken} in, {given} out. The cache keeps {rule.kept}."
        return f"forward through {layer.name}", rule.forward, words
    words = f"Gradient {given} in, {taken} out"
    for name, value in layer.params.items():
        words += f", d{name} {value.shape}"
    return f"back through {layer.name}", rule.backward, f"{words}. The cache held {rule.kept}."


def _table(board: Board, model, back: bool, at: int, batch: int) -> None:
    """Names, parameters and shapes of all layers; what has not been reached yet stays empty."""
    count = len(model.layers)
    if 0 < at <= count:  # the row of the layer at work
        place, size = (0.2, TOP + at), (WIDE - 0.4, 1)
        board.axis.add_patch(Rectangle(place, *size, facecolor="#FFF3C4", edgecolor="none"))
    for name, (x, width, heading) in COLUMNS.items():
        _write(board, x + 0.15, TOP - 0.35, heading, color="#555555")
        board.grids[name] = Grid((count + 1, width), x, TOP, 1)
    for row, layer in enumerate([None, *model.layers]):
        y, here = TOP + row + 0.5, row == at and row > 0
        name = layer.name if layer else "input"
        _write(board, 0.55, y, f"▸ {name}" if here else name, bold=here)
        shape = str((batch, *(layer.output_shape if layer else model.input_shape)))
        _box(board, "forward", y, shape if back or row <= at else "", not back and row == at)
        reached = back and row >= at - 1
        _box(board, "backward", y, shape if reached else "", back and row == at - 1)
        params = layer.params.items() if layer else ()
        words = ", ".join(f"{k} {v.shape}" for k, v in params)
        _write(board, 3.55, y, words, color="#7A5000")
        if back and row >= at:
            words = ", ".join(f"d{k} {v.shape}" for k, v in params)
            _write(board, 15.35, y, words, color="#7A2E60", bold=here)


def _write(board: Board, x: float, y: float, words: str, bold: bool = False, **how) -> None:
    if words:
        weight = "bold" if bold else "normal"
        board.note(x, y, words, **{"fontsize": 9.5, "fontweight": weight, **how})


def _box(board: Board, column: str, y: float, words: str, new: bool) -> None:
    """A cell of the table; the one that has just been computed has a thick frame."""
    x, width, _ = COLUMNS[column]
    fill, edge = TINTS[column] if words else ("white", "#CCCCCC")
    how = {"facecolor": fill, "edgecolor": edge, "lw": 2.6 if new else 0.8}
    board.axis.add_patch(Rectangle((x + 0.05, y - 0.42), width - 0.1, 0.84, **how))
    _write(board, x + width / 2, y, words, bold=new, ha="center", fontsize=9)


def _numbers(preset: str, at: int, back: bool, batch: int):
    """The arrays of this step, as (label, array, kind), "→" before what comes out; in words too."""
    model = _model(preset)
    outputs, gradients, own = _run(preset, batch)
    if at == 0:
        return [("X", _flat(outputs[0]), "input")], f" In numbers: X = {_said(outputs[0])}."
    if at > len(model.layers):
        dz = gradients[-1]
        return [("gradient", _flat(dz), "gradient")], f" In numbers: {_said(dz)}."
    layer = model.layers[at - 1]
    x, z = RULES[type(layer).__name__][3:]
    taken, given = outputs[at - 1], outputs[at]
    params = [(k, _flat(v, whole=True), "kernel") for k, v in layer.params.items()]
    if not back:
        sums = [(x, _flat(taken), "input"), *params, "→", (z, _flat(given), "output")]
        return sums, f" In numbers: {x} = {_said(taken)} gives {z} = {_said(given)}."
    dx, dz = gradients[at - 1], gradients[at]
    cached = {"Sigmoid": [(z, _flat(given), "output")], "Flatten": []}
    held = cached.get(type(layer).__name__, [(x, _flat(taken), "input"), *params[:1]])
    sums = [(f"d{z}", _flat(dz), "gradient"), *held, "→", (f"d{x}", _flat(dx), "gradient")]
    words = f" In numbers: d{z} = {_said(dz)} gives d{x} = {_said(dx)}"
    for name, gradient in own[at - 1].items():
        sums.append((f"d{name}", _flat(gradient, whole=True), "gradient"))
        words += f", d{name} = {_said(gradient, whole=True)}"
    return sums, f"{words}."


def _gate(preset: str, at: int):
    """Where a ReLU lets numbers pass; no cells for other layers."""
    layers = _model(preset).layers
    relu = 0 < at <= len(layers) and isinstance(layers[at - 1], ReLU)
    return _flat(_run(preset, 1)[0][at]) > 0 if relu else ()


def _flat(array, whole: bool = False) -> np.ndarray:
    """The first image of a batch, or a whole parameter, as rows and columns; one channel."""
    array = array if whole else array[0]
    array = array[..., 0] if array.ndim == 3 else array
    return np.atleast_2d(array[..., 0, 0] if array.ndim == 4 else array)


def _said(array, whole: bool = False) -> str:
    rows = ["[" + ", ".join(shown(v) for v in row) + "]" for row in _flat(array, whole)]
    return rows[0] if len(rows) == 1 else "[" + ", ".join(rows) + "]"


def _equation(board: Board, sums, y: float, inside: bool, back: bool, gate) -> None:
    """Grids side by side from the left, in groups: what comes in, what is there, what comes out.

    gate: the cells to frame in all of them.
    """
    x, group = 0.6, None
    for number, item in enumerate(sums):
        if item == "→":
            _write(board, x + 0.25, y + 0.5, "→", ha="center", fontsize=15)
            x, group = x + 1, "gives"
            continue
        label, values, kind = item
        if inside and number == 0:
            group = "comes in"
        elif inside and number == 1 and group != "gives":
            group = "from the cache" if back else "parameters"
        if group:
            _write(board, x, y - 1.1, group, fontsize=8.5, color="#555555")
        group = None
        board.grid(f"numbers {label}", values, x, y, kind, label=label, marked=gate)
        x += values.shape[1] + 0.5


def shape_tracer() -> Explorer:
    """Explorer of lesson 06: walk forward and back through a stack of layers.

    After each step it shows what is known. It starts where the gradient of the lesson's example has
    just passed the ReLU. Clicking a shape in the table goes to the step that makes it.
    """
    step = slider("step", last_step(WORKED), last_step(WORKED) - 1, width="24em")
    stacks = {preset.title: name for name, preset in PRESETS.items()}
    preset = ipywidgets.Dropdown(options=stacks, description="stack", **sized("24em"))
    batch = slider("batch size N", MOST, 1, least=1, width="22em")

    def fit(change) -> None:
        step.max = last_step(change["new"])

    preset.observe(fit, "value")  # before the explorer draws

    def on_click(name, cell, state) -> dict:
        count, row = (last_step(state["preset"]) - 1) // 2, cell[0]
        if name == "backward":
            return {"step": 2 * count + 1 - row}
        if name == "gradients" and row:
            return {"step": 2 * count + 2 - row}
        return {"step": row} if name in ("layer", "parameters", "forward") else {}

    controls = {"preset": preset, "step": step, "batch": batch}
    return Explorer(trace_picture, controls, rows=[[step, batch], [preset]], on_click=on_click)

"""Lesson 04: a small computational graph; values go forward, then gradients back, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import ipywidgets
import numpy as np
from matplotlib.collections import LineCollection

from cnn_utils.functional import (
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
)
from cnn_utils.plots.board import Board, bracketed, shown
from cnn_utils.plots.picture import COLOURS, styled

from .controls import slider
from .explorer import Explorer

EXAMPLE = {"x1": 2, "w1": 3, "x2": -1, "w2": 4, "b": 1, "y": 8}
ACTIVATIONS = {
    "relu": (relu_forward, relu_backward),
    "square": (lambda z: (z * z, z), lambda da, z: da * 2 * z),
    "sigmoid": (sigmoid_forward, sigmoid_backward),
}
PLACES = {  # upper left corner of each node's pair of cells; kind of its value
    "x1": (0.4, 0.8, "input"),
    "w1": (0.4, 2.5, "kernel"),
    "x2": (0.4, 4.2, "input"),
    "w2": (0.4, 5.9, "kernel"),
    "p1": (3.6, 1.65, "output"),
    "p2": (3.6, 5.05, "output"),
    "b": (3.6, 6.75, "kernel"),
    "z": (6.8, 3.35, "output"),
    "a": (10.0, 3.35, "output"),
    "y": (10.0, 5.9, "input"),
    "e": (13.2, 3.35, "output"),
    "L": (16.4, 3.35, "output"),
}
EDGES = {  # node: what it is computed from; e twice, once for each factor of L
    "p1": ("x1", "w1"),
    "p2": ("x2", "w2"),
    "z": ("p1", "p2", "b"),
    "a": ("z",),
    "e": ("a", "y"),
    "L": ("e", "e"),
}
STEPS = (  # the nodes whose value (forward), then those whose gradient (backward) appears
    *((), ("p1",), ("p2",), ("z",), ("a",), ("e",), ("L",)),
    *(("L",), ("e",), ("a", "y"), ("z",), ("p1", "p2", "b"), ("x1", "w1"), ("x2", "w2")),
)
FORWARD = 6  # the last step forward
LAST = len(STEPS) - 1
NAMES = {"x1": "x₁", "x2": "x₂", "w1": "w₁", "w2": "w₂", "p1": "p₁", "p2": "p₂"}


@dataclass
class Graph:
    """Values and gradients of the graph, by node, and the sentence that explains each step."""

    value: dict[str, float]
    gradient: dict[str, float]
    rules: list[str]


def run_graph(activation: str = "relu", **inputs: float) -> Graph:
    """Compute L = e · e, e = a − y, a = activation(z), z = x1 w1 + x2 w2 + b, and all gradients.

    activation: a key of ACTIVATIONS; inputs: x1, w1, x2, w2, b and y by name, those of EXAMPLE if
    not given.
    """
    v = {name: float(number) for name, number in {**EXAMPLE, **inputs}.items()}
    forward, backward = ACTIVATIONS[activation]
    v["p1"] = v["x1"] * v["w1"]
    v["p2"] = v["x2"] * v["w2"]
    v["z"] = v["p1"] + v["p2"] + v["b"]
    a, cache = forward(np.array([v["z"]]))
    v["a"] = float(a[0])
    v["e"] = v["a"] - v["y"]
    v["L"] = v["e"] * v["e"]

    d = dict.fromkeys(v, 0.0)
    d["L"] = 1.0
    d["e"] += d["L"] * v["e"]  # e is the first factor of L …
    d["e"] += d["L"] * v["e"]  # … and the second
    d["a"] += d["e"]
    d["y"] -= d["e"]
    d["z"] += float(backward(np.array([d["a"]]), cache)[0])
    for name in ("p1", "p2", "b"):
        d[name] += d["z"]
    for number in "12":
        x, w, p = "x" + number, "w" + number, "p" + number
        d[x] += d[p] * v[w]
        d[w] += d[p] * v[x]
    return Graph(v, d, _rules(activation, v, d))


@styled
def graph_picture(
    step: int = LAST,
    activation: str = "relu",
    x1: float = 2,
    w1: float = 3,
    x2: float = -1,
    w2: float = 4,
    b: float = 1,
    y: float = 8,
) -> Board:
    """Draw the graph after a step: value in the left cell of each node, gradient in the right.

    step: 0 (inputs alone) to 6 (all values), to 13 (all gradients). activation: 'relu', 'square' or
    'sigmoid'. x1, w1, x2, w2, b, y: the inputs of the graph. Grids: each node by its name, and its
    gradient by the name behind a d.
    """
    graph = run_graph(activation, x1=x1, w1=w1, x2=x2, w2=w2, b=b, y=y)
    back = step > FORWARD
    new = STEPS[step]
    known = {*EXAMPLE, *(name for names in STEPS[: min(step, FORWARD) + 1] for name in names)}
    answered = {name for names in STEPS[FORWARD + 1 : step + 1] for name in names}
    phase = "the inputs" if step == 0 else "backward" if back else "forward"
    alt = f"Step {step} of {LAST}, {phase}. {graph.rules[step]}"
    title = {
        FORWARD: "Forward, all values are known",
        LAST: "Backward, every value has its gradient",
    }.get(step, "Gradients flow back" if back else "Values flow forward")
    board = Board(f"{title}: step {step} of {LAST}", alt, 18.8, 8.6)
    _draw_edges(board, new, back)
    if new == ("e",) and back:  # used twice: show what comes back on each way
        for at, share in ((3.2, graph.value["e"]), (4.75, graph.value["e"])):
            board.note(15.8, at, shown(share), ha="center", color=COLOURS["gradient"])
    for name, (x, at, kind) in PLACES.items():
        label = NAMES.get(name, name)
        if name in EDGES:
            label = f"{label} = {_formula(name, activation)}"
        for gradients in (not back, back):  # the framed cell last, over its neighbour
            numbers, there = (graph.gradient, answered) if gradients else (graph.value, known)
            board.grid(
                "d" * gradients + name,
                [shown(numbers[name]) if name in there else ""],
                x + gradients,
                at,
                "gradient" if gradients else kind,
                label="" if gradients else label,
                marked=[(0, 0)] if name in new and gradients == back else (),
            )
    board.note(
        *(0.4, 8.3),
        "In each pair of cells: left the value, right the gradient of L by it.",
        fontsize=9,
        color="#555555",
    )
    return board


def graph_stepper() -> Explorer:
    """Explorer of lesson 04: step through the graph; it starts on the number that is used twice."""
    step = slider("step", LAST, FORWARD + 2, width="26em")
    activation = ipywidgets.Dropdown(
        options=list(ACTIVATIONS), description="a =", style={"description_width": "initial"}
    )
    inputs = {}
    for name, value in EXAMPLE.items():
        least, most = (0, 10) if name == "y" else (-4, 4)
        inputs[name] = slider(NAMES.get(name, name), most, value, least, "15.5em")

    def to_step(name: str, cell, state: dict) -> dict:
        steps = range(FORWARD + 1, LAST + 1) if name[0] == "d" else range(FORWARD + 1)
        return {"step": next((s for s in steps if name.removeprefix("d") in STEPS[s]), 0)}

    return Explorer(
        graph_picture,
        {"step": step, "activation": activation, **inputs},
        rows=[[step, activation], list(inputs.values())[:4], list(inputs.values())[4:]],
        on_click=to_step,
    )


def _draw_edges(board: Board, new, back: bool) -> None:
    """Grey lines from node to node; those of this step thick, and arrows in its direction."""
    plain, busy, arrows = [], [], []
    for name, sources in EDGES.items():
        for number, source in enumerate(sources):
            (left, top, _), (right, end, _) = PLACES[source], PLACES[name]
            shift = 0.0 if name != "L" else (-0.3, 0.3)[number]  # e's two ways to L, side by side
            line = [(left + 2, top + 0.5 + shift), (right, end + 0.5 + shift)]
            now = source in new if back else name in new
            (busy if now else plain).append(line)
            if now:
                arrows.append(line[::-1] if back else line)
    colour = COLOURS["gradient" if back else "output"]
    board.axis.add_collection(LineCollection(plain, colors="#AAAAAA", lw=1.2, zorder=0))
    board.axis.add_collection(LineCollection(busy, colors=colour, lw=2.6, zorder=0))
    for start, end in arrows:
        way = np.subtract(end, start)
        angle = float(np.degrees(np.arctan2(-way[1], way[0]))) - 90
        tip = np.subtract(end, 0.22 * way / np.hypot(*way))
        board.axis.plot(*tip, marker=(3, 0, angle), ms=9, color=colour, zorder=4)


def _formula(name: str, activation: str) -> str:
    x = {"p1": "x₁·w₁", "p2": "x₂·w₂", "z": "p₁+p₂+b", "e": "a−y", "L": "e·e"}
    return x.get(name) or {"relu": "relu(z)", "square": "z·z", "sigmoid": "σ(z)"}[activation]


def _rules(activation: str, v: dict, d: dict) -> list[str]:
    """What each step computes, in words and numbers."""
    n = {name: bracketed(number) for name, number in v.items()}  # as a factor or a term
    g = {name: bracketed(number) for name, number in d.items()}
    value = {name: shown(number) for name, number in v.items()}  # as a result
    grad = {name: shown(number) for name, number in d.items()}
    gate = "z > 0, the gate is open" if v["z"] > 0 else "z is not above 0, the gate is closed"
    forth, slope, why = {
        "relu": (f"max({value['z']}, 0)", "1" if v["z"] > 0 else "0", gate),
        "square": (f"{n['z']} · {n['z']}", f"2 · {n['z']}", "the slope of z·z is 2z"),
        "sigmoid": (
            f"1/(1 + exp(−{n['z']}))",
            f"{shown(v['a'])} · {shown(1 - v['a'])}",
            "the slope of σ is a (1 − a)",
        ),
    }[activation]

    def product(k: str) -> str:
        x, w, p = (NAMES[letter + k] for letter in "xwp")
        up = g["p" + k]
        return (
            f"A product sends each factor its upstream times the other factor: "
            f"d{w} = d{p} · {x} = {up} · {n['x' + k]} = {grad['w' + k]}; "
            f"d{x} = d{p} · {w} = {up} · {n['w' + k]} = {grad['x' + k]}."
        )

    inputs = ", ".join(f"{NAMES.get(name, name)} = {value[name]}" for name in EXAMPLE)
    return [
        f"Only the inputs have values: {inputs}.",
        f"p₁ = x₁ · w₁ = {n['x1']} · {n['w1']} = {value['p1']}.",
        f"p₂ = x₂ · w₂ = {n['x2']} · {n['w2']} = {value['p2']}.",
        f"z = p₁ + p₂ + b = {n['p1']} + {n['p2']} + {n['b']} = {value['z']}.",
        f"a = {_formula('a', activation)} = {forth} = {value['a']}.",
        f"e = a − y = {n['a']} − {n['y']} = {value['e']}.",
        f"L = e · e = {n['e']} · {n['e']} = {value['L']}. All values are known.",
        "dL = ∂L/∂L = 1: the way back starts with 1.",
        f"e is used twice, by both factors of L = e · e. Each use sends upstream · local = "
        f"dL · e = 1 · {n['e']} = {value['e']}; the two add up: "
        f"de = {n['e']} + {n['e']} = {grad['e']}.",
        f"e = a − y has the local slopes 1 and −1: da = de · 1 = {grad['a']}, "
        f"dy = de · (−1) = {grad['y']}.",
        f"a = {_formula('a', activation)}: {why}. "
        f"dz = da · slope = {g['a']} · {slope} = {grad['z']}.",
        f"A sum hands its upstream to every term, with the local slope 1: "
        f"dp₁ = dp₂ = db = dz = {grad['z']}.",
        product("1"),
        product("2"),
    ]

"""Lesson 08: three logits become probabilities, a loss and a gradient, or they overflow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import ipywidgets
import numpy as np

from cnn_utils import functional as F
from cnn_utils.plots.board import Board, tint
from cnn_utils.plots.picture import COLOURS, styled

from .controls import sized, slider, toggles
from .drawing import box, draw_boxes
from .explorer import Explorer

START = (math.log(1), math.log(2), math.log(5))  # the worked example: p = 1/8, 2/8, 5/8
LOGITS = sorted({*np.arange(-5, 5.5, 0.5).tolist(), *START})  # the stops of a logit's slider
NAMES = dict(zip(START, ("ln 1 = 0", "ln 2", "ln 5"), strict=True))
GREY = "#4C5866"
Z, E, P, ZERO, DZ = 3.0, 5.5, 9.1, 16.3, 1.7  # where the columns begin, the gradient's 0 and unit


@dataclass(frozen=True)
class Steps:
    """All that is computed for one example with three classes; arrays (3,) of the dtype of z."""

    z: np.ndarray
    e: np.ndarray  # the exponentials
    p: np.ndarray
    loss: float
    dz: np.ndarray


def softmax_steps(z: np.ndarray, true: int, shifted: bool) -> Steps:
    """Softmax cross-entropy of one row of logits, step by step.

    z: logits (3,), float64 or float32; true: the class it should be, 0 to 2. shifted: subtract the
    largest logit first, as cnn_utils does; otherwise take exp of the logits as they are, which may
    give inf and nan.
    """
    if shifted:
        loss, dz = F.softmax_cross_entropy(z[None], np.array([true]))
        return Steps(z, np.exp(z - z.max()), F.softmax(z), loss, dz[0])
    with np.errstate(all="ignore"):
        e = np.exp(z)
        p = e / e.sum()
        return Steps(z, e, p, float(-np.log(p[true])), p - np.eye(3, dtype=z.dtype)[true])


@styled
def softmax_picture(
    z0: float = START[0],
    z1: float = START[1],
    z2: float = START[2],
    true: int = 1,
    shift: float = 0,
    method: str = "naive",
    dtype: str = "float64",
) -> Board:
    """Draw logits, their exponentials, the probabilities, the loss and the gradient p − y.

    z0, z1, z2: the logits; true: the class it should be, 0 to 2. shift: added to all logits.
    method: 'naive' (exp of the logits) or 'shifted' (their maximum is subtracted first).
    dtype: 'float64' or 'float32', in which all is computed.
    """
    z = np.array([z0, z1, z2], dtype) + np.dtype(dtype).type(shift)
    steps = softmax_steps(z, true, method == "shifted")
    title, verdict = _verdict(steps, true, method, dtype)
    board = Board(title, _alt(steps, true, method, dtype, verdict), 18.4, 7.1)
    with np.errstate(all="ignore"):
        total, sum_p, sum_dz = steps.e.sum(), steps.p.sum(), _sum(steps.dz)

    for x, text, colour in (
        (Z + 1.1, "logits z", COLOURS["input"]),
        (E + 1.25, "eᶻ⁻ᵐ" if method == "shifted" else "eᶻ", GREY),
        (P, "probabilities p", COLOURS["output"]),
        (ZERO, "gradient dz = p − y", COLOURS["gradient"]),
    ):
        how = {"ha": "left" if x == P else "center", "color": tint(colour, 1.4)}
        board.note(x, 0.45, text, fontweight="bold", **how)
    for k in range(3):
        y = 1.6 + 1.2 * k
        is_true = k == true
        board.note(0.15, y, f"class {k}", fontweight="bold" if is_true else "normal")
        if is_true:
            board.note(1.7, y, "◀ true", color=tint(COLOURS["wrong"], 1.2), fontweight="bold")
        board.note(Z + 1.1, y, number(steps.z[k], 3), ha="center")
        board.note(E + 1.25, y, number(steps.e[k], 3), ha="center", **_alarm(steps.e[k]))
        _bar(board, P, y, 3.7 * steps.p[k], "output", is_true)
        length = 3.7 * steps.p[k] if np.isfinite(steps.p[k]) else 0
        board.note(P + length + 0.15, y, number(steps.p[k], 3), **_alarm(steps.p[k]))
        _bar(board, ZERO, y, DZ * steps.dz[k], "gradient", is_true)
        side = -1 if steps.dz[k] >= 0 else 1  # the number stands where the bar is not
        how = {"ha": "left" if side > 0 else "right", **_alarm(steps.dz[k])}
        board.note(ZERO + 0.15 * side, y, number(steps.dz[k], 3, sign=True), **how)
    _cells(board, Z, 2.2, "input")
    _cells(board, E, 2.5, "training")
    for x in (P, ZERO):
        board.axis.plot((x, x), (1, 4.6), color="#888888", lw=0.9)

    largest = f"max m = {number(steps.z.max(), 3)}"
    board.note(Z + 1.1, 5.05, largest if method == "shifted" else "", ha="center", fontsize=9.5)
    board.note(E + 1.25, 5.05, f"sum {number(total, 3)}", ha="center", fontsize=9.5)
    board.note(P, 5.05, f"sum {number(sum_p, 3)}", fontsize=9.5)
    board.note(ZERO, 5.05, f"sum {number(sum_dz, 3)}", ha="center", fontsize=9.5)
    board.note(P, 5.85, loss_line(steps, true), **{"fontweight": "bold", **_alarm(steps.loss)})
    board.note(0.15, 6.7, verdict, fontsize=10)
    return board


def softmax_explorer() -> Explorer:
    """Explorer of lesson 08: move three logits, choose the true class, provoke an overflow."""

    def logit(k):
        options = [(NAMES.get(z, f"{z:g}").replace("-", "−"), z) for z in LOGITS]
        return ipywidgets.SelectionSlider(
            options=options, value=START[k], description=f"z[{k}]", **sized("18em")
        )

    controls = {
        **{f"z{k}": logit(k) for k in range(3)},
        "true": toggles({f"class {k} is true": k for k in range(3)}, "9em", value=1),
        "shift": slider("add to all z", 1000, 0, -1000, "24em", step=10),
        "method": toggles({"naive: exp(z)": "naive", "shifted: exp(z − max)": "shifted"}, "14.5em"),
        "dtype": toggles(["float64", "float32"], "5.5em"),
    }
    c = controls
    rows = [[c["z0"], c["z1"], c["z2"]], [c["true"], c["shift"]], [c["method"], c["dtype"]]]
    return Explorer(softmax_picture, controls, rows=rows)


def number(value, digits: int, sign: bool = False) -> str:
    """Write a number as 0.125 or −0.750, or as 1.97e+304 where `digits` decimals cannot show it.

    Only exactly 0 is written 0. sign: write a plus before numbers above 0.
    """
    value = float(value)
    if value == 0 or not math.isfinite(value):
        text = f"{value:g}"
    elif 0.5 * 10**-digits <= abs(value) < 1e5:
        text = f"{value:.{digits}f}"
    else:
        text = f"{value:.1e}"
    text = "0" if text == "-0" else text.replace("-", "−")
    return "+" + text if sign and value > 0 else text


def loss_line(steps: Steps, true: int) -> str:
    """Write the loss as it is computed: L = −ln p[1] = −ln 0.250 = 1.3863."""
    p = number(steps.p[true], 3)
    return f"L = −ln p[{true}] = −ln {p} = {number(steps.loss, 4)}"


def _verdict(steps: Steps, true: int, method: str, dtype: str) -> tuple[str, str]:
    """A title, and what goes well or wrong, in words."""
    largest, most = number(steps.z.max(), 1), f"{np.finfo(dtype).max:.1e}"
    with np.errstate(all="ignore"):
        total = steps.e.sum()
    if np.isinf(steps.e).any():
        return "Overflow: no probabilities, no loss, no gradient", (
            f"Overflow: e to the {largest} is more than {dtype} can hold ({most}), so it becomes "
            "inf, and inf / inf is nan."
        )
    if np.isinf(total):
        return "Overflow: no probabilities, no loss, no gradient", (
            f"Overflow: the sum is more than {dtype} can hold ({most}), so it becomes inf, and "
            "every p is 0."
        )
    if total == 0:
        return "Underflow: no probabilities, no loss, no gradient", (
            f"Underflow: e to the {largest} is less than {dtype} can hold, so every "
            "exponential becomes 0, and 0 / 0 is nan."
        )
    if steps.p[true] == 0:
        return "Underflow: an infinite loss", (
            f"Underflow: p[{true}] is less than {dtype} can hold and becomes 0; −ln 0 is inf."
        )
    others = " and ".join(f"z[{k}]" for k in range(3) if k != true)
    words = f"A step against the gradient raises z[{true}] and lowers {others}."
    if method == "shifted":
        words += " The largest exponential is 1, whatever you add."
    return "Three logits become probabilities; the gradient is p − y", words


def _alt(steps: Steps, true: int, method: str, dtype: str, verdict: str) -> str:
    def row(values, digits=4):
        return f"({', '.join(number(v, digits) for v in values)})"

    how = "e to the z" if method == "naive" else f"e to the z − {number(steps.z.max(), 4)}"
    return (
        f"z = {row(steps.z)}, true class {true}, {dtype}: {how} = {row(steps.e)}, "
        f"p = {row(steps.p)}, loss −ln p[{true}] = {number(steps.loss, 4)}, "
        f"gradient p − y = {row(steps.dz)}, its sum {number(_sum(steps.dz), 4)}. " + verdict
    )


def _sum(dz: np.ndarray) -> float:
    """The sum without the rounding errors of its last digits."""
    return round(float(dz.sum(dtype=np.float64)), 6)


def _bar(board: Board, x: float, y: float, length: float, kind: str, hatched: bool) -> None:
    """A bar from x to the right, or to the left; hatched for the true class; none for nan."""
    if np.isfinite(length):
        colour = COLOURS[kind]
        board.axis.barh(
            y,
            length,
            0.72,
            left=x,
            color=tint(colour, 0.45),
            edgecolor=tint(colour, 1.3),
            hatch="///" if hatched else None,
            lw=1,
        )


def _cells(board: Board, x: float, width: float, kind: str) -> None:
    """Three tinted cells, one for each class."""
    cells = [box(x, y - 0.45, width, 0.9) for y in (1.6, 2.8, 4.0)]
    look = {"facecolors": [tint(COLOURS[kind], 0.13)], "edgecolors": "#999999", "linewidths": 0.6}
    draw_boxes(board, cells, **look, zorder=0)


def _alarm(value) -> dict:
    """How inf and nan are written: in bold and in the colour of what is wrong."""
    if np.isfinite(value):
        return {}
    return {"fontweight": "bold", "color": tint(COLOURS["wrong"], 1.2)}

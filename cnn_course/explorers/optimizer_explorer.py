"""Lesson 11: optimisers that go down the same valley, with one learning rate, from one start."""

from __future__ import annotations

import ipywidgets

from cnn_course.figures.descent import (
    REACH,
    VALLEYS,
    DescentPicture,
    Path,
    Valley,
    descent_picture,
    optimizer_path,
)
from cnn_utils.optim import SGD, Adam, Momentum, Nesterov, Optimizer, RMSProp
from cnn_utils.plots.board import shown

from .controls import sized, slider, toggles
from .explorer import Explorer

STOPS = (1, 1.2, 1.5, 1.8, 2, 2.2, 2.5, 3, 4, 5, 6, 8)  # of the slider, in each power of ten
RATES = [float(f"{stop}e{power}") for power in range(-4, 0) for stop in STOPS] + [1.0]


def optimizers(rate: float, momentum: float) -> dict[str, Optimizer]:
    """Make a new optimiser of each kind with this learning rate; momentum is also Adam's β₁."""
    return {
        "SGD": SGD(rate),
        "Momentum": Momentum(rate, momentum),
        "Nesterov": Nesterov(rate, momentum),
        "RMSProp": RMSProp(rate),
        "Adam": Adam(rate, momentum),
    }


def optimizer_picture(
    sgd: bool = True,
    momentum: bool = True,
    nesterov: bool = False,
    rmsprop: bool = False,
    adam: bool = False,
    rate: float = 0.02,
    mu: float = 0.9,
    steps: int = 40,
    w0: float = 2.0,
    w1: float = 1.0,
    valley: str = "long valley",
) -> DescentPicture:
    """Draw the paths of the chosen optimisers on a valley, and their losses against the steps.

    sgd … adam: which ones go. rate: the learning rate of all; mu: momentum, and Adam's β₁, from 0
    to below 1 (RMSProp's ρ is 0.9, Adam's β₂ 0.999). steps: how many at most. w0, w1: the start.
    valley: a key of VALLEYS.
    """
    ground = VALLEYS[valley]
    chosen = (sgd, momentum, nesterov, rmsprop, adam)
    paths = {
        name: optimizer_path(ground, optimizer, steps, (w0, w1))
        for (name, optimizer), goes in zip(optimizers(rate, mu).items(), chosen, strict=True)
        if goes
    }
    where = f"{valley[0].upper()}{valley[1:]}, start ({_number(w0)}, {_number(w1)})"
    alt = f"{where}, learning rate {rate:g}, momentum {mu:g}, at most {steps} steps. "
    alt += " ".join(_told(name, path) for name, path in paths.items()) or "No optimiser is chosen."
    return descent_picture(_title(ground, paths), alt, ground, paths)


def optimizer_explorer() -> Explorer:
    """Explorer of lesson 11: choose optimisers, learning rate, momentum, valley and start."""
    names = ("sgd", "momentum", "nesterov", "rmsprop", "adam")
    labels = optimizers(0.1, 0.9)
    chosen = {
        name: ipywidgets.ToggleButton(
            value=name in ("sgd", "momentum"),
            description=label,
            layout=ipywidgets.Layout(width="7.5em"),
        )
        for name, label in zip(names, labels, strict=True)
    }
    rate = ipywidgets.SelectionSlider(
        options=[(f"{value:g}", value) for value in RATES],
        value=0.02,
        description="learning rate",
        **sized("27em"),
    )
    mu = ipywidgets.FloatSlider(
        value=0.9, max=0.99, step=0.01, description="momentum, β₁", **sized("24em")
    )
    steps = slider("steps", 200, 40, least=1, width="24em")
    start = [
        ipywidgets.FloatSlider(
            value=value, min=-reach, max=reach, step=0.05, description=name, **sized("24em")
        )
        for value, reach, name in zip((2, 1), REACH, ("start w[0]", "start w[1]"), strict=True)
    ]
    valley = toggles(list(VALLEYS), "7.5em")
    controls = {**chosen, "rate": rate, "mu": mu, "steps": steps}
    controls |= {"w0": start[0], "w1": start[1], "valley": valley}
    rows = [[*chosen.values()], [rate, mu], [steps, valley], start]
    explorer = Explorer(optimizer_picture, controls, rows=rows, on_click=_clicked)

    def to_its_start(change):
        w0, w1 = VALLEYS[change["new"]].start
        explorer.set(w0=w0, w1=w1)

    valley.observe(to_its_start, "value")
    return explorer


def _clicked(name: str, place: tuple[float, float], state: dict) -> dict:
    """A click moves the start to the nearest point that the sliders can reach."""
    return dict(zip(("w0", "w1"), (round(round(w / 0.05) * 0.05, 2) for w in place), strict=True))


def _told(name: str, path: Path) -> str:
    steps = len(path.losses) - 1
    if path.diverged:
        return f"{name} diverged: its loss is above a million after {steps} steps."
    return f"{name} ends at {_place(path)} with loss {_number(path.losses[-1])}."


def _title(valley: Valley, paths: dict[str, Path]) -> str:
    if not paths:
        return "Choose an optimiser"
    arrived = {name: path for name, path in paths.items() if not path.diverged}
    if not arrived:
        return "This learning rate is too large: every path diverges"
    best = min(arrived, key=lambda name: arrived[name].losses[-1])
    path = arrived[best]
    lost = "" if len(arrived) == len(paths) else f"; {len(paths) - len(arrived)} diverged"
    steps = len(path.losses) - 1
    return f"{best} is lowest: loss {_number(path.losses[-1])} after {steps} steps{lost}"


def _place(path: Path) -> str:
    return f"({', '.join(_number(w) for w in path.points[-1])})"


def _number(value: float) -> str:
    """0.0123, −2.5, 1.2e−05: three digits; 0 for what is smaller than any rounding error."""
    return "0" if abs(value) < 1e-12 else shown(value)

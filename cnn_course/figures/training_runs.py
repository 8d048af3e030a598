"""Figures of lesson 09: steps down a parabola, and loss curves side by side."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from matplotlib.ticker import MaxNLocator

from cnn_utils.plots.board import shown
from cnn_utils.plots.picture import COLOURS, Picture, styled

LINES = ("-", "--", "-.", ":")
TINTS = ("training", "validation", "input", "output")


def parabola_path(w, rate, steps: int) -> list:
    """Return w and where gradient descent on L = w² takes it, step by step: w ← w − rate · 2w.

    w, rate: numbers of any kind, such as Fraction. Returns steps + 1 numbers.
    """
    path = [w]
    for _ in range(steps):
        path.append(path[-1] - rate * 2 * path[-1])
    return path


@styled
def parabola_steps(rates, start: int = 4, steps: int = 3, *, title: str = "") -> Picture:
    """Show a few steps of gradient descent on L = w², with a panel for each learning rate.

    rates: integers, or texts such as "1/4"; start: the w of the first point; steps: how many.
    """
    picture = Picture(title, "", 2.9)
    paths = {}
    for rate in rates:
        paths[rate] = [float(w) for w in parabola_path(start, Fraction(rate), steps)]
    for axis, (rate, path) in zip(picture.subplots(1, len(paths)), paths.items(), strict=True):
        reach = 1.35 * max(abs(w) for w in path)
        w = np.linspace(-reach, reach, 201)
        axis.plot(w, w**2, color="#AAAAAA", lw=1.5)
        axis.plot(path, np.square(path), "o-", color=COLOURS["gradient"], ms=5, lw=1.3)
        last = None
        for number, place in enumerate(path):
            if last is not None and abs(place - last) < 0.1 * reach:
                continue  # it would hide the number before
            last, side = place, 1 if place > 0 else -1
            axis.annotate(
                str(number),
                (place, place**2),
                (8 * side, -2),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=9,
            )
        axis.set_title(f"rate {rate}:\n{', '.join(shown(place) for place in path)}")
        axis.set_xlabel("w")
        axis.set_ylim(-0.06 * reach**2, 1.02 * reach**2)
    picture.axes[0].set_ylabel("L = w²")
    told = (
        f"with rate {rate} w goes {', '.join(shown(place) for place in path)}"
        for rate, path in paths.items()
    )
    picture.alt = f"Gradient descent on L = w²: {'; '.join(told)}."
    return picture


@styled
def loss_panels(panels: dict, *, title: str = "", across: str = "epoch", top=None) -> Picture:
    """Show loss curves in panels side by side, with ln 2, the loss at chance, as a dotted line.

    panels: by title, the losses in nats of each curve by its label; all panels have the same
    labels, and one that begins with '_' is not in the legend. across: what is counted from left to
    right. top: the highest loss shown, the same in all panels; without it, each panel shows all of
    its own.
    """
    columns = min(len(panels), 4)
    rows = -(-len(panels) // columns)
    picture = Picture(title, "", 0.5 + 2.4 * rows)
    axes = picture.subplots(rows, columns, sharey=top is not None, squeeze=False).ravel()
    told = []
    for axis, (name, curves) in zip(axes, panels.items(), strict=False):
        for number, (label, losses) in enumerate(curves.items()):
            losses = np.asarray(losses, dtype=np.float64)
            one = len(curves) == 1
            axis.plot(
                np.arange(1, len(losses) + 1),
                losses,
                LINES[number % len(LINES)],
                color=COLOURS[TINTS[number % len(TINTS)]],
                lw=1.6 if one else 1.2,
                label=label,
            )
            words = "" if label.startswith("_") else f" {label}"
            told.append(f"{name}{words} from {losses[0]:.3g} to {losses[-1]:.3g}")
        axis.axhline(math.log(2), color="#222222", ls=":", lw=1.1)
        axis.set_title(name)
        axis.set_xlabel(across)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axis.grid(axis="y")
        highest = max(float(np.max(losses)) for losses in curves.values())
        axis.set_ylim(0, top if top is not None else 1.08 * max(highest, 0.8))
    for axis in axes[::columns]:
        axis.set_ylabel("loss (nats)")
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        picture.legend(handles, labels, loc="outside upper right", ncols=len(handles))
    picture.alt = f"{title}: {'; '.join(told)}. Dotted: ln 2, the loss at chance."
    return picture

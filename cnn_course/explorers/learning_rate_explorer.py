"""Lesson 09: trainings whose learning rates go from far too small to far too large.

The 108 trainings are not made here: tools/make_learning_rate_runs.py has made them, with the
zero-one model, plain SGD and the embedded digits, and keeps them in learning_rate_runs.json.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import ipywidgets
import numpy as np
from matplotlib.ticker import FixedLocator

from cnn_course.figures.axes import label_powers
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .controls import sized, toggles
from .explorer import Explorer

RUNS = Path(__file__).with_name("learning_rate_runs.json")
CHANCE = math.log(2)
LEARNED = 0.1  # a loss below it counts as learned
JUMP = CHANCE + 0.25  # the loss of an epoch above it counts as a jump upwards
VERDICTS = {
    "too large": "too large: the loss jumps up, and ends near ln 2 or above it",
    "borderline": "borderline: the loss jumps up high above ln 2, then falls after all",
    "right": "right: it has learned",
    "slow": "slow: the loss falls well, but is not below 0.1 yet",
    "too small": "too small: the loss falls, but has not even halved",
}


@cache
def read_runs() -> tuple[dict, dict]:
    """Return what the trainings have in common, and each of them by (batch size, seed, rate).

    Of a training, 'loss' lists the mean loss of every epoch, in nats; 'train' and 'test' are the
    accuracies at the end, in per cent.
    """
    stored = json.loads(RUNS.read_text(encoding="utf-8"))
    runs = {}
    for key, run in stored["runs"].items():
        batch_size, seed, rate = key.split()
        runs[int(batch_size), int(seed), float(rate)] = run
    return stored["about"], runs


def verdict(losses) -> str:
    """Judge a learning rate by the losses of all epochs; return a key of VERDICTS."""
    last, highest = losses[-1], max(losses)
    if highest > JUMP:
        return "too large" if last > 0.9 * CHANCE else "borderline"
    if last < LEARNED:
        return "right"
    return "slow" if last < CHANCE / 2 else "too small"


@styled
def learning_rate_picture(rate: float = 0.1, batch_size: int = 1, seed: int = 0) -> Picture:
    """Show the loss curves of all learning rates, and the chosen one among them.

    rate, batch_size, seed: of the training that is brought out; `read_runs()[0]` lists those that
    there are.
    """
    about, runs = read_runs()
    rates, run = about["rates"], runs.get((batch_size, seed, rate))
    if run is None:
        words = f"There is no training with rate {rate:g}, batches of {batch_size}, seed {seed}."
        return Picture("No such training", words, 1.0)
    losses, steps = run["loss"], -(-about["training_images"] // batch_size)
    found = verdict(losses)
    alt = (
        f"Learning rate {rate:g}, {_batches(batch_size)}, seed {seed}: {steps} steps an epoch. "
        f"The loss goes from {losses[0]:.4f} in epoch 1 to {losses[-1]:.4f} in epoch "
        f"{about['epochs']}; then {run['train']} % of the training and {run['test']} % of the "
        f"test images are right. {VERDICTS[found][0].upper()}{VERDICTS[found][1:]}."
    )
    picture = Picture(f"Learning rate {rate:g}, {_batches(batch_size)}: {found}", alt, 3.5)
    picture.set_layout_engine("none")
    _draw_curves(picture.add_axes((0.085, 0.145, 0.41, 0.67)), rates, rate, batch_size, seed)
    _draw_ends(picture.add_axes((0.585, 0.145, 0.4, 0.67)), rates, rate, batch_size, seed)
    return picture


def learning_rate_explorer() -> Explorer:
    """Explorer of lesson 09: choose learning rate, batch size and seed; see how training goes."""
    about, _ = read_runs()
    rate = ipywidgets.SelectionSlider(
        options=[(f"{rate:g}", rate) for rate in about["rates"]],
        value=0.1,
        description="learning rate",
        **sized("30em"),
    )
    batch_size = toggles({_batches(n): n for n in about["batch_sizes"]}, "9em")
    seed = toggles({f"seed {n}": n for n in about["seeds"]}, "5em")
    controls = {"rate": rate, "batch_size": batch_size, "seed": seed}
    return Explorer(learning_rate_picture, controls, rows=[[rate], [batch_size, seed]])


def _batches(size: int) -> str:
    return f"batches of {size}" if size > 1 else "one by one"


def _height(loss: float) -> float:
    """Where a loss stands on an axis of exponents."""
    return math.log10(max(loss, 1e-4))


def _draw_curves(axis, rates, rate, batch_size, seed) -> None:
    runs = read_runs()[1]
    for other in [*(r for r in rates if r != rate), rate]:  # the chosen one on top
        losses = runs[batch_size, seed, other]["loss"]
        epochs = np.arange(1, len(losses) + 1)
        chosen = other == rate
        axis.plot(
            epochs,
            [_height(loss) for loss in losses],
            marker="o" if chosen else None,
            ms=4.5,
            lw=2.2 if chosen else 0.9,
            color=COLOURS["training"] if chosen else "#BBBBBB",
        )
    axis.set_title(f"loss of every epoch, seed {seed} (grey: the other rates)", loc="left")
    axis.set_xlabel("epoch", labelpad=1)
    axis.xaxis.set_major_locator(FixedLocator([1, 5, 10, 15]))
    _loss_axis(axis)
    axis.text(15.3, _height(CHANCE) + 0.04, "ln 2", ha="right", va="bottom", fontsize=9)


def _draw_ends(axis, rates, rate, batch_size, seed) -> None:
    about, runs = read_runs()
    for other in about["seeds"]:
        ends = [_height(runs[batch_size, other, r]["loss"][-1]) for r in rates]
        chosen = other == seed
        axis.plot(
            np.log10(rates),
            ends,
            marker="o" if chosen else "x",
            ms=4.5,
            lw=1.6 if chosen else 0,
            color=COLOURS["training"] if chosen else "#888888",
        )
    end = _height(runs[batch_size, seed, rate]["loss"][-1])
    axis.plot([math.log10(rate)], [end], "D", ms=11, mfc="none", mec="#222222", mew=2)
    axis.set_title("loss at the end (◇ this one, × other seeds)", loc="left")
    axis.set_xlabel("learning rate", labelpad=1)
    label_powers(axis.xaxis, [-3, -2, -1, 0])
    _loss_axis(axis)


def _loss_axis(axis) -> None:
    label_powers(axis.yaxis, [-3, -2, -1, 0])
    axis.set_ylabel("loss (nats)", labelpad=1)
    axis.set_ylim(math.log10(0.00015), math.log10(12))
    axis.axhline(_height(CHANCE), color="#222222", ls=":", lw=1.2)
    axis.grid(axis="y")

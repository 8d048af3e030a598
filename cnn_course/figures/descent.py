"""Figures of lesson 11: how optimisers descend into valleys of two weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FixedLocator

from cnn_utils.optim import Optimizer, Schedule
from cnn_utils.plots.board import tint
from cnn_utils.plots.picture import Picture, styled

from .axes import label_powers

REACH = 2.5, 1.5  # the picture shows |w[0]| ≤ 2.5 and |w[1]| ≤ 1.5
TOO_FAR = 1e6  # a loss above this counts as diverged
LEAST = 1e-7  # losses below this, 0 among them, are drawn here: below the axis
LINES: dict[str, dict] = {  # told apart by line, marker and colour
    "SGD": {"color": "#222222", "ls": "-", "marker": "o"},
    "Momentum": {"color": "#0072B2", "ls": "--", "marker": "s"},
    "Nesterov": {"color": "#B0508E", "ls": "-.", "marker": "^"},
    "RMSProp": {"color": "#009E73", "ls": ":", "marker": "D"},
    "Adam": {"color": "#D55E00", "ls": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
}


@dataclass(frozen=True)
class Valley:
    """A loss of two weights.

    loss, gradient: functions of w[0] and w[1], numbers or arrays of one shape; gradient returns the
    two derivatives. start: the weights where its explorer begins; minima: where the loss is
    smallest; lowest: the loss there.
    """

    name: str
    formula: str
    loss: Callable
    gradient: Callable
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    lowest: float = 0.0


VALLEYS = {
    valley.name: valley
    for valley in (
        Valley(
            "long valley",
            "½ (w[0]² + 100 w[1]²)",
            lambda x, y: 0.5 * (x**2 + 100 * y**2),
            lambda x, y: (x, 100 * y),
            start=(2, 1),
            minima=((0, 0),),
        ),
        Valley(
            "bent ravine",
            "½ (w[0] + 1)² + 10 (w[1] + 1 − w[0]²/2)²",
            lambda x, y: 0.5 * (x + 1) ** 2 + 10 * (y + 1 - x**2 / 2) ** 2,
            lambda x, y: (x + 1 - 20 * (y + 1 - x**2 / 2) * x, 20 * (y + 1 - x**2 / 2)),
            start=(2, 1),
            minima=((-1, -0.5),),
        ),
        Valley(
            "saddle",
            "10 w[0]² − 5 w[1]² + 2.5 w[1]⁴",
            lambda x, y: 10 * x**2 - 5 * y**2 + 2.5 * y**4,
            lambda x, y: (20 * x, -10 * y + 10 * y**3),
            start=(2, 0.05),
            minima=((0, -1), (0, 1)),
            lowest=-2.5,
        ),
    )
}


@dataclass(frozen=True)
class Path:
    """Where an optimiser went.

    points: the weights, the start first, float64 (steps + 1, 2); losses: the loss at each, float64
    (steps + 1,). A path that diverged ends at the first loss above a million.
    """

    points: np.ndarray
    losses: np.ndarray

    @property
    def diverged(self) -> bool:
        """Whether the last loss is above a million, or not a number."""
        return not self.losses[-1] <= TOO_FAR


def optimizer_path(valley: Valley, optimizer: Optimizer, steps: int, start=None) -> Path:
    """Return the path of a new optimiser that takes `steps` steps, fewer where it diverges.

    start: two weights, those of the valley unless given.
    """
    w = np.array(valley.start if start is None else start, dtype=np.float64)
    points, losses = [w.copy()], [valley.loss(*w)]
    for _ in range(steps):
        if not losses[-1] <= TOO_FAR:
            break
        optimizer.step({"w": w}, {"w": np.array(valley.gradient(*w), dtype=np.float64)})
        points.append(w.copy())
        losses.append(valley.loss(*w))
    return Path(np.array(points), np.array(losses, dtype=np.float64))


class DescentPicture(Picture):
    """A picture of paths that knows which point of the valley was clicked."""

    def cell_at(self, across: float, down: float) -> tuple[str, tuple[float, float]] | None:
        """Return "valley" and the weights at a point, or None beside the valley.

        across, down: fractions of the picture, from the left and from the top.
        """
        box = self.axes[0].get_position()
        right, up = (across - box.x0) / box.width, (1 - down - box.y0) / box.height
        if not (0 <= right <= 1 and 0 <= up <= 1):
            return None
        return "valley", (REACH[0] * (2 * right - 1), REACH[1] * (2 * up - 1))


@styled
def descent_picture(title: str, alt: str, valley: Valley, paths: dict[str, Path]) -> DescentPicture:
    """Draw paths on the contours of a valley, and beside it their losses against the steps.

    paths: by name; a name among LINES is drawn in its style, any other in one of the same styles by
    its number. alt: the description of the picture.
    """
    picture = DescentPicture(title, alt, height=4.4, layout=None)
    place = picture.add_axes((0.065, 0.125, 5 / 8.5, 3 / 4.4))
    _draw_valley(place, valley)
    curve = picture.add_axes((0.745, 0.125, 0.245, 3 / 4.4))
    for number, (name, path) in enumerate(paths.items()):
        every = max(1, len(path.losses) // 25)
        how = {**style_of(name, number), "markevery": every, "lw": 1.3, "ms": 4.5}
        # far outside the frame, a nearer end of a line changes nothing that is seen
        seen = np.clip(path.points, [-30, -30], [30, 30])
        place.plot(*seen.T, label=name, **how)
        if not path.diverged:
            place.plot(*path.points[-1], ms=9, mfc="white", mew=2, zorder=5, **_end(how))
        above = np.clip(path.losses - valley.lowest, LEAST, 10 * TOO_FAR)
        curve.plot(np.log10(above), **how)
    if paths:
        for start in dict.fromkeys(tuple(path.points[0]) for path in paths.values()):
            place.plot(*start, "o", ms=11, mfc="none", mec="#222222", mew=2, zorder=6)
            place.annotate(
                "start",
                start,
                (7, 7),
                textcoords="offset points",
                fontweight="bold",
                bbox={"fc": "white", "alpha": 0.75, "lw": 0, "pad": 1},
                zorder=7,
            )
        picture.legend(*place.get_legend_handles_labels(), **_legend())
    place.set_xlim(-REACH[0], REACH[0])
    place.set_ylim(-REACH[1], REACH[1])
    lift = f" + {-valley.lowest:g}" if valley.lowest else ""  # no logarithm of a loss below 0
    _loss_axis(curve, f"loss{lift}")
    return picture


@styled
def rate_curves(title: str, alt: str, losses: dict[str, dict[float, list[float]]]) -> Picture:
    """Draw the loss each optimiser reaches against its learning rate: mean and range of the seeds.

    losses: by optimiser and learning rate, a list with the loss of every seed; a rate at which one
    of them is not finite, because training broke off, is left out. Optimisers are drawn a little
    apart.
    """
    picture = Picture(title, alt, height=3.9)
    axis = picture.subplots()
    for number, (name, by_rate) in enumerate(losses.items()):
        whole = {rate: values for rate, values in by_rate.items() if np.all(np.isfinite(values))}
        rates, values = list(whole), np.array(list(whole.values()))
        rates = np.array(rates) * 1.05 ** (number - (len(losses) - 1) / 2)
        mean = values.mean(axis=1)
        how = {**style_of(name, number), "lw": 1.6, "ms": 5}
        axis.errorbar(
            rates,
            mean,
            np.abs(np.stack([values.min(axis=1), values.max(axis=1)]) - mean),
            label=name,
            capsize=3,
            **how,
        )
        best = int(mean.argmin())
        axis.plot(rates[best], mean[best], ms=11, mfc="white", mew=2, zorder=5, **_end(how))
    axis.set(xscale="log", xlabel="learning rate", ylabel="validation loss")
    axis.grid(True, axis="y")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return picture


@styled
def schedule_curves(schedules: dict[str, Schedule], errors: dict[str, np.ndarray]) -> Picture:
    """Draw the factors of schedules, and beside them what becomes of the weights under each.

    schedules: functions by name, five at most. errors: by name, in the same order, the mean of w²
    after every step, (steps,).
    """
    ends = "; ".join(f"{name}: {means[-1]:.3f}" for name, means in errors.items())
    picture = Picture(
        "A schedule has the pace of the large rate and the end of the small one",
        f"Left: the factors of {', '.join(schedules)}. Right: the mean of w² against the steps, "
        f"on a logarithmic axis; at the end, {ends}.",
        height=3.6,
    )
    left, right = picture.subplots(1, 2)
    looks = [{k: how[k] for k in ("color", "ls")} for how in LINES.values()]
    fractions = np.linspace(0, 1, 401)
    for (name, factor), how in zip(schedules.items(), looks, strict=False):
        left.plot(fractions, [factor(f) for f in fractions], label=name, lw=1.6, **how)
    for (name, means), how in zip(errors.items(), looks, strict=False):
        right.plot(np.arange(1, len(means) + 1), means, label=name, lw=1.6, **how)
    left.set(xlabel="fraction of the training done", ylabel="factor of the learning rate")
    right.set(xlabel="step", ylabel="mean of w²", yscale="log")
    left.legend(loc="center right", fontsize=9)
    right.legend(loc="upper right", fontsize=9)
    return picture


def style_of(name: str, number: int) -> dict:
    """Return how a path is drawn, for Matplotlib's plot: as its optimiser, else by its number."""
    return LINES.get(name) or list(LINES.values())[number % len(LINES)]


def _end(how: dict) -> dict:
    return {"marker": how["marker"], "color": how["color"], "ls": "none"}


def _draw_valley(axis, valley: Valley) -> None:
    """Contours, each line three times as high as the one before, and crosses at the minima."""
    x, y = (np.linspace(-reach, reach, n) for reach, n in zip(REACH, (61, 91), strict=True))
    height = np.log(valley.loss(*np.meshgrid(x, y)) - valley.lowest + 1e-9)
    levels = np.log(0.1 * 3.0 ** np.arange(9))
    tints = [tint("#5B7FA6", share) for share in np.linspace(0.42, 0.04, len(levels))]
    axis.contourf(x, y, height, [-99, *levels], colors=tints, extend="max")
    axis.contour(x, y, height, levels, colors="#8296AA", linewidths=0.6, linestyles="solid")
    for place in valley.minima:
        axis.plot(*place, "x", color="#222222", ms=8, mew=2, zorder=4)
    axis.set(xlabel="w[0]", ylabel="w[1]")
    axis.yaxis.labelpad = 0
    axis.xaxis.set_major_locator(FixedLocator([-2, -1, 0, 1, 2]))
    axis.yaxis.set_major_locator(FixedLocator([-1, 0, 1]))


def _loss_axis(axis, label: str) -> None:
    """Steps from left to right, exponents of the loss upwards."""
    axis.set(xlabel="step", ylim=(-6.3, 4.3))
    axis.set_title(label, loc="left")
    label_powers(axis.yaxis, [-6, -4, -2, 0, 2, 4])
    axis.grid(True)


def _legend() -> dict:
    return {
        "loc": "upper left",
        "bbox_to_anchor": (0.055, 0.925),
        "ncols": 5,
        "borderaxespad": 0,
        "handlelength": 3,
        "columnspacing": 1.6,
    }

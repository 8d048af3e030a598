"""Figures of what goes on inside a model: filters, feature maps, shapes forward and backward."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from cnn_utils.arguments import came, instance, integer

from .picture import COLOURS, WIDTH, Picture, show, styled, times


@styled
def filters(w, *, columns=8, title="") -> Picture:
    """Show the filters of a first layer, all on one scale.

    w: (K_h, K_w, 1, C_out), shown from red (negative) over white (0) to blue (positive), or
    (K_h, K_w, 3, C_out), shown as colours: grey is 0, a bright channel positive.
    """
    w = np.asarray(w)
    if w.ndim != 4 or w.shape[2] not in (1, 3):
        raise ValueError(
            f"w must be filters (K_h, K_w, C_in, C_out) with 1 or 3 input channels, got {w.shape}; "
            "use plots.feature_maps for deeper layers, which are better seen by their feature maps."
        )
    most = float(np.abs(w).max()) or 1.0
    count = w.shape[3]
    columns = min(integer(columns, "columns", least=1), count)
    rows = -(-count // columns)
    cell = min((WIDTH - 1) / columns, 1.1)
    height = rows * (cell * w.shape[0] / w.shape[1] + 0.15) + 0.35
    size = times(w.shape[:2])
    alt = f"{title}: {count} filters of {size}, weights between −{most:.2f} and {most:.2f}."
    picture = Picture(title, alt, height)
    axes = picture.subplots(rows, columns, squeeze=False)
    for k, axis in enumerate(axes.ravel()):
        if k >= count:
            axis.axis("off")
        elif w.shape[2] == 3:
            show(axis, 0.5 + w[..., k] / (2 * most))
        else:
            show(axis, w[..., 0, k], cmap="RdBu", vmin=-most, vmax=most)
        if k < count:
            axis.set_title(str(k), fontsize=9, pad=3)
            for side in axis.spines.values():
                side.set(visible=True, color="#888888")
    if w.shape[2] == 1:
        scale = ScalarMappable(Normalize(-most, most), "RdBu")
        _scale_bar(picture, axes, scale, "weight")
    return picture


@styled
def feature_maps(image, a, *, title="") -> Picture:
    """Show an image and what one layer makes of it, channel by channel, on one scale.

    image: (H, W, C); a: (H, W, C), one image's output of the layer.
    """
    a = np.asarray(a)
    if a.ndim != 3:
        raise ValueError(f"a must be one image's output (H, W, C), got {a.shape}; use a[0].")
    low, high = min(float(a.min()), 0.0), float(a.max())
    cells = a.shape[2] + 1
    rows = -(-cells // 9)
    columns = -(-cells // rows)
    cell = min((WIDTH - 0.9) / columns, 1.3)
    alt = (
        f"{title}: an image and its {a.shape[2]} feature maps, values from {low:.2f} to {high:.2f}."
    )
    picture = Picture(title, alt, rows * (cell + 0.15) + 0.35)
    axes = picture.subplots(rows, columns, squeeze=False)
    flat = axes.ravel()
    show(flat[0], image)
    flat[0].set_title("input", fontsize=9, pad=3, color=COLOURS["input"], fontweight="bold")
    for k, axis in enumerate(flat[1:]):
        if k < a.shape[2]:
            show(axis, a[..., k], cmap="viridis", vmin=low, vmax=high)
            axis.set_title(str(k), fontsize=9, pad=3)
        else:
            axis.axis("off")
    scale = ScalarMappable(Normalize(low, high), "viridis")
    _scale_bar(picture, axes, scale, "activation")
    return picture


def _scale_bar(picture, axes, scale, label) -> None:
    # as many ticks whatever room the layout finds: it measures their labels before it has decided
    ticks = MaxNLocator(3)
    picture.colorbar(scale, ax=axes, label=label, aspect=10 * len(axes), ticks=ticks)


MOST_LAYERS = 10


@styled
def shape_flow(trace, gradients, *, title="") -> Picture:
    """Show the shapes that run forward through a stack of layers, and the gradients' way back.

    trace: what `Sequential.trace` returned (input and at most 10 layers); gradients: what
    `model.gradients()` returned after it. The boxes grow with heights and channels.
    """
    if not isinstance(trace, Sequence) or not all(hasattr(row, "da") for row in trace):
        raise TypeError(f"trace must be rows, got {came(trace)}; pass model.trace(x, y).")
    instance(gradients, dict, "gradients", "pass model.gradients()")
    if len(trace) - 1 > MOST_LAYERS:
        raise ValueError(
            f"trace must have at most {MOST_LAYERS} layers, which fit side by side, got "
            f"{len(trace) - 1}; use a part of it."
        )
    shapes = [row.a.shape[1:] for row in trace]
    steps = [f"{row.name}: {times(shape)}" for row, shape in zip(trace, shapes, strict=True)]
    alt = f"{title}: forward {' → '.join(steps)} → loss; backward every gradient has that shape."
    picture = Picture(title, alt, 4.2)
    axis = picture.subplots()
    loss = len(trace) - 0.25
    axis.set(xlim=(-0.6, loss + 0.25), ylim=(-2.75, 2.4))
    axis.axis("off")
    tallest = max((shape[0] for shape in shapes if len(shape) == 3), default=1)
    boxes = [_box(shape, tallest) for shape in shapes]
    for x, ((width, height), row) in enumerate(zip(boxes, trace, strict=True)):
        own = {k.split(".")[1]: g for k, g in gradients.items() if k.split(".")[0] == row.name}
        for y, d, box, text in (
            (1, "", "output" if x else "input", "kernel"),
            (-1, "d", "gradient", "gradient"),
        ):
            corner = (x - width / 2, y - height / 2)
            axis.add_patch(Rectangle(corner, width, height, facecolor=COLOURS[box]))
            _write(axis, x, y - 0.68, times(row.da.shape[1:]), fontsize=8)
            for line, (name, g) in enumerate(own.items()):
                place = (1.9 if y > 0 else -2.1) - 0.23 * line
                words = f"{d}{name} {times(g.shape)}"
                _write(axis, x - 0.5, place, words, fontsize=7.5, color=_darker(COLOURS[text]))
        left, top = (x - 0.5, 2.2) if x else (x, 1.7)
        _write(axis, left, top, row.name, fontsize=7.5, fontweight="bold")
    for x in range(len(trace) - 1):
        left, right = x + boxes[x][0] / 2 + 0.04, x + 1 - boxes[x + 1][0] / 2 - 0.04
        _arrow(axis, (left, 1), (right, 1), "#555555")
        _arrow(axis, (right, -1), (left, -1), COLOURS["gradient"])
    end = len(trace) - 1 + boxes[-1][0] / 2 + 0.04
    _arrow(axis, (end, 1), (loss, 0.22), "#555555", "arc3,rad=-0.4")
    _arrow(axis, (loss, -0.22), (end, -1), COLOURS["gradient"], "arc3,rad=-0.4")
    _write(axis, loss, 0, "loss", fontsize=9, fontweight="bold")
    _write(axis, -0.5, 1, "forward →", fontsize=9, rotation=90)
    _write(axis, -0.5, -1, "← backward", fontsize=9, rotation=90)
    note = f"Shapes without the batch axis; this batch has N = {len(trace[0].a)} images."
    axis.text(-0.6, -2.65, note, fontsize=8, color="#555555")
    return picture


def _box(shape, tallest) -> tuple[float, float]:
    """Width and height of the box that stands for a shape: channels and height, compressed."""
    if len(shape) == 3:
        return 0.14 + 0.07 * math.log2(shape[2] + 1), 0.12 + 0.9 * math.sqrt(shape[0] / tallest)
    return 0.12, 0.12 + 0.2 * math.log10(math.prod(shape) + 1)


def _write(axis, x, y, words, **how) -> None:
    axis.text(x, y, words, ha="center", va="center", **how)


def _arrow(axis, start, end, colour, bend="arc3") -> None:
    how: dict = {"arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0}
    axis.add_patch(FancyArrowPatch(start, end, connectionstyle=bend, color=colour, **how))


def _darker(colour: str) -> tuple:
    """Small coloured text needs more contrast with white than an area does."""
    return tuple(0.72 * c for c in to_rgb(colour))

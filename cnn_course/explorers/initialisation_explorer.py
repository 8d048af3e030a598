"""Lesson 12: what the scale of the starting weights does to activations and gradients by depth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import ipywidgets
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.ticker import FixedLocator

from cnn_course.figures.axes import label_powers
from cnn_utils import functional as F
from cnn_utils.plots.board import tint
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .controls import sized, slider, toggles
from .explorer import Explorer

SEED, EXAMPLES, UNITS, DEEPEST = 12, 50, 200, 20
ACTIVATIONS = {
    "ReLU": (F.relu_forward, F.relu_backward),
    "tanh": (F.tanh_forward, F.tanh_backward),
    "sigmoid": (F.sigmoid_forward, F.sigmoid_backward),
}
SCALES = tuple(2 ** (k / 4) for k in range(-8, 9))  # ¼ … 4, each stop 1.19 times the one before
GLOROT, HE = 1.0, SCALES[10]  # times 1/√D: variances 1/D and 2/D
RANGES = {"ReLU": (0.0, 4.0), "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
BINS = 24
LEAST = 1e-30  # a spread of exactly 0 is drawn here: a logarithmic axis has no 0


@dataclass(frozen=True)
class Signal:
    """What passes through a stack, layer by layer: lists of arrays (EXAMPLES, UNITS).

    z: what goes into the activation (after batch norm, where there is one); a: what comes out of
    it; dz: the gradient of z.
    """

    z: list[np.ndarray]
    a: list[np.ndarray]
    dz: list[np.ndarray]


@cache
def draws() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw inputs, weights and gradients from N(0, 1), always the same: float64.

    Their shapes are (EXAMPLES, UNITS), (DEEPEST, UNITS, UNITS) and (EXAMPLES, UNITS).
    """
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(EXAMPLES, UNITS))
    return x, rng.normal(size=(DEEPEST, UNITS, UNITS)), rng.normal(size=x.shape)


def stack_signal(scale: float, activation: str, depth: int, batch_norm: bool = False) -> Signal:
    """Send a batch through `depth` dense layers without biases, and a random gradient back.

    scale: the weights are drawn from N(0, scale² / UNITS). activation: a key of ACTIVATIONS.
    depth: 1 to DEEPEST. batch_norm: whether it stands between each dense layer and its activation,
    with gamma 1 and beta 0.
    """
    a, weights, da = draws()
    weights = weights[:depth] * (scale / math.sqrt(UNITS))
    forward, backward = ACTIVATIONS[activation]
    ones, zeros = np.ones(UNITS), np.zeros(UNITS)
    signal, caches = Signal([], [], []), []
    for w in weights:
        z, norm = a @ w, None
        if batch_norm:
            z, norm, _ = F.batchnorm_forward(z, ones, zeros, zeros, ones)
        a, gate = forward(z)
        signal.z.append(z)
        signal.a.append(a)
        caches.append((norm, gate))
    for w, (norm, gate) in zip(weights[::-1], reversed(caches), strict=True):
        dz = backward(da, gate)
        signal.dz.insert(0, dz)
        if batch_norm:
            dz, _, _ = F.batchnorm_backward(dz, norm)
        da = dz @ w.T
    return signal


@styled
def initialisation_picture(
    scale: float = GLOROT, activation: str = "ReLU", depth: int = 10, batch_norm: bool = False
) -> Picture:
    """Draw the activations of each layer as histograms, and the spread of z and dz by layer.

    scale: standard deviation of the weights times √UNITS; 1 is Glorot's, √2 He's.
    activation: 'ReLU', 'tanh' or 'sigmoid'. depth: the number of dense layers, 1 to 20.
    batch_norm: whether it stands before each activation.
    """
    signal = stack_signal(scale, activation, depth, batch_norm)
    forward = np.array([z.std() for z in signal.z])
    back = np.array([dz.std() for dz in signal.dz])
    norm = ", batch norm" if batch_norm else ""
    title = f"Weights of {scale_name(scale)}, {activation}{norm}: {_verdict(forward, back)}"
    alt = _alt(scale, activation, depth, batch_norm, signal, forward, back)
    picture = Picture(title, alt, height=3.7, layout=None)
    _histograms(picture.add_axes((0.055, 0.15, 0.435, 0.66)), signal.a, activation)
    _spreads(picture.add_axes((0.585, 0.15, 0.405, 0.66)), forward, back)
    return picture


def initialisation_explorer() -> Explorer:
    """Explorer of lesson 12: choose scale, activation and depth; switch batch norm on."""
    scale = ipywidgets.SelectionSlider(
        options=[(scale_name(scale), scale) for scale in SCALES],
        value=GLOROT,
        description="weights",
        **sized("31em"),
    )
    scale.layout.margin = "0 1em 0 0"
    activation = toggles(list(ACTIVATIONS), "6em")
    depth = slider("layers", DEEPEST, 10, least=2, width="22em")
    norm = ipywidgets.Checkbox(description="batch norm", indent=False)
    controls = {"scale": scale, "activation": activation, "depth": depth, "batch_norm": norm}
    return Explorer(initialisation_picture, controls, rows=[[scale, activation], [depth, norm]])


def scale_name(scale: float) -> str:
    """Write a standard deviation of weights: '1/√D (Glorot)', '1.41/√D (He)', '0.5/√D'."""
    known = {GLOROT: " (Glorot)", HE: " (He)"}.get(scale, "")
    return f"{scale:.3g}/√D{known}"


def change(last: float, first: float, layers: int) -> float:
    """Return the factor by which a spread changes from one layer to the next, on average.

    last, first: the standard deviations of the last and the first layer; layers: how many.
    """
    if layers < 2:
        return 1.0
    return (max(last, LEAST) / max(first, LEAST)) ** (1 / (layers - 1))


def _verdict(forward: np.ndarray, back: np.ndarray) -> str:
    """What becomes of z and of dz, in a few words."""
    z, dz = (
        0 if 0.1 <= factor <= 10 else -1 if factor < 0.1 else 1
        for factor in (forward[-1] / forward[0], back[0] / max(back[-1], LEAST))
    )
    if z == dz:
        return ("z and dz keep their size", "z and dz explode", "z and dz fade")[z]
    one = ("keeps its size", "explodes", "fades")
    return f"z {one[z]}, dz {one[dz]}"


def _alt(scale, activation, depth, batch_norm, signal, forward, back) -> str:
    n = len(forward)
    last = signal.a[-1]
    if activation == "ReLU":
        state = f"{_percent(last == 0)} of the last layer's activations are 0"
    else:
        low, high = RANGES[activation]
        flat = np.minimum(last - low, high - last) < 0.025 * (high - low)
        state = f"{_percent(flat)} of the last layer's activations are saturated"
    return (
        f"{depth} layers of {UNITS} units, {activation}, weights with the standard deviation "
        f"{scale_name(scale)}, {'with' if batch_norm else 'without'} batch norm. Forward, the "
        f"standard deviation of z goes from {number(forward[0])} in layer 1 to "
        f"{number(forward[-1])} in layer {n}, {number(change(forward[-1], forward[0], n))} times "
        f"a layer. Backward, that of dz goes from {number(back[-1])} in layer {n} to "
        f"{number(back[0])} in layer 1, {number(change(back[0], back[-1], n))} times a layer. "
        f"{state[0].upper()}{state[1:]}."
    )


def _histograms(axis, activations: list[np.ndarray], activation: str) -> None:
    """A histogram for each layer, standing on its side; what is out of range in the last bin."""
    low, high = RANGES[activation]
    edges = np.linspace(low, high, BINS + 1)
    inside, beyond = [], []
    for layer, a in enumerate(activations, 1):
        values = a[a > 0] if activation == "ReLU" else a.ravel()
        counts, _ = np.histogram(np.minimum(values, high), edges)
        left, lengths = layer - 0.42, 0.85 * counts / max(counts.max(), 1)
        over = values.max(initial=0) > high
        last = BINS - 1 if over else BINS  # the bins that are one shape; the last may stand alone
        outline = np.repeat(edges[: last + 1], 2)[1:-1]
        right = left + np.repeat(lengths[:last], 2)
        shape = np.stack([right, outline], axis=1)
        inside.append([(left, edges[0]), *shape, (left, edges[last])])
        if over:
            x = left + lengths[-1]
            beyond.append([(left, edges[-2]), (x, edges[-2]), (x, high), (left, high)])
    for bars, colour, hatch in (
        (inside, COLOURS["output"], None),
        (beyond, COLOURS["wrong"], "////"),
    ):
        look = {"facecolors": [tint(colour, 0.6)], "edgecolors": [tint(colour, 1.2)]}
        axis.add_collection(
            PolyCollection(bars, linewidths=0.6, hatch=hatch, **look), autolim=False
        )
    margin = 0.02 * (high - low)
    axis.set(xlim=(0.4, len(activations) + 0.6), ylim=(low - margin, high + margin))
    axis.set(xlabel="layer", ylabel="a")
    axis.xaxis.set_major_locator(FixedLocator(_layers(len(activations))))
    axis.yaxis.set_major_locator(FixedLocator(np.linspace(low, high, 5)))
    which = "those above 0; hatched: over 4" if activation == "ReLU" else "a histogram a layer"
    axis.set_title(f"activations a, {which}", loc="left")


def _spreads(axis, forward: np.ndarray, back: np.ndarray) -> None:
    """Standard deviations by layer, on an axis of exponents."""
    layers = np.arange(1, len(forward) + 1)
    for values, line, kind, label, place in (
        (forward, "o-", "output", "● z, forward →", "left"),
        (back, "s--", "gradient", "■ dz, backward ←", "right"),
    ):
        heights = np.log10(np.maximum(values, LEAST))
        colour = tint(COLOURS[kind], 1.2)
        axis.plot(layers, heights, line, color=COLOURS[kind], ms=5, lw=1.6)
        axis.set_title(label, loc=place, color=colour, fontweight="bold")
    spread = np.log10(np.maximum(np.concatenate([forward, back]), LEAST))
    low, high = min(-2, math.floor(spread.min())), max(1, math.ceil(spread.max()))
    step = max(1, math.ceil((high - low) / 6))
    label_powers(axis.yaxis, range(step * math.ceil(low / step), high + 1, step), "{:.4g}".format)
    axis.set(xlim=(0.4, len(forward) + 0.6), ylim=(low - 0.15, high + 0.15))
    axis.set(xlabel="layer", ylabel="standard deviation")
    axis.xaxis.set_major_locator(FixedLocator(_layers(len(forward))))
    axis.grid(axis="y")


def _layers(depth: int) -> list[int]:
    return [1, *range(5, depth - 1, 5), depth]


def _percent(share) -> str:
    return f"{100 * np.mean(share):.0f} %"


def number(value: float) -> str:
    """Write a number with three digits: 0.707, 12.3, 4.6e-05."""
    value = float(value)
    if value == 0 or 0.001 <= value < 10000:
        return f"{value:.3g}"
    return f"{value:.1e}"

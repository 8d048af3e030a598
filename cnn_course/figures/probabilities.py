"""Figures of lesson 13: a model's probabilities, and whether they can be taken at their word."""

from __future__ import annotations

import numpy as np

from cnn_utils.plots.picture import COLOURS, Picture, one_each, show, styled
from cnn_utils.plots.results import wilson_interval


@styled
def probability_bars(image, p, *, names, label=None, title="") -> Picture:
    """Show an image beside the probabilities a model gives it.

    image: (H, W, C); p: (K,); label: the true class, marked where it is known.
    """
    p = np.asarray(p)
    if p.ndim != 1:
        raise ValueError(f"p must be the probabilities (K,) of one image, got {p.shape}; use p[0].")
    names = one_each(names, len(p), "names", "class")
    best = int(p.argmax())
    alt = f"{title}: the model says {names[best]} with probability {p[best]:.2f}"
    alt += "." if label is None else f"; the true class is {names[label]}."
    picture = Picture(title, alt, max(2.2, 0.24 * len(p) + 0.9), width=6.5)
    left, axis = picture.subplots(1, 2, width_ratios=[1, 2])
    show(left, image)
    colours = ["#C8CDD2"] * len(p)
    colours[best] = COLOURS["output"]
    axis.barh(range(len(p)), p, color=colours)
    for k, value in enumerate(p):
        words = f"{value:.2f}" + (" ← predicted" if k == best else "")
        words += " = true" if k == best == label else " ← true" if k == label else ""
        axis.text(value + 0.015, k, words, va="center", fontsize=9)
    axis.set_yticks(range(len(p)), names)
    axis.set(xlim=(0, 1), ylabel="class", xlabel="probability", xticks=[0, 0.5, 1])
    axis.invert_yaxis()
    return picture


@styled
def reliability_diagram(panels: dict, edges, *, title="") -> Picture:
    """Show, bin by bin, how sure a model is and how often it is right.

    panels: title of the panel → (n, confidence, accuracy), arrays (B,): how many answers lie in
    each bin, their mean probability, the share of right ones; bins with n = 0 stay empty. edges:
    (B + 1,) of the bins. The bars around the share are 95 % intervals.
    """
    names = [f"{low:g} –\n{high:g}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    picture = Picture(title, "", 3.9)
    axes = picture.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    told = []
    for axis, (name, (n, confidence, accuracy)) in zip(axes, panels.items(), strict=True):
        n = np.asarray(n)
        (bins,) = np.nonzero(n)
        n, confidence, accuracy = n[bins], np.asarray(confidence)[bins], np.asarray(accuracy)[bins]
        low, high = wilson_interval(accuracy * n, n)
        colour = COLOURS["output"]
        axis.vlines(bins, low, high, color=colour, linewidth=5, alpha=0.35, label="95 %")
        axis.plot(bins, accuracy, "o", color=colour, markersize=6, label="share that is right")
        style = {"color": "#222222", "markersize": 15, "markeredgewidth": 2.2}
        axis.plot(bins, confidence, "_", label="mean probability", **style)
        for place, count in zip(bins, n, strict=True):
            axis.text(place, 0.02, f"{count:,}", ha="center", fontsize=8)
        axis.set(xlim=(-0.6, len(names) - 0.4), ylim=(0, 1.03), xlabel="probability of the answer")
        axis.set_xticks(range(len(names)), names, fontsize=8)
        axis.set_title(name, loc="left")
        axis.grid(axis="y")
        told += [
            f"{name}, {edges[k]:g} to {edges[k + 1]:g}: {count:,} answers, mean probability "
            f"{says:.3f}, right {right:.3f}"
            for k, count, says, right in zip(bins, n, confidence, accuracy, strict=True)
        ]
    axes[0].set_ylabel("share right, and probability")
    axes[-1].legend(loc="lower right", bbox_to_anchor=(1.0, 0.08), fontsize=8)
    picture.alt = f"{title}: {'; '.join(told)}. The lowest numbers in each panel count answers."
    return picture

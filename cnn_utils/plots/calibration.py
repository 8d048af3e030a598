"""The figure that tells whether a model's probabilities can be taken at their word."""

from __future__ import annotations

import numpy as np

from .picture import COLOURS, Picture, styled


def wilson_interval(right, n, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Between which shares the truth may lie, where `right` of `n` were right.

    right, n: whole numbers, n > 0, single ones or arrays. z: 1.96 for 95 %. Returns the lower and
    the upper ends, both within 0 to 1 and never equal, even where none or all were right.
    Source: E. B. Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    right, n = np.asarray(right, dtype=float), np.asarray(n, dtype=float)
    share = right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


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

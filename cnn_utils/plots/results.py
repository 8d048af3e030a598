"""Figures of what is counted and measured: classes, training, predictions."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from cnn_utils.arguments import came, instance

from .picture import COLOURS, Picture, one_each, styled


@styled
def class_balance(labels: dict, *, names, title="") -> Picture:
    """Show which share of each set every class has, beside the share if all were equal.

    labels: name of the set ('training', 'validation', 'test') → labels (N,); names: of the classes.
    """
    instance(labels, dict, "labels", "give {'training': y}")
    for part, y in labels.items():
        if np.ndim(y) != 1 or np.max(y, initial=0) >= len(names):
            raise ValueError(
                f"{part} must be labels (N,) below {len(names)}, the number of names, got shape "
                f"{np.shape(y)} and a largest of {np.max(y, initial=0)}; give every class a name."
            )
    picture = Picture(title, f"{title}: shares of the classes in {', '.join(labels)}.", 2.9)
    axis = picture.subplots()
    width = 0.8 / len(labels)
    for k, (part, y) in enumerate(labels.items()):
        share = 100 * np.bincount(y, minlength=len(names)) / len(y)
        look: dict = {"hatch": ("", "///", "...")[k % 3], "edgecolor": "white", "linewidth": 0.8}
        places = np.arange(len(names)) + (k - (len(labels) - 1) / 2) * width
        label = f"{part} ({len(y):,})"
        axis.bar(places, share, width, label=label, color=COLOURS.get(part), **look)
    equal = 100 / len(names)
    axis.axhline(equal, color="#222222", linewidth=1, linestyle=":", label=f"equal ({equal:.1f} %)")
    axis.set_xticks(range(len(names)), names)
    axis.set(xlabel="class", ylabel="share of the set (%)")
    axis.tick_params(axis="x", length=0)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return picture


@styled
def learning_curves(history, *, title="") -> Picture:
    """Show loss and accuracy after every epoch, for training and, where measured, validation.

    history: a `cnn_utils.training.History`, with at least one epoch in it.
    """
    if not hasattr(history, "val_loss"):
        raise TypeError(f"history must be a History, got {came(history)}; pass model.history.")
    if not len(history):
        raise ValueError("history has no epochs yet, got an empty one; call model.fit first.")
    picture = Picture(title, "", 3.1)
    axes = picture.subplots(1, 2)
    epochs = np.arange(1, len(history) + 1)
    marks = len(history) <= 25
    told = []
    parts = (("training", "", "-", "o"), ("validation", "val_", "--", "s"))
    for axis, (what, unit, factor) in zip(
        axes, (("loss", "nats", 1), ("accuracy", "%", 100)), strict=True
    ):
        for part, prefix, line, mark in parts:
            values = factor * np.asarray(getattr(history, prefix + what))
            if len(values):
                look = {"marker": mark if marks else None, "markersize": 4.5}
                axis.plot(epochs, values, line, color=COLOURS[part], label=part, **look)
                told.append(f"{part} {what} from {values[0]:.3g} to {values[-1]:.3g}")
        axis.set(xlabel="epoch", ylabel=f"{what} ({unit})")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axis.grid(axis="y")
        axis.legend()
    axes[0].set_ylim(bottom=0)
    picture.alt = f"{title}: over {len(history)} epochs {', '.join(told)}."
    return picture


@styled
def confusion_matrix(counts, *, names, title="") -> Picture:
    """Show how often each class (row) was taken for each class (column).

    counts: integers (K, K), true class first; names: of the K classes. Numbers are counts; the
    colour is their share of the row, so that classes of different sizes can be compared.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.dtype.kind not in "iu":
        raise ValueError(
            f"counts must be integers (K, K), got {counts.dtype} {counts.shape}; make them with "
            "np.add.at(counts, (y, predictions), 1)."
        )
    names = one_each(names, len(counts), "names", "class")
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right, total = int(np.trace(counts)), int(counts.sum())
    size = min(0.47 * len(names) + 1.4, 6.2)
    picture = Picture(title, "", size, width=size + 1.5)
    picture.alt = f"{title}: {right} of {total} on the diagonal; " + (
        ", ".join(
            f"{names[i]} taken for {names[j]} {counts[i, j]} times"
            for i, j in _largest_off_diagonal(counts)
        )
        or "nothing off it"
    )
    axis = picture.subplots()
    norm = PowerNorm(0.4, 0, 100)  # a few per cent are mistakes worth seeing: stretch the low end
    image = axis.imshow(share, cmap="cividis", norm=norm)
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if norm(share[i, j]) < 0.47 else "black"
        look: dict = {"ha": "center", "va": "center", "fontsize": 9, "alpha": 1 if count else 0.5}
        axis.text(j, i, f"{count}" if count else "·", color=colour, **look)
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(length=0)
    axis.set(xlabel="predicted class", ylabel="true class")
    for side in axis.spines.values():
        side.set_visible(False)
    ticks = [0, 1, 5, 20, 50, 100]
    picture.colorbar(image, ax=axis, label="share of the true class (%)", shrink=0.8, ticks=ticks)
    return picture


def _largest_off_diagonal(counts, most=5):
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    return [
        (i, j) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True) if wrong[i, j]
    ]


def wilson_interval(right, n, z: float = 1.96) -> tuple[np.ndarray, np.ndarray]:
    """Between which shares the truth may lie, where `right` of `n` were right.

    right, n: integers, n > 0, single ones or arrays. z: 1.96 for 95 %. Returns the lower and the
    upper ends, both within 0 to 1 and never equal, even where none or all were right.
    Source: E. B. Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    right, n = np.asarray(right, dtype=float), np.asarray(n, dtype=float)
    if np.any((n <= 0) | (right < 0) | (right > n)):
        raise ValueError(f"right must be between 0 and n, got {right} of {n}; give counts, n > 0.")
    share = right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)

"""Maps beside and over images: gradients, class maps, whatever has a value at every place."""

from __future__ import annotations

import numpy as np

from cnn_utils.arguments import came, choice, integer

from .picture import WIDTH, Picture, show, styled

KINDS = ("image", "signed", "heat", "noise")
OVER = 0.55  # how much of a map is seen where it lies over its image


@styled
def map_panels(
    panels, *, columns: int = 6, ranges: bool = True, title: str = "", alt: str = ""
) -> Picture:
    """Show images and maps side by side, each under its caption and over its range of values.

    panels: tuples (caption, image), (caption, map, kind) or (caption, map, kind, image). An image
    is (H, W, C), uint8 or floats from 0 to 1; a map (H, W) has any values. kind 'signed': red
    below 0, white 0, blue above; 'heat': dark to bright; 'noise': (H, W, C) with mid-grey for 0.
    With an image, the map is stretched over it. Every map has a scale of its own, written below it
    unless ranges is False. alt: what the picture says; made from captions and ranges if not given.
    """
    panels = list(panels)
    for panel in panels:
        if not isinstance(panel, tuple) or not 2 <= len(panel) <= 4:
            raise TypeError(f"panels must be tuples, got {came(panel)}; give ('caption', image).")
        choice(panel[2] if len(panel) > 2 else "image", KINDS, "kind")
    rows = max(1, -(-len(panels) // integer(columns, "columns", least=1)))
    cell = min(WIDTH / columns, 1.6)
    lines = max((panel[0].count("\n") + 1 for panel in panels), default=1)
    words = [_range(*panel[1:3]) if ranges and len(panel) > 2 else "" for panel in panels]
    below = 0.18 if any(words) else 0.03
    told = "; ".join(
        f"{panel[0]} {text}".strip().replace("\n", ", ")
        for panel, text in zip(panels, words, strict=True)
    )
    height = rows * (cell - 0.06 + 0.17 * lines + below) + (0.38 if title else 0.05)
    picture = Picture(title, alt or f"{title}: {told}.", height, width=columns * cell)
    axes = picture.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    for axis, panel, text in zip(axes, panels, words, strict=False):
        caption, values, *rest = panel
        put_map(axis, values, *rest)
        axis.set_title(caption, fontsize=9, pad=3)
        if text:
            axis.set_xlabel(text, fontsize=8, labelpad=2)
    return picture


def put_map(axis, values, kind: str = "image", image=None) -> None:
    """Draw one panel of `map_panels` on an axis."""
    values = np.asarray(values)
    if kind == "image":
        show(axis, values)
        return
    if kind == "noise":
        show(axis, 0.5 + values / (2 * (np.abs(values).max() or 1.0)))
        return
    how = colours(values, kind)
    if image is None:
        show(axis, values, **how)
        return
    show(axis, image)
    show(axis, values, **how, alpha=OVER, extent=axis.images[0].get_extent())


def colours(values, kind: str) -> dict:
    """How imshow draws a map of a kind ('signed' or 'heat'), with a scale of its own."""
    if kind == "signed":
        most = float(np.nanmax(np.abs(values))) or 1.0
        return {"cmap": "RdBu", "vmin": -most, "vmax": most}
    low, high = min(float(np.nanmin(values)), 0.0), float(np.nanmax(values))
    return {"cmap": "viridis", "vmin": low, "vmax": max(high, low + 1e-12)}


def _range(values, kind: str) -> str:
    values = np.asarray(values)
    if kind in ("signed", "noise"):
        return f"± {np.abs(values).max():.2g}"
    return f"{min(values.min(), 0):.2g} to {values.max():.2g}".replace("-", "−")

"""Figure of lesson 08: how much a probability costs the model, −ln p."""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.plots.board import INK
from cnn_utils.plots.picture import COLOURS, Picture, styled


@styled
def surprise_curve(marks: dict[str, float]) -> Picture:
    """Draw the surprise −ln p, in nats, against the probability p, with some of its points.

    marks: p of each point by its text, above 0 and at most 1.
    """
    told = ", ".join(f"{-math.log(p):.4f} at p = {p:g} ({text})" for text, p in marks.items())
    alt = f"The curve of −ln p falls from infinity at p = 0 to 0 at p = 1. It is {told}."
    picture = Picture("The less you expected it, the more it costs", alt, 3.0, width=6.5)
    axis = picture.subplots()
    p = np.linspace(0.03, 1, 300)
    axis.plot(p, -np.log(p), color=COLOURS["output"], lw=2)
    for text, value in marks.items():
        axis.plot(value, -math.log(value), "o", color=INK, ms=6)
        place = (value + 0.025, -math.log(value) + 0.07)
        axis.annotate(text, place, fontsize=9.5)
    axis.set(xlabel="p, the probability that the true class was given", ylabel="−ln p (nats)")
    axis.set(xlim=(0, 1.02), ylim=(0, 3.5))
    axis.grid(axis="y")
    return picture

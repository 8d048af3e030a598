"""Axes of powers of ten that hold their exponents: quicker to draw than logarithmic ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter


def label_powers(
    axis: Axis, exponents: Iterable[float], text: Callable[[float], str] = "{:g}".format
) -> None:
    """Set ticks at these exponents, and label each with its power of ten.

    axis: the xaxis or yaxis of axes whose data are exponents. text: how a power is written.
    """
    axis.set_major_locator(FixedLocator(list(exponents)))
    axis.set_major_formatter(FuncFormatter(lambda exponent, _: text(10.0**exponent)))

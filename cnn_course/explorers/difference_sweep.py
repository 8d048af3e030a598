"""Lesson 04: a difference quotient as a secant, and its error for every h."""

from __future__ import annotations

import ipywidgets
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter

from cnn_course.figures.differences import (
    DTYPES,
    EXAMPLES,
    EXPONENTS,
    LEAST,
    METHODS,
    Example,
    difference,
    error_axis,
    relative_errors,
    short,
)
from cnn_utils.plots.board import shown
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .controls import sized, toggles
from .explorer import Explorer


@styled
def difference_picture(function: str, exponent: int, method: str, dtype: str) -> Picture:
    """Show a difference quotient as a secant, and its error among those of all other h.

    function: a key of EXAMPLES; exponent: n in h = 1/10ⁿ, 0 to 16; method: 'central' or
    'one-sided'; dtype: 'float64' or 'float32'.
    """
    example, h = EXAMPLES[function], 10.0**-exponent
    upper, lower, divisor, found = difference(example, h, method, dtype)
    errors = relative_errors(example, method, dtype)
    error = float(errors[exponent])
    cause = _cause(example, h, method, upper == lower, error, errors)
    alt = (
        f"{function}, {dtype}, {method} difference with h = {short(h)}: "
        f"({_digits(upper, dtype, 4)} − {_digits(lower, dtype, 4)}) / {short(divisor)} = "
        f"{_digits(found, dtype)}. The true slope is {_digits(example.slope, dtype)}; "
        f"the relative error is {short(error)} ({cause})."
    )
    title = f"{function}: h = {short(h)} gives a relative error of {short(error)}"
    picture = Picture(title, alt, height=3.7, layout=None)
    _draw_secant(picture.add_axes((0.085, 0.15, 0.375, 0.66)), example, h, method, dtype, found)
    right = picture.add_axes((0.575, 0.15, 0.41, 0.66))
    other = METHODS[1 - METHODS.index(method)]
    coarse = DTYPES[1 - DTYPES.index(dtype)]
    error_axis(right)
    for how, kind, line in (
        (method, coarse, {"ls": ":", "color": "#888888"}),
        (other, dtype, {"ls": "--", "color": "#555555"}),
        (method, dtype, {"ls": "-", "color": COLOURS["gradient"], "marker": "o", "ms": 4}),
    ):
        errors = np.maximum(relative_errors(example, how, kind), LEAST)
        right.plot(
            [-n for n in EXPONENTS], np.log10(errors), lw=1.6, label=f"{how}, {kind}", **line
        )
    here = np.log10(max(error, LEAST))
    right.plot([-exponent], [here], "D", ms=11, mfc="none", mec="#222222", mew=2)
    right.set_title("relative error for every h (◇ = this one)", loc="left")
    right.legend(loc="lower left", fontsize=8, borderaxespad=0.2, labelspacing=0.25)
    return picture


def difference_sweep() -> Explorer:
    """Explorer of lesson 04: choose h, the function, the kind of difference and the precision."""
    step = ipywidgets.SelectionSlider(
        options=[(short(10.0**-n), n) for n in EXPONENTS],
        value=0,
        description="h",
        **sized("28em"),
    )
    function = ipywidgets.Dropdown(
        options=list(EXAMPLES), description="function", style={"description_width": "initial"}
    )
    method, dtype = toggles(METHODS, "7em"), toggles(DTYPES, "7em")
    controls = {"exponent": step, "function": function, "method": method, "dtype": dtype}
    return Explorer(difference_picture, controls, rows=[[step, function], [method, dtype]])


def _draw_secant(axis, example: Example, h, method, dtype, found) -> None:
    """f around x as dtype computes it, in units of h, so that every h can be seen."""

    def height(steps):
        x = np.array([example.x], dtype)
        values = example.f(x + (steps * h).astype(dtype)).astype(np.float64)
        return (values - example.f(x).astype(np.float64)) / h

    steps = np.linspace(-2, 2, 401)
    used = np.array([1.0, -1.0 if method == "central" else 0.0])
    ends = height(used)
    axis.plot(steps, example.slope * steps, "--", color="#555555", lw=1.4, label="true slope")
    axis.plot(steps, height(steps), color=COLOURS["input"], lw=2, label=f"f, in {dtype}")
    secant = ends[1] + found * (steps - used[1])
    axis.plot(steps, secant, color=COLOURS["gradient"], lw=1.6, label="secant")
    axis.plot(used, ends, "o", color=COLOURS["gradient"], ms=7)
    reach = max(2.4 * abs(example.slope), 1.15 * np.max(np.abs(ends)))
    axis.set(xlim=(-2, 2), ylim=(-reach, reach), xlabel="steps of h from x")
    axis.set_ylabel("(f − f(x)) / h", labelpad=2)
    axis.xaxis.set_major_locator(FixedLocator([-1, 0, 1]))
    axis.yaxis.set_major_locator(FixedLocator([-example.slope, 0, example.slope]))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value)))
    axis.set_title("f from x − 2h to x + 2h", loc="left")
    axis.legend(loc="upper left", fontsize=8, borderaxespad=0.2, labelspacing=0.25)


def _cause(example: Example, h, method, lost, error, errors) -> str:
    """Where the error comes from, in words. lost: both values of f are the same number."""
    central = method == "central"
    if lost:
        return "f gives the same number twice: h is lost in rounding"
    if example.kink is not None and example.x - central * h < example.kink:
        return "the kink at 0 lies between the two places, so two slopes are mixed"
    if error == errors.min():
        return "no other h of this slider does better"
    formula = abs(h * h / 6 * example.third if central else h / 2 * example.second)
    if formula > 0.5 * error * abs(example.slope):
        return f"the formula's own, about {'h²/6 · f‴' if central else 'h/2 · f″'}"
    return "rounding, divided by h"


def _digits(number: float, dtype: str, more: int = 0) -> str:
    """A number with 12 digits in float64, with 5 in float32, or more."""
    return f"{number:.{(12 if dtype == 'float64' else 5) + more}g}".replace("-", "−")

"""How good is a difference quotient? The secant on the function, and the error for every h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets
import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cnn_utils.functional import relu_forward
from cnn_utils.plots.board import shown
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .explorer import Explorer

DTYPES = ("float64", "float32")
METHODS = ("central", "one-sided")
EXPONENTS = range(17)  # h = 1, 0.1, … 1e-16
LEAST = 1e-17  # an error of exactly 0 is drawn here: a logarithmic axis has no 0


@dataclass(frozen=True)
class Example:
    """A function f, the place x it is examined at, and its derivatives f′, f″, f‴ there."""

    f: Callable
    x: float
    slope: float
    second: float
    third: float
    kink: float | None = None  # where the slope jumps


EXAMPLES = {
    "x³ at 2": Example(lambda x: x * x * x, 2, 12, 12, 6),
    "x³ + 1000 at 2": Example(lambda x: x * x * x + x.dtype.type(1000), 2, 12, 12, 6),
    "sin x at 1": Example(np.sin, 1, np.cos(1), -np.sin(1), -np.cos(1)),
    "eˣ at 1": Example(np.exp, 1, np.e, np.e, np.e),
    "relu(x) at 0.001": Example(lambda x: relu_forward(x)[0], 0.001, 1, 0, 0, kink=0.0),
}


def difference(
    example: Example, h: float, method: str, dtype: str
) -> tuple[float, float, float, float]:
    """Difference quotient of example.f at example.x, every step of it computed in dtype.

    method: 'central', (f(x + h) - f(x - h)) / 2h, or 'one-sided', (f(x + h) - f(x)) / h.
    dtype: 'float64' or 'float32'. Returns upper and lower value of f, what their difference is
    divided by, and the quotient.
    """
    number = np.dtype(dtype).type
    x, h = number(example.x), number(h)
    upper = _at(example, x + h)
    lower, divisor = (_at(example, x - h), h + h) if method == "central" else (_at(example, x), h)
    return float(upper), float(lower), float(divisor), float((upper - lower) / divisor)


def relative_errors(example: Example, method: str, dtype: str) -> np.ndarray:
    """|quotient - true slope| / |true slope| for h = 1, 0.1, … 1e-16: an array (17,)."""
    found = [difference(example, 10.0**-n, method, dtype)[3] for n in EXPONENTS]
    return np.abs(np.array(found) - example.slope) / abs(example.slope)


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
        f"{function}, {dtype}, {method} difference with h = {_short(h)}: "
        f"({_digits(upper, dtype, 4)} − {_digits(lower, dtype, 4)}) / {_short(divisor)} = "
        f"{_digits(found, dtype)}. The true slope is {_digits(example.slope, dtype)}; "
        f"the relative error is {_short(error)} ({cause})."
    )
    title = f"{function}: h = {_short(h)} gives a relative error of {_short(error)}"
    picture = Picture(title, alt, height=3.7, layout=None)
    _draw_secant(picture.add_axes((0.085, 0.15, 0.375, 0.66)), example, h, method, dtype, found)
    right = picture.add_axes((0.575, 0.15, 0.41, 0.66))
    other = METHODS[1 - METHODS.index(method)]
    coarse = DTYPES[1 - DTYPES.index(dtype)]
    _error_axis(right)
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


@styled
def error_curves(function: str = "x³ at 2") -> Picture:
    """Show the errors of both differences in both precisions side by side, for every h.

    function: a key of EXAMPLES.
    """
    example = EXAMPLES[function]
    best = {}
    picture = Picture("The error is a V: the formula on the right, rounding on the left", "", 3.7)
    for axis, dtype in zip(picture.subplots(1, 2, sharey=True), DTYPES, strict=True):
        _error_axis(axis)
        for method, line in (("one-sided", "s--"), ("central", "o-")):
            errors = relative_errors(example, method, dtype)
            n = int(np.argmin(errors))
            best[dtype, method] = n, float(errors[n])
            colour = COLOURS["gradient"] if method == "central" else "#555555"
            heights = np.log10(np.maximum(errors, LEAST))
            axis.plot([-n for n in EXPONENTS], heights, line, color=colour, label=method, ms=4)
        n, least = best[dtype, "central"]
        axis.annotate(
            f"best: h = {_short(10.0**-n)}",
            (-n, np.log10(max(least, LEAST))),
            (0, -24),
            textcoords="offset points",
            ha="center",
        )
        axis.set_title(f"{dtype}, {function}", loc="left")
        axis.legend(loc="lower left")
    picture.axes[1].set_ylabel("")
    told = "; ".join(
        f"{dtype}, {method}: smallest error {_short(error)} at h = {_short(10.0**-n)}"
        for (dtype, method), (n, error) in best.items()
    )
    picture.alt = f"Relative errors of difference quotients of {function} against h. {told}."
    return picture


def difference_sweep() -> Explorer:
    """Explorer of lesson 04: choose h, the function, the kind of difference and the precision."""
    wide = {"description_width": "initial"}
    step = ipywidgets.SelectionSlider(
        options=[(_short(10.0**-n), n) for n in EXPONENTS],
        value=0,
        description="h",
        layout=ipywidgets.Layout(width="28em"),
        style={"description_width": "initial"},
    )
    function = ipywidgets.Dropdown(options=list(EXAMPLES), description="function", style=wide)
    method = ipywidgets.ToggleButtons(options=METHODS, style={"button_width": "7em"})
    dtype = ipywidgets.ToggleButtons(options=DTYPES, style={"button_width": "7em"})
    controls = {"exponent": step, "function": function, "method": method, "dtype": dtype}
    return Explorer(difference_picture, controls, rows=[[step, function], [method, dtype]])


def _at(example: Example, x):
    """f of one number, as a number of the dtype of x."""
    return np.asarray(example.f(np.atleast_1d(x)))[0]


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


def _error_axis(axis) -> None:
    """Axes for the exponents of h and of the error; quicker to draw than logarithmic ones."""
    power = FuncFormatter(lambda value, _: _short(10.0**value))
    axis.xaxis.set_major_locator(FixedLocator([-16, -12, -8, -4, 0]))
    axis.yaxis.set_major_locator(FixedLocator([-16, -12, -8, -4, 0]))
    for direction in (axis.xaxis, axis.yaxis):
        direction.set_major_formatter(power)
        direction.set_minor_locator(NullLocator())
    axis.set(xlim=(-16.6, 0.6), ylim=(-17.4, 2.4), xlabel="h", ylabel="relative error")
    axis.grid(True)


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


def _short(number: float) -> str:
    """0.1, 0.01, then 1e-03; errors with two digits."""
    text = f"{number:.2g}" if abs(number) >= 0.01 or number == 0 else f"{number:.1e}"
    return shown(number) if 0.01 <= abs(number) < 1000 else text.replace(".0e", "e")


def _digits(number: float, dtype: str, more: int = 0) -> str:
    """A number with 12 digits in float64, with 5 in float32, or more."""
    return f"{number:.{(12 if dtype == 'float64' else 5) + more}g}".replace("-", "−")

"""Figure of lesson 04: how wrong a difference quotient is, for every step h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnn_utils.functional import relu_forward
from cnn_utils.plots.board import shown
from cnn_utils.plots.picture import COLOURS, Picture, styled

from .axes import label_powers

DTYPES = ("float64", "float32")
METHODS = ("central", "one-sided")
EXPONENTS = range(17)  # h = 1, 0.1, … 1e-16
LEAST = 1e-17  # an error of exactly 0 is drawn here: a logarithmic axis has no 0


@dataclass(frozen=True)
class Example:
    """A function f, the x at which it is examined, and its derivatives f′, f″ and f‴ there.

    f takes an array and returns one of the same shape and dtype.
    """

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
    """Return a difference quotient of example.f at example.x, every step computed in dtype.

    h: the step; method: 'central', (f(x + h) - f(x - h)) / 2h, or 'one-sided',
    (f(x + h) - f(x)) / h. dtype: 'float64' or 'float32'. Returns the upper and the lower value of
    f, what their difference is divided by, and the quotient.
    """
    number = np.dtype(dtype).type
    x, h = number(example.x), number(h)
    upper = _at(example, x + h)
    lower, divisor = (_at(example, x - h), h + h) if method == "central" else (_at(example, x), h)
    return float(upper), float(lower), float(divisor), float((upper - lower) / divisor)


def relative_errors(example: Example, method: str, dtype: str) -> np.ndarray:
    """Return |quotient - slope| / |slope| for h = 1, 0.1, … 1e-16: float64 (17,).

    method, dtype: as in `difference`.
    """
    found = [difference(example, 10.0**-n, method, dtype)[3] for n in EXPONENTS]
    return np.abs(np.array(found) - example.slope) / abs(example.slope)


def _at(example: Example, x):
    """example.f of one number, as a number of the dtype of x."""
    return np.asarray(example.f(np.atleast_1d(x)))[0]


@styled
def error_curves(function: str = "x³ at 2") -> Picture:
    """Show the errors of both differences in both precisions side by side, for every h.

    function: a key of EXAMPLES.
    """
    example = EXAMPLES[function]
    best = {}
    picture = Picture("The error is a V: the formula on the right, rounding on the left", "", 3.7)
    for axis, dtype in zip(picture.subplots(1, 2, sharey=True), DTYPES, strict=True):
        error_axis(axis)
        for method, line in (("one-sided", "s--"), ("central", "o-")):
            errors = relative_errors(example, method, dtype)
            n = int(np.argmin(errors))
            best[dtype, method] = n, float(errors[n])
            colour = COLOURS["gradient"] if method == "central" else "#555555"
            heights = np.log10(np.maximum(errors, LEAST))
            axis.plot([-n for n in EXPONENTS], heights, line, color=colour, label=method, ms=4)
        n, least = best[dtype, "central"]
        axis.annotate(
            f"best: h = {short(10.0**-n)}",
            (-n, np.log10(max(least, LEAST))),
            (0, -24),
            textcoords="offset points",
            ha="center",
        )
        axis.set_title(f"{dtype}, {function}", loc="left")
        axis.legend(loc="lower left")
    picture.axes[1].set_ylabel("")
    told = "; ".join(
        f"{dtype}, {method}: smallest error {short(error)} at h = {short(10.0**-n)}"
        for (dtype, method), (n, error) in best.items()
    )
    picture.alt = f"Relative errors of difference quotients of {function} against h. {told}."
    return picture


def error_axis(axis) -> None:
    """Give axes the exponents of h from left to right, and those of the error upwards."""
    for direction in (axis.xaxis, axis.yaxis):
        label_powers(direction, [-16, -12, -8, -4, 0], short)
    axis.set(xlim=(-16.6, 0.6), ylim=(-17.4, 2.4), xlabel="h", ylabel="relative error")
    axis.grid(True)


def short(number: float) -> str:
    """Write a step or an error with two digits: 0.1, 0.01, then 1e-03."""
    text = f"{number:.2g}" if abs(number) >= 0.01 or number == 0 else f"{number:.1e}"
    return shown(number) if 0.01 <= abs(number) < 1000 else text.replace(".0e", "e")

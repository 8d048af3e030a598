"""Is a gradient right? Central differences, and the adjoint identity of linear layers.

Both checks feed a random upstream gradient: with ones, many wrong gradients look right. Both work
in float64: float32 has 7 digits, and a difference of two nearly equal losses keeps 2 of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def numerical_gradient(f: Callable, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Gradient of f at x by central differences: (f(x + h) - f(x - h)) / 2h, entry by entry.

    f: takes x, returns one number. x: float64 array of any shape. During the call f sees x itself
    with one entry changed, so f may also use x from outside (say, the weights of a layer); every
    entry gets its exact old value back, also when f raises.
    Returns an array of the shape of x. Its error is about h² for the formula (h for a one-sided
    difference) plus 1e-16 |f| / h for rounding; h = 1e-5 makes both about 1e-10.
    Around a kink (relu at 0, a tie in max-pooling) within h of x, the result is a mixture of the
    slopes on both sides and means nothing: check at another x.
    TypeError: x is not float64, f does not return one number. ValueError: f gives two different
    numbers for the same x.
    """
    _need_float64(x)
    before = _number(f(x))
    if _number(f(x)) != before and np.isfinite(before):
        raise ValueError(
            "f gave two different numbers for the same x, so differences of f mean nothing. Does "
            "it draw random numbers (a new dropout mask)? Make the generator anew inside f: "
            "np.random.default_rng(0). Does it change its arguments or keep a state?"
        )
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        gradient[index] = _slope(f, x, index, h, -h)
    return gradient


def relative_error(a, b) -> float:
    """How far two arrays are apart: max |a - b| / max(|a|, |b|), both maxima over all entries.

    a, b: same shape. Returns a float >= 0: 0 for equal arrays, about 1 for unrelated ones, 2 for
    opposite signs, infinity where an entry is not a number.
    The scale is the array's, not the entry's: an entry that should be 0 and is 1e-12 by rounding
    would have the relative error 1 by itself. ValueError: the shapes differ.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"only arrays of one shape can be compared, not {a.shape} and {b.shape}.")
    if a.size == 0 or np.array_equal(a, b):
        return 0.0
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return float("inf")
    return float(np.max(np.abs(a - b)) / max(np.max(np.abs(a)), np.max(np.abs(b))))


@dataclass(frozen=True)
class Row:
    """What a check found for one argument; `found` is yours, `expected` the check's number."""

    argument: str
    ok: bool
    error: float
    index: tuple[int, ...]
    found: float
    expected: float
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The result of a check: print it to read it, or ask for `ok`, `wrong` and `rows`.

    rows: one Row for each argument; notes: what is wrong besides the gradients.
    A report is true where everything is right, so `assert check_gradients(…)` works.
    """

    title: str
    headings: tuple[str, str]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is right."""
        return not self.wrong and not self.notes

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the wrong gradients, such as ('dw',)."""
        return tuple("d" + row.argument for row in self.rows if not row.ok)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        table = [("", "relative error", "", "worst entry", *self.headings)]
        for row in self.rows:
            verdict = "ok" if row.ok else "WRONG"
            place = str(list(row.index)) if row.index else ""
            numbers = (f"{row.found:.8g}", f"{row.expected:.8g}")
            table.append((f"d{row.argument}", f"{row.error:.1e}", verdict, place, *numbers))
        columns = [column for column in zip(*table, strict=True) if any(column[1:])]
        widths = [max(map(len, column)) for column in columns]
        lines = [f"{self.title}: {'passed' if self.ok else 'FAILED'}"]
        for cells in zip(*columns, strict=True):
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            lines.append(("  " + "  ".join(padded)).rstrip())
        lines += [f"  d{row.argument}: {row.note}" for row in self.rows if row.note]
        return "\n".join(lines + [f"  {note}" for note in self.notes])


def check_gradients(
    forward, backward, inputs: dict, *, upstream=None, h=1e-5, tolerance=1e-7, seed=0, **options
) -> Report:
    """Compare the gradients of a forward/backward pair with central differences.

    forward(**inputs, **options) returns (output, cache), or more after these two.
    backward(gradient of the output, cache) returns one gradient, or one for each of the inputs, in
    their order.
    inputs: the arguments that have a gradient, such as dict(x=x, w=w, b=b); the check works on
    float64 copies. options: the other arguments of forward, such as stride=2.
    upstream: gradient of the output (random with this seed if not given). h: as in
    numerical_gradient. tolerance: a larger relative_error is wrong. A right gradient has 1e-9 or
    less; 1e-4 and more is a mistake in the formula; in between, look for a kink.
    Also reported: arguments that forward or backward overwrite.
    Example: check_gradients(conv2d_forward, conv2d_backward, dict(x=x, w=w, b=b), stride=2)
    """
    arrays = _copies(inputs)
    z, dz, gradients, notes = _run(forward, backward, arrays, options, upstream, seed)
    if z.dtype != np.float64:
        raise TypeError(
            f"forward returned {z.dtype} for float64 inputs; gradients can only be checked in "
            "float64. Does it convert its arguments, or make its result without their dtype?"
        )

    def loss(_):
        return np.sum(forward(**_copies(arrays), **options)[0] * dz)

    rows = []
    for (name, array), gradient in zip(arrays.items(), gradients, strict=True):
        expected = numerical_gradient(loss, array, h)
        rows.append(_compare(name, gradient, expected, tolerance, loss, array, h))
    title = f"gradient check (h {h:.0e}, tolerance {tolerance:.0e})"
    return Report(title, ("yours", "numerical"), tuple(rows), notes)


def adjoint_check(
    forward, backward, inputs: dict, *, upstream=None, tolerance=1e-10, seed=0, **options
) -> Report:
    """Check the backward pass of a linear layer without any differences.

    Where z - b is linear in x and in w, the chain rule demands <z - b, dz> = <x, dx> = <w, dw>, and
    for the bias <b's part of z, dz> = <b, db>; <·,·> is the sum of all products. Each equation
    tells about one gradient, so the report names the wrong one. The forward pass is trusted.
    forward, backward, inputs, upstream, seed, options: as in check_gradients. The argument called
    b is the bias; without one, there is only <z, dz> = <x, dx>. Holds for convolution, dense layer,
    average-pooling, flattening, and also for max-pooling, relu and dropout with a fixed mask,
    which are linear as long as no winner, sign or mask changes.
    tolerance: for the difference, relative to the sum of the absolute products.
    ValueError: doubling an argument does not double z - b, so the layer is not linear.
    """
    arrays = _copies(inputs)
    z, dz, gradients, notes = _run(forward, backward, arrays, options, upstream, seed)
    without_bias = {k: np.zeros_like(v) if k == "b" else v for k, v in arrays.items()}
    linear = forward(**_copies(without_bias), **options)[0]
    for name in arrays:
        doubled = forward(**_copies({**without_bias, name: 2 * without_bias[name]}), **options)[0]
        if name != "b" and relative_error(doubled, 2 * linear) > 1e-10:
            raise ValueError(
                f"doubling {name} does not double the output, so this layer is not linear in "
                f"{name} and the identity does not hold; use check_gradients."
            )

    rows = []
    for (name, array), gradient in zip(arrays.items(), gradients, strict=True):
        part = z - linear if name == "b" else linear
        expected = float(np.sum(part * dz))
        note = _structure(gradient, array)
        if note:
            rows.append(Row(name, False, float("inf"), (), float("nan"), expected, note))
            continue
        found = float(np.sum(array * gradient))
        scale = max(np.sum(np.abs(part * dz)), np.sum(np.abs(array * gradient)), 1e-300)
        error = abs(found - expected) / scale
        rows.append(Row(name, bool(error <= tolerance), float(error), (), found, expected))
    headings = ("<argument, gradient>", "<output, upstream>")
    return Report("adjoint identity", headings, tuple(rows), notes)


def _slope(f: Callable, x: np.ndarray, index, right: float, left: float) -> float:
    """(f(x + right) - f(x + left)) / (right - left) in one entry of x, which is restored."""
    old = x[index]
    try:
        x[index] = old + right
        upper = _number(f(x))
        x[index] = old + left
        lower = _number(f(x))
    finally:
        x[index] = old
    return (upper - lower) / (right - left)


def _need_float64(x) -> None:
    if isinstance(x, np.ndarray) and x.dtype == np.float64:
        return
    kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
    reason = "x is changed in place, so it must be an array"
    if isinstance(x, np.ndarray):
        reason = "whole numbers cannot be changed by 0.00001"
        if x.dtype.kind == "f":
            reason = (
                f"with {x.dtype}, rounding makes the loss wrong by about "
                f"{np.finfo(x.dtype).eps:.0e}, and dividing that by 2h = 2e-05 makes the gradient "
                "wrong in its second digit"
            )
    raise TypeError(f"x must be a float64 array, not {kind}: {reason}. Try x.astype(np.float64).")


def _number(value) -> float:
    if np.ndim(value) != 0:
        raise TypeError(
            f"f must return one number, not an array of shape {np.shape(value)}; "
            "sum it up, best after multiplying it with a random array of its shape."
        )
    return float(value)


def _copies(inputs: dict) -> dict[str, np.ndarray]:
    return {name: np.array(value, np.float64) for name, value in inputs.items()}


def _upstream(upstream, shape, seed: int) -> np.ndarray:
    if upstream is None:
        # Not default_rng(seed): whoever drew x from that would get x again as the upstream, and
        # then relu, say, would pass with the gate of the wrong array.
        return np.random.default_rng([seed, 1986]).normal(size=shape)
    upstream = np.array(upstream, np.float64)
    if upstream.shape != shape:
        raise ValueError(f"upstream must have the shape of the output, {shape}: {upstream.shape}.")
    return upstream


def _run(forward, backward, arrays, options, upstream, seed):
    """Output, upstream, gradients, and notes about what forward and backward overwrote."""
    given = _copies(arrays)
    z, cache, *_ = forward(**given, **options)
    z = np.array(z)
    notes = _overwritten("forward", arrays, given)
    dz = _upstream(upstream, z.shape, seed)
    gradients = backward(given_dz := dz.copy(), cache)
    gradients = gradients if isinstance(gradients, tuple | list) else (gradients,)
    if not notes:
        notes = _overwritten("backward", arrays | {"dz": dz}, given | {"dz": given_dz})
    if len(gradients) != len(arrays):
        raise ValueError(
            f"backward returned {len(gradients)} gradients for the {len(arrays)} inputs "
            f"{', '.join(arrays)}; it must return one for each, in this order."
        )
    return z, dz, tuple(gradients), notes


def _overwritten(function: str, before: dict, after: dict) -> tuple[str, ...]:
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    return tuple(
        f"{function} changed its argument {name}; work on a copy instead" for name in changed
    )


def _structure(gradient, array) -> str:
    """What is wrong with a gradient before its numbers are looked at."""
    if gradient is None:
        return "there is no gradient (None)"
    gradient = np.asarray(gradient)
    if gradient.shape != array.shape:
        return f"its shape is {gradient.shape}, but it belongs to an argument of {array.shape}"
    if not np.all(np.isfinite(gradient)):
        return "it has entries that are infinite or not a number"
    return ""


def _compare(name, gradient, expected, tolerance, loss, array, h) -> Row:
    """One row of the report; where the numbers disagree, look whether there is a kink."""
    note = _structure(gradient, array)
    if note:
        return Row(name, False, float("inf"), (), float("nan"), float("nan"), note)
    if array.size == 0:
        return Row(name, True, 0.0, (), float("nan"), float("nan"))
    gradient = np.asarray(gradient)
    worst = tuple(map(int, np.unravel_index(np.argmax(np.abs(gradient - expected)), array.shape)))
    error = relative_error(gradient, expected)
    if not error <= tolerance:
        right, left = _slope(loss, array, worst, h, 0), _slope(loss, array, worst, 0, -h)
        if abs(right - left) > 1e-3 * max(abs(right), abs(left)):
            note = (
                f"at the worst entry the slope is {left:.4g} to the left and {right:.4g} to the "
                "right: this may be a kink and no mistake; check at other inputs"
            )
    found, wanted = float(gradient[worst]), float(expected[worst])
    return Row(name, bool(error <= tolerance), error, worst, found, wanted, note)

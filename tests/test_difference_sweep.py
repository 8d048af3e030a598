"""The h-sweep shows the numbers it should, for every state."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from helpers import cpu_seconds

from cnn_course.explorers import difference_sweep
from cnn_course.explorers.difference_sweep import difference_picture
from cnn_course.figures.differences import (
    DTYPES,
    EXAMPLES,
    EXPONENTS,
    METHODS,
    difference,
    error_curves,
    relative_errors,
)


def texts(picture) -> str:
    return " ".join(text.get_text() for axis in picture.axes for text in axis.texts)


def test_starts_on_the_worked_example():
    explorer = difference_sweep()
    assert explorer.state == {
        "exponent": 0,
        "function": "x³ at 2",
        "method": "central",
        "dtype": "float64",
    }
    assert "(27 − 1) / 2 = 13. The true slope is 12" in explorer.view.alt
    explorer.set(method="one-sided")
    assert "(27 − 8) / 1 = 19. The true slope is 12" in explorer.view.alt
    assert "h/2 · f″" in explorer.view.alt


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_the_errors_of_a_cube_are_the_ones_of_the_formula(n):
    """((2 + h)³ − 8)/h = 12 + 6h + h² and ((2 + h)³ − (2 − h)³)/2h = 12 + h², exactly."""
    cube, h = EXAMPLES["x³ at 2"], Fraction(1, 10**n)
    central, one_sided = (
        relative_errors(cube, method, "float64")[n] for method in ("central", "one-sided")
    )
    assert central == pytest.approx(float(h * h / 12), rel=1e-4)
    assert one_sided == pytest.approx(float((6 * h + h * h) / 12), rel=1e-4)


def test_float32_means_float32():
    h, cube = np.float32(1e-3), EXAMPLES["x³ at 2"]
    up, down = np.float32(2) + h, np.float32(2) - h
    upper, lower, divisor, found = difference(cube, 1e-3, "central", "float32")
    assert (upper, lower) == (up * up * up, down * down * down)
    assert found == (up * up * up - down * down * down) / (h + h)
    assert divisor == h + h
    assert relative_errors(cube, "central", "float32").min() > 1e-6


def test_every_curve_is_a_v():
    """Large steps and small ones are bad; float64 is better than float32, central than not."""
    best = {}
    for name, method, dtype in itertools.product(list(EXAMPLES)[:4], METHODS, DTYPES):
        errors = relative_errors(EXAMPLES[name], method, dtype)
        n = int(np.argmin(errors))
        assert errors[n] < 1e-2 * errors[0] and errors[n] < 1e-2 * errors[16]
        best[name, method, dtype] = errors[n]
    for name in list(EXAMPLES)[:4]:
        assert best[name, "central", "float64"] < 0.1 * best[name, "one-sided", "float64"]
        assert best[name, "central", "float64"] < 1e-3 * best[name, "central", "float32"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_slopes_are_right(name):
    example = EXAMPLES[name]
    assert relative_errors(example, "central", "float64")[5] < 1e-9
    if example.kink is None:  # the derivatives that explain the errors, by second differences
        h, x = 1e-2, np.array([example.x], np.float64)
        f = {k: float(example.f(x + k * h)[0]) for k in (-2, -1, 0, 1, 2)}
        assert (f[1] - 2 * f[0] + f[-1]) / h**2 == pytest.approx(example.second, rel=1e-3)
        third = (f[2] - 2 * f[1] + 2 * f[-1] - f[-2]) / (2 * h**3)
        assert third == pytest.approx(example.third, rel=1e-3)


def test_the_cause_is_named():
    def alt(n, name="x³ at 2", method="central", dtype="float64"):
        return difference_picture(name, n, method, dtype).alt

    assert "the formula's own, about h²/6 · f‴" in alt(1)
    assert "no other h of this slider does better" in alt(5)
    assert "rounding, divided by h" in alt(9)
    assert "h is lost in rounding" in alt(16)
    assert "h is lost in rounding" in alt(9, dtype="float32")
    assert "the kink at 0 lies between" in alt(1, "relu(x) at 0.001")
    assert "kink" not in alt(4, "relu(x) at 0.001")
    assert "kink" not in alt(1, "relu(x) at 0.001", "one-sided")


def test_every_state_gives_a_picture():
    for state in itertools.product(EXAMPLES, EXPONENTS, METHODS, DTYPES):
        error = relative_errors(EXAMPLES[state[0]], state[2], state[3])[state[1]]
        assert 0 <= error < 100
    kinds = [("central", "float64"), ("one-sided", "float32")]
    for name, n, kind in itertools.product(EXAMPLES, (0, 4, 16), kinds):
        state = (name, n, *kind)
        picture = difference_picture(*state)
        assert picture.alt.startswith(f"{state[0]}, {state[3]}, {state[2]} difference")
        assert "nan" not in picture.alt and "inf" not in picture.alt
        low, high = picture.axes[0].get_ylim()
        assert math.isfinite(low) and low < high
        diamond = picture.axes[1].lines[-1]
        error = relative_errors(EXAMPLES[state[0]], state[2], state[3])[state[1]]
        assert diamond.get_xdata()[0] == -state[1]
        assert diamond.get_ydata()[0] == pytest.approx(math.log10(max(error, 1e-17)))
        bottom, top = picture.axes[1].get_ylim()
        assert bottom < diamond.get_ydata()[0] < top


def test_the_secant_goes_through_both_places():
    picture = difference_picture("x³ at 2", 0, "central", "float64")
    secant = next(line for line in picture.axes[0].lines if line.get_label() == "secant")
    at = dict(zip(np.round(secant.get_xdata(), 6), secant.get_ydata(), strict=True))
    assert at[1.0] == pytest.approx(27 - 8) and at[-1.0] == pytest.approx(1 - 8)


def test_the_static_figure_names_the_best_steps():
    picture = error_curves()
    assert "float64, central: smallest error 1.8e-11 at h = 1e-05" in picture.alt
    assert "float32, central: smallest error 7e-06 at h = 0.01" in picture.alt
    assert "best: h = 1e-05" in texts(picture) and "best: h = 0.01" in texts(picture)


def test_a_step_of_the_slider_changes_the_sentence_quickly():
    explorer = difference_sweep()
    before = explorer.view.alt
    for n in (1, 2, 3, 5, 8, 13, 16):
        explorer.controls["exponent"].value = n
        assert explorer.view.alt != before
        before = explorer.view.alt
    assert cpu_seconds(explorer.set) < 0.2

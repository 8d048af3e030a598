"""The optimizer explorer shows where each optimiser really goes, for every state."""

import itertools
import math

import numpy as np
import pytest
from helpers import cpu_seconds

from cnn_course.explorers import optimizer_explorer
from cnn_course.explorers.optimizer_explorer import RATES, optimizer_picture, optimizers
from cnn_course.figures.descent import (
    LINES,
    REACH,
    VALLEYS,
    optimizer_path,
    rate_curves,
    schedule_curves,
)
from cnn_utils.gradcheck import numerical_gradient, relative_error
from cnn_utils.optim import cosine

NAMES = ("sgd", "momentum", "nesterov", "rmsprop", "adam")


def only(*names, **state):
    return optimizer_picture(**{name: name in names for name in NAMES}, **state)


def lines(picture):
    """The paths in the picture, by name: arrays (steps + 1, 2)."""
    place = picture.axes[0]
    return {
        line.get_label(): line.get_xydata() for line in place.lines if line.get_label() in LINES
    }


def by_hand(name, rate, mu, steps, w, gradient):
    """The update rules again, one number at a time, independently of cnn_utils.optim."""
    w, m, v = list(map(float, w)), [0.0, 0.0], [0.0, 0.0]
    places = [tuple(w)]
    for t in range(1, steps + 1):
        g = gradient(*w)
        for i in range(2):
            if name == "SGD":
                move = g[i]
            elif name in ("Momentum", "Nesterov"):
                m[i] = mu * m[i] + g[i]
                move = m[i] if name == "Momentum" else g[i] + mu * m[i]
            elif name == "RMSProp":
                v[i] = 0.9 * v[i] + 0.1 * g[i] ** 2
                move = g[i] / (math.sqrt(v[i]) + 1e-8)
            else:
                m[i] = mu * m[i] + (1 - mu) * g[i]
                v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2
                m_hat, v_hat = m[i] / (1 - mu**t), v[i] / (1 - 0.999**t)
                move = m_hat / (math.sqrt(v_hat) + 1e-8)
            w[i] -= rate * move
        places.append(tuple(w))
    return np.array(places)


def test_starts_on_the_worked_example():
    explorer = optimizer_explorer()
    state = explorer.state
    assert (state["rate"], state["mu"], state["steps"]) == (0.02, 0.9, 40)
    assert (state["w0"], state["w1"], state["valley"]) == (2, 1, "long valley")
    assert [name for name in NAMES if state[name]] == ["sgd", "momentum"]
    w0 = 2 * 0.98**40  # w[1] is 1, −1, 1 …
    assert f"SGD ends at ({w0:.3f}, 1) with loss {w0**2 / 2 + 50:.1f}." in explorer.view.alt
    paths = lines(explorer.picture)
    assert np.allclose(paths["SGD"][:3], [(2, 1), (1.96, -1), (1.9208, 1)])
    assert np.allclose(paths["Momentum"][:3], [(2, 1), (1.96, -1), (1.8848, -0.8)])


@pytest.mark.parametrize("valley", VALLEYS.values(), ids=VALLEYS)
def test_the_gradients_are_those_of_the_losses(valley):
    for w in ((2, 1), (-0.3, 0.7), (0.9, -1.4), valley.start):
        w = np.array(w, dtype=float)
        numerical = numerical_gradient(lambda w, loss=valley.loss: loss(*w), w)
        assert relative_error(np.array(valley.gradient(*w), dtype=float), numerical) < 1e-7
    for w in valley.minima:
        assert np.allclose(valley.gradient(*w), 0) and valley.loss(*w) == valley.lowest


@pytest.mark.parametrize("name", optimizers(0.1, 0.9))
@pytest.mark.parametrize(
    ("valley", "rate", "mu"), [("long valley", 0.012, 0.8), ("saddle", 0.02, 0)]
)
def test_paths_are_those_of_the_update_rules(name, valley, rate, mu):
    picture = only(*NAMES, rate=rate, mu=mu, steps=7, w0=-1.5, w1=0.4, valley=valley)
    wanted = by_hand(name, rate, mu, 7, (-1.5, 0.4), VALLEYS[valley].gradient)
    assert np.allclose(lines(picture)[name], wanted, atol=1e-9)
    x, y = (f"{w:.3g}".replace("-", "−") for w in wanted[-1])
    loss = f"{VALLEYS[valley].loss(*wanted[-1]):.3g}".replace("-", "−")
    assert f"{name} ends at ({x}, {y}) with loss {loss}." in picture.alt


def test_the_stability_limits_of_a_quadratic():
    """2/λ for SGD, 2(1 + μ)/λ with momentum, 2(1 + μ)/((1 + 2μ)λ) with Nesterov's; λ = 100."""
    mu = 0.9
    limits = {"SGD": 0.02, "Momentum": 0.02 * 1.9, "Nesterov": 0.02 * 1.9 / 2.8}
    for name, limit in limits.items():
        for factor in (0.97, 1.03):
            optimizer = optimizers(factor * limit, mu)[name]
            path = optimizer_path(VALLEYS["long valley"], optimizer, 3000)
            assert path.diverged == (factor > 1)


def test_divergence_is_told_and_stops_the_path():
    picture = only("sgd", "adam", rate=0.1, steps=200)
    losses = [0.5 * ((2 * 0.9**t) ** 2 + 100 * 9 ** (2 * t)) for t in range(9)]  # 1 − 10 = −9
    steps = next(t for t, loss in enumerate(losses) if loss > 1e6)
    assert f"SGD diverged: its loss is above a million after {steps} steps." in picture.alt
    assert len(lines(picture)["SGD"]) == steps + 1
    assert "Adam ends at" in picture.alt and "1 diverged" in picture.get_suptitle()
    assert "every path diverges" in only("sgd", rate=1.0).get_suptitle()


def test_the_title_names_the_lowest():
    picture = only("sgd", "nesterov", rate=0.01, steps=100)
    ends = {name: VALLEYS["long valley"].loss(*path[-1]) for name, path in lines(picture).items()}
    assert ends["Nesterov"] < ends["SGD"]
    assert picture.get_suptitle().startswith("Nesterov is lowest")
    assert only().get_suptitle() == "Choose an optimiser"
    assert "No optimiser is chosen." in only().alt


def test_losses_are_drawn_above_the_minimum():
    picture = only("sgd", rate=0.01, steps=5)
    shown = picture.axes[1].lines[0].get_ydata()
    path = lines(picture)["SGD"]
    assert np.allclose(10**shown, VALLEYS["long valley"].loss(*path.T))
    saddle = only("sgd", rate=0.02, steps=5, valley="saddle")
    assert saddle.axes[1].get_title(loc="left") == "loss + 2.5"


def test_on_the_ridge_of_the_saddle_nothing_pushes_sideways():
    for state in ({"rate": 0.02}, {"rate": 0.1}):
        picture = only(*NAMES, steps=200, w1=0.0, valley="saddle", **state)
        for path in lines(picture).values():
            assert np.all(path[:, 1] == 0)


def test_a_click_moves_the_start():
    explorer = optimizer_explorer()
    box = explorer.picture.axes[0].get_position()
    for wanted in ((-1.5, 0.5), (0, 0), (2.45, -1.45)):
        right, up = ((w / reach + 1) / 2 for w, reach in zip(wanted, REACH, strict=True))
        click = [box.x0 + right * box.width, 1 - box.y0 - up * box.height, 1]
        explorer.view.clicked = click
        assert (explorer.state["w0"], explorer.state["w1"]) == wanted
    before = explorer.state
    explorer.view.clicked = [0.9, 0.5, 2]  # in the curve of the losses
    explorer.view.clicked = [0.01, 0.01, 3]
    assert explorer.state == before
    assert "start (2.45, −1.45)" in explorer.view.alt


def test_a_valley_begins_at_its_own_start():
    explorer = optimizer_explorer()
    for name, valley in reversed(VALLEYS.items()):
        explorer.controls["valley"].value = name
        assert (explorer.state["w0"], explorer.state["w1"]) == valley.start
        assert np.array_equal(lines(explorer.picture)["SGD"][0], valley.start)


def test_styles_differ_in_more_than_colour():
    looks = {(str(how["ls"]), how["marker"]) for how in LINES.values()}
    assert len(looks) == len(LINES) == len({how["color"] for how in LINES.values()})
    assert len({how["marker"] for how in LINES.values()}) == len(LINES)


def test_every_state_gives_a_picture():
    rates, starts = (RATES[0], 0.02, RATES[-1]), ((0, 0), (2.5, 1.5), (-2.5, -1.5))
    for valley, rate, mu, start in itertools.product(VALLEYS, rates, (0.0, 0.99), starts):
        w0, w1 = start
        picture = only(*NAMES, valley=valley, rate=rate, mu=mu, w0=w0, w1=w1, steps=60)
        assert "nan" not in picture.alt and "inf" not in picture.alt
        for name in LINES:
            assert f"{name} ends at" in picture.alt or f"{name} diverged" in picture.alt
        for axis in picture.axes:
            for line in axis.lines:
                assert np.all(np.isfinite(line.get_xydata()))
    assert only(*NAMES, rate=1.0, mu=0.99, steps=200).png(small=False).startswith(b"\x89PNG")


def test_rate_curves_shows_means_ranges_and_the_best():
    losses = {
        "SGD": {0.01: [2.0, 1.0], 0.1: [0.5, 0.7], 1.0: [np.nan, 0.2]},
        "Adam": {0.01: [0.4, 0.8]},
    }
    axis = rate_curves("title", "alt", losses).axes[0]
    curves = [box.lines[0] for box in axis.containers]
    assert np.allclose(curves[0].get_xydata(), [(0.01, 1.5), (0.1, 0.6)], rtol=0.03)
    assert np.allclose(curves[1].get_xydata(), [(0.01, 0.6)], rtol=0.03)
    assert curves[0].get_xdata()[0] < curves[1].get_xdata()[0]
    marked = [line.get_xydata()[0] for line in axis.lines if line.get_markersize() == 11]
    assert np.allclose(marked, [(0.1, 0.6), (0.01, 0.6)], rtol=0.03)


def test_schedule_curves_draws_both_sides_in_one_style():
    schedules = {"constant": lambda done: 1.0, "cosine": cosine()}
    errors = {"a": np.array([1.0, 0.5]), "b": np.array([1.0, 0.25]), "c": np.array([2.0, 0.1])}
    picture = schedule_curves(schedules, errors)
    left, right = picture.axes
    assert np.allclose(left.lines[1].get_ydata()[[0, 200, 400]], [1, 0.5, 0])
    assert [line.get_ydata()[-1] for line in right.lines] == [0.5, 0.25, 0.1]
    for factor, error in zip(left.lines, right.lines, strict=False):
        assert factor.get_color() == error.get_color()
        assert factor.get_linestyle() == error.get_linestyle()
    assert "a: 0.500; b: 0.250; c: 0.100" in picture.alt


def test_a_slider_changes_the_sentence_quickly():
    """Measured: 0.08 s in the starting state, 0.10 s with five paths of 200 steps."""
    explorer = optimizer_explorer()
    first = next(c for c in explorer.controls.values() if hasattr(c, "index") and c.index)
    before = explorer.view.alt
    for index in range(first.index + 1, first.index + 8):
        first.index = index
        assert explorer.view.alt != before
        before = explorer.view.alt
    assert cpu_seconds(explorer.set) < 0.2
    largest = dict.fromkeys(NAMES, True) | {"steps": 200, "rate": 0.01}
    assert cpu_seconds(lambda: optimizer_picture(**largest).png(small=False)) < 0.2

"""The graph stepper shows right values, right gradients, and each at its step."""

import itertools

import pytest
from explorers import click
from helpers import cpu_seconds

from cnn_course.explorers import graph_stepper
from cnn_course.explorers.graph_stepper import (
    ACTIVATIONS,
    EXAMPLE,
    FORWARD,
    LAST,
    PLACES,
    STEPS,
    graph_picture,
    run_graph,
)


def loss(activation, x1, w1, x2, w2, b, y):
    """The graph's L, once more and without the package."""
    z = x1 * w1 + x2 * w2 + b
    a = {"relu": max(z, 0), "square": z * z, "sigmoid": 1 / (1 + 2.718281828459045**-z)}[activation]
    return (a - y) ** 2


def filled(picture) -> list[str]:
    """The numbers in the cells, without labels and notes."""
    centred = (text for text in picture.axis.texts if text.get_ha() == "center")
    return [text.get_text() for text in centred if text.get_text()]


def test_starts_on_the_number_that_is_used_twice():
    explorer = graph_stepper()
    assert explorer.state == {"step": FORWARD + 2, "activation": "relu", **EXAMPLE}
    assert "de = (−5) + (−5) = −10" in explorer.view.alt
    explorer.set(step=FORWARD)
    wanted = ["2", "3", "−1", "4", "6", "−4", "1", "3", "3", "8", "−5", "25"]
    assert filled(explorer.picture) == wanted
    assert "L = e · e = (−5) · (−5) = 25" in explorer.view.alt


def test_worked_example():
    graph = run_graph()
    assert graph.value == dict(EXAMPLE, p1=6, p2=-4, z=3, a=3, e=-5, L=25)
    assert graph.gradient == dict(
        L=1, e=-10, a=-10, y=10, z=-10, p1=-10, p2=-10, b=-10, w1=-20, x1=-30, w2=10, x2=-40
    )
    numbers = filled(graph_picture(LAST))
    pairs = dict(zip(PLACES, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
    assert (
        pairs["x1"] == ("2", "−30") and pairs["w2"] == ("4", "10") and pairs["e"] == ("−5", "−10")
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("inputs", [EXAMPLE, dict(x1=-1, w1=2, x2=3, w2=1, b=-4, y=2)])
def test_gradients_agree_with_differences(activation, inputs):
    graph, h = run_graph(activation, **inputs), 1e-6
    for name in inputs:
        up, down = ({**inputs, name: inputs[name] + step} for step in (h, -h))
        slope = (loss(activation, **up) - loss(activation, **down)) / (2 * h)
        assert graph.gradient[name] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_everything_appears_once_and_stays():
    before: set = set()
    for step in range(LAST + 1):
        cells = len(filled(graph_picture(step)))
        shares = 2 if step == FORWARD + 2 else 0  # what comes back on e's two ways
        forward = STEPS[: min(step, FORWARD) + 1]
        back = STEPS[FORWARD + 1 : step + 1]
        assert cells - shares == len(EXAMPLE) + sum(map(len, forward)) + sum(map(len, back))
        alt = graph_picture(step).alt
        assert alt.startswith(f"Step {step} of {LAST}") and alt not in before
        before.add(alt)
    assert len(filled(graph_picture(LAST))) == 2 * len(PLACES)


def test_sentences_say_the_numbers():
    assert "z = p₁ + p₂ + b = 6 + (−4) + 1 = 3." in graph_picture(3).alt
    assert "de = (−5) + (−5) = −10" in graph_picture(8).alt
    assert "the gate is open. dz = da · slope = (−10) · 1 = −10" in graph_picture(10).alt
    closed = graph_picture(10, b=-2)  # z = 0: the kink, where the course's relu sends nothing back
    assert "the gate is closed. dz = da · slope = (−16) · 0 = 0" in closed.alt
    assert "dw₂ = dp₂ · x₂ = (−10) · (−1) = 10; dx₂ = dp₂ · w₂ = (−10) · 4 = −40" in (
        graph_picture(13).alt
    )
    assert "the slope of z·z is 2z. dz = da · slope = 2 · 2 · 3 = 12" in (
        graph_picture(10, "square").alt
    )
    assert "dz = da · slope = (−14.1) · 0.953 · 0.0474 = −0.637" in (
        graph_picture(10, "sigmoid").alt
    )


def test_a_click_goes_to_the_step_of_the_cell():
    explorer = graph_stepper()
    for name, step in {"z": 3, "L": 6, "x1": 0, "dL": 7, "de": 8, "db": 11, "dx2": 13}.items():
        click(explorer, name, (0, 0))
        assert explorer.state["step"] == step, name


def test_extreme_states():
    for activation, x, w, y in itertools.product(ACTIVATIONS, (-4, 4), (-4, 4), (0, 10)):
        state = dict(x1=x, x2=x, w1=w, w2=w, b=x, y=y)
        told = " ".join(run_graph(activation, **state).rules)
        assert "nan" not in told and "inf" not in told
    for activation in ACTIVATIONS:
        numbers = filled(graph_picture(LAST, activation, x1=-4, x2=-4, w1=4, w2=4, b=-4, y=10))
        assert len(numbers) == 2 * len(PLACES)


def test_a_step_of_the_slider_changes_the_sentence_quickly():
    explorer = graph_stepper()
    before = explorer.view.alt
    for step in (9, 10, 11, 12, 13, 0, 6):
        explorer.controls["step"].value = step
        assert explorer.view.alt != before
        before = explorer.view.alt
    assert cpu_seconds(explorer.set) < 0.2

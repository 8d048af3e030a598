"""The broadcast stepper against NumPy: which shapes fit, what is stretched, what every sum is."""

import itertools
import re

import matplotlib
import numpy as np
import pytest
from explorers import click
from helpers import cpu_seconds
from matplotlib.collections import LineCollection

from cnn_course import explorers
from cnn_course.explorers.broadcast_stepper import EXAMPLES, Pair, broadcast_picture, parse_shape

SHAPES = [shape for axes in range(3) for shape in itertools.product((1, 2, 3), repeat=axes)]
SHAPES += [(2, 3, 4), (2, 1, 1), (1, 3, 1), (4, 2, 3), (1, 1, 4)]


def texts(picture):
    found = [text.get_text() for text in picture.findobj(matplotlib.text.Text)]
    return [text for text in found if text.strip()]


def joined(a, b):
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def numbers(a, b):
    """The arrays of the picture, made another way than there."""
    x = np.array([10 * n for n in range(1, int(np.prod(a)) + 1)]).reshape(a)
    return x, np.array(range(1, int(np.prod(b)) + 1)).reshape(b)


def test_the_verdict_is_numpys_for_every_pair_of_shapes():
    for a, b in itertools.product(SHAPES, repeat=2):
        pair, shape = Pair(a, b), joined(a, b)
        if shape is None:
            assert pair.last < 3 + pair.axes
            assert not pair.fits(pair.compared(pair.last)[0])
        else:
            assert pair.last == 3 + pair.axes and pair.larger == shape
            assert pair.now(pair.last) == [shape, shape]


@pytest.mark.parametrize(
    "a, b",
    [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 3), (2,)), ((2, 3), (3, 2)), ((1, 3), (2, 1))]
    + [((3,), (2, 1, 3)), ((2, 1, 2), (3, 1)), ((2, 2, 3), (2, 1, 1)), ((2, 2, 2), (3, 2, 1))],
)
def test_the_last_picture_shows_the_verdict_and_every_sum(a, b):
    picture = broadcast_picture(str(a), str(b), step=99)
    shown, shape = texts(picture), joined(a, b)
    if shape is None:
        assert "could not be broadcast" in picture.alt and "no result" in shown
        assert f"{a} {b}".replace(", ", ",") in picture.alt
    else:
        assert picture.alt.startswith(f"a + b has shape {shape}.")
        assert ("both were stretched" in picture.alt) == (shape not in (a, b))
        x, y = numbers(a, b)
        assert {str(n) for n in np.ravel(x + y)} <= set(shown)


def test_a_failure_is_found_at_the_first_axis_from_the_right_that_does_not_fit():
    picture = broadcast_picture("(2, 1, 2)", "(3, 2, 2)", step=9)
    assert "Axis 0: a has 2, b has 3." in picture.alt and "2 ≠ 3" in texts(picture)
    picture = broadcast_picture("(2, 2, 3)", "(2,)", step=9)
    assert "Axis 2: a has 3, b has 2." in picture.alt
    assert picture._suptitle.get_text() == "Step 3 of 3 · axis 2: 3 against 2 fails"


def test_the_example_of_the_lesson_step_by_step():
    said = [broadcast_picture(step=step).alt for step in range(6)]
    assert said[0].startswith("a has shape (3, 1), b has shape (3,).")
    assert "The end of (3, 1) stands over the end of (3,)" in said[1]
    assert "(3,) counts as (1, 3)" in said[2]
    assert said[3].startswith("Axis 1: a has 1, b has 3. The 1 of a is stretched")
    assert said[4].startswith("Axis 0: a has 3, b has 1. The 1 of b is stretched")
    assert "both were stretched. (a + b)[0, 0] = a[0, 0] + b[0] = 10 + 1 = 11." in said[5]
    shown = texts(broadcast_picture(step=5))
    assert [t for t in shown if t in {"11", "12", "13", "21", "22", "23", "31", "32", "33"}] == [
        *["11", "12", "13", "21", "22", "23", "31", "32", "33"]
    ]
    assert shown.count("20") == 3 and shown.count("2") == 3  # the originals and their copies


def test_copies_are_hatched_and_originals_are_not():
    def hatched(**state):
        board = broadcast_picture(**state)
        lines = [c for c in board.axis.collections if isinstance(c, LineCollection)]
        return sum(len(c.get_segments()) for c in lines) // 3  # strokes in a cell

    assert hatched(step=1) == 0
    assert hatched(step=2) == 1  # the 1 in the padded shape
    assert hatched(step=3) == 1 + 6  # two copies of each of the three numbers of a
    assert hatched(step=5) == 1 + 6 + 6
    assert hatched(a="(2, 2, 3)", b="(2, 1, 1)", step=6) == 12 - 2


def test_every_number_of_a_result_is_explained_and_can_be_clicked():
    a, b = (2, 2, 3), (2, 1)
    x, y = numbers(a, b)
    explorer = explorers.broadcast_stepper()
    explorer.set(a=str(a), b=str(b))
    explorer.set(step=explorer.controls["step"].max)
    for cell, place in enumerate(np.ndindex(a)):
        click(explorer, f"a + b {place[0]}", place[1:])
        assert explorer.state["cell"] == cell
        assert explorer.picture.alt.endswith(
            f" (a + b){list(place)} = a{list(place)} + b[{place[1]}, 0] = "
            f"{x[place]} + {y[place[1], 0]} = {(x + y)[place]}."
        )


def test_a_click_before_the_result_or_on_a_shape_changes_nothing():
    explorer = explorers.broadcast_stepper()
    for step, grid in ((0, "a 0"), (0, "shape a"), (5, "shape b")):
        explorer.set(step=step)
        before = explorer.state
        click(explorer, grid, (0, 0))
        assert explorer.state == before


def test_the_explorer_starts_on_the_column_and_the_list_and_steps_on():
    explorer = explorers.broadcast_stepper()
    assert explorer.state == {"a": "(3, 1)", "b": "(3,)", "step": 0, "cell": 0}
    step, cell = explorer.controls["step"], explorer.controls["cell"]
    assert step.max == 5 and cell.disabled
    seen = {explorer.view.alt}
    for _ in range(step.max):
        step.value += 1
        seen.add(explorer.view.alt)
    assert len(seen) == 6 and not cell.disabled and cell.max == 8
    cell.value = 8
    assert "= 30 + 3 = 33." in explorer.view.alt


def test_an_example_sets_both_shapes_and_own_shapes_are_no_example():
    explorer = explorers.broadcast_stepper()
    example = explorer.children[0].children[0]
    explorer.set(step=5, cell=8)
    for a, b in list(EXAMPLES.values())[1::3]:
        example.value = (a, b)
        assert explorer.state == {"a": a, "b": b, "step": 0, "cell": 0}
        assert f"b has shape {parse_shape(b)}" in explorer.picture.alt
        assert explorer.controls["step"].max == Pair(parse_shape(a), parse_shape(b)).last
        explorer.set(step=explorer.controls["step"].max)
    explorer.controls["a"].value = "2, 2"
    assert example.value is None and "a has" not in explorer.picture.alt[:5]
    explorer.set(a="(3, 4)", b="(4,)")
    assert example.value == ("(3, 4)", "(4,)")


@pytest.mark.parametrize(
    "text, shape",
    [("(3, 1)", (3, 1)), ("3,1", (3, 1)), ("2 3 4", (2, 3, 4)), ("4", (4,)), ("", ()), ("()", ())],
)
def test_shapes_are_read_as_people_write_them(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize("text", ["(3, -1)", "abc", "3.5", "(5,)", "(0, 3)", "(1, 1, 1, 1)", "(3"])
def test_a_text_that_is_no_shape_gives_a_picture_that_says_so(text):
    explorer = explorers.broadcast_stepper()
    explorer.controls["b"].value = text
    said = explorer.picture.alt
    if text == "(3":  # forgiven
        assert said.startswith("a has shape")
    else:
        assert re.search("is not a shape|has no room", said)
        words = " ".join(texts(explorer.picture)).replace("\n", " ")
        assert said in words
    explorer.view.clicked = [0.1, 0.9, 1]


def test_it_is_drawn_in_time_for_an_explorer():
    for state in ({"step": 5}, {"a": "(4, 4)", "b": "(4, 1)", "step": 5, "cell": 15}):
        seconds = cpu_seconds(lambda state=state: broadcast_picture(**state).png(small=False))
        assert seconds < 0.2  # measured: below 0.1 on a busy machine

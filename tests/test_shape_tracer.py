"""The shape and gradient tracer and the figures of its lesson: their numbers against loops."""

import numpy as np
import pytest
from explorers import click, numbers
from helpers import cpu_seconds
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cnn_course.explorers import shape_tracer
from cnn_course.explorers.shape_tracer import PRESETS, WORKED, last_step, trace_picture
from cnn_course.figures.stack import activation_curves, gradient_sizes, stack_numbers
from cnn_utils import example, loops, recipes

X, W = example.as_batch(example.X), example.as_filters(example.W)
DENSE = np.array([[-2, 2], [3, -2], [-1, 1], [1, 1]])


def texts(picture):
    """Every text in the picture, from top to bottom, then from left to right."""
    found = [text for text in picture.axis.texts if text.get_text().strip()]
    found.sort(key=lambda text: text.get_position()[::-1])
    return [text.get_text() for text in found]


def columns(board):
    """The words in each row of the table, by column."""
    table = {}
    for name in ("layer", "parameters", "forward", "backward", "gradients"):
        grid = board.grids[name]
        table[name] = [""] * grid.shape[0]
        for text in board.axis.texts:
            x, y = text.get_position()
            row, column = y - grid.y, x - grid.x
            if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]:
                table[name][int(row)] = text.get_text()
    return table


def said(array):
    """A 2-D array as the sentence writes it."""
    array = np.squeeze(np.asarray(array))
    return str(array.tolist()).replace("-", "−")


def worked():
    """All numbers of the worked example, by plain loops."""
    z, conv = loops.conv2d_forward(X, W, example.B)
    a, relu = loops.relu_forward(z)
    x, flat = loops.flatten_forward(a)
    out, dense = loops.dense_forward(x, DENSE, np.array([1, -3]))
    dx, dense_w, dense_b = loops.dense_backward(np.array([[1, 2]]), dense)
    da = loops.flatten_backward(dx, flat)
    dz = loops.relu_backward(da, relu)
    d_input, dw, db = loops.conv2d_backward(dz, conv)
    return {
        1: {"Z": z},
        2: {"Z": z, "A": a},
        3: {"A": a, "x": x},
        4: {"x": x, "w": DENSE, "z": out},
        6: {"dz": [1, 2], "x": x, "dx": dx, "dw": dense_w, "db": dense_b},
        7: {"dx": dx, "dA": da},
        8: {"dA": da, "Z": z, "dZ": dz},
        9: {"dZ": dz, "dX": d_input, "dw": dw, "db": db},
    }


@pytest.mark.parametrize("step", worked())
def test_the_numbers_of_the_worked_example_are_those_of_the_loops(step):
    board = trace_picture(WORKED, step)
    for label, expected in worked()[step].items():
        expected = np.atleast_2d(np.squeeze(expected))
        assert np.array_equal(numbers(board, f"numbers {label}"), expected), label
        if label not in ("w", "db") and not (step in (6, 8) and label in "xZ"):
            assert f"{label} = {said(expected)}" in board.alt


def test_the_canonical_gradient_meets_the_relu():
    board = trace_picture(WORKED, 8)
    assert "dA = [[2, −1], [1, 3]] gives dZ = [[2, 0], [0, 3]]" in board.alt
    assert board.alt.startswith("Step 8 of 9, back through relu_1: dz = da where z > 0, else 0.")
    assert "Back through relu_1: dz = da where z > 0, else 0" in texts(board)


@pytest.mark.parametrize("preset", ["signs-small", "mnist-small"])
def test_shapes_are_those_of_a_real_batch(preset):
    model = recipes.build(preset)
    x = np.random.default_rng(0).random((3, *model.input_shape), dtype=np.float32)
    trace = model.trace(x, np.array([0, 1, 2]))
    table = columns(trace_picture(preset, last_step(preset), 3))
    names = [row.name for row in trace]
    assert table["layer"] == [names[0], "▸ " + names[1], *names[2:]]
    assert table["forward"] == [str(row.a.shape) for row in trace]
    assert table["backward"] == [str(row.da.shape) for row in trace]
    for name, gradient in model.gradients().items():
        layer, parameter = name.split(".")
        row = [row.name for row in trace].index(layer)
        assert f"{parameter} {gradient.shape}" in table["parameters"][row]
        assert f"d{parameter} {gradient.shape}" in table["gradients"][row]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_step_adds_one_shape_and_says_which_layer_works(preset):
    count = (last_step(preset) - 1) // 2
    for step in range(last_step(preset) + 1):
        board = trace_picture(preset, step, 5)
        table = columns(board)
        known = [sum(map(bool, table[name])) for name in ("forward", "backward")]
        assert known == [min(step, count) + 1, max(step - count, 0)]
        at_work = [row for row, name in enumerate(table["layer"]) if name.startswith("▸")]
        expected = step if step <= count else 2 * count + 2 - step
        assert at_work == ([expected] if 0 < expected <= count else [])
        if at_work:
            assert table["layer"][expected][2:] in board.alt
        new = [t for t in board.axis.texts if t.get_text().startswith("(5,")]
        new = [t for t in new if t.get_fontweight() == "bold"]
        assert len(new) == 1
        assert f"Step {step} of" in board.alt


def test_parameter_gradients_appear_with_their_layer_and_know_no_batch():
    assert columns(trace_picture(WORKED, 5, 64))["gradients"] == [""] * 5
    dense = columns(trace_picture(WORKED, 6, 64))
    assert dense["gradients"] == ["", "", "", "", "dw (4, 2), db (2,)"]
    assert dense["forward"][4] == dense["backward"][4] == "(64, 2)"


def test_the_batch_adds_examples_and_parameter_gradients_are_summed():
    alone, three = trace_picture(WORKED, 6, 1), trace_picture(WORKED, 6, 3)
    assert np.array_equal(numbers(alone, "numbers x"), numbers(three, "numbers x"))
    assert not np.array_equal(numbers(alone, "numbers dw"), numbers(three, "numbers dw"))
    assert any("summed over all 3" in text for text in texts(three))
    assert not any("summed" in text for text in texts(alone))


def test_sigmoid_numbers():
    board = trace_picture("sigmoid", 2)
    a = 1 / (1 + np.exp(-np.array([[-1.0, 2.0]])))
    assert np.allclose(numbers(board, "numbers a"), a, atol=5e-4)
    board = trace_picture("sigmoid", 8)
    given, got = numbers(board, "numbers da"), numbers(board, "numbers dz")
    assert np.allclose(got, given * a * (1 - a), atol=2e-3)


def test_it_starts_where_the_worked_example_passes_the_relu():
    explorer = shape_tracer()
    assert explorer.state == {"preset": WORKED, "step": 8, "batch": 1}
    assert explorer.picture.alt == trace_picture(WORKED, 8, 1).alt


def test_every_move_of_the_step_slider_changes_the_sentence():
    explorer, seen = shape_tracer(), set()
    for step in range(last_step(WORKED) + 1):
        explorer.controls["step"].value = step
        seen.add(explorer.view.alt)
    assert len(seen) == last_step(WORKED) + 1


def test_the_slider_ends_with_the_stack():
    explorer = shape_tracer()
    explorer.controls["preset"].value = "signs-small"
    assert explorer.controls["step"].max == 17
    explorer.controls["step"].value = 17
    explorer.controls["preset"].value = WORKED
    assert explorer.state["step"] == explorer.controls["step"].max == 9
    assert explorer.picture.alt.startswith("Step 9 of 9, back through conv2d_1")


def test_clicking_a_shape_goes_to_the_step_that_makes_it():
    explorer = shape_tracer()
    for column, row, step in [
        ("forward", 2, 2),
        ("forward", 0, 0),
        ("backward", 4, 5),
        ("backward", 0, 9),
        ("gradients", 4, 6),
        ("layer", 1, 1),
    ]:
        click(explorer, column, (row, 1))
        assert explorer.state["step"] == step
    explorer.controls["step"].value = 3
    click(explorer, "gradients", (0, 1))  # the input has no parameters
    assert explorer.state["step"] == 3


def test_any_state_gives_a_picture():
    for preset in PRESETS:
        for step in (-3, 0, last_step(preset), 99):
            board = trace_picture(preset, step, 64)
            assert board.alt and board.get_size_inches()[0] <= 8.5


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_cut_off_and_no_texts_overlap(preset):
    for step in (0, 4, 6, last_step(preset) // 2 + 1, last_step(preset)):
        board = trace_picture(preset, step, 64)
        drawer, edge = FigureCanvasAgg(board).get_renderer(), board.bbox
        for grid in board.grids.values():
            assert grid.x + grid.shape[1] <= board.axis.get_xlim()[1] - 0.3
            assert grid.y + grid.shape[0] <= board.axis.get_ylim()[0]
        boxes = [text.get_window_extent(drawer) for text in board.axis.texts]
        for i, box in enumerate(boxes):
            assert box.x0 >= edge.x0 and box.x1 <= edge.x1 and box.y0 >= edge.y0
            assert not any(box.shrunk(0.9, 0.7).overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("state", [(WORKED, 9, 64), ("signs-small", 17, 64)])
def test_it_redraws_in_time(state):
    """Processor time, 0.09 to 0.12 s with five jobs on two cores; the aim is 0.1 s without."""
    assert cpu_seconds(lambda: trace_picture(*state).png(small=False)) < 0.2


def test_the_stack_figure_shows_outputs_above_their_gradients():
    steps = worked()
    outputs = [X, steps[1]["Z"], steps[2]["A"], steps[3]["x"], steps[4]["z"]]
    gradients = [steps[9]["dX"], steps[8]["dZ"], steps[7]["dA"], steps[6]["dx"], np.array([[1, 2]])]
    own = [steps[9]["dw"], steps[9]["db"], steps[6]["dw"], steps[6]["db"]]
    board = stack_numbers(outputs, gradients, own, "A title")
    assert "A [[3, 0], [0, 7]]" in board.alt and "dZ [[2, 0], [0, 3]]" in board.alt
    for name in "XZAxz":
        above, below = board.grids[name], board.grids["d" + name]
        assert (above.x, above.shape) == (below.x, below.shape) and above.y < below.y
    assert "dx (1, 4)" in texts(board) and texts(board).count("14") == 1


def test_curves_and_sizes():
    values, slopes = activation_curves("A title").axes
    relu, sigmoid, tanh = (line.get_ydata() for line in slopes.lines[:3])
    assert set(relu) == {0.0, 1.0}
    assert 0.249 < sigmoid.max() <= 0.25 and 0.99 < tanh.max() <= 1
    assert [text.get_text() for text in values.get_legend().texts] == ["ReLU", "sigmoid", "tanh"]
    sizes = {"ReLU": np.ones(4), "sigmoid": 0.1 ** np.arange(4)}
    picture = gradient_sizes(sizes, "A title")
    assert "ReLU from 1.0e+00 to 1.0e+00; sigmoid from 1.0e+00 to 1.0e-03" in picture.alt
    assert picture.axes[0].get_yscale() == "log"

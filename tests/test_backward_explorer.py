"""The backward explorer of lesson 05: its sums against others, its clicks, its speed."""

import itertools
import re

import numpy as np
import pytest
from explorers import click, numbers
from helpers import cpu_seconds
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cnn_course import explorers
from cnn_course.explorers.backward_explorer import backward_picture, in_words, setting, terms
from cnn_utils import example, functional

SETTINGS = list(itertools.product((1, 2), (0, 1)))
SHAPES = {(1, 0): (3, 2), (2, 0): (5, 2), (1, 1): (5, 4), (2, 1): (5, 2)}  # X (padded), dZ


def test_starts_on_the_worked_example():
    explorer = explorers.backward_explorer()
    assert explorer.state == dict(array="dX", row=1, column=1, stride=1, padding=0)
    assert explorer.picture.alt.startswith(
        "dX[1, 1] = 2·3 + (−1)·2 + 1·(−1) + 3·(−2) = −3: the sum"
    )
    canonical = {
        "X": example.X,
        "W": example.W,
        "dZ": example.DZ,
        "dX": example.DX,
        "dW": example.DW,
        "products": [[6, -2], [-1, -6]],
    }
    for name, values in canonical.items():
        assert np.array_equal(numbers(explorer.picture, name).astype(int), values)
    assert "[1, 1]" in explorer.picture.get_suptitle()


@pytest.mark.parametrize(("stride", "padding"), SETTINGS)
def test_gradients_are_those_of_cnn_utils(stride, padding):
    case = setting(stride, padding)
    n, m = SHAPES[stride, padding]
    assert case.x.shape == (n, n) and case.dz.shape == (m, m)
    x = case.x[padding : n - padding, padding : n - padding]
    assert np.array_equal(x[:3, :3], example.X) and np.array_equal(case.w, example.W)
    arrays = example.as_batch(x), example.as_filters(case.w), np.zeros(1, int)
    z, cache = functional.conv2d_forward(*arrays, stride, padding)
    dx, dw, _ = functional.conv2d_backward(case.dz.reshape(z.shape), cache)
    inside = slice(padding, n - padding)
    assert np.array_equal(case.dx[inside, inside], dx[0, ..., 0])
    board = backward_picture("dW", 0, 0, stride, padding)
    assert np.array_equal(numbers(board, "dW").astype(int), dw[..., 0, 0])
    assert np.array_equal(numbers(board, "dX").astype(int), case.dx)


@pytest.mark.parametrize(("stride", "padding"), SETTINGS)
@pytest.mark.parametrize("array", ["dX", "dW"])
def test_every_sum_that_is_written_out_is_right(array, stride, padding):
    case = setting(stride, padding)
    values = case.dx if array == "dX" else case.dw
    for cell in np.ndindex(values.shape):
        found = terms(case, array, cell)
        said = in_words(case, array, cell, found)[2].replace("−", "-")
        written = re.match(r"(\w+)\[(\d), (\d)\] = (.*?)(?:: |\.)", said)
        assert tuple(map(int, written.groups()[1:3])) == cell
        terms_written, _, total = written[4].rpartition(" = ")
        assert int(total) == values[cell]
        if not terms_written:
            assert "no window reads" in said
            continue
        products = [eval(term.replace("·", "*")) for term in terms_written.split(" + ")]
        assert sum(products) == int(total)
        if cell == (1, 1):
            board = backward_picture(array, *cell, stride, padding)
            assert products == [t for t in numbers(board, "products").ravel() if not np.isnan(t)]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0)])
def test_what_all_dz_give_adds_up_to_the_gradients(stride, padding):
    case = setting(stride, padding)
    dx, dw = np.zeros_like(case.dx), np.zeros_like(case.dw)
    for cell in np.ndindex(case.dz.shape):
        board = backward_picture("dZ", *cell, stride, padding)
        for name, total in (("to dX", dx), ("to dW", dw)):
            total += np.nan_to_num(numbers(board, name)).astype(int)
        assert f"db gets {case.dz[cell]}.".replace("-", "−") in board.alt
    assert np.array_equal(dx, case.dx) and np.array_equal(dw, case.dw)


def test_a_sum_names_the_cells_that_make_it():
    alt = backward_picture("dX", 0, 1).alt
    assert "dX[0, 1] = 2·(−1) + (−1)·(−2) = 0" in alt
    assert "dZ[0, 0]·W[0, 1], dZ[0, 1]·W[0, 0]." in alt
    alt = backward_picture("dW", 1, 0).alt
    assert "dW[1, 0] = 2·3 + (−1)·(−1) + 1·2 + 3·(−2) = 3" in alt
    assert [term.x for term in terms(setting(), "dW", (1, 0))] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    alt = backward_picture("dZ", 0, 1).alt
    assert alt.startswith("dZ[0, 1] = −1: dX[0, 1] gets (−1)·(−2) = 2, dX[0, 2] gets (−1)·(−1) = 1")
    assert "dW[1, 0] gets (−1)·(−1) = 1" in alt and alt.endswith("db gets −1.")


def test_a_remainder_and_padding_are_explained():
    alt = backward_picture("dX", 4, 2, stride=2).alt
    assert alt == "dX[4, 2] = 0: no window reads X[4, 2], so it has no part in the loss."
    inside, outside = (backward_picture("dX", k, k, padding=1).alt for k in (1, 0))
    assert inside.endswith("It lies inside the frame: it is dX[0, 0].")
    assert outside.endswith("It lies in the padding, outside the frame, and is thrown away.")


def test_clicks_choose_cells_of_gradients_only():
    explorer = explorers.backward_explorer()
    click(explorer, "dZ", (0, 1))
    assert explorer.state == dict(array="dZ", row=0, column=1, stride=1, padding=0)
    click(explorer, "dX", (2, 0))
    assert explorer.state == dict(array="dX", row=2, column=0, stride=1, padding=0)
    assert explorer.view.alt.startswith("dX[2, 0] = 1·2 = 2: ")
    click(explorer, "dW", (1, 1))
    assert explorer.state["array"] == "dW" and "dW[1, 1] = " in explorer.picture.alt
    before = explorer.state
    click(explorer, "X", (0, 0))
    assert explorer.state == before


def test_sliders_end_where_the_array_ends():
    explorer = explorers.backward_explorer()
    row = explorer.controls["row"]
    explorer.set(stride=2, row=4)
    assert row.max == 4 and row.value == 4
    explorer.set(array="dW")
    assert row.max == 1 and row.value == 1 and "dW[1, 1] = " in explorer.picture.alt
    explorer.set(stride=1, padding=1, array="dZ", row=3, column=3)
    assert "dZ[3, 3] = 0" in explorer.picture.alt
    sentence = explorer.view.alt
    row.value = 2  # one step of the keyboard
    assert explorer.view.alt != sentence


def test_every_state_gives_a_picture_within_the_page():
    for array, (stride, padding) in itertools.product(("dX", "dW", "dZ"), [(1, 0), (1, 1), (2, 1)]):
        board = backward_picture(array, 9, 9, stride, padding)
        assert board.get_size_inches()[0] <= 8.5 + 1e-9
        renderer = FigureCanvasAgg(board).get_renderer()
        for text in [*board.axis.texts, *board.texts]:
            box = text.get_window_extent(renderer)
            inside = box.x0 >= 0 and box.x1 <= board.bbox.x1 and 0 <= box.y0
            assert inside or not text.get_text(), text.get_text()


@pytest.mark.parametrize("state", [{}, dict(array="dW", padding=1)])  # the first, the largest
def test_redraws_within_the_time_of_an_explorer(state):
    assert cpu_seconds(lambda: backward_picture(**state).png(small=False)) < 0.2

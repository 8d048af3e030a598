"""The linked view of lesson 03: every number it shows, clicks, extreme settings, redraw time."""

from itertools import product

import numpy as np
import pytest
from explorers import click
from helpers import cpu_seconds

from cnn_course.explorers import convolution_view
from cnn_course.explorers.convolution_view import convolution_picture
from cnn_course.figures.channels import volumes
from cnn_utils import loops
from cnn_utils.example import BIASES as B
from cnn_utils.example import FILTERS as W
from cnn_utils.example import VOLUME as X
from cnn_utils.example import Z

STATES = [
    dict(row=0, column=0, filter=0, stride=1, padding=0),
    dict(row=1, column=0, filter=1, stride=1, padding=0),
    dict(row=3, column=2, filter=1, stride=1, padding=1),
    dict(row=1, column=1, filter=0, stride=2, padding=1),
    dict(row=0, column=0, filter=1, stride=2, padding=0),
]
ALL = product((0, 1, 3), (0, 3), (0, 1), (1, 2), (0, 1))


def number(text):
    return int(text.replace("−", "-"))


def texts(board):
    return [text.get_text() for text in board.axis.texts]


def cells(board, name):
    """The texts that stand in the cells of a grid, "" where there is none."""
    grid = board.grids[name]
    found = np.full(grid.shape, "", object)
    for text in board.axis.texts:
        x, y = text.get_position()
        row, column = (y - grid.y) // grid.side, (x - grid.x) // grid.side
        if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1]:
            found[int(row), int(column)] = text
    return found


def shown(board, name):
    return [[number(text.get_text()) for text in row] for row in cells(board, name)]


def bold(board, name):
    found = cells(board, name)
    return {i for i in np.ndindex(found.shape) if found[i].get_fontweight() == "bold"}


def test_starts_on_the_worked_example():
    explorer = convolution_view()
    assert explorer.state == STATES[0]
    assert explorer.picture.alt.startswith("Z[0, 0, 0] = 2 + 4 + 1 = 7: the window starts at row 0")
    assert "channel 0 gives 0·(−2) + 1·(−1) + 3·2 + (−1)·3 = 2;" in explorer.picture.alt
    assert explorer.picture.alt in explorer.view.alt


def test_first_channel_of_first_filter_gives_the_output_of_the_course():
    alone = loops.conv2d_forward(X[None, :, :, :1], W[:, :, :1, :1], B[:1])[0]
    assert np.array_equal(alone[0, ..., 0], Z)


@pytest.mark.parametrize("wrong", ["rotated", "channels exchanged", "filters exchanged", "biases"])
def test_example_tells_the_usual_mistakes_apart_in_every_cell(wrong):
    w, b = {
        "rotated": (W[::-1, ::-1], B),
        "channels exchanged": (W[:, :, ::-1], B),
        "filters exchanged": (W.transpose(0, 1, 3, 2), B),
        "biases": (W, B[::-1]),
    }[wrong]
    right = loops.conv2d_forward(X[None], W, B)[0]
    assert np.all(right != loops.conv2d_forward(X[None], w, b)[0])


@pytest.mark.parametrize("state", STATES, ids=str)
def test_picture_shows_the_numbers_of_the_layer(state):
    board = convolution_picture(**state)
    z = loops.conv2d_forward(X[None], W, B, state["stride"], state["padding"])[0][0]
    for f in range(2):
        assert shown(board, f"Z[:, :, {f}]") == z[..., f].tolist()
        assert shown(board, f"b[{f}]") == [[B[f]]]
        for c in range(2):
            assert shown(board, f"W[:, :, {c}, {f}]") == W[:, :, c, f].tolist()
    p = state["padding"]
    for c in range(2):
        inner = cells(board, f"X[:, :, {c}]")[p : p + 3, p : p + 3]
        assert [[number(t.get_text()) for t in row] for row in inner] == X[..., c].tolist()


@pytest.mark.parametrize("state", STATES, ids=str)
def test_window_filter_bias_and_cell_are_brought_out_and_nothing_else(state):
    board = convolution_picture(**state)
    top, left = state["stride"] * state["row"], state["stride"] * state["column"]
    window = {(top + u, left + v) for u in (0, 1) for v in (0, 1)}
    all_four = {(u, v) for u in (0, 1) for v in (0, 1)}
    for c in range(2):
        assert bold(board, f"X[:, :, {c}]") == window
    for f in range(2):
        chosen = f == state["filter"]
        for c in range(2):
            assert bold(board, f"W[:, :, {c}, {f}]") == (all_four if chosen else set())
        assert bold(board, f"b[{f}]") == ({(0, 0)} if chosen else set())
        place = (state["row"], state["column"])
        assert bold(board, f"Z[:, :, {f}]") == ({place} if chosen else set())


@pytest.mark.parametrize("state", STATES, ids=str)
def test_sum_is_written_channel_by_channel(state):
    board, f = convolution_picture(**state), state["filter"]
    x = np.pad(X, ((state["padding"],) * 2, (state["padding"],) * 2, (0, 0)))
    top, left = state["stride"] * state["row"], state["stride"] * state["column"]
    sums = []
    for c in range(2):
        terms = []
        for u, v in np.ndindex(2, 2):
            pair = (x[top + u, left + v, c], W[u, v, c, f])
            terms.append("·".join(f"({n})" if n < 0 else f"{n}" for n in pair))
        sums.append(sum(x[top + u, left + v, c] * W[u, v, c, f] for u, v in np.ndindex(2, 2)))
        line = f"{' + '.join(terms)} = {sums[-1]}".replace("-", "−")
        assert line in texts(board) and f"channel {c} gives {line}" in board.alt
    z = loops.conv2d_forward(X[None], W, B, state["stride"], state["padding"])[0]
    added = " + ".join(f"({n})" if n < 0 else f"{n}" for n in (*sums, B[f]))
    total = f"{added} = {z[0, state['row'], state['column'], f]}".replace("-", "−")
    assert total in texts(board) and f"] = {total}:" in board.alt


def test_padding_is_empty_until_the_window_reads_its_zeros():
    found = cells(convolution_picture(row=0, column=0, padding=1), "X[:, :, 0]")
    written = [[text.get_text() for text in row] for row in found]
    assert written[0] == ["0", "0", "", "", ""] and written[1] == ["0", "0", "1", "2", ""]
    assert written[4] == [""] * 5


def test_every_setting_gives_a_picture_of_one_size():
    sizes = set()
    for row, column, filter, stride, padding in ALL:
        board = convolution_picture(row, column, filter, stride, padding)
        z = loops.conv2d_forward(X[None], W, B, stride, padding)[0][0]
        i, j = min(row, z.shape[0] - 1), min(column, z.shape[1] - 1)
        assert f"Z[{i}, {j}, {filter}] = " in board.alt
        assert f" = {z[i, j, filter]}:".replace("-", "−") in board.alt
        sizes.add(tuple(board.get_size_inches()))
    assert len(sizes) == 1 and sizes.pop()[0] <= 8.5


def test_nothing_is_written_over_the_edge_of_the_picture():
    for state in STATES:
        board = convolution_picture(**state)
        board.draw_without_rendering()
        box = board.bbox
        for text in [*board.axis.texts, board._suptitle]:
            where = text.get_window_extent()
            assert where.x0 >= box.x0 and where.x1 <= box.x1, text
            assert where.y0 >= box.y0 and where.y1 <= box.y1, text


def test_a_click_chooses_a_cell_or_a_filter():
    explorer = convolution_view()
    click(explorer, "Z[:, :, 1]", (1, 0))
    assert explorer.state == STATES[1]
    assert explorer.picture.alt.startswith("Z[1, 0, 1] = ")
    click(explorer, "W[:, :, 1, 0]", (1, 1))
    assert explorer.state == {**STATES[1], "filter": 0}
    click(explorer, "b[1]", (0, 0))
    assert explorer.state == STATES[1]
    click(explorer, "X[:, :, 0]", (2, 2))
    assert explorer.state == STATES[1]


def test_sliders_end_where_the_output_does():
    explorer = convolution_view()
    controls = explorer.controls
    controls["padding"].value = 1
    assert (controls["row"].max, controls["column"].max) == (3, 3)
    explorer.set(row=3, column=3)
    controls["stride"].value = 2
    assert (controls["row"].max, controls["row"].value) == (1, 1)
    controls["padding"].value = 0
    assert controls["row"].value == 0 and controls["row"].disabled  # the one row there is
    assert explorer.picture.alt.startswith("Z[0, 0, 0] = 2 + 4 + 1 = 7:")
    controls["stride"].value = 1
    assert controls["row"].max == 1 and not controls["row"].disabled


def test_first_step_of_each_slider_changes_the_sentence():
    for name in ("row", "column", "filter"):
        explorer = convolution_view()
        before = explorer.view.alt
        explorer.controls[name].value = 1
        assert explorer.view.alt != before


def test_redraws_at_once():
    """About 0.1 s of processor time, measured on two busy cores; twice that is allowed here."""
    explorer = convolution_view()
    for state in (STATES[0], STATES[2]):
        explorer.set(**{k: v for k, v in state.items() if k in ("stride", "padding")})
        assert cpu_seconds(lambda state=state: explorer.set(**state)) < 0.2


def test_volumes_has_a_sheet_for_every_channel_and_filter():
    figure = volumes((64, 64, 3), (5, 5, 3, 8), title="One layer")
    squares = figure.axes[0].patches
    sides = [round(square.get_width(), 2) for square in squares]
    assert sides.count(3) == 3 and sides.count(2.6) == 8  # channels of the input, of the output
    assert sides.count(0.8) == 3 + 3 * 3  # a window in every channel; three filters of three slices
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    for part in ("64×64×3", "8 filters 5×5×3", "8 biases", "64×64×8"):
        assert part in words
    assert "8 filters of 3 slices 5×5" in figure.alt

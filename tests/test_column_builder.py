"""The explorer of lesson 10: its numbers against those of the loops, its clicks, its speed."""

import itertools
import re
import sys

import numpy as np
import pytest
from explorers import click
from helpers import cpu_seconds, texts
from matplotlib.text import Text

from cnn_course import explorers
from cnn_course.explorers.column_builder import column_picture, find, setting
from cnn_utils import example, loops

SETTINGS = list(itertools.product((1, 2), (0, 1), (1, 2)))  # stride, padding, channels
MODULE = sys.modules["cnn_course.explorers.column_builder"]  # the package has the function


@pytest.fixture
def numbers(monkeypatch):
    """A function: the numbers of a grid of a picture, as texts or as outlines, by their places."""
    outlined = {}
    draw_texts = MODULE.draw_texts

    def recording(board, written, size, colour):
        outlined.setdefault(id(board), []).extend(written)
        draw_texts(board, written, size, colour)

    monkeypatch.setattr(MODULE, "draw_texts", recording)

    def read(board, name):
        grid = board.grids[name]
        found = np.full(grid.shape, "", object)
        seen = list(outlined[id(board)])
        for text in board.axis.findobj(Text):
            seen.append((*text.get_position(), text.get_text()))
        for x, y, text in seen:
            row, column = (y - grid.y) / grid.side, (x - grid.x) / grid.side
            inside = 0 < row < grid.shape[0] and 0 < column < grid.shape[1]
            if inside and re.fullmatch(r"−?\d+", text):
                assert not found[int(row), int(column)]
                found[int(row), int(column)] = text.replace("−", "-")
        return found.astype(int)

    return read


def test_starts_on_the_worked_example(numbers):
    explorer = explorers.column_builder()
    canonical = {
        "image 0": example.X,
        "W": example.W.reshape(1, 4),
        "cols": [[0, 1, 3, -1], [1, 2, -1, 1], [3, -1, 2, -2], [-1, 1, -2, 3]],
        "Z − b": (example.Z - example.B).reshape(4, 1),
    }
    for name, values in canonical.items():
        assert np.array_equal(numbers(explorer.picture, name), values)
    assert explorer.view.alt == (
        "cols[0, 3] = X[1, 1] = −1: cell [1, 1] of window [0, 0]. "
        "Row 0 times W: 0·(−2) + 1·(−1) + 3·2 + (−1)·3 = 2, which is Z[0, 0] − b. "
        "X[1, 1] = −1 stands in cols 4 times: cols[0, 3], cols[1, 2], cols[2, 1] and cols[3, 0]."
    )
    explorer.set(direction="col2im")
    canonical = {
        "image 0": example.DX,
        "cols": np.outer(example.DZ, example.W),
        "dZ": example.DZ.reshape(4, 1),
    }
    for name, values in canonical.items():
        assert np.array_equal(numbers(explorer.picture, name), values)
    assert explorer.view.alt.endswith(
        "dX[1, 1] = cols[0, 3] + cols[1, 2] + cols[2, 1] + cols[3, 0] "
        "= 6 + (−2) + (−1) + (−6) = −3."
    )


@pytest.mark.parametrize(("stride", "padding", "channels"), SETTINGS)
def test_all_numbers_are_those_of_the_loops(numbers, stride, padding, channels):
    case = setting(stride, padding, channels)
    crop = slice(padding, case.x.shape[0] - padding)
    x = case.x[None, crop, crop]
    w = case.w.reshape(2, 2, channels, 1)
    z, cache = loops.conv2d_forward(x, w, np.zeros(1, int), stride, padding)
    cols = loops.im2col(x, (2, 2), stride, padding)
    dx, *_ = loops.conv2d_backward(case.dz.reshape(z.shape), cache)
    settings = dict(stride=stride, padding=padding, channels=channels)

    forward = column_picture("im2col", "entry", 1, 2, 0, **settings)
    assert np.array_equal(numbers(forward, "cols"), cols)
    assert np.array_equal(numbers(forward, "Z − b"), z.reshape(-1, 1))
    back = column_picture("col2im", "pixel", 1, 1, 0, **settings)
    for c in range(channels):
        assert np.array_equal(numbers(forward, f"image {c}")[crop, crop], x[0, ..., c])
        assert np.array_equal(numbers(back, f"image {c}")[crop, crop], dx[0, ..., c])
    assert np.array_equal(numbers(back, "cols"), np.outer(case.dz, case.w))


@pytest.mark.parametrize(("stride", "padding", "channels"), SETTINGS)
def test_every_sum_and_every_list_of_places_is_right(stride, padding, channels):
    case = setting(stride, padding, channels)
    settings = dict(stride=stride, padding=padding, channels=channels)
    total = 0
    for r, q, c in np.ndindex(case.x.shape):
        place = find(case, "pixel", r, q, c)
        for m, k in place.entries:  # by the definition, not by copying numbers
            i, j = divmod(m, case.shape[1])
            u, v, channel = np.unravel_index(k, (2, 2, channels))
            assert (stride * i + u, stride * j + v, channel) == (r, q, c)
        total += len(place.entries)
    assert total == case.cols.size  # none is missing

    for r, q in ((0, 0), (1, 2), (2, 2)):
        alt = column_picture("col2im", "pixel", r, q, channels - 1, **settings).alt
        entries = re.findall(r"cols\[(\d+), (\d+)\]", alt)
        found = sum(case.dcols[int(m), int(k)] for m, k in entries)
        shown = int(re.search(r"= (−?\d+)\.", alt)[1].replace("−", "-"))
        assert shown == found == case.dx[r, q, channels - 1]


def test_pixels_that_no_window_reads():
    assert "no window reads it" in column_picture(choose="pixel", row=4, column=4, stride=2).alt
    board = column_picture("col2im", "pixel", 4, 0, stride=2)
    assert board.alt.startswith("dX[4, 0] = 0: no window reads this pixel")
    assert any("never read" in text for text in texts(board))


def test_padding_is_thrown_away():
    thrown = "thrown away"
    assert thrown in column_picture("col2im", "pixel", 0, 2, padding=1).alt
    assert thrown not in column_picture("col2im", "pixel", 1, 2, padding=1).alt
    assert thrown not in column_picture("col2im", "pixel", 0, 2).alt


def test_clicks_choose_entries_pixels_rows_and_columns():
    explorer = explorers.column_builder()
    chosen = lambda *names: tuple(explorer.state[name] for name in names)  # noqa: E731
    click(explorer, "cols", (2, 1))
    assert chosen("choose", "row", "column") == ("entry", 2, 1)
    assert explorer.view.alt.startswith("cols[2, 1] = X[1, 1] = −1: cell [0, 1] of window [1, 0].")
    click(explorer, "Z − b", (1, 0))
    assert chosen("choose", "row", "column") == ("entry", 1, 1)
    click(explorer, "W", (0, 3))
    assert chosen("choose", "row", "column") == ("entry", 1, 3)
    explorer.set(channels=2)
    click(explorer, "image 1", (2, 0))
    assert chosen("choose", "row", "column", "channel") == ("pixel", 2, 0, 1)
    assert explorer.view.alt == "X[2, 0, 1] = 3 stands in cols once: cols[2, 5]."
    explorer.view.clicked = [0.999, 0.001, 99]  # beside all grids
    assert chosen("choose", "row", "column", "channel") == ("pixel", 2, 0, 1)


def test_sliders_fit_what_they_choose_from():
    explorer = explorers.column_builder()
    row, column, channel = (explorer.controls[name] for name in ("row", "column", "channel"))
    assert (row.max, column.max, channel.layout.display) == (3, 3, "none")
    explorer.controls["padding"].value = 1
    explorer.controls["channels"].value = 2
    assert (row.max, column.max) == (15, 7)
    row.value = 15
    explorer.controls["choose"].value = "pixel"
    assert (row.max, column.max, channel.layout.display) == (4, 4, None)
    assert row.value == 4
    before = explorer.view.alt
    row.value = 3
    assert explorer.view.alt != before


def test_every_combination_of_controls_gives_a_picture():
    for stride, padding, channels in SETTINGS:
        for direction, choose in (("im2col", "entry"), ("col2im", "entry"), ("col2im", "pixel")):
            settings = dict(stride=stride, padding=padding, channels=channels)
            board = column_picture(direction, choose, 99, 99, 99, **settings)
            assert board.alt and board.get_suptitle()
            width, height = board.get_size_inches()
            assert width <= 8.5 and height < 8.2


@pytest.mark.parametrize("state", [{}, dict(padding=1, channels=2, row=5, direction="col2im")])
def test_redraws_at_once(state):
    explorer = explorers.column_builder()
    explorer.set(**state)
    assert cpu_seconds(explorer.set) < 0.2  # measured: 0.055 and 0.095 on a busy machine

"""Boards: where cells are, what is written in them, what a click finds."""

import io

import numpy as np
import pytest
from helpers import texts
from PIL import Image

from cnn_course.figures.image_board import ImageBoard
from cnn_utils import plots
from cnn_utils.plots.board import product_sum, shown

X = np.array([[0, 1, 2], [3, -1, 1]])


@pytest.mark.parametrize("title", ["", "A title"])
def test_a_click_finds_the_cell_that_is_drawn_there(title):
    board = plots.Board(title, "alt", 12, 7)
    board.grid("x", X, 1, 1)
    board.grid("z", X.T, 6.5, 2, "output", side=1.5)
    width, height = board.get_size_inches()
    for name, shape in (("x", (2, 3)), ("z", (3, 2))):
        for index in np.ndindex(shape):
            x, y = board.axis.transData.transform(board.centre(name, index)) / board.dpi
            assert board.cell_at(x / width, 1 - y / height) == (name, index)
    assert board.cell_at(0.001, 0.999) is None


def test_numbers_are_written_in_their_cells_marked_ones_bold():
    board = plots.Board("", "alt", 6, 4)
    board.grid("x", X, 1, 1, marked=[(1, 1)])
    written = {
        tuple(np.floor(np.subtract(text.get_position(), 1)).astype(int)[::-1]): text
        for text in board.axis.texts
        if text.get_text() != "x"
    }
    assert {index: text.get_text() for index, text in written.items()} == {
        index: shown(X[index]) for index in np.ndindex(2, 3)
    }
    assert [index for index, text in written.items() if text.get_fontweight() == "bold"] == [(1, 1)]


def test_an_equation_shows_all_its_numbers_and_fits_the_page():
    rows = np.arange(40).reshape(2, 20)
    board = plots.number_grids(("x", rows, "input"), "=", ("z", rows, "output"), alt="twice")
    assert board.get_size_inches()[0] <= 8.5
    assert sorted(texts(board)) == sorted(
        ["x", "=", "z", *map(str, range(40)), *map(str, range(40))]
    )
    pixels = np.asarray(Image.open(io.BytesIO(board.png())).convert("RGB"))
    assert (pixels[:, :3] == 255).all() and (pixels[:, -3:] == 255).all()  # nothing is cut off


def test_an_image_on_a_board_is_found_pixel_by_pixel():
    board = ImageBoard("", "alt", 10, 8)
    board.image("photo", np.zeros((10, 20)), 1, 1, "input", 8)
    board.frame("photo", (2, 3), (3, 3))
    x, y = board.centre("photo", (9, 19))
    assert (x, y) == pytest.approx((8.8, 4.8))
    assert board.cell_at(8.8 / 10, 4.8 / 8) == ("photo", (9, 19))


@pytest.mark.parametrize(
    "number, text",
    [
        (0, "0"),
        (-0.0, "0"),
        (-3, "−3"),
        (0.125, "0.125"),
        (1 / 3, "0.333"),
        (-1.5, "−1.5"),
        ("?", "?"),
    ],
)
def test_how_numbers_are_written(number, text):
    assert shown(number) == text


def test_a_sum_of_products_is_written_with_brackets_around_negative_factors():
    assert product_sum([(2, -1), (-3, 4)], -14) == "2·(−1) + (−3)·4 = −14"


@pytest.mark.parametrize("x, w", [([1, 2, 0, -1, 3], [2, 1, -1]), (X, X[:, :2])])
def test_every_step_of_a_window_has_its_sum(x, w):
    x, w = np.array(x), np.array(w)
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    z = np.tensordot(windows, w, axes=w.ndim)
    board = plots.window_steps(x, w, z)
    sums = [text for text in texts(board) if text.startswith("z[")]
    assert [text.rsplit("= ", 1)[1] for text in sums] == [shown(value) for value in z.flat]
    assert len(board.grids) == z.size

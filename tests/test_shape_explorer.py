"""The shape explorer of lesson 02: what it says and draws for a setting, against brute force."""

import matplotlib
import numpy as np
import pytest
from helpers import cpu_seconds
from matplotlib.collections import PolyCollection

from cnn_course import explorers
from cnn_course.explorers.shape_explorer import (
    LOOKS,
    SLIDERS,
    START,
    shape_picture,
    unread,
)
from cnn_course.figures.windows import window_rows
from cnn_utils.functional import conv2d_forward

SETTINGS = [  # height, width, k, stride, padding
    (3, 3, 2, 2, 1),
    (3, 3, 2, 2, 0),
    (6, 9, 3, 2, 1),
    (8, 11, 3, 4, 0),
    (12, 12, 1, 5, 4),
    (12, 1, 7, 3, 4),
    (1, 1, 1, 1, 0),
]


def texts(picture):
    found = [text.get_text() for text in picture.findobj(matplotlib.text.Text)]
    return [text for text in found if text.strip()]


def cells(board, look):
    """How many cells of a look are drawn, without the one in the legend."""
    edge = matplotlib.colors.to_rgba(LOOKS[look][1])
    fill = matplotlib.colors.to_rgba(LOOKS[look][0])
    return sum(
        len(drawn.get_paths())
        for drawn in board.axis.collections
        if isinstance(drawn, PolyCollection)
        and drawn.get_hatch() == LOOKS[look][2]
        and np.allclose(drawn.get_edgecolor()[0], edge)
        and np.allclose(drawn.get_facecolor()[0], fill)
        and len(drawn.get_paths()[0].vertices) == 5
    ) - (look in list(LOOKS)[:4])


def brute_force(height, width, k, stride, padding):
    """The output's shape and how often each pixel is read, found by moving a window."""
    reads = np.zeros((height + 2 * padding, width + 2 * padding), int)
    rows, columns = set(), set()
    for i in range(0, reads.shape[0], stride):
        for j in range(0, reads.shape[1], stride):
            if i + k <= reads.shape[0] and j + k <= reads.shape[1]:
                reads[i : i + k, j : j + k] += 1
                rows.add(i)
                columns.add(j)
    inside = reads[padding : padding + height, padding : padding + width]
    return (len(rows), len(columns)), reads, inside


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_is_said_and_drawn_is_what_moving_a_window_finds(setting):
    height, width, k, stride, padding = setting
    out, reads, inside = brute_force(*setting)
    board = shape_picture(*setting)
    lost = int(np.sum(inside == 0))
    assert f"The output is {out[0]}×{out[1]}." in board.alt
    assert board.grids["output"].shape == out
    assert board.grids["input"].shape == reads.shape
    said = f"{lost} of {height * width} pixels are never read"
    assert (said in board.alt) == (lost > 0) != ("Every pixel is read" in board.alt)
    for n, size, name in zip((height, width), out, "HW", strict=True):
        line = next(text for text in texts(board) if text.startswith(f"{name}_out"))
        assert f"⌊({n} + 2·{padding} − {k})/{stride}⌋ + 1" in line and line.endswith(f"= {size}")
        floor = (n + 2 * padding - k) // stride
        assert f"({n} + 2·{padding} − {k})/{stride} = " in board.alt
        assert f"floor {floor}, plus 1 is {size};" in board.alt
    assert cells(board, "pixel never read") == lost
    assert cells(board, "pixel") == height * width - lost
    assert cells(board, "padding never read") == np.sum(reads == 0) - lost
    assert cells(board, "output") == out[0] * out[1]
    assert cells(board, "start of a window") == out[0] * out[1]
    z, _ = conv2d_forward(
        np.ones((1, height, width, 1)), np.ones((k, k, 1, 1)), np.zeros(1), stride, padding
    )
    assert z.shape[1:3] == out


@pytest.mark.parametrize("n, k, stride, padding", [(8, 3, 2, 0), (9, 2, 4, 1), (5, 3, 1, 1)])
def test_unread_rows_are_those_without_any_window(n, k, stride, padding):
    _, _, inside = brute_force(n, n, k, stride, padding)
    assert unread(n, k, stride, padding) == np.flatnonzero(inside.sum(1) == 0).tolist()


@pytest.mark.parametrize(
    "setting, said",
    [
        (
            (3, 5, 5, 1, 0),
            ["H + 2p − K = 3 + 2·0 − 5 = −2", "padding of at least 1", "plus 1 is 1"],
        ),
        ((2, 1, 7, 1, 1), ["= −3", "= −4", "at most 4 or a padding of at least 3", "at most 3"]),
    ],
)
def test_an_impossible_setting_says_why(setting, said):
    board = shape_picture(*setting)
    assert "Impossible" in board._suptitle.get_text()
    assert board.alt.endswith("So there is no output.") and "output" not in board.grids
    for words in said:
        assert words in board.alt.replace("\n", " ")


def test_it_warns_of_windows_of_zeros_and_of_even_windows():
    assert "see nothing but zeros" in shape_picture(3, 3, 2, 1, 2).alt
    assert "No p keeps the size" in shape_picture(4, 4, 2, 1, 0).alt
    assert "No p keeps the size" not in shape_picture(4, 4, 3, 1, 1).alt


def test_the_rows_of_the_lesson_show_every_window_and_who_is_read():
    x, w = np.array([1, 2, 0, -1, 3, 1, -2, 4]), np.array([2, 1, -1])
    board = window_rows(x, w, stride=2, padding=1)
    assert [name for name in board.grids if "window" in name] == [f"window {i}" for i in range(4)]
    z = np.correlate(np.pad(x, 1), w)[::2]
    for i, value in enumerate(z):
        line = next(text for text in texts(board) if text.startswith(f"z[{i}], start {2 * i}:"))
        assert line.endswith(f"= {value}".replace("-", "−")) and line in board.alt
    assert board.alt.endswith("1, 1, 2, 1, 2, 1, 2, 1, 1, 0.")


def test_every_extreme_of_the_sliders_gives_a_picture():
    ends = [(least, most) for _, least, most in SLIDERS.values()]
    for setting in np.array(np.meshgrid(*ends)).reshape(5, -1).T.tolist():
        assert shape_picture(*setting).alt


def test_it_starts_on_the_example_and_follows_its_controls():
    explorer = explorers.shape_explorer()
    assert explorer.state == START
    assert "Rows: (3 + 2·1 − 2)/2 = 1.5, floor 1, plus 1 is 2; starts 0, 2." in explorer.view.alt
    assert any("⌊1.5⌋ + 1 = 2" in text for text in texts(explorer.picture))
    explorer.controls["padding"].value = 0
    assert "5 of 9 pixels are never read: row 2 and column 2" in explorer.view.alt
    before = explorer.view.png
    explorer.controls["height"].value += 1
    assert "Input 4×3" in explorer.view.alt and explorer.view.png != before
    valid, same, full = explorer.children[2].children
    explorer.set(height=6, width=9, kernel=3)
    for button, out in ((same, "6×9"), (full, "8×11"), (valid, "4×7")):
        button.click()
        assert explorer.state["stride"] == 1 and f"The output is {out}." in explorer.view.alt


@pytest.mark.parametrize("setting", [(3, 3, 2, 2, 1), (12, 12, 1, 1, 4)])
def test_it_redraws_at_once(setting):
    """Measured on a busy machine with two cores: about 70 and 90 ms of processor time."""
    assert cpu_seconds(lambda: shape_picture(*setting).png(small=False)) < 0.2

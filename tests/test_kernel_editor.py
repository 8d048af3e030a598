"""The explorer of lesson 01: its numbers for a state, its controls, its speed."""

import numpy as np
import pytest
from explorers import click
from helpers import cpu_seconds, texts
from scipy import signal

from cnn_course.explorers import kernel_editor
from cnn_course.explorers.kernel_editor import kernel_picture
from cnn_utils.example import W, X
from cnn_utils.plots.board import shown

RNG = np.random.default_rng(0)
PHOTO = RNG.uniform(size=(64, 64)).round(2)
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def test_it_starts_on_the_worked_example():
    explorer = kernel_editor()
    assert explorer.picture.alt == "Cross-correlation, z[0, 0] = 0·(−2) + 1·(−1) + 3·2 + (−1)·3 = 2"
    assert {"2", "−3", "−7", "6"} <= set(texts(explorer.picture))


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize("row, column", [(0, 0), (1, 0), (9, 9)])
def test_the_output_cell_is_the_sum_of_the_products(rotate, row, column):
    operation = signal.convolve2d if rotate else signal.correlate2d
    z = operation(X, W, mode="valid")
    board = kernel_picture(X, W, rotate, row, column)
    i, j = min(row, 1), min(column, 1)
    assert board.alt.endswith(f" = {z[i, j]}".replace("-", "−"))
    assert board.alt.startswith(f"{'Convolution' if rotate else 'Cross-correlation'}, z[{i}, {j}]")
    used = W[::-1, ::-1] if rotate else W
    products = X[i : i + 2, j : j + 2] * used
    shown = texts(board)
    for product in products.flat:
        assert str(product).replace("-", "−") in shown


def test_presets_sliders_and_clicks_on_a_photograph():
    explorer = kernel_editor({"photo": PHOTO}, {"upright edges": SOBEL})
    explorer.controls["image"].value = "photo"
    preset = next(w for w in explorer.children[1].children if w.description == "kernel")
    preset.value = "upright edges"
    assert explorer.state["size"] == 3
    assert (explorer.controls["row"].max, explorer.controls["column"].max) == (61, 61)
    click(explorer, "z", (20, 41))
    assert (explorer.state["row"], explorer.state["column"]) == (20, 41)
    z = signal.correlate2d(PHOTO, SOBEL, mode="valid")
    assert explorer.picture.alt.startswith("Cross-correlation, z[20, 41] = ")
    assert explorer.picture.alt.endswith(f"= {shown(z[20, 41])}")
    explorer.controls["image"].value = "worked example"  # 3×3 under a 3×3 kernel: one place
    assert explorer.picture.alt.startswith("Cross-correlation, z[0, 0] =")


def test_a_weight_can_be_typed():
    explorer = kernel_editor()
    explorer.controls["w11"].value = 10
    assert explorer.picture.alt.endswith("= −5")  # 0·(−2) + 1·(−1) + 3·2 + (−1)·10


def test_it_redraws_at_once():
    explorer = kernel_editor({"photo": PHOTO}, {"upright edges": SOBEL})
    assert cpu_seconds(explorer.set) < 0.2
    explorer.set(image="photo", size=3, turn=True)
    assert cpu_seconds(explorer.set) < 0.2

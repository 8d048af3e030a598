"""The explorer of lesson 07: its masks, its numbers and its controls, in every state."""

import itertools
import re

import numpy as np
import pytest
from explorers import click, numbers
from helpers import cpu_seconds

from cnn_course import explorers
from cnn_course.explorers.mask_viewer import mask_picture, masks, upstream
from cnn_utils import example, loops
from cnn_utils import functional as F
from cnn_utils.example import POOL_X as X


def texts(picture):
    return [text.get_text() for text in picture.axis.texts]


def by_definition(x, size, stride, kind, ties, da):
    """dX with one loop for everything: no array operation is shared with the explorer."""
    dx = np.zeros(x.shape)
    for i, j in np.ndindex(da.shape):
        places = [
            (stride * i + u, stride * j + v) for u, v in itertools.product(range(size), repeat=2)
        ]
        if kind == "max":
            largest = max(x[place] for place in places)
            places = [place for place in places if x[place] == largest]
        if kind == "max" and ties == "first":
            places = places[:1]
        part = da[i, j] if (kind, ties) == ("max", "every") else da[i, j] / len(places)
        for place in places:
            dx[place] += part
    return dx


def test_starts_on_the_worked_example():
    explorer = explorers.mask_viewer()
    picture = explorer.picture
    np.testing.assert_array_equal(numbers(picture, "X"), X)
    np.testing.assert_array_equal(numbers(picture, "A"), example.POOL_A)
    np.testing.assert_array_equal(numbers(picture, "dA"), example.POOL_DA)
    np.testing.assert_array_equal(numbers(picture, "dX"), example.POOL_DX)
    np.testing.assert_array_equal(numbers(picture, "mask"), example.POOL_DX > 0)
    assert picture.alt == (
        "Window [0, 0] holds 1, 3, 3, 0; the largest is 3, which stands there 2 times. The first "
        "of them gets dA[0, 0] = 10, at dX[0, 1]. Cell X[0, 1] = 3 gets 10. Sum of dA 100, sum of "
        "dX 100."
    )
    assert picture.alt in explorer.view.alt


@pytest.mark.parametrize(
    ("ties", "first_window", "last_window", "total"),
    [
        ("first", [[0, 10], [0, 0]], [[40, 0], [0, 0]], 100),
        ("split", [[0, 5], [5, 0]], [[20, 0], [0, 20]], 100),
        ("every", [[0, 10], [10, 0]], [[40, 0], [0, 40]], 150),
    ],
)
def test_the_three_policies_on_the_two_ties(ties, first_window, last_window, total):
    picture = mask_picture(X, ties=ties)
    dx = numbers(picture, "dX")
    np.testing.assert_array_equal(dx[:2, :2], first_window)
    np.testing.assert_array_equal(dx[2:, 2:], last_window)
    assert f"sum {total}" in texts(picture) and f"sum of dX {total}." in picture.alt
    assert ("the sum is kept" in texts(picture)) == (total == 100)
    assert ("150 is not 100" in texts(picture)) == (total == 150)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_every_setting_shows_the_definition(size, stride):
    x = np.random.default_rng(10 * size + stride).integers(-2, 3, (4, 4))
    for kind, ties in [("average", "first"), *(("max", t) for t in ("first", "split", "every"))]:
        picture = mask_picture(x, kind, size, stride, ties, window_row=3, window_column=0)
        pool = loops.maxpool2d_forward if kind == "max" else loops.avgpool2d_forward
        a = pool(x[None, :, :, None], size, stride)[0][0, :, :, 0]
        np.testing.assert_allclose(numbers(picture, "A"), a, atol=0.006)
        da = upstream(a.shape)
        np.testing.assert_array_equal(numbers(picture, "dA"), da)
        dx = by_definition(x, size, stride, kind, ties, da)
        np.testing.assert_allclose(numbers(picture, "dX"), dx, rtol=0.006)
        shares = masks(x, size, stride, kind, ties)
        np.testing.assert_allclose(np.einsum("ij,ijrc->rc", da, shares), dx)
        shown = shares[-1, 0] if stride < size else shares.sum(axis=(0, 1))
        np.testing.assert_allclose(numbers(picture, "mask"), shown)
        found = re.findall(r"sum of d[AX] (\d+(?:\.\d+)?)", picture.alt, re.IGNORECASE)
        np.testing.assert_allclose([float(v) for v in found], [da.sum(), dx.sum()], rtol=1e-3)


def test_the_masks_are_those_of_the_course():
    x = np.random.default_rng(0).integers(-2, 3, (7, 9))
    for size, stride in ((2, 2), (3, 2), (2, 3)):
        a, cache = F.maxpool2d_forward(x[None, :, :, None], size, stride)
        da = upstream(a.shape[1:3]).astype(float)
        dx = F.maxpool2d_backward(da[None, :, :, None], cache)[0, :, :, 0]
        np.testing.assert_array_equal(np.einsum("ij,ijrc->rc", da, masks(x, size, stride)), dx)


def test_overlapping_windows_add_up():
    alt = mask_picture(X, stride=1, window_row=1, window_column=1, row=1, column=2).alt
    assert "Cell X[1, 2] = 1 gets 50 + 60 = 110." in alt
    assert "= Σ" in texts(mask_picture(X, stride=1)) and "=" in texts(mask_picture(X))


def test_what_no_window_reads_gets_nothing():
    picture = mask_picture(X, size=3, row=3, column=1)
    assert "Cell X[3, 1] = −3 is read by no window: its gradient is 0." in picture.alt
    assert not numbers(picture, "dX")[3].any()


def test_the_chosen_number_can_be_changed():
    explorer = explorers.mask_viewer()
    value = explorer.children[2].children[2]
    assert value.description == "its value" and value.value == 3
    value.value = 2  # the tie is gone: the 3 below wins alone
    assert numbers(explorer.picture, "X")[0, 1] == 2
    assert "the largest is 3. It gets dA[0, 0] = 10, at dX[1, 0]." in explorer.picture.alt
    explorer.controls["row"].value = 2
    assert value.value == X[2, 1] == -1
    assert numbers(explorer.picture, "X")[0, 1] == 2  # choosing changes nothing
    worked, zeros = explorer.children[0].children[2:]
    zeros.click()
    assert not numbers(explorer.picture, "X").any() and value.value == 0
    worked.click()
    np.testing.assert_array_equal(numbers(explorer.picture, "X"), X)
    assert value.value == -1


def test_clicks_choose_windows_and_numbers():
    explorer = explorers.mask_viewer()
    click(explorer, "A", (1, 0))
    assert explorer.picture.alt.startswith("Window [1, 0] holds 0, −1, −1, −3;")
    click(explorer, "dX", (3, 2))
    assert "Cell X[3, 2] = −5 gets 0." in explorer.picture.alt
    assert explorer.children[2].children[2].value == -5
    click(explorer, "dA", (0, 1))
    assert "dA[0, 1] = 20" in explorer.picture.alt


def test_sliders_follow_the_size_of_the_output():
    explorer = explorers.mask_viewer()
    state = explorer.controls
    state["stride"].value = 1
    assert state["window_row"].max == state["window_column"].max == 2
    state["window_row"].value = 2
    state["size"].value = 4  # one window is left
    assert state["window_row"].disabled and "Window [0, 0]" in explorer.picture.alt
    state["size"].value, state["kind"].value = 1, "average"
    assert not state["window_row"].disabled and state["ties"].disabled


def test_the_first_slider_changes_the_sentence():
    explorer = explorers.mask_viewer()
    before = explorer.view.alt
    explorer.controls["window_row"].value += 1
    assert explorer.view.alt != before


@pytest.mark.parametrize("state", [{}, {"size": 1, "stride": 1}], ids=["the first", "the largest"])
def test_redraws_at_once(state):
    explorer = explorers.mask_viewer()
    explorer.set(**state)
    assert cpu_seconds(explorer.set) < 0.2  # 0.09 and 0.10 when it was written

"""The receptive field explorer of lesson 02, against outputs that really change."""

import matplotlib
import numpy as np
import pytest
from helpers import cpu_seconds

from cnn_course import explorers
from cnn_course.explorers.receptive_field import STACKS, field_picture, levels, seen_by
from cnn_utils.functional import conv2d_forward

CASES = {
    **STACKS,
    "a stride that does not fit": (8, [(3, 2, 0), (3, 1, 1)]),
    "gaps between windows": (20, [(2, 3, 0), (2, 2, 1)]),
    "even windows": (17, [(2, 1, 1), (4, 2, 2), (3, 3, 0)]),
    "one layer": (5, [(5, 1, 4)]),
}


def texts(picture):
    return [text.get_text() for text in picture.findobj(matplotlib.text.Text)]


def poked(n, layers):
    """Which pixels change which outputs: (outputs, n), by poking the pixels one by one."""
    x = np.zeros((n + 1, 1, n, 1))
    x[np.arange(n), 0, np.arange(n), 0] = 1
    for k, stride, padding in layers:  # positive weights: no effect is cancelled by another
        w = np.ones((1, k, 1, 1))
        x, _ = conv2d_forward(x, w, np.zeros(1), (1, stride), (0, padding))
    return (x[:-1, 0, :, 0] != x[-1:, 0, :, 0]).T


@pytest.mark.parametrize("name", CASES)
def test_the_pixels_seen_are_those_that_change_the_output(name):
    n, layers = CASES[name]
    changes = poked(n, layers)
    top = levels(n, layers)[-1]
    assert top.size == len(changes)
    for unit, row in enumerate(changes):
        pixels = [i for i in seen_by(n, layers, unit)[0] if 0 <= i < n]
        assert pixels == np.flatnonzero(row).tolist()
        first = top.start + unit * top.jump
        assert not pixels or first <= pixels[0] <= pixels[-1] < first + top.field
        alt = field_picture(n, layers, unit).alt
        assert f"Output unit {unit} of {top.size} depends on {len(pixels)} pixels" in alt
        assert not pixels or f"from {pixels[0]} to {pixels[-1]}" in alt


@pytest.mark.parametrize("name", ["the lesson's stack", "even windows"])
def test_r_and_j_are_what_an_output_far_from_the_borders_shows(name):
    layers = CASES[name][1]
    changes = poked(80, layers)
    top = levels(80, layers)[-1]
    middle = len(changes) // 2
    assert changes[middle].sum() == top.field
    assert np.argmax(changes[middle + 1]) - np.argmax(changes[middle]) == top.jump


def test_the_table_and_the_sentence_show_each_step():
    picture = field_picture(*STACKS["the small sign model"], unit=1)
    seen = "\n".join(texts(picture))
    for step in ("1 + 4 · 1 = 5", "5 + 7 · 1 = 12", "12 + 4 · 8 = 44", "44 + 3 · 8 = 68"):
        assert step in seen
    assert "4 · 8 = 32\n1 · 8 = 8\n8 · 1 = 8\n1 · 1 = 1\n1" in seen
    assert "Layer 4: j = 4·8 = 32, r = 44 + (4 − 1)·8 = 68, size 2." in picture.alt
    assert "sees 50 of 64 pixels" in picture._suptitle.get_text()


def test_a_layer_that_does_not_fit_is_named():
    picture = field_picture(10, [(3, 1, 0), (8, 8, 0), (3, 1, 0)])
    assert "layer 3: a window of size 3 does not fit into an axis of size 1" in picture.alt
    assert any("layer 3" in text for text in texts(picture))


def test_extreme_states_give_pictures():
    for n in (4, 64):
        for layer in ((1, 1, 4), (8, 8, 4), (1, 8, 0), (8, 1, 0)):
            for depth in (1, 4):
                for unit in (0, 99):
                    assert field_picture(n, [layer] * depth, unit).alt


def test_it_starts_on_the_example_and_follows_its_controls():
    explorer = explorers.receptive_field()
    assert "r = 5 + (3 − 1)·2 = 9" in explorer.view.alt
    assert "Output unit 0 of 3 depends on 9 pixels, from 0 to 8." in explorer.view.alt
    unit = explorer.controls["unit"]
    assert unit is explorer.children[0].children[0] and unit.max == 2
    unit.value = 2
    assert "from 4 to 12" in explorer.view.alt
    explorer.controls["pixels"].value = 11  # two outputs are left
    assert unit.max == unit.value == 1 and "Output unit 1 of 2" in explorer.view.alt
    explorer.controls["depth"].value = 2
    assert explorer.controls["kernel_3"].disabled and not explorer.controls["kernel_2"].disabled
    assert "Layer 3" not in explorer.view.alt


def test_its_buttons_set_whole_stacks():
    explorer = explorers.receptive_field()
    for button, (n, layers) in zip(explorer.children[1].children, STACKS.values(), strict=True):
        explorer.controls["unit"].value = 1
        button.click()
        last = levels(n, layers)[-1]
        assert explorer.controls["unit"].max == last.size - 1 and explorer.state["unit"] == 0
        assert explorer.view.alt == field_picture(n, layers, 0).alt


@pytest.mark.parametrize("state", [STACKS["the lesson's stack"], (64, [(1, 1, 4)] * 4)])
def test_it_redraws_at_once(state):
    """Measured on a busy machine with two cores: about 60 and 75 ms of processor time."""
    assert cpu_seconds(lambda: field_picture(*state).png(small=False)) < 0.2

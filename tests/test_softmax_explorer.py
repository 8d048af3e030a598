"""The explorer of lesson 08: what it shows is right, in every state, and it shows it at once."""

import itertools
import math
import re

import numpy as np
import pytest
from helpers import cpu_seconds

from cnn_course import explorers
from cnn_course.explorers.softmax_explorer import (
    LOGITS,
    number,
    softmax_picture,
    softmax_steps,
)
from cnn_course.figures.surprise import surprise_curve


def texts(picture):
    return [text.get_text() for text in picture.axis.texts]


def shown_row(alt, name):
    """The numbers in brackets behind a name in the sentence."""
    found = re.search(re.escape(name) + r" = \(([^)]*)\)", alt).group(1)
    return [float(text.replace("−", "-")) for text in found.split(", ")]


def reference(z, true):
    """Softmax, loss and gradient with Python's own floats, from their definitions."""
    largest = max(z)
    e = [math.exp(v - largest) for v in z]
    p = [v / sum(e) for v in e]
    loss = largest + math.log(sum(e)) - z[true]
    return p, loss, [v - (k == true) for k, v in enumerate(p)]


def test_starts_on_the_worked_example():
    explorer = explorers.softmax_explorer()
    alt = explorer.picture.alt
    assert shown_row(alt, "p") == [1 / 8, 2 / 8, 5 / 8]
    assert shown_row(alt, "e to the z") == [1, 2, 5]
    assert shown_row(alt, "gradient p − y") == [1 / 8, -6 / 8, 5 / 8]
    assert "true class 1" in alt and "= 1.3863" in alt and "its sum 0." in alt
    assert alt in explorer.view.alt
    assert {"+0.125", "−0.750", "+0.625", "sum 8.000", "sum 0"} <= set(texts(explorer.picture))


@pytest.mark.parametrize("method", ["naive", "shifted"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("z", "true", "shift"),
    [((0, 0, 0), 2, 0), ((-5, 5, 0.5), 0, 0), ((1, -2.5, 3), 2, 20), ((0, 4, 4), 1, -30)],
)
def test_numbers_are_those_of_the_definition(z, true, shift, method, dtype):
    picture = softmax_picture(*z, true=true, shift=shift, method=method, dtype=dtype)
    p, loss, dz = reference(z, true)
    close = {"rel": 2e-5 if dtype == "float32" else 1e-6, "abs": 6e-5}
    assert shown_row(picture.alt, ", p") == pytest.approx(p, **close)
    assert shown_row(picture.alt, "gradient p − y") == pytest.approx(dz, **close)
    shown_loss = float(re.search(rf"−ln p\[{true}\] = ([\d.]+),", picture.alt).group(1))
    assert shown_loss == pytest.approx(loss, abs=1e-4)
    for value in p:
        assert number(value, 3) in texts(picture)
    for value in dz:
        assert number(value, 3, sign=True) in texts(picture)
    assert "its sum 0." in picture.alt


@pytest.mark.parametrize(("dtype", "last_good"), [("float64", 700), ("float32", 80)])
def test_the_naive_form_overflows_where_the_dtype_ends(dtype, last_good):
    assert "Overflow" not in softmax_picture(shift=last_good, dtype=dtype).alt
    picture = softmax_picture(shift=last_good + 10, dtype=dtype)
    assert picture.alt.count("nan") >= 7 and f"more than {dtype} can hold" in picture.alt
    assert "L = −ln p[1] = −ln nan = nan" in texts(picture)
    assert picture._suptitle.get_text().startswith("Overflow")
    shifted = softmax_picture(shift=last_good + 10, dtype=dtype, method="shifted")
    assert shown_row(shifted.alt, ", p") == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=1e-4)
    assert "nan" not in shifted.alt and "= 1.3863" in shifted.alt


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"shift": -1000}, "0 / 0 is nan"),
        ({"z0": -5, "z1": 5, "true": 0, "shift": -100, "dtype": "float32"}, "−ln 0 is inf"),
        ({"z0": -2, "z1": -2, "z2": -2, "shift": 90, "dtype": "float32"}, "every p is 0"),
    ],
)
def test_every_failure_is_told_in_words(state, words):
    assert words in softmax_picture(**state).alt
    assert words not in softmax_picture(**{**state, "method": "shifted"}).alt


def test_naive_steps_are_exactly_the_formula():
    z = np.log([1.0, 2.0, 5.0])
    naive, shifted = softmax_steps(z, 1, False), softmax_steps(z, 1, True)
    np.testing.assert_allclose(naive.p, [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)
    np.testing.assert_allclose(naive.dz, shifted.dz, atol=1e-15)
    np.testing.assert_allclose(shifted.e, [1 / 5, 2 / 5, 1], rtol=1e-15)
    assert softmax_steps(z.astype(np.float32), 1, False).dz.dtype == np.float32


def test_bars_are_as_long_as_their_numbers_and_the_true_one_is_hatched():
    bars = softmax_picture(true=2).axis.patches
    assert len(bars) == 6
    p_bars, dz_bars = bars[0::2], bars[1::2]
    lengths = np.array([bar.get_width() for bar in p_bars])
    np.testing.assert_allclose(lengths / lengths.sum(), [1 / 8, 2 / 8, 5 / 8])
    gradients = np.array([bar.get_width() for bar in dz_bars])
    np.testing.assert_allclose(gradients / gradients[0], [1, 2, -3])
    assert [bool(bar.get_hatch()) for bar in p_bars] == [False, False, True]


@pytest.mark.filterwarnings("error")
def test_every_setting_gives_a_picture():
    extremes = itertools.product(
        (-5, 5), (5,), (0, 2), (-1000, 90, 710, 1000), ("naive", "shifted"),
        ("float64", "float32"),
    )  # fmt: skip
    for z0, z1, true, shift, method, dtype in extremes:
        picture = softmax_picture(z0, z1, 0.0, true, shift, method, dtype)
        assert len(picture.alt) > 100 and len(texts(picture)) > 20


def test_controls_move_the_picture():
    explorer = explorers.softmax_explorer()
    before = explorer.picture.alt
    stop = LOGITS.index(explorer.controls["z0"].value)
    explorer.controls["z0"].value = LOGITS[stop + 1]  # what ArrowRight does
    assert explorer.picture.alt != before and "z = (0.5000" in explorer.picture.alt
    explorer.set(true=0, shift=1000, method="naive")
    assert "Overflow" in explorer.view.alt
    explorer.set(method="shifted", dtype="float32")
    assert "Overflow" not in explorer.view.alt and "float32" in explorer.view.alt
    assert explorer.view.png.startswith(b"\x89PNG")


def test_redraws_within_a_fifth_of_a_second():
    """On two idle cores it took 0.07 s, whatever the state."""
    for state in ({}, {"shift": 1000, "method": "shifted"}):
        assert cpu_seconds(lambda state=state: softmax_picture(**state).png(small=False)) < 0.2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (-0.75, "−0.750"), (1e-9, "1.0e−09"), (2e304, "2.0e+304")],
)
def test_numbers_are_written_for_people(value, text):
    assert number(value, 3) == text
    assert number(float("nan"), 3) == "nan" and number(float("-inf"), 3) == "−inf"


def test_surprise_curve_says_its_points():
    picture = surprise_curve({"the example": 0.25})
    assert "1.3863 at p = 0.25 (the example)" in picture.alt
    ((x, y),) = [line.get_xydata()[0] for line in picture.axes[0].lines[1:]]
    assert (x, y) == pytest.approx((0.25, math.log(4)))

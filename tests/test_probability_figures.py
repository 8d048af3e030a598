"""The probabilities of one image, the reliability diagram and its intervals."""

import numpy as np
import pytest
from helpers import texts
from scipy import stats

from cnn_course.figures.probabilities import probability_bars, reliability_diagram
from cnn_utils.plots import wilson_interval

EDGES = [0, 0.5, 0.9, 1]


@pytest.mark.parametrize(
    "right, n", [(0, 5), (5, 5), (3, 4), (98, 102), (120, 120), (9956, 10_000)]
)
def test_the_interval_is_scipys(right, n):
    low, high = wilson_interval(right, n)
    theirs = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=2e-5)  # 1.96 is rounded
    assert 0 <= low < high <= 1


def test_many_intervals_at_once():
    low, high = wilson_interval([3, 9], [4, 10])
    assert low[1] == wilson_interval(9, 10)[0] and high[0] == wilson_interval(3, 4)[1]


def test_probability_bars_name_the_predicted_and_the_true_class():
    image = np.zeros((28, 28, 1))
    words = texts(probability_bars(image, [0.1, 0.7, 0.2], names="abc", label=2))
    assert {"0.70 ← predicted", "0.20 ← true", "0.10"} <= set(words)
    words = texts(probability_bars(image, [0.1, 0.7, 0.2], names="abc", label=1))
    assert "0.70 ← predicted = true" in words


def test_the_diagram_says_every_bin_and_leaves_empty_ones_out():
    before = np.array([2, 0, 1000]), np.array([0.4, 0, 0.97]), np.array([0.5, 0, 0.991])
    after = np.array([1, 3, 998]), np.array([0.3, 0.7, 0.98]), np.array([1, 2 / 3, 0.99])
    picture = reliability_diagram({"before": before, "after": after}, EDGES, title="T")
    assert picture.alt.startswith(
        "T: before, 0 to 0.5: 2 answers, mean probability 0.400, right 0.500; before, 0.9 to 1: "
        "1,000 answers, mean probability 0.970, right 0.991; after, 0 to 0.5: 1 answers"
    )
    shown = texts(picture)
    assert {"before", "after", "1,000", "998", "0.5 –\n0.9", "95 %"} <= set(shown)
    assert "0" not in [text for text in shown if text.isdigit()]  # no count of an empty bin


def test_a_single_panel_fits():
    arrays = np.array([1, 1, 1]), np.array([0.4, 0.7, 0.97]), np.array([0.0, 1.0, 1.0])
    assert len(reliability_diagram({"one": arrays}, EDGES).png()) > 1000

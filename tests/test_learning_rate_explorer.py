"""The explorer of lesson 09 shows the trainings that were made, and judges them as it should."""

import itertools
import json
import math

import numpy as np
import pytest
from helpers import cpu_seconds, texts

from cnn_course.explorers import learning_rate_explorer
from cnn_course.explorers.learning_rate_explorer import (
    RUNS,
    VERDICTS,
    learning_rate_picture,
    read_runs,
    verdict,
)
from cnn_course.figures.training_runs import loss_panels, parabola_path, parabola_steps
from cnn_utils import recipes
from cnn_utils.optim import SGD

ABOUT, TRAININGS = read_runs()


def test_it_starts_on_the_training_of_the_lesson():
    explorer = learning_rate_explorer()
    assert explorer.state == {"rate": 0.1, "batch_size": 1, "seed": 0}
    assert explorer.view.alt.startswith("Learning rate 0.1, one by one, seed 0: 200 steps an epoch")
    assert "Right: it has learned." in explorer.view.alt


def test_every_combination_is_there_and_small_enough():
    expected = set(itertools.product(ABOUT["batch_sizes"], ABOUT["seeds"], ABOUT["rates"]))
    assert set(TRAININGS) == expected and len(expected) == 108
    assert RUNS.stat().st_size < 200_000
    assert all(len(run["loss"]) == ABOUT["epochs"] == 15 for run in TRAININGS.values())


@pytest.mark.parametrize("batch_size, rate, seed", [(10, 0.1, 0), (50, 0.5, 2)])
def test_the_trainings_are_what_the_model_does(batch_size, rate, seed):
    """Two of them, made again."""
    digits = recipes.zeros_and_ones()
    assert digits.source == ABOUT["data"]
    model = recipes.build("zero-one", seed)
    history = model.fit(
        digits.x_train,
        digits.y_train,
        epochs=5,
        batch_size=batch_size,
        optimizer=SGD(rate),
        seed=seed,
        progress=False,
    )
    stored = TRAININGS[batch_size, seed, rate]["loss"]
    assert history.loss == pytest.approx(stored[:5], abs=2e-4)


def test_the_sentence_states_the_numbers_of_its_training():
    stored = json.loads(RUNS.read_text(encoding="utf-8"))["runs"]
    for batch_size, seed, rate in [(1, 0, 0.001), (10, 1, 2.0), (50, 2, 0.5), (1, 2, 5.0)]:
        run = stored[f"{batch_size} {seed} {rate:g}"]
        picture = learning_rate_picture(rate, batch_size, seed)
        assert f"from {run['loss'][0]:.4f} in epoch 1 to {run['loss'][14]:.4f}" in picture.alt
        assert f"{run['train']} % of the training and {run['test']} % of the test" in picture.alt
        assert f"{200 // batch_size} steps an epoch" in picture.alt
        assert verdict(run["loss"]) in picture._suptitle.get_text()


def test_the_curve_and_the_diamond_are_where_the_losses_are():
    run = TRAININGS[10, 1, 0.02]["loss"]
    left, right = learning_rate_picture(0.02, 10, 1).axes
    bold = max(left.lines, key=lambda line: line.get_linewidth())
    assert 10 ** np.asarray(bold.get_ydata()) == pytest.approx(run)
    diamond = next(line for line in right.lines if line.get_marker() == "D")
    assert diamond.get_xdata()[0] == pytest.approx(math.log10(0.02))
    assert diamond.get_ydata()[0] == pytest.approx(math.log10(run[-1]))
    others = [line for line in right.lines if line.get_marker() == "x"]
    assert len(others) == 2 and all(len(line.get_xdata()) == 12 for line in others)


@pytest.mark.parametrize(
    "losses, expected",
    [
        ([0.7, 0.3, 0.05], "right"),
        ([0.7, 0.5, 0.3], "slow"),
        ([0.7, 0.69, 0.6], "too small"),
        ([0.8, 2.0, 0.05], "borderline"),
        ([7.9, 7.9, 7.9], "too large"),
        ([1.5, 1.2, 0.68], "too large"),
    ],
)
def test_verdicts(losses, expected):
    assert verdict(losses) == expected


@pytest.mark.parametrize("batch_size, seed", [*itertools.product([1, 10, 50], [0, 1, 2])])
def test_every_row_goes_from_too_small_to_too_large(batch_size, seed):
    found = [verdict(TRAININGS[batch_size, seed, rate]["loss"]) for rate in ABOUT["rates"]]
    assert found[0] == "too small" and found[-1] == "too large"
    order = ["too small", "slow", "right", "borderline", "too large"]
    places = [order.index(name) for name in found]
    assert places == sorted(places) and set(found) <= set(VERDICTS)


def test_far_below_the_limit_rate_over_batch_size_is_what_counts():
    """What section 6 of the lesson says."""
    for seed in ABOUT["seeds"]:
        ends = [TRAININGS[n, seed, 0.001 * n]["loss"][-1] for n in (1, 10, 50)]
        assert ends == pytest.approx([ends[0]] * 3, abs=0.01)


def test_a_training_that_was_never_made_is_told_in_words():
    picture = learning_rate_picture(0.3, 7, 9)
    assert "There is no training with rate 0.3, batches of 7, seed 9." == picture.alt


def test_each_step_of_the_slider_changes_the_sentence_quickly():
    explorer = learning_rate_explorer()
    told = {explorer.view.alt}
    for rate in ABOUT["rates"]:
        explorer.controls["rate"].value = rate
        told.add(explorer.view.alt)
    assert len(told) == len(ABOUT["rates"])  # the starting one is among them
    assert cpu_seconds(explorer.set) < 0.2  # 0.07 to 0.09 measured


def test_the_parabola_of_the_lesson():
    assert parabola_path(4, 0.25, 3) == [4, 2, 1, 0.5]
    assert parabola_path(4, 1.25, 3) == [4, -6, 9, -13.5]
    picture = parabola_steps(["1/4", 1.25])
    assert "with rate 1.25 w goes 4, −6, 9, −13.5" in picture.alt
    assert any("rate 1/4:\n4, 2, 1, 0.5" in text for text in texts(picture))


def test_loss_panels_show_every_curve():
    picture = loss_panels(
        {"A": {"x": [0.7, 0.1], "_": [1, 1]}, "B": {"x": [2, 1, 3], "_": [1, 1]}}, title="Two"
    )
    first, second = picture.axes
    assert [len(axis.lines) for axis in (first, second)] == [3, 3]  # one more each: ln 2
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["x"]
    assert second.get_ylim()[1] > 3 and first.get_ylim()[1] < 1.2
    assert "A x from 0.7 to 0.1; A from 1 to 1; B x from 2 to 3; B from 1 to 1" in picture.alt

"""The augmentation explorer of lesson 14: its numbers, its verdicts, its controls, its speed."""

import numpy as np
import pytest
from helpers import cpu_seconds, texts

from cnn_course.explorers import augmentation_explorer
from cnn_course.explorers.augmentation_explorer import augmentation_picture, judge
from cnn_utils.data import Augmenter

RNG = np.random.default_rng(0)
HANDS = RNG.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
HAND_LABELS = np.array([2, 5, 0])
DIGITS = RNG.integers(0, 256, (4, 28, 28, 1), dtype=np.uint8)
DIGIT_LABELS = np.array([0, 3, 6, 9])
START = Augmenter(shift=4, rotate=10, scale=0.1, brightness=0.1, edge="edge")


def test_it_starts_on_the_augmentation_of_the_recipe():
    explorer = augmentation_explorer(HANDS, HAND_LABELS)
    x = np.repeat(HANDS[:1].astype(np.float32) / 255, 8, axis=0)
    difference = START(x, np.random.default_rng(0)) - x
    away = np.sqrt(np.mean(difference.astype(np.float64) ** 2, axis=(1, 2, 3)))
    assert explorer.view.alt == (
        "Image 0, label 2. 8 copies with shift up to 4 pixels, turn up to 10°, scale ±10 %, "
        f"brightness ±0.10, seed 0: {away.min():.3f} to {away.max():.3f} from the original (root "
        "mean square difference). The label survives: still a hand with label 2."
    )
    shown = texts(explorer.picture)
    for distance in away:
        assert f"{distance:.3f} away" in shown


def test_nothing_changed_is_said_and_seen():
    board = augmentation_picture(HANDS[0], 2, Augmenter(), title="Image 0")
    assert "8 copies with no change" in board.alt and "0.000 to 0.000" in board.alt
    assert "Image 0, label 2: nothing is changed" in texts(board)


def test_brightness_alone_moves_every_copy_by_at_most_that_much():
    grey = np.full((64, 64, 3), 0.5, dtype=np.float32)
    board = augmentation_picture(grey, 1, Augmenter(brightness=0.2), seed=3)
    change = np.random.default_rng(3).uniform(-0.2, 0.2, 8)
    away = np.abs(change)
    assert f"{away.min():.3f} to {away.max():.3f} from the original" in board.alt


@pytest.mark.parametrize(
    "kind, label, changes, words",
    [
        ("digit", 3, {"flip": True}, "a mirrored 3 is no digit"),
        ("digit", 6, {"rotate": 180}, "a 6 becomes a 9"),
        ("digit", 9, {"rotate": 95}, "a 9 becomes a 6"),
        ("digit", 4, {"shift": 5}, "above 4 pixels"),
        ("digit", 4, {"shift": 4, "scale": 0.1}, "above 3 pixels"),
        ("digit", 4, {"scale": 0.5, "shift": 1}, "above 0 pixels"),
        ("digit", 7, {"elastic": 2}, "bend"),
        ("hand", 3, {"shift": 13}, "a finger may leave"),
        ("hand", 3, {"shift": 4, "scale": 0.3}, "a finger may leave"),
        ("hand", 3, {"brightness": 0.5}, "white"),
        ("hand", 3, {"elastic": 3}, "melt"),
    ],
)
def test_it_warns_where_the_label_is_lost(kind, label, changes, words):
    survives, told = judge(kind, label, Augmenter(**changes))
    assert not survives and words in told and told.startswith("The label may be lost")


@pytest.mark.parametrize(
    "kind, label, changes, words",
    [
        ("digit", 8, {"flip": True}, "still an 8."),
        ("digit", 0, {"rotate": 180}, "still a 0."),
        ("digit", 4, {"rotate": 60}, "lying on its side"),
        ("digit", 4, {"shift": 3, "scale": 0.1, "elastic": 0.6}, "still a 4."),
        ("digit", 4, {"brightness": 0.5}, "grey paper"),
        ("hand", 3, {"flip": True}, "as many fingers"),
        ("hand", 3, {"rotate": 180}, "hangs down"),
        ("hand", 3, {"flip": True, "rotate": 180}, "the other hand with as many fingers; no test"),
        ("hand", 3, {"shift": 4, "rotate": 10, "scale": 0.1, "brightness": 0.1}, "label 3."),
    ],
)
def test_it_says_when_the_label_survives(kind, label, changes, words):
    survives, told = judge(kind, label, Augmenter(**changes))
    assert survives and words in told and told.startswith("The label survives")


def test_controls_and_the_digits():
    explorer = augmentation_explorer(HANDS, HAND_LABELS, digits=(DIGITS, DIGIT_LABELS))
    seed, before = explorer.controls["seed"], explorer.view.alt
    seed.value = 1
    assert "seed 1" in explorer.view.alt and explorer.view.alt != before
    explorer.controls["number"].value = 2
    assert explorer.view.alt.startswith("Image 2, label 0.")
    explorer.controls["which"].value = "digits"
    assert explorer.view.alt.startswith("Image 2, label 6.")
    assert "above 3 pixels" in explorer.view.alt  # what suits a hand is too much for a digit
    explorer.set(flip=True, shift=0)
    assert "half of them mirrored" in explorer.view.alt
    assert explorer.view.alt.endswith("a mirrored 6 is no digit.")
    explorer.controls["number"].value = 3
    explorer.controls["which"].value = "hands"
    assert explorer.view.alt.startswith("Image 2, label 0.")
    assert "other hand" in explorer.view.alt


def test_without_digits_it_offers_no_choice_and_digits_alone_are_known():
    explorer = augmentation_explorer(DIGITS, DIGIT_LABELS)
    assert "still a 0" in explorer.view.alt or "shift above" in explorer.view.alt
    assert explorer.controls["which"] not in explorer.children[0].children


@pytest.mark.parametrize("end", ["min", "max"])
def test_extreme_states_give_a_picture(end):
    explorer = augmentation_explorer(HANDS, HAND_LABELS, digits=(DIGITS, DIGIT_LABELS))
    sliders = ("seed", "shift", "rotate", "scale", "brightness", "elastic")
    explorer.set(flip=True, **{name: getattr(explorer.controls[name], end) for name in sliders})
    assert "8 copies with" in explorer.view.alt
    explorer.controls["which"].value = "digits"
    assert "8 copies with" in explorer.view.alt


def test_it_redraws_at_once():
    explorer = augmentation_explorer(HANDS, HAND_LABELS)
    explorer.set(elastic=2, flip=True)
    assert cpu_seconds(explorer.set) < 0.2  # measured: 0.06 s on a busy machine

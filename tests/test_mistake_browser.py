"""The explorer that goes through a model's answers: its order, numbers, filters, speed."""

import numpy as np
import pytest
from helpers import cpu_seconds, texts

from cnn_course.explorers import mistake_browser
from cnn_course.explorers.mistake_browser import chosen, mistake_picture, nearest_right

# six images of 2×2 pixels whose distances can be worked out in the head
IMAGES = np.zeros((6, 2, 2, 1), dtype=np.uint8)
for number, value in enumerate([0, 51, 102, 255, 204, 25.5]):
    IMAGES[number] = value
LABELS = np.array([0, 0, 1, 1, 2, 2])
P = np.array(
    [
        [0.9, 0.1, 0.0],  # right
        [0.3, 0.7, 0.0],  # 0 taken for 1
        [0.2, 0.8, 0.0],  # right
        [0.0, 0.6, 0.4],  # right
        [0.5, 0.4, 0.1],  # 2 taken for 0
        [0.95, 0.05, 0.0],  # 2 taken for 0
    ]
)
STATE = (IMAGES, LABELS, P)


@pytest.fixture(scope="module")
def many():
    """Ten thousand random images with answers of which about a third are wrong."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (10_000, 28, 28, 1), dtype=np.uint8)
    labels = rng.integers(0, 10, 10_000)
    logits = rng.normal(size=(10_000, 10)) + 2.7 * np.eye(10)[labels]
    p = np.exp(logits)
    return images, labels, p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({}, [5, 1, 4]),
        ({"order": "least sure first"}, [4, 1, 5]),
        ({"true": 2}, [5, 4]),
        ({"predicted": 1}, [1]),
        ({"true": 1}, []),
        ({"show": "right answers"}, [0, 2, 3]),
        ({"show": "all images"}, [5, 0, 2, 1, 3, 4]),
        ({"show": "all images", "true": 1, "predicted": 1}, [2, 3]),
    ],
)
def test_which_images_are_shown_in_which_order(arguments, expected):
    assert chosen(LABELS, P, **arguments).tolist() == expected


def test_neighbours_are_of_the_class_and_read_rightly():
    found, distances = nearest_right(IMAGES, LABELS, P.argmax(axis=1), 1, 1)
    assert found.tolist() == [2, 3]
    np.testing.assert_allclose(distances, [0.2, 0.8], rtol=1e-6)
    assert nearest_right(IMAGES, LABELS, P.argmax(axis=1), 0, 0)[0].tolist() == []  # not itself
    assert nearest_right(IMAGES, LABELS, P.argmax(axis=1), 4, 2)[0].tolist() == []


def test_a_mistake_in_words_and_numbers():
    board = mistake_picture(*STATE, number=2)
    assert board.alt == (
        "Mistake 2 of 3, image 1: true class 0, taken for 1 with p = 0.7000; the true class got "
        "0.3000 and comes in place 2. Nearest image read rightly as 0: 0.200 away; as 1: 0.200 "
        "away."
    )
    shown = texts(board)
    assert {"image 1", "0.7000  ◀ predicted", "0.3000  ◀ true", "0.0000"} <= set(shown)
    assert shown.count("0.200 away") == 2 and "0.800 away" in shown


def test_a_right_answer_is_shown_beside_the_second_best_class():
    board = mistake_picture(*STATE, names=("none", "one", "two"), show="right answers", number=3)
    assert board.alt.startswith(
        "Right answer 3 of 3, image 3: true class one, read rightly with p = 0.6000; two comes "
        "second with 0.4000. Nearest image read rightly as one: 0.600 away."
    )
    assert "there is none" in texts(board)  # no image of two is read rightly


def test_every_state_gives_a_picture():
    for show in ("mistakes", "right answers", "all images"):
        for true in (None, 0, 1, 2):
            for predicted in (None, 0, 1, 2):
                board = mistake_picture(*STATE, None, show, true, predicted, "surest first", 99)
                count = len(chosen(LABELS, P, show, true, predicted))
                assert (f"{count} of {count}" if count else "There are no") in board.alt
                assert len(board.png(small=False)) > 1000


def test_the_explorer_filters_and_starts_again_at_the_surest():
    explorer = mistake_browser(*STATE)
    number = explorer.controls["number"]
    assert explorer.view.alt.startswith("Mistake 1 of 3, image 5: true class 2, taken for 0")
    assert explorer.controls["true"].label == explorer.controls["predicted"].label == "any"
    number.value = 2
    assert explorer.view.alt.startswith("Mistake 2 of 3, image 1")
    explorer.controls["true"].value = 2
    assert (number.value, number.max) == (1, 2)
    assert explorer.view.alt.startswith("Mistake 1 of 2, image 5")
    explorer.controls["predicted"].value = 1
    told = "There are no mistakes with true class 2 and predicted class 1."
    assert explorer.view.alt == told and number.max == 1
    explorer.controls["show"].value = "right answers"
    assert "the same class twice" in explorer.view.alt


def test_it_can_begin_with_all_images_and_wants_what_belongs_together():
    explorer = mistake_browser(*STATE, show="all images")
    assert explorer.view.alt.startswith("Image 1 of 6, image 5")
    with pytest.raises(ValueError, match="belong together"):
        mistake_browser(IMAGES[:5], LABELS, P)
    with pytest.raises(ValueError, match=r"\(N, K\)"):
        mistake_browser(IMAGES, LABELS, P.argmax(axis=1))


def test_floats_and_bytes_show_the_same(many):
    images, labels, p = (array[:200] for array in many)
    floats = images.astype(np.float32) / 255
    assert mistake_picture(images, labels, p).alt == mistake_picture(floats, labels, p).alt


def test_it_redraws_at_once(many):
    explorer = mistake_browser(*many, show="all images")
    assert cpu_seconds(explorer.set) < 0.2  # measured: 0.08 s on a busy machine

"""cnn_course.page.recognition and what_if: the answers, when they are sure, and the look inside."""

import numpy as np
import pytest

from cnn_course.drawn.digits import make_digits
from cnn_course.drawn.hands import make_hands
from cnn_course.page.preparation import Prepared
from cnn_course.page.recognition import SURE, TEMPERATURE, Recogniser
from cnn_course.page.what_if import WHAT_IF, lit, rotated, shifted, sweep, thickened
from cnn_utils.functional import softmax

DRAWN, LABELS = make_digits(20, np.random.default_rng(3))
X = (DRAWN.reshape(-1, 28, 28, 1) / 255).astype(np.float32)


def ready(image):
    return Prepared(steps=(), image=image, problem="")


@pytest.fixture
def digits():
    return Recogniser.digits()


def test_a_network_is_loaded_once():
    assert Recogniser.digits() is Recogniser.digits()
    assert Recogniser.hands() is not Recogniser.digits()
    assert (Recogniser.digits().classes, Recogniser.hands().classes) == (10, 6)


def test_drawn_digits_are_read(digits):
    answers = [digits.answer(ready(image)) for image in X]
    assert np.mean([a.digit == label for a, label in zip(answers, LABELS, strict=True)]) >= 0.95
    for answer in answers:
        assert answer.probabilities.shape == (10,)
        assert np.isclose(answer.probabilities.sum(), 1)
        assert answer.digit == answer.probabilities.argmax()
        assert answer.sure == (answer.probabilities.max() >= SURE)
        assert answer.sentence.startswith("This is a" if answer.sure else "Not sure: perhaps a")


def test_no_image_gives_the_problem_and_no_digit(digits):
    answer = digits.answer(Prepared(steps=(), image=None, problem="Nothing is drawn yet."))
    assert (answer.digit, answer.sure) == (None, False)
    assert answer.sentence == "Nothing is drawn yet."
    assert answer.probabilities.tolist() == [0] * 10


@pytest.mark.parametrize(
    ("p", "sure", "sentence"),
    [
        ({4: 0.98, 9: 0.02}, True, "This is a 4 (98 %)."),
        ({8: 0.96, 3: 0.04}, True, "This is an 8 (96 %)."),
        ({4: 0.52, 9: 0.31, 7: 0.17}, False, "Not sure: perhaps a 4 (52 %) or a 9 (31 %)."),
        ({1: 0.999, 7: 0.001}, True, "This is a 1 (over 99 %)."),  # never 100 %
        ({1: 0.5, 8: 0.5}, False, "Not sure: perhaps a 1 (50 %) or an 8 (50 %)."),
        ({1: SURE, 7: 1 - SURE}, True, "This is a 1 (90 %)."),
        ({1: SURE - 1e-4, 7: 0.1}, False, None),  # and is not rounded up to sure
    ],
)
def test_the_sentence(digits, monkeypatch, p, sure, sentence):
    row = np.array([p.get(k, 0.0) for k in range(10)])
    monkeypatch.setattr(Recogniser, "probabilities", lambda self, images: row[None])
    answer = digits.answer(ready(X[0]))
    assert answer.sure is sure
    assert sentence in (None, answer.sentence)


def test_probabilities_are_tempered(digits):
    z = digits.model.forward(X).astype(np.float64)
    p = digits.probabilities(X)
    assert p.dtype == np.float64
    assert np.allclose(p, softmax(z / TEMPERATURE["mnist"]), rtol=1e-9)
    assert not np.allclose(p, softmax(z), rtol=1e-9)


def test_many_images_come_back_in_their_order(digits):
    many = np.concatenate([X] * 26)  # 520: more than the network is given at a time
    p = digits.probabilities(many)
    assert p.shape == (520, 10)
    assert np.allclose(p, np.tile(digits.probabilities(X), (26, 1)), rtol=1e-4, atol=1e-7)


def test_inside_gives_the_maps_of_every_layer(digits):
    before = X[0].copy()
    trace = {row.name: row.a[0] for row in digits.model.trace(X[:1], LABELS[:1])}
    for n, name in enumerate(digits.layers):
        assert np.array_equal(digits.inside(X[0], n), trace[name])
        assert digits.inside(X[0], n).min() >= 0
    assert digits.inside(X[0]).shape == (14, 14, 16)
    assert np.array_equal(X[0], before)
    with pytest.raises(IndexError):
        digits.inside(X[0], len(digits.layers))


@pytest.mark.parametrize("make", [Recogniser.digits, Recogniser.hands])
def test_saliency_is_the_slope_of_the_score(make):
    recogniser = make()
    shape = recogniser.model.input_shape
    image = np.random.default_rng(1).random(shape).astype(np.float32)
    digit = 3
    found = recogniser.saliency(image, digit)
    assert found.shape == shape[:2] and found.min() >= 0
    row, column = np.unravel_index(found.argmax(), found.shape)
    slopes = []
    for channel in range(shape[2]):
        step = np.zeros_like(image)
        step[row, column, channel] = 1e-3
        above, below = (recogniser.model.forward(x[None])[0] for x in (image + step, image - step))
        slopes.append(abs(above[digit] - below[digit]) / 2e-3)
    assert np.isclose(max(slopes), found[row, column], rtol=0.1)
    assert not np.array_equal(found, recogniser.saliency(image, 1))


def test_hands_are_named_without_an_article():
    images, _ = make_hands(1, np.random.default_rng(0))
    answer = Recogniser.hands().answer(ready((images[0] / 255).astype(np.float32)))
    assert answer.probabilities.shape == (6,)
    assert f"{answer.digit} (" in answer.sentence and f" a {answer.digit}" not in answer.sentence


def test_shifting_goes_down_and_right():
    moved = shifted(X[0], down=3, right=-2)
    assert np.array_equal(moved[3:, :-2], X[0][:-3, 2:])
    assert not moved[:3].any() and not moved[:, -2:].any()


def test_turning_goes_anticlockwise():
    image = np.zeros((5, 5, 1))
    image[2, 4] = 1  # on the right, in the middle
    assert np.isclose(rotated(image, 90)[0, 2], 1)  # now on top
    assert np.array_equal(rotated(image, 0), image)


def test_thickening_by_whole_pixels_and_parts():
    image = np.zeros((5, 5, 1), np.float32)
    image[2, 2] = 1
    before = image.copy()
    cross = [[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert thickened(image, 1)[..., 0].tolist() == cross
    assert thickened(image, 0.25)[1, 2] == 0.25 and thickened(image, 0.25)[2, 2] == 1
    assert thickened(image, 2).sum() == 13  # the cross of a cross
    assert np.array_equal(thickened(thickened(image, 1), -1), image)
    assert not thickened(image, -1).any()
    assert thickened(image, 0.5).dtype == np.float32
    assert np.array_equal(thickened(image), image) and thickened(image) is not image
    assert np.array_equal(image, before)


def test_every_change_does_what_its_name_says():
    assert np.array_equal(WHAT_IF["down"](X[0], 2), shifted(X[0], down=2))
    assert np.array_equal(WHAT_IF["right"](X[0], 2), shifted(X[0], right=2))
    assert np.array_equal(WHAT_IF["turn"](X[0], 20), rotated(X[0], 20))
    assert np.array_equal(WHAT_IF["thicken"](X[0], 1), thickened(X[0], 1))
    assert np.array_equal(WHAT_IF["light"](X[0], -20), lit(X[0], -20))


def test_light_stays_within_what_an_image_can_be():
    image = np.array([0.2, 0.5, 0.8], np.float32).reshape(1, 1, 3)
    assert np.allclose(lit(image, 50), [[[0.3, 0.75, 1]]]) and lit(image, 50).dtype == np.float32
    assert np.allclose(lit(image, -50), image / 2)
    assert np.array_equal(lit(image), image)


def test_a_photograph_gets_no_black_rim():
    image = np.full((6, 6, 3), 0.5, np.float32)
    assert np.array_equal(shifted(image, down=2, right=-1), image)
    assert np.allclose(rotated(image, 30), image)


def test_what_if_nothing_changes_the_answer_stays(digits):
    straight = digits.probabilities(X[:1])
    for change in WHAT_IF:
        swept = sweep(digits, X[0], change, [0])
        assert np.allclose(swept, straight, rtol=1e-4, atol=1e-7)


def test_a_sweep_has_a_row_for_every_amount(digits):
    amounts = [-60, 0, 60]
    swept = sweep(digits, X[0], "turn", amounts)
    for row, amount in zip(swept, amounts, strict=True):
        alone = digits.probabilities(rotated(X[0], amount)[None])[0]
        assert np.allclose(row, alone, rtol=1e-4, atol=1e-7)
    assert not np.allclose(swept[0], swept[1], atol=1e-3)

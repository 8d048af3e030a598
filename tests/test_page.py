"""The page without a browser: what it makes of what a browser sends, hostile or not."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_course.page import app as module
from cnn_course.page.app import CARD, SLIDERS, app
from cnn_course.page.canvas import MOST_POINTS, SIDE, Canvas, draw, read_strokes
from cnn_course.page.pictures import heat, png

ROOT = Path(__file__).resolve().parent.parent
SEVEN = [[0.08, 0.25, 0.2, 0.75, 0.2, 0.45, 0.85]]
ONE = [[0.08, 0.5, 0.15, 0.5, 0.85]]


@pytest.fixture(scope="module")
def shared():
    """A page; making one takes a moment."""
    return app()


@pytest.fixture
def page(shared):
    shared.digits_what_if = {}
    send(shared, [])
    return shared


def send(page, strokes) -> None:
    """What the browser does when something has been drawn."""
    page.drawing = {"n": page.digits["n"] + 1, "strokes": strokes}


def message(page, content, *buffers) -> None:
    """What arrives when the browser calls model.send."""
    page._handle_custom_msg(content, [memoryview(buffer) for buffer in buffers])


def shown(data) -> np.ndarray:
    """The picture that the browser would show."""
    return np.asarray(Image.open(io.BytesIO(data)))


def picture(image) -> bytes:
    """An image as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


# Strokes


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "strokes",
        {"0": [0.1, 0.5, 0.5]},
        [None],
        ["0.1,0.5,0.5"],
        [[]],
        [[0.1]],
        [[0.1, 0.5]],
        [[0.1, 0.5, 0.5, 0.5]],
        [[0.1, "0.5", 0.5]],
        [[0.1, None, 0.5]],
        [[0.1, True, 0.5]],
        [[0.1, [0.5], 0.5]],
        [[0.1, float("nan"), 0.5]],
        [[0.1, float("inf"), 0.5]],
        [[float("nan"), 0.5, 0.5]],
        [[0.1, 1e300, 0.5]],
        [[0.1, 10**400, 0.5]],
        [[10**400, 0.5, 0.5]],
        [[0.1, -1.1, 0.5]],
        [[0.01, 0.5, 0.5]],
        [[5, 0.5, 0.5]],
        [[0.1, *[0.5, 0.5] * (MOST_POINTS + 1)]],
        [[0.1, 0.5, 0.5]] * (MOST_POINTS + 1),
    ],
)
def test_a_malformed_drawing_is_refused(bad):
    with pytest.raises(ValueError):
        read_strokes(bad)


def test_strokes_are_read():
    (pen, points), (_, dot) = read_strokes([[0.1, 0, 0.5, 1, 0.25], [0.2, -0.5, 1.5]])
    assert pen == 0.1
    assert points.tolist() == [[0, 0.5], [1, 0.25]]
    assert dot.tolist() == [[-0.5, 1.5]]
    assert len(read_strokes([[0.1, *[0.5, 0.5] * MOST_POINTS]])) == 1


def test_ink_is_where_the_pen_was():
    image = draw(read_strokes([[0.1, 0.25, 0.5, 0.75, 0.5]]))
    assert image.shape == (SIDE, SIDE) and image.dtype == np.uint8
    rows, columns = np.nonzero(image < 128)
    ends = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]) / SIDE
    np.testing.assert_allclose(ends, [0.45, 0.55, 0.2, 0.8], atol=0.01)  # round ends stand out
    assert (draw([]) == 255).all()


def test_a_dot_and_the_far_outside():
    image = draw(read_strokes([[0.2, 0.5, 0.5]]))
    assert np.isclose((255 - image.astype(int)).sum() / 255, np.pi * (0.1 * SIDE) ** 2, rtol=0.02)
    assert (draw(read_strokes([[0.02, -1, -1], [0.02, 2, 2]])) == 255).all()


def test_a_canvas_alone_gives_its_image():
    canvas = Canvas()
    assert canvas.image().min() == 255
    canvas.drawing = {"n": 1, "strokes": SEVEN}
    assert canvas.image().min() == 0
    assert repr(canvas) == "<Canvas>"


# The page


def test_an_empty_canvas_is_no_digit(page):
    assert page.digits["digit"] is None and not page.digits["sure"]
    assert page.digits["image"] is None and not any(page.digits["p"])
    message(page, {"kind": "look"})
    assert page.digits_inside == {} and page.digits_changed == {}
    assert repr(page) == "<Draw a digit>"


def test_a_drawing_is_read_and_shown(page):
    send(page, SEVEN)
    digits = page.digits
    assert digits["digit"] == 7 and digits["sure"] and "7" in digits["sentence"]
    assert len(digits["p"]) == 10 and sum(digits["p"]) == pytest.approx(1, abs=1e-3)
    seen = shown(digits["image"])
    assert seen.shape == (28, 28) and seen[0, 0] == 0 and seen.max() > 200
    assert len(digits["steps"]) >= 5
    assert all(step["name"] and step["says"].endswith(".") for step in digits["steps"])
    assert (shown(digits["steps"][-1]["png"])[..., :28] == seen).all()


def test_the_look_inside(page):
    send(page, SEVEN)
    message(page, {"kind": "look"})
    inside = page.digits_inside
    assert inside["digit"] == 7
    assert len(inside["maps"]) == 16
    assert max(shown(each).max() for each in inside["maps"]) == 253  # one scale: the brightest
    assert len({shown(each).max() for each in inside["maps"]}) > 1
    assert shown(inside["saliency"]).shape == (28, 28, 3)
    for slider in SLIDERS["digits"]:
        strip = inside["strips"][slider.name]
        places = (slider.most - slider.least) / slider.step + 1
        assert len(strip["digits"]) == len(strip["p"]) == places
        assert strip["digits"][round(-slider.least / slider.step)] == 7  # unchanged


def test_the_look_inside_goes_with_its_drawing_and_comes_back_with_it(page):
    heard = []
    names = ["digits_inside", "digits_changed"]
    page.observe(heard.append, names)
    for _ in range(2):
        send(page, SEVEN)
        message(page, {"kind": "look"})
        send(page, [])
        assert page.digits_inside == page.digits_changed == {}
    page.unobserve(heard.append, names)
    assert [each["name"] for each in heard if each["new"]] == 2 * names


def test_what_if(page):
    send(page, SEVEN)
    message(page, {"kind": "look"})
    assert page.digits_changed["digit"] == 7
    assert page.digits_changed["png"] == page.digits["image"]
    page.digits_what_if = {"right": 4, "down": 0}
    right = shown(page.digits_changed["png"])
    assert (right[:, 4:] == shown(page.digits["image"])[:, :-4]).all()
    page.digits_what_if = {"turn": 180}
    upside_down = shown(page.digits["image"])[::-1, ::-1]
    np.testing.assert_allclose(shown(page.digits_changed["png"]).astype(int), upside_down, atol=1)
    page.digits_what_if = {"turn": 90}
    assert page.digits_changed["digit"] != 7
    page.digits_what_if = {"right": 10**9}  # as far as the slider goes
    assert shown(page.digits_changed["png"]).any()
    for hostile in ({"right": "4"}, {"right": float("nan")}, {"right": [1]}, {"other": 5}, {}):
        page.digits_what_if = {"right": 1}
        page.digits_what_if = hostile
        assert page.digits_changed["png"] == page.digits["image"]


def test_what_if_of_hands(page):
    message(page, {"kind": "choose", "n": 1, "number": 4})
    straight = shown(page.hands["image"]).astype(int)
    assert page.hands_changed["png"] == page.hands["image"]
    page.hands_what_if = {"light": -50}
    np.testing.assert_allclose(shown(page.hands_changed["png"]), straight / 2, atol=1)
    page.hands_what_if = {"down": 8}
    down = shown(page.hands_changed["png"]).astype(int)
    assert (down[8:] == straight[:-8]).all() and (down[:8] == straight[0]).all(), "no black rim"
    strips = page.hands_inside["strips"]
    assert {name: len(strip["digits"]) for name, strip in strips.items()} == {
        "right": 13,
        "down": 13,
        "turn": 25,
        "light": 17,
    }
    assert strips["light"]["digits"][8] == page.hands["digit"], "in the middle nothing changes"
    page.hands_what_if = {}


def test_a_hostile_drawing_gets_a_sentence(page):
    send(page, SEVEN)
    send(page, [[0.1, float("nan"), 0.5]])
    assert page.digits["digit"] is None and "cannot be read" in page.digits["sentence"]
    for nonsense in ({}, {"n": None, "strokes": ONE}, {"n": "7", "strokes": ONE}, {"strokes": []}):
        before = page.digits
        page.drawing = nonsense
        assert page.digits is before
    send(page, ONE)
    assert page.digits["digit"] == 1


def test_an_upload_takes_the_place_of_a_drawing(page):
    send(page, ONE)
    message(page, {"kind": "upload", "tab": "digits", "n": 5}, picture(draw(read_strokes(SEVEN))))
    assert page.digits["digit"] == 7
    assert shown(page.digits["picture"]).shape[:2] == (SIDE, SIDE)
    assert page.uploaded == {"n": 5, "tab": "digits", "problem": ""}
    page.drawing = {"n": page.digits["n"], "strokes": []}  # the canvas forgets: no new drawing
    assert page.digits["digit"] == 7
    send(page, ONE)
    assert page.digits["digit"] == 1 and page.digits["picture"] is None


def test_a_bad_upload_gets_its_sentence_and_changes_nothing(page):
    send(page, ONE)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60000, 60000) + bytes(9)
    for number, data in enumerate((b"", b"GIF89a", b"%PDF-1.4", bomb, bytes(20 * 2**20 + 1))):
        before = page.digits
        message(page, {"kind": "upload", "tab": "digits", "n": number}, data)
        assert page.digits is before
        assert page.uploaded["n"] == number
        assert page.uploaded["problem"].endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "upload",
        [],
        {},
        {"kind": "upload"},
        {"kind": "upload", "tab": "digits", "n": "1"},
        {"kind": "upload", "tab": "elsewhere", "n": 1},
        {"kind": "upload", "tab": ["digits"], "n": 1},
        {"kind": "choose", "n": 1, "number": 99},
        {"kind": "choose", "n": 1, "number": -1},
        {"kind": "choose", "n": 1, "number": "0"},
        {"kind": ["look"]},
    ],
)
def test_other_messages_are_not_answered(page, content):
    before = page.digits, page.hands, page.uploaded
    message(page, content, b"")
    message(page, content)
    assert all(
        a is b for a, b in zip(before, (page.digits, page.hands, page.uploaded), strict=True)
    )


def test_hands(page):
    for number in (0, 7, 11):
        message(page, {"kind": "choose", "number": number, "n": number})
        assert page.hands["example"] == number
        assert page.hands["note"].startswith(f"The hand shows {number // 2}.")
        assert page.hands["wrong"] == (page.hands["digit"] != number // 2)
        assert page.hands["wrong"] == ("wrong" in page.hands["note"])
    assert len(page.hands["p"]) == 6
    assert shown(page.hands["image"]).shape == (64, 64, 3)
    assert len(page.hands_inside["maps"]) == 16
    image = np.full((90, 120, 3), 200, np.uint8)
    message(page, {"kind": "upload", "tab": "hands", "n": 3}, picture(image))
    assert page.hands["example"] is None and page.hands["note"] == ""
    assert page.hands["n"] == 11, "an upload is no choice"
    for number in (12, 13):  # the same one again is an answer, too: the browser waits for it
        message(page, {"kind": "choose", "number": 7, "n": number})
        assert (page.hands["n"], page.hands["example"]) == (number, 7)


def test_examples_say_whether_they_are_photographs(page, monkeypatch):
    assert "rendered" in page.about["hands"]["source"]  # tests run on the embedded data
    images, _ = module._examples()
    monkeypatch.setattr(module, "_examples", lambda: (images, True))
    assert "test set" in module._source() and "rendered" not in module._source()


def test_both_tabs_say_what_was_learned_from(page):
    assert "60,000 handwritten digits of MNIST" in page.about["digits"]["input"]
    assert "1,080 photographs" in page.about["hands"]["card"][0]


def test_the_card_has_the_numbers_of_lesson_14():
    lesson = (ROOT / "notebooks" / "14_sign_digits.ipynb").read_text(encoding="utf-8")
    for there, here in {
        "1,080 photographs of the SIGNS set": "1,080 photographs",
        "180 of each class": "180 for each",
        "120/120": "On 120 more of the same kind these weights made no mistake",
        "mean 99.17 %": "over five training runs the error was 0.8 % on average",
        "18 of them have a near twin": "18 of the 120 have a near twin",
        "70.0 % · 75.0 % · 70.0 %": "70 % right when the hands are mirrored, 75 % when they are "
        "turned by 45°, and 70 % at half the size",
        "45.0 % · 15.8 % · 16.7 %": "16 % right in bluish light and 17 % without colour, which is "
        "chance, and 45 % in half the light",
    }.items():
        assert there in lesson
        assert here in " ".join(CARD)


# Pictures


def test_png_gives_the_pixels_back():
    image = np.linspace(0, 1, 12).reshape(3, 4)
    np.testing.assert_array_equal(shown(png(image)), np.round(255 * image))
    np.testing.assert_array_equal(shown(png(image[..., None])), np.round(255 * image))
    assert shown(png(np.zeros((600, 300, 3)))).shape == (240, 120, 3)
    assert shown(png(np.array([[-1.0, 2.0]]))).tolist() == [[0, 255]]


def test_heat_goes_from_dark_to_bright():
    values = np.array([[0.0, 1.0, 2.0]])
    assert heat(values)[0, [0, 2]].tolist() == [[0x44, 1, 0x54], [253, 231, 37]]
    assert heat(values, most=4).max() < 253
    assert heat(np.zeros((2, 2))).tolist() == [[[0x44, 1, 0x54]] * 2] * 2

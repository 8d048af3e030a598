"""The generators of the embedded data, and that the committed files are what they generate."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from cnn_course.drawn.digits import (
    PEN_PATHS,
    deform,
    digit_example,
    digit_strokes,
    draw_digit,
    make_digits,
    random_style,
)
from cnn_course.drawn.hand_rendering import Bone, blur, round_cone, surface
from cnn_course.drawn.hands import FINGERS, draw_hand, hand_bones, hand_example, make_hands, view
from cnn_course.drawn.ink import fit_box, rasterize
from cnn_utils.data import read_idx, read_signs_split

PROJECT = Path(__file__).resolve().parents[1]
EMBEDDED = PROJECT / "datasets" / "embedded"
PREFIX = {"digits": 20, "hands": 5}  # so many images of each part are drawn again


def load_tool():
    """The module tools/make_embedded_data.py, which knows seeds and sizes."""
    path = PROJECT / "tools" / "make_embedded_data.py"
    spec = importlib.util.spec_from_file_location("make_embedded_data", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


TOOL = load_tool()
PARTS = [("digits", part) for part in TOOL.DIGITS] + [("hands", part) for part in TOOL.HANDS]


def read_part(kind, part):
    """One committed part: images, labels."""
    if kind == "hands":
        return read_signs_split(EMBEDDED / "signs" / f"{part}_signs.h5", part)[:2]
    names = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    return tuple(read_idx(EMBEDDED / "mnist" / name) for name in names)


# --- what is committed --------------------------------------------------------------------------


@pytest.mark.parametrize("kind, part", PARTS)
def test_committed_images_are_what_the_generator_draws(kind, part):
    draw, (seed, n) = (
        (digit_example, TOOL.DIGITS[part]) if kind == "digits" else (hand_example, TOOL.HANDS[part])
    )
    x, y = read_part(kind, part)
    assert len(x) == len(y) == n
    for index in [*range(PREFIX[kind]), n - 1]:
        image, label = draw(seed, index)
        assert label == y[index]
        # Another processor may round sin or exp differently in the last bit: hardly a pixel moves.
        difference = np.abs(image.astype(int) - x[index])
        assert difference.max() <= 4 and (difference > 0).mean() < 0.002, index


@pytest.mark.parametrize("kind, part", PARTS)
def test_committed_parts_have_the_shape_of_the_real_ones_and_are_balanced(kind, part):
    x, y = read_part(kind, part)
    shape, classes = ((28, 28), 10) if kind == "digits" else ((64, 64, 3), 6)
    assert x.dtype == np.uint8 and x.shape[1:] == shape
    assert np.array_equal(np.bincount(y), np.full(classes, len(y) // classes))


@pytest.mark.parametrize("kind", ["digits", "hands"])
def test_no_image_occurs_twice(kind):
    images = [x.tobytes() for k, part in PARTS if k == kind for x in read_part(kind, part)[0]]
    assert len(set(images)) == len(images)


def test_training_and_test_parts_have_seeds_of_their_own():
    seeds = [seed for parts in (TOOL.DIGITS, TOOL.HANDS) for seed, _ in parts.values()]
    assert len(set(seeds)) == len(seeds)


def test_committed_files_are_small():
    files = [file for file in EMBEDDED.rglob("*") if file.is_file()]
    assert len(files) >= 6 and sum(file.stat().st_size for file in files) <= 6_000_000


@pytest.mark.parametrize("part", list(TOOL.DIGITS))
def test_committed_digits_are_placed_as_in_mnist(part):
    """Ink in a box of 20 × 20 pixels, its centre of mass in the middle of the picture."""
    x = read_part("digits", part)[0].astype(float)
    middle = np.arange(28) + 0.5
    for axis in (1, 2):
        off = np.abs(x.sum(axis=axis) @ middle / x.sum(axis=(1, 2)) - 14)
        assert off.max() < 2 and (off > 0.15).mean() < 0.03, "off where ink would be cut off"
    extents = np.array([(x.max(axis=axis) > 64).sum(axis=1) for axis in (1, 2)])
    assert extents.max() <= 21 and extents.max(axis=0).min() >= 18
    frame = np.concatenate([x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]], axis=1)
    assert frame.max() < 128, "no ink is cut off"
    assert 0.08 < x.mean() / 255 < 0.16  # MNIST: 0.13


# --- digits -------------------------------------------------------------------------------------


def test_make_digits_is_balanced_and_follows_its_generator_alone():
    x, y = make_digits(20, np.random.default_rng(1))
    assert x.shape == (20, 28, 28, 1) and x.dtype == np.uint8
    assert y.shape == (20,) and y.dtype == np.int64 and np.array_equal(np.bincount(y), [2] * 10)
    again, labels = make_digits(20, np.random.default_rng(1))
    assert np.array_equal(x, again) and np.array_equal(y, labels)
    other, _ = make_digits(20, np.random.default_rng(2))
    assert not np.array_equal(x, other)


def test_a_writer_writes_alike_but_never_the_same():
    style = random_style(np.random.default_rng(0))
    mine = [draw_digit(5, np.random.default_rng(seed), style=style) for seed in range(8)]
    others = [draw_digit(5, np.random.default_rng(seed)) for seed in range(8)]
    assert len({image.tobytes() for image in mine}) == 8
    assert np.std(mine, axis=0).mean() < np.std(others, axis=0).mean()


@pytest.mark.parametrize("size", [20, 28, 57])
def test_digits_of_any_size_fill_twenty_twenty_eighths(size):
    image = draw_digit(8, np.random.default_rng(3), size=size)
    assert image.shape == (size, size)
    extent = max((image.max(axis=axis) > 127).sum() for axis in (0, 1))
    assert abs(extent - size * 20 / 28) <= 1.5


def test_a_broader_pen_leaves_more_ink():
    thin, broad = (draw_digit(2, np.random.default_rng(4), pen=pen) for pen in (0.06, 0.16))
    assert broad.sum() > 1.6 * thin.sum()


def test_every_way_of_writing_fits_its_digit():
    """All pen paths can be parsed and drawn, and leave no hole in what they cover."""
    for digit, paths in enumerate(PEN_PATHS):
        for variant in range(len(paths)):
            base = random_style(np.random.default_rng(variant))
            chosen = list(base.variants)
            chosen[digit] = variant
            style = type(base)(**{**vars(base), "variants": tuple(chosen)})
            strokes = digit_strokes(digit, np.random.default_rng(0), style)
            assert len(strokes) == paths[variant].count("/") + 1
            for points, radii in strokes:
                assert points.shape == (len(radii), 2) and radii.min() > 0
                assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() < 0.15


def test_rasterize_draws_a_straight_stroke_of_the_right_width():
    points = np.array([[4.0, 10.0], [16.0, 10.0]])
    ink = rasterize([(points, np.array([2.0, 2.0]))], 20, oversampling=4)
    np.testing.assert_allclose(ink[:, 10], np.r_[np.zeros(8), np.ones(4), np.zeros(8)], atol=0.13)
    assert ink.sum() == pytest.approx(12 * 4 + np.pi * 4, rel=0.01)  # bar and two half discs


def test_fit_box_keeps_proportions():
    strokes = [(np.array([[0.0, 0.0], [1.0, 3.0]]), np.array([0.5, 0.5]))]
    ((points, radii),) = fit_box(strokes, 20)
    np.testing.assert_allclose(points, [[2.5, 2.5], [7.5, 17.5]])
    np.testing.assert_allclose(radii, 2.5)


def test_deform_moves_by_a_common_shift_and_leaves_its_arguments_alone():
    points = np.random.default_rng(0).random((7, 2))
    grid = np.broadcast_to([0.1, -0.2], (4, 4, 2))
    before = points.copy()
    np.testing.assert_allclose(deform(points, grid), points + [0.1, -0.2])
    assert np.array_equal(points, before)


@pytest.mark.parametrize("digit", [-1, 10])
def test_what_is_not_a_digit_is_refused(digit):
    with pytest.raises(ValueError, match="one of 0 … 9"):
        draw_digit(digit, np.random.default_rng(0))


# --- hands --------------------------------------------------------------------------------------


def test_make_hands_is_balanced_and_follows_its_generator_alone():
    x, y = make_hands(6, np.random.default_rng(1))
    assert x.shape == (6, 64, 64, 3) and x.dtype == np.uint8
    assert y.dtype == np.int64 and np.array_equal(np.bincount(y), [1] * 6)
    again, labels = make_hands(2, np.random.default_rng(1))
    assert np.array_equal(x[:2], again) and np.array_equal(y[:2], labels)


@pytest.mark.parametrize("count", [-1, 6])
def test_a_number_of_fingers_that_no_hand_has_is_refused(count):
    with pytest.raises(ValueError, match="one of 0 … 5"):
        draw_hand(count, np.random.default_rng(0))


@pytest.mark.parametrize("raised", [(), ("index",), ("index", "middle"), (*FINGERS, "thumb")])
def test_raised_fingers_rise_above_the_palm_and_folded_ones_do_not(raised):
    for seed in range(5):
        bones = hand_bones(raised, np.random.default_rng(seed))
        for tip in (bone for bone in bones if bone.is_tip and bone.chain in FINGERS):
            assert (tip.end[1] > 1.4) == (tip.chain in raised)
            assert np.dot(tip.end - tip.start, tip.back) == pytest.approx(0, abs=1e-9)


def test_raised_fingers_leave_gaps():
    """The tips of raised neighbours lie further apart than the fingers are wide."""
    for seed in range(30):
        bones = hand_bones((*FINGERS, "thumb"), np.random.default_rng(seed))
        tips = [bone for bone in bones if bone.is_tip]
        for a, b in zip(tips[:-1], tips[1:], strict=True):
            assert np.linalg.norm((a.end - b.end)[:2]) > 1.3 * (a.radii[1] + b.radii[1])


def test_hands_lie_inside_the_picture():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        bones, lines, unit = view(hand_bones((*FINGERS, "thumb"), rng), 64, rng)
        hand = [bone for bone in bones if bone.chain not in ("arm", "sleeve")]
        for bone in hand:
            for point in (bone.start, bone.end):
                assert (point[:2] > 2).all() and (point[:2] < 62).all()
        assert len(lines) == 3 and 10 < unit < 25


def test_round_cone_is_the_highest_of_its_balls():
    bone = Bone(
        "x", np.array([3.0, 4, 1]), np.array([9.0, 6, 4]), (3.0, 1.5), np.array([0, 0, 1.0])
    )
    y, x = np.mgrid[:12, :14] + 0.5
    height, where = round_cone(bone, x, y)
    balls = []
    for t in np.linspace(0, 1, 2001):
        centre, radius = bone.start + t * (bone.end - bone.start), 3.0 - 1.5 * t
        q = radius**2 - (x - centre[0]) ** 2 - (y - centre[1]) ** 2
        balls.append(np.where(q >= 0, centre[2] + np.sqrt(np.maximum(q, 0)), -np.inf))
    inside = np.isfinite(height)
    assert np.array_equal(inside, np.isfinite(np.max(balls, axis=0)))
    np.testing.assert_allclose(height[inside], np.max(balls, axis=0)[inside], atol=1e-3)
    assert where.min() >= 0 and where.max() <= 1


def test_surface_of_one_ball():
    centre = np.array([10.0, 10.0, 0.0])
    ball = Bone("palm", centre, centre + [1e-6, 0, 0], (6.0, 6.0), np.array([0, 0, -1.0]))
    hand = surface([ball], 20, unit=20.0)
    area = hand.mask.sum()
    assert area == pytest.approx(np.pi * 36, rel=0.05)
    lengths = np.linalg.norm(hand.normal[hand.mask], axis=-1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-6)
    assert hand.normal[9, 4, 0] < -0.8 and hand.normal[9, 15, 0] > 0.8  # outwards
    assert hand.normal[9, 9, 2] > 0.98 and not hand.normal[0, 0].any()


def test_blur_keeps_the_mean_of_a_plain_picture():
    image = np.full((6, 7, 3), 0.4)
    np.testing.assert_allclose(blur(image, 1.0), image)

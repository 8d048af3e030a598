"""Augmentation: known shifts and turns, edges, purity, independence of threads."""

import numpy as np
import pytest
from scipy import ndimage

from cnn_utils import parallel
from cnn_utils.data import Augmenter, warp
from cnn_utils.data.augment import smooth_displacements


def images(n=5, height=7, width=9, channels=2, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).random((n, height, width, channels)).astype(dtype)


@pytest.mark.parametrize("edge", ["zero", "edge"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_changed_is_exact(edge, dtype, channels):
    x = images(dtype=dtype, channels=channels)
    for out in (warp(x, edge=edge), Augmenter(edge=edge)(x, np.random.default_rng(0))):
        assert out.dtype == dtype and out is not x and not np.shares_memory(out, x)
        np.testing.assert_array_equal(out, x)


def test_shift_down_and_right():
    x = images()
    moved = warp(x, shift=(2, 3))
    np.testing.assert_array_equal(moved[:, 2:, 3:], x[:, :-2, :-3])
    assert not moved[:, :2].any() and not moved[:, :, :3].any()
    moved = warp(x, shift=(-1, 0), edge="edge")
    np.testing.assert_array_equal(moved[:, :-1], x[:, 1:])
    np.testing.assert_array_equal(moved[:, -1], x[:, -1])


@pytest.mark.parametrize("shift", [(20, 0), (0, -20), (1e9, 1e9)])
def test_shift_out_of_sight(shift):
    assert not warp(images(), shift=shift).any()


def test_half_a_pixel_is_the_mean_of_two():
    x = images()
    np.testing.assert_allclose(
        warp(x, shift=(0, -0.5))[:, :, :-1], (x[:, :, :-1] + x[:, :, 1:]) / 2, atol=1e-6
    )
    np.testing.assert_allclose(warp(x, shift=(0, -0.5))[:, :, -1], x[:, :, -1] / 2, atol=1e-6)


@pytest.mark.parametrize("size", [8, 9])
def test_quarter_turns_anticlockwise_about_the_centre(size):
    x = images(height=size, width=size)
    for turns in range(-3, 5):
        np.testing.assert_allclose(
            warp(x, degrees=90 * turns), np.rot90(x, turns, axes=(1, 2)), atol=1e-5
        )


def test_half_turn_of_a_rectangle():
    x = images()
    np.testing.assert_allclose(warp(x, degrees=180), x[:, ::-1, ::-1], atol=1e-5)


def test_mirror():
    x = images()
    np.testing.assert_array_equal(warp(x, flip=True), x[:, :, ::-1])


def test_scale_two_keeps_the_centre():
    x = images(height=9, width=9)
    larger = warp(x, scale=2)
    np.testing.assert_allclose(larger[:, ::2, ::2], x[:, 2:7, 2:7], atol=1e-6)
    smaller = warp(x, scale=0.5)
    np.testing.assert_allclose(smaller[:, 2:7, 2:7], x[:, ::2, ::2], atol=1e-6)
    assert not smaller[:, 0].any(), "black outside"
    np.testing.assert_allclose(warp(x, scale=0.5, edge="edge")[:, 0, 0], x[:, 0, 0], atol=1e-6)


@pytest.mark.parametrize("edge, mode", [("zero", "constant"), ("edge", "nearest")])
def test_against_scipy(edge, mode):
    """The same map, given to scipy.ndimage.affine_transform for each image."""
    x = images(n=6, height=11, width=8, channels=2, dtype=np.float64)
    rng = np.random.default_rng(3)
    degrees, factor = rng.uniform(-180, 180, 6), rng.uniform(0.6, 1.5, 6)
    offset, mirror = rng.uniform(-3, 3, (6, 2)), rng.random(6) < 0.5
    out = warp(x, degrees, factor, offset, mirror, edge)
    centre = (np.array(x.shape[1:3]) - 1) / 2
    for i in range(6):
        t = np.radians(degrees[i])
        inverse = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]) / factor[i]
        if mirror[i]:
            inverse = np.diag([1, -1]) @ inverse
        start = centre - inverse @ (centre + offset[i])
        for c in range(2):
            # a wide border, because scipy's 'constant' has no half-covered pixels at the edge
            wide = np.pad(x[i, ..., c], 20, mode="constant" if edge == "zero" else "edge")
            expected = ndimage.affine_transform(
                wide, inverse, start + 20 - inverse @ np.array([20, 20]), order=1, mode=mode
            )[20:-20, 20:-20]
            np.testing.assert_allclose(out[i, ..., c], expected, atol=1e-9)


def test_each_image_has_its_own_change():
    x = images(n=3)
    out = warp(x, shift=[(0, 0), (1, 0), (0, 1)], flip=[True, False, False])
    np.testing.assert_array_equal(out[0], x[0, :, ::-1])
    np.testing.assert_array_equal(out[1, 1:], x[1, :-1])
    np.testing.assert_array_equal(out[2, :, 1:], x[2, :, :-1])


def test_many_images_are_warped_like_one():
    """More than are warped at a time."""
    x, rng = images(n=70, height=40, width=40), np.random.default_rng(1)
    degrees, moves = rng.uniform(-30, 30, 70), rng.uniform(-3, 3, (70, 2))
    together = warp(x, degrees=degrees, shift=moves)
    for i in range(70):
        one = warp(x[i : i + 1], degrees=degrees[i], shift=moves[i])
        np.testing.assert_array_equal(together[i], one[0])


def test_shift_is_by_whole_pixels_in_all_directions():
    dot = np.zeros((400, 7, 7, 1), np.float32)
    dot[:, 3, 3] = 1
    _, row, column, _ = np.nonzero(Augmenter(shift=2)(dot, np.random.default_rng(0)) == 1)
    assert len(row) == 400
    assert set(zip(row, column, strict=True)) == {(r, c) for r in range(1, 6) for c in range(1, 6)}


def test_amounts_are_bounds():
    ramp = np.broadcast_to(np.arange(-20, 21, dtype=np.float64)[:, None], (500, 41, 41))[..., None]
    turned = Augmenter(rotate=10)(ramp, np.random.default_rng(0))[:, 15:26, 15:26, 0]
    slope = np.degrees(np.arcsin(turned[:, 5, 5:7] @ [-1, 1]))
    assert 9 < np.abs(slope).max() <= 10 and slope.min() < -5 and slope.max() > 5
    sized = Augmenter(scale=0.25)(ramp, np.random.default_rng(0))[:, 15:26, 15:26, 0]
    factor = 1 / (sized[:, 6, 5] - sized[:, 5, 5])
    assert 0.75 <= factor.min() < 0.8 and 1.2 < factor.max() <= 1.25
    mirrored = Augmenter(flip=True)(images(n=500), np.random.default_rng(0))
    assert 200 < np.sum(np.any(mirrored != images(n=500), axis=(1, 2, 3))) < 300


def test_brightness():
    x = np.full((300, 2, 2, 3), 0.5, np.float32)
    change = Augmenter(brightness=0.2)(x, np.random.default_rng(0)) - x
    assert np.ptp(change, axis=(1, 2, 3)).max() == 0, "one change for the whole image"
    assert -0.2 <= change.min() < -0.15 and 0.15 < change.max() <= 0.2
    bright = Augmenter(brightness=0.9)(images(), np.random.default_rng(0))
    assert bright.min() >= 0 and bright.max() <= 1 and bright.dtype == np.float32


def full():
    return Augmenter(shift=2, rotate=15, scale=0.1, flip=True, brightness=0.1, edge="edge")


def test_caller_array_is_left_alone_and_rng_decides():
    x = images(n=20)
    before = x.copy()
    a, b, c = (full()(x, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert a.dtype == np.float32 and a.min() >= 0 and a.max() <= 1
    assert full()(x.astype(np.float64), np.random.default_rng(0)).dtype == np.float64


def test_result_does_not_depend_on_threads():
    x, before = images(n=90, height=40, width=40, channels=3), parallel.get_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            parallel.set_threads(threads)
            results.append(full()(x, np.random.default_rng(0)))
    finally:
        parallel.set_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_views_and_no_images():
    x = images(n=6)
    np.testing.assert_array_equal(warp(x[::2, ::-1], degrees=20), warp(x[::2, ::-1].copy(), 20))
    assert full()(x[:0], np.random.default_rng(0)).shape == (0, *x.shape[1:])


@pytest.mark.parametrize(
    "amounts, words",
    [
        ({"shift": -1}, "shift must be an integer ≥ 0"),
        ({"rotate": -1}, "give the largest change"),
        ({"rotate": float("nan")}, "rotate must be a number ≥ 0"),
        ({"scale": 1}, "give a fraction"),
        ({"edge": "reflect"}, "'zero', 'edge'"),
    ],
)
def test_wrong_amounts(amounts, words):
    with pytest.raises(ValueError, match=words):
        Augmenter(**amounts)


def test_wrong_images_and_changes():
    with pytest.raises(TypeError, match=r"got uint8; use to_float\(x\)"):
        Augmenter(flip=True)(np.zeros((1, 4, 4, 1), np.uint8), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"\(N, H, W, C\), got shape \(4, 4, 1\)"):
        warp(np.zeros((4, 4, 1)))
    for wrong in ({"scale": 0}, {"scale": -1}, {"degrees": np.nan}, {"shift": (np.inf, 0)}):
        with pytest.raises(ValueError, match="finite"):
            warp(images(), **wrong)
    with pytest.raises(ValueError, match="'zero', 'edge'"):
        warp(images(), edge="wrap")


def test_a_constant_bend_is_a_shift():
    x = images()
    bend = np.zeros((5, 2, 7, 9), np.float32)
    bend[:, 0], bend[:, 1] = -2, -3  # every pixel comes from two rows up and three columns left
    np.testing.assert_array_equal(warp(x, bend=bend), warp(x, shift=(2, 3)))


def test_each_pixel_is_read_where_its_own_bend_says():
    x, rng = images(dtype=np.float64), np.random.default_rng(1)
    bend = rng.integers(-2, 3, (5, 2, 7, 9)).astype(np.float64)
    row = np.clip(np.arange(7)[:, None] + bend[:, 0], 0, 6).astype(int)
    column = np.clip(np.arange(9) + bend[:, 1], 0, 8).astype(int)
    expected = x[np.arange(5)[:, None, None], row, column]
    np.testing.assert_allclose(warp(x, bend=bend, edge="edge"), expected, atol=1e-12)


def test_displacements_are_smooth_and_as_large_as_asked():
    field = smooth_displacements(400, 28, 20, 1.5, np.random.default_rng(0))
    assert field.shape == (400, 2, 28, 20) and field.dtype == np.float32
    np.testing.assert_allclose(field.std(axis=(0, 1)), 1.5, rtol=0.12)  # at every pixel
    assert np.abs(field.mean()) < 0.05
    for axis in (2, 3):
        assert np.diff(field, axis=axis).std() < 0.25 * 1.5


def test_elastic_bends_and_repeats_with_the_seed():
    x = images(n=3, height=28, width=28, channels=1)
    bent = Augmenter(elastic=1.0)(x, np.random.default_rng(0))
    assert np.abs(bent - x).mean() > 0.05
    np.testing.assert_array_equal(bent, Augmenter(elastic=1.0)(x, np.random.default_rng(0)))


@pytest.mark.parametrize("shape", [(5, 2, 7, 8), (2, 7, 9), (1, 2, 7, 9)])
def test_a_bend_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="bend must be"):
        warp(images(), bend=np.zeros(shape))

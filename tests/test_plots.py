"""Figures: what they show, read off their artists; what a notebook gets; nothing left behind."""

import base64
import io

import matplotlib
import numpy as np
import pytest
from helpers import texts
from IPython.core.formatters import DisplayFormatter
from matplotlib.colors import to_rgb
from PIL import Image

from cnn_course.figures.probabilities import probability_bars
from cnn_utils import plots
from cnn_utils.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from cnn_utils.sequential import Sequential
from cnn_utils.training import History

DIGITS = np.random.default_rng(0).integers(0, 256, (7, 28, 28, 1), dtype=np.uint8)
PHOTOS = np.random.default_rng(1).integers(0, 256, (4, 16, 20, 3), dtype=np.uint8)


def images(picture):
    return [axis.images[0].get_array() for axis in picture.axes if axis.images]


def small_trace():
    model = Sequential(
        [Conv2D(4, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(3)], (12, 10, 1), dtype=np.float64
    )
    trace = model.trace(np.random.default_rng(0).normal(size=(5, 12, 10, 1)), np.arange(5) % 3)
    return trace, model.gradients()


HISTORY = History([2.0, 1.0], [0.3, 0.6], [1.5, 1.2], [0.4, 0.5])
WEIGHTS = np.random.default_rng(2).normal(size=(5, 5, 3, 9))
MAPS = 4.06 * np.linspace(0, 1, 512).reshape(8, 8, 8)  # the label of its scale was once cut off
LABELS = np.arange(7)
TITLE = "A title as long as the longest in the lessons (true → predicted)"
PICTURES = {
    "grid": lambda: plots.image_grid(DIGITS, LABELS, title=TITLE),
    "grid of photographs": lambda: plots.image_grid(PHOTOS, title=TITLE),
    "rows": lambda: plots.image_rows({"above": PHOTOS, "below": PHOTOS}, "abcd", title=TITLE),
    "mistakes": lambda: plots.confident_mistakes(DIGITS, LABELS, np.eye(7)[::-1], title=TITLE),
    "balance": lambda: plots.class_balance(
        {"training": LABELS, "test": LABELS}, names="abcdefg", title=TITLE
    ),
    "curves": lambda: plots.learning_curves(HISTORY, title=TITLE),
    "confusion": lambda: plots.confusion_matrix(np.eye(3, dtype=int), names="abc", title=TITLE),
    "bars": lambda: probability_bars(DIGITS[0], [0.2, 0.8], names="ab", label=0, title=TITLE),
    "filters": lambda: plots.filters(WEIGHTS[:3, :3, :1], title=TITLE),
    "colour filters": lambda: plots.filters(WEIGHTS, title=TITLE),
    "maps": lambda: plots.feature_maps(PHOTOS[0], WEIGHTS[..., 0, :], title=TITLE),
    "maps of a height": lambda: plots.feature_maps(PHOTOS[0], MAPS, title=TITLE),
    "flow": lambda: plots.shape_flow(*small_trace(), title=TITLE),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_notebook_gets_one_image_with_a_description_and_a_text_that_never_changes(name):
    picture = PICTURES[name]()
    data, metadata = DisplayFormatter().format(picture)
    assert data.keys() == {"image/png", "text/plain"}
    assert data["text/plain"] == str(picture) == "<Picture>"
    shown = metadata["image/png"]
    assert shown["width"] <= 900 and len(shown["alt"]) > 10
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.size[0] == round(1.5 * shown["width"])

    pixels = np.asarray(image.convert("RGB"))  # nothing is cut off: the border is empty
    for border in (pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:]):
        assert (border == 255).all()


def test_nothing_is_left_in_pyplot_or_in_the_settings():
    import matplotlib.pyplot as plt

    before = matplotlib.rcParams.copy()
    for name in ("grid", "curves", "confusion"):
        PICTURES[name]().png()
    assert plt.get_fignums() == []
    assert matplotlib.rcParams == before


def test_the_same_picture_gives_the_same_bytes_whatever_the_settings_are():
    first = plots.image_grid(DIGITS, np.arange(7), title="t").png()
    with matplotlib.rc_context({"font.size": 30, "savefig.facecolor": "red"}):
        assert plots.image_grid(DIGITS, np.arange(7), title="t").png() == first


def test_data_are_not_changed():
    counts, w = np.eye(3, dtype=int), np.ones((3, 3, 1, 2))
    plots.confusion_matrix(counts, names="abc").png()
    plots.filters(w).png()
    assert np.array_equal(counts, np.eye(3)) and np.array_equal(w, np.ones((3, 3, 1, 2)))


def test_image_grid_marks_wrong_predictions_by_words_and_a_frame():
    picture = plots.image_grid(PHOTOS, [0, 1, 2, 3], [0, 1, 3, 3], names="abcd")
    assert [axis.get_title() for axis in picture.axes[:4]] == ["a", "b", "c → d ✗", "d"]
    framed = [any(s.get_visible() for s in axis.spines.values()) for axis in picture.axes[:4]]
    assert framed == [False, False, True, False]
    with pytest.raises(ValueError, match="give labels too"):
        plots.image_grid(PHOTOS, predictions=[0, 1, 2, 3])


def test_image_grid_shows_bytes_and_fractions_alike():
    for x, top in ((DIGITS, 255), (DIGITS / 255, 1)):
        axis = plots.image_grid(x).axes[0]
        assert axis.images[0].get_clim() == (0, top)
        assert np.allclose(axis.images[0].get_array(), x[0, ..., 0])


def test_confident_mistakes_come_in_order_of_confidence():
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    picture = plots.confident_mistakes(PHOTOS, [0, 0, 0, 1], p, names=["no", "yes"])
    titles = [axis.get_title() for axis in picture.axes if axis.get_title()]
    assert titles == ["no → yes\np = 0.80", "no → yes\np = 0.60"]
    assert np.array_equal(images(picture)[0], PHOTOS[2])
    assert "2 images" in picture.alt
    assert len(images(plots.confident_mistakes(PHOTOS, [0, 0, 0, 1], p, most=1))) == 1


def test_confident_mistakes_without_any():
    picture = plots.confident_mistakes(PHOTOS, [0, 1, 2, 3], np.eye(4), title="All right")
    assert not images(picture) and any("No mistakes" in text for text in texts(picture))


def test_class_balance_shows_shares():
    picture = plots.class_balance(
        {"training": np.array([0, 0, 0, 1]), "test": np.array([0, 1])}, names=["cat", "dog"]
    )
    heights = [bar.get_height() for bar in picture.axes[0].patches]
    assert heights == [75, 25, 50, 50]
    assert {"training (4)", "test (2)", "equal (50.0 %)"} <= set(texts(picture))
    assert len({bar.get_hatch() for bar in picture.axes[0].patches}) == 2


@pytest.mark.parametrize("validation", [True, False])
def test_learning_curves_count_epochs_from_one_in_whole_numbers(validation):
    history = History(loss=[2.0, 1.0, 0.5], accuracy=[0.2, 0.5, 0.8])
    if validation:
        history.val_loss, history.val_accuracy = [2.0, 1.5, 1.4], [0.3, 0.4, 0.5]
    picture = plots.learning_curves(history, title="t")
    for axis, training, of_validation in zip(
        picture.axes, ([2, 1, 0.5], [20, 50, 80]), ([2, 1.5, 1.4], [30, 40, 50]), strict=True
    ):
        lines = axis.get_lines()
        assert [line.get_label() for line in lines] == ["training", "validation"][: 1 + validation]
        assert np.allclose(lines[0].get_xydata(), np.c_[[1, 2, 3], training])
        if validation:
            assert np.allclose(lines[1].get_xydata(), np.c_[[1, 2, 3], of_validation])
            assert lines[0].get_linestyle() != lines[1].get_linestyle()
        assert all(tick == round(tick) for tick in axis.get_xticks())
    assert [axis.get_ylabel() for axis in picture.axes] == ["loss (nats)", "accuracy (%)"]


def test_confusion_matrix_has_counts_for_words_and_shares_of_the_row_for_colour():
    counts = np.array([[8, 2, 0], [0, 5, 0], [0, 0, 0]])
    picture = plots.confusion_matrix(counts, names="abc", title="t")
    assert np.allclose(picture.axes[0].images[0].get_array(), [[80, 20, 0], [0, 100, 0], [0, 0, 0]])
    assert [t.get_text() for t in picture.axes[0].texts] == list("82··5····")
    assert "a taken for b 2 times" in picture.alt and "13 of 15" in picture.alt


def test_confusion_matrix_is_readable_on_every_cell():
    """Contrast of at least 4.5 between a number and its cell (WCAG 2, level AA)."""

    def luminance(rgb):
        c = np.asarray(rgb)
        return np.dot(
            [0.2126, 0.7152, 0.0722], np.where(c < 0.04, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        )

    counts = np.zeros((26, 26), dtype=int)
    counts[:, 0] = [1, 2, 3, *range(4, 96, 4)]  # shares at the ends of the scale and all along it
    counts[:, 1] = 100 - counts[:, 0]
    axis = plots.confusion_matrix(counts, names=range(26)).axes[0]
    image = axis.images[0]
    for text in axis.texts:
        j, i = map(int, text.get_position())
        if counts[i, j]:
            cell = image.cmap(image.norm(image.get_array()[i, j]))[:3]
            light, dark = sorted([luminance(cell), luminance(to_rgb(text.get_color()))])[::-1]
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (counts[i, j], text.get_color())


def test_filters_of_one_channel_are_centred_on_white():
    w = np.array([-2.0, 0.0, 1.0, 0.5]).reshape(2, 2, 1, 1)
    axis = plots.filters(w).axes[0]
    assert axis.images[0].get_clim() == (-2, 2) and axis.images[0].get_cmap().name == "RdBu"


def test_filters_of_three_channels_are_colours_with_grey_for_zero():
    w = np.zeros((2, 2, 3, 2))
    w[0, 0, 0, 1], w[1, 1, 2, 0] = 4, -4
    first, second = images(plots.filters(w))
    assert np.allclose(first[0, 0], 0.5) and np.allclose(first[1, 1], [0.5, 0.5, 0])
    assert np.allclose(second[0, 0], [1, 0.5, 0.5])


def test_filters_of_deeper_layers_are_refused_with_a_hint():
    with pytest.raises(ValueError, match="feature maps"):
        plots.filters(np.ones((3, 3, 8, 4)))


def test_feature_maps_share_one_scale():
    a = np.stack([np.full((4, 5), 1.0), np.full((4, 5), 3.0)], axis=2)
    picture = plots.feature_maps(PHOTOS[0], a)
    maps = [axis.images[0] for axis in picture.axes[1:3]]
    assert [m.get_clim() for m in maps] == [(0, 3), (0, 3)]


def test_shape_flow_shows_every_shape_twice_and_the_parameters_with_their_gradients():
    trace, gradients = small_trace()
    words = texts(plots.shape_flow(trace, gradients, title="t"))
    for shape in ("12×10×1", "10×8×4", "5×4×4", "80", "3"):
        assert words.count(shape) == 2 * [row.a.shape[1:] for row in trace].count(
            tuple(map(int, shape.split("×")))
        )
    assert {"w 3×3×1×4", "dw 3×3×1×4", "b 4", "db 4", "w 80×3", "dw 80×3"} <= set(words)
    assert {row.name for row in trace} <= set(words)


def test_shape_flow_arrows_go_right_above_and_left_below():
    trace, gradients = small_trace()
    axis = plots.shape_flow(trace, gradients).axes[0]
    arrows = [p for p in axis.patches if isinstance(p, matplotlib.patches.FancyArrowPatch)]
    straight = [p._posA_posB for p in arrows[:-2]]
    assert len(straight) == 2 * (len(trace) - 1)
    for (x0, y0), (x1, y1) in straight:
        assert y0 == y1 and (x1 > x0) == (y0 > 0)


def test_shape_flow_refuses_what_would_not_fit():
    with pytest.raises(ValueError, match="at most 10"):
        plots.shape_flow(small_trace()[0] * 2, {})

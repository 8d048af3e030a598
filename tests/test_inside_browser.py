"""The explorer of lesson 15: its numbers for a state, its controls, its speed."""

import numpy as np
import pytest
from explorers import click
from helpers import cpu_seconds, texts

from cnn_course.explorers import inside_browser
from cnn_course.explorers.inside_browser import Subject, class_map, inside_picture, look
from cnn_utils import data, recipes
from cnn_utils.functional import softmax
from cnn_utils.gradcheck import numerical_gradient, relative_error
from cnn_utils.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from cnn_utils.plots import map_panels
from cnn_utils.plots.board import shown
from cnn_utils.sequential import Sequential

RNG = np.random.default_rng(3)


def small_model():
    """A fused convolution, a batch norm with running statistics of its own, and dropout."""
    layers = [Conv2D(3, 3, padding=1), ReLU(), MaxPool2D(2), Conv2D(4, 3, padding=1), BatchNorm()]
    layers += [ReLU(), Flatten(), Dropout(0.5), Dense(3)]
    model = Sequential(layers, (6, 8, 2), seed=4, dtype=np.float64)
    norm = layers[4]
    norm.state["running_mean"][...] = RNG.normal(size=4)
    norm.state["running_var"][...] = RNG.uniform(0.5, 2, size=4)
    return model


@pytest.fixture(scope="module")
def subjects():
    made = {}
    for name, recipe, load in (
        ("hands", "signs", data.load_signs),
        ("digits", "mnist", data.load_mnist),
    ):
        images = load(quiet=True)
        model = recipes.load_trained(recipe)
        made[name] = Subject(model, images.x_test[:30], images.y_test[:30], images.class_names)
    return made


def test_saliency_is_the_slope_of_every_logit():
    model, image = small_model(), RNG.uniform(size=(6, 8, 2))
    seen = look(model, image)
    assert seen.saliency.shape == (3, 6, 8, 2)
    assert np.allclose(seen.p, softmax(model.forward(image[None]))[0])
    for k in range(3):
        slope = numerical_gradient(lambda x, k=k: model.forward(x[None])[0, k], image)
        assert relative_error(seen.saliency[k], slope) < 1e-7


def test_class_weights_are_the_mean_slope_by_the_maps():
    model, image = small_model(), RNG.uniform(size=(6, 8, 2))
    seen = look(model, image)

    def from_maps(a):  # what follows the first convolution, up to logit 2
        for layer in model.layers[1:]:
            a = layer.forward(a)
        return a[0, 2]

    maps = model.layers[0].forward(image[None])
    slope = numerical_gradient(from_maps, maps.copy())
    assert np.allclose(seen.maps["conv2d_1"], maps[0])
    assert np.allclose(seen.weights["conv2d_1"][2], slope.mean(axis=(0, 1, 2)))


def test_a_class_map_by_hand():
    maps = np.stack([[[3, 0], [0, 7]], [[0, 4], [2, 0]]], axis=-1)
    assert class_map(maps, np.array([1.25, -2])).tolist() == [[3.75, 0], [0, 8.75]]


def test_looking_changes_nothing_in_the_model():
    model, image = small_model(), RNG.uniform(size=(6, 8, 2))
    before = {name: array.copy() for name, array in model.arrays().items()}
    first, second = look(model, image), look(model, image)
    assert np.array_equal(first.saliency, second.saliency)
    assert all(np.array_equal(before[name], array) for name, array in model.arrays().items())


@pytest.mark.parametrize("name, image, layer", [("hands", 4, "relu_2"), ("digits", 7, "conv2d_4")])
def test_the_numbers_shown_are_the_networks(subjects, name, image, layer):
    subject = subjects[name]
    model = recipes.load_trained("signs" if name == "hands" else "mnist")
    x = data.to_float(subject.images[image : image + 1])
    p = model.predict_proba(x)[0]
    for label in (0, 3):
        board = inside_picture(subject, image, layer, 5, label)
        if label != p.argmax():
            assert f"gives {label} p = {p[label]:.3f}" in board.alt
        assert f"answers {p.argmax()} with p = {p.max():.3f}" in board.alt
        logits = model.forward(x)
        upstream = np.zeros_like(logits)
        upstream[0, label] = 1
        saliency = np.abs(model.backward(upstream, need_dx=True)[0]).max(axis=2)
        row, column = np.unravel_index(saliency.argmax(), saliency.shape)
        most = shown(saliency.max())
        assert f"for {label} is largest at row {row}, column {column}: {most}" in board.alt
        assert {f"{value:.3f}" for value in p} <= {text.rstrip(" ◂") for text in texts(board)}
    maps = next(row.a[0] for row in model.trace(x, np.array([0])) if row.name == layer)
    assert f"Channel 5 of {layer} is largest" in board.alt
    assert f": {shown(maps[..., 5].max())}. The saliency" in board.alt


def test_it_starts_where_it_is_told(subjects):
    explorer = inside_browser(subjects, image=4, layer="relu_2", channel=1, label=1)
    assert explorer.state == {
        "subject": "hands",
        "image": 4,
        "layer": "relu_2",
        "channel": 1,
        "label": 1,
    }
    assert explorer.view.alt == inside_picture(subjects["hands"], 4, "relu_2", 1, 1).alt


def test_every_slider_changes_the_sentence(subjects):
    explorer = inside_browser(subjects)
    for name in ("image", "channel", "label"):
        before = explorer.view.alt
        explorer.controls[name].value += 1
        assert explorer.view.alt != before, name


def test_choosing_a_network_brings_its_layers_and_classes(subjects):
    explorer = inside_browser(subjects, layer="conv2d_1", image=29, label=5)
    drawn = []
    explorer.draw = lambda draw=explorer.draw, **state: drawn.append(state) or draw(**state)
    explorer.controls["subject"].value = "digits"
    assert len(drawn) == 1  # once, when everything fits
    assert explorer.controls["label"].max == 9
    assert explorer.state["layer"] == "relu_5" and explorer.controls["channel"].max == 63
    explorer.set(label=9)
    explorer.controls["subject"].value = "hands"
    assert explorer.state["label"] == 5 and explorer.controls["layer"].options[0] == "conv2d_1"


def test_a_map_can_be_clicked(subjects):
    explorer = inside_browser(subjects, layer="relu_2")  # 32 maps of 8×8, six in a row
    click(explorer, "32 maps of 8×8", (9 * 2 + 4, 9 * 3 + 4))  # third row, fourth column
    assert explorer.state["channel"] == 2 * 6 + 3
    click(explorer, "32 maps of 8×8", (9 * 5 + 4, 9 * 5 + 4))  # there is no 36th
    assert explorer.state["channel"] == 15


def test_numbers_too_large_count_as_the_last(subjects):
    subject = subjects["digits"]
    board = inside_picture(subject, 999, "no such layer", 999, 999)
    assert board.alt == inside_picture(subject, 29, "relu_5", 63, 9).alt
    blank = Subject(subject.model, np.zeros((1, 28, 28, 1), np.uint8), np.array([0]))
    assert "Image 0, a 0" in inside_picture(blank, 0, "relu_1").alt


def test_a_class_map_that_is_0_is_said_to_be(subjects):
    class Silent(Subject):
        def look(self, index):
            seen = super().look(index)
            return seen._replace(weights={k: -np.ones_like(w) for k, w in seen.weights.items()})

    hands = subjects["hands"]
    silent = Silent(hands.model, hands.images, hands.labels)
    board = inside_picture(silent, 0, "relu_3")
    assert board.alt.endswith("The class map for 0 is 0 everywhere in relu_3.")
    assert "0 everywhere" in texts(board)


def test_without_images_it_says_so(subjects):
    empty = Subject(subjects["hands"].model, np.zeros((0, 64, 64, 3), np.uint8), np.array([]))
    with pytest.raises(ValueError, match="'none' needs an image"):
        inside_browser({"none": empty})


def test_it_redraws_at_once(subjects):
    explorer = inside_browser(subjects)
    assert cpu_seconds(explorer.set) < 0.2  # measured: 0.07
    explorer.set(subject="digits", layer="conv2d_5")
    assert cpu_seconds(explorer.set) < 0.2
    subjects["digits"].seen.clear()
    # an image seen for the first time, measured: 0.01
    assert cpu_seconds(lambda: subjects["digits"].look(3), times=1) < 0.2


def test_map_panels_say_their_ranges():
    maps = np.array([[-1.5, 0], [0.25, 1]])
    image = np.zeros((2, 2, 1), np.uint8)
    panels = [("image", image), ("dX", maps, "signed"), ("over", np.abs(maps), "heat", image)]
    shown_texts = texts(map_panels([*panels, ("change", image - 0.5, "noise")], title="Maps"))
    assert {"Maps", "image", "dX", "± 1.5", "0 to 1.5", "± 0.5"} <= set(shown_texts)
    assert map_panels(panels, title="Maps").alt == "Maps: image; dX ± 1.5; over 0 to 1.5."
    with pytest.raises(ValueError, match="kind must be one of .*'signed', 'heat', 'noise'"):
        map_panels([("dX", maps, "warm")])

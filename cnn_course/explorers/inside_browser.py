"""Browse what a trained network makes of an image: lesson 15."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import ipywidgets
import numpy as np
from matplotlib.collections import PolyCollection

from cnn_course.figures.image_board import ImageBoard
from cnn_utils.data import to_float
from cnn_utils.functional import softmax
from cnn_utils.plots.board import shown, tint
from cnn_utils.plots.maps import OVER, colours
from cnn_utils.plots.picture import COLOURS, name_of, styled

from .controls import slider
from .explorer import Explorer

MOST_KEPT = 100  # images whose maps are remembered
SIDE, GAP, TOP = 4.7, 0.85, 1.0  # board units: an image, the space between two, the first row's top
SECOND = TOP + SIDE + 1.55  # the second row's top


class Look(NamedTuple):
    """What one image does to a network.

    p: (K,) probabilities. maps: layer name → (H, W, C), its output. saliency: (K, H, W, C), the
    gradient of every logit with respect to the pixels. weights: layer name → (K, C), the gradient
    of every logit with respect to the layer's maps, averaged over their places.
    """

    p: np.ndarray
    maps: dict[str, np.ndarray]
    saliency: np.ndarray
    weights: dict[str, np.ndarray]


@dataclass(repr=False)
class Subject:
    """A network and the images to look at; what was once worked out for an image is remembered.

    model: a Sequential whose last layer gives logits. images: (N, H, W, C), uint8 or floats from 0
    to 1. labels: (N,) whole numbers. names: of the classes, their numbers if not given.
    """

    model: object
    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...] | None = None
    seen: dict[int, Look] = field(default_factory=dict)

    @property
    def layers(self) -> list[str]:
        """The names of the layers whose outputs are maps."""
        return [layer.name for layer in self.model.layers if len(layer.output_shape) == 3]

    def look(self, index: int) -> Look:
        """Run one image forward and all classes backward, or remember having done it."""
        if index not in self.seen:
            if len(self.seen) >= MOST_KEPT:
                self.seen.pop(next(iter(self.seen)))
            self.seen[index] = look(self.model, self.images[index])
        return self.seen[index]


def look(model, image) -> Look:
    """Take one image through a model and back: one copy of it for every class, in one batch.

    model: a Sequential whose last layer gives K logits; it runs in inference mode, layer by layer.
    image: (H, W, C), uint8 or floats from 0 to 1. The derivation is in lesson 15.
    """
    image = np.asarray(image)
    x = (to_float(image) if image.dtype.kind != "f" else image).astype(model.dtype)
    classes = model.output_shape[0]
    upstream = np.eye(classes, dtype=model.dtype)  # row k: the logit of class k and no other
    first, *rows = model.trace(np.repeat(x[None], classes, axis=0), upstream=upstream)
    layers = {row.name: row for row in rows if row.a.ndim == 4}
    maps = {name: row.a[0] for name, row in layers.items()}
    weights = {name: row.da.mean(axis=(1, 2)) for name, row in layers.items()}
    return Look(softmax(rows[-1].a[:1])[0], maps, first.da, weights)


def class_map(maps, weights) -> np.ndarray:
    """Add maps (H, W, C) up with weights (C,) and keep what is positive: (H, W).

    Source: Selvaraju et al. (2017), arXiv:1610.02391.
    """
    return np.maximum(maps @ weights, 0)


@styled
def inside_picture(
    subject: Subject, image=0, layer: str = "", channel: int = 0, label: int = 0
) -> ImageBoard:
    """Show an image, the maps a layer makes of it, and what in it speaks for a class.

    image: its number; layer: a name from subject.layers, the last one if it is none of them;
    channel: of that layer; label: the class. Numbers that are too large count as the last.
    """
    image = min(image, len(subject.images) - 1)
    layer = layer if layer in subject.layers else subject.layers[-1]
    seen = subject.look(image)
    maps, label = seen.maps[layer], min(label, len(seen.p) - 1)
    channel = min(channel, maps.shape[2] - 1)
    name, best = name_of(label, subject.names), int(seen.p.argmax())
    truth, answer = (name_of(k, subject.names) for k in (subject.labels[image], best))
    gradient = seen.saliency[label]
    saliency = np.abs(gradient).max(axis=2)
    heat = class_map(maps, seen.weights[layer][label])
    chosen = maps[..., channel]
    alt = (
        f"Image {image}, a {truth}: the network answers {answer} with p = {seen.p[best]:.3f}"
        + (f", and gives {name} p = {seen.p[label]:.3f}. " if label != best else ". ")
        + f"Channel {channel} of {layer} is {_top(chosen)}. "
        f"The saliency for {name} is {_top(saliency)}. "
        + (f"The class map for {name} is {_top(heat)}." if heat.any() else _nothing(name, layer))
    )
    board = ImageBoard(
        f"Image {image}: what {layer} makes of it, and what speaks for class {name}",
        alt,
        3 * SIDE + 2 * GAP + 0.8,
        SECOND + SIDE + 0.75,
    )
    lefts = [0.4 + n * (SIDE + GAP) for n in range(3)]
    pixels = np.asarray(subject.images[image])
    pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255 if pixels.dtype == np.uint8 else 1}
    board.image(f"image {image}, labelled {truth}", pixels, lefts[0], TOP, "input", SIDE, **grey)

    sheet, (rows, columns) = _sheet(maps)
    title = f"{maps.shape[2]} maps of {rows}×{columns}"
    kind = "signed" if maps.min() < 0 else "heat"
    how = colours(maps, kind)
    _square(board, title, sheet, lefts[1], TOP, "output", how)
    across = sheet.shape[1] // (columns + 1)
    first = (rows + 1) * (channel // across), (columns + 1) * (channel % across)
    board.frame(title, first, (rows, columns), "wrong")
    _square(board, f"channel {channel}", chosen, lefts[2], TOP, "output", how)
    most = shown(how["vmax"])
    note = f"red −{most}, white 0, blue {most}" if kind == "signed" else f"dark 0, bright {most}"
    board.note(lefts[1], TOP + SIDE + 0.3, note, fontsize=8.5)
    board.note(lefts[2], TOP + SIDE + 0.3, "on the same scale", fontsize=8.5)

    _bars(board, lefts[0], SECOND, seen.p, label, subject.names)
    _square(board, f"saliency, class {name}", saliency, lefts[1], SECOND, "gradient", None)
    board.image(f"class map, class {name}", pixels, lefts[2], SECOND, "gradient", SIDE, **grey)
    extent = (lefts[2], lefts[2] + SIDE, SECOND + SIDE, SECOND)
    limits = board.axis.axis()
    board.axis.imshow(
        heat,
        alpha=OVER,
        extent=extent,
        aspect="auto",
        interpolation="nearest",
        **colours(heat, "heat"),
    )
    board.axis.axis(limits)
    for left, values in ((lefts[1], saliency), (lefts[2], heat)):
        words = f"dark 0, bright {shown(values.max())}" if values.any() else "0 everywhere"
        board.note(left, SECOND + SIDE + 0.3, words, fontsize=8.5)
    return board


def _top(values) -> str:
    """ "largest at row 3, column 4: 1.25"."""
    row, column = np.unravel_index(values.argmax(), values.shape)
    return f"largest at row {row}, column {column}: {shown(values[row, column])}"


def _nothing(name, layer) -> str:
    return f"The class map for {name} is 0 everywhere in {layer}."


def _sheet(maps):
    """All channels on one array, a row and a column of nothing between them, and their size."""
    rows, columns, count = maps.shape
    across = int(np.ceil(np.sqrt(count)))
    sheet = np.full((-(-count // across) * (rows + 1), across * (columns + 1)), np.nan)
    for k in range(count):
        top, left = (rows + 1) * (k // across), (columns + 1) * (k % across)
        sheet[top : top + rows, left : left + columns] = maps[..., k]
    return sheet, (rows, columns)


def _square(board, name, values, left, top, kind, how) -> None:
    """Draw a map SIDE wide, and no higher."""
    width = SIDE * min(1, values.shape[1] / values.shape[0])
    board.image(name, values, left, top, kind, width, **(how or colours(values, "heat")))


def _bars(board, left, top, p, label, names) -> None:
    """The probabilities as bars, the chosen class framed."""
    board.note(left, top - 0.15, "probabilities", fontweight="bold", va="bottom")
    step = min(SIDE / len(p), 0.75)
    most = SIDE - 1.9
    corners = []
    for k, value in enumerate(p):
        y, right = top + step * (k + 0.12), left + 0.6 + most * max(float(value), 0.004)
        below = y + 0.76 * step
        corners.append([(left + 0.6, y), (right, y), (right, below), (left + 0.6, below)])
        weight = "bold" if k == label else "normal"
        board.note(left, y + 0.38 * step, name_of(k, names), fontsize=9, fontweight=weight)
        text = f"{value:.3f}" + (" ◂" if k == label else "")
        board.note(right + 0.1, y + 0.38 * step, text, fontsize=8.5, fontweight=weight)
    faces = [tint(COLOURS["output"], 1 if k == label else 0.45) for k in range(len(p))]
    board.axis.add_collection(PolyCollection(corners, facecolors=faces), autolim=False)


def inside_browser(subjects: dict[str, Subject], **start) -> Explorer:
    """Make the explorer of the networks and images that `subjects` names.

    start: where it begins, any of subject, image, layer, channel and label. Slider 'image' chooses
    the image, 'class' the class whose saliency and class map are shown; the maps are clickable.
    """
    for name, subject in subjects.items():
        if not len(subject.images) or not subject.layers:
            raise ValueError(f"{name!r} needs an image, and a layer whose output is maps.")
    choice = ipywidgets.ToggleButtons(options=list(subjects), style={"button_width": "8em"})
    image, channel = slider("image", 0), slider("channel", 0)
    label = slider("class", 0)
    layer = ipywidgets.Dropdown(
        description="layer",
        layout=ipywidgets.Layout(width="16em"),
        style={"description_width": "initial"},
    )

    def maps_of(name):
        shapes = {la.name: la.output_shape for la in subjects[choice.value].model.layers}
        return shapes[name]

    def fit_channel(change=None):
        channel.max = maps_of(layer.value)[2] - 1

    def fit_subject(change=None):
        subject = subjects[choice.value]
        image.max, label.max = len(subject.images) - 1, subject.model.output_shape[0] - 1
        layer.options = subject.layers
        layer.value = subject.layers[-1]

    def take_subject(change):  # what does not fit any more is changed, and all of it drawn once
        with explorer.held():
            fit_subject()

    def draw(subject, image, layer, channel, label):
        return inside_picture(subjects[subject], image, layer, channel, label)

    def click(name, index, state):
        rows, columns, count = maps_of(state["layer"])
        if not name.endswith(f"maps of {rows}×{columns}"):
            return {}
        across = int(np.ceil(np.sqrt(count)))
        chosen = index[0] // (rows + 1) * across + index[1] // (columns + 1)
        return {"channel": int(chosen)} if chosen < count else {}

    fit_subject()
    fit_channel()
    choice.observe(take_subject, "value")  # before the explorer hears of it and draws
    layer.observe(fit_channel, "value")
    controls = {
        "subject": choice,
        "image": image,
        "layer": layer,
        "channel": channel,
        "label": label,
    }
    rows = [[choice, image, label], [layer, channel]]
    explorer = Explorer(draw, controls, rows=rows, on_click=click)
    explorer.set(**start)
    return explorer

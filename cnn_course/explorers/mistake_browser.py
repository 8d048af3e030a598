"""Lessons 13 and 14: go through a model's mistakes, or all its answers, the surest first."""

from __future__ import annotations

import ipywidgets
import numpy as np
from matplotlib.collections import PolyCollection

from cnn_utils.plots.board import Board, tint
from cnn_utils.plots.picture import COLOURS, name_of, styled

from .explorer import Explorer

WHAT = {"mistakes": "mistake", "right answers": "right answer", "all images": "image"}
ANY = -1  # a dropdown takes None for nothing chosen
ORDERS = ("surest first", "least sure first")
NEIGHBOURS = 4
IMAGE, TOP, BARS, LONGEST = 5.6, 0.55, 8.7, 5.2  # board units: the image's side, where bars begin
NEAR, NEAR_WIDTH, SECOND = 7.4, 2.05, 9.5  # the neighbours: their top, width, second group


def chosen(
    labels, probabilities, show="mistakes", true=None, predicted=None, order="surest first"
) -> np.ndarray:
    """Return the indices of the images that fit, in the order in which they are shown.

    labels: (N,); probabilities: (N, K). show: a key of WHAT; true, predicted: a class, or None for
    any; order: one of ORDERS, by the probability of the model's answer.
    """
    guesses, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    fits = np.ones(len(labels), dtype=bool)
    if show != "all images":
        fits &= (guesses == labels) == (show == "right answers")
    for wanted, classes in ((true, labels), (predicted, guesses)):
        if wanted is not None:
            fits &= classes == wanted
    rows = np.flatnonzero(fits)
    return rows[np.argsort(-sure[rows] if order == ORDERS[0] else sure[rows], kind="stable")]


def nearest_right(images, labels, guesses, index: int, of_class: int) -> tuple:
    """Find the images most like images[index] among those of a class the model reads rightly.

    Returns their indices and distances, the nearest first: the root mean square difference of all
    values, scaled to [0, 1].
    """
    right = np.flatnonzero((labels == of_class) & (guesses == of_class))
    right = right[right != index]
    difference = _floats(images[right]) - _floats(images[index])
    distances = np.sqrt(np.mean(difference.reshape(len(right), images[index].size) ** 2, axis=1))
    order = np.argsort(distances, kind="stable")[:NEIGHBOURS]
    return right[order], distances[order]


@styled
def picture(
    images,
    labels,
    probabilities,
    names=None,
    show: str = "mistakes",
    true: int | None = None,
    predicted: int | None = None,
    order: str = "surest first",
    number: int = 1,
) -> Board:
    """Show one image, the probabilities a model gives it, and images like it that it reads rightly.

    images: (N, H, W, C), uint8 or floats from 0 to 1; labels: (N,); probabilities: (N, K); names:
    of the classes. show, true, predicted, order: as in `chosen`; number: which of the images that
    fit, from 1, the last one where it is too large.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    rows = chosen(labels, probabilities, show, true, predicted, order)
    if not len(rows):
        return _nothing(names, show, true, predicted)
    number = min(max(number, 1), len(rows))
    index = rows[number - 1]
    p, label = probabilities[index], int(labels[index])
    guesses = probabilities.argmax(axis=1)
    guess = int(guesses[index])
    other = guess if guess != label else int(np.argsort(p, kind="stable")[-2])
    what, place = WHAT[show], f"{number:,} of {len(rows):,}"
    was, is_ = name_of(label, names), name_of(guess, names)
    verdict = f"true {was}, predicted {is_}" if guess != label else f"{was}, and read as {is_}"
    board = Board(f"{what.capitalize()} {place}: {verdict}, p = {p[guess]:.4f}", "", 18.4, 10.0)
    board.image(f"image {index}", _pixels(images[index]), 0.3, TOP, "input", IMAGE)
    _bars(board, p, names, label, guess)

    near = {}
    role = "predicted" if guess != label else "second best"
    for left, k, note in ((0.3, label, "true class"), (SECOND, other, role)):
        found, distances = nearest_right(images, labels, guesses, index, k)
        near[k] = distances
        title = f"nearest images of {name_of(k, names)} read rightly ({note})"
        board.note(left, NEAR - 0.4, title, fontsize=9.5, fontweight="bold")
        for i, (row, distance) in enumerate(zip(found, distances, strict=True)):
            x = left + i * (NEAR_WIDTH + 0.12)
            board.image("", _pixels(images[row]), x, NEAR, "output", NEAR_WIDTH)
            board.note(x, NEAR + NEAR_WIDTH + 0.35, f"{distance:.3f} away", fontsize=9)
        if not len(found):
            board.note(left, NEAR + 0.5, "there is none", fontsize=9.5)
    board.alt = _sentence(what, place, index, p, names, (label, guess, other), near)
    return board


def _bars(board, p, names, label, guess) -> None:
    """One bar for each class; the predicted one in colour and bold, the true one named."""
    step = IMAGE / len(p)
    corners, colours = [], []
    for k, value in enumerate(p):
        y = TOP + step * (k + 0.5)
        x, half = BARS + LONGEST * float(value), 0.33 * step
        corners.append([(BARS, y - half), (x, y - half), (x, y + half), (BARS, y + half)])
        colours.append(COLOURS["output" if k == label else "wrong"] if k == guess else "#C8CDD2")
        told = ("◀ predicted" if k == guess else "") + (" = true" if k == guess == label else "")
        told = "◀ true" if k == label != guess else told
        weight = "bold" if told else "normal"
        how = {"fontsize": 9.5, "fontweight": weight}
        board.note(BARS - 0.2, y, name_of(k, names), ha="right", **how)
        board.note(x + 0.15, y, f"{value:.4f}  {told}".rstrip(), **how)
    bars = PolyCollection(corners, facecolors=colours, edgecolors="none")
    board.axis.add_collection(bars, autolim=False)
    board.axis.plot((BARS, BARS), (TOP, TOP + IMAGE), color="#888888", lw=0.9)
    board.note(BARS, TOP - 0.3, "probability", fontweight="bold", color=tint("#4C5866", 1))


def _sentence(what, place, index, p, names, classes, near) -> str:
    """Say in words and numbers what is shown."""
    label, guess, other = classes
    true = name_of(label, names)
    told = f"{what.capitalize()} {place}, image {index}: "
    if guess == label:
        second = f"{name_of(other, names)} comes second with {p[other]:.4f}"
        told += f"true class {true}, read rightly with p = {p[guess]:.4f}; {second}."
    else:
        place = 1 + int(np.sum(p > p[label]))
        told += f"true class {true}, taken for {name_of(guess, names)} with p = {p[guess]:.4f}; "
        told += f"the true class got {p[label]:.4f} and comes in place {place}."
    ends = [f"{name_of(k, names)}: {d[0]:.3f} away" for k, d in near.items() if len(d)]
    return f"{told} Nearest image read rightly as {'; as '.join(ends)}." if ends else told


def _nothing(names, show, true, predicted) -> Board:
    wanted = [
        f"{role} class {name_of(k, names)}"
        for role, k in (("true", true), ("predicted", predicted))
        if k is not None
    ]
    what = f"{WHAT[show]}s" if show in WHAT else show
    told = (
        f"There are no {what} with {' and '.join(wanted)}." if wanted else f"There are no {what}."
    )
    if show == "right answers" and len(wanted) == 2:
        told += " A right answer has the same class twice."
    board = Board("Nothing to show here", told, 18.4, 2)
    board.note(0.3, 0.8, told)
    return board


def _floats(pixels) -> np.ndarray:
    """Pixels as float32 from 0 to 1."""
    pixels = np.asarray(pixels)
    return pixels.astype(np.float32) / (255 if pixels.dtype == np.uint8 else 1)


def _pixels(image) -> np.ndarray:
    """An image as Board.image takes it: floats (H, W) or (H, W, 3)."""
    image = _floats(image)
    return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image


def mistake_browser(images, labels, probabilities, names=None, show: str = "mistakes") -> Explorer:
    """Make the explorer; it begins with the mistake the model was surest of.

    images: (N, H, W, C), uint8 or floats from 0 to 1; labels: (N,); probabilities: (N, K), what
    the model says of them; names: of the classes. show: 'mistakes', 'right answers' or
    'all images', which it begins with.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if probabilities.ndim != 2 or not len(images) == len(labels) == len(probabilities):
        raise ValueError(
            "images, labels and probabilities belong together one by one; got "
            f"{len(images)} images, labels {labels.shape} and probabilities {probabilities.shape}. "
            "Probabilities are (N, K), as model.predict_proba(images) returns them."
        )
    classes = [("any", ANY)]
    classes += [(name_of(k, names), k) for k in range(probabilities.shape[1])]
    how = {
        "layout": ipywidgets.Layout(width="auto", margin="2px 1.2em 2px 2px"),
        "style": {"description_width": "initial"},
    }
    number = ipywidgets.IntSlider(
        value=1, min=1, description="number", layout=ipywidgets.Layout(width="34em")
    )
    controls = {
        "number": number,
        "show": ipywidgets.Dropdown(options=list(WHAT), value=show, description="show", **how),
        "true": ipywidgets.Dropdown(options=classes, description="true", **how),
        "predicted": ipywidgets.Dropdown(options=classes, description="predicted", **how),
        "order": ipywidgets.Dropdown(options=ORDERS, description="order", **how),
    }
    filters = {name: control for name, control in controls.items() if name != "number"}

    def wanted(state):
        return {name: None if value == ANY else value for name, value in state.items()}

    def fit(change=None):
        values = wanted({name: control.value for name, control in filters.items()})
        number.max = max(len(chosen(labels, probabilities, **values)), 1)
        number.value = 1

    def draw(number, **state):
        return picture(images, labels, probabilities, names, number=number, **wanted(state))

    for control in filters.values():  # before the explorer draws
        control.observe(fit, "value")
    fit()
    return Explorer(draw, controls, rows=[list(filters.values()), [number]])

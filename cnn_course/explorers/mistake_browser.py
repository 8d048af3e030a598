"""Lessons 13 and 14: browse a model's mistakes, or all its answers, the surest first."""

from __future__ import annotations

import ipywidgets
import numpy as np

from cnn_course.figures.image_board import ImageBoard
from cnn_utils.plots.board import tint
from cnn_utils.plots.picture import COLOURS, name_of, styled

from .controls import sized
from .drawing import as_floats, box, draw_boxes, without_grey_axis
from .explorer import Explorer

WHAT = {"mistakes": "mistake", "right answers": "right answer", "all images": "image"}
ANY = -1  # None would mean that nothing is chosen
ORDERS = ("surest first", "least sure first")
NEIGHBOURS = 4
IMAGE, TOP, BARS, LONGEST = 5.6, 0.55, 8.7, 5.2  # board units: the image's side, where bars begin
NEAR, NEAR_WIDTH, SECOND = 7.4, 2.05, 9.5  # the neighbours: their top, width, second group


def chosen(
    labels, probabilities, show="mistakes", true=None, predicted=None, order="surest first"
) -> np.ndarray:
    """Return the indices of the images that fit, an integer array, in the order they are shown.

    labels: integers (N,); probabilities: (N, K). show: a key of WHAT; true, predicted: a class, or
    None for any; order: one of ORDERS, by the probability of the model's answer.
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


def nearest_right(images, labels, guesses, index: int, label: int) -> tuple:
    """Find the images most like images[index] among those of a class that the model gets right.

    images: (N, H, W, C), uint8 or floats from 0 to 1; labels, guesses: integers (N,); label: the
    class. Returns the indices and distances of at most four images, the nearest first. A distance
    is the root mean square difference of all values, which are scaled to [0, 1].
    """
    right = np.flatnonzero((labels == label) & (guesses == label))
    right = right[right != index]
    difference = as_floats(images[right]) - as_floats(images[index])
    distances = np.sqrt(np.mean(difference.reshape(len(right), images[index].size) ** 2, axis=1))
    order = np.argsort(distances, kind="stable")[:NEIGHBOURS]
    return right[order], distances[order]


@styled
def mistake_picture(
    images,
    labels,
    probabilities,
    names=None,
    show: str = "mistakes",
    true: int | None = None,
    predicted: int | None = None,
    order: str = "surest first",
    number: int = 1,
) -> ImageBoard:
    """Show one image, the probabilities a model gives it, and similar images that it gets right.

    images: (N, H, W, C), uint8 or floats from 0 to 1; labels: integers (N,); probabilities: (N, K);
    names: of the classes. show, true, predicted, order: as in `chosen`; number: which of the images
    that fit, from 1; a number that is too large means the last.
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
    board = ImageBoard(
        f"{what.capitalize()} {place}: {verdict}, p = {p[guess]:.4f}", "", 18.4, 10.0
    )
    board.image(f"image {index}", _shown(images[index]), 0.3, TOP, "input", IMAGE)
    _bars(board, p, names, label, guess)

    near = {}
    role = "predicted" if guess != label else "second best"
    for left, k, note in ((0.3, label, "true class"), (SECOND, other, role)):
        found, near[k] = nearest_right(images, labels, guesses, index, k)
        title = f"nearest images of {name_of(k, names)} read rightly ({note})"
        _neighbours(board, left, title, [images[row] for row in found], near[k])
    board.alt = _sentence(what, place, index, p, names, (label, guess, other), near)
    return board


def _neighbours(board, left, title, images, distances) -> None:
    """Images side by side below a title, each with its distance."""
    board.note(left, NEAR - 0.4, title, fontsize=9.5, fontweight="bold")
    for number, (image, distance) in enumerate(zip(images, distances, strict=True)):
        x = left + number * (NEAR_WIDTH + 0.12)
        board.image("", _shown(image), x, NEAR, "output", NEAR_WIDTH)
        board.note(x, NEAR + NEAR_WIDTH + 0.35, f"{distance:.3f} away", fontsize=9)
    if not images:
        board.note(left, NEAR + 0.5, "there is none", fontsize=9.5)


def _bars(board, p, names, label, guess) -> None:
    """One bar for each class, the predicted one in colour; the predicted and the true are named."""
    step = IMAGE / len(p)
    bars, colours = [], []
    for k, value in enumerate(p):
        y = TOP + step * (k + 0.5)
        length, half = LONGEST * float(value), 0.33 * step
        bars.append(box(BARS, y - half, length, 2 * half))
        colours.append(COLOURS["output" if k == label else "wrong"] if k == guess else "#C8CDD2")
        told = ("◀ predicted" if k == guess else "") + (" = true" if k == guess == label else "")
        told = "◀ true" if k == label != guess else told
        weight = "bold" if told else "normal"
        how = {"fontsize": 9.5, "fontweight": weight}
        board.note(BARS - 0.2, y, name_of(k, names), ha="right", **how)
        board.note(BARS + length + 0.15, y, f"{value:.4f}  {told}".rstrip(), **how)
    draw_boxes(board, bars, facecolors=colours, edgecolors="none")
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


def _nothing(names, show, true, predicted) -> ImageBoard:
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
    board = ImageBoard("Nothing to show here", told, 18.4, 2)
    board.note(0.3, 0.8, told)
    return board


def _shown(image) -> np.ndarray:
    """An image as ImageBoard.image takes it: floats (H, W) or (H, W, 3)."""
    return without_grey_axis(as_floats(image))


def mistake_browser(images, labels, probabilities, names=None, show: str = "mistakes") -> Explorer:
    """Explorer of lessons 13 and 14: begin with the mistake that the model was surest of.

    images: (N, H, W, C), uint8 or floats from 0 to 1; labels: integers (N,); probabilities: (N, K),
    the model's answers; names: of the classes. show: what it begins with, 'mistakes', 'right
    answers' or 'all images'. Raises ValueError where images, labels and probabilities do not
    belong together.
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
    how = sized("auto")
    how["layout"].margin = "2px 1.2em 2px 2px"
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
        return mistake_picture(images, labels, probabilities, names, number=number, **wanted(state))

    for control in filters.values():  # before the explorer draws
        control.observe(fit, "value")
    fit()
    return Explorer(draw, controls, rows=[list(filters.values()), [number]])

"""Lesson 01: edit a kernel, slide it over an image, rotate it by 180°."""

from __future__ import annotations

import ipywidgets
import numpy as np

from cnn_course.figures.image_board import ImageBoard
from cnn_utils.example import W, X
from cnn_utils.functional import convolve2d, correlate2d
from cnn_utils.plots.board import product_sum, shown
from cnn_utils.plots.picture import styled

from .controls import slider, toggles
from .explorer import Explorer

MOST_NUMBERS = 6  # an image with more columns is shown in grey levels
SIDE, WIDE = 1.3, 5.4  # board units: a cell of an array shown as numbers, an image's width


@styled
def kernel_picture(x, w, rotate: bool = False, row: int = 0, column: int = 0) -> ImageBoard:
    """Show a kernel at one position of an image: patch × weights = products, and the whole output.

    x: an image (H, W), shown as numbers where it has at most six columns, else in grey levels from
    0 to 1. w: a kernel (K_h, K_w), no larger than x. rotate: convolve (the kernel rotated by 180°)
    instead of cross-correlating. row, column: of the output cell; a number that is too large means
    the last row or column. Grids or images: "x", "w", "z".
    """
    x, w = np.asarray(x), np.asarray(w)
    z = convolve2d(x, w) if rotate else correlate2d(x, w)
    used = w[::-1, ::-1] if rotate else w
    row, column = min(row, z.shape[0] - 1), min(column, z.shape[1] - 1)
    patch = x[row : row + w.shape[0], column : column + w.shape[1]]
    name = "Convolution" if rotate else "Cross-correlation"
    pairs = zip(patch.ravel(), used.ravel(), strict=True)
    total = product_sum(pairs, z[row, column])
    numbers = x.shape[1] <= MOST_NUMBERS
    wide = x.shape[1] * SIDE if numbers else WIDE
    upper = max(x.shape[0] * wide / x.shape[1], w.shape[0] + 1)
    board = ImageBoard(
        f"{name}: one output cell is one sum of products",
        f"{name}, z[{row}, {column}] = {total}",
        18.4,
        1 + upper + 1.2 + w.shape[0] + 0.3,
    )
    middle = 0.3 + wide + 1.9
    right = middle + w.shape[1] + 1.9
    _plane(board, "x", x, 0.3, "input", (row, column), w.shape)
    _plane(board, "z", z, right, "output", (row, column))
    if not numbers and z.min() < 0:
        board.note(right, upper + 1.3, "red: below 0, blue: above", fontsize=9)
    board.grid("w", w, middle, 1, "kernel")
    if rotate:
        board.note(middle + w.shape[1] / 2, w.shape[0] + 1.4, "↻ turned by 180°", ha="center")

    top, left = 1 + upper + 1.2, 0.3
    for label, values, kind, sign in (
        ("patch of x", patch, "input", "×"),
        ("w, turned" if rotate else "w", used, "kernel", "="),
        ("products", patch * used, "output", "→"),
    ):
        board.grid(f"{label} below", values, left, top, kind, label=label)
        left += max(w.shape[1], 2.6)
        board.note(left + 0.5, top + w.shape[0] / 2, sign, ha="center", fontsize=14)
        left += 1.0
    text = f"their sum: z[{row}, {column}] = {shown(z[row, column])}"
    board.note(left + 0.2, top + w.shape[0] / 2, text, fontweight="bold")
    return board


def _plane(board, name, values, left, kind, first, window=(1, 1)) -> None:
    """Draw a small array as numbers, a large one as an image: grey levels, or signed colours."""
    if values.shape[1] <= MOST_NUMBERS:
        marked = [(first[0] + u, first[1] + v) for u, v in np.ndindex(window)]
        board.grid(name, values, left, 1, kind, marked=marked, side=SIDE)
        return
    how = {"cmap": "gray", "vmin": 0, "vmax": max(1.0, values.max())}
    if values.min() < 0:
        most = np.abs(values).max()
        how = {"cmap": "RdBu", "vmin": -most, "vmax": most}
    board.image(name, values, left, 1, kind, WIDE, **how)
    board.frame(name, first, window)


def kernel_editor(images: dict | None = None, kernels: dict | None = None) -> Explorer:
    """Explorer of lesson 01: choose or type a kernel, and slide it over an image.

    It starts on the worked example. images: more images by name, (H, W) with values from 0 to 1;
    kernels: more kernels by name, of 2×2 or 3×3 weights.
    """
    images = {"worked example": X, **(images or {})}
    kernels = {"worked example": W, **(kernels or {})}
    image = ipywidgets.Dropdown(options=list(images), description="image")
    preset = ipywidgets.Dropdown(options=list(kernels), description="kernel")
    size = toggles({"2×2": 2, "3×3": 3}, "5em")
    turn = toggles({"cross-correlation": False, "convolution: turned by 180°": True}, "17em")
    row, column = slider("row", 1), slider("column", 1)
    box = ipywidgets.Layout(width="5em")
    weights = {f"w{u}{v}": ipywidgets.FloatText(step=0.5, layout=box) for u, v in np.ndindex(3, 3)}
    boxes = ipywidgets.GridBox(layout=ipywidgets.Layout(padding="0 0 0 5.5em"))

    def typed(w):
        return {f"w{u}{v}": round(float(w[u, v]), 4) for u, v in np.ndindex(w.shape)}

    def draw(image, turn, size, row, column, **weights):
        w = np.array([[weights[f"w{u}{v}"] for v in range(size)] for u in range(size)])
        return kernel_picture(images[image], w, turn, row, column)

    def fit_sliders(change=None):
        H, W = images[image.value].shape
        row.max, column.max = H - size.value, W - size.value

    def show_boxes(change=None):
        boxes.children = [weights[f"w{u}{v}"] for u, v in np.ndindex(size.value, size.value)]
        boxes.layout.grid_template_columns = f"repeat({size.value}, 5.3em)"

    def take_preset(change):
        w = kernels[change["new"]]
        explorer.set(size=len(w), **typed(w))

    def click(name, index, state):
        return {"row": index[0], "column": index[1]} if name == "z" else {}

    for name, number in typed(W).items():
        weights[name].value = number
    show_boxes()
    for control, react in ((image, fit_sliders), (size, fit_sliders), (size, show_boxes)):
        control.observe(react, "value")
    controls = {"image": image, "turn": turn, "size": size, "row": row, "column": column, **weights}
    rows = [[image, turn], [preset, size], [boxes], [row, column]]
    explorer = Explorer(draw, controls, rows=rows, on_click=click)
    preset.observe(take_preset, "value")
    return explorer

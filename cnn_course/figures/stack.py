"""Figures of lesson 06: activation functions, all numbers of a stack, gradients and depth."""

from __future__ import annotations

import numpy as np

from cnn_utils import functional
from cnn_utils.plots.board import Board
from cnn_utils.plots.picture import COLOURS, Picture, styled

LOOKS = {  # name: colour, line
    "ReLU": (COLOURS["input"], "-"),
    "sigmoid": (COLOURS["validation"], "--"),
    "tanh": (COLOURS["gradient"], ":"),
}
PAIRS = {
    "ReLU": (functional.relu_forward, functional.relu_backward),
    "sigmoid": (functional.sigmoid_forward, functional.sigmoid_backward),
    "tanh": (functional.tanh_forward, functional.tanh_backward),
}


@styled
def activation_curves(title: str = "") -> Picture:
    """Show ReLU, sigmoid and tanh on the left, their slopes on the right, for z from −5 to 5."""
    alt = (
        f"{title}. Left, the functions: ReLU is 0 up to z = 0, then z itself; sigmoid rises from 0 "
        "to 1, tanh from −1 to 1. Right, their slopes: ReLU's jumps from 0 to 1, sigmoid's has its "
        "top of 0.25 at z = 0, tanh's its top of 1."
    )
    picture = Picture(title, alt, 2.9)
    values, slopes = picture.subplots(1, 2, sharex=True)
    z = np.linspace(-5, 5, 400)  # even, so that 0 is not among them
    for name, (forward, backward) in PAIRS.items():
        colour, line = LOOKS[name]
        a, cache = forward(z)
        values.plot(z, a, line, color=colour, lw=2.2, label=name)
        slopes.plot(z, backward(np.ones_like(z), cache), line, color=colour, lw=2.2)
    slopes.axhline(0.25, color="#888888", lw=0.8)
    slopes.text(-5, 0.27, "1/4", color="#555555", fontsize=9)
    values.set(title="the function", xlabel="z", ylabel="a", ylim=(-1.2, 2.2))
    slopes.set(title="its slope", xlabel="z", ylabel="da/dz", ylim=(-0.05, 1.1))
    values.legend()
    return picture


@styled
def stack_numbers(outputs, gradients, parameter_gradients, title: str = "") -> Board:
    """Show all numbers of one image on its way through convolution, ReLU, flatten, dense, and back.

    outputs: arrays of integers, the image (1, 3, 3, 1), then the output of each layer,
    (1, 2, 2, 1), (1, 2, 2, 1), (1, 4) and (1, 2). gradients: of these five, in the same order.
    parameter_gradients: dw and db of the convolution, dw and db of the dense layer.
    """
    names, places = ("X", "Z", "A", "x", "z"), (0.4, 5.0, 8.8, 12.6, 18.2)
    steps = ("conv", "ReLU", "flatten", "dense")
    arrays = [_flat(array).astype(int).tolist() for array in (*outputs, *gradients)]
    words = [f"{n} {array}" for n, array in zip(names, arrays[:5], strict=True)]
    back = [f"d{n} {array}" for n, array in zip(names, arrays[5:], strict=True)]
    alt = f"{title}. Forward {' → '.join(words)}. Backward, from the last to the first: "
    board = Board(title, f"{alt}{', '.join(reversed(back))}.", 20.6, 15.4)
    for y, d, rows in ((2.4, "", outputs), (7.4, "d", gradients)):
        for x, name, array in zip(places, names, rows, strict=True):
            kind = "gradient" if d else "output" if x > 1 else "input"
            grid = _flat(array)
            label = f"{d}{name} {array.shape}"
            board.grid(f"{d}{name}", grid, x, y - len(grid) / 2, kind, label=label)
        for step, name, x in zip(steps, names, places[1:], strict=False):
            left, right = board.grids[f"{d}{name}"], x - 0.15
            left = left.x + left.shape[1] + 0.15
            ends = ((right, y), (left, y)) if d else ((left, y), (right, y))
            board.arrow(*ends, colour="gradient" if d else "#555555")
            board.note((left + right) / 2, y + 0.45, step, ha="center", fontsize=8.5)
    for x, grids in ((3.0, parameter_gradients[:2]), (14.6, parameter_gradients[2:])):
        for name, array in zip(("dw", "db"), grids, strict=True):
            grid = np.atleast_2d(array[:, :, 0, 0] if array.ndim == 4 else array)
            label = f"{name} {array.shape}"
            board.grid(f"{name} {x}", grid, x, 10.8, "gradient", label=label)
            x += 3.5 if array.ndim == 4 else 2.8
    board.note(0.4, 10.5, "kept by", fontsize=9, color="#555555")
    board.note(0.4, 11.1, "the layers:", fontsize=9, color="#555555")
    return board


def _flat(array) -> np.ndarray:
    """One image with one channel, as rows and columns."""
    return array[0, :, :, 0] if array.ndim == 4 else array


@styled
def gradient_sizes(sizes: dict[str, np.ndarray], title: str = "") -> Picture:
    """Show the size of the gradient after each layer on the way back, on a logarithmic scale.

    sizes: by activation, a key of LOOKS, the root mean squares (layers + 1,): at the output, then
    after each layer on the way back, down to the input.
    """
    told = [f"{name} from {s[0]:.1e} to {s[-1]:.1e}" for name, s in sizes.items()]
    alt = f"{title}. Size of the gradient from the output back to the input: {'; '.join(told)}."
    picture = Picture(title, alt, 2.9)
    axis = picture.subplots()
    for marker, (name, values) in zip("osv", sizes.items(), strict=False):
        colour, line = LOOKS[name]
        axis.semilogy(values, line, marker=marker, ms=5, color=colour, lw=1.8, label=name)
    axis.set(
        xlabel="layers the gradient has come back through",
        ylabel="root mean square of ∂L/∂a",
        xticks=range(len(values)),
    )
    axis.grid(axis="y")
    axis.legend()
    return picture

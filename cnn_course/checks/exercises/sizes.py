"""How large an output is, and the zeros around an image (lesson 02)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.arrays import quarters, whole_numbers
from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .convolution import PADDING, SIZE

# The size of an output


def output_size_answer(n, k, stride, padding):
    return (n + 2 * padding - k) // stride + 1


def _size_probe(n, k, stride, padding) -> Probe:
    about = f"n = {n}, k = {k}, stride {stride}, padding {padding}"
    return Probe(about, {"n": n, "k": k, "stride": stride, "padding": padding})


SIZE_PROBES = tuple(
    _size_probe(*numbers)
    for numbers in [
        (5, 3, 1, 0),
        (8, 3, 2, 1),
        (3, 2, 2, 1),
        (28, 3, 2, 0),
        (9, 4, 3, 2),
        (11, 2, 4, 0),
        (7, 7, 5, 0),
        (30, 5, 1, 2),
        (2, 6, 3, 4),
    ]
)


output_size = make_check(
    Exercise(
        name="output_size",
        contract="takes four whole numbers (n, k, stride, padding), the size of the input and of "
        "the window, the step and the zeros at each end; returns the number of windows, an int.",
        outputs=("n_out",),
        reference=output_size_answer,
        probes=SIZE_PROBES,
        hints=(
            "How many entries are there with the zeros, and where may the last window start?",
            "A window at place start ends at start + k − 1, and that must be at most "
            "n + 2 · padding − 1.",
            "So the last start is at most n + 2 · padding − k, and starts are multiples of the "
            "stride: how many steps fit into that?",
            "Steps, rounded down, and one more for the window at 0.",
        ),
        read=SIZE,
    )
)


# Padding


def zero_padding_answer(x, padding):
    N, H, W, C = x.shape
    p = padding
    x_padded = np.zeros((N, H + 2 * p, W + 2 * p, C), x.dtype)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                for c in range(C):
                    x_padded[n, p + i, p + j, c] = x[n, i, j, c]
    return x_padded


def zero_padding_slices(x, padding):
    N, H, W, C = x.shape
    p = padding
    x_padded = np.zeros((N, H + 2 * p, W + 2 * p, C), x.dtype)
    x_padded[:, p : p + H, p : p + W, :] = x
    return x_padded


def zero_padding_pad(x, padding):
    p = padding
    return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))


def _images(about, seed, shape, padding) -> Probe:
    x = whole_numbers(seed, shape)[0]
    x[x == 0] = 5  # only padding is 0
    return Probe(about, {"x": x, "padding": padding})


PADDING_PROBES = (
    _images("1 image 2×3, padding 1", 20, (1, 2, 3, 1), 1),
    _images("2 images 4×3×3, padding 2", 21, (2, 4, 3, 3), 2),
    Probe(
        "2 images 3×2×2, padding 0, float32",
        quarters(_images("", 22, (2, 3, 2, 2), 0).arguments),
    ),
)


zero_padding = make_check(
    Exercise(
        name="zero_padding",
        contract="takes (x, padding), x (N, H, W, C) and a whole number; returns the images with "
        "that many zeros on each side, (N, H + 2·padding, W + 2·padding, C).",
        outputs=("x_padded",),
        reference=zero_padding_answer,
        may_be_view=True,  # with padding 0
        probes=PADDING_PROBES,
        hints=(
            "Which of the four axes get longer, and by how much?",
            "np.zeros in the shape (N, H + 2·padding, W + 2·padding, C) is the frame.",
            "Pixel (i, j) of an image belongs at (padding + i, padding + j).",
            "Does it work for padding 0 as well? A slice with -padding does not.",
        ),
        read=PADDING,
    )
)

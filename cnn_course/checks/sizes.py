"""How large an output is, and the zeros around an image (lesson 02)."""

from __future__ import annotations

import numpy as np

from .convolution import PADDING, SIZE, STRIDE, quarters, whole
from .exercise import Exercise, Mistake, Probe, make_check

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


def padding_forgotten(n, k, stride, padding):
    return (n - k) // stride + 1


def padding_once(n, k, stride, padding):
    return (n + padding - k) // stride + 1


def stride_forgotten(n, k, stride, padding):
    return n + 2 * padding - k + 1


def one_forgotten(n, k, stride, padding):
    return (n + 2 * padding - k) // stride


def one_inside(n, k, stride, padding):
    return (n + 2 * padding - k + 1) // stride


def rounded_up(n, k, stride, padding):
    return -((k - n - 2 * padding) // stride) + 1


def rounded(n, k, stride, padding):
    return round((n + 2 * padding - k) / stride) + 1


def not_rounded(n, k, stride, padding):
    return (n + 2 * padding - k) / stride + 1


def kernel_divided(n, k, stride, padding):
    return n + 2 * padding - k // stride + 1


def size_divided_first(n, k, stride, padding):
    return (n + 2 * padding) // stride - k + 1


def every_stride(n, k, stride, padding):
    return -(-n // stride)


def padding_subtracted(n, k, stride, padding):
    return (n - 2 * padding - k) // stride + 1


COUNT = "n, k, stride, padding = 8, 3, 2, 1  # ten entries with the zeros, numbers 0 to 9\n"
COUNT += "print([start for start in range(0, 10, 2) if start + 2 <= 9])  # four windows fit\n"
COUNT += "print(fn(n, k, stride, padding))  # right: 4"
PLAIN = "# five entries: a window of 3 may start at 0, 1 and 2\n"
PLAIN += "n, k = 5, 3\nprint(fn(n, k, 1, 0))  # right: 3"
REST = "# nine entries: windows of 3 start at 0 and 4, the rest is too short for one\n"
REST += "n, k = 9, 3\nprint(fn(n, k, 4, 0))  # right: 2"

output_size = make_check(
    Exercise(
        name="output_size",
        contract="takes four whole numbers (n, k, stride, padding), the size of the input and of "
        "the window, the step and the zeros at each end; returns the number of windows, an int.",
        outputs=("n_out",),
        reference=output_size_answer,
        probes=SIZE_PROBES,
        mistakes=(
            Mistake(
                "padding-forgotten",
                padding_forgotten,
                "your n_out is the size without padding.",
                "with p zeros at each end the axis has n + 2p entries.",
                SIZE,
                COUNT,
            ),
            Mistake(
                "padding-once",
                padding_once,
                "your n_out counts the padding once; it stands at both ends.",
                "with p zeros at each end the axis has n + 2p entries.",
                SIZE,
                "# 30 entries, two zeros at each end: 34\n"
                "n, k = 30, 5\nprint(fn(n, k, 1, 2))  # right: 30",
            ),
            Mistake(
                "padding-subtracted",
                padding_subtracted,
                "your n_out gets smaller with the padding.",
                "zeros make the axis longer: n + 2p entries.",
                SIZE,
                COUNT,
            ),
            Mistake(
                "stride-forgotten",
                stride_forgotten,
                "your n_out is the size at stride 1.",
                "only every s-th place is used: the room n + 2p − k is divided by s.",
                STRIDE,
                COUNT,
            ),
            Mistake(
                "one-forgotten",
                one_forgotten,
                "your n_out is too small by 1: it counts the steps, not the places.",
                "the window at 0 counts too.",
                SIZE,
                PLAIN,
            ),
            Mistake(
                "one-inside",
                one_inside,
                "your n_out divides the + 1 by the stride too.",
                "the + 1 comes after the floor: (n + 2p − k) // s + 1.",
                SIZE,
                REST,
            ),
            Mistake(
                "rounded-up",
                rounded_up,
                "your n_out is rounded up.",
                "half a window is no window, so the division rounds down: //.",
                SIZE,
                REST,
            ),
            Mistake(
                "rounded-to-nearest",
                rounded,
                "your n_out is rounded to the nearest whole number, so at times up.",
                "half a window is no window, so the division rounds down: //.",
                SIZE,
                "# nine entries: windows of 4 start at 0 and 3, the one at 6 sticks out\n"
                "n, k = 9, 4\nprint(fn(n, k, 3, 0))  # right: 2",
            ),
            Mistake(
                "not-rounded",
                not_rounded,
                "your n_out has decimals.",
                "/ makes a float. A number of windows is whole: //.",
                SIZE,
                REST,
            ),
            Mistake(
                "kernel-divided",
                kernel_divided,
                "your n_out divides k alone by the stride.",
                "// is done before + and -: put n + 2p − k in parentheses.",
                SIZE,
                COUNT,
            ),
            Mistake(
                "divided-too-early",
                size_divided_first,
                "your n_out subtracts k after the division.",
                "the room for steps is n + 2p − k, and all of it is divided: put it in "
                "parentheses.",
                SIZE,
                COUNT,
            ),
            Mistake(
                "input-over-stride",
                every_stride,
                "your n_out is ⌈n / s⌉, whatever the window and the padding.",
                "that is the size of padding 'same' only; in general k and p count.",
                PADDING,
                PLAIN,
            ),
        ),
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


def _images(about, seed, shape, padding) -> Probe:
    x = whole(seed, shape)[0]
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


def all_axes(x, padding):
    return np.pad(x, padding)


def images_and_rows(x, padding):
    return np.pad(x, ((padding,) * 2, (padding,) * 2, (0, 0), (0, 0)))


def columns_and_channels(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))


def rows_only(x, padding):
    return np.pad(x, ((0, 0), (padding,) * 2, (0, 0), (0, 0)))


def columns_only(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (0, 0)))


def before_only(x, padding):
    return np.pad(x, ((0, 0), (padding, 0), (padding, 0), (0, 0)))


def after_only(x, padding):
    return np.pad(x, ((0, 0), (0, padding), (0, padding), (0, 0)))


def all_before(x, padding):
    return np.pad(x, ((0, 0), (2 * padding, 0), (2 * padding, 0), (0, 0)))


def all_after(x, padding):
    return np.pad(x, ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0)))


def twice(x, padding):
    return np.pad(x, ((0, 0), (2 * padding,) * 2, (2 * padding,) * 2, (0, 0)))


def border_repeated(x, padding):
    return np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)), mode="edge")


def border_mirrored(x, padding):
    return np.pad(x, ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0)), mode="symmetric")


def ones_for_zeros(x, padding):
    ends = ((0, 0), (padding,) * 2, (padding,) * 2, (0, 0))
    return np.pad(x, ends, constant_values=1)


def always_one(x, padding):
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def zero_slice(x, padding):
    N, H, W, C = x.shape
    p = padding
    x_padded = np.zeros((N, H + 2 * p, W + 2 * p, C), x.dtype)
    x_padded[:, p:-p, p:-p, :] = x
    return x_padded


def first_image(x, padding):
    x_padded = zero_padding_answer(x, padding)
    x_padded[1:] = 0
    return x_padded


def nothing_copied(x, padding):
    return 0 * zero_padding_answer(x, padding)


SHAPE = "x = np.ones((5, 6, 7, 3))  # five images, 6 rows, 7 columns, 3 channels\n"
SHAPE += "z = fn(x, 1)\nprint(np.shape(z))  # right: (5, 8, 9, 3)"
PLACE = "x = np.arange(1.0, 5).reshape(1, 2, 2, 1)\n"
PLACE += "z = fn(x, 1)\nprint(np.squeeze(z))  # right: 1 2, 3 4 in a ring of zeros"

zero_padding = make_check(
    Exercise(
        name="zero_padding",
        contract="takes (x, padding), x (N, H, W, C) and a whole number; returns the images with "
        "that many zeros on each side, (N, H + 2·padding, W + 2·padding, C).",
        outputs=("x_padded",),
        reference=zero_padding_answer,
        may_share=True,  # with padding 0
        probes=PADDING_PROBES,
        mistakes=(
            Mistake(
                "all-axes-padded",
                all_axes,
                "your x_padded has more images and more channels than x.",
                "np.pad(x, p) pads all four axes; name each: ((0, 0), (p, p), (p, p), (0, 0)).",
                PADDING,
                SHAPE,
                by_shape=True,
            ),
            Mistake(
                "images-and-rows-padded",
                images_and_rows,
                "your x_padded has more images than x, and as many columns.",
                "axis 0 counts the images; rows and columns are the axes 1 and 2.",
                PADDING,
                SHAPE,
                by_shape=True,
            ),
            Mistake(
                "columns-and-channels-padded",
                columns_and_channels,
                "your x_padded has more channels than x, and as many rows.",
                "the axes 2 and 3 are rows and columns in PyTorch's order; here they are 1 and 2.",
                PADDING,
                SHAPE,
                by_shape=True,
            ),
            Mistake(
                "rows-only",
                rows_only,
                "your x_padded has more rows, but no more columns.",
                "the columns get their zeros too: W + 2p.",
                PADDING,
                SHAPE,
                by_shape=True,
            ),
            Mistake(
                "columns-only",
                columns_only,
                "your x_padded has more columns, but no more rows.",
                "the rows get their zeros too: H + 2p.",
                PADDING,
                SHAPE,
                by_shape=True,
            ),
            Mistake(
                "before-only",
                before_only,
                "your x_padded has zeros above and on the left only.",
                "each axis gets p zeros at both ends, (p, p).",
                PADDING,
                PLACE,
            ),
            Mistake(
                "after-only",
                after_only,
                "your x_padded has zeros below and on the right only.",
                "each axis gets p zeros at both ends, (p, p).",
                PADDING,
                PLACE,
            ),
            Mistake(
                "all-zeros-before",
                all_before,
                "your x_padded has the right shape, but x stands in its lower right corner.",
                "pixel (r, q) belongs at (r + p, q + p).",
                PADDING,
                PLACE,
            ),
            Mistake(
                "all-zeros-after",
                all_after,
                "your x_padded has the right shape, but x stands in its upper left corner.",
                "pixel (r, q) belongs at (r + p, q + p).",
                PADDING,
                PLACE,
            ),
            Mistake(
                "padded-twice",
                twice,
                "your x_padded has 2p zeros on each side.",
                "p zeros at each end already make the axis 2p longer.",
                PADDING,
                PLACE,
                by_shape=True,
            ),
            Mistake(
                "border-repeated",
                border_repeated,
                "your padding repeats the pixels at the border; it should be zeros.",
                "that is the mode 'edge' of np.pad.",
                PADDING,
                PLACE,
            ),
            Mistake(
                "border-mirrored",
                border_mirrored,
                "your padding mirrors the image at its border; it should be zeros.",
                "that is the mode 'symmetric' of np.pad.",
                PADDING,
                "x = np.arange(1.0, 10).reshape(1, 3, 3, 1)\n"
                "z = fn(x, 2)\nprint(np.squeeze(z))  # right: 1 to 9 in two rings of zeros",
            ),
            Mistake(
                "ones-for-zeros",
                ones_for_zeros,
                "your padding is 1; it should be 0.",
                "padding must add nothing to any sum.",
                PADDING,
                PLACE,
            ),
            Mistake(
                "always-one",
                always_one,
                "your x_padded has one ring of zeros, whatever the padding.",
                "the width of the ring is the argument.",
                PADDING,
                "x = np.arange(1.0, 5).reshape(1, 2, 2, 1)\n"
                "z = fn(x, 2)\nprint(np.squeeze(z))  # right: 1 2, 3 4 in two rings of zeros",
                by_shape=True,
            ),
            Mistake(
                "zero-slice",
                zero_slice,
                "your x_padded is right, but padding 0 fails.",
                "p:-p with p = 0 is 0:0, which holds nothing; p : p + H works for every p.",
                PADDING,
                "p, row = 0, np.arange(5)\n"
                "print(row[p:-p], row[p : p + 5])\n"
                "print(fn(np.ones((1, 2, 2, 1)), p))  # right: 1 everywhere, no error",
            ),
            Mistake(
                "first-image-only",
                first_image,
                "only the first of your images is there, the others are 0.",
                "the loop over n is missing, or it returns after its first round.",
                PADDING,
                "x = np.array([1.0, 2, 3]).reshape(3, 1, 1, 1)  # three images of one pixel\n"
                "z = fn(x, 0)\nprint(np.squeeze(z))  # right: 1 2 3",
            ),
            Mistake(
                "nothing-copied",
                nothing_copied,
                "your x_padded has the right shape, but x is not in it.",
                "np.zeros makes the frame; the pixels have to be copied into it.",
                PADDING,
                PLACE,
            ),
        ),
        hints=(
            "Which of the four axes get longer, and by how much?",
            "np.zeros in the shape (N, H + 2·padding, W + 2·padding, C) is the frame.",
            "Pixel (i, j) of an image belongs at (padding + i, padding + j).",
            "Does it work for padding 0 as well? A slice with -padding does not.",
        ),
        read=PADDING,
    )
)

"""Sizes, paddings and argument checks shared by convolution and pooling.

Every error message says what was expected, what came, and what to try.
"""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.arguments import choice, integer


def output_size(n: int, k: int, stride: int = 1, padding: int = 0) -> int:
    """Number of places a window of size k takes along an axis of size n: floor((n + 2p - k)/s) + 1.

    n: input size, k: window size, stride: step between windows, padding: zeros added at each end
    (all in pixels). Raises ValueError when the window does not fit even once.
    Formula: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning",
    arXiv:1603.07285, relationship 6.
    """
    n, k = integer(n, "n", least=0), integer(k, "k", least=1)
    stride, padding = integer(stride, "stride", least=1), integer(padding, "padding", least=0)
    return _places(n, k, stride, (padding, padding))


def _places(n: int, k: int, stride: int, ends: tuple[int, int]) -> int:
    """output_size with its own number of zeros at either end."""
    room = n + sum(ends) - k
    if room < 0:
        needed = math.ceil(-room / 2) + max(ends)
        raise ValueError(
            f"a window of size {k} does not fit into an axis of size {n} with padding {ends[0]}; "
            f"use a window of at most {n + sum(ends)} or a padding of at least {needed}."
        )
    return room // stride + 1


def pair(value, name: str, least: int = 1) -> tuple[int, int]:
    """An int or a pair (vertical, horizontal) as a pair of ints, each at least `least`."""
    several = isinstance(value, (tuple, list)) or np.ndim(value)
    values = tuple(value) if several else (value, value)
    if len(values) != 2:
        raise ValueError(
            f"{name} must be an int or a pair (vertical, horizontal), got {value!r} "
            f"with {len(values)} entries; try {name}={least}."
        )
    vertical, horizontal = (integer(v, name, least) for v in values)
    return vertical, horizontal


def check_padding(padding):
    """padding, an int or a pair, as a pair of ints; or 'same'."""
    if not isinstance(padding, str):
        return pair(padding, "padding", least=0)
    if padding != "same":
        hint = "0 for no padding" if padding.lower() == "valid" else "'same'"
        raise ValueError(f"padding must be an int, a pair or 'same', got {padding!r}; try {hint}.")
    return padding


def resolve_padding(padding, shape, size, stride) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros to add as ((top, bottom), (left, right)).

    padding: int, pair or 'same'. 'same' gives ceil(n / stride) outputs; where it needs an odd
    number of zeros, the extra one is at the bottom or right.
    shape, size, stride: (height, width) of the image, the window and the steps.
    """
    padding = check_padding(padding)
    if padding == "same":
        rows, columns = (
            max((math.ceil(n / s) - 1) * s + k - n, 0)
            for n, k, s in zip(shape, size, stride, strict=True)
        )
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    vertical, horizontal = padding
    return ((vertical, vertical), (horizontal, horizontal))


def output_shape(shape, size, stride, pads=((0, 0), (0, 0))) -> tuple[int, int]:
    """(H_out, W_out) for (height, width) pairs and the pads of `resolve_padding`."""
    height, width = (_places(*axis) for axis in zip(shape, size, stride, pads, strict=True))
    return height, width


def pad_images(x: np.ndarray, pads) -> np.ndarray:
    """x (N, H, W, C) with zeros around every image; x itself where there are none to add."""
    (top, bottom), (left, right) = pads
    if not (top or bottom or left or right):
        return x
    n, height, width, channels = x.shape
    padded = np.zeros((n, top + height + bottom, left + width + right, channels), x.dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


# Multiply-adds. A core does 20 to 50 of them in a nanosecond.
WORTH_SHARING = 2**26  # a batch with more work is split in two blocks at least
LARGEST_BLOCK = 2**28


def images_per_block(shape, per_entry: int = 0) -> int:
    """How many images to treat at a time, given their shape (N, H, W, C) where they are largest.

    per_entry: multiply-adds for each entry; moving an entry about counts as much as 64 of them.
    Blocks are large because NumPy's single steps must be long: Python itself runs in one thread at
    a time, and a thread that has to wait for it loses some 50 microseconds.
    Depends on the shape alone, never on the number of threads.
    """
    n, work = shape[0], (per_entry + 64) * max(1, math.prod(shape[1:]))
    most = max(1, LARGEST_BLOCK // work)
    if n * work > WORTH_SHARING:
        most = min(most, max(1, n // 2))
    return 2 ** (most.bit_length() - 1)  # a power of two shares the usual batches evenly


def check_images(x, name: str = "x") -> np.ndarray:
    """x as an array of images (N, H, W, C); ValueError otherwise."""
    x = np.asarray(x)
    if x.ndim != 4:
        hint = {
            2: " One grey image (H, W) becomes a batch of one with x[None, :, :, None].",
            3: " One image (H, W, C) becomes a batch of one with x[None];"
            " grey images (N, H, W) get their channel with x[..., None].",
        }.get(x.ndim, "")
        raise ValueError(
            f"{name} must have 4 axes (N, H, W, C), not {x.ndim} (its shape is {x.shape}).{hint}"
        )
    return x


def check_slide(x, w, mode: str, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """x and w as arrays with so many axes, of which one can slide over the other in this mode."""
    x, w = np.asarray(x), np.asarray(w)
    for name, array in (("x", x), ("w", w)):
        if array.ndim != axes or array.size == 0:
            raise ValueError(
                f"{name} must be a {axes}-D array with at least one entry, but its shape is "
                f"{array.shape}; use {axes} axes."
            )
    choice(mode, ("valid", "same", "full"), "mode")
    if mode == "valid" and any(k > n for n, k in zip(x.shape, w.shape, strict=True)):
        raise ValueError(
            f"w {w.shape} does not fit into x {x.shape} anywhere; exchange the two, or use "
            "mode 'same' or 'full'."
        )
    return x, w


def check_filters(x: np.ndarray, w, b) -> tuple[np.ndarray, np.ndarray]:
    """w (K_h, K_w, C_in, C_out) and b (C_out,) as arrays that fit the images x."""
    w, b = np.asarray(w), np.asarray(b)
    if w.ndim != 4:
        raise ValueError(
            f"w must have 4 axes (K_h, K_w, C_in, C_out), not {w.ndim} (its shape is {w.shape})."
        )
    if 0 in w.shape:
        raise ValueError(f"w must not be empty, but its shape is {w.shape}.")
    if w.shape[2] != x.shape[3]:
        raise ValueError(
            f"x has {x.shape[3]} channels but w expects {w.shape[2]} (w.shape[2]); did you pass "
            "the filters as (C_out, …)? They are (K_h, K_w, C_in, C_out) here."
        )
    check_vector(b, w.shape[3], "b", "filters")
    return w, b


def check_vector(v: np.ndarray, n: int, name: str, what: str) -> None:
    """ValueError unless v holds one number for each of n filters, outputs or channels."""
    if v.shape != (n,):
        hint = f"try {name}.ravel()" if v.size == n else f"use {n} numbers"
        raise ValueError(
            f"{name} must hold one number for each of the {n} {what}, shape ({n},), but its shape "
            f"is {v.shape}; {hint}."
        )


def check_upstream(gradient, shape, name: str) -> np.ndarray:
    """The gradient that comes from above, which must have the shape of the forward result."""
    gradient = np.asarray(gradient)
    if gradient.shape != shape:
        raise ValueError(
            f"{name} must have the shape of the forward result, {shape}, but its shape is "
            f"{gradient.shape}; use the gradient of that result."
        )
    return gradient

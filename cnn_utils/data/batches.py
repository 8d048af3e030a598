"""From bytes to numbers, from one set to two, from a set to batches."""

from collections.abc import Iterator

import numpy as np

from cnn_utils.arguments import generator, integer, number


def to_float(x: np.ndarray) -> np.ndarray:
    """Convert images from bytes to numbers between 0 and 1.

    x: uint8, any shape. Returns a new float32 array of the same shape, x / 255.
    TypeError: any other dtype, so that nothing is divided by 255 twice.
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise TypeError(
            f"to_float expects uint8 images, as the loaders return them, got {x.dtype}; has "
            "to_float been called on them already? Then use them as they are."
        )
    return np.divide(x, np.float32(255), dtype=np.float32)


def split(
    x: np.ndarray, y: np.ndarray, fraction: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Hold out a part of every class, for validation (a *stratified* hold-out).

    x: (N, …); y: integer labels (N,); fraction: the part to hold out, between 0 and 1;
    rng: numpy.random.Generator that draws which.
    Returns (x_train, y_train, x_valid, y_valid), copies, in the order of the original. Of each
    class round(fraction · count) are held out, but at least one and never the last one.
    ValueError or TypeError: lengths that differ, a fraction that is not between 0 and 1, or a class
    with one example only.
    """
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or len(x) != len(y):
        raise ValueError(
            f"split expects x (N, …) and y (N,), got {x.shape} and {y.shape}; use the labels of "
            "these images."
        )
    number(fraction, "fraction", above=0, below=1, hint="use 0.2 to hold out a fifth")
    generator(rng)
    held_out = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        if len(members) < 2:
            raise ValueError(
                f"class {label} has one example only, so it cannot be on both sides of the split; "
                "use more examples or leave it out."
            )
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        held_out[rng.choice(members, count, replace=False)] = True
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def batches(
    n: int, batch_size: int, rng: np.random.Generator | None = None
) -> Iterator[np.ndarray]:
    """Yield index arrays that go once through 0 … n-1, `batch_size` at a time.

    n: number of examples; batch_size: at least 1; rng: numpy.random.Generator that shuffles, or
    None for the given order. Each array is int64 (batch_size,); the last may be shorter.
    ValueError or TypeError, at the call: a negative n or a batch size below 1.

    `for i in batches(len(x), 64, rng): step(x[i], y[i])` is one epoch.
    """
    n, batch_size = integer(n, "n", least=0), integer(batch_size, "batch_size", least=1)
    order = np.arange(n) if rng is None else generator(rng).permutation(n)
    return (order[start : start + batch_size] for start in range(0, n, batch_size))


def to_input(x: np.ndarray, dtype=np.float32) -> np.ndarray:
    """Images as a network takes them: uint8 pixels become numbers between 0 and 1.

    x: any shape; dtype: of the network. Returns x itself where it is not uint8.
    """
    x = np.asarray(x)
    return to_float(x).astype(dtype, copy=False) if x.dtype == np.uint8 else x


def check_pairs(x, y, what: str = "images") -> tuple[np.ndarray, np.ndarray]:
    """Return images x (N, …) and their labels y (N,) as arrays; ValueError unless they pair up.

    what: what x is called in the messages.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim == 0 or len(x) == 0:
        raise ValueError(f"there are no {what}: x has shape {x.shape}; use an array (N, H, W, C).")
    if y.shape != (len(x),):
        raise ValueError(
            f"{len(x)} {what} need labels of shape ({len(x)},), got {y.shape}. One-hot rows become "
            "labels with y.argmax(axis=1), a column with y.ravel()."
        )
    return x, y

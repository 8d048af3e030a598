"""The worked examples of the course, the numbers that its lessons compute by hand.

All arrays are integers and cannot be written to. Lessons 01 to 05 and 10 use an image X, a kernel
W, a bias B and a gradient DZ that comes from above. The stride is 1 and there is no padding:

    Z = X ⋆ W + B (lesson 03), DX, DW and DB are the gradients of X, W and B (lesson 05).

Lesson 03 gives X a second channel and adds a second filter: VOLUME, FILTERS, BIASES.
Lesson 07 pools POOL_X in 2×2 windows with stride 2: POOL_A holds their largest numbers, and POOL_DX
is what max-pooling makes of the gradient POOL_DA.
"""

import numpy as np


def _fixed(numbers) -> np.ndarray:
    array = np.array(numbers)
    array.flags.writeable = False
    return array


X = _fixed([[0, 1, 2], [3, -1, 1], [2, -2, 3]])
W = _fixed([[-2, -1], [2, 3]])
B = _fixed([1])
Z = _fixed([[3, -2], [-6, 7]])
DZ = _fixed([[2, -1], [1, 3]])
DX = _fixed([[-4, 0, 1], [2, -3, -6], [2, 9, 9]])
DW = _fixed([[-1, 2], [3, 4]])
DB = _fixed([5])

VOLUME = _fixed(np.stack([X, [[2, 1, 3], [2, 1, -2], [3, -1, 0]]], axis=-1))  # (H, W, C_in)
FILTERS = _fixed(  # (K_h, K_w, C_in, C_out): each row is a filter, with a kernel for each channel
    np.transpose([[W, [[1, -1], [1, 1]]], [[[-2, 1], [1, -1]], [[1, -1], [1, -2]]]], (2, 3, 1, 0))
)
BIASES = _fixed([1, -2])  # (C_out,)

POOL_X = _fixed([[1, 3, 2, 0], [3, 0, 1, 1], [0, -1, -2, -4], [-1, -3, -5, -2]])
POOL_A = _fixed([[3, 2], [0, -2]])
POOL_DA = _fixed([[10, 20], [30, 40]])
POOL_DX = _fixed([[0, 10, 20, 0], [0, 0, 0, 0], [30, 0, 40, 0], [0, 0, 0, 0]])


def as_batch(image) -> np.ndarray:
    """Return an image (H, W) as a batch of one with one channel, (1, H, W, 1)."""
    return np.asarray(image)[None, ..., None]


def as_filters(kernel) -> np.ndarray:
    """Return a kernel (K_h, K_w) as the only filter of a layer, (K_h, K_w, 1, 1)."""
    return np.asarray(kernel)[..., None, None]

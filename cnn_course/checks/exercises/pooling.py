"""Max-pooling, forward (lesson 07)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

LOOPS = "lesson 07, section 5: in code, with loops"
OVERLAP = "lesson 07, section 6: when windows overlap"

TIED = [[1, 3, 2, 0], [3, 0, 1, 1], [0, -1, -2, -4], [-1, -3, -5, -2]]  # lesson 07's X


def _out_shape(x, size, stride) -> tuple[int, int, int, int]:
    N, H, W, C = x.shape
    return N, (H - size) // stride + 1, (W - size) // stride + 1, C


def _images(seed: int, shape) -> np.ndarray:
    """Integers as float64, many negative; not C-contiguous.

    They tend to fall from the upper left, in the second image to rise: where a window of a wrong
    place is read, its numbers are larger in one of them.
    """
    N, H, W, C = shape
    x = np.random.default_rng(seed).integers(-3, 4, (N, C, H, W)).astype(float)
    row, column = np.ogrid[:H, :W]
    falling = 4 - row // 2 - column // 2
    x += falling
    x[1:2] -= 2 * falling
    return x.transpose(0, 2, 3, 1)


def _upstream(seed: int, shape) -> np.ndarray:
    """Integers as float64, all different, half of them negative."""
    numbers = np.random.default_rng(seed).permutation(int(np.prod(shape))) + 1.0
    return np.where(numbers % 2, numbers, -numbers).reshape(shape)


def pooling_probes(backward: bool) -> tuple[Probe, ...]:
    """The lesson's X; overlapping windows with a rest; gaps between the windows, in float32."""
    cases = (
        ("1 image 4×4 with ties, size 2, stride 2", np.array(TIED, float)[None, :, :, None], 2, 2),
        ("3 images 13×15×2 with a rest, size 4, stride 2", _images(1, (3, 13, 15, 2)), 4, 2),
        ("1 image 20×24×2 in float32, size 3, stride 4", _images(2, (1, 20, 24, 2)), 3, 4),
    )
    probes = []
    for seed, (about, x, size, stride) in enumerate(cases):
        x = x.astype(np.float32) if "float32" in about else x
        arguments = {"x": x, "size": size, "stride": stride}
        if backward:
            da = _upstream(seed, _out_shape(x, size, stride)).astype(x.dtype)
            if seed == 0:
                da = np.array([10.0, 20, 30, 40]).reshape(1, 2, 2, 1)
            arguments = {"da": da, **arguments}
        probes.append(Probe(about, arguments))
    return tuple(probes)


FAR_BELOW = Probe(  # where a search that begins with some "small" number finds only that
    "1 image 2×4 of numbers near −10¹⁵, size 2, stride 2",
    {"x": np.arange(8.0).reshape(1, 2, 4, 1) ** 2 - 1e15, "size": 2, "stride": 2},
)


def maxpool2d_forward_loops(x, size, stride):
    N, H, W, C = x.shape
    H_out, W_out = (H - size) // stride + 1, (W - size) // stride + 1
    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for c in range(C):
                    best = x[n, stride * i, stride * j, c]
                    for u in range(size):
                        for v in range(size):
                            best = max(best, x[n, stride * i + u, stride * j + v, c])
                    a[n, i, j, c] = best
    return a


def maxpool2d_forward_slices(x, size, stride):
    N, H, W, C = x.shape
    H_out, W_out = (H - size) // stride + 1, (W - size) // stride + 1
    a = np.zeros((N, H_out, W_out, C), x.dtype)
    for n, i, j, c in np.ndindex(a.shape):
        top, left = stride * i, stride * j
        a[n, i, j, c] = x[n, top : top + size, left : left + size, c].max()
    return a


maxpool2d_forward = make_check(
    Exercise(
        name="maxpool2d_forward",
        contract="takes (x, size, stride), x (N, H, W, C), whole numbers size (side of the square "
        "window) and stride; returns a (N, H_out, W_out, C), or (a, cache). Rows and columns that "
        "are left over at the bottom and right are not read.",
        outputs=("a",),
        reference=maxpool2d_forward_loops,
        probes=(*pooling_probes(backward=False), FAR_BELOW),
        hints=(
            "Four indices choose the output (n, i, j, c); two walk through its window (u, v).",
            "The window of output [i, j] begins in row stride · i and column stride · j.",
            "Begin the search with the window's own first number, not with 0.",
            "For arrays instead of loops: x[n, top : top + size, left : left + size, c].max().",
        ),
        read=LOOPS,
    )
)

"""The convolutional layer, forward (lesson 03)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.arrays import quarters, whole_numbers
from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

FORMULA = "lesson 03, section 2: the formula grows, one index at a time"
TURN = "lesson 01, section 4: convolution turns the kernel"
SIZE = "lesson 02, section 2: the size formula, with its floor"
PADDING = "lesson 02, section 3: padding: three sizes to choose from"


def _example() -> dict:
    x = np.array([[0.0, 1, 2], [3, -1, 1], [2, -2, 3]]).reshape(1, 3, 3, 1)
    w = np.array([[-2.0, -1], [2, 3]]).reshape(2, 2, 1, 1)
    return {"x": x, "w": w, "b": np.array([1.0]), "stride": 1, "padding": 0}


def output_sizes(x, w, stride, padding) -> tuple[int, int]:
    """(H_out, W_out) of a layer with the filters w."""
    k = w.shape[:2]
    return tuple((n + 2 * padding - m) // stride + 1 for n, m in zip(x.shape[1:3], k, strict=True))


def _layer(seed, x_shape, w_shape, stride, padding) -> dict:
    x, w, b = whole_numbers(seed, x_shape, w_shape, w_shape[3])
    w[w == 0], b[b == 0] = 2, 3  # 0 would hide what is done with it
    return {"x": x, "w": w, "b": b, "stride": stride, "padding": padding}


LAYER_PROBES = (
    Probe("the course's 3×3 example, stride 1, padding 0", _example()),
    Probe(
        "3 images 6×9×2, 4 filters 3×3, stride 2, padding 1",
        _layer(2, (3, 6, 9, 2), (3, 3, 2, 4), 2, 1),
    ),
    Probe(
        "2 images 9×5×3, 2 filters 5×2, stride 3, padding 1, float32",
        quarters(_layer(3, (2, 9, 5, 3), (5, 2, 3, 2), 3, 1)),
    ),
    Probe(
        "1 image 8×6×1, 1 filter 2×2, stride 4, padding 2",
        _layer(8, (1, 8, 6, 1), (2, 2, 1, 1), 4, 2),
    ),
    Probe(
        "1 image 1×2×1, 1 filter 1×1, stride 1, padding 3",
        _layer(5, (1, 1, 2, 1), (1, 1, 1, 1), 1, 3),
    ),
    Probe(
        "1 image 1×1×1, 1 filter 5×5, stride 1, padding 2",
        _layer(6, (1, 1, 1, 1), (5, 5, 1, 1), 1, 2),
    ),
)


def conv2d_forward_answer(x, w, b, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    s, p = stride, padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    H_out = (H + 2 * p - K_h) // s + 1
    W_out = (W + 2 * p - K_w) // s + 1
    z = np.zeros((N, H_out, W_out, C_out), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for f in range(C_out):
                    total = b[f]
                    for u in range(K_h):
                        for v in range(K_w):
                            for c in range(C_in):
                                total += x[n, s * i + u, s * j + v, c] * w[u, v, c, f]
                    z[n, i, j, f] = total
    return z


conv2d_forward = make_check(
    Exercise(
        name="conv2d_forward",
        contract="takes (x, w, b, stride, padding), x (N, H, W, C_in), w (K_h, K_w, C_in, C_out), "
        "b (C_out,), whole numbers stride and padding; returns z (N, H_out, W_out, C_out), or "
        "(z, cache).",
        outputs=("z",),
        reference=conv2d_forward_answer,
        probes=LAYER_PROBES,
        hints=(
            "Four indices choose the output cell (n, i, j, f), three are summed (u, v, c).",
            "Pad x first; from then on, the window of cell (i, j) starts at row stride · i and "
            "column stride · j.",
            "H_out = (H + 2 · padding - K_h) // stride + 1, and W_out likewise.",
            "Start each sum with b[f], add x[n, s·i + u, s·j + v, c] · w[u, v, c, f] for all u, v "
            "and c, then store it in z[n, i, j, f].",
        ),
        read=FORMULA,
    )
)

"""From windows to rows of a matrix and back (lesson 10)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.arrays import whole_numbers
from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .convolution import LAYER_PROBES, output_sizes

CODE = "lesson 10, section 4: in code"
BACK = "lesson 10, section 6: the way back"


def _im2col_probe(probe: Probe) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    x = np.where(x == 0, x.dtype.type(6), x)  # only padding is 0
    return Probe(_about(probe), {"x": x, "size": w.shape[:2], "stride": s, "padding": p})


def _col2im_probe(probe: Probe, seed: int) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    H_out, W_out = output_sizes(x, w, s, p)
    cols = whole_numbers(seed, (len(x) * H_out * W_out, w[..., 0].size))[0]
    if x.dtype == np.float32:
        cols = (cols / 4).astype(x.dtype)
    arguments = {"cols": cols, "x_shape": x.shape, "size": w.shape[:2], "stride": s, "padding": p}
    return Probe(_about(probe), arguments)


def _about(probe: Probe) -> str:
    """The probe of the layer in words, with windows for filters."""
    K_h, K_w, _, C_out = probe.arguments["w"].shape
    filters = "1 filter" if C_out == 1 else f"{C_out} filters"
    return probe.about.replace(filters, "windows").replace(
        "example", f"example, windows {K_h}×{K_w}"
    )


IM2COL_PROBES = tuple(_im2col_probe(probe) for probe in LAYER_PROBES)
COL2IM_PROBES = tuple(_col2im_probe(probe, seed) for seed, probe in enumerate(LAYER_PROBES, 40))


def im2col_answer(x, size, stride, padding):
    (K_h, K_w), s, p = size, stride, padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    N, H, W, C = x.shape
    H_out, W_out = (H - K_h) // s + 1, (W - K_w) // s + 1
    cols = np.zeros((N * H_out * W_out, K_h * K_w * C), x.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                row = (n * H_out + i) * W_out + j
                for u in range(K_h):
                    for v in range(K_w):
                        for c in range(C):
                            column = (u * K_w + v) * C + c
                            cols[row, column] = x[n, s * i + u, s * j + v, c]
    return cols


def col2im_answer(cols, x_shape, size, stride, padding):
    (N, H, W, C), (K_h, K_w), s, p = x_shape, size, stride, padding
    H_out, W_out = (H + 2 * p - K_h) // s + 1, (W + 2 * p - K_w) // s + 1
    x = np.zeros((N, H + 2 * p, W + 2 * p, C), cols.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                row = (n * H_out + i) * W_out + j
                for u in range(K_h):
                    for v in range(K_w):
                        for c in range(C):
                            column = (u * K_w + v) * C + c
                            x[n, s * i + u, s * j + v, c] += cols[row, column]
    return x[:, p : p + H, p : p + W, :]


# Written with arrays: one cell of all windows at a time, on six axes (n, i, j, u, v, c).


def im2col_arrays(x, size, stride, padding):
    (K_h, K_w), s, p = size, stride, padding
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    N, H, W, C = x.shape
    H_out, W_out = (H - K_h) // s + 1, (W - K_w) // s + 1
    cols = np.zeros((N, H_out, W_out, K_h, K_w, C), x.dtype)
    for u in range(K_h):
        for v in range(K_w):
            cols[:, :, :, u, v] = x[:, u : u + s * H_out : s, v : v + s * W_out : s]
    return cols.reshape(N * H_out * W_out, K_h * K_w * C)


def col2im_arrays(cols, x_shape, size, stride, padding):
    (N, H, W, C), (K_h, K_w), s, p = x_shape, size, stride, padding
    H_out, W_out = (H + 2 * p - K_h) // s + 1, (W + 2 * p - K_w) // s + 1
    cols = cols.reshape(N, H_out, W_out, K_h, K_w, C)
    x = np.zeros((N, H + 2 * p, W + 2 * p, C), cols.dtype)
    for u in range(K_h):
        for v in range(K_w):
            x[:, u : u + s * H_out : s, v : v + s * W_out : s] += cols[:, :, :, u, v]
    return x[:, p : p + H, p : p + W, :]


im2col = make_check(
    Exercise(
        name="im2col",
        contract="takes (x, size, stride, padding), x (N, H, W, C), size (K_h, K_w), whole numbers "
        "stride and padding; returns cols (N·H_out·W_out, K_h·K_w·C): a row for each window, in "
        "the order n, i, j, its entries in the order u, v, c.",
        outputs=("cols",),
        reference=im2col_answer,
        probes=IM2COL_PROBES,
        may_be_view=True,
        hints=(
            "How many windows are there in all, and how many numbers in each? That is the shape.",
            "Six loops: n, i, j choose the row, u, v, c the column.",
            "row = (n · H_out + i) · W_out + j, column = (u · K_w + v) · C + c.",
            "cols[row, column] = x[n, s·i + u, s·j + v, c], with the padded x.",
        ),
        read=CODE,
    )
)


col2im = make_check(
    Exercise(
        name="col2im",
        contract="takes (cols, x_shape, size, stride, padding), cols (N·H_out·W_out, K_h·K_w·C) "
        "with a row for each window, x_shape (N, H, W, C), size (K_h, K_w), whole numbers stride "
        "and padding; adds every entry of cols to the pixel that im2col copied it from and returns "
        "the images, x_shape.",
        outputs=("x",),
        reference=col2im_answer,
        probes=COL2IM_PROBES,
        may_be_view=True,
        hints=(
            "Write im2col and turn the assignment round: the numbers flow from cols to x.",
            "A pixel was copied to several places of cols. What has to happen to the copies?",
            "x[n, s·i + u, s·j + v, c] += cols[row, column], into zeros in the shape of the padded "
            "images.",
            "At the end, cut the padding off: rows p to p + H, columns p to p + W.",
        ),
        read=BACK,
    )
)

"""From windows to rows of a matrix and back (lesson 10)."""

from __future__ import annotations

import numpy as np

from .convolution import LAYER_PROBES, PADDING, SIZE, STRIDE, padded, sizes, whole, windows
from .exercise import Exercise, Mistake, Probe, make_check

BY_HAND = "lesson 10, section 2: by hand: every window becomes a row"
NUMBERING = "lesson 10, section 3: derivation: two numberings"
CODE = "lesson 10, section 4: in code"
BACK = "lesson 10, section 6: the way back"


def _places(x_shape, size, s, p) -> tuple[int, int]:
    return tuple((n + 2 * p - k) // s + 1 for n, k in zip(x_shape[1:3], size, strict=True))


def _im2col_probe(probe: Probe) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    x = np.where(x == 0, x.dtype.type(6), x)  # only padding is 0
    return Probe(_about(probe), {"x": x, "size": w.shape[:2], "stride": s, "padding": p})


def _col2im_probe(probe: Probe, seed: int) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    H_out, W_out = sizes(x, w, s, p)
    cols = whole(seed, (len(x) * H_out * W_out, w[..., 0].size))[0]
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


# What goes wrong in im2col. `cells` is (N, H_out, W_out, K_h, K_w, C), before it becomes a matrix.


def _cells(x, size, s, p):
    return windows(padded(x, p), size, s, _places(x.shape, size, s, p))


def _as_matrix(cells):
    return cells.reshape(cells.shape[0] * cells.shape[1] * cells.shape[2], -1)


def channels_before_cells(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding).transpose(0, 1, 2, 5, 3, 4))


def cells_by_column(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding).transpose(0, 1, 2, 4, 3, 5))


def places_by_column(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding).transpose(0, 2, 1, 3, 4, 5))


def images_last(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding).transpose(1, 2, 0, 3, 4, 5))


def matrix_transposed(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding)).T.copy()


def matrix_reshaped(x, size, stride, padding):
    columns = _as_matrix(_cells(x, size, stride, padding)).T
    return columns.reshape(columns.shape[::-1])


def cells_turned(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding)[:, :, :, ::-1, ::-1])


def stride_ignored(x, size, stride, padding):
    out = _places(x.shape, size, stride, padding)
    return _as_matrix(windows(padded(x, padding), size, 1, out))


def stride_one_everywhere(x, size, stride, padding):
    return im2col_answer(x, size, 1, padding)


def padding_ignored(x, size, stride, padding):
    return im2col_answer(x, size, stride, 0)


def padding_after_only(x, size, stride, padding):
    out = _places(x.shape, size, stride, padding)
    return _as_matrix(windows(padded(x, 0, 2 * padding), size, stride, out))


def padding_not_zero(x, size, stride, padding):
    out = _places(x.shape, size, stride, padding)
    return _as_matrix(windows(padded(x, padding, mode="edge"), size, stride, out))


def size_swapped(x, size, stride, padding):
    return im2col_answer(x, size[::-1], stride, padding)


def size_without_one(x, size, stride, padding):
    return _as_matrix(_cells(x, size, stride, padding)[:, :-1, :-1])


def first_image_everywhere(x, size, stride, padding):
    return im2col_answer(np.broadcast_to(x[:1], x.shape), size, stride, padding)


def rows_of_last_image(x, size, stride, padding):
    cols = im2col_answer(x, size, stride, padding)
    each = len(cols) // len(x)
    return np.concatenate([cols[-each:], 0 * cols[:-each]])


def first_window_everywhere(x, size, stride, padding):
    cells = _cells(x, size, stride, padding)
    cells[:] = cells[:, :1, :1]
    return _as_matrix(cells)


def first_channel_everywhere(x, size, stride, padding):
    cells = _cells(x, size, stride, padding)
    cells[:] = cells[..., :1]
    return _as_matrix(cells)


def one_row_an_image(x, size, stride, padding):
    return _cells(x, size, stride, padding).reshape(len(x), -1)


def six_axes(x, size, stride, padding):
    return _cells(x, size, stride, padding)


# What goes wrong in col2im


def _added(cells, x_shape, s, p, assign=False):
    """The cells (N, H_out, W_out, K_h, K_w, C) added to, or put into, the padded image."""
    N, H, W, C = x_shape
    _, H_out, W_out, K_h, K_w, _ = cells.shape
    x = np.zeros((N, H + 2 * p, W + 2 * p, C), cells.dtype)
    for i, j in np.ndindex(H_out, W_out):
        window = x[:, s * i : s * i + K_h, s * j : s * j + K_w]
        window[...] = cells[:, i, j] if assign else window + cells[:, i, j]
    return x


def _back_to_cells(cols, x_shape, size, s, p):
    return cols.reshape(x_shape[0], *_places(x_shape, size, s, p), *size, x_shape[3])


def _cropped(x, x_shape, p):
    return x[:, p : p + x_shape[1], p : p + x_shape[2]]


def _from_cells(cells, x_shape, s, p):
    return _cropped(_added(cells, x_shape, s, p), x_shape, p)


def window_overwrites(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    return _cropped(_added(cells, x_shape, stride, padding, assign=True), x_shape, padding)


def cell_overwrites(cols, x_shape, size, stride, padding):
    (N, H, W, C), s, p = x_shape, stride, padding
    cells = _back_to_cells(cols, x_shape, size, s, p)
    x = np.zeros((N, H + 2 * p, W + 2 * p, C), cols.dtype)
    for u, v in np.ndindex(*size):
        x[:, u : u + s * cells.shape[1] : s, v : v + s * cells.shape[2] : s] = cells[:, :, :, u, v]
    return _cropped(x, x_shape, p)


def mean_of_copies(cols, x_shape, size, stride, padding):
    summed = col2im_answer(cols, x_shape, size, stride, padding)
    copies = col2im_answer(np.ones_like(cols), x_shape, size, stride, padding)
    return summed / np.maximum(copies, 1)


def padding_kept(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    return _added(cells, x_shape, stride, padding)


def padding_cut_at_end(cols, x_shape, size, stride, padding):
    x = padding_kept(cols, x_shape, size, stride, padding)
    return x[:, : x_shape[1], : x_shape[2]]


def padding_cut_at_start(cols, x_shape, size, stride, padding):
    return padding_kept(cols, x_shape, size, stride, padding)[:, 2 * padding :, 2 * padding :]


def padding_zero_slice(cols, x_shape, size, stride, padding):
    x = padding_kept(cols, x_shape, size, stride, padding)
    return x[:, padding:-padding, padding:-padding]


def stride_ignored_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    return _from_cells(cells, x_shape, 1, padding)


def channels_before_cells_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    cut = cells.reshape(*cells.shape[:3], x_shape[3], *size)
    return _from_cells(cut.transpose(0, 1, 2, 4, 5, 3), x_shape, stride, padding)


def cells_by_column_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    cut = cells.reshape(*cells.shape[:3], *size[::-1], x_shape[3])
    return _from_cells(cut.swapaxes(3, 4), x_shape, stride, padding)


def places_by_column_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    N, H_out, W_out = cells.shape[:3]
    cut = cells.reshape(N, W_out, H_out, *cells.shape[3:])
    return _from_cells(cut.swapaxes(1, 2), x_shape, stride, padding)


def images_last_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    N, H_out, W_out = cells.shape[:3]
    cut = cells.reshape(H_out, W_out, N, *cells.shape[3:])
    return _from_cells(cut.transpose(2, 0, 1, 3, 4, 5), x_shape, stride, padding)


def cells_turned_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding)
    return _from_cells(cells[:, :, :, ::-1, ::-1], x_shape, stride, padding)


def images_summed_back(cols, x_shape, size, stride, padding):
    x = col2im_answer(cols, x_shape, size, stride, padding)
    x[:] = x.sum(axis=0)
    return x


def first_image_only_back(cols, x_shape, size, stride, padding):
    x = col2im_answer(cols, x_shape, size, stride, padding)
    x[1:] = 0
    return x


def last_window_missing_back(cols, x_shape, size, stride, padding):
    cells = _back_to_cells(cols, x_shape, size, stride, padding).copy()
    cells[:, -1] = cells[:, :, -1] = 0
    return _from_cells(cells, x_shape, stride, padding)


def unread_rest_cut_back(cols, x_shape, size, stride, padding):
    x = col2im_answer(cols, x_shape, size, stride, padding)
    H, W = (
        stride * (m - 1) + k - 2 * padding
        for m, k in zip(_places(x_shape, size, stride, padding), size, strict=True)
    )
    return x[:, :H, :W].copy()


GRID = "x = np.arange(9.0).reshape(1, 3, 3, 1)\n"
WINDOWS = GRID + "cols = fn(x, (2, 2), 1, 0)\nprint(cols)  # right: rows 0 1 3 4, 1 2 4 5, "
WINDOWS += "3 4 6 7, 4 5 7 8"
TWO_CHANNELS = "x = np.array([1.0, 10, 2, 20]).reshape(1, 1, 2, 2)  # pixel 1, 10 and pixel 2, 20\n"
TWO_CHANNELS += "cols = fn(x, (1, 2), 1, 0)\nprint(cols)  # right: 1 10 2 20"
IMAGES = "x = np.array([1.0, 2, 3]).reshape(3, 1, 1, 1)  # three images of one pixel\n"
IMAGES += "cols = fn(x, (1, 1), 1, 0)\nprint(cols)  # right: one row for each, 1, 2, 3"
PIXELS = "x = np.arange(1.0, 9).reshape(2, 1, 4, 1)  # two images of one row\n"
PIXELS += "cols = fn(x, (1, 1), 1, 0)\nprint(np.ravel(cols))  # right: 1 to 8"
STEPS = "x = np.arange(8.0).reshape(1, 1, 8, 1)\n"
STEPS += "cols = fn(x, (1, 1), 2, 0)\nprint(np.ravel(cols))  # right: 0 2 4 6"
RING = "x = np.full((1, 1, 1, 1), 7.0)  # one pixel, to which a ring of zeros is added\n"
RING += "cols = fn(x, (1, 1), 1, 1)\nprint(np.ravel(cols))  # right: 0 0 0 0 7 0 0 0 0"

im2col = make_check(
    Exercise(
        name="im2col",
        contract="takes (x, size, stride, padding), x (N, H, W, C), size (K_h, K_w), whole numbers "
        "stride and padding; returns cols (N·H_out·W_out, K_h·K_w·C): a row for each window, in "
        "the order n, i, j, its entries in the order u, v, c.",
        outputs=("cols",),
        reference=im2col_answer,
        probes=IM2COL_PROBES,
        may_share=True,
        mistakes=(
            Mistake(
                "channels-before-cells",
                channels_before_cells,
                "your rows have the right entries in the order c, u, v.",
                "the columns run like w.reshape(-1, C_out), so c is the fastest: u, v, c.",
                NUMBERING,
                TWO_CHANNELS,
            ),
            Mistake(
                "cells-by-column",
                cells_by_column,
                "your rows have the right entries in the order v, u, c.",
                "the columns run like w.reshape(-1, C_out): u is the slowest, then v, then c.",
                NUMBERING,
                WINDOWS,
            ),
            Mistake(
                "places-by-column",
                places_by_column,
                "your rows are right, but in the order n, j, i.",
                "the rows run like z.reshape(-1, C_out): n is the slowest, then i, then j.",
                NUMBERING,
                WINDOWS,
            ),
            Mistake(
                "images-last",
                images_last,
                "your rows are right, but in the order i, j, n.",
                "the rows run like z.reshape(-1, C_out): all windows of an image stand together.",
                NUMBERING,
                PIXELS,
            ),
            Mistake(
                "transposed",
                matrix_transposed,
                "your cols is transposed: the windows stand in its columns.",
                "here a window is a row, so that cols @ w.reshape(-1, C_out) is the convolution.",
                BY_HAND,
                IMAGES,
            ),
            Mistake(
                "reshaped-for-transposed",
                matrix_reshaped,
                "your cols has the right shape, but its numbers are in a jumble.",
                "a reshape does not exchange axes: transpose first.",
                NUMBERING,
                "x = np.arange(6.0).reshape(1, 2, 3, 1)\n"
                "cols = fn(x, (1, 2), 1, 0)  # one row, two columns\n"
                "print(cols)  # right: 0 1, 1 2, 3 4, 4 5",
            ),
            Mistake(
                "cells-turned",
                cells_turned,
                "your windows are turned by 180°.",
                "cross-correlation reads forward: column (u, v, c) has x[n, s·i + u, s·j + v, c].",
                NUMBERING,
                WINDOWS,
            ),
            Mistake(
                "stride-ignored",
                stride_ignored,
                "your cols has the right shape, but the windows move by 1, not by the stride.",
                "window (i, j) starts at row s·i and column s·j.",
                STRIDE,
                STEPS,
            ),
            Mistake(
                "stride-one-everywhere",
                stride_one_everywhere,
                "your cols is the one of stride 1, in its size too.",
                "the stride is an argument: it divides in the size formula and multiplies i and j.",
                STRIDE,
                STEPS,
                by_shape=True,
            ),
            Mistake(
                "padding-ignored",
                padding_ignored,
                "your cols has only the windows that fit without padding.",
                "pad x first, and count 2p in the sizes.",
                PADDING,
                RING,
                by_shape=True,
            ),
            Mistake(
                "padding-after-only",
                padding_after_only,
                "your zeros are all below and on the right.",
                "pixel (r, q) belongs at (r + p, q + p) of the padded image: p zeros on each side.",
                PADDING,
                RING,
            ),
            Mistake(
                "padding-not-zero",
                padding_not_zero,
                "your padding repeats the pixels at the border; it should be zeros.",
                "np.pad pads with zeros unless a mode is given.",
                PADDING,
                RING,
            ),
            Mistake(
                "size-swapped",
                size_swapped,
                "your windows are as wide as they should be high.",
                "size is (K_h, K_w), the height first.",
                BY_HAND,
                "x = np.arange(4.0).reshape(1, 2, 2, 1)\n"
                "cols = fn(x, (1, 2), 1, 0)  # one row, two columns\n"
                "print(cols)  # right: 0 1, 2 3",
                by_shape=True,
            ),
            Mistake(
                "size-without-one",
                size_without_one,
                "your cols lacks the last windows of each axis.",
                "the window at 0 counts too: H_out = (H + 2p - K_h) // s + 1.",
                SIZE,
                WINDOWS,
                by_shape=True,
            ),
            Mistake(
                "first-image-everywhere",
                first_image_everywhere,
                "all your rows come from the first image.",
                "the index n is missing where x is read.",
                NUMBERING,
                IMAGES,
            ),
            Mistake(
                "images-overwrite",
                rows_of_last_image,
                "your cols starts with the windows of the last image and goes on with zeros.",
                "the number of the row lacks n: (n · H_out + i) · W_out + j.",
                NUMBERING,
                IMAGES,
            ),
            Mistake(
                "first-window-everywhere",
                first_window_everywhere,
                "all rows of an image hold its first window.",
                "i and j are missing where x is read.",
                NUMBERING,
                WINDOWS,
            ),
            Mistake(
                "first-channel-everywhere",
                first_channel_everywhere,
                "all channels hold the numbers of the first one.",
                "the index c is missing where x is read.",
                NUMBERING,
                TWO_CHANNELS,
            ),
            Mistake(
                "row-for-each-image",
                one_row_an_image,
                "your cols has a row for each image; it needs one for each window.",
                "the first axis joins n, i and j: reshape to (N · H_out · W_out, -1).",
                NUMBERING,
                WINDOWS,
                by_shape=True,
            ),
            Mistake(
                "six-axes",
                six_axes,
                "your cols has all its numbers, on six axes.",
                "the last step is missing: reshape to (N · H_out · W_out, K_h · K_w · C).",
                NUMBERING,
                WINDOWS,
            ),
        ),
        hints=(
            "How many windows are there in all, and how many numbers in each? That is the shape.",
            "Six loops: n, i, j choose the row, u, v, c the column.",
            "row = (n · H_out + i) · W_out + j, column = (u · K_w + v) · C + c.",
            "cols[row, column] = x[n, s·i + u, s·j + v, c], with the padded x.",
        ),
        read=CODE,
    )
)

ONES = "cols = np.ones((4, 4))  # the four 2×2 windows of a 3×3 image\n"
COPIES = ONES + "x = fn(cols, (1, 3, 3, 1), (2, 2), 1, 0)\n"
COPIES += "print(np.squeeze(x))  # right: 1 2 1, 2 4 2, 1 2 1, the number of copies"
FIRST_ONES = "cols = np.arange(16.0).reshape(4, 4)  # the four 2×2 windows of a 3×3 image\n"
FIRST_ONES += "x = fn(cols, (1, 3, 3, 1), (2, 2), 1, 0)\n"
FIRST_ONES += "print(np.squeeze(x))  # right: 0 5 5, 10 30 20, 10 25 15"
CROP = "cols = np.arange(9.0).reshape(9, 1)  # 1×1 windows of one pixel in a ring of zeros\n"
CROP += "x = fn(cols, (1, 1, 1, 1), (1, 1), 1, 1)\nprint(x)  # right: one number, 4"
NO_CROP = "cols = np.arange(4.0).reshape(4, 1)  # 1×1 windows of four pixels, padding 0\n"
NO_CROP += "x = fn(cols, (1, 2, 2, 1), (1, 1), 1, 0)\nprint(np.squeeze(x))  # right: 0 1, 2 3"
SPACED = "cols = np.arange(1.0, 4).reshape(3, 1)  # 1×1 windows at 0, 2 and 4\n"
SPACED += "x = fn(cols, (1, 1, 6, 1), (1, 1), 2, 0)\nprint(np.ravel(x))  # right: 1 0 2 0 3 0"
PAIRS = "cols = np.array([[1.0, 10, 2, 20]])  # one window: pixel 1, 10 and pixel 2, 20\n"
PAIRS += "x = fn(cols, (1, 1, 2, 2), (1, 2), 1, 0)\nprint(np.squeeze(x))  # right: 1 10, 2 20"
BATCH = "cols = np.arange(1.0, 9).reshape(8, 1)  # 1×1 windows of two images of one row\n"
BATCH += "x = fn(cols, (2, 1, 4, 1), (1, 1), 1, 0)\nprint(np.squeeze(x))  # right: 1 to 4, 5 to 8"

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
        may_share=True,
        mistakes=(
            Mistake(
                "cell-overwrites",
                cell_overwrites,
                "your x holds the last copy of each pixel, in the order u, v; it should be the "
                "sum.",
                "= throws away what was there: in the loop over u and v it must be +=.",
                BACK,
                COPIES,
            ),
            Mistake(
                "window-overwrites",
                window_overwrites,
                "your x holds what the last window gives each pixel; it should be the sum.",
                "= throws away what was there. A pixel gets a share from every window that holds "
                "a copy of it: +=.",
                BACK,
                COPIES,
            ),
            Mistake(
                "mean-of-copies",
                mean_of_copies,
                "your x holds the mean of the copies; it should be their sum.",
                "col2im is the adjoint of im2col, not its inverse: gradients add up.",
                BACK,
                COPIES,
            ),
            Mistake(
                "padding-kept",
                padding_kept,
                "your x still has its padding.",
                "what was added before im2col is cut off after col2im: p : p + H, p : p + W.",
                BACK,
                CROP,
                by_shape=True,
            ),
            Mistake(
                "padding-cut-at-end",
                padding_cut_at_end,
                "your x is shifted by the padding: it was cropped at the wrong corner.",
                "pixel (r, q) stands at (r + p, q + p), so crop to p : p + H, p : p + W.",
                BACK,
                CROP,
            ),
            Mistake(
                "padding-cut-at-start",
                padding_cut_at_start,
                "your x is shifted by the padding: all of it was cut off above and on the left.",
                "p zeros stand at each end: crop to p : p + H, p : p + W.",
                BACK,
                CROP,
            ),
            Mistake(
                "padding-zero-slice",
                padding_zero_slice,
                "your x is empty where the padding is 0.",
                "p:-p with p = 0 is 0:0, which holds nothing; p : p + H works for every p.",
                BACK,
                NO_CROP,
            ),
            Mistake(
                "stride-ignored",
                stride_ignored_back,
                "your windows move by 1 instead of by the stride.",
                "window (i, j) starts at row s·i and column s·j, back as there.",
                STRIDE,
                SPACED,
            ),
            Mistake(
                "channels-before-cells",
                channels_before_cells_back,
                "your x reads the columns in the order c, u, v.",
                "c is the fastest: cols.reshape(N, H_out, W_out, K_h, K_w, C).",
                NUMBERING,
                PAIRS,
            ),
            Mistake(
                "cells-by-column",
                cells_by_column_back,
                "your x reads the columns in the order v, u, c.",
                "u is the slowest, then v, then c: cols.reshape(N, H_out, W_out, K_h, K_w, C).",
                NUMBERING,
                FIRST_ONES,
            ),
            Mistake(
                "places-by-column",
                places_by_column_back,
                "your x reads the rows in the order n, j, i.",
                "n is the slowest, then i, then j: cols.reshape(N, H_out, W_out, K_h, K_w, C).",
                NUMBERING,
                FIRST_ONES,
            ),
            Mistake(
                "images-last",
                images_last_back,
                "your x reads the rows in the order i, j, n.",
                "all windows of an image stand together: cols.reshape(N, H_out, W_out, …).",
                NUMBERING,
                BATCH,
            ),
            Mistake(
                "cells-turned",
                cells_turned_back,
                "your windows are put back turned by 180°.",
                "column (u, v, c) came from x[n, s·i + u, s·j + v, c] and goes back there.",
                NUMBERING,
                FIRST_ONES,
            ),
            Mistake(
                "images-summed",
                images_summed_back,
                "all images are the same: the sum over the batch.",
                "a slice x[:, …] inside the loop over n adds to all of them; it must be x[n, …].",
                NUMBERING,
                BATCH,
            ),
            Mistake(
                "first-image-only",
                first_image_only_back,
                "only the first image is there, the others are 0.",
                "the loop over n is missing, or it returns after its first round.",
                NUMBERING,
                BATCH,
            ),
            Mistake(
                "last-window-missing",
                last_window_missing_back,
                "your x leaves out the last row and the last column of windows.",
                "range(H_out) already ends at H_out - 1; there is nothing to subtract.",
                CODE,
                COPIES,
            ),
            Mistake(
                "unread-rest-cut",
                unread_rest_cut_back,
                "your x is too small: the rows and columns after the last window are missing.",
                "no window holds them, so they are 0, but they belong to x: make it in x_shape.",
                STRIDE,
                SPACED,
                by_shape=True,
            ),
        ),
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

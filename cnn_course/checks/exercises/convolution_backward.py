"""The convolutional layer, backward (lesson 05)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.arrays import whole_numbers
from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

from .convolution import LAYER_PROBES, output_sizes

WHOLE_PASS = "lesson 05, section 11: the whole backward pass, with loops"


def _backward(probe: Probe, seed: int) -> Probe:
    x, w, _, s, p = probe.arguments.values()
    dz = whole_numbers(seed, (len(x), *output_sizes(x, w, s, p), w.shape[3]))[0]
    if dz.shape == (1, 2, 2, 1):
        dz = np.array([[2.0, -1], [1, 3]]).reshape(1, 2, 2, 1)  # the course's example
    elif x.dtype == np.float32:
        dz = (dz / 4).astype(x.dtype)
    return Probe(probe.about, {"dz": dz, "x": x, "w": w, "stride": s, "padding": p})


PROBES = tuple(_backward(probe, seed) for seed, probe in enumerate(LAYER_PROBES, 10))


def conv2d_backward_answer(dz, x, w, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    N, H_out, W_out, C_out = dz.shape
    s, p = stride, padding
    x_padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dx_padded = np.zeros(x_padded.shape, x.dtype)
    dw = np.zeros(w.shape, w.dtype)
    db = np.zeros(C_out, dz.dtype)
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                for f in range(C_out):
                    g = dz[n, i, j, f]
                    db[f] += g
                    for u in range(K_h):
                        for v in range(K_w):
                            for c in range(C_in):
                                dw[u, v, c, f] += x_padded[n, s * i + u, s * j + v, c] * g
                                dx_padded[n, s * i + u, s * j + v, c] += w[u, v, c, f] * g
    return dx_padded[:, p : p + H, p : p + W, :], dw, db


# Written with arrays, for mistakes that are made there: one window, or one weight, at a time.


def conv2d_backward_windows(dz, x, w, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    N, H_out, W_out, C_out = dz.shape
    s, p = stride, padding
    x_padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dx_padded = np.zeros(x_padded.shape, x.dtype)
    dw = np.zeros(w.shape, w.dtype)
    for i in range(H_out):
        for j in range(W_out):
            rows, columns = slice(s * i, s * i + K_h), slice(s * j, s * j + K_w)
            window = x_padded[:, rows, columns].reshape(N, -1)
            dw += (window.T @ dz[:, i, j]).reshape(w.shape)
            back = dz[:, i, j] @ w.reshape(-1, C_out).T
            dx_padded[:, rows, columns] += back.reshape(N, K_h, K_w, C_in)
    return dx_padded[:, p : p + H, p : p + W, :], dw, dz.sum(axis=(0, 1, 2))


def conv2d_backward_weights(dz, x, w, stride, padding):
    N, H, W, C_in = x.shape
    K_h, K_w, C_in, C_out = w.shape
    N, H_out, W_out, C_out = dz.shape
    s, p = stride, padding
    x_padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dx_padded = np.zeros(x_padded.shape, x.dtype)
    dw = np.zeros(w.shape, w.dtype)
    for u in range(K_h):
        for v in range(K_w):
            rows, columns = slice(u, u + s * H_out, s), slice(v, v + s * W_out, s)
            dw[u, v] = np.tensordot(x_padded[:, rows, columns], dz, ([0, 1, 2], [0, 1, 2]))
            dx_padded[:, rows, columns] += dz @ w[u, v].T
    return dx_padded[:, p : p + H, p : p + W, :], dw, dz.sum(axis=(0, 1, 2))


conv2d_backward = make_check(
    Exercise(
        name="conv2d_backward",
        contract="takes (dz, x, w, stride, padding), dz (N, H_out, W_out, C_out) the gradient of "
        "the loss by z, x (N, H, W, C_in), w (K_h, K_w, C_in, C_out), whole numbers stride and "
        "padding; returns (dx, dw, db) in the shapes of x, w and b, which is (C_out,).",
        outputs=("dx", "dw", "db"),
        reference=conv2d_backward_answer,
        probes=PROBES,
        hints=(
            "Ask of every number in which equations of the forward pass it occurs, and with which "
            "factor. Its gradient is the sum of dz · factor over these equations.",
            "The loops are those of the forward pass. In the innermost one stood the product "
            "x_padded[n, s·i + u, s·j + v, c] · w[u, v, c, f]; both factors get their share of "
            "dz[n, i, j, f].",
            "dw[u, v, c, f] += x_padded[…] · dz[n, i, j, f], dx_padded[…] += w[u, v, c, f] · "
            "dz[n, i, j, f], db[f] += dz[n, i, j, f].",
            "dx is the inside of dx_padded: rows p to p + H, columns p to p + W.",
        ),
        read=WHOLE_PASS,
    )
)

"""The dense (fully connected) layer, and the flattening that stands before it."""

from __future__ import annotations

import math

import numpy as np

from .shapes import check_upstream, check_vector


def dense_forward(x, w, b):
    """Dense layer: z = x w + b, every output sees every input.

    x (N, D); w (D, M); b (M,); one dtype, kept in the result.
    Returns z (N, M) and the cache for dense_backward. The cache refers to x and w, it does not
    copy them: leave them as they are until the backward pass.
    ValueError: shapes that do not fit; the message says what to try.
    Source: Rumelhart, Hinton & Williams, doi:10.1038/323533a0, equation 1.
    """
    x, w, b = np.asarray(x), np.asarray(w), np.asarray(b)
    check_dense(x, w, b)
    return x @ w + b, (x, w)


def dense_backward(dz, cache, need_dx: bool = True):
    """Gradients of dense_forward.

    dz (N, M); cache: what the forward function returned.
    need_dx: False leaves out dx (None then), as a first layer can.
    Returns dx (N, D), dw (D, M), db (M,).
    """
    x, w = cache
    dz = check_upstream(dz, (len(x), w.shape[1]), "dz")
    db = dz.sum(axis=0)  # b was added to every example
    dw = x.T @ dz  # w[d, m] carried x[n, d] to z[n, m]
    dx = dz @ w.T if need_dx else None  # x[n, d] went to every z[n, m]
    return dx, dw, db


def flatten_forward(x):
    """Lay every example out as one row: (N, H, W, C) becomes (N, H·W·C), last axis fastest.

    x: (N, …), any dtype. Returns a (N, the product of the rest) and the cache.
    Nothing is computed or copied: a is a view of x where NumPy can make one.
    """
    x = np.asarray(x)
    if x.ndim < 1:
        raise ValueError("x must have a batch axis: expected shape (N, …), got a single number.")
    return x.reshape(len(x), math.prod(x.shape[1:])), x.shape


def flatten_backward(da, cache):
    """Gradient of flatten_forward: the same numbers in the shape of x (a view where possible)."""
    return check_upstream(da, (cache[0], math.prod(cache[1:])), "da").reshape(cache)


def check_dense(x, w, b) -> None:
    """ValueError unless x (N, D), w (D, M) and b (M,) fit; the message says what to try."""
    if x.ndim != 2:
        hint = "one example (D,) becomes a batch of one with x[None]"
        if x.ndim > 2:
            hint = "put flatten_forward before the dense layer"
        raise ValueError(f"x must have shape (N, D), but its shape is {x.shape}; {hint}.")
    if w.ndim != 2:
        raise ValueError(f"w must have shape (D, M), but its shape is {w.shape}.")
    if x.shape[1] != w.shape[0]:
        hint = ""
        if x.shape[1] == w.shape[1]:
            hint = "; w is (inputs, outputs) here, did you pass it the other way round? Try w.T"
        elif x.shape[0] == w.shape[0]:
            hint = "; the batch is the first axis here, is x the other way round? Try x.T"
        raise ValueError(
            f"x has {x.shape[1]} features but w expects {w.shape[0]}: "
            f"x is (N, D) = {x.shape}, w is (D, M) = {w.shape}{hint}."
        )
    check_vector(b, w.shape[1], "b", "outputs")

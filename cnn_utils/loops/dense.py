"""The dense layer and flattening with loops."""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.functional.dense import check_dense
from cnn_utils.functional.shapes import check_upstream


def dense_forward(x, w, b):
    """z[n, m] = b[m] + sum over d of x[n, d] w[d, m]."""
    x, w, b = np.asarray(x), np.asarray(w), np.asarray(b)
    check_dense(x, w, b)
    z = np.zeros((len(x), len(b)), np.result_type(x, w, b))
    for n, m in np.ndindex(z.shape):
        total = b[m]
        for d in range(len(w)):
            total += x[n, d] * w[d, m]
        z[n, m] = total
    return z, (x, w)


def dense_backward(dz, cache, need_dx: bool = True):
    """Every product of the forward pass sends dz[n, m] back to both of its factors."""
    x, w = cache
    D, M = w.shape
    dz = check_upstream(dz, (len(x), M), "dz")
    dx = np.zeros(x.shape, np.result_type(dz, w)) if need_dx else None
    dw = np.zeros(w.shape, np.result_type(dz, x))
    db = np.zeros(M, dz.dtype)
    for n, m in np.ndindex(dz.shape):
        db[m] += dz[n, m]
        for d in range(D):
            dw[d, m] += x[n, d] * dz[n, m]
            if dx is not None:
                dx[n, d] += w[d, m] * dz[n, m]
    return dx, dw, db


def flatten_forward(x):
    """a[n, 0], a[n, 1], … = the numbers of example n, the last index running fastest."""
    x = np.asarray(x)
    a = np.zeros((len(x), math.prod(x.shape[1:])), x.dtype)
    for n in range(len(x)):
        for position, index in enumerate(np.ndindex(x.shape[1:])):
            a[n, position] = x[n, *index]
    return a, x.shape


def flatten_backward(da, cache):
    """The same walk, writing where flatten_forward read."""
    x_shape = cache
    da = check_upstream(da, (x_shape[0], math.prod(x_shape[1:])), "da")
    dx = np.zeros(x_shape, da.dtype)
    for n in range(x_shape[0]):
        for position, index in enumerate(np.ndindex(x_shape[1:])):
            dx[n, *index] = da[n, position]
    return dx

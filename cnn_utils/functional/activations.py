"""Activation functions: each works on every number by itself, in arrays of any shape.

A forward function takes z and returns (a, cache); its backward function takes da, the gradient of
the loss by a, and the cache, and returns dz = da · a'(z). Results have the dtype of the argument;
of whole numbers, relu makes whole numbers and the others float64.
"""

from __future__ import annotations

import numpy as np

from cnn_utils.arguments import number

from .shapes import check_upstream


def relu_forward(z):
    """Rectifier: a = max(z, 0).

    z: any shape. Returns a and the cache for relu_backward.
    Source: Nair & Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """
    z = np.asarray(z)
    # Zeros in the shape of one example, not the number 0: NumPy then compares twice as fast.
    a = np.maximum(z, np.zeros(z.shape[1:], z.dtype))
    # Where a > 0 (the same as z > 0), the gradient will pass. The sign is all the backward pass
    # needs of z, and as a boolean it takes 1 byte instead of 4 or 8.
    return a, a > 0


def relu_backward(da, cache):
    """Gradient of relu_forward: dz = da where z > 0, else 0 (also at z = 0)."""
    return gate(check_upstream(da, cache.shape, "da"), cache)


def leaky_relu_forward(z, slope: float = 0.01):
    """Leaky rectifier: a = z where z > 0, else slope · z.

    z: any shape; slope: 0 <= slope < 1. Returns a and the cache for leaky_relu_backward.
    ValueError, TypeError: other slopes.
    Source: Maas, Hannun & Ng, "Rectifier nonlinearities improve neural network acoustic models",
    2013.
    """
    z, slope = np.asarray(z), check_slope(slope)
    return np.maximum(z, slope * z), (z > 0, slope)


def leaky_relu_backward(da, cache):
    """Gradient of leaky_relu_forward: dz = da where z > 0, else slope · da (also at z = 0)."""
    positive, slope = cache
    da = check_upstream(da, positive.shape, "da")
    return da * np.maximum(positive.astype(da.dtype), slope)  # 1 where positive, else slope


def check_slope(slope) -> float:
    """slope as a float, at least 0 and less than 1."""
    return number(slope, "slope", least=0, below=1, hint="try 0.01")


def sigmoid(z) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-z)), between 0 and 1; never overflows.

    z: any shape. For z < 0 it is computed as exp(z) / (1 + exp(z)), the same number: so exp only
    ever gets what is not positive.
    """
    z = as_float(z)
    e = np.exp(-np.abs(z))
    numerator = np.maximum(e, z >= 0)  # 1 where z >= 0, else e, which is at most 1
    return numerator / (1 + e)


def sigmoid_forward(z):
    """Sigmoid: a = 1 / (1 + exp(-z)).

    z: any shape. Returns a and the cache for sigmoid_backward. The cache is a itself, because the
    derivative is a (1 - a): do not overwrite a before the backward pass.
    """
    a = sigmoid(z)
    return a, a


def sigmoid_backward(da, cache):
    """Gradient of sigmoid_forward: dz = da · a (1 - a)."""
    a = cache
    return check_upstream(da, a.shape, "da") * (a * (1 - a))


def tanh_forward(z):
    """Hyperbolic tangent: a = tanh(z), between -1 and 1.

    z: any shape. Returns a and the cache for tanh_backward. The cache is a itself, because the
    derivative is 1 - a²: do not overwrite a before the backward pass.
    """
    a = np.tanh(as_float(z))
    return a, a


def tanh_backward(da, cache):
    """Gradient of tanh_forward: dz = da (1 - a²)."""
    a = cache
    return check_upstream(da, a.shape, "da") * (1 - a * a)


def gate(x: np.ndarray, open_: np.ndarray) -> np.ndarray:
    """x where open_ (a boolean array of the same shape) is true, 0 elsewhere; the dtype of x.

    np.where(open_, x, 0) says the same and takes four times as long.
    """
    gated = open_.astype(x.dtype)  # 1 or 0
    gated *= x
    gated += 0  # 0 times a negative number is -0.0, which prints badly; -0.0 + 0 is 0.0
    return gated


def as_float(x) -> np.ndarray:
    """x itself if it holds floating-point numbers, a float64 array otherwise."""
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)

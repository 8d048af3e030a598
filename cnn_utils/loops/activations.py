"""Activation functions with loops: one number after the other."""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.functional.activations import as_float, check_slope
from cnn_utils.functional.shapes import check_upstream


def relu_forward(z):
    """a = z where z > 0, else 0."""
    z = np.asarray(z)
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            a[index] = z[index]
    return a, z


def relu_backward(da, cache):
    """dz = da where z > 0, else 0."""
    z = cache
    da = check_upstream(da, z.shape, "da")
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        if z[index] > 0:
            dz[index] = da[index]
    return dz


def leaky_relu_forward(z, slope: float = 0.01):
    """a = z where z > 0, else slope · z."""
    z, slope = as_float(z), check_slope(slope)
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        a[index] = z[index] if z[index] > 0 else slope * z[index]
    return a, (z, slope)


def leaky_relu_backward(da, cache):
    """dz = da where z > 0, else slope · da."""
    z, slope = cache
    da = as_float(check_upstream(da, z.shape, "da"))
    dz = np.zeros(z.shape, da.dtype)
    for index in np.ndindex(z.shape):
        dz[index] = da[index] if z[index] > 0 else slope * da[index]
    return dz


def sigmoid(z) -> np.ndarray:
    """1 / (1 + exp(-z)); for negative z written as exp(z) / (1 + exp(z)), so exp stays small."""
    z = as_float(z)
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        if z[index] >= 0:
            a[index] = 1 / (1 + math.exp(-z[index]))
        else:
            a[index] = math.exp(z[index]) / (1 + math.exp(z[index]))
    return a


def sigmoid_forward(z):
    """a = 1 / (1 + exp(-z))."""
    a = sigmoid(z)
    return a, a


def sigmoid_backward(da, cache):
    """dz = da · a (1 - a)."""
    a = cache
    da = check_upstream(da, a.shape, "da")
    dz = np.zeros(a.shape, np.result_type(da, a))
    for index in np.ndindex(a.shape):
        dz[index] = da[index] * a[index] * (1 - a[index])
    return dz


def tanh_forward(z):
    """a = tanh(z)."""
    z = as_float(z)
    a = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        a[index] = math.tanh(z[index])
    return a, a


def tanh_backward(da, cache):
    """dz = da (1 - a²)."""
    a = cache
    da = check_upstream(da, a.shape, "da")
    dz = np.zeros(a.shape, np.result_type(da, a))
    for index in np.ndindex(a.shape):
        dz[index] = da[index] * (1 - a[index] * a[index])
    return dz

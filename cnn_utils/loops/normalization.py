"""Batch normalisation and dropout with loops."""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.arguments import generator
from cnn_utils.functional.activations import as_float
from cnn_utils.functional.normalization import check_batchnorm, check_momentum, check_rate
from cnn_utils.functional.shapes import check_upstream


def batchnorm_forward(
    x, gamma, beta, running_mean, running_var, training=True, momentum=0.9, eps=1e-5
):
    """y = gamma · xhat + beta, xhat = (x - mean) / sqrt(var + eps), channel by channel."""
    x, gamma, beta = as_float(x), np.asarray(gamma), np.asarray(beta)
    mean = np.array(running_mean, np.result_type(x, running_mean))  # copies, changed below
    var = np.array(running_var, np.result_type(x, running_var))
    momentum, eps = check_momentum(momentum, eps)
    check_batchnorm(x, gamma, beta, mean, var)
    C = x.shape[-1]
    m = x.size // C
    running_mean, running_var = mean.copy(), var.copy()

    xhat = np.zeros(x.shape, x.dtype)
    y = np.zeros(x.shape, np.result_type(x, gamma, beta))
    for c in range(C):
        if training:
            mean[c] = 0
            for place in np.ndindex(x.shape[:-1]):  # (n,) or (n, i, j)
                mean[c] += x[*place, c] / m
            var[c] = 0
            for place in np.ndindex(x.shape[:-1]):
                var[c] += (x[*place, c] - mean[c]) ** 2 / m
            running_mean[c] = momentum * running_mean[c] + (1 - momentum) * mean[c]
            running_var[c] = momentum * running_var[c] + (1 - momentum) * var[c]
        for place in np.ndindex(x.shape[:-1]):
            xhat[*place, c] = (x[*place, c] - mean[c]) / math.sqrt(var[c] + eps)
            y[*place, c] = gamma[c] * xhat[*place, c] + beta[c]
    return y, (x, xhat, gamma, mean, var, eps, training), (running_mean, running_var)


def batchnorm_backward(dy, cache):
    """The chain rule step by step, from y to xhat, variance, mean and x.

    Source: arXiv:1502.03167, section 3. functional.batchnorm_backward uses what remains when these
    steps are put into each other.
    """
    x, xhat, gamma, mean, var, eps, training = cache
    dy = check_upstream(dy, x.shape, "dy")
    C = x.shape[-1]
    m = x.size // C
    dx = np.zeros(x.shape, np.result_type(x, dy))
    dgamma, dbeta = np.zeros(C, dx.dtype), np.zeros(C, dx.dtype)
    for c in range(C):
        std = math.sqrt(var[c] + eps)
        dvar = dmean = 0.0
        for place in np.ndindex(x.shape[:-1]):
            dgamma[c] += dy[*place, c] * xhat[*place, c]
            dbeta[c] += dy[*place, c]
            dxhat = dy[*place, c] * gamma[c]
            dvar += dxhat * (x[*place, c] - mean[c]) * -0.5 / std**3
            dmean += -dxhat / std  # through the variance nothing: the deviations add up to 0
        for place in np.ndindex(x.shape[:-1]):
            dxhat = dy[*place, c] * gamma[c]
            dx[*place, c] = dxhat / std
            if training:  # otherwise mean and var were constants
                dx[*place, c] += dvar * 2 * (x[*place, c] - mean[c]) / m + dmean / m
    return dx, dgamma, dbeta


def dropout_forward(x, rate: float, rng: np.random.Generator, training: bool = True):
    """Draw a number in [0, 1) for each entry: below rate, a = 0, otherwise a = x / (1 - rate)."""
    x, rate = as_float(x), check_rate(rate)
    if training and rate > 0:
        generator(rng)
    a = np.zeros(x.shape, x.dtype)
    scale = np.ones(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        if training and rate > 0:
            dropped = rng.random(dtype=np.float32) < np.float32(rate)
            scale[index] = 0 if dropped else 1 / (1 - rate)
        a[index] = x[index] * scale[index]
    return a, scale


def dropout_backward(da, cache):
    """dx = da times what x was multiplied by."""
    scale = cache
    da = check_upstream(da, scale.shape, "da")
    dx = np.zeros(scale.shape, np.result_type(da, scale))
    for index in np.ndindex(scale.shape):
        dx[index] = da[index] * scale[index]
    return dx

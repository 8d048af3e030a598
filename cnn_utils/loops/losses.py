"""Softmax and the losses with loops."""

from __future__ import annotations

import math

import numpy as np

from cnn_utils.functional.activations import as_float
from cnn_utils.functional.losses import (
    check_labels,
    check_probabilities,
    check_scores,
    check_targets,
)

from .activations import sigmoid


def softmax(z) -> np.ndarray:
    """p[k] = exp(z[k]) / sum over l of exp(z[l]), after subtracting the largest z."""
    z = check_scores(z)
    p = np.zeros(z.shape, z.dtype)
    for row in np.ndindex(z.shape[:-1]):
        largest = max(z[row])
        total = 0.0
        for k in range(z.shape[-1]):
            total += math.exp(z[*row, k] - largest)
        for k in range(z.shape[-1]):
            p[*row, k] = math.exp(z[*row, k] - largest) / total
    return p


def log_softmax(z) -> np.ndarray:
    """log p[k] = z[k] - log of the sum over l of exp(z[l]), after subtracting the largest z."""
    z = check_scores(z)
    log_p = np.zeros(z.shape, z.dtype)
    for row in np.ndindex(z.shape[:-1]):
        largest = max(z[row])
        total = 0.0
        for k in range(z.shape[-1]):
            total += math.exp(z[*row, k] - largest)
        for k in range(z.shape[-1]):
            log_p[*row, k] = z[*row, k] - largest - math.log(total)
    return log_p


def softmax_cross_entropy(z, y):
    """loss = mean over n of -log p[n, y[n]];  dz[n, k] = (p[n, k] - [k = y[n]]) / N."""
    z = check_scores(z)
    y = check_labels(np.asarray(y), z.shape)
    N, K = z.shape
    p, log_p = softmax(z), log_softmax(z)
    loss = 0.0
    dz = np.zeros(z.shape, z.dtype)
    for n in range(N):
        loss += -float(log_p[n, y[n]]) / N
        for k in range(K):
            target = 1 if k == y[n] else 0
            dz[n, k] = (p[n, k] - target) / N
    return loss, dz


def binary_cross_entropy_with_logits(z, y):
    """loss = mean of max(z, 0) - z y + log(1 + exp(-|z|));  dz = (p - y) / size, p = sigmoid(z)."""
    z = as_float(z)
    y = check_targets(y, z, "z")
    p = sigmoid(z)
    loss = 0.0
    dz = np.zeros(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        score, target = float(z[index]), float(y[index])
        loss += (max(score, 0) - score * target + math.log1p(math.exp(-abs(score)))) / z.size
        dz[index] = (p[index] - y[index]) / z.size
    return loss, dz


def binary_cross_entropy(p, y):
    """loss = mean of -(y log p + (1-y) log(1-p));  dp = (p - y) / (p (1-p)) / size."""
    p = check_probabilities(p)
    y = check_targets(y, p, "p")
    eps = np.finfo(p.dtype).eps
    loss = 0.0
    dp = np.zeros(p.shape, p.dtype)
    for index in np.ndindex(p.shape):
        q = min(max(p[index], eps), 1 - eps)
        loss += -float(y[index] * math.log(q) + (1 - y[index]) * math.log(1 - q)) / p.size
        dp[index] = (q - y[index]) / (q * (1 - q)) / p.size
    return loss, dp

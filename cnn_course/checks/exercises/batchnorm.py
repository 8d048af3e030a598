"""Batch norm, forward (lesson 12)."""

from __future__ import annotations

import math

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe
from cnn_course.checks.running import Refused

AXES = "lesson 12, section 9: vectorise: channel by channel, on images"


def batchnorm_forward_loops(x, gamma, beta, running_mean, running_var, training, momentum, eps):
    C = x.shape[-1]
    rows = x.reshape(-1, C)  # one row for each example, or for each place in each image
    m = len(rows)
    y = np.zeros(rows.shape, x.dtype)
    new_mean, new_var = running_mean.copy(), running_var.copy()
    for c in range(C):
        mean, var = running_mean[c], running_var[c]
        if training:
            mean = var = 0.0
            for i in range(m):
                mean += rows[i, c] / m
            for i in range(m):
                var += (rows[i, c] - mean) ** 2 / m
            new_mean[c] = momentum * running_mean[c] + (1 - momentum) * mean
            new_var[c] = momentum * running_var[c] + (1 - momentum) * var
        for i in range(m):
            xhat = (rows[i, c] - mean) / math.sqrt(var + eps)
            y[i, c] = gamma[c] * xhat + beta[c]
    return y.reshape(x.shape), (new_mean, new_var)


def batchnorm_forward_arrays(x, gamma, beta, running_mean, running_var, training, momentum, eps):
    axes = tuple(range(x.ndim - 1))
    mean, var = running_mean, running_var
    new_mean, new_var = running_mean, running_var
    if training:
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        new_mean = momentum * running_mean + (1 - momentum) * mean
        new_var = momentum * running_var + (1 - momentum) * var
    xhat = (x - mean) / np.sqrt(var + eps)
    y = gamma * xhat + beta
    return y, (new_mean, new_var)


def y_and_running(fn, *arguments):
    """Call fn and make (y, running_mean, running_var) of what it returns."""
    value = fn(*arguments)
    wanted = "(y, (running_mean, running_var)), or (y, cache, (running_mean, running_var))"
    if not isinstance(value, tuple | list) or len(value) not in (2, 3):
        raise Refused(f"it must return {wanted}.")
    y, running = value[0], value[-1]
    if not isinstance(running, tuple | list) or len(running) != 2:
        raise Refused(f"the last thing it returns must be a pair: it must return {wanted}.")
    # copies: outside of training, the running statistics may be those that were given
    return y, *(None if entry is None else np.array(entry) for entry in running)


def _probe(about, x, gamma, beta, mean, var, training, momentum, eps) -> Probe:
    dtype = np.float32 if "float32" in about else float
    arrays = {"x": x, "gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    arrays = {name: np.asarray(value, dtype) for name, value in arrays.items()}
    return Probe(about, {**arrays, "training": training, "momentum": momentum, "eps": eps})


def channels_apart(seed: int, shape) -> np.ndarray:
    """Small integers, as float64, each channel with a mean of its own; not C-contiguous."""
    x = np.random.default_rng(seed).integers(-4, 5, shape[::-1]).astype(float).T
    return x + 3 * np.arange(shape[-1])


COLUMN = [[1], [3], [3], [9]]  # lesson 12's x
FLAT = np.column_stack([np.full(6, 3.0), [1, 0, -2, 5, 7, 4]])  # channel 0 never changes


batchnorm_forward = make_check(
    Exercise(
        name="batchnorm_forward",
        contract="takes (x, gamma, beta, running_mean, running_var, training, momentum, eps), x "
        "(N, C) or (N, H, W, C), the next four (C,); returns (y, (running_mean, running_var)), or "
        "(y, cache, (running_mean, running_var)), y the shape of x, the pair (C,) each. The mean "
        "is over all axes but the last, the variance divides by m; new running = momentum · old "
        "+ (1 - momentum) · of this batch. Outside of training, running statistics are used and "
        "returned as they are. No argument is changed.",
        outputs=("y", "running_mean", "running_var"),
        reference=batchnorm_forward_loops,
        convention=y_and_running,
        probes=(
            _probe("4 numbers in training", COLUMN, [6], [1], [0], [1], True, 0.9, 1e-5),
            _probe(
                "3 images 4×5×2 in training, momentum 0.75, eps 0.5",
                *(
                    channels_apart(1, (3, 4, 5, 2)),
                    [2, -3],
                    [1, 5],
                    [1, -2],
                    [2, 5],
                    True,
                    0.75,
                    0.5,
                ),
            ),
            _probe(
                "5 examples with 3 numbers after training",
                *(
                    channels_apart(2, (5, 3)),
                    [2, -1, 3],
                    [5, 1, -2],
                    [1, -2, 4],
                    [2, 5, 7],
                    False,
                    0.6,
                ),
                0.25,
            ),
            _probe(
                "6 examples, one channel all equal, in float32",
                *(FLAT, [2, 3], [5, -1], [1, -2], [2, 5], True, 0.6, 1e-3),
            ),
        ),
        hints=(
            "Every channel is treated alone. In training: the mean of its m numbers, then the mean "
            "of their squared distances from it.",
            "All axes but the last: axis = tuple(range(x.ndim - 1)).",
            "xhat = (x - mean) / np.sqrt(var + eps), y = gamma * xhat + beta.",
            "After training, take mean and variance from the arguments and return them unchanged.",
        ),
        read=AXES,
    )
)

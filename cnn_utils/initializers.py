"""Random starting weights whose scale keeps the signal alive through many layers.

Each initializer is a function (shape, rng, dtype) → array; shape is (D, M) for a dense layer and
(K_h, K_w, C_in, C_out) for a convolution: the last axis is the output, the others feed it.
ValueError or TypeError: a shape with fewer axes, or an rng that is no numpy.random.Generator.
"""

from __future__ import annotations

import math

import numpy as np

from .arguments import generator, int_tuple


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many numbers feed one output (fan-in) and how many outputs one input feeds.

    For filters (K_h, K_w, C_in, C_out): fan-in K_h·K_w·C_in, fan-out K_h·K_w·C_out.
    For dense weights (D, M): fan-in D, fan-out M.
    """
    shape = int_tuple(shape, "shape", "use (inputs, outputs)")
    if len(shape) < 2:
        raise ValueError(
            f"shape must have at least 2 axes, got {shape}; use (inputs, outputs), or np.zeros for "
            "a bias."
        )
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def he_normal(shape, rng: np.random.Generator, dtype=np.float32) -> np.ndarray:
    """Draw weights from N(0, 2 / fan-in): keeps the variance through ReLU layers.

    Source: He, Zhang, Ren & Sun (2015), arXiv:1502.01852, equation 10.
    """
    fan_in, _ = fans(shape)
    return generator(rng).normal(0.0, math.sqrt(2.0 / fan_in), shape).astype(dtype)


def glorot_uniform(shape, rng: np.random.Generator, dtype=np.float32) -> np.ndarray:
    """Draw weights from U(−r, r) with r = √(6 / (fan-in + fan-out)): for sigmoid and tanh layers.

    Source: Glorot & Bengio (2010), AISTATS, equation 16.
    """
    fan_in, fan_out = fans(shape)
    limit = math.sqrt(6.0 / (fan_in + fan_out))
    return generator(rng).uniform(-limit, limit, shape).astype(dtype)


INITIALIZERS = {"he_normal": he_normal, "glorot_uniform": glorot_uniform}

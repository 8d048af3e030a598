"""Arrays to try a function on."""

from __future__ import annotations

import numpy as np


def whole_numbers(seed: int, *shapes) -> list[np.ndarray]:
    """Arrays of integers from -4 to 4, as float64: sums of their products are exact."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(float) for shape in shapes]


def quarters(arguments: dict) -> dict:
    """The same call with every array divided by 4, in float32."""
    return {
        name: (value / 4).astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }

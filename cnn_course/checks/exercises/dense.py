"""The dense layer, forward (lesson 06)."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe

DENSE = "lesson 06, section 4: dense: every output sees every input"


def dense_forward_loops(x, w, b):
    N, D = x.shape
    M = w.shape[1]
    z = np.zeros((N, M), x.dtype)
    for n in range(N):
        for m in range(M):
            total = b[m]
            for d in range(D):
                total += x[n, d] * w[d, m]
            z[n, m] = total
    return z


def dense_forward_arrays(x, w, b):
    return x @ w + b


def _without_zeros(seed: int, *shapes) -> list[np.ndarray]:
    """Arrays of integers from -5 to 5 without 0, as float64; not C-contiguous."""
    rng = np.random.default_rng(seed)
    arrays = [
        rng.integers(1, 6, shape[::-1]) * rng.choice([-1, 1], shape[::-1]) for shape in shapes
    ]
    return [array.astype(float).T for array in arrays]


def dense_probes(*names) -> tuple[Probe, ...]:
    """Calls with the arrays of these names, of dz, x, w and b; in none of them is D equal to M."""
    probes = []
    for seed, (about, N, D, M) in enumerate(
        (
            ("2 examples, 3 inputs, 4 outputs", 2, 3, 4),
            ("5 examples, 4 inputs, 3 outputs", 5, 4, 3),
            ("4 examples, 1 input, 6 outputs in float32", 4, 1, 6),
        )
    ):
        dz, x, w, b = _without_zeros(seed, (N, M), (N, D), (D, M), (M,))
        arrays = {"dz": dz, "x": x, "w": w, "b": b}
        dtype = np.float32 if "float32" in about else float
        probes.append(Probe(about, {name: arrays[name].astype(dtype) for name in names}))
    return tuple(probes)


dense_forward = make_check(
    Exercise(
        name="dense_forward",
        contract="takes (x, w, b), x (N, D), w (D, M), b (M,); returns z (N, M), or (z, cache).",
        outputs=("z",),
        reference=dense_forward_loops,
        probes=dense_probes("x", "w", "b"),
        hints=(
            "Output m of example n: the sum of x[n, d] w[d, m] over the inputs d, plus b[m].",
            "Sum first, from d = 0 to D - 1, then add the bias once.",
            "p @ q sums over the last index of p and the first of q.",
        ),
        read=DENSE,
    )
)

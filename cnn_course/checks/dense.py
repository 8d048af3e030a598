"""Exercises of lesson 06: the dense layer, forward."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check

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


def bias_missing(x, w, b):
    return x @ w


def bias_subtracted(x, w, b):
    return x @ w - b


def bias_in_sum(x, w, b):
    return x @ w + len(w) * b


def bias_times(x, w, b):
    return (x @ w) * b


def first_bias_for_all(x, w, b):
    return x @ w + b[0]


def bias_sum_for_all(x, w, b):
    return x @ w + b.sum()


def last_product_alone(x, w, b):
    return np.outer(x[:, -1], w[-1]) + b


def last_input_left_out(x, w, b):
    return x[:, :-1] @ w[:-1] + b


def first_input_left_out(x, w, b):
    return x[:, 1:] @ w[1:] + b


def mean_for_sum(x, w, b):
    return x @ w / len(w) + b


def batch_added(x, w, b):
    return np.repeat((x @ w).sum(axis=0, keepdims=True), len(x), axis=0) + b


def first_example_reused(x, w, b):
    return np.repeat(x[:1] @ w, len(x), axis=0) + b


def relu_included(x, w, b):
    return np.maximum(x @ w + b, 0)


def w_read_by_rows(x, w, b):
    return x @ w.T.reshape(w.shape) + b


def w_transposed(x, w, b):
    return x @ w.T + b


def z_transposed(x, w, b):
    return (x @ w + b).T


def _whole(seed: int, *shapes) -> list[np.ndarray]:
    """Whole numbers without 0, as floats; not C-contiguous."""
    rng = np.random.default_rng(seed)
    arrays = [
        rng.integers(1, 6, shape[::-1]) * rng.choice([-1, 1], shape[::-1]) for shape in shapes
    ]
    return [array.astype(float).T for array in arrays]


def dense_probes(*names) -> tuple[Probe, ...]:
    probes = []
    for seed, (about, N, D, M) in enumerate(
        (
            ("2 examples, 3 inputs, 4 outputs", 2, 3, 4),
            ("5 examples, 4 inputs, 3 outputs", 5, 4, 3),
            ("4 examples, 1 input, 6 outputs in float32", 4, 1, 6),
        )
    ):
        dz, x, w, b = _whole(seed, (N, M), (N, D), (D, M), (M,))
        arrays = {"dz": dz, "x": x, "w": w, "b": b}
        dtype = np.float32 if "float32" in about else float
        probes.append(Probe(about, {name: arrays[name].astype(dtype) for name in names}))
    return tuple(probes)


SHOW = (
    "x = np.array([[1.0, 2], [3, -1]]); w = np.array([[1.0, 0, 2], [3, 1, -1]])\n"
    "z = fn(x, w, np.array([10.0, 20, -30]))\n"
    "print(z)  # [[17, 22, -30], [10, 19, -23]]"
)


def _forward(id, wrong, seen, why) -> Mistake:
    return Mistake(id, wrong, seen, why, DENSE, SHOW)


dense_forward = make_check(
    Exercise(
        name="dense_forward",
        contract="takes (x, w, b), x (N, D), w (D, M), b (M,); returns z (N, M), or (z, cache).",
        outputs=("z",),
        reference=dense_forward_loops,
        probes=dense_probes("x", "w", "b"),
        mistakes=(
            _forward(
                "bias-missing", bias_missing, "your z lacks the bias.", "b is not added to x @ w."
            ),
            _forward(
                "bias-subtracted",
                bias_subtracted,
                "the bias is subtracted in your z.",
                "z = x w + b.",
            ),
            _forward(
                "bias-in-sum",
                bias_in_sum,
                "the bias is in your z D times.",
                "it is added inside the sum over the inputs; it belongs to the output, once.",
            ),
            _forward(
                "bias-times", bias_times, "your z is x w times b.", "the bias is added: x w + b."
            ),
            _forward(
                "first-bias-for-all",
                first_bias_for_all,
                "every output of your z has the bias b[0].",
                "the index of b is that of the output, m.",
            ),
            _forward(
                "bias-sum-for-all",
                bias_sum_for_all,
                "every output of your z has the sum of all biases.",
                "b[m] belongs to output m alone.",
            ),
            _forward(
                "last-product-alone",
                last_product_alone,
                "only the last input counts in your z.",
                "in the loop over the inputs, = replaces the sum so far; += adds to it.",
            ),
            _forward(
                "last-input-left-out",
                last_input_left_out,
                "your z lacks the last input.",
                "range(D) ends with D - 1 by itself; range(D - 1) is one short.",
            ),
            _forward(
                "first-input-left-out",
                first_input_left_out,
                "your z lacks the first input.",
                "indices begin with 0, not with 1.",
            ),
            _forward(
                "mean-for-sum",
                mean_for_sum,
                "your z has the mean over the inputs, not the sum.",
                "z[n, m] is the sum of x[n, d] w[d, m] over d; nothing is divided.",
            ),
            _forward(
                "batch-added",
                batch_added,
                "all examples of your z are equal: their sum.",
                "the sum runs over the examples too; it runs over the inputs d alone.",
            ),
            _forward(
                "first-example-reused",
                first_example_reused,
                "all examples of your z are what the first one gives.",
                "the index n of x is 0 or missing.",
            ),
            _forward(
                "relu-included",
                relu_included,
                "negative numbers of your z are 0.",
                "an activation is applied; it is a layer of its own.",
            ),
            _forward(
                "w-read-by-rows",
                w_read_by_rows,
                "your z is what w gives with its numbers in another order.",
                "w is (D, M) already: no transpose, and no reshape.",
            ),
            _forward(
                "w-transposed",
                w_transposed,
                "your z is x w.T + b.",
                "w is (D, M) already, so x @ w sums over the inputs; w.T fits only where D = M.",
            ),
            _forward(
                "z-transposed",
                z_transposed,
                "your z is transposed: (M, N).",
                "the examples are the rows: x @ w, not w.T @ x.T.",
            ),
        ),
        hints=(
            "Output m of example n: the sum of x[n, d] w[d, m] over the inputs d, plus b[m].",
            "Sum first, from d = 0 to D - 1, then add the bias once.",
            "p @ q sums over the last index of p and the first of q.",
        ),
        read=DENSE,
    )
)

"""Exercises of lesson 06: the dense layer backward."""

from __future__ import annotations

import numpy as np

from .dense import DENSE, dense_probes
from .exercise import Exercise, Mistake, make_check

ONCE = "lesson 08, section 9: average exactly once"


def dense_backward_loops(dz, x, w):
    N, D = x.shape
    M = w.shape[1]
    dx, dw, db = np.zeros((N, D), x.dtype), np.zeros((D, M), w.dtype), np.zeros(M, w.dtype)
    for n in range(N):
        for m in range(M):
            db[m] += dz[n, m]
            for d in range(D):
                dw[d, m] += x[n, d] * dz[n, m]
                dx[n, d] += w[d, m] * dz[n, m]
    return dx, dw, db


def _right(dz, x, w):
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


def dw_averaged(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw / len(x), db


def db_averaged(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw, db / len(x)


def parameters_averaged(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw / len(x), db / len(x)


def all_averaged(dz, x, w):
    return _right(dz / len(x), x, w)


def db_over_outputs(dz, x, w):
    dx, dw, _ = _right(dz, x, w)
    return dx, dw, dz.sum(axis=1)


def db_one_number(dz, x, w):
    dx, dw, _ = _right(dz, x, w)
    return dx, dw, dz.sum()


def db_not_summed(dz, x, w):
    dx, dw, _ = _right(dz, x, w)
    return dx, dw, dz.copy()


def db_two_axes(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw, db[None]


def db_last_example(dz, x, w):
    dx, dw, _ = _right(dz, x, w)
    return dx, dw, dz[-1].copy()


def db_counts_examples(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw, np.full_like(db, len(x))


def dw_last_example(dz, x, w):
    dx, _, db = _right(dz, x, w)
    return dx, np.outer(x[-1], dz[-1]), db


def dw_transposed(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx, dw.T, db


def dw_without_dz(dz, x, w):
    dx, _, db = _right(dz, x, w)
    return dx, x.T @ np.ones_like(dz), db


def dx_transposed(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return dx.T, dw, db


def dx_last_output(dz, x, w):
    _, dw, db = _right(dz, x, w)
    return np.outer(dz[:, -1], w[:, -1]), dw, db


def dx_without_dz(dz, x, w):
    _, dw, db = _right(dz, x, w)
    return np.ones_like(dz) @ w.T, dw, db


def dx_w_read_by_rows(dz, x, w):
    _, dw, db = _right(dz, x, w)
    return dz @ w.reshape(w.shape[::-1]), dw, db


def relu_gate_included(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return np.where(x > 0, dx, 0), dw, db


def dx_w_not_transposed(dz, x, w):
    return dz @ w, x.T @ dz, dz.sum(axis=0)


def dw_x_not_transposed(dz, x, w):
    return dz @ w.T, x @ dz, dz.sum(axis=0)


def dx_over_examples(dz, x, w):
    dx, dw, db = _right(dz, x, w)
    return np.repeat(dx.sum(axis=0, keepdims=True), len(x), axis=0), dw, db


def downhill_already(dz, x, w):
    return tuple(-gradient for gradient in _right(dz, x, w))


SHOW_BACK = (
    "x = np.array([[1.0, 2], [3, -1]]); w = np.array([[1.0, 0, 2], [3, 1, -1]])\n"
    "dz = np.array([[1.0, 0, 2], [0, 1, -1]])\n"
    "print(*fn(dz, x, w), sep='\\n')  # "
)
SHOW_DX = SHOW_BACK + "first dx: [[5, 1], [-2, 2]]"
SHOW_DW = SHOW_BACK + "then dw: [[1, 3, -1], [2, -1, 5]]"
SHOW_DB = SHOW_BACK + "last db: [1, 1, 1]"


def _backward(id, wrong, seen, why, experiment, read=DENSE) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


dense_backward = make_check(
    Exercise(
        name="dense_backward",
        contract="takes (dz, x, w), dz (N, M), x (N, D), w (D, M); returns (dx, dw, db), the "
        "shapes of x, of w and (M,).",
        outputs=("dx", "dw", "db"),
        reference=dense_backward_loops,
        probes=dense_probes("dz", "x", "w"),
        mistakes=(
            _backward(
                "dw-averaged",
                dw_averaged,
                "your dw is 1/N of what it should be.",
                "the loss has averaged over the batch already; the layer adds the examples up.",
                SHOW_DW,
                ONCE,
            ),
            _backward(
                "db-averaged",
                db_averaged,
                "your db is the mean over the batch, not the sum.",
                "the loss has averaged over the batch already; the layer adds the examples up.",
                SHOW_DB,
                ONCE,
            ),
            _backward(
                "parameters-averaged",
                parameters_averaged,
                "your dw and db are 1/N of what they should be.",
                "the loss has averaged over the batch already; the layer adds the examples up.",
                SHOW_DW,
                ONCE,
            ),
            _backward(
                "all-averaged",
                all_averaged,
                "all of your gradients are 1/N of what they should be.",
                "dz is divided by N again; the loss has done it already.",
                SHOW_DX,
                ONCE,
            ),
            _backward(
                "db-over-outputs",
                db_over_outputs,
                "your db is summed over the outputs: one number for each example.",
                "b[m] was added to every example, so db[m] is the sum over n, axis 0.",
                SHOW_DB,
            ),
            _backward(
                "db-one-number",
                db_one_number,
                "your db is one number, the sum of all dz.",
                "each bias has its own gradient: sum over axis 0 alone.",
                SHOW_DB,
            ),
            _backward(
                "db-not-summed",
                db_not_summed,
                "your db is dz itself.",
                "b[m] was added to every example; their gradients add up over axis 0.",
                SHOW_DB,
            ),
            _backward(
                "db-two-axes",
                db_two_axes,
                "your db has the shape (1, M).",
                "keepdims=True keeps the axis of the sum; b is (M,), and so is db.",
                SHOW_DB,
            ),
            _backward(
                "db-last-example",
                db_last_example,
                "your db is dz of the last example.",
                "in the loop over the examples, = replaces what is there; += adds to it.",
                SHOW_DB,
            ),
            _backward(
                "db-counts-examples",
                db_counts_examples,
                "your db is N everywhere.",
                "the slope by a bias is 1; the chain rule multiplies it by dz before the sum.",
                SHOW_DB,
            ),
            _backward(
                "dw-last-example",
                dw_last_example,
                "your dw is that of the last example.",
                "in the loop over the examples, = replaces what is there; += adds to it.",
                SHOW_DW,
            ),
            _backward(
                "dw-transposed",
                dw_transposed,
                "your dw is transposed: (M, D).",
                "dw has the shape of w: x.T @ dz, not dz.T @ x.",
                SHOW_DW,
            ),
            _backward(
                "dw-without-dz",
                dw_without_dz,
                "your dw does not depend on dz.",
                "w[d, m] carried x[n, d] to z[n, m]; the chain rule multiplies by dz[n, m].",
                SHOW_DW,
            ),
            _backward(
                "dx-transposed",
                dx_transposed,
                "your dx is transposed: (D, N).",
                "dx has the shape of x: dz @ w.T, not w @ dz.T.",
                SHOW_DX,
            ),
            _backward(
                "dx-last-output",
                dx_last_output,
                "only the last output sends a gradient to your dx.",
                "in the loop over the outputs, = replaces what is there; += adds to it.",
                SHOW_DX,
            ),
            _backward(
                "dx-without-dz",
                dx_without_dz,
                "your dx does not depend on dz.",
                "w[d, m] is the slope; the chain rule multiplies it by dz[n, m].",
                SHOW_DX,
            ),
            _backward(
                "dx-w-read-by-rows",
                dx_w_read_by_rows,
                "your dx is what w gives with its numbers in another order.",
                "w.reshape(M, D) reads on along the rows; w.T exchanges the axes.",
                SHOW_DX,
            ),
            _backward(
                "w-not-transposed",
                dx_w_not_transposed,
                "your dx is dz @ w.",
                "dx sums over the outputs, the second axis of w: dz @ w.T.",
                SHOW_DX,
            ),
            _backward(
                "x-not-transposed",
                dw_x_not_transposed,
                "your dw is x @ dz.",
                "dw sums over the examples, the first axis of x: x.T @ dz.",
                SHOW_DW,
            ),
            _backward(
                "relu-gate-included",
                relu_gate_included,
                "your dx is 0 where x is not positive.",
                "that is the gate of ReLU, a layer of its own.",
                SHOW_DX,
            ),
            _backward(
                "dx-over-examples",
                dx_over_examples,
                "all rows of your dx are equal: their sum.",
                "the examples are added up; each x[n, d] moves the outputs of example n alone.",
                SHOW_DX,
            ),
            _backward(
                "downhill-already",
                downhill_already,
                "the sign is wrong.",
                "the minus belongs to the step downhill, not to the gradient.",
                SHOW_DX,
            ),
        ),
        hints=(
            "Each product x[n, d] w[d, m] sends dz[n, m] back to both of its factors.",
            "Sum over the index that the result does not have: dw over n, dx over m, db over n.",
            "The shapes fit in one way only: dx (N, D), dw (D, M), db (M,).",
            "dx = dz @ w.T; dw and db in the same manner, x.T @ … and a sum over axis 0.",
        ),
        read=DENSE,
    )
)

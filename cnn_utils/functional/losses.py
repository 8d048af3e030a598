"""Losses: how wrong the outputs are, as one number, and the gradient of that number.

Every loss averages exactly once: over the batch (cross-entropy of classes) or over all entries
(binary cross-entropy). The gradient it returns is of that average, so nothing behind it divides
by the batch size again. Losses are Python floats in nats (natural logarithm); gradients have the
dtype of the outputs (float64 if those are whole numbers).
"""

from __future__ import annotations

import numpy as np

from .activations import as_float, sigmoid


def softmax(z) -> np.ndarray:
    """Probabilities p = exp(z) / sum of exp(z) over the last axis; never overflows.

    z (…, K): scores of the classes. Returns p, same shape, every row with sum 1.
    Subtracting a row's largest score first leaves p as it is and keeps exp at most 1.
    """
    z = check_scores(z)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(z) -> np.ndarray:
    """Logarithm of softmax over the last axis, exact also where the probability rounds to 0.

    z (…, K): scores of the classes. Returns log p = z - log(sum of exp(z)), same shape.
    """
    z = check_scores(z)
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_cross_entropy(z, y):
    """Mean of -log p[true class] over the batch, with p = softmax(z), and its gradient.

    z (N, K): scores (logits), not probabilities; y (N,): true classes, whole numbers 0 … K-1.
    Returns the loss (a float: log K when every class gets the same score) and dz (N, K).
    ValueError, TypeError: labels of another shape, kind or range; the message says what to try.
    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs",
    doi:10.1007/978-3-642-76153-9_28.
    """
    z = check_scores(z)
    y = check_labels(np.asarray(y), z.shape)
    n = np.arange(len(z))

    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[n, y], dtype=np.float64)  # -log p[n, y[n]]

    dz = e / total  # p
    dz[n, y] -= 1  # p - one_hot(y)
    dz /= len(z)  # the mean over the batch, once
    return float(loss), dz


def binary_cross_entropy_with_logits(z, y):
    """Mean of -(y log p + (1-y) log(1-p)) over all entries, with p = sigmoid(z), and its gradient.

    z: scores (logits), any shape; y: 0 or 1, same shape. Returns the loss (a float) and dz.
    Written as max(z, 0) - z y + log(1 + exp(-|z|)), which is the same and never overflows.
    ValueError: other shapes, or targets that are not 0 or 1.
    """
    z = as_float(z)
    y = check_targets(y, z, "z")
    loss = np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))), dtype=np.float64)
    return float(loss), (sigmoid(z) - y) / z.size


def binary_cross_entropy(p, y):
    """Mean of -(y log p + (1-y) log(1-p)) over all entries, and its gradient by p.

    p: probabilities, any shape; y: 0 or 1, same shape. Returns the loss (a float) and dp.
    At p = 0 or 1 the loss of a mistake is infinite; so p is first clipped to [eps, 1 - eps], with
    eps the machine epsilon of its dtype (1.2e-7 in float32). dp is taken at the clipped p.
    binary_cross_entropy_with_logits needs no such repair.
    ValueError: other shapes, targets that are not 0 or 1, p outside of [0, 1].
    """
    p = check_probabilities(p)
    y = check_targets(y, p, "p")
    eps = np.finfo(p.dtype).eps
    p = np.clip(p, eps, 1 - eps)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), dtype=np.float64)
    return float(loss), (p - y) / (p * (1 - p)) / p.size


def check_scores(z) -> np.ndarray:
    """z as floating-point scores, with the classes along the last axis."""
    z = as_float(z)
    if z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(
            f"z must have one score for each class along its last axis, but its shape is {z.shape}."
        )
    return z


def check_labels(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """y as labels for scores of this shape; the message names the usual slips."""
    if len(shape) != 2:
        hint = "; one example (K,) becomes a batch of one with z[None]" if len(shape) == 1 else ""
        raise ValueError(f"z must have shape (N, K), but its shape is {shape}{hint}.")
    n, classes = shape
    if n == 0:
        raise ValueError("the batch is empty: z has no rows, and the mean over nothing is not 0.")
    if y.shape != (n,):
        if y.shape == shape and y.ndim == 2 and classes > 1:
            hint = "they look one-hot: use y.argmax(axis=1)"
        elif y.shape in ((n, 1), (1, n)):
            hint = "use y.ravel(); left as they are, they would broadcast to N x N"
        elif y.shape == (classes,):
            hint = "is z the other way round? Its rows are the examples; try z.T"
        else:
            hint = "z and y must come from the same batch"
        raise ValueError(
            f"labels must have shape (N,) = ({n},), one for each row of z, "
            f"but their shape is {y.shape}; {hint}."
        )
    if y.dtype.kind not in "iu":
        hint = "y.astype(np.int64)"
        if y.dtype.kind == "b":
            hint += " makes False class 0 and True class 1"
        raise TypeError(
            f"labels must be integers (class indices), but their dtype is {y.dtype}; try {hint}."
        )
    if y.min() < 0 or y.max() >= classes:
        hint = "; give one score (or more classes) for each class there is"
        if y.min() == 1 and y.max() == classes:
            hint = "; yours count from 1, so use y - 1"
        raise ValueError(
            f"with {classes} classes, labels go from 0 to {classes - 1}, "
            f"but y goes from {y.min()} to {y.max()}{hint}."
        )
    return y


def check_probabilities(p) -> np.ndarray:
    """p as floating-point numbers between 0 and 1."""
    p = as_float(p)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise ValueError(
            f"p must hold probabilities between 0 and 1, but goes from {p.min():.4g} to "
            f"{p.max():.4g}; if these are logits, use binary_cross_entropy_with_logits."
        )
    return p


def check_targets(y, outputs: np.ndarray, name: str) -> np.ndarray:
    """y as zeros and ones in the dtype and shape of the outputs (called `name`)."""
    y = np.asarray(y)
    if y.shape != outputs.shape:
        hint = ""
        if y.size == outputs.size:
            hint = f"; try y.reshape({name}.shape)"
        elif outputs.ndim == 2 and y.shape == (len(outputs),):
            hint = "; class numbers become one-hot rows with np.eye(K)[y]"
        raise ValueError(
            f"y must have the shape of {name}, {outputs.shape}, but its shape is {y.shape}{hint}."
        )
    if y.size == 0:
        raise ValueError(f"{name} and y are empty, and the mean over nothing is not 0.")
    if not np.all((y == 0) | (y == 1)):
        raise ValueError(
            f"y must hold only 0 and 1, but goes from {y.min()} to {y.max()}; "
            "class numbers become one-hot rows with np.eye(K)[y]."
        )
    return y.astype(outputs.dtype)

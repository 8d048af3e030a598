"""Exercise of lesson 09: the training loop."""

from __future__ import annotations

import numpy as np

from cnn_course.checks.check import make_check
from cnn_course.checks.exercise import Exercise, Probe, handed_in
from cnn_course.checks.running import Refused

READ_BATCHES = "lesson 09, section 6: vectorise: batches"


def train_reference(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(parameters, x[rows], y[rows])
            for name in parameters:
                parameters[name] = parameters[name] - rate * gradients[name]
    return parameters


@handed_in
def _gradient_of(parameters, x, y):
    """Gradients of the mean loss of a batch: softmax regression, with logits x w + b."""
    if np.ndim(x) != 2 or np.shape(y) != (len(x),):
        raise ValueError(
            f"gradient_of needs images (B, {np.shape(x)[-1] if np.ndim(x) else 'D'}) and as many "
            f"labels (B,); it got the shapes {np.shape(x)} and {np.shape(y)}"
        )
    if len(x) == 0:
        raise ValueError("gradient_of got an empty batch")
    z = x @ parameters["w"] + parameters["b"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    dz = p / len(x)
    return {"w": x.T @ dz, "b": dz.sum(axis=0)}


def _trained(fn, x, y, w, b, rate, batch_size, order):
    """Call fn with a dictionary of parameters; show how w and b moved, and the caller's too."""
    given = {"w": w.copy(), "b": b.copy()}
    own = dict(given)  # the caller's arrays: also seen when they are replaced in the dictionary
    result = fn(x, y, given, _gradient_of, rate, batch_size, order)
    if isinstance(result, tuple) and result and isinstance(result[0], dict):
        result = result[0]  # parameters and, say, losses
    if result is None:
        return None
    if not isinstance(result, dict) or set(result) != {"w", "b"}:
        kind = f"one with the keys {sorted(map(str, result))}" if isinstance(result, dict) else ""
        kind = kind or f"a {type(result).__name__}"
        raise Refused(f"it must return a dictionary with the names of the parameters, not {kind}.")
    moved = []
    for name, old in (("w", w), ("b", b)):
        if np.shape(result[name]) != old.shape:
            raise Refused(
                f"{name} has the shape {np.shape(result[name])}; it must keep its own, {old.shape}."
            )
        moved.append(np.asarray(result[name]) - old)
    if _is_right(moved, x, y, w, b, rate, batch_size, order):
        _call_by_other_names(fn, result, x, y, w, b, rate, batch_size, order)
    overwritten = [
        any(not np.array_equal(kept[name], old) for kept in (given, own) if name in kept)
        for name, old in (("w", w), ("b", b))
    ]
    return *moved, np.array(overwritten, float)


def _is_right(moved, x, y, w, b, *how) -> bool:
    right = train_reference(x, y, {"w": w, "b": b}, _gradient_of, *how)
    pairs = zip(moved, (right["w"] - w, right["b"] - b), strict=True)
    return all(np.allclose(found, wanted) for found, wanted in pairs)


def _call_by_other_names(fn, result, x, y, w, b, *how) -> None:
    """Refuse a loop that knows the names of the parameters: another network has others."""

    @handed_in
    def gradient_of(parameters, x_batch, y_batch):
        by_old = {"w": parameters["filters"], "b": parameters["offset"]}
        gradients = _gradient_of(by_old, x_batch, y_batch)
        return {"filters": gradients["w"], "offset": gradients["b"]}

    headline = "it is right only for parameters that are called w and b; go by parameters.items()."
    try:
        again = fn(x, y, {"filters": w.copy(), "offset": b.copy()}, gradient_of, *how)
        again = again[0] if isinstance(again, tuple) else again
        same = np.allclose(again["filters"], result["w"])
        same = same and np.allclose(again["offset"], result["b"])
    except (KeyError, TypeError):
        same = False
    if not same:
        raise Refused(headline)


def _train_probe(about, seed, images, pixels, classes, rate, batch_size, epochs):
    rng = np.random.default_rng(seed)
    arguments = {
        "x": rng.normal(size=(images, pixels)),
        "y": rng.integers(classes, size=images),
        "w": rng.normal(size=(pixels, classes)),
        "b": rng.normal(size=classes),
        "rate": rate,
        "batch_size": batch_size,
        "order": np.stack([rng.permutation(images) for _ in range(epochs)]),
    }
    return Probe(about, arguments)


train = make_check(
    Exercise(
        name="train",
        contract="takes (x, y, parameters, gradient_of, rate, batch_size, order): images x "
        "(N, …), labels y (N,), a dictionary of arrays, a function, the learning rate, the number "
        "of images in a batch, and order (epochs, N): row e says in which order epoch e sees the "
        "images. gradient_of(parameters, x_batch, y_batch) returns a dictionary with the gradients "
        "of the batch's mean loss: the average is taken in there. Each batch, the last smaller one "
        "too, is one step w ← w − rate · dw. Returns a new dictionary of parameters; the one it "
        "was given stays as it is.",
        outputs=("change of w", "change of b", "caller's dictionary"),
        reference=train_reference,
        convention=_trained,
        probes=(
            _train_probe("1 epoch, 4 images in batches of 2", 1, 4, 3, 2, 0.5, 2, 1),
            _train_probe(
                "3 epochs of different orders, 8 images in batches of 3, the last of 2",
                2,
                8,
                4,
                3,
                0.8,
                3,
                3,
            ),
        ),
        hints=(
            "Two loops: over the rows of order, and inside over the starts of the batches, "
            "range(0, N, batch_size).",
            "rows = order[e, start : start + batch_size]; the last slice is shorter by itself. "
            "The batch is x[rows], y[rows].",
            "Call gradient_of with the newest parameters, then step every one of them. Nothing is "
            "divided.",
            "Begin with new = {name: array.copy() for name, array in parameters.items()}, and "
            "return new.",
        ),
        read=READ_BATCHES,
    )
)

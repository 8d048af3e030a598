"""Exercise of lesson 09: the training loop."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .running import Refused

READ_STEP = "lesson 09, section 1: one step downhill"
READ_NETWORK = "lesson 09, section 3: the network, forward and backward"
READ_BATCHES = "lesson 09, section 6: vectorise: batches"
READ_SHUFFLE = "lesson 09, section 7: shuffle, or train on the last class"
READ_LOOP_MISTAKES = "lesson 09, common mistakes"
READ_ONCE = "lesson 08, section 9: average exactly once"


def train_reference(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(parameters, x[rows], y[rows])
            for name in parameters:
                parameters[name] = parameters[name] - rate * gradients[name]
    return parameters


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


def _loop(x, y, parameters, gradient_of, rate, order, batches, scale=lambda rows: 1.0):
    """The right loop with parts to exchange: an epoch's batches, a factor of the gradient."""
    parameters = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for rows in batches(of_epoch):
            gradients = gradient_of(parameters, x[rows], y[rows])
            for name in parameters:
                parameters[name] = parameters[name] - rate * scale(rows) * gradients[name]
    return parameters


def _batches(batch_size):
    return lambda rows: [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]


def train_last_batch_dropped(x, y, parameters, gradient_of, rate, batch_size, order):
    def batches(rows):
        whole = len(rows) // batch_size
        return [rows[k * batch_size : (k + 1) * batch_size] for k in range(whole)]

    return _loop(x, y, parameters, gradient_of, rate, order, batches)


def train_order_ignored(x, y, parameters, gradient_of, rate, batch_size, order):
    stored = [np.arange(len(x))] * len(order)
    return _loop(x, y, parameters, gradient_of, rate, stored, _batches(batch_size))


def train_labels_not_reordered(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(parameters, x[rows], y[start : start + batch_size])
            for name in parameters:
                parameters[name] = parameters[name] - rate * gradients[name]
    return parameters


def train_images_not_reordered(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(parameters, x[start : start + batch_size], y[rows])
            for name in parameters:
                parameters[name] = parameters[name] - rate * gradients[name]
    return parameters


def train_order_twice(x, y, parameters, gradient_of, rate, batch_size, order):
    twice = [rows[rows] for rows in order]
    return _loop(x, y, parameters, gradient_of, rate, twice, _batches(batch_size))


def train_order_reversed(x, y, parameters, gradient_of, rate, batch_size, order):
    backward = [rows[::-1] for rows in order]
    return _loop(x, y, parameters, gradient_of, rate, backward, _batches(batch_size))


def train_uphill(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, -rate, batch_size, order)


def train_averaged_again(x, y, parameters, gradient_of, rate, batch_size, order):
    batches = _batches(batch_size)
    return _loop(x, y, parameters, gradient_of, rate, order, batches, lambda r: 1 / len(r))


def train_divided_by_batch_size(x, y, parameters, gradient_of, rate, batch_size, order):
    rate = rate / batch_size
    return train_reference(x, y, parameters, gradient_of, rate, batch_size, order)


def train_divided_by_all(x, y, parameters, gradient_of, rate, batch_size, order):
    rate = rate / len(x)
    return train_reference(x, y, parameters, gradient_of, rate, batch_size, order)


def train_summed(x, y, parameters, gradient_of, rate, batch_size, order):
    return _loop(x, y, parameters, gradient_of, rate, order, _batches(batch_size), len)


def train_weighted_by_size(x, y, parameters, gradient_of, rate, batch_size, order):
    def share(rows):
        return len(rows) / batch_size

    return _loop(x, y, parameters, gradient_of, rate, order, _batches(batch_size), share)


def train_without_rate(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, 1.0, batch_size, order)


def train_gradients_not_reset(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = {name: array.copy() for name, array in parameters.items()}
    total = {name: 0.0 for name in parameters}
    for of_epoch in order:
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(parameters, x[rows], y[rows])
            for name in parameters:
                total[name] = total[name] + gradients[name]
                parameters[name] = parameters[name] - rate * total[name]
    return parameters


def train_gradients_reset_each_epoch(x, y, parameters, gradient_of, rate, batch_size, order):
    for of_epoch in order:
        epoch = of_epoch[None]
        parameters = train_gradients_not_reset(
            x, y, parameters, gradient_of, rate, batch_size, epoch
        )
    return parameters


def train_one_update_an_epoch(x, y, parameters, gradient_of, rate, batch_size, order):
    for of_epoch in order:
        before = parameters
        for start in range(0, len(of_epoch), batch_size):
            rows = of_epoch[start : start + batch_size]
            gradients = gradient_of(before, x[rows], y[rows])
            parameters = {k: parameters[k] - rate * gradients[k] for k in parameters}
    return parameters


def train_only_last_batch(x, y, parameters, gradient_of, rate, batch_size, order):
    def batches(rows):
        return [rows[(len(rows) - 1) // batch_size * batch_size :]]

    return _loop(x, y, parameters, gradient_of, rate, order, batches)


def train_only_first_batch(x, y, parameters, gradient_of, rate, batch_size, order):
    return _loop(x, y, parameters, gradient_of, rate, order, lambda rows: [rows[:batch_size]])


def train_gradient_at_start(x, y, parameters, gradient_of, rate, batch_size, order):
    start = parameters
    return train_reference(
        x, y, parameters, lambda _, *batch: gradient_of(start, *batch), rate, batch_size, order
    )


def train_starts_again(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, rate, batch_size, order[-1:])


def train_first_epoch_only(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, rate, batch_size, order[:1])


def train_same_order_each_epoch(x, y, parameters, gradient_of, rate, batch_size, order):
    first = [order[0]] * len(order)
    return _loop(x, y, parameters, gradient_of, rate, first, _batches(batch_size))


def train_step_of_last_batch_only(x, y, parameters, gradient_of, rate, batch_size, order):
    start = {name: array.copy() for name, array in parameters.items()}
    for of_epoch in order:
        for k in range(0, len(of_epoch), batch_size):
            rows = of_epoch[k : k + batch_size]
            gradients = gradient_of(parameters, x[rows], y[rows])
            parameters = {name: start[name] - rate * gradients[name] for name in start}
    return parameters


def train_only_w(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = dict(parameters)
    for of_epoch in order:
        for rows in _batches(batch_size)(of_epoch):
            gradients = gradient_of(parameters, x[rows], y[rows])
            parameters["w"] = parameters["w"] - rate * gradients["w"]
    return parameters


def train_only_b(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = dict(parameters)
    for of_epoch in order:
        for rows in _batches(batch_size)(of_epoch):
            gradients = gradient_of(parameters, x[rows], y[rows])
            parameters["b"] = parameters["b"] - rate * gradients["b"]
    return parameters


def train_one_by_one(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, rate, 1, order)


def train_all_at_once(x, y, parameters, gradient_of, rate, batch_size, order):
    return train_reference(x, y, parameters, gradient_of, rate, len(x), order)


def train_overlapping(x, y, parameters, gradient_of, rate, batch_size, order):
    def batches(rows):
        return [rows[k : k + batch_size] for k in range(len(rows))]

    return _loop(x, y, parameters, gradient_of, rate, order, batches)


def train_gradient_in_between(x, y, parameters, gradient_of, rate, batch_size, order):
    parameters = dict(parameters)
    for of_epoch in order:
        for rows in _batches(batch_size)(of_epoch):
            for name in parameters:
                gradients = gradient_of(parameters, x[rows], y[rows])
                parameters[name] = parameters[name] - rate * gradients[name]
    return parameters


def train_overwrites(x, y, parameters, gradient_of, rate, batch_size, order):
    for of_epoch in order:
        for rows in _batches(batch_size)(of_epoch):
            gradients = gradient_of(parameters, x[rows], y[rows])
            for name in parameters:
                parameters[name] -= rate * gradients[name]
    return parameters


def train_nothing_moves(x, y, parameters, gradient_of, rate, batch_size, order):
    return dict(parameters)


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


TRAIN_TRY = (
    "x, order = np.arange(5.0), np.array([[4, 2, 0, 1, 3]])\n"
    "mean = lambda p, x, y: {'w': np.full(1, x.mean())}  # as gradient: the mean of the batch\n"
    "print(fn(x, x, {'w': np.zeros(1)}, mean, 1.0, 2, order))  # 0 − 3 − 0.5 − 3 = −6.5"
)
PAIRS_TRY = (
    "x, y = np.arange(5.0), np.arange(5)  # image k has the label k\n"
    "show = lambda p, x, y: print(x, y) or p  # what gradient_of is given\n"
    "fn(x, y, {'w': np.zeros(1)}, show, 1.0, 2, np.array([[4, 2, 0, 1, 3]]))"
)
OVERWRITE_TRY = (
    "p = {'w': np.zeros(1)}\n"
    "fn(np.ones(2), np.ones(2), p, lambda p, x, y: {'w': np.ones(1)}, 1.0, 2, np.array([[0, 1]]))\n"
    "print(p)  # still 0"
)
BOTH_TRY = (
    "p = {'w': np.zeros(1), 'b': np.zeros(1)}\n"
    "g = lambda p, x, y: {'w': np.ones(1), 'b': np.ones(1)}\n"
    "print(fn(np.ones(2), np.ones(2), p, g, 1.0, 2, np.array([[0, 1]])))  # both −1"
)
EPOCHS_TRY = (
    "x, y, order = np.zeros(2), np.zeros(2), np.array([[0, 1], [1, 0], [0, 1]])\n"
    "p = fn(x, y, {'w': np.ones(1)}, lambda p, x, y: {'w': p['w']}, 0.5, 1, order)\n"
    "print(p)  # six steps, each halves w: 1/64"
)

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
        play=_trained,
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
        mistakes=(
            Mistake(
                "last-batch-dropped",
                train_last_batch_dropped,
                "your loop leaves out the last, smaller batch.",
                "8 images in batches of 3 make batches of 3, 3 and 2; every image is seen once an "
                "epoch.",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "order-ignored",
                train_order_ignored,
                "your images come in their stored order.",
                "the batch is x[rows] with rows = order[e, start : start + batch_size]; x sorted "
                "by class would teach the last class only.",
                READ_SHUFFLE,
                TRAIN_TRY,
            ),
            Mistake(
                "labels-not-reordered",
                train_labels_not_reordered,
                "your images follow order, your labels do not.",
                "each image gets another image's label; index both with the same rows.",
                READ_LOOP_MISTAKES,
                PAIRS_TRY,
            ),
            Mistake(
                "images-not-reordered",
                train_images_not_reordered,
                "your labels follow order, your images do not.",
                "each image gets another image's label; index both with the same rows.",
                READ_LOOP_MISTAKES,
                PAIRS_TRY,
            ),
            Mistake(
                "order-twice",
                train_order_twice,
                "your images are put into the new order twice.",
                "x[order] is already in order, so its batches are slices; or leave x as it is and "
                "take x[rows].",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "order-reversed",
                train_order_reversed,
                "your loop goes through the order from its end.",
                "the first batch is order[e, :batch_size].",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "uphill",
                train_uphill,
                "your parameters move with the gradient, so the loss grows.",
                "the gradient points uphill: w − rate · dw.",
                READ_LOOP_MISTAKES,
                TRAIN_TRY,
            ),
            Mistake(
                "averaged-again",
                train_averaged_again,
                "your gradients are divided by the number of images in the batch once more.",
                "gradient_of returns the gradient of the mean; the average is taken once, in "
                "there.",
                READ_ONCE,
                TRAIN_TRY,
            ),
            Mistake(
                "divided-by-batch-size",
                train_divided_by_batch_size,
                "your gradients are divided by batch_size.",
                "gradient_of returns the gradient of the mean; the average is taken once, in "
                "there.",
                READ_ONCE,
                TRAIN_TRY,
            ),
            Mistake(
                "divided-by-all",
                train_divided_by_all,
                "your gradients are divided by the number of all images.",
                "gradient_of returns the gradient of the batch's mean; nothing is left to divide.",
                READ_ONCE,
                TRAIN_TRY,
            ),
            Mistake(
                "summed",
                train_summed,
                "your gradients are multiplied by the number of images in the batch.",
                "that undoes the average; the step then grows with the batch, and the learning "
                "rate with it.",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "weighted-by-size",
                train_weighted_by_size,
                "your last, smaller batch makes a smaller step.",
                "images are weighted in the epoch's loss; each step uses the mean of its own "
                "batch as it is.",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "rate-missing",
                train_without_rate,
                "your steps have no learning rate.",
                "the gradient says which way is down, not how far; the rate multiplies it.",
                READ_STEP,
                EPOCHS_TRY,
            ),
            Mistake(
                "gradients-not-reset",
                train_gradients_not_reset,
                "your gradients are added to those of all batches before.",
                "each step uses its own batch's gradient; start from 0 for each of them.",
                READ_LOOP_MISTAKES,
                TRAIN_TRY,
            ),
            Mistake(
                "gradients-reset-each-epoch",
                train_gradients_reset_each_epoch,
                "your gradients are added to those of the batches before, until the epoch ends.",
                "each step uses its own batch's gradient; start from 0 for each of them.",
                READ_LOOP_MISTAKES,
                TRAIN_TRY,
            ),
            Mistake(
                "one-update-an-epoch",
                train_one_update_an_epoch,
                "your parameters change at the end of an epoch only.",
                "every batch is a step: the next batch's gradient belongs to the new parameters. "
                "What counts is the number of steps.",
                READ_BATCHES,
                EPOCHS_TRY,
            ),
            Mistake(
                "only-last-batch",
                train_only_last_batch,
                "your epoch makes one step, with its last batch.",
                "the update stands behind the loop; indent it into the loop.",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "only-first-batch",
                train_only_first_batch,
                "your epoch makes one step, with its first batch.",
                "the loop ends after one batch: a return or break inside it, or a range that "
                "is too short.",
                READ_BATCHES,
                TRAIN_TRY,
            ),
            Mistake(
                "gradient-at-start",
                train_gradient_at_start,
                "your gradients are all taken at the parameters you were given.",
                "after a step the slope is another one: pass the new parameters to gradient_of.",
                READ_STEP,
                EPOCHS_TRY,
            ),
            Mistake(
                "starts-again",
                train_starts_again,
                "your every epoch begins with the first parameters again.",
                "the copy is made inside the loop over epochs; make it once, before it.",
                READ_BATCHES,
                EPOCHS_TRY,
            ),
            Mistake(
                "first-epoch-only",
                train_first_epoch_only,
                "your loop ends after the first epoch.",
                "every row of order is an epoch; the return stands behind the loop over them.",
                READ_BATCHES,
                EPOCHS_TRY,
            ),
            Mistake(
                "same-order-each-epoch",
                train_same_order_each_epoch,
                "your every epoch uses order[0].",
                "each epoch has a row of its own, so that the batches are mixed anew.",
                READ_SHUFFLE,
                "show = lambda p, x, y: print(x) or p  # what gradient_of is given\n"
                "order = np.array([[2, 0, 1], [0, 1, 2]])\n"
                "fn(np.arange(3.0), np.zeros(3), {'w': np.zeros(1)}, show, 1.0, 3, order)",
            ),
            Mistake(
                "step-of-last-batch-only",
                train_step_of_last_batch_only,
                "your every step is taken from the first parameters.",
                "a step begins where the one before it ended: w − rate · dw with the newest w.",
                READ_STEP,
                EPOCHS_TRY,
            ),
            Mistake(
                "only-w",
                train_only_w,
                "your b does not move.",
                "every name in the dictionary is a parameter: loop over them.",
                READ_STEP,
                BOTH_TRY,
            ),
            Mistake(
                "only-b",
                train_only_b,
                "your w does not move.",
                "every name in the dictionary is a parameter: loop over them.",
                READ_STEP,
                BOTH_TRY,
            ),
            Mistake(
                "one-by-one",
                train_one_by_one,
                "your batches have one image, whatever batch_size is.",
                "a batch is batch_size images, x[rows] with rows of this length.",
                READ_BATCHES,
                PAIRS_TRY,
            ),
            Mistake(
                "all-at-once",
                train_all_at_once,
                "your epoch is one batch of all images.",
                "range(0, N, batch_size) gives the starts of the batches.",
                READ_BATCHES,
                PAIRS_TRY,
            ),
            Mistake(
                "overlapping-batches",
                train_overlapping,
                "your batches overlap: a new one starts at every image.",
                "range(0, N, batch_size): the third number is the distance of the starts.",
                READ_BATCHES,
                PAIRS_TRY,
            ),
            Mistake(
                "gradient-in-between",
                train_gradient_in_between,
                "your b moves with a gradient that was taken after w had moved.",
                "one call of gradient_of for each batch, before the first parameter changes.",
                READ_NETWORK,
                "show = lambda p, x, y: print('called') or {'w': 1.0, 'b': 1.0}\n"
                "p = {'w': np.zeros(1), 'b': np.zeros(1)}\n"
                "fn(np.ones(2), np.ones(2), p, show, 1.0, 2, np.array([[0, 1]]))  # once",
            ),
            Mistake(
                "parameters-overwritten",
                train_overwrites,
                "the parameters you were given have changed.",
                "−= works in the caller's arrays, and parameters[name] = … puts new ones into the "
                "caller's dictionary; copy both first, or nobody can start again from the same.",
                READ_LOOP_MISTAKES,
                OVERWRITE_TRY,
            ),
            Mistake(
                "unchanged",
                train_nothing_moves,
                "your parameters come back as they were.",
                "no step is made, or its result is not stored in the dictionary you return.",
                READ_STEP,
                EPOCHS_TRY,
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

"""The checks of the gradient check, the relative error, the training loop and the accuracy."""

from __future__ import annotations

import copy
import inspect
from collections import deque

import numpy as np
import pytest
from checks_bank import (
    failure,
    mistake_of,
    tally_of_played,
)
from mutants import tally

from cnn_course import checks
from cnn_course.checks.exercise import EXERCISES
from cnn_utils import gradcheck, optim

NAMES = ("numerical_gradient", "relative_error", "train", "accuracy")


# ---- right functions, written in other ways


def slopes_of_copies(f, x, h):
    gradient = np.empty_like(x)
    for index, old in np.ndenumerate(x):
        right, left = x.copy(), x.copy()
        right[index], left[index] = old + h, old - h
        gradient[index] = (f(right) - f(left)) / 2 / h
    return gradient


def slopes_of_unit_arrays(f, x, h):
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in steps]).reshape(x.shape)


def slopes_with_flat(f, x, h):
    gradient = np.zeros(x.shape)
    for i in range(x.size):
        old = x.flat[i]
        values = []
        for place in (old + h, old - h):
            x.flat[i] = place
            values.append(f(x))
        x.flat[i] = old
        gradient.flat[i] = (values[0] - values[1]) / (2 * h)
    return gradient


def slopes_on_one_copy(f, x, h):
    other = np.array(x)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        other[index] += h
        gradient[index] = f(other)
        other[index] = x[index] - h
        gradient[index] -= f(other)
        other[index] = x[index]
    gradient /= 2 * h
    return gradient


def error_with_norms(a, b):
    def largest(array):
        return np.linalg.norm(array.ravel(), np.inf)

    scale = max(largest(a), largest(b))
    return 0 if scale == 0 else largest(a - b) / scale


def error_in_a_loop(a, b):
    difference = scale = 0.0
    for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True):
        difference, scale = max(difference, abs(x - y)), max(scale, abs(x), abs(y))
    return difference / scale if scale > 0 else 0.0


def error_of_both(a, b):
    return np.abs(a - b).max() / max(np.abs([a, b]).max(), np.finfo(float).tiny)


def train_in_order(x, y, parameters, gradient_of, rate, batch_size, order):
    """All of an epoch's images put into order at once; slices of that."""
    parameters = copy.deepcopy(parameters)
    for rows in order:
        x_epoch, y_epoch = x[rows], y[rows]
        for k in range(0, len(x), batch_size):
            gradients = gradient_of(
                parameters, x_epoch[k : k + batch_size], y_epoch[k : k + batch_size]
            )
            for name, gradient in gradients.items():
                parameters[name] -= rate * gradient
    return parameters


def train_with_while(x, y, parameters, gradient_of, rate, batch_size, order):
    new = dict(parameters)
    for epoch in range(order.shape[0]):
        waiting = deque(order[epoch])
        while waiting:
            rows = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
            gradients = gradient_of(new, x[rows], y[rows])
            new = {name: array - rate * gradients[name] for name, array in new.items()}
    return new


def train_with_split(x, y, parameters, gradient_of, rate, batch_size, order):
    steps = [
        rows for epoch in order for rows in np.split(epoch, range(batch_size, len(x), batch_size))
    ]
    for rows in steps:
        gradients = gradient_of(parameters, np.take(x, rows, axis=0), np.take(y, rows))
        parameters = {k: np.subtract(w, rate * gradients[k]) for k, w in parameters.items()}
    return parameters


def train_with_optimizer(x, y, parameters, gradient_of, rate, batch_size, order):
    optimizer, losses = optim.SGD(rate), []
    parameters = {name: array.copy() for name, array in parameters.items()}
    for epoch in order:
        for k in range(-(-len(epoch) // batch_size)):
            rows = epoch[k * batch_size : (k + 1) * batch_size]
            optimizer.step(parameters, gradient_of(parameters, x[rows], y[rows]))
            losses.append(0.0)
    return parameters, losses


def accuracy_in_a_loop(p, y):
    right = 0
    for n in range(len(y)):
        right += int(np.argmax(p[n]) == y[n])
    return right / len(y)


def accuracy_counted(p, y):
    return np.count_nonzero(np.argmax(p, axis=-1) == y.ravel()) / p.shape[0]


def accuracy_of_largest(p, y):
    return np.mean(p[np.arange(len(y)), y] == p.max(axis=1))


def accuracy_sorted(p, y):
    return (np.argsort(p, axis=1)[:, -1] == y).mean()


RIGHT = {
    "numerical_gradient": [
        gradcheck.numerical_gradient,
        slopes_of_copies,
        slopes_of_unit_arrays,
        slopes_with_flat,
        slopes_on_one_copy,
    ],
    "relative_error": [
        gradcheck.relative_error,
        error_with_norms,
        error_in_a_loop,
        error_of_both,
    ],
    "train": [train_in_order, train_with_while, train_with_split, train_with_optimizer],
    "accuracy": [accuracy_in_a_loop, accuracy_counted, accuracy_of_largest, accuracy_sorted],
}


@pytest.mark.parametrize(("name", "k"), [(n, k) for n in NAMES for k in range(len(RIGHT[n]))])
def test_a_right_function_passes(name, k):
    found = failure(name, RIGHT[name][k])
    assert found is None, str(found)


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes_and_says_what_was_tried(name, capsys):
    getattr(checks, name)(EXERCISES[name].reference)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"{name}: right. Tried: " in said
    parameters = inspect.signature(EXERCISES[name].reference).parameters
    assert f"({', '.join(parameters)})" in EXERCISES[name].contract


def test_the_course_s_own_functions_agree_with_the_references():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=(2, 3, 4))
        ours = EXERCISES["relative_error"].reference(a, b)
        assert ours == pytest.approx(gradcheck.relative_error(a, b), rel=1e-12)


# ---- what is none of the known mistakes


def test_the_trace_of_rounding_is_there_to_be_seen():
    """x += h, x -= 2h, x += h must leave a trace on some probe, or the check would be blind."""
    left = 0
    for probe in EXERCISES["numerical_gradient"].probes:
        x, h = probe.arguments["x"].copy(), probe.arguments["h"]
        before = x.copy()
        x += h
        x -= 2 * h
        x += h
        left += int(np.sum(x != before))
    assert left > 0


def test_one_entry_that_is_not_put_back():
    def forgets_the_last(f, x, h):
        gradient = gradcheck.numerical_gradient(f, x, h)
        x[-1] += h
        return gradient

    found = failure("numerical_gradient", forgets_the_last)
    assert found.mistake is None and found.headline == "x after the call is wrong."
    assert found.parts["besides"] == "gradient is right"


def test_a_better_formula_is_not_this_one():
    def five_points(f, x, h):
        near, far = (EXERCISES["numerical_gradient"].reference(f, x, k * h) for k in (1, 2))
        return (4 * near - far) / 3

    found = failure("numerical_gradient", five_points)
    assert found.mistake is None and "gradient is wrong" in found.headline


def test_a_dictionary_that_is_replaced_or_written_into():
    def replaces(x, y, parameters, *others):
        parameters.update(train_with_split(x, y, parameters, *others))
        return parameters

    assert failure("train", replaces).mistake == "parameters-overwritten"

    overwrites = mistake_of("train", "parameters-overwritten").wrong

    def shallow(x, y, parameters, *others):
        return overwrites(x, y, dict(parameters), *others)

    found = failure("train", shallow)
    assert found.mistake == "parameters-overwritten" and "change of w" in found.parts["besides"]


def test_images_that_are_overwritten():
    def sorts(x, y, parameters, gradient_of, rate, batch_size, order):
        result = train_with_split(x, y, parameters, gradient_of, rate, batch_size, order)
        x[:] = x[order[0]]
        return result

    assert "changes its argument x" in str(failure("train", sorts))


def test_an_order_of_its_own_is_noticed():
    rng = np.random.default_rng()

    def shuffles(x, y, parameters, gradient_of, rate, batch_size, order):
        own = np.stack([rng.permutation(rows) for rows in np.repeat(order, 30, axis=0)])
        return train_with_split(x, y, parameters, gradient_of, rate, batch_size, own)

    assert "another result the second time" in failure("train", shuffles).headline


def test_results_that_cannot_be_compared():
    def returning(value):
        return lambda *arguments: value

    assert "returns None" in str(failure("train", returning(None)))
    assert "must return a dictionary" in str(failure("train", returning([1.0, 2.0])))
    assert "with the keys ['w']" in str(failure("train", returning({"w": np.zeros((3, 2))})))
    wrong = {"w": np.zeros((2, 3)), "b": np.zeros(2)}
    assert "w has the shape (2, 3); it must keep its own, (3, 2)" in str(
        failure("train", returning(wrong))
    )
    assert "returns None" in str(failure("numerical_gradient", returning(None)))
    assert "list" in str(failure("numerical_gradient", returning([1.0])))
    assert "shape is (2,), it should be (3,)" in str(
        failure("numerical_gradient", returning(np.ones(2)))
    )


def test_labels_that_do_not_fit_their_images():
    def forgets_labels(x, y, parameters, gradient_of, rate, batch_size, order):
        gradient_of(parameters, x[order[0, :batch_size]], y)

    found = failure("train", forgets_labels)
    assert "as many labels" in found.headline and "gradient_of(parameters" in found.parts["seen"]


def test_a_column_of_labels():
    """Row 21 of the mistakes: (N, 1) against (N,)."""
    found = failure("accuracy", lambda p, y: np.mean(p.argmax(axis=1) == y[:, None]))
    assert found.mistake == "labels-broadcast"
    found = failure("accuracy", lambda p, y: p.argmax(axis=1) == y)
    assert found.mistake is None and "shape is (4,), it should be ()" in found.parts["seen"]


# ---- one token changed


def batteries():
    """Many calls, as a probe makes them, of other shapes than the probes'."""
    rng = np.random.default_rng(8)
    found = {name: [] for name in NAMES}
    functions = [p.arguments["f"] for p in EXERCISES["numerical_gradient"].probes]
    for k, shape in enumerate([(1,), (5,), (2, 4), (4, 2), (2, 1, 3), (2, 2, 1, 2)] * 2):
        x = rng.normal(0, 0.4, shape)
        found["numerical_gradient"].append((functions[k % 3], x, 10.0 ** -(k % 6)))
        found["relative_error"].append((x, x + rng.normal(size=shape) * (k % 3)))
        found["relative_error"].append((x * 0, x * (k % 2)))
    for images, pixels, classes, batch_size, epochs in [
        (1, 2, 3, 1, 1),
        (5, 2, 4, 2, 3),
        (6, 3, 2, 3, 2),
        (7, 4, 3, 10, 2),
        (9, 2, 2, 4, 4),
    ]:
        x, w = rng.normal(size=(images, pixels)), rng.normal(size=(pixels, classes))
        y, b = rng.integers(classes, size=images), rng.normal(size=classes)
        order = np.stack([rng.permutation(images) for _ in range(epochs)])
        found["train"].append((x, y, w, b, 0.3, batch_size, order))
        found["accuracy"].append((rng.dirichlet(np.ones(classes), images), y))
    return found


def arguments_of_train():
    """What train itself gets."""
    rng = np.random.default_rng(9)
    x, y, w, b, *others = batteries()["train"][1]
    parameters = {"w": w, "b": b}
    return x, y, parameters, lambda p, *_: {k: rng.normal(size=p[k].shape) for k in p}, *others


@pytest.mark.parametrize("name", NAMES)
def test_no_mutant_survives(name):
    exercise, battery = EXERCISES[name], batteries()[name]
    others = {
        "numerical_gradient": [slopes_of_copies, slopes_on_one_copy],
        "relative_error": [error_in_a_loop],
        "train": [train_in_order, train_with_while],
        "accuracy": [accuracy_in_a_loop],
    }[name]
    for function in (exercise.reference, *others):
        if exercise.convention:
            probe = tuple(exercise.probes[0].arguments.values())
            arguments = arguments_of_train() if name == "train" else probe
            count = tally_of_played(name, function, arguments, battery)
        else:
            count = tally(exercise, battery, function)
        print(f"{name}, {function.__name__}: {count}")
        assert count.survivors == []
        assert count.tried > 0 and count.rejected > 0


def test_a_loop_that_goes_by_the_names_of_two_parameters_is_refused():
    def train(x, y, parameters, gradient_of, rate, batch_size, order):
        parameters = dict(parameters)
        for rows in order:
            for k in range(0, len(rows), batch_size):
                batch = rows[k : k + batch_size]
                gradients = gradient_of(parameters, x[batch], y[batch])
                for name in ("w", "b"):
                    parameters[name] = parameters[name] - rate * gradients[name]
        return parameters

    assert "only for parameters that are called w and b" in str(failure("train", train))

"""Ordinary slips: the message names the argument, and says what to try; right use is accepted.

A row is a line that a learner could write, the exception's type, and the name that the message
must have in it. The lines see the names of SEEN.
"""

import inspect
import re

import numpy as np
import pytest

from cnn_course.figures.probabilities import probability_bars
from cnn_course.figures.windows import window_rows
from cnn_utils import (
    data,
    functional,
    initializers,
    layers,
    losses,
    optim,
    parallel,
    plots,
    recipes,
    training,
)
from cnn_utils.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU
from cnn_utils.sequential import Sequential

ADVICE = re.compile(r"\b(becomes?|call|create|end|exchange|give|make|pass|put|run|try|use|write)\b")
MODULES = (data, functional, initializers, losses, optim, parallel, plots, recipes)


def seen() -> dict:
    """The names of a lesson: images X (uint8) and x (floats), labels y, a model, a generator."""
    X = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
    model = Sequential([Conv2D(2, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(3)], (8, 8, 1))
    return {
        **vars(layers),
        **vars(optim),
        **{module.__name__.split(".")[-1]: module for module in MODULES},
        **{thing.__name__: thing for thing in (Sequential, probability_bars, window_rows)},
        "History": training.History,
        "X": X,
        "x": data.to_float(X),
        "y": np.arange(6) % 3,
        "p": np.full((6, 3), 1 / 3),
        "counts": np.eye(3, dtype=int),
        "rng": np.random.default_rng(0),
        "model": model,
        "conv": built(Conv2D(2, 3)),
    }


def built(layer, shape=(8, 8, 1)):
    layer.build(shape, np.random.default_rng(0))
    return layer


OPTIMIZERS = [
    ("SGD('0.1')", TypeError, "learning_rate"),
    ("SGD(0)", ValueError, "learning_rate"),
    ("SGD(-0.1)", ValueError, "learning_rate"),
    ("SGD(float('nan'))", ValueError, "learning_rate"),
    ("SGD(True)", TypeError, "learning_rate"),
    ("SGD([0.1, 0.01])", TypeError, "learning_rate"),
    ("SGD(model.parameters())", TypeError, "learning_rate"),
    ("SGD(0.1, weight_decay=-1)", ValueError, "weight_decay"),
    ("SGD(0.1, weight_decay=None)", TypeError, "weight_decay"),
    ("Momentum(0.1, 1.5)", ValueError, "momentum"),
    ("Nesterov(0.1, momentum=1)", ValueError, "momentum"),
    ("RMSProp(rho=2)", ValueError, "rho"),
    ("RMSProp(eps=0)", ValueError, "eps"),
    ("Adam(beta1=1.0)", ValueError, "beta1"),
    ("Adam(beta2=-0.1)", ValueError, "beta2"),
    ("Adam(0.001, (0.9, 0.999))", TypeError, "beta1"),
    ("AdamW(eps='1e-8')", TypeError, "eps"),
    ("SGD(0.1).step({'a': np.ones(2)}, {})", RuntimeError, "a"),
    ("SGD(0.1).step({'a': np.ones(2)}, {'a': np.ones(3)})", ValueError, "a"),
    ("SGD(0.1).step({'a': np.ones(2)}, {'a': [1, 1]})", TypeError, "a"),
    ("SGD(0.1).step({'a': np.array([1, 2])}, {'a': np.ones(2)})", TypeError, "a"),
    ("SGD(0.1).step({'a': 3.0}, {'a': 1.0})", TypeError, "a"),
    ("SGD(0.1).step({'a': np.ones(2)}, {'a': np.ones(2)}, optim.cosine)", TypeError, "factor"),
    ("SGD(0.1).step(model.parameters(), model.gradients())", RuntimeError, "conv2d_1.w"),
    ("optim.step_decay(0)", ValueError, "every"),
    ("optim.step_decay(10)", ValueError, "every"),
    ("optim.step_decay(0.5, by='a tenth')", TypeError, "by"),
    ("optim.one_cycle(1.0)", ValueError, "warm_up"),
    ("optim.one_cycle(start=-1)", ValueError, "start"),
    ("optim.cosine('slow')", TypeError, "final"),
]
LAYERS = [
    ("Conv2D(4, 3).forward(x)", RuntimeError, "build"),
    ("Dense(4).forward(x)", RuntimeError, "build"),
    ("BatchNorm().forward(x, True)", RuntimeError, "build"),
    ("Dropout(0.5).forward(x, True)", RuntimeError, "build"),
    ("Conv2D(4, 3).multiply_adds", RuntimeError, "build"),
    ("Dense(4).parameter_count", RuntimeError, "build"),
    ("ReLU().backward(x)", RuntimeError, "forward"),
    ("(conv.forward(x), conv.backward(x))", ValueError, "dz"),
    ("conv.forward(x[0])", ValueError, "x"),
    ("conv.forward(np.concatenate([x, x], axis=3))", ValueError, "x"),
    ("Conv2D(0, 3)", ValueError, "filters"),
    ("Conv2D(2.5, 3)", TypeError, "filters"),
    ("Conv2D('8', 3)", TypeError, "filters"),
    ("Conv2D(8, (3, 3, 1))", ValueError, "size"),
    ("Conv2D(8, 3, stride=0)", ValueError, "stride"),
    ("Conv2D(8, 3, padding='SAME')", ValueError, "padding"),
    ("Conv2D(8, 3, padding='valid')", ValueError, "padding"),
    ("Conv2D(8, 3, padding=-1)", ValueError, "padding"),
    ("Conv2D(8, 3, initializer='he')", ValueError, "initializer"),
    ("Conv2D(8, 3, initializer=initializers.he_normal)", TypeError, "initializer"),
    ("Dense(10.0)", TypeError, "units"),
    ("MaxPool2D(0)", ValueError, "size"),
    ("AvgPool2D(2, stride='2')", TypeError, "stride"),
    ("LeakyReLU(2)", ValueError, "slope"),
    ("BatchNorm(momentum=9)", ValueError, "momentum"),
    ("BatchNorm(eps=0)", ValueError, "eps"),
    ("BatchNorm('0.9')", TypeError, "momentum"),
    ("Dropout('0.5')", TypeError, "rate"),
    ("Dropout(1)", ValueError, "rate"),
    ("Dropout(50)", ValueError, "rate"),
    ("Conv2D(8, 3).build(28, rng)", TypeError, "input_shape"),
    ("Conv2D(8, 3).build((28.0, 28, 1), rng)", TypeError, "input_shape"),
    ("Conv2D(8, 3).build((28, 28), rng)", ValueError, "Conv2D"),
    ("Conv2D(8, 3).build((784,), rng)", ValueError, "Flatten"),
    ("Dense(8).build((28, 28, 1), rng)", ValueError, "Flatten"),
    ("Conv2D(8, 3).build((28, 28, 1), 0)", TypeError, "rng"),
    ("Conv2D(8, 9).build((8, 8, 1), rng)", ValueError, "window"),
    ("initializers.he_normal((3, 3, 1, 8), 0)", TypeError, "rng"),
    ("initializers.he_normal(9, rng)", TypeError, "shape"),
    ("initializers.fans((8,))", ValueError, "shape"),
]
LOSSES = [
    ("losses.one_hot(p, 3)", ValueError, "labels"),
    ("losses.one_hot(y.astype(float), 3)", TypeError, "labels"),
    ("losses.one_hot(y, 2)", ValueError, "labels"),
    ("losses.one_hot(y, 3.0)", TypeError, "classes"),
    ("losses.SoftmaxCrossEntropy()(p, y + 1)", ValueError, "y"),
    ("losses.SoftmaxCrossEntropy()(p, np.eye(3)[y])", ValueError, "labels"),
    ("losses.BinaryCrossEntropy()(p[0], y[:1])", ValueError, "p"),
    ("losses.BinaryCrossEntropy()(10 * p, y)", ValueError, "p"),
    ("functional.leaky_relu_forward(x, '0.1')", TypeError, "slope"),
    ("functional.dropout_forward(x, 0.5, np.random)", TypeError, "rng"),
    ("functional.correlate1d([1, 2, 3], [1, 1], 'VALID')", ValueError, "mode"),
    ("functional.output_size(28, 3, stride=2.0)", TypeError, "stride"),
    ("functional.output_size(2, 3)", ValueError, "padding"),
    ("functional.maxpool2d_forward(x, None)", TypeError, "size"),
]
DATA = [
    ("data.to_float(x)", TypeError, "to_float"),
    ("data.split(x, y[:3], 0.2, rng)", ValueError, "labels"),
    ("data.split(x, y, 20, rng)", ValueError, "fraction"),
    ("data.split(x, y, '20 %', rng)", TypeError, "fraction"),
    ("data.split(x, y, 0.5, 0)", TypeError, "rng"),
    ("data.batches(x, 2)", TypeError, "n"),
    ("data.batches(6, 0)", ValueError, "batch_size"),
    ("data.batches(6, 2.0)", TypeError, "batch_size"),
    ("data.batches(6, 2, 0)", TypeError, "rng"),
    ("data.Augmenter(shift=1.5)", TypeError, "shift"),
    ("data.Augmenter(shift=-1)", ValueError, "shift"),
    ("data.Augmenter(rotate='10°')", TypeError, "rotate"),
    ("data.Augmenter(scale=1.1)", ValueError, "scale"),
    ("data.Augmenter(scale=(0.9, 1.1))", TypeError, "scale"),
    ("data.Augmenter(flip=0.5)", TypeError, "flip"),
    ("data.Augmenter(brightness=-0.1)", ValueError, "brightness"),
    ("data.Augmenter(edge='reflect')", ValueError, "edge"),
    ("data.Augmenter(shift=2)(X, rng)", TypeError, "images"),
    ("data.Augmenter(shift=2)(x[0], rng)", ValueError, "images"),
    ("data.Augmenter(shift=2)(x, 0)", TypeError, "rng"),
    ("data.warp(x, edge=0)", TypeError, "edge"),
]
PLOTS = [
    ("plots.confusion_matrix(counts, names='ab')", ValueError, "names"),
    ("plots.confusion_matrix(y, names='abc')", ValueError, "counts"),
    ("plots.confusion_matrix(counts / 3, names='abc')", ValueError, "counts"),
    ("plots.image_grid(X[0])", ValueError, "images"),
    ("plots.image_grid(X[0, ..., 0])", ValueError, "images"),
    ("plots.image_grid(np.zeros((2, 8, 8, 5)))", ValueError, "images"),
    ("plots.image_grid(X, y[:5])", ValueError, "labels"),
    ("plots.image_grid(X, y, y[:5])", ValueError, "predictions"),
    ("plots.image_grid(X, predictions=y)", ValueError, "labels"),
    ("plots.image_grid(X, y, names=['cat', 'dog'])", ValueError, "names"),
    ("plots.image_grid(X, np.eye(6), names='abcdef')", ValueError, "names"),
    ("plots.image_grid(X, columns=0)", ValueError, "columns"),
    ("plots.confident_mistakes(X, y, y)", ValueError, "probabilities"),
    ("plots.confident_mistakes(X, y, p[:5])", ValueError, "probabilities"),
    ("plots.image_rows(X)", TypeError, "rows"),
    ("plots.image_rows({})", TypeError, "rows"),
    ("plots.image_rows({'above': X, 'below': X[:5]})", ValueError, "below"),
    ("plots.image_rows({'above': X}, 'abc')", ValueError, "captions"),
    ("plots.number_grids(('a', [1], 'inputt'), alt='')", ValueError, "kind"),
    ("plots.number_grids(('X', X, 'input'), alt='')", ValueError, "X"),
    ("plots.number_grids([[1, 2]], alt='')", TypeError, "items"),
    ("plots.number_grids(('a', [1]), alt='')", TypeError, "items"),
    ("plots.learning_curves(model)", TypeError, "history"),
    ("plots.learning_curves(History())", ValueError, "history"),
    ("plots.class_balance(y, names='abc')", TypeError, "labels"),
    ("plots.class_balance({'training': y}, names='ab')", ValueError, "training"),
    ("plots.filters(np.ones((3, 3, 8, 4)))", ValueError, "w"),
    ("plots.feature_maps(x[0], x)", ValueError, "a"),
    ("plots.feature_maps(x, x[0])", ValueError, "image"),
    ("plots.shape_flow(model, {})", TypeError, "trace"),
    ("plots.shape_flow(model.trace(x, y), model)", TypeError, "gradients"),
    ("plots.map_panels([x[0]])", TypeError, "panels"),
    ("plots.map_panels([('a', x[0, ..., 0], 'hot')])", ValueError, "kind"),
    ("plots.window_steps([1, 2, 3], [1, 1], [3])", ValueError, "z"),
    ("plots.wilson_interval(5, 0)", ValueError, "n"),
    ("probability_bars(x[0], p, names='abc')", ValueError, "p"),
    ("probability_bars(x[0], p[0], names='ab')", ValueError, "names"),
    ("window_rows([1, 2, 3], [1, 1], stride=0)", ValueError, "stride"),
]
MODELS = [
    ("Sequential([Flatten, Dense(3)], (8, 8, 1))", TypeError, "layer 1"),
    ("Sequential([ReLU(), 'relu'], (8, 8, 1))", TypeError, "layer 2"),
    ("Sequential(Flatten(), (8, 8, 1))", TypeError, "layers"),
    ("Sequential([], (8, 8, 1))", ValueError, "layer"),
    ("Sequential([ReLU()] * 2, (8, 8, 1))", ValueError, "layer"),
    ("Sequential([Flatten()], 64)", TypeError, "input_shape"),
    ("Sequential([Flatten()], (28, 2.5, 1))", TypeError, "input_shape"),
    ("Sequential([Flatten()], (28, 0, 1))", ValueError, "input_shape"),
    ("Sequential([Conv2D(2, 3)], (28, 28))", ValueError, "layer 1"),
    ("Sequential([Flatten(), Conv2D(2, 3)], (8, 8, 1))", ValueError, "layer 2"),
    ("Sequential([Flatten()], (8, 8, 1), loss=functional.softmax)", TypeError, "loss"),
    ("Sequential([Flatten()], (8, 8, 1), dtype=int)", ValueError, "dtype"),
    ("Sequential([Flatten()], (8, 8, 1), loss='mse')", ValueError, "loss"),
    ("Sequential([Flatten()], (8, 8, 1), seed=0.5)", TypeError, "seed"),
    ("model.forward(x[0])", ValueError, "batch"),
    ("model.forward(X)", ValueError, "to_float"),
    ("model.fit(x, y, epochs=1.5)", TypeError, "epochs"),
    ("model.fit(x, y, epochs='3')", TypeError, "epochs"),
    ("model.fit(x, y, epochs=0)", ValueError, "epochs"),
    ("model.fit(x, y, epochs=1, batch_size=0)", ValueError, "batch_size"),
    ("model.fit(x, y, epochs=1, optimizer=SGD)", TypeError, "optimizer"),
    ("model.fit(x, y, epochs=1, optimizer='adam')", TypeError, "optimizer"),
    ("model.fit(x, y, epochs=1, optimizer=0.1)", TypeError, "optimizer"),
    ("model.fit(x, y, epochs=1, schedule=optim.cosine)", TypeError, "schedule"),
    ("model.fit(x, y, epochs=1, schedule=0.5)", TypeError, "schedule"),
    ("model.fit(x, y, epochs=1, validation=x)", TypeError, "validation"),
    ("model.fit(x, y, epochs=1, validation=(x, y[:3]))", ValueError, "validation"),
    ("model.fit(x, y, epochs=1, augment=lambda x, rng: None)", ValueError, "augment"),
    ("model.fit(x, y, epochs=1, augment=2)", TypeError, "augment"),
    ("model.fit(x, y, epochs=1, patience=3)", ValueError, "validation"),
    ("model.fit(x, y[:5], epochs=1)", ValueError, "labels"),
    ("model.fit(x, np.eye(3)[y], epochs=1)", ValueError, "labels"),
    ("model.fit(x, y[:, None], epochs=1)", ValueError, "labels"),
    ("model.fit(x, y.astype(float), epochs=1)", TypeError, "y"),
    ("model.fit(x, y + 1, epochs=1)", ValueError, "y"),
    ("model.fit(x[:0], y[:0], epochs=1)", ValueError, "images"),
    ("model.fit(None, y, epochs=1)", ValueError, "images"),
    ("model.fit(x[..., 0], y, epochs=1)", ValueError, "channel"),
    ("model.fit(X.astype(int), y, epochs=1)", ValueError, "to_float"),
    ("model.fit(x, y, epochs=1, batch_size=None)", TypeError, "batch_size"),
    ("model.fit(x, y, epochs=1, seed=-1)", ValueError, "seed"),
    ("model.fit(x, y, epochs=1, schedule=lambda done: None)", TypeError, "schedule"),
    ("model.fit(x, y, epochs=1, schedule=lambda done: np.inf)", ValueError, "schedule"),
    ("model.fit(x, y, epochs=1, augment=lambda x, rng: x[:3])", ValueError, "augment"),
    ("model.fit(x, y, epochs=1, patience=0, validation=(x, y))", ValueError, "patience"),
    ("model.fit(x, y, epochs=1, patience='3', validation=(x, y))", TypeError, "patience"),
    ("model.fit(x, y, epochs=1, resume=True)", ValueError, "checkpoint"),
    ("model.fit(x, y, epochs=1, checkpoint='no/such/c.h5')", FileNotFoundError, "no/such/c.h5"),
    ("model.trace(x, y, upstream=np.ones((6, 3)))", ValueError, "upstream"),
    ("model.trace(x, upstream=np.ones(3))", ValueError, "upstream"),
    ("model.evaluate(x, y[:5])", ValueError, "labels"),
    ("model.evaluate(x[:0], y[:0])", ValueError, "images"),
    ("recipes.build('mnits')", ValueError, "name"),
    ("recipes.load_trained('mnist-small')", ValueError, "name"),
    ("recipes.train('zero-one', epochs=0)", ValueError, "epochs"),
    ("recipes.train('zero-one', batch_size=0)", ValueError, "batch_size"),
    ("parallel.set_threads(0)", ValueError, "threads"),
    ("parallel.set_threads('2')", TypeError, "threads"),
]


@pytest.mark.parametrize("line, error, name", OPTIMIZERS + LAYERS + LOSSES + DATA + PLOTS + MODELS)
def test_a_slip_is_answered(line, error, name):
    with pytest.raises(error) as caught:
        eval(line, seen())
    message = str(caught.value)
    assert caught.type is error, "not an error that happens to be a kind of it"
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message), message
    assert ADVICE.search(message), message


@pytest.mark.parametrize(
    "line",
    [
        "SGD(np.float32(0.1))",
        "SGD(np.int64(1), weight_decay=np.float64(0))",
        "Momentum(0.1, 0)",
        "Adam(beta1=0, eps=np.float32(1e-8))",
        "SGD(0.1).step({'a': np.ones(2)}, {'a': np.ones(2), 'b': np.ones(3)}, np.float64(0.5))",
        "optim.step_decay(1, by=np.float32(0.5))(0.3)",
        "optim.one_cycle(0)(0.0)",
        "Conv2D(np.int64(3), (np.int32(3), 2), np.uint8(1), 'same')",
        "Conv2D(3, np.array([3, 2]))",
        "MaxPool2D(2, (1, 2)).build([8, 8, np.int64(1)], rng)",
        "BatchNorm(np.float32(0.9), np.float64(1e-5))",
        "Dropout(np.float32(0.5))",
        "Dropout(0)",
        "LeakyReLU(0)",
        "ReLU().forward(x)",
        "losses.one_hot(y.astype(np.uint8), np.int64(3))",
        "data.batches(np.int64(6), np.int32(2), rng)",
        "data.split(x, y, np.float32(0.5), rng)",
        "data.Augmenter(shift=np.int64(2), rotate=10, scale=np.float32(0.1))(x, rng)",
        "plots.image_grid(X[..., 0], range(6), list(y))",
        "plots.image_grid(list(X), columns=np.int64(3))",
        "plots.image_grid(X[:0])",
        "plots.number_grids(('a', [[1, 2]], 'input'), '=', ('b', 3.0, 'output', [0]), alt='')",
        "plots.confusion_matrix(counts, names=range(3))",
        "plots.confident_mistakes(X, list(y), p)",
        "plots.wilson_interval([0, 3], 3)",
        "plots.map_panels([('a', x[0]), ('b', x[0, ..., 0], 'heat')])",
        "probability_bars(x[0], list(p[0]), names='abc')",
    ],
)
def test_right_use_is_accepted(line):
    eval(line, seen())


def test_arguments_of_numpy_are_saved_like_any_other(tmp_path):
    stack = [Conv2D(np.int64(2), (np.int32(3), 3)), BatchNorm(np.float32(0.5)), Flatten()]
    model = Sequential([*stack, Dropout(np.float64(0.5)), Dense(np.uint8(3))], (8, 8, 1))
    model.save(tmp_path / "model.h5")
    again = Sequential.load(tmp_path / "model.h5")
    assert again.architecture() == model.architecture()


def test_every_layer_explains_its_methods():
    for kind in layers.LAYERS.values():
        for method in ("build", "forward", "backward", "multiply_adds", "parameter_count"):
            assert len(inspect.getdoc(getattr(kind, method))) > 30

"""A model as a stack of layers: forward through them, backward through them the other way."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from . import checkpoint, training
from .arguments import came, choice, instance, int_tuple, integer
from .functional.shapes import check_upstream
from .layers import LAYERS, ConvReluPool, Layer
from .losses import LOSSES
from .parallel import single_blas_thread


class TraceRow(NamedTuple):
    """What passes by one layer: its output `a` for a batch, and `da`, the gradient of the loss with
    respect to that output (same shape), or None if nothing was sent back."""

    name: str
    a: np.ndarray
    da: np.ndarray | None


class Sequential:
    """Layers that feed each other, a loss at the end, and everything training needs.

    layers: new layer objects (from `layers`), first to last. input_shape: of one image, (H, W, C).
    seed: of the starting weights and the dropout masks. loss: 'softmax_cross_entropy' (the last
    layer gives logits) or 'binary_cross_entropy' (it gives probabilities). dtype: float32, or
    float64 for gradient checks. Raises TypeError or ValueError for what does not fit together.

    `model.history`, `model.data` and `model.info` say how a loaded model was trained.
    """

    def __init__(
        self, layers, input_shape, seed=0, *, loss="softmax_cross_entropy", dtype=np.float32
    ):
        self.layers = _layers(layers)
        hint = "use (height, width, channels), such as (28, 28, 1)"
        self.input_shape = int_tuple(input_shape, "input_shape", hint)
        self.loss_name = choice(loss, LOSSES, "loss")
        self.loss = LOSSES[loss]
        self.dtype = np.dtype(choice(np.dtype(dtype).name, ("float32", "float64"), "dtype"))
        self.history = training.History()
        self.data, self.info = "", {}
        seen: Counter[str] = Counter()
        shape = self.input_shape
        rngs = np.random.default_rng(integer(seed, "seed", 0)).spawn(len(self.layers))
        for position, (layer, rng) in enumerate(zip(self.layers, rngs, strict=True), start=1):
            kind = type(layer).__name__
            seen[kind] += 1
            layer.name = f"{kind.lower()}_{seen[kind]}"
            try:
                shape = layer.build(shape, rng, self.dtype)
            except ValueError as error:
                raise ValueError(f"layer {position}, {layer}, on input {shape}: {error}") from None
        self.output_shape = shape
        self._steps = _plan(self.layers)
        trained = (i for i, step in enumerate(self._steps) if step.params)
        self._first_trained = next(trained, len(self._steps))

    # Running

    def forward(self, x, training=False) -> np.ndarray:
        """Run a batch (N, H, W, C) of floats through all layers; return the last output."""
        self._check_input(x)
        for step in self._steps:
            x = step.forward(x, training)
        return x

    def backward(self, dz, need_dx=False):
        """Take the gradient of the last output back through all layers.

        Afterwards `gradients()` has those of the parameters. The gradient of the input itself
        costs as much as a layer's and only saliency maps need it: it is returned with
        `need_dx=True`, else None.
        """
        last = 0 if need_dx else self._first_trained
        for i in range(len(self._steps) - 1, last - 1, -1):
            dz = self._steps[i].backward(dz, need_dx or i > last)
        return dz if need_dx else None

    def trace(self, x, y=None, upstream=None) -> list[TraceRow]:
        """Run one batch layer by layer in inference mode, and keep all that passes by.

        x: floats (N, H, W, C). What is sent back is the gradient of the loss with labels y (N,),
        or `upstream`, the gradient of anything else with respect to the last output (same shape);
        without either, nothing is. The first row is the input's.
        """
        if y is not None and upstream is not None:
            raise ValueError("give y or upstream, not both: each says what to send back.")
        self._check_input(x)
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1]))
        if y is not None:
            _, upstream = self.loss(outputs[-1], y)
        gradients: list = [None] * len(outputs)
        if upstream is not None:
            gradients = [check_upstream(upstream, outputs[-1].shape, "upstream")]
            for layer in reversed(self.layers):
                gradients.append(layer.backward(gradients[-1]))
        names = ["input", *(layer.name for layer in self.layers)]
        return [TraceRow(*row) for row in zip(names, outputs, reversed(gradients), strict=True)]

    def outputs(self, x) -> np.ndarray:
        """The last layer's outputs (N, K) for images (N, H, W, C), uint8 or floats in [0, 1]."""
        none = np.zeros((0, *self.output_shape), self.dtype)
        with single_blas_thread():
            return np.concatenate([none, *(output for _, output in training.outputs(self, x))])

    def predict_proba(self, x) -> np.ndarray:
        """Probabilities (N, K) for images (N, H, W, C), uint8 or floats in [0, 1]."""
        return self.loss.probabilities(self.outputs(x))

    def predict(self, x) -> np.ndarray:
        """The most probable class of each image: int64 (N,)."""
        return self.predict_proba(x).argmax(axis=1)

    def evaluate(self, x, y) -> training.Evaluation:
        """Mean loss and accuracy on images and labels, as `training.evaluate` measures them."""
        return training.evaluate(self, x, y)

    def fit(self, x, y, **arguments) -> training.History:
        """Train; the arguments are those of `training.fit`."""
        self.history = training.fit(self, x, y, **arguments)
        return self.history

    # Parameters

    def parameters(self) -> dict[str, np.ndarray]:
        """What training changes: 'conv2d_1.w' → array, in the order of the layers."""
        return {f"{la.name}.{k}": p for la in self.layers for k, p in la.params.items()}

    def gradients(self) -> dict[str, np.ndarray]:
        """The gradients of the last `backward`, under the names of `parameters()`."""
        return {f"{la.name}.{k}": g for la in self.layers for k, g in la.grads.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """All that a copy of the model needs: the parameters, and what belongs to the model but is
        not trained, the running statistics of batch norms."""
        state = {f"{la.name}.{k}": s for la in self.layers for k, s in la.state.items()}
        return self.parameters() | state

    def set_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy such arrays in; names and shapes must be the model's own, all of them."""
        mine = self.arrays()
        if mine.keys() != arrays.keys():
            differ = ", ".join(sorted(mine.keys() ^ arrays.keys()))
            raise ValueError(f"the arrays are not those of this model; they differ in: {differ}.")
        for name, array in arrays.items():
            if array.shape != mine[name].shape:
                raise ValueError(f"{name} must have shape {mine[name].shape}, got {array.shape}.")
        for name, array in arrays.items():
            mine[name][...] = array

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(layer.parameter_count for layer in self.layers)

    def rng_states(self) -> dict[str, dict]:
        """The state of every layer's random generator (dropout)."""
        return {la.name: la.rng.bit_generator.state for la in self.layers if hasattr(la, "rng")}

    def set_rng_states(self, states: dict[str, dict]) -> None:
        """Go back to such states."""
        for layer in self.layers:
            if hasattr(layer, "rng"):
                layer.rng.bit_generator.state = states[layer.name]

    def summary(self) -> str:
        """A table: layer, output shape, parameters, multiply-adds of one image forward."""
        table: list[tuple[str, ...]] = [("layer", "output shape", "parameters", "multiply-adds")]
        table.append(("input", _times(self.input_shape), "", ""))
        for la in self.layers:
            counts = [f"{n:,}" if n else "" for n in (la.parameter_count, la.multiply_adds)]
            table.append((la.name, _times(la.output_shape), *counts))
        total = sum(la.multiply_adds for la in self.layers)
        table.append(("total", "", f"{self.parameter_count:,}", f"{total:,}"))
        a, b, c, d = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = [f"{r[0]:<{a}}  {r[1]:<{b}}  {r[2]:>{c}}  {r[3]:>{d}}" for r in table]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    # On disk

    def architecture(self) -> dict:
        """All it takes to build this model again, weights excepted; can be written as JSON."""
        return {
            "input_shape": list(self.input_shape),
            "loss": self.loss_name,
            "dtype": self.dtype.name,
            "layers": [
                {"kind": type(la).__name__, "arguments": _plain(la.arguments)} for la in self.layers
            ],
        }

    @classmethod
    def from_architecture(cls, plan: dict) -> Sequential:
        """Build the untrained model that `architecture` describes."""
        layers = [
            LAYERS[choice(entry["kind"], LAYERS, "kind of layer")](**entry["arguments"])
            for entry in plan["layers"]
        ]
        return cls(layers, plan["input_shape"], loss=plan["loss"], dtype=plan["dtype"])

    def save(self, path) -> None:
        """Save the model as HDF5, atomically and never as a pickle; see `checkpoint`."""
        checkpoint.save(path, self)

    @classmethod
    def load(cls, path) -> Sequential:
        """Load what `save` wrote. ModelFileError says what is wrong with a bad file."""
        return checkpoint.load(path, cls.from_architecture)

    def _check_input(self, x) -> None:
        shape, wanted = np.shape(x), self.input_shape
        if shape[1:] != wanted:
            hint = ""
            if shape == wanted:
                hint = " One image becomes a batch with x[None]."
            elif (*shape[1:], 1) == wanted:
                hint = " Write x[..., None] to give grey images their channel."
            raise ValueError(
                f"the model takes batches of shape (N, {', '.join(map(str, wanted))}), got "
                f"{shape}.{hint}"
            )
        if np.asarray(x).dtype.kind != "f":
            raise ValueError(
                f"the model takes floats, got {np.asarray(x).dtype}; use data.to_float(x), which "
                "scales pixels to [0, 1]."
            )


def _layers(layers) -> list[Layer]:
    """layers as a list of layer objects, each of them once."""
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"layers must be a list, got {came(layers)}; write [Flatten(), Dense(10)].")
    if not layers:
        raise ValueError("a model needs at least one layer; try [Flatten(), Dense(10)].")
    for position, layer in enumerate(layers, start=1):
        instance(layer, Layer, f"layer {position}", "try one from cnn_utils.layers")
    if len({id(layer) for layer in layers}) < len(layers):
        raise ValueError("one layer object stands twice in the list; make two objects.")
    return list(layers)


def _plan(layers) -> list:
    """The layers as they are run: Conv2D, ReLU and MaxPool2D in a row become one step."""
    steps: list = []
    for layer in layers:
        steps.append(layer)
        if ConvReluPool.fits(steps[-3:]):
            steps[-3:] = [ConvReluPool(steps[-3], steps[-1])]
    return steps


def _plain(arguments: dict) -> dict:
    """Pairs become lists, as JSON would give them back."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}


def _times(shape) -> str:
    return " × ".join(map(str, shape))

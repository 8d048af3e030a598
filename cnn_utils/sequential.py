"""A model as a stack of layers: forward through them, backward through them the other way."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from . import __version__, storage, training
from .data.batches import batches
from .layers import LAYERS, ConvReluPool
from .losses import LOSSES
from .parallel import single_blas_thread
from .storage import ModelFileError


class TraceRow(NamedTuple):
    """What one layer made of a batch: its output ``a``, and ``da``, the gradient of the loss with
    respect to that output (same shape)."""

    name: str
    a: np.ndarray
    da: np.ndarray


class Sequential:
    """Layers that feed each other, a loss at the end, and everything training needs.

    Args:
        layers: new layer objects (:mod:`cnn_utils.layers`), first to last.
        input_shape: of one image: (H, W, C).
        seed: of the starting weights and the dropout masks.
        loss: ``'softmax_cross_entropy'`` (the last layer gives logits) or
            ``'binary_cross_entropy'`` (it gives probabilities).
        dtype: ``float32``, or ``float64`` for gradient checks.

    ``model.history``, ``model.data`` and ``model.info`` say how a loaded model was trained.
    """

    def __init__(
        self, layers, input_shape, seed=0, *, loss="softmax_cross_entropy", dtype=np.float32
    ):
        if loss not in LOSSES:
            raise ValueError(f"unknown loss {loss!r}; there are: {', '.join(LOSSES)}.")
        if not layers:
            raise ValueError("a model needs at least one layer.")
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError("one layer object stands twice in the list; make two objects.")
        self.layers = list(layers)
        self.input_shape = tuple(int(n) for n in input_shape)
        self.loss_name, self.loss = loss, LOSSES[loss]
        self.dtype = np.dtype(dtype)
        self.history = training.History()
        self.data, self.info = "", {}
        seen: Counter[str] = Counter()
        shape = self.input_shape
        rngs = np.random.default_rng(seed).spawn(len(self.layers))
        for position, (layer, rng) in enumerate(zip(self.layers, rngs, strict=True), start=1):
            kind = type(layer).__name__
            seen[kind] += 1
            layer.name = f"{kind.lower()}_{seen[kind]}"
            try:
                shape = layer.build(shape, rng, self.dtype)
            except ValueError as error:
                raise ValueError(f"layer {position}, {layer}, on input {shape}: {error}") from None
        self.output_shape = shape
        self._steps = self._plan()
        trained = [i for i, step in enumerate(self._steps) if step.params]
        self._first_trained = trained[0] if trained else len(self._steps)

    def _plan(self) -> list:
        """The layers as they are run: Conv2D, ReLU and MaxPool2D in a row become one step."""
        steps, i = [], 0
        while i < len(self.layers):
            three = self.layers[i : i + 3]
            if ConvReluPool.fits(three):
                steps.append(ConvReluPool(three[0], three[2]))
                i += 3
            else:
                steps.append(self.layers[i])
                i += 1
        return steps

    # Running

    def forward(self, x, training=False) -> np.ndarray:
        """Run a batch (N, H, W, C) of floats through all layers; return the last output."""
        self._check_input(x)
        for step in self._steps:
            x = step.forward(x, training)
        return x

    def backward(self, dz, need_dx=False):
        """Take the gradient of the last output back through all layers.

        Afterwards ``gradients()`` has those of the parameters. The gradient of the input itself
        costs as much as a layer's and only saliency maps need it: it is returned with
        ``need_dx=True``, else None.
        """
        last = 0 if need_dx else self._first_trained
        for i in range(len(self._steps) - 1, last - 1, -1):
            dz = self._steps[i].backward(dz, need_dx or i > last)
        return dz if need_dx else None

    def trace(self, x, y) -> list[TraceRow]:
        """Run one batch forward and backward, layer by layer, and keep all that passes by.

        The first row is the input. Floats in, labels (N,) whole numbers; inference mode.
        """
        self._check_input(x)
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer.forward(outputs[-1]))
        _, gradient = self.loss(outputs[-1], y)
        gradients = [gradient]
        for layer in reversed(self.layers):
            gradients.append(layer.backward(gradients[-1]))
        names = ["input", *(layer.name for layer in self.layers)]
        return [TraceRow(*row) for row in zip(names, outputs, reversed(gradients), strict=True)]

    def predict_proba(self, x) -> np.ndarray:
        """Probabilities (N, K) for images (N, H, W, C), uint8 or floats in [0, 1]."""
        rows = batches(len(x), training.EVALUATION_BATCH)
        with single_blas_thread():
            outputs = [self.forward(training._images(x[r], self.dtype)) for r in rows]
        if not outputs:
            return np.zeros((0, *self.output_shape), self.dtype)
        return self.loss.probabilities(np.concatenate(outputs))

    def predict(self, x) -> np.ndarray:
        """The most probable class of each image: int64 (N,)."""
        return self.predict_proba(x).argmax(axis=1)

    def evaluate(self, x, y) -> training.Evaluation:
        """Mean loss and accuracy on images and labels; see :func:`cnn_utils.training.evaluate`."""
        return training.evaluate(self, x, y)

    def fit(self, x, y, **arguments) -> training.History:
        """Train; arguments as in :func:`cnn_utils.training.fit`."""
        self.history = training.fit(self, x, y, **arguments)
        return self.history

    # Parameters

    def parameters(self) -> dict[str, np.ndarray]:
        """What training changes: 'conv2d_1.w' → array, in the order of the layers."""
        return {f"{la.name}.{k}": p for la in self.layers for k, p in la.params.items()}

    def gradients(self) -> dict[str, np.ndarray]:
        """The gradients of the last ``backward``, under the names of ``parameters()``."""
        return {f"{la.name}.{k}": g for la in self.layers for k, g in la.grads.items()}

    def state(self) -> dict[str, np.ndarray]:
        """What belongs to the model but is not trained: the running statistics of batch norms."""
        return {f"{la.name}.{k}": s for la in self.layers for k, s in la.state.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters and state together: all that a copy of the model needs."""
        return {**self.parameters(), **self.state()}

    def set_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy parameters and state in; names and shapes must be the model's own, all of them."""
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
        return sum(layer.parameter_count for layer in self.layers)

    def rng_states(self) -> dict[str, dict]:
        """The state of every layer's random generator (dropout)."""
        return {la.name: la.rng.bit_generator.state for la in self.layers if hasattr(la, "rng")}

    def set_rng_states(self, states: dict[str, dict]) -> None:
        for layer in self.layers:
            if layer.name in states:
                layer.rng.bit_generator.state = states[layer.name]

    def summary(self) -> str:
        """A table: layer, output shape, parameters, multiply-adds of one image forward."""
        rows = [("layer", "output shape", "parameters", "multiply-adds")]
        rows.append(("input", _shape(self.input_shape), "", ""))
        for la in self.layers:
            counts = [f"{n:,}" if n else "" for n in (la.parameter_count, la.multiply_adds)]
            rows.append((la.name, _shape(la.output_shape), *counts))
        total = sum(la.multiply_adds for la in self.layers)
        rows.append(("total", "", f"{self.parameter_count:,}", f"{total:,}"))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            f"{r[0]:<{widths[0]}}  {r[1]:<{widths[1]}}  {r[2]:>{widths[2]}}  {r[3]:>{widths[3]}}"
            for r in rows
        ]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    # On disk

    def architecture(self) -> dict:
        """Everything needed to build this model again, weights excepted; JSON-able."""
        return {
            "input_shape": list(self.input_shape),
            "loss": self.loss_name,
            "dtype": self.dtype.name,
            "layers": [
                {"kind": type(la).__name__, "arguments": _plain(la.arguments)} for la in self.layers
            ],
        }

    def save(self, path, *, optimizer=None, history=None, training=None, groups=None) -> None:
        """Save the model as HDF5, atomically: architecture, weights, history, where its data came
        from, and with ``optimizer`` its state. Never a pickle. See :mod:`cnn_utils.storage`."""
        history = history if history is not None else self.history
        meta = {
            "architecture": self.architecture(),
            "cnn_utils": __version__,
            "data": self.data,
            "info": self.info,
            "stopped": history.stopped,
        }
        everything = {
            "weights": self.parameters(),
            "state": self.state(),
            "history": history.arrays(),
            **(groups or {}),
        }
        if optimizer is not None:
            meta["optimizer"] = {
                "kind": type(optimizer).__name__,
                "arguments": optimizer.arguments,
                "t": optimizer.t,
            }
            everything["optimizer"] = {
                f"{slot}:{name}": array
                for slot, memory in optimizer.state.items()
                for name, array in memory.items()
            }
        if training is not None:
            meta["training"] = training
        storage.write(path, meta, everything)

    @classmethod
    def load(cls, path) -> Sequential:
        """Load what ``save`` wrote. ``ModelFileError`` says what is wrong with a bad file."""
        meta, groups = storage.read(path)
        try:
            plan = meta["architecture"]
            model = cls(
                [_layer(entry) for entry in plan["layers"]],
                plan["input_shape"],
                loss=plan["loss"],
                dtype=plan["dtype"],
            )
            model.set_arrays({**groups["weights"], **groups["state"]})
            model.history = training.History.from_arrays(groups["history"], meta["stopped"])
            model.data, model.info = meta["data"], meta["info"]
        except (KeyError, TypeError, ValueError, MemoryError, OverflowError) as error:
            raise ModelFileError(
                f"{getattr(path, 'name', path)} does not describe a model this version can "
                f"build: {error}"
            ) from None
        if not all(np.isfinite(a).all() for a in model.arrays().values()):
            raise ModelFileError(f"{getattr(path, 'name', path)} has weights that are not finite.")
        return model

    def _check_input(self, x) -> None:
        if np.ndim(x) != len(self.input_shape) + 1 or np.shape(x)[1:] != self.input_shape:
            raise ValueError(
                f"the model takes batches of shape (N, {', '.join(map(str, self.input_shape))}), "
                f"got {np.shape(x)}. One image becomes a batch with x[None]."
            )
        if np.asarray(x).dtype.kind != "f":
            raise ValueError(
                f"the model takes floats, got {np.asarray(x).dtype}; data.to_float(x) scales "
                "pixels to [0, 1]."
            )


def _layer(entry: dict):
    if entry["kind"] not in LAYERS:
        raise ValueError(f"there is no layer {entry['kind']!r}.")
    return LAYERS[entry["kind"]](**entry["arguments"])


def _plain(arguments: dict) -> dict:
    """Pairs become lists, as JSON would give them back."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}


def _shape(shape) -> str:
    return " × ".join(map(str, shape)) if math.prod(shape) else str(shape)

"""Layers: objects that hold parameters and remember what their backward pass needs.

Every layer keeps the contract of `Layer`, so a stack of them can be run without knowing what they
are: `build`, then `forward` and `backward` in turns. The arithmetic is in `cnn_utils.functional`;
nothing here computes a gradient itself. TypeError or ValueError where an argument is of the wrong
kind or out of range, as soon as the layer is made.
"""

from __future__ import annotations

import math

import numpy as np

from . import functional as F
from .arguments import choice, generator, int_tuple, integer
from .functional.activations import check_slope
from .functional.normalization import check_momentum, check_rate
from .functional.shapes import check_padding, output_shape, pair, resolve_padding
from .initializers import INITIALIZERS


class Layer:
    """What all layers share: parameters, gradients, state, and the arguments they were made with.

    `params` are trained, `grads` has the same names and shapes, `state` is kept with the model but
    not trained (the running statistics of a batch norm). Shapes are without the batch axis.
    """

    def __init__(self, **arguments):
        self.arguments = {name: _plain(value) for name, value in arguments.items()}
        self.params: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}
        self.state: dict[str, np.ndarray] = {}
        self.name = type(self).__name__.lower()
        self.input_shape: tuple[int, ...] = ()  # both are known when the layer is built
        self.output_shape: tuple[int, ...] = ()
        self.cache = None

    def build(self, input_shape, rng, dtype=np.float32):
        """Create the parameters for inputs of a shape, and return the shape of the output.

        input_shape: of one example, (H, W, C) or (D,); rng: numpy.random.Generator that draws the
        weights; dtype: float32, or float64 for gradient checks.
        ValueError or TypeError: a shape or an rng this layer cannot be built with.
        """
        generator(rng)
        self.input_shape = int_tuple(input_shape, "input_shape", "use x.shape[1:], the last axes")
        self.output_shape = tuple(self._build(self.input_shape, rng, dtype))
        return self.output_shape

    def _build(self, input_shape, rng, dtype):
        return input_shape

    @property
    def multiply_adds(self) -> int:
        """Multiplications (each with an addition) that one image costs in the forward pass.

        Those of convolutions and dense layers; 0 for the others, whose work is small beside it.
        RuntimeError: a layer with parameters that has not been built.
        """
        self.check_built()
        return self._multiply_adds()

    def _multiply_adds(self) -> int:
        return 0

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes. RuntimeError: as for multiply_adds."""
        self.check_built()
        return sum(p.size for p in self.params.values())

    def forward(self, x, training=False):
        """The layer's output for a batch; what `backward` needs is kept.

        x: floats (N, …), behind N the input shape. training: whether this is a training step, which
        makes a difference to BatchNorm and Dropout alone.
        Returns a (N, …), behind N the output shape, with the dtype of x.
        ValueError: an x that does not fit. RuntimeError: a layer that must be built first.
        """
        self.check_built()
        output, self.cache = self._forward(x, training)
        return output

    def _forward(self, x, training):
        raise NotImplementedError

    def backward(self, da, need_dx=True):
        """Take the gradient of the output, fill `grads`, and return the gradient of the input.

        da: the shape of the output of the last `forward`. need_dx: False spares a layer with
        weights the work of dx, and gives None.
        Returns dx, the shape of x. Gradients are those of this batch alone; they replace the ones
        before.
        ValueError: a da that does not fit. RuntimeError: no `forward` since the last `backward`.
        """
        return self._backward(da, self.take_cache(), need_dx)

    def _backward(self, da, cache, need_dx):
        raise NotImplementedError

    def check_built(self) -> None:
        """RuntimeError unless `build` has been called."""
        if not self.output_shape:
            raise RuntimeError(
                f"{self.name} has not been built; call build(x.shape[1:], np.random.default_rng(0))"
                " first, or put the layer into a Sequential, which does it."
            )

    def take_cache(self):
        """Hand out what the forward pass kept, once; RuntimeError where there is nothing."""
        if self.cache is None:
            raise RuntimeError(
                f"{self.name}.backward was called without a forward pass before it. Each backward "
                "needs its own forward: call forward(x) first."
            )
        cache, self.cache = self.cache, None
        return cache

    def __repr__(self):
        inside = ", ".join(f"{k}={v!r}" for k, v in self.arguments.items())
        return f"{type(self).__name__}({inside})"


def _plain(value):
    """NumPy's numbers as Python's, so that a model can be described in JSON."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def _need_axes(layer: Layer, input_shape, count: int, what: str) -> None:
    if len(input_shape) != count:
        hint = "put it before the Flatten()" if len(input_shape) == 1 else "use (H, W, 1) if grey"
        hint = "put a Flatten() before it" if count == 1 else hint
        raise ValueError(
            f"{type(layer).__name__} expects {what} for each image, got shape {input_shape}; "
            f"{hint}."
        )


class Conv2D(Layer):
    """Cross-correlation of (N, H, W, C_in) with learned filters, plus a bias each.

    filters: how many, C_out; size, stride: an int or a pair (height, width); padding: also 'same';
    initializer: 'he_normal' or 'glorot_uniform', which draws the weights.
    use_bias: a layer followed by batch norm can do without (False): the norm subtracts it again.
    Parameters: w (K_h, K_w, C_in, C_out), b (C_out,). Output: (N, H_out, W_out, C_out).
    """

    def __init__(
        self, filters, size, stride=1, padding=0, *, initializer="he_normal", use_bias=True
    ):
        how = {"padding": padding, "initializer": initializer, "use_bias": use_bias}
        super().__init__(filters=filters, size=size, stride=stride, **how)
        self.filters = integer(filters, "filters", least=1)
        self.size = pair(size, "size")
        self.stride = pair(stride, "stride")
        check_padding(padding)
        self.padding = self.arguments["padding"]
        self.use_bias = bool(use_bias)
        self.initializer = INITIALIZERS[choice(initializer, INITIALIZERS, "initializer")]

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 3, "(height, width, channels)")
        height, width, channels = input_shape
        self.params["w"] = self.initializer((*self.size, channels, self.filters), rng, dtype)
        if self.use_bias:
            self.params["b"] = np.zeros(self.filters, dtype)
        pads = resolve_padding(self.padding, (height, width), self.size, self.stride)
        return (*output_shape((height, width), self.size, self.stride, pads), self.filters)

    @property
    def bias(self) -> np.ndarray:
        """b (C_out,), zeros for a layer without."""
        w = self.params["w"]
        return self.params["b"] if self.use_bias else np.zeros(self.filters, w.dtype)

    def _multiply_adds(self):
        return math.prod(self.output_shape) * math.prod(self.params["w"].shape[:3])

    def _forward(self, x, training):
        return F.conv2d_forward(x, self.params["w"], self.bias, self.stride, self.padding)

    def _backward(self, da, cache, need_dx):
        dx, dw, db = F.conv2d_backward(da, cache, need_dx)
        self.keep_gradients(dw, db)
        return dx

    def keep_gradients(self, dw, db) -> None:
        """Put the gradients of the filters and, where there is one, the bias into `grads`."""
        self.grads["w"] = dw
        if self.use_bias:
            self.grads["b"] = db


class Dense(Layer):
    """Every input to every output: z = x·w + b, for x (N, D).

    units: how many outputs, M; initializer: as in Conv2D. Parameters: w (D, M), b (M,).
    """

    def __init__(self, units, *, initializer="he_normal"):
        super().__init__(units=units, initializer=initializer)
        self.units = integer(units, "units", least=1)
        self.initializer = INITIALIZERS[choice(initializer, INITIALIZERS, "initializer")]

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 1, "one row of numbers")
        self.params["w"] = self.initializer((input_shape[0], self.units), rng, dtype)
        self.params["b"] = np.zeros(self.units, dtype)
        return (self.units,)

    def _multiply_adds(self):
        return self.params["w"].size

    def _forward(self, x, training):
        return F.dense_forward(x, self.params["w"], self.params["b"])

    def _backward(self, da, cache, need_dx):
        dx, self.grads["w"], self.grads["b"] = F.dense_backward(da, cache, need_dx)
        return dx


class _Function(Layer):
    """A layer without parameters: a pair of functions, and what the first gets besides x."""

    functions: tuple = ()
    options: tuple = ()

    def check_built(self) -> None:
        """It works without."""

    def _forward(self, x, training):
        return self.functions[0](x, *self.options)

    def _backward(self, da, cache, need_dx):
        return self.functions[1](da, cache)


class _Pool2D(_Function):
    """What the two poolings share: (N, H, W, C) → (N, H_out, W_out, C)."""

    def __init__(self, size, stride=None):
        super().__init__(size=size, stride=stride)
        self.size = pair(size, "size")
        self.stride = self.size if stride is None else pair(stride, "stride")
        self.options = (self.size, self.stride)

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 3, "(height, width, channels)")
        return (*output_shape(input_shape[:2], self.size, self.stride), input_shape[2])


class MaxPool2D(_Pool2D):
    """The largest value of each window; a tie belongs to its first maximum, row by row.

    size, stride: an int or a pair (height, width); without a stride the windows touch.
    """

    functions = (F.maxpool2d_forward, F.maxpool2d_backward)


class AvgPool2D(_Pool2D):
    """The mean of each window; size and stride as in MaxPool2D."""

    functions = (F.avgpool2d_forward, F.avgpool2d_backward)


class LeakyReLU(_Function):
    """z where z > 0, slope·z elsewhere: a dead unit still gets a gradient. slope: from 0 to 1."""

    functions = (F.leaky_relu_forward, F.leaky_relu_backward)

    def __init__(self, slope=0.01):
        super().__init__(slope=slope)
        self.options = (check_slope(slope),)


class _PlainFunction(_Function):
    def __init__(self):  # takes no arguments, which Layer itself would
        super().__init__()


class ReLU(_PlainFunction):
    """max(z, 0)."""

    functions = (F.relu_forward, F.relu_backward)


class Sigmoid(_PlainFunction):
    """1 / (1 + e^−z)."""

    functions = (F.sigmoid_forward, F.sigmoid_backward)


class Tanh(_PlainFunction):
    """(e^z − e^−z) / (e^z + e^−z)."""

    functions = (F.tanh_forward, F.tanh_backward)


class Flatten(_PlainFunction):
    """(N, H, W, C) → (N, H·W·C), row by row, channels last."""

    functions = (F.flatten_forward, F.flatten_backward)

    def _build(self, input_shape, rng, dtype):
        return (math.prod(input_shape),)


class BatchNorm(Layer):
    """Normalise each channel over the batch, then scale by gamma (C,) and shift by beta (C,).

    (N, D) or (N, H, W, C), the same shape out. In training the statistics are the batch's, and a
    running average of them is kept in `state`; outside training the running averages are used.
    momentum: how much of the running average a batch leaves, 0 to 1; eps: added to the variance.
    Source: Ioffe & Szegedy (2015), arXiv:1502.03167.
    """

    def __init__(self, momentum=0.9, eps=1e-5):
        super().__init__(momentum=momentum, eps=eps)
        self.momentum, self.eps = check_momentum(momentum, eps)

    def _build(self, input_shape, rng, dtype):
        channels = input_shape[-1]
        self.params["gamma"] = np.ones(channels, dtype)
        self.params["beta"] = np.zeros(channels, dtype)
        self.state["running_mean"] = np.zeros(channels, dtype)
        self.state["running_var"] = np.ones(channels, dtype)
        return input_shape

    def _forward(self, x, training):
        how = {"training": training, "momentum": self.momentum, "eps": self.eps}
        a, cache, running = F.batchnorm_forward(x, **self.params, **self.state, **how)
        if training:
            self.state["running_mean"], self.state["running_var"] = running
        return a, cache

    def _backward(self, da, cache, need_dx):
        dx, self.grads["gamma"], self.grads["beta"] = F.batchnorm_backward(da, cache)
        return dx


class Dropout(Layer):
    """In training drop each number with probability rate and scale the rest by 1/(1 − rate).

    rate: at least 0 and less than 1. Any shape. Outside training it does nothing.
    Source: Srivastava et al. (2014), JMLR 15.
    """

    def __init__(self, rate):
        super().__init__(rate=rate)
        self.rate = check_rate(rate)

    def _build(self, input_shape, rng, dtype):
        self.rng = rng
        return input_shape

    def _forward(self, x, training):
        return F.dropout_forward(x, self.rate, self.rng, training)

    def _backward(self, da, cache, need_dx):
        return F.dropout_backward(da, cache)


_ACTIVATIONS = (ReLU, LeakyReLU, Sigmoid, Tanh)
_OTHERS = (Conv2D, Dense, MaxPool2D, AvgPool2D, Flatten, BatchNorm, Dropout)
LAYERS = {kind.__name__: kind for kind in _ACTIVATIONS + _OTHERS}


class ConvReluPool:
    """Conv2D, ReLU and MaxPool2D done as one step: the same numbers, several times faster.

    `Sequential` runs it in place of the three when `fits` says so; parameters, gradients and cache
    stay those of the Conv2D. Lesson 10 derives why pooling may come before the ReLU.
    """

    def __init__(self, conv: Conv2D, pool: MaxPool2D):
        self.conv, self.pool, self.params = conv, pool, conv.params

    @staticmethod
    def fits(layers) -> bool:
        """Can these three consecutive layers run as one step?"""
        if [type(layer) for layer in layers] != [Conv2D, ReLU, MaxPool2D]:
            return False
        conv, _, pool = layers
        return conv.stride == (1, 1) and pool.stride == pool.size

    def forward(self, x, training=False):
        """(N, H, W, C_in) → (N, H_out, W_out, C_out), as the three layers one after the other."""
        conv = self.conv
        a, conv.cache = F.conv2d_relu_maxpool_forward(
            x, conv.params["w"], conv.bias, conv.padding, self.pool.size
        )
        return a

    def backward(self, da, need_dx=True):
        """The gradient of the input, or None; those of the filters go into the Conv2D's `grads`."""
        dx, dw, db = F.conv2d_relu_maxpool_backward(da, self.conv.take_cache(), need_dx)
        self.conv.keep_gradients(dw, db)
        return dx

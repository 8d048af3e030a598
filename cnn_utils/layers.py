"""Layers: objects that hold parameters and remember what their backward pass needs.

Every layer keeps the same contract, so a stack of them can be run without knowing what they are:

* ``build(input_shape, rng, dtype)`` creates the parameters and returns the output shape,
  both shapes without the batch axis;
* ``forward(x, training)`` computes the output and keeps the cache;
* ``backward(da, need_dx=True)`` takes the gradient of the output, fills ``grads`` with the
  gradients of the parameters and returns the gradient of the input.

The arithmetic is in :mod:`cnn_utils.functional`; nothing here computes a gradient itself.
"""

from __future__ import annotations

import math

import numpy as np

from . import functional as F
from .functional.shapes import output_shape, pair, resolve_padding
from .initializers import INITIALIZERS


class Layer:
    """What all layers share: parameters, gradients, state, and the arguments they were made with.

    ``params`` are trained, ``grads`` has the same names and shapes, ``state`` is kept with the
    model but not trained (the running statistics of a batch norm).
    """

    def __init__(self, **arguments):
        self.arguments = arguments
        self.params: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}
        self.state: dict[str, np.ndarray] = {}
        self.name = type(self).__name__.lower()
        self.input_shape: tuple[int, ...] | None = None
        self.output_shape: tuple[int, ...] | None = None
        self.cache = None

    def build(self, input_shape, rng, dtype=np.float32):
        """Create the parameters for inputs of ``input_shape`` and return the output shape."""
        self.input_shape = tuple(input_shape)
        self.output_shape = tuple(self._build(self.input_shape, rng, dtype))
        return self.output_shape

    def _build(self, input_shape, rng, dtype):
        return input_shape

    @property
    def multiply_adds(self) -> int:
        """Multiplications (each with an addition) one image costs in the forward pass."""
        return 0

    @property
    def parameter_count(self) -> int:
        return sum(p.size for p in self.params.values())

    def forward(self, x, training=False):
        raise NotImplementedError

    def backward(self, da, need_dx=True):
        raise NotImplementedError

    def take_cache(self):
        """Hand out what the forward pass kept, once."""
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


def _need_axes(layer: Layer, input_shape, count: int, what: str) -> None:
    if len(input_shape) != count:
        hint = " Put a Flatten() before it." if count == 1 else ""
        raise ValueError(
            f"{type(layer).__name__} expects {what} for each image, got shape {input_shape}.{hint}"
        )


def _positive_int(value, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a positive whole number, got {value!r}.")
    return int(value)


def _initializer(name: str):
    if name not in INITIALIZERS:
        raise ValueError(f"unknown initializer {name!r}; there are: {', '.join(INITIALIZERS)}.")
    return INITIALIZERS[name]


class Conv2D(Layer):
    """Cross-correlation of (N, H, W, C_in) with ``filters`` learned filters, plus a bias each.

    ``size`` and ``stride`` are an int or a (height, width) pair, ``padding`` also ``'same'``.
    Parameters: ``w`` (K_h, K_w, C_in, C_out), ``b`` (C_out,). A layer followed by batch norm
    can do without the bias (``use_bias=False``): the norm subtracts it again.
    """

    def __init__(
        self, filters, size, stride=1, padding=0, *, initializer="he_normal", use_bias=True
    ):
        super().__init__(
            filters=filters,
            size=size,
            stride=stride,
            padding=padding,
            initializer=initializer,
            use_bias=use_bias,
        )
        self.filters = _positive_int(filters, "filters")
        self.size = pair(size, "size")
        self.stride = pair(stride, "stride")
        self.padding = padding
        self.use_bias = bool(use_bias)
        self.initializer = _initializer(initializer)

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 3, "(height, width, channels)")
        height, width, channels = input_shape
        self.params["w"] = self.initializer((*self.size, channels, self.filters), rng, dtype)
        bias = np.zeros(self.filters, dtype)
        if self.use_bias:
            self.params["b"] = bias
        self._fixed_bias = bias
        pads = resolve_padding(self.padding, (height, width), self.size, self.stride)
        return (*output_shape((height, width), self.size, self.stride, pads), self.filters)

    @property
    def bias(self) -> np.ndarray:
        return self.params["b"] if self.use_bias else self._fixed_bias

    @property
    def multiply_adds(self):
        return math.prod(self.output_shape) * math.prod(self.params["w"].shape[:3])

    def forward(self, x, training=False):
        z, self.cache = F.conv2d_forward(x, self.params["w"], self.bias, self.stride, self.padding)
        return z

    def backward(self, da, need_dx=True):
        dx, dw, db = F.conv2d_backward(da, self.take_cache(), need_dx)
        self.keep_gradients(dw, db)
        return dx

    def keep_gradients(self, dw, db):
        self.grads["w"] = dw
        if self.use_bias:
            self.grads["b"] = db


class Dense(Layer):
    """Every input to every output: z = x·w + b, with ``w`` (D, M) and ``b`` (M,)."""

    def __init__(self, units, *, initializer="he_normal"):
        super().__init__(units=units, initializer=initializer)
        self.units = _positive_int(units, "units")
        self.initializer = _initializer(initializer)

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 1, "one row of numbers")
        self.params["w"] = self.initializer((input_shape[0], self.units), rng, dtype)
        self.params["b"] = np.zeros(self.units, dtype)
        return (self.units,)

    @property
    def multiply_adds(self):
        return self.params["w"].size

    def forward(self, x, training=False):
        z, self.cache = F.dense_forward(x, self.params["w"], self.params["b"])
        return z

    def backward(self, da, need_dx=True):
        dx, self.grads["w"], self.grads["b"] = F.dense_backward(da, self.take_cache(), need_dx)
        return dx


class _Pool2D(Layer):
    """What the two poolings share; ``stride`` None means windows that touch but do not overlap."""

    pool_forward = pool_backward = None

    def __init__(self, size, stride=None):
        super().__init__(size=size, stride=stride)
        self.size = pair(size, "size")
        self.stride = self.size if stride is None else pair(stride, "stride")

    def _build(self, input_shape, rng, dtype):
        _need_axes(self, input_shape, 3, "(height, width, channels)")
        return (*output_shape(input_shape[:2], self.size, self.stride), input_shape[2])

    def forward(self, x, training=False):
        a, self.cache = self.pool_forward(x, self.size, self.stride)
        return a

    def backward(self, da, need_dx=True):
        return self.pool_backward(da, self.take_cache())


class MaxPool2D(_Pool2D):
    """The largest value of each window; a tie belongs to its first maximum, row by row."""

    pool_forward = staticmethod(F.maxpool2d_forward)
    pool_backward = staticmethod(F.maxpool2d_backward)


class AvgPool2D(_Pool2D):
    """The mean of each window."""

    pool_forward = staticmethod(F.avgpool2d_forward)
    pool_backward = staticmethod(F.avgpool2d_backward)


class Flatten(Layer):
    """(N, H, W, C) → (N, H·W·C), row by row, channels last."""

    def __init__(self):
        super().__init__()

    def _build(self, input_shape, rng, dtype):
        return (math.prod(input_shape),)

    def forward(self, x, training=False):
        a, self.cache = F.flatten_forward(x)
        return a

    def backward(self, da, need_dx=True):
        return F.flatten_backward(da, self.take_cache())


class _Activation(Layer):
    """An activation applied to each number; no parameters."""

    function_forward = function_backward = None

    def __init__(self):
        super().__init__()

    def forward(self, x, training=False):
        a, self.cache = self.function_forward(x)
        return a

    def backward(self, da, need_dx=True):
        return self.function_backward(da, self.take_cache())


class ReLU(_Activation):
    """max(z, 0)."""

    function_forward = staticmethod(F.relu_forward)
    function_backward = staticmethod(F.relu_backward)


class Sigmoid(_Activation):
    """1 / (1 + e^−z)."""

    function_forward = staticmethod(F.sigmoid_forward)
    function_backward = staticmethod(F.sigmoid_backward)


class Tanh(_Activation):
    """(e^z − e^−z) / (e^z + e^−z)."""

    function_forward = staticmethod(F.tanh_forward)
    function_backward = staticmethod(F.tanh_backward)


class LeakyReLU(Layer):
    """z where z > 0, ``slope``·z elsewhere: a dead unit still gets a gradient."""

    def __init__(self, slope=0.01):
        super().__init__(slope=slope)
        self.slope = float(slope)

    def forward(self, x, training=False):
        a, self.cache = F.leaky_relu_forward(x, self.slope)
        return a

    def backward(self, da, need_dx=True):
        return F.leaky_relu_backward(da, self.take_cache())


class BatchNorm(Layer):
    """Normalise each channel over the batch, then scale by ``gamma`` and shift by ``beta``.

    In training the statistics are the batch's, and a running average of them is kept in
    ``state``; outside training the running averages are used.
    Source: Ioffe & Szegedy (2015), arXiv:1502.03167.
    """

    def __init__(self, momentum=0.9, eps=1e-5):
        super().__init__(momentum=momentum, eps=eps)
        self.momentum, self.eps = float(momentum), float(eps)

    def _build(self, input_shape, rng, dtype):
        channels = input_shape[-1]
        self.params["gamma"] = np.ones(channels, dtype)
        self.params["beta"] = np.zeros(channels, dtype)
        self.state["running_mean"] = np.zeros(channels, dtype)
        self.state["running_var"] = np.ones(channels, dtype)
        return input_shape

    def forward(self, x, training=False):
        a, self.cache, running = F.batchnorm_forward(
            x,
            self.params["gamma"],
            self.params["beta"],
            self.state["running_mean"],
            self.state["running_var"],
            training,
            self.momentum,
            self.eps,
        )
        if training:
            self.state["running_mean"], self.state["running_var"] = running
        return a

    def backward(self, da, need_dx=True):
        dx, self.grads["gamma"], self.grads["beta"] = F.batchnorm_backward(da, self.take_cache())
        return dx


class Dropout(Layer):
    """In training drop each number with probability ``rate`` and scale the rest by 1/(1 − rate).

    Outside training it does nothing. Source: Srivastava et al. (2014), JMLR 15.
    """

    def __init__(self, rate):
        super().__init__(rate=rate)
        if not 0 <= rate < 1:
            raise ValueError(f"rate is the probability to drop, 0 ≤ rate < 1; got {rate!r}.")
        self.rate = float(rate)

    def _build(self, input_shape, rng, dtype):
        self.rng = rng
        return input_shape

    def forward(self, x, training=False):
        a, self.cache = F.dropout_forward(x, self.rate, self.rng, training)
        return a

    def backward(self, da, need_dx=True):
        return F.dropout_backward(da, self.take_cache())


LAYERS = {
    cls.__name__: cls
    for cls in (
        Conv2D,
        Dense,
        MaxPool2D,
        AvgPool2D,
        Flatten,
        ReLU,
        LeakyReLU,
        Sigmoid,
        Tanh,
        BatchNorm,
        Dropout,
    )
}


class ConvReluPool:
    """Conv2D, ReLU and MaxPool2D done as one step: the same numbers, several times faster.

    ``Sequential`` puts it in place of the three when ``fits`` says so; the parameters stay those
    of the Conv2D. Lesson 10 derives why pooling may come before the ReLU.
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
        conv = self.conv
        a, conv.cache = F.conv2d_relu_maxpool_forward(
            x, conv.params["w"], conv.bias, conv.padding, self.pool.size
        )
        return a

    def backward(self, da, need_dx=True):
        dx, dw, db = F.conv2d_relu_maxpool_backward(da, self.conv.take_cache(), need_dx)
        self.conv.keep_gradients(dw, db)
        return dx

"""Optimisers and learning-rate schedules.

An optimiser changes parameters in place: `step(params, grads)` takes two dictionaries with the same
names. What it remembers between steps is in `state` (name of the slot → name of the parameter →
array), so that it can be saved with the model. TypeError or ValueError where an argument is of the
wrong kind or out of range, as soon as the object is made.

Weight decay acts on weights (arrays with two axes or more), not on biases or on the scale and
shift of a batch norm: those do not make a network more complicated.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .arguments import instance, number

SHARE = {"least": 0, "below": 1}  # a running average that keeps all of itself learns nothing
FACTOR = {"least": 0, "hint": "it is a factor of the learning rate, try 0"}
RANGES: dict[str, dict] = {
    "learning_rate": {"above": 0, "hint": "0 would never change a weight, so try 0.1 or 0.001"},
    "weight_decay": {"least": 0, "hint": "try 0.001, or 0 for none"},
    "momentum": {**SHARE, "hint": "try 0.9"},
    "rho": {**SHARE, "hint": "try 0.9"},
    "beta1": {**SHARE, "hint": "try 0.9"},
    "beta2": {**SHARE, "hint": "try 0.999"},
    "eps": {"above": 0, "hint": "it keeps the divisor from being 0, try 1e-8"},
    "start": FACTOR,
    "final": FACTOR,
    "every": {"above": 0, "most": 1, "hint": "it is a fraction of the training, try 0.34"},
    "by": {"above": 0, "hint": "it is a factor of the learning rate, try 0.1"},
    "warm_up": {**SHARE, "hint": "it is a fraction of the training, try 0.25"},
}


def checked(**arguments) -> list[float]:
    """The arguments as floats within the ranges above, in order; TypeError or ValueError."""
    return [number(value, name, **RANGES[name]) for name, value in arguments.items()]


class Optimizer:
    """What all optimisers share: the learning rate, the step counter, and the slots."""

    slots: tuple[str, ...] = ()

    def __init__(self, **arguments):
        self.arguments = dict(zip(arguments, checked(**arguments), strict=True))
        self.learning_rate = self.arguments["learning_rate"]
        self.weight_decay = self.arguments["weight_decay"]
        self.t = 0
        self.state: dict[str, dict[str, np.ndarray]] = {slot: {} for slot in self.slots}

    def step(self, params: dict, grads: dict, factor: float = 1.0) -> None:
        """Change every parameter by one step, in place.

        params: name → float array; grads: the same names → the gradients, each with the shape of
        its parameter; factor: scales the learning rate, as a schedule does.
        RuntimeError where a gradient is missing, TypeError or ValueError where one does not fit;
        nothing has been changed then.
        """
        factor = number(factor, "factor", hint="call a schedule to get one, such as cosine()(0.5)")
        for name, w in params.items():
            _check_gradient(name, w, grads)
        self.t += 1  # one step for all tensors together, not one for each
        rate = self.learning_rate * factor
        for name, w in params.items():
            self._update(name, w, grads[name], rate, self.weight_decay if w.ndim > 1 else 0.0)

    def _update(self, name, w, dw, rate, decay):
        raise NotImplementedError

    def slot(self, slot: str, name: str, like: np.ndarray) -> np.ndarray:
        """Return the array remembered for a parameter, zeros at first."""
        memory = self.state[slot]
        if name not in memory:
            memory[name] = np.zeros_like(like)
        return memory[name]

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"


def _check_gradient(name: str, w, grads: dict) -> None:
    instance(w, np.ndarray, name, "use arrays, which can be changed in place")
    if w.dtype.kind != "f":
        raise TypeError(f"{name} must hold floats, got {w.dtype}; use {name}.astype(float).")
    if name not in grads:
        raise RuntimeError(f"there is no gradient for {name}; run backward first.")
    dw = instance(grads[name], np.ndarray, f"the gradient of {name}", "use an array")
    if dw.shape != w.shape:
        raise ValueError(
            f"the gradient of {name} has shape {dw.shape}, the parameter {w.shape}; use the "
            "gradient of this parameter, which has its shape."
        )


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w − η·dw."""

    def __init__(self, learning_rate=0.1, weight_decay=0.0):
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay)

    def _update(self, name, w, dw, rate, decay):
        if decay:
            dw = dw + decay * w
        w -= rate * dw


class Momentum(Optimizer):
    """A heavy ball: v ← μ·v + dw,  w ← w − η·v.

    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5, in the form of Sutskever et al. (2013).
    """

    slots = ("v",)

    def __init__(self, learning_rate=0.01, momentum=0.9, weight_decay=0.0):
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, momentum=momentum)
        self.momentum = self.arguments["momentum"]

    def _velocity(self, name, w, dw, decay):
        v = self.slot("v", name, w)
        v *= self.momentum
        v += dw
        if decay:
            v += decay * w
        return v

    def _update(self, name, w, dw, rate, decay):
        w -= rate * self._velocity(name, w, dw, decay)


class Nesterov(Momentum):
    """Momentum that looks ahead: v ← μ·v + dw,  w ← w − η·(dw + μ·v).

    Source: Nesterov (1983); this form of it: Bengio et al. (2012), arXiv:1212.0901, section 3.5.
    """

    def _update(self, name, w, dw, rate, decay):
        v = self._velocity(name, w, dw, decay)
        if decay:
            dw = dw + decay * w
        w -= rate * (dw + self.momentum * v)


class RMSProp(Optimizer):
    """Divide each step by a running root mean square of its gradient.

    s ← ρ·s + (1 − ρ)·dw²,  w ← w − η·dw / (√s + ε). Source: Tieleman & Hinton (2012), lecture 6e.
    """

    slots = ("s",)

    def __init__(self, learning_rate=0.001, rho=0.9, eps=1e-8, weight_decay=0.0):
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, rho=rho, eps=eps)
        self.rho, self.eps = self.arguments["rho"], self.arguments["eps"]

    def _update(self, name, w, dw, rate, decay):
        if decay:
            dw = dw + decay * w
        s = self.slot("s", name, w)
        s *= self.rho
        s += (1 - self.rho) * dw**2
        w -= rate * dw / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    """Running mean and mean square of the gradient, both corrected for starting at zero.

    m ← β₁·m + (1 − β₁)·dw,  v ← β₂·v + (1 − β₂)·dw²,
    w ← w − η·m̂ / (√v̂ + ε)  with  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ).
    Source: Kingma & Ba (2015), arXiv:1412.6980, algorithm 1.
    """

    slots = ("m", "v")

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
        rates = {"learning_rate": learning_rate, "weight_decay": weight_decay}
        super().__init__(**rates, beta1=beta1, beta2=beta2, eps=eps)
        self.beta1, self.beta2 = self.arguments["beta1"], self.arguments["beta2"]
        self.eps = self.arguments["eps"]

    def _direction(self, name, w, dw):
        m, v = self.slot("m", name, w), self.slot("v", name, w)
        m *= self.beta1
        m += (1 - self.beta1) * dw
        v *= self.beta2
        v += (1 - self.beta2) * dw**2
        m_hat = m / (1 - self.beta1**self.t)
        v_hat = v / (1 - self.beta2**self.t)
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def _update(self, name, w, dw, rate, decay):
        if decay:
            dw = dw + decay * w
        w -= rate * self._direction(name, w, dw)


class AdamW(Adam):
    """Adam whose weight decay does not pass through the running averages: w ← w − η·λ·w besides.

    Source: Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 2.
    """

    def _update(self, name, w, dw, rate, decay):
        if decay:
            w -= rate * decay * w
        w -= rate * self._direction(name, w, dw)


OPTIMIZERS = {cls.__name__: cls for cls in (SGD, Momentum, Nesterov, RMSProp, Adam, AdamW)}


# Schedules: functions of the fraction of the training done, 0 at the first step and 1 at the end,
# that return a factor for the learning rate.
Schedule = Callable[[float], float]


def cosine(final: float = 0.0) -> Schedule:
    """From 1 down to `final` along half a cosine.

    Source: Loshchilov & Hutter (2017), arXiv:1608.03983.
    """
    [final] = checked(final=final)
    return lambda done: final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))


def step_decay(every: float = 0.34, by: float = 0.1) -> Schedule:
    """Multiply the learning rate by `by` each time another fraction `every` is done."""
    every, by = checked(every=every, by=by)
    return lambda done: by ** int(done / every + 1e-9)


def one_cycle(warm_up: float = 0.25, start: float = 0.04, final: float = 0.0) -> Schedule:
    """Rise in a straight line from `start` to 1 in `warm_up`, then fall in one to `final`.

    warm_up: a fraction of the training. Source: after Smith & Topin (2018), arXiv:1708.07120.
    """
    warm_up, start, final = checked(warm_up=warm_up, start=start, final=final)

    def factor(done: float) -> float:
        if done < warm_up:
            return start + (1 - start) * done / warm_up
        return final + (1 - final) * (1 - done) / (1 - warm_up)

    return factor

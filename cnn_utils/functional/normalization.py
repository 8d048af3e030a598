"""Batch normalisation and dropout: what behaves differently in training and afterwards."""

from __future__ import annotations

import numpy as np

from cnn_utils.arguments import generator, number

from .activations import as_float, gate
from .shapes import check_upstream, check_vector


def batchnorm_forward(
    x, gamma, beta, running_mean, running_var, training=True, momentum=0.9, eps=1e-5
):
    """Batch norm: y = gamma · xhat + beta, where xhat = (x - mean) / sqrt(var + eps).

    x (N, D) or (N, H, W, C), float32 or float64; the statistics are taken over all axes but the
    last. gamma, beta, running_mean, running_var: (D,) or (C,), the same dtype.
    training: True normalises with mean and (biased) variance of this batch; False with the running
    ones, so that no example's result depends on the others.
    momentum: how much of the running statistics is kept, 0 … 1 (0.1 in PyTorch's way of counting
    is 0.9 here). eps: added to the variance, > 0.
    Returns y (the shape of x), the cache for batchnorm_backward, and running = (new mean, new
    variance), new = momentum · old + (1 - momentum) · of this batch; in training new arrays,
    otherwise the ones that were given. PyTorch puts the unbiased variance in here, we the biased.
    Nothing is overwritten. ValueError, TypeError: shapes or numbers that do not fit.
    Source: Ioffe & Szegedy, arXiv:1502.03167, algorithms 1 and 2.
    """
    x, gamma, beta = as_float(x), np.asarray(gamma), np.asarray(beta)
    running = np.asarray(running_mean), np.asarray(running_var)
    momentum, eps = check_momentum(momentum, eps)
    check_batchnorm(x, gamma, beta, *running)
    rows, across = _rows(x)

    mean, var = running
    if training:
        mean = _channel_sums(rows.sum(axis=0), x) / _count(x)
    xhat = rows - across(mean)
    if training:
        var = _channel_sums(np.einsum("ij,ij->j", xhat, xhat), x) / _count(x)
        running = (
            momentum * running[0] + (1 - momentum) * mean,
            momentum * running[1] + (1 - momentum) * var,
        )
    inv_std = 1 / np.sqrt(var + eps)
    xhat *= across(inv_std)
    y = xhat * across(gamma)
    y += across(beta)
    return y.reshape(x.shape), (xhat.reshape(x.shape), gamma, inv_std, training), running


def batchnorm_backward(dy, cache):
    """Gradients of batchnorm_forward.

    dy: the shape of x; cache: what the forward function returned.
    Returns dx (the shape of x), dgamma and dbeta ((D,) or (C,)).
    In training, mean and variance depend on x too. That takes two parts out of the gradient: its
    mean, and what of it lies along xhat; so over the batch, dx and dx · xhat add up to 0
    (the latter but for eps). Source: arXiv:1502.03167, section 3.
    """
    xhat, gamma, inv_std, training = cache
    dy = check_upstream(dy, xhat.shape, "dy")
    m = _count(xhat)
    (xhat_rows, across), (dy_rows, _) = _rows(xhat), _rows(dy)

    dbeta = _channel_sums(dy_rows.sum(axis=0), xhat)
    dgamma = _channel_sums(np.einsum("ij,ij->j", dy_rows, xhat_rows), xhat)
    # dx = gamma · inv_std · (dy - mean of dy - xhat · mean of dy · xhat), one array, overwritten
    if training:
        dx = xhat_rows * across(-dgamma / m)
        dx -= across(dbeta / m)
        dx += dy_rows
        dx *= across(gamma * inv_std)
    else:
        dx = dy_rows * across(gamma * inv_std)
    return dx.reshape(xhat.shape), dgamma, dbeta


# The trick: NumPy works along the last axis, and C channels are a short one. So images (N, H, W, C)
# are viewed as N·H rows of W·C numbers, and what belongs to the channels is repeated W times to
# stand above them. This is 2 to 5 times as fast as the axes (0, 1, 2) of the formula.


def _rows(x: np.ndarray):
    """x as rows of W·C numbers (images) or D numbers, and what repeats (C,) along such a row."""
    if x.ndim == 2:
        return x, lambda v: v
    _, _, width, channels = x.shape
    return x.reshape(-1, width * channels), lambda v: np.tile(v, width)


def _channel_sums(row: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(C,): the entries of a row summed up that belong to the same channel."""
    return row.reshape(-1, x.shape[-1]).sum(axis=0)


def _count(x: np.ndarray) -> int:
    """How many numbers each channel has in x."""
    return x.size // x.shape[-1]


def check_momentum(momentum, eps) -> tuple[float, float]:
    """Both as floats: momentum between 0 and 1, eps positive."""
    momentum = number(momentum, "momentum", least=0, most=1, hint="try 0.9")
    return momentum, number(eps, "eps", above=0, hint="try 1e-5")


def check_batchnorm(x, gamma, beta, mean, var) -> None:
    """ValueError unless the arrays fit together."""
    if x.ndim not in (2, 4) or x.size == 0:
        raise ValueError(
            "x must have shape (N, D) or (N, H, W, C) and not be empty, "
            f"but its shape is {x.shape}."
        )
    named = {"gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    for name, v in named.items():
        check_vector(v, x.shape[-1], name, "channels")


def dropout_forward(x, rate: float, rng: np.random.Generator, training: bool = True):
    """Inverted dropout: in training, set each number to 0 with probability rate.

    x: any shape. rate: probability to drop, 0 <= rate < 1. rng: numpy.random.Generator.
    What stays is divided by 1 - rate, which keeps the expectation; so nothing needs to be done
    after training (training=False returns a copy of x and draws nothing).
    Returns a (the shape of x) and the cache for dropout_backward. The same rng state drops the
    same entries in float32 and in float64.
    ValueError, TypeError: a rate outside the range, an rng that is not a Generator.
    Source: Srivastava et al., Journal of Machine Learning Research 15 (2014), 1929-1958.
    """
    x, rate = as_float(x), check_rate(rate)
    if not training or rate == 0:
        return x.copy(), (None, x.shape, rate)
    generator(rng)
    kept = rng.random(x.shape, np.float32) >= rate
    a = gate(x, kept)
    a /= 1 - rate
    return a, (kept, x.shape, rate)


def dropout_backward(da, cache):
    """Gradient of dropout_forward: through what was kept, scaled the same way; 0 elsewhere."""
    kept, shape, rate = cache
    da = check_upstream(da, shape, "da")
    if kept is None:
        return da.copy()
    dx = gate(as_float(da), kept)
    dx /= 1 - rate
    return dx


def check_rate(rate) -> float:
    """rate as a float, at least 0 and less than 1."""
    hint = "it is the probability to drop, not the probability to keep, so try 0.5 or less"
    return number(rate, "rate", least=0, below=1, hint=hint)

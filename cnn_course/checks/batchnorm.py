"""Exercises of lesson 12: batch norm forward."""

from __future__ import annotations

import math

import numpy as np

from .exercise import Exercise, Mistake, Probe, make_check
from .running import Refused

BATCH = "lesson 12, section 5: batch norm: set mean and spread, at every step"
AXES = "lesson 12, section 9: vectorise: channel by channel, on images"
AFTER = "lesson 12, section 11: in training, and afterwards"


def batchnorm_forward_loops(x, gamma, beta, running_mean, running_var, training, momentum, eps):
    C = x.shape[-1]
    rows = x.reshape(-1, C)  # one row for each example, or for each place in each image
    m = len(rows)
    y = np.zeros(rows.shape, x.dtype)
    new_mean, new_var = running_mean.copy(), running_var.copy()
    for c in range(C):
        mean, var = running_mean[c], running_var[c]
        if training:
            mean = var = 0.0
            for i in range(m):
                mean += rows[i, c] / m
            for i in range(m):
                var += (rows[i, c] - mean) ** 2 / m
            new_mean[c] = momentum * running_mean[c] + (1 - momentum) * mean
            new_var[c] = momentum * running_var[c] + (1 - momentum) * var
        for i in range(m):
            xhat = (rows[i, c] - mean) / math.sqrt(var + eps)
            y[i, c] = gamma[c] * xhat + beta[c]
    return y.reshape(x.shape), (new_mean, new_var)


def y_and_running(fn, *arguments):
    """Call fn and make (y, running_mean, running_var) of what it returns."""
    value = fn(*arguments)
    wanted = "(y, (running_mean, running_var)), or (y, cache, (running_mean, running_var))"
    if not isinstance(value, tuple | list) or len(value) not in (2, 3):
        raise Refused(f"it must return {wanted}.")
    y, running = value[0], value[-1]
    if not isinstance(running, tuple | list) or len(running) != 2:
        raise Refused(f"the last thing it returns must be a pair: it must return {wanted}.")
    # copies: outside of training, the running statistics may be those that were given
    return y, *(None if entry is None else np.array(entry) for entry in running)


# One step of the right function each, to be replaced by a wrong one.


def _axes(x):
    return tuple(range(x.ndim - 1))


def _measure(x):
    return x.mean(axis=_axes(x)), x.var(axis=_axes(x))


def _keep(old, new, momentum):
    return momentum * old + (1 - momentum) * new


def _divide(d, var, eps):
    return d / np.sqrt(var + eps)


def _scale(xhat, gamma, beta):
    return gamma * xhat + beta


def _variant(
    x,
    gamma,
    beta,
    mean,
    var,
    training,
    momentum,
    eps,
    measure=_measure,
    keep=_keep,
    divide=_divide,
    scale=_scale,
):
    old = used = mean, var
    running = old
    if training:
        used = measure(x)
        running = tuple(keep(a, b, momentum) for a, b in zip(old, used, strict=True))
    return scale(divide(x - used[0], used[1], eps), gamma, beta), running


def momentum_exchanged(*arguments):
    return _variant(*arguments, keep=lambda old, new, momentum: _keep(new, old, momentum))


def momentum_ignored(*arguments):
    return _variant(*arguments, keep=lambda old, new, momentum: new)


def running_not_updated(*arguments):
    return _variant(*arguments, keep=lambda old, new, momentum: old.copy())


def new_added_whole(*arguments):
    return _variant(*arguments, keep=lambda old, new, momentum: momentum * old + new)


def eps_outside_root(*arguments):
    return _variant(*arguments, divide=lambda d, var, eps: d / (np.sqrt(var) + eps))


def eps_missing(*arguments):
    return _variant(*arguments, divide=lambda d, var, eps: d / np.sqrt(var))


def divided_by_variance(*arguments):
    return _variant(*arguments, divide=lambda d, var, eps: d / (var + eps))


def only_centred(*arguments):
    return _variant(*arguments, divide=lambda d, var, eps: d)


def gamma_missing(*arguments):
    return _variant(*arguments, scale=lambda xhat, gamma, beta: xhat + beta)


def beta_missing(*arguments):
    return _variant(*arguments, scale=lambda xhat, gamma, beta: gamma * xhat)


def gamma_beta_exchanged(*arguments):
    return _variant(*arguments, scale=lambda xhat, gamma, beta: beta * xhat + gamma)


def beta_scaled_too(*arguments):
    return _variant(*arguments, scale=lambda xhat, gamma, beta: gamma * (xhat + beta))


def variance_unbiased(*arguments):
    return _variant(*arguments, measure=lambda x: (_measure(x)[0], x.var(axis=_axes(x), ddof=1)))


def variance_about_zero(*arguments):
    return _variant(*arguments, measure=lambda x: (_measure(x)[0], (x**2).mean(axis=_axes(x))))


def axis_0_alone(*arguments):
    return _variant(*arguments, measure=lambda x: (x.mean(axis=0), x.var(axis=0)))


def channels_mixed(*arguments):
    def measure(x):
        same = np.ones(x.shape[-1], x.dtype)
        return x.mean() * same, x.var() * same

    return _variant(*arguments, measure=measure)


def always_training(x, gamma, beta, mean, var, training, momentum, eps):
    return _variant(x, gamma, beta, mean, var, True, momentum, eps)


def batch_statistics_afterwards(x, gamma, beta, mean, var, training, momentum, eps):
    y, running = _variant(x, gamma, beta, mean, var, True, momentum, eps)
    return y, running if training else (mean, var)


def training_inverted(x, gamma, beta, mean, var, training, momentum, eps):
    return _variant(x, gamma, beta, mean, var, not training, momentum, eps)


def running_unbiased(x, gamma, beta, mean, var, training, momentum, eps):
    y, _ = _variant(x, gamma, beta, mean, var, training, momentum, eps)
    return y, variance_unbiased(x, gamma, beta, mean, var, training, momentum, eps)[1]


def running_deviation(x, gamma, beta, mean, var, training, momentum, eps):
    y, (new_mean, new_var) = _variant(x, gamma, beta, mean, var, training, momentum, eps)
    if training:
        new_var = _keep(var, np.sqrt(_measure(x)[1]), momentum)
    return y, (new_mean, new_var)


def old_running_used(x, gamma, beta, mean, var, training, momentum, eps):
    _, running = _variant(x, gamma, beta, mean, var, training, momentum, eps)
    return _variant(x, gamma, beta, mean, var, False, momentum, eps)[0], running


def new_running_used(x, gamma, beta, mean, var, training, momentum, eps):
    _, running = _variant(x, gamma, beta, mean, var, training, momentum, eps)
    return _variant(x, gamma, beta, *running, False, momentum, eps)[0], running


def example_by_example(x, gamma, beta, mean, var, training, momentum, eps):
    y, running = _variant(x, gamma, beta, mean, var, training, momentum, eps)
    if training:
        axes = tuple(range(1, x.ndim))
        d = x - x.mean(axis=axes, keepdims=True)
        y = gamma * d / np.sqrt((d**2).mean(axis=axes, keepdims=True) + eps) + beta
    return y, running


def _probe(about, x, gamma, beta, mean, var, training, momentum, eps) -> Probe:
    dtype = np.float32 if "float32" in about else float
    arrays = {"x": x, "gamma": gamma, "beta": beta, "running_mean": mean, "running_var": var}
    arrays = {name: np.asarray(value, dtype) for name, value in arrays.items()}
    return Probe(about, {**arrays, "training": training, "momentum": momentum, "eps": eps})


def _whole(seed: int, shape) -> np.ndarray:
    """Small whole numbers, as floats, each channel with a mean of its own; not C-contiguous."""
    x = np.random.default_rng(seed).integers(-4, 5, shape[::-1]).astype(float).T
    return x + 3 * np.arange(shape[-1])


COLUMN = [[1], [3], [3], [9]]  # lesson 12's x
FLAT = np.column_stack([np.full(6, 3.0), [1, 0, -2, 5, 7, 4]])  # channel 0 never changes

SHOW = (
    "x, one = np.array([[1.0], [3], [3], [9]]), np.ones(1)  # mean 4, variance 9\n"
    "y, *_, running = fn(x, 6 * one, 2 * one, 0 * one, one, True, 0.9, 1e-5)\n"
)
SHOW_Y = SHOW + "print(y.ravel())  # [-4, 0, 0, 12]"
SHOW_RUNNING = SHOW + "print(running)  # 0.4 and 1.8"
SHOW_EPS = SHOW.replace("1e-5", "7") + "print(y.ravel())  # sqrt(9 + 7) = 4: [-2.5, .5, .5, 9.5]"
SHOW_AFTER = (
    "x, one = np.array([[1.0], [3]]), np.ones(1)\n"
    "y, *_, running = fn(x, 6 * one, 2 * one, 4 * one, 9 * one, False, 0.9, 1e-5)\n"
    "print(y.ravel(), running)  # [-4, 0]; 4 and 9, as they were"
)
SHOW_IMAGES = (
    "x, ones = np.arange(24.0).reshape(2, 2, 3, 2), np.ones(2)\n"
    "y, *_, running = fn(x, ones, ones, 0 * ones, ones, True, 0.9, 1e-5)\n"
    "print(running[0].shape, y.mean(axis=(0, 1, 2)), y.std())  # (2,), the means 1, spread 1"
)
SHOW_EXAMPLES = (
    "x, ones = np.array([[1.0, 10], [3, 20], [3, 20], [9, 50]]), np.ones(2)\n"
    "y, *_, running = fn(x, 6 * ones, 2 * ones, 0 * ones, ones, True, 0.9, 1e-5)\n"
    "print(y)  # both columns: [-4, 0, 0, 12]"
)


def _mistake(id, wrong, seen, why, read=BATCH, experiment=SHOW_Y) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


batchnorm_forward = make_check(
    Exercise(
        name="batchnorm_forward",
        contract="takes (x, gamma, beta, running_mean, running_var, training, momentum, eps), x "
        "(N, C) or (N, H, W, C), the next four (C,); returns (y, (running_mean, running_var)), or "
        "(y, cache, (running_mean, running_var)), y the shape of x, the pair (C,) each. The mean "
        "is over all axes but the last, the variance divides by m; new running = momentum · old "
        "+ (1 - momentum) · of this batch. Outside of training, running statistics are used and "
        "returned as they are. No argument is changed.",
        outputs=("y", "running_mean", "running_var"),
        reference=batchnorm_forward_loops,
        play=y_and_running,
        probes=(
            _probe("4 numbers in training", COLUMN, [6], [1], [0], [1], True, 0.9, 1e-5),
            _probe(
                "3 images 4×5×2 in training, momentum 0.75, eps 0.5",
                *(_whole(1, (3, 4, 5, 2)), [2, -3], [1, 5], [1, -2], [2, 5], True, 0.75, 0.5),
            ),
            _probe(
                "5 examples with 3 numbers after training",
                *(_whole(2, (5, 3)), [2, -1, 3], [5, 1, -2], [1, -2, 4], [2, 5, 7], False, 0.6),
                0.25,
            ),
            _probe(
                "6 examples, one channel all equal, in float32",
                *(FLAT, [2, 3], [5, -1], [1, -2], [2, 5], True, 0.6, 1e-3),
            ),
        ),
        mistakes=(
            _mistake(
                "momentum-exchanged",
                momentum_exchanged,
                "your running statistics keep the share 1 - momentum of the old ones.",
                "momentum is the share that is kept (PyTorch counts the other one: its 0.1 is our "
                "0.9).",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "momentum-ignored",
                momentum_ignored,
                "your running statistics are those of this batch.",
                "they are to remember earlier batches: momentum · old + (1 - momentum) · new.",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "running-not-updated",
                running_not_updated,
                "your running statistics stay what they were.",
                "in training they move towards those of the batch.",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "new-added-whole",
                new_added_whole,
                "the statistics of the batch enter yours undiminished.",
                "the new share is 1 - momentum, so that both shares add up to 1.",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "running-deviation",
                running_deviation,
                "your running_var averages standard deviations.",
                "it is an average of variances; the root is taken when it is used.",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "running-unbiased",
                running_unbiased,
                "your running_var averages variances that divide by m - 1.",
                "that is PyTorch's convention; ours divides by m, the same number as for y.",
                AFTER,
                SHOW_RUNNING,
            ),
            _mistake(
                "variance-unbiased",
                variance_unbiased,
                "your variance divides by m - 1.",
                "here it is the mean of the squares, divided by m (np.var without ddof).",
            ),
            _mistake(
                "variance-about-zero",
                variance_about_zero,
                "your variance is the mean of x².",
                "the mean is taken off before squaring.",
            ),
            _mistake(
                "eps-outside-root",
                eps_outside_root,
                "your y divides by sqrt(var) + eps.",
                "eps is added to the variance, under the root.",
                experiment=SHOW_EPS,
            ),
            _mistake(
                "eps-missing",
                eps_missing,
                "your y has no eps in it, so a channel whose numbers are all equal gives nan.",
                "the root is that of var + eps; without it, 0 / 0.",
                experiment=SHOW_EPS,
            ),
            _mistake(
                "divided-by-variance",
                divided_by_variance,
                "your y divides by the variance.",
                "the spread is its root, sqrt(var + eps).",
            ),
            _mistake(
                "only-centred",
                only_centred,
                "your y has the mean taken out, but not the spread.",
                "the division by sqrt(var + eps) is missing.",
            ),
            _mistake(
                "gamma-missing", gamma_missing, "your y lacks gamma.", "y = gamma · xhat + beta."
            ),
            _mistake(
                "beta-missing", beta_missing, "your y lacks beta.", "y = gamma · xhat + beta."
            ),
            _mistake(
                "gamma-beta-exchanged",
                gamma_beta_exchanged,
                "gamma and beta have changed places in your y.",
                "gamma scales, beta shifts: y = gamma · xhat + beta.",
            ),
            _mistake(
                "beta-scaled-too",
                beta_scaled_too,
                "your y is gamma · (xhat + beta).",
                "beta is added after scaling.",
            ),
            _mistake(
                "axis-0-alone",
                axis_0_alone,
                "your statistics of images have the shape (H, W, C): each place has its own.",
                "for images the mean runs over batch, rows and columns, axis=(0, 1, 2).",
                AXES,
                SHOW_IMAGES,
            ),
            _mistake(
                "channels-mixed",
                channels_mixed,
                "all channels of yours share one mean and one variance.",
                "the mean runs over all axes; it must leave out the last.",
                AXES,
                SHOW_EXAMPLES,
            ),
            _mistake(
                "example-by-example",
                example_by_example,
                "each example of your y is normalised by itself.",
                "that is layer norm; batch norm takes its statistics across the examples.",
                BATCH,
                SHOW_EXAMPLES,
            ),
            _mistake(
                "batch-statistics-afterwards",
                batch_statistics_afterwards,
                "after training, your y still uses the mean and variance of its batch.",
                "with training=False the running statistics are used, so that an example's result "
                "does not depend on its company.",
                AFTER,
                SHOW_AFTER,
            ),
            _mistake(
                "always-training",
                always_training,
                "your function does the same in and after training.",
                "with training=False it uses the running statistics and leaves them alone.",
                AFTER,
                SHOW_AFTER,
            ),
            _mistake(
                "training-inverted",
                training_inverted,
                "your function does in training what belongs after it, and the other way round.",
                "the test of `training` is the wrong way round.",
                AFTER,
                SHOW_AFTER,
            ),
            _mistake(
                "old-running-used",
                old_running_used,
                "in training, your y uses the running statistics it was given.",
                "in training, mean and variance are those of the batch; the running ones only "
                "watch.",
                AFTER,
            ),
            _mistake(
                "new-running-used",
                new_running_used,
                "in training, your y uses the running statistics it has just updated.",
                "in training, mean and variance are those of the batch; the running ones only "
                "watch.",
                AFTER,
            ),
        ),
        hints=(
            "Every channel is treated alone. In training: the mean of its m numbers, then the mean "
            "of their squared distances from it.",
            "All axes but the last: axis = tuple(range(x.ndim - 1)).",
            "xhat = (x - mean) / np.sqrt(var + eps), y = gamma * xhat + beta.",
            "After training, take mean and variance from the arguments and return them unchanged.",
        ),
        read=AXES,
    )
)

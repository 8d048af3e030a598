"""Exercises of lesson 12: batch norm backward."""

from __future__ import annotations

import math

import numpy as np

from .batchnorm import AXES, COLUMN, _whole
from .exercise import Exercise, Mistake, Probe, make_check

STEPS = "lesson 12, section 6: the way back, step by step"
LINE = "lesson 12, section 7: the way back, in one line"
SUMS = "lesson 12, section 10: two sums that must be 0"
ONCE = "lesson 08, section 9: average exactly once"


def batchnorm_backward_loops(dy, x, gamma, eps):
    C = x.shape[-1]
    x_rows, dy_rows = x.reshape(-1, C), dy.reshape(-1, C)
    m = len(x_rows)
    dx = np.zeros(x_rows.shape, x.dtype)
    dgamma, dbeta = np.zeros(C, x.dtype), np.zeros(C, x.dtype)
    for c in range(C):
        mean = var = 0.0
        for i in range(m):
            mean += x_rows[i, c] / m
        for i in range(m):
            var += (x_rows[i, c] - mean) ** 2 / m
        s = math.sqrt(var + eps)
        for i in range(m):
            dbeta[c] += dy_rows[i, c]
            dgamma[c] += dy_rows[i, c] * (x_rows[i, c] - mean) / s
        for i in range(m):
            xhat = (x_rows[i, c] - mean) / s
            dx[i, c] = gamma[c] / s * (dy_rows[i, c] - dbeta[c] / m - xhat * dgamma[c] / m)
    return dx.reshape(x.shape), dgamma, dbeta


def _right(dy, x, gamma, eps, ddof=0, root=lambda var, eps: np.sqrt(var + eps), axes=None):
    """What the one line of lesson 12 needs: xhat, s, and the two means."""
    axes = tuple(range(x.ndim - 1)) if axes is None else axes
    s = root(x.var(axis=axes, ddof=ddof), eps)
    xhat = (x - x.mean(axis=axes)) / s
    return xhat, s, dy.mean(axis=axes), (dy * xhat).mean(axis=axes)


def _gradients(dy, x, gamma, eps, **changed):
    axes = changed.get("axes", tuple(range(x.ndim - 1)))
    xhat, s, mean, along = _right(dy, x, gamma, eps, **changed)
    dx = gamma / s * (dy - mean - xhat * along)
    return dx, (dy * xhat).sum(axis=axes), dy.sum(axis=axes)


def statistics_constant(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    _, s, _, _ = _right(dy, x, gamma, eps)
    return gamma / s * dy, dgamma, dbeta


def mean_constant(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    xhat, s, _, along = _right(dy, x, gamma, eps)
    return gamma / s * (dy - xhat * along), dgamma, dbeta


def variance_constant(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    _, s, mean, _ = _right(dy, x, gamma, eps)
    return gamma / s * (dy - mean), dgamma, dbeta


def variance_sign(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    xhat, s, mean, along = _right(dy, x, gamma, eps)
    return gamma / s * (dy - mean + xhat * along), dgamma, dbeta


def mean_sign(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    xhat, s, mean, along = _right(dy, x, gamma, eps)
    return gamma / s * (dy + mean - xhat * along), dgamma, dbeta


def sums_for_means(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    xhat, s, _, _ = _right(dy, x, gamma, eps)
    return gamma / s * (dy - dbeta - xhat * dgamma), dgamma, dbeta


def half_variance_term(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    xhat, s, mean, along = _right(dy, x, gamma, eps)
    return gamma / s * (dy - mean - xhat * along / 2), dgamma, dbeta


def x_for_xhat(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    _, s, mean, along = _right(dy, x, gamma, eps)
    return gamma / s * (dy - mean - x * along), dgamma, dbeta


def gamma_missing(dy, x, gamma, eps):
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return _gradients(dy, x, np.ones_like(gamma), eps)[0], dgamma, dbeta


def spread_missing(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx * _right(dy, x, gamma, eps)[1], dgamma, dbeta


def variance_for_spread(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx / _right(dy, x, gamma, eps)[1], dgamma, dbeta


def dgamma_from_x(dy, x, gamma, eps):
    dx, _, dbeta = _gradients(dy, x, gamma, eps)
    return dx, (dy * x).sum(axis=tuple(range(x.ndim - 1))), dbeta


def dgamma_from_distance(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma * _right(dy, x, gamma, eps)[1], dbeta


def dgamma_has_gamma(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma * gamma, dbeta


def dgamma_averaged(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma * x.shape[-1] / x.size, dbeta


def dbeta_averaged(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma, dbeta * x.shape[-1] / x.size


def both_averaged(dy, x, gamma, eps):
    dx, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma * x.shape[-1] / x.size, dbeta * x.shape[-1] / x.size


def dbeta_has_gamma(dy, x, gamma, eps):
    dx, dgamma, _ = _gradients(dy, x, gamma, eps)
    return dx, dgamma, gamma * dy.sum(axis=tuple(range(x.ndim - 1)))


def axis_0_alone(dy, x, gamma, eps):
    return _gradients(dy, x, gamma, eps, axes=(0,))


def variance_unbiased(dy, x, gamma, eps):
    return _gradients(dy, x, gamma, eps, ddof=1)


def eps_outside_root(dy, x, gamma, eps):
    return _gradients(dy, x, gamma, eps, root=lambda var, eps: np.sqrt(var) + eps)


def eps_missing(dy, x, gamma, eps):
    return _gradients(dy, x, gamma, eps, root=lambda var, eps: np.sqrt(var))


def channels_mixed(dy, x, gamma, eps):
    dx, _, _ = _gradients(dy, x, gamma, eps)
    _, dgamma, dbeta = _gradients(dy, x, gamma, eps)
    return dx, dgamma.sum(), dbeta.sum()


def _probe(about, dy, x, gamma, eps) -> Probe:
    dtype = np.float32 if "float32" in about else float
    arrays = {"dy": dy, "x": x, "gamma": gamma}
    return Probe(about, {**{k: np.asarray(v, dtype) for k, v in arrays.items()}, "eps": eps})


GIVEN = (
    "x = np.array([[1.0], [3], [3], [9]]); dy = np.array([[-2.0], [1], [2], [3]])\n"
    "dx, dgamma, dbeta = fn(dy, x, np.array([6.0]), 1e-5)\n"
)
SHOW_DX = GIVEN + "print(dx.ravel())  # [-3, 1, 3, -1]"
SHOW_SUMS = GIVEN + "print(dx.sum(), np.sum(dx * (x - 4)))  # both 0"
SHOW_PARAMETERS = GIVEN + "print(dgamma, dbeta)  # 6 and 4"
SHOW_EPS = GIVEN.replace("1e-5", "7") + "print(dx.ravel(), dgamma)  # sqrt(9 + 7) = 4: dgamma 4.5"
SHOW_IMAGES = (
    "x = np.arange(24.0).reshape(2, 2, 3, 2)\n"
    "dx, dgamma, dbeta = fn(x**2, x, np.ones(2), 1e-5)\n"
    "print(dgamma.shape, dx.sum(axis=(0, 1, 2)))  # (2,), both sums 0"
)


def _dx(id, wrong, seen, why, experiment=SHOW_DX, read=LINE) -> Mistake:
    return Mistake(id, wrong, seen, why, read, experiment)


def _parameter(id, wrong, seen, why, read=STEPS) -> Mistake:
    return Mistake(id, wrong, seen, why, read, SHOW_PARAMETERS)


batchnorm_backward = make_check(
    Exercise(
        name="batchnorm_backward",
        contract="takes (dy, x, gamma, eps), dy and x (N, C) or (N, H, W, C), gamma (C,); returns "
        "(dx, dgamma, dbeta), the shape of x and (C,) twice. In training: mean and variance are "
        "those of x, over all axes but the last.",
        outputs=("dx", "dgamma", "dbeta"),
        reference=batchnorm_backward_loops,
        probes=(
            _probe("4 numbers", [[-2], [1], [2], [3]], COLUMN, [6], 1e-5),
            _probe(
                "3 images 4×5×2, eps 0.5",
                *(_whole(3, (3, 4, 5, 2)), _whole(1, (3, 4, 5, 2)), [2, -3], 0.5),
            ),
            _probe(
                "7 examples with 3 numbers in float32",
                *(_whole(4, (7, 3)), _whole(2, (7, 3)), [2, -1, 0.5], 0.25),
            ),
        ),
        mistakes=(
            _dx(
                "statistics-constant",
                statistics_constant,
                "your dx takes mean and variance for constants.",
                "both are computed from x, so x also acts through them: two more terms.",
                SHOW_SUMS,
                SUMS,
            ),
            _dx(
                "mean-constant",
                mean_constant,
                "your dx lacks the term of the mean, so it does not add up to 0.",
                "x also moves the mean, which is taken off every number.",
                SHOW_SUMS,
                SUMS,
            ),
            _dx(
                "variance-constant",
                variance_constant,
                "your dx lacks the term of the variance, so dx · xhat does not add up to 0.",
                "x also moves the variance, by whose root every number is divided.",
                SHOW_SUMS,
                SUMS,
            ),
            _dx(
                "variance-sign",
                variance_sign,
                "the term of the variance has the wrong sign in your dx.",
                "a larger spread makes xhat smaller: the part along xhat is taken out.",
                SHOW_SUMS,
                SUMS,
            ),
            _dx(
                "mean-sign",
                mean_sign,
                "the term of the mean has the wrong sign in your dx.",
                "the mean is taken off x, so the mean of dy is taken out of the gradient.",
                SHOW_SUMS,
                SUMS,
            ),
            _dx(
                "sums-for-means",
                sums_for_means,
                "your dx subtracts sums where means should be.",
                "mean and variance divide by m; so do their terms: dbeta / m and dgamma / m.",
                SHOW_SUMS,
            ),
            _dx(
                "half-variance-term",
                half_variance_term,
                "the term of the variance is half of what it should be in your dx.",
                "the root gives 1/2 and the square gives 2; one of them is missing.",
                SHOW_SUMS,
                STEPS,
            ),
            _dx(
                "x-for-xhat",
                x_for_xhat,
                "the term of the variance is taken along x in your dx.",
                "it lies along xhat = (x - mean) / s.",
                SHOW_SUMS,
            ),
            _dx(
                "gamma-missing",
                gamma_missing,
                "your dx lacks the factor gamma.",
                "y = gamma · xhat + beta, so dxhat = gamma · dy.",
            ),
            _dx(
                "spread-missing",
                spread_missing,
                "your dx lacks the division by s = sqrt(var + eps).",
                "xhat is (x - mean) / s, so its gradient is divided by s too.",
            ),
            _dx(
                "variance-for-spread",
                variance_for_spread,
                "your dx is divided by s twice.",
                "the factor is 1 / s, not 1 / s².",
            ),
            _parameter(
                "dgamma-from-x",
                dgamma_from_x,
                "your dgamma is the sum of dy · x.",
                "gamma is multiplied by xhat, so that stands in its gradient.",
            ),
            _parameter(
                "dgamma-from-distance",
                dgamma_from_distance,
                "your dgamma is the sum of dy · (x - mean).",
                "gamma is multiplied by xhat = (x - mean) / s, so s belongs there too.",
            ),
            _parameter(
                "dgamma-has-gamma",
                dgamma_has_gamma,
                "your dgamma has the factor gamma.",
                "y = gamma · xhat + beta: the slope by gamma is xhat.",
            ),
            _parameter(
                "dbeta-has-gamma",
                dbeta_has_gamma,
                "your dbeta has the factor gamma.",
                "y = gamma · xhat + beta: the slope by beta is 1.",
            ),
            _parameter(
                "dgamma-averaged",
                dgamma_averaged,
                "your dgamma is a mean, not a sum.",
                "gamma acts on all m numbers, and their gradients add up; the loss has averaged.",
                ONCE,
            ),
            _parameter(
                "dbeta-averaged",
                dbeta_averaged,
                "your dbeta is a mean, not a sum.",
                "beta acts on all m numbers, and their gradients add up; the loss has averaged.",
                ONCE,
            ),
            _parameter(
                "both-averaged",
                both_averaged,
                "your dgamma and dbeta are means, not sums.",
                "both act on all m numbers, and their gradients add up; the loss has averaged.",
                ONCE,
            ),
            _dx(
                "one-number",
                channels_mixed,
                "your dgamma and dbeta are one number each.",
                "each channel has its own: the sum leaves out the last axis.",
                SHOW_IMAGES,
                AXES,
            ),
            _dx(
                "axis-0-alone",
                axis_0_alone,
                "your statistics of images have the shape (H, W, C): each place has its own.",
                "for images means and sums run over batch, rows and columns, axis=(0, 1, 2).",
                SHOW_IMAGES,
                AXES,
            ),
            _dx(
                "variance-unbiased",
                variance_unbiased,
                "your variance divides by m - 1.",
                "here it is the mean of the squares, divided by m (np.var without ddof).",
            ),
            _dx(
                "eps-outside-root",
                eps_outside_root,
                "your gradients divide by sqrt(var) + eps.",
                "eps is added to the variance, under the root.",
                SHOW_EPS,
            ),
            _dx(
                "eps-missing",
                eps_missing,
                "your gradients have no eps in them.",
                "s is the root of var + eps, on the way back too.",
                SHOW_EPS,
            ),
        ),
        hints=(
            "Begin with dbeta and dgamma: the sums of dy and of dy · xhat over all axes but the "
            "last.",
            "x acts on y in three ways: directly, through the mean, and through the variance.",
            "Take out of dy its mean, and what of it lies along xhat: dy - mean of dy - xhat · "
            "mean of (dy · xhat).",
            "All of that is multiplied by gamma / sqrt(var + eps).",
        ),
        read=LINE,
    )
)

"""The checks of one step of SGD, momentum, RMSProp, Adam, and of a run of Adam."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from checks_bank import (
    failure,
    tally_of_played,
)

from cnn_course import checks
from cnn_course.checks.exercise import EXERCISES
from cnn_utils import optim

NAMES = ("sgd_step", "momentum_step", "rmsprop_step", "adam_step", "adam")


# ---- right functions, written in other ways


def entry_by_entry(step):
    """Make a step for arrays of one for numbers."""

    def of_arrays(w, dw, *others):
        memories = [a for a in others if isinstance(a, np.ndarray)]
        settings = others[len(memories) :]
        results = [np.zeros(w.shape, w.dtype) for _ in range(1 + len(memories))]
        for i in np.ndindex(w.shape):
            new = step(w[i], dw[i], *(a[i] for a in memories), *settings)
            for result, value in zip(results, new, strict=True):
                result[i] = value
        return tuple(results)

    return of_arrays


def with_the_class(make, slots, numbered=False):
    """Make a step of an optimiser of cnn_utils.optim, whose memories are set from outside."""

    def step(w, dw, *others):
        memories, settings = others[: len(slots)], others[len(slots) :]
        t, settings = (settings[0], settings[1:]) if numbered else (1, settings)
        optimizer, params = make(*map(float, settings)), {"w": w.copy()}
        optimizer.t = t - 1
        for slot, memory in zip(slots, memories, strict=True):
            optimizer.state[slot]["w"] = memory.copy()
        optimizer.step(params, {"w": dw})
        return params["w"], *(optimizer.state[slot]["w"] for slot in slots)

    return step


def sgd_in_place(w, dw, rate):
    new = w.copy()
    new -= rate * dw
    return new


def sgd_ufuncs(w, dw, rate):
    return np.add(w, np.multiply(dw, -rate))


def sgd_with_cache(w, dw, rate):
    return w - dw * rate, {"rate": rate}


def momentum_in_place(w, dw, velocity, rate, momentum):
    w, velocity = w.copy(), velocity.copy()
    velocity *= momentum
    velocity += dw
    w -= rate * velocity
    return w, velocity


def momentum_as_list(w, dw, velocity, rate, momentum):
    return [w - rate * momentum * velocity - rate * dw, dw + velocity * momentum]


def rmsprop_by_difference(w, dw, square, rate, decay, eps):
    square = square + (1 - decay) * (np.square(dw) - square)
    return w - dw * (rate / (square**0.5 + eps)), square


def rmsprop_in_place(w, dw, square, rate, decay, eps):
    w, square = w.copy(), square.copy()
    square *= decay
    square += (1 - decay) * dw * dw
    w -= rate * dw / (eps + np.sqrt(square))
    return w, square


def adam_short_form(w, dw, m, v, t, rate, beta1, beta2, eps):
    """The efficient order of the paper's section 2, with an eps that is corrected as well."""
    m, v = beta1 * m + (1 - beta1) * dw, beta2 * v + (1 - beta2) * dw * dw
    root = math.sqrt(1 - beta2**t)
    return w - rate * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


def adam_by_difference(w, dw, m, v, t, rate, beta1, beta2, eps):
    m = m + (1 - beta1) * (dw - m)
    v = v + (1 - beta2) * (dw**2 - v)
    step = m / (1 - np.power(beta1, t)) / (np.sqrt(v / (1 - np.power(beta2, t))) + eps)
    return w - rate * step, m, v


def adam_in_place(w, dw, m, v, t, rate, beta1, beta2, eps):
    w, m, v = w.copy(), m.copy(), v.copy()
    m *= beta1
    m += (1 - beta1) * dw
    v *= beta2
    v += (1 - beta2) * dw**2
    w -= rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w, m, v


def run_of_dictionaries(w, b, dw, db, rate, beta1, beta2, eps):
    params, m, v, t = {"w": w, "b": b}, {}, {}, 0
    for grads in ({"w": dw[k], "b": db[k]} for k in range(len(dw))):
        t += 1
        for name, g in grads.items():
            m[name] = beta1 * m.get(name, 0) + (1 - beta1) * g
            v[name] = beta2 * v.get(name, 0) + (1 - beta2) * g**2
            m_hat, v_hat = m[name] / (1 - beta1**t), v[name] / (1 - beta2**t)
            params[name] = params[name] - rate * m_hat / (np.sqrt(v_hat) + eps)
    return params["w"], params["b"]


def run_one_after_the_other(w, b, dw, db, rate, beta1, beta2, eps):
    found = []
    for array, gradients in ((w, dw), (b, db)):
        m, v = np.zeros(array.shape), np.zeros(array.shape)
        for t, g in enumerate(gradients, start=1):
            array, m, v = adam_short_form(array, g, m, v, t, rate, beta1, beta2, eps)
        found.append(array)
    return found


def run_of_the_class(w, b, dw, db, rate, beta1, beta2, eps):
    optimizer, params = optim.Adam(rate, beta1, beta2, eps), {"w": w.copy(), "b": b.copy()}
    for k in range(len(dw)):
        optimizer.step(params, {"w": dw[k], "b": db[k]})
    return params["w"], params["b"]


def run_with_sums(w, b, dw, db, rate, beta1, beta2, eps):
    """Both means of step t written out as sums over the gradients so far."""
    w, b = w.copy(), b.copy()
    for t in range(1, len(dw) + 1):
        for array, g in ((w, dw[:t]), (b, db[:t])):
            age = np.arange(t)[::-1]
            shares1, shares2 = beta1**age / np.sum(beta1**age), beta2**age / np.sum(beta2**age)
            m_hat, v_hat = np.tensordot(shares1, g, 1), np.tensordot(shares2, g**2, 1)
            array -= rate * m_hat / (np.sqrt(v_hat) + eps)
    return w, b


RIGHT = {
    "sgd_step": [
        entry_by_entry(lambda w, g, rate: (w - rate * g,)),
        with_the_class(optim.SGD, ()),
        sgd_in_place,
        sgd_ufuncs,
        sgd_with_cache,
    ],
    "momentum_step": [
        entry_by_entry(lambda w, g, v, rate, mu: (w - rate * (mu * v + g), mu * v + g)),
        with_the_class(optim.Momentum, ("v",)),
        momentum_in_place,
        momentum_as_list,
    ],
    "rmsprop_step": [
        entry_by_entry(
            lambda w, g, s, rate, rho, eps: (
                w - rate * g / (math.sqrt(rho * s + (1 - rho) * g**2) + eps),
                rho * s + (1 - rho) * g**2,
            )
        ),
        with_the_class(optim.RMSProp, ("s",)),
        rmsprop_by_difference,
        rmsprop_in_place,
    ],
    "adam_step": [
        entry_by_entry(adam_short_form),
        with_the_class(optim.Adam, ("m", "v"), numbered=True),
        adam_short_form,
        adam_by_difference,
        adam_in_place,
    ],
    "adam": [
        run_of_dictionaries,
        run_one_after_the_other,
        run_of_the_class,
        run_with_sums,
    ],
}


@pytest.mark.parametrize(("name", "k"), [(n, k) for n in NAMES for k in range(len(RIGHT[n]))])
def test_a_right_function_passes(name, k):
    assert failure(name, RIGHT[name][k]) is None


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes_and_says_what_was_tried(name, capsys):
    getattr(checks, name)(EXERCISES[name].reference)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"{name}: right" in said and "step" in said
    parameters = inspect.signature(EXERCISES[name].reference).parameters
    assert f"({', '.join(parameters)})" in EXERCISES[name].contract


# ---- what is none of the known mistakes


def test_a_step_that_is_too_long_is_told_as_a_ratio():
    found = failure("sgd_step", lambda w, dw, rate: w - 0.5 * rate * dw)
    assert found.mistake is None and "every number is 1/2 times" in found.parts["seen"]
    found = failure("momentum_step", lambda w, dw, v, rate, mu: (w - rate * v, (mu * v + dw) / 3))
    assert "every number is 1/3 times what it should be" in str(found)


def test_only_what_is_wrong_is_called_wrong():
    def small_v(w, dw, m, v, *others):
        w, m, v = adam_in_place(w, dw, m, v, *others)
        return w, m, v * 0.25

    found = failure("adam_step", small_v)
    assert found.mistake is None and found.headline == "v is wrong."
    assert found.parts["besides"] == "change of w and m are right"


def test_a_counter_of_its_own_is_noticed():
    calls = []

    def counts(w, dw, m, v, t, *settings):
        calls.append(t)
        return adam_in_place(w, dw, m, v, len(calls), *settings)

    found = failure("adam_step", counts)
    assert found.mistake is None and "another result the second time" in found.headline


def test_a_velocity_of_its_own_is_noticed():
    kept = {}

    def keeps(w, dw, velocity, rate, momentum):
        kept[w.shape] = momentum * kept.get(w.shape, 0) + dw
        return w - rate * kept[w.shape], kept[w.shape]

    found = failure("momentum_step", keeps)
    assert found.mistake is None and "another result the second time" in found.headline

    def keeps_one(w, dw, velocity, rate, momentum):
        kept["one"] = momentum * kept.get("one", 0) + dw
        return w - rate * kept["one"], kept["one"]

    assert failure("momentum_step", keeps_one).mistake is None


def test_arguments_that_are_overwritten():
    def overwrites(w, dw, velocity, rate, momentum):
        velocity *= momentum
        velocity += dw
        return w - rate * velocity, velocity

    assert "changes its argument velocity" in str(failure("momentum_step", overwrites))


def test_results_that_cannot_be_compared():
    assert "returns None" in str(failure("sgd_step", lambda w, dw, rate: None))
    one = str(failure("momentum_step", lambda w, dw, v, rate, mu: w - rate * (mu * v + dw)))
    assert "it must return (w, velocity), but returns one value" in one
    four = str(failure("rmsprop_step", lambda w, dw, s, *_: (w, s, 1, 2)))
    assert "it must return (w, square), but returns 4 values" in four
    flat = str(failure("sgd_step", lambda w, dw, rate: (w - rate * dw).ravel()))
    assert "w has the shape (6,); it must keep (2, 3)" in flat
    listed = str(failure("sgd_step", lambda w, dw, rate: (w - rate * dw).tolist()))
    assert "list, not an array" in listed
    missing = str(failure("adam_step", lambda w, dw, m, v, *_: (w, None, v)))
    assert "m is None" in missing


def test_the_line_of_an_error_is_the_learners():
    def fails(w, dw, rate):
        return w - rate * gradient  # noqa: F821

    found = failure("sgd_step", fails)
    assert "NameError" in found.headline and "return w - rate * gradient" in found.parts["seen"]


def test_the_first_step_of_adam_is_as_long_as_the_rate():
    """The numbers that the messages state."""
    step = {
        m.id: m.wrong(*np.array([[0.0], [7.0], [0.0], [0.0]]), 1, 1.0, 0.9, 0.999, 1e-8)[0][0]
        for m in EXERCISES["adam_step"].bank
        if m.id in ("no-bias-correction", "only-m-corrected", "only-v-corrected", "t-one-too-large")
    }
    assert step["no-bias-correction"] == pytest.approx(-3.162, abs=1e-3)
    assert step["only-m-corrected"] == pytest.approx(-31.6, abs=0.1)
    assert step["only-v-corrected"] == pytest.approx(-0.1, abs=1e-3)
    assert step["t-one-too-large"] == pytest.approx(-0.744, abs=1e-3)


# ---- one token changed


def battery_of(name):
    """Many calls, as a probe makes them: other shapes, steps and settings than the probes'."""
    rng, calls = np.random.default_rng(8), []
    for k, shape in enumerate([(1,), (7,), (3, 5), (5, 3), (2, 1, 4), (2, 3, 2, 2)] * 2):
        w, dw, m, v = rng.normal(0, 2, (4, *shape))
        v, (rate, beta1, beta2, eps) = v**2, rng.uniform(0.05, 0.95, 4)
        calls.append(
            {
                "sgd_step": (w, dw, rate),
                "momentum_step": (w, dw, m, rate, beta1),
                "rmsprop_step": (w, dw, v, rate, beta1, eps),
                "adam_step": (w, dw, m, v, k + 1, rate, beta1, beta2, eps),
                "adam": (
                    w,
                    m.ravel(),
                    *(rng.normal(size=(k + 1, *a)) for a in (shape, (m.size,))),
                    *(rate, beta1, beta2, eps),
                ),
            }[name]
        )
    return calls


MUTATED = {
    "sgd_step": [sgd_in_place],
    "momentum_step": [momentum_in_place],
    "rmsprop_step": [rmsprop_in_place],
    "adam_step": [adam_in_place, adam_short_form],
    "adam": [run_of_dictionaries, run_with_sums],
}


@pytest.mark.parametrize("name", NAMES)
def test_no_mutant_survives(name):
    arguments, battery = tuple(EXERCISES[name].probes[-1].arguments.values()), battery_of(name)
    for function in (EXERCISES[name].reference, *MUTATED[name]):
        count = tally_of_played(name, function, arguments, battery)
        print(f"{name}, {function.__name__}: {count}")
        assert count.survivors == []
        assert count.tried > 0 and count.rejected > 0

import math

import numpy as np
import pytest

from cnn_utils import optim


def run(optimizer, gradients, start=0.0):
    """Feed a sequence of gradients to a single 1×1 weight and return where it went."""
    w = {"w": np.array([[start]])}
    path = []
    for g in gradients:
        optimizer.step(w, {"w": np.array([[float(g)]])})
        path.append(w["w"].item())
    return path


def test_sgd_by_hand():
    assert run(optim.SGD(0.1), [1, 3]) == pytest.approx([-0.1, -0.4])


def test_momentum_by_hand():  # v: 1, then 0.9 + 3 = 3.9
    assert run(optim.Momentum(0.1), [1, 3]) == pytest.approx([-0.1, -0.49])


def test_nesterov_by_hand():  # first 1 + 0.9·1 = 1.9, then 3 + 0.9·3.9 = 6.51
    assert run(optim.Nesterov(0.1), [1, 3]) == pytest.approx([-0.19, -0.841])


def test_rmsprop_by_hand():  # s: 0.1, then 0.09 + 0.9 = 0.99
    expected = [-0.1 / math.sqrt(0.1), -0.1 / math.sqrt(0.1) - 0.3 / math.sqrt(0.99)]
    assert run(optim.RMSProp(0.1), [1, 3]) == pytest.approx(expected)


def test_adam_by_hand():
    optimizer = optim.Adam(0.1)
    path = run(optimizer, [1, 3])
    assert path == pytest.approx([-0.1, -0.191778], abs=1e-6)
    assert optimizer.state["m"]["w"].item() / (1 - 0.9**2) == pytest.approx(2.052632, abs=1e-6)
    assert optimizer.state["v"]["w"].item() / (1 - 0.999**2) == pytest.approx(5.002001, abs=1e-6)


def test_adam_first_step_is_the_learning_rate_for_every_tensor():
    """t counts steps, not tensors: with one t a tensor the second would move by 0.744·η."""
    params = {"a": np.zeros(3), "b": np.zeros((2, 2))}
    grads = {"a": np.array([5.0, -2.0, 1e-3]), "b": np.full((2, 2), -7.0)}
    optim.Adam(0.01).step(params, grads)
    for name in params:
        np.testing.assert_allclose(params[name], -0.01 * np.sign(grads[name]), rtol=1e-4)


def test_decay_of_adamw_is_decoupled_and_that_of_adam_is_not():
    assert run(optim.AdamW(0.1, weight_decay=0.5), [0], start=2.0) == pytest.approx([1.9])
    # plain Adam sees the decay as a gradient, and divides its size away
    assert run(optim.Adam(0.1, weight_decay=0.5), [0], start=2.0) == pytest.approx([1.9], abs=1e-6)
    assert run(optim.Adam(0.1, weight_decay=5.0), [0], start=2.0) == pytest.approx([1.9], abs=1e-6)
    assert run(optim.AdamW(0.1, weight_decay=5.0), [0], start=2.0) == pytest.approx([1.0])


@pytest.mark.parametrize("kind", [optim.SGD, optim.Momentum, optim.Nesterov, optim.RMSProp])
def test_coupled_decay_is_a_gradient_of_decay_times_weight(kind):
    assert run(kind(0.1, weight_decay=0.5), [1], start=4.0) == pytest.approx(
        run(kind(0.1), [1 + 0.5 * 4.0], start=4.0)
    )


@pytest.mark.parametrize("kind", optim.OPTIMIZERS.values())
def test_decay_spares_biases(kind):
    params = {"b": np.full(3, 5.0)}
    kind(0.1, weight_decay=0.9).step(params, {"b": np.zeros(3)})
    np.testing.assert_array_equal(params["b"], 5.0)


@pytest.mark.parametrize("kind", optim.OPTIMIZERS.values())
def test_float32_stays_and_gradients_are_not_touched(kind):
    rng = np.random.default_rng(0)
    w = rng.normal(size=(4, 3)).astype(np.float32)
    g = rng.normal(size=(4, 3)).astype(np.float32)
    params, before = {"w": w}, g.copy()
    optimizer = kind(0.01, weight_decay=0.1)
    for _ in range(3):
        optimizer.step(params, {"w": g}, 0.5)
    assert params["w"] is w and w.dtype == np.float32
    assert all(
        a.dtype == np.float32 for memory in optimizer.state.values() for a in memory.values()
    )
    np.testing.assert_array_equal(g, before)


@pytest.mark.parametrize("kind", optim.OPTIMIZERS.values())
def test_every_optimizer_finds_the_bottom_of_a_valley(kind):
    """f(a, b) = a²/2 + 10·b²/2 from (2, 1)."""
    params = {"w": np.array([[2.0, 1.0]])}
    optimizer = kind(0.02)
    for i in range(800):
        optimizer.step(params, {"w": params["w"] * [1, 10]}, 1 - i / 800)
    assert np.abs(params["w"]).max() < 1e-2


@pytest.mark.parametrize("grads", [{"a": np.ones(2)}, {"a": np.ones(2), "b": np.ones(3)}])
def test_a_step_that_cannot_be_made_changes_nothing(grads):
    params, optimizer = {"a": np.zeros(2), "b": np.zeros(2)}, optim.Adam()
    with pytest.raises((RuntimeError, ValueError), match="b"):
        optimizer.step(params, grads)
    assert optimizer.t == 0 and not params["a"].any()


def test_schedules():
    assert [optim.cosine()(t) for t in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert optim.cosine(0.1)(1) == pytest.approx(0.1)
    assert [optim.step_decay(0.5, 0.1)(t) for t in (0, 0.49, 0.5, 0.99)] == pytest.approx(
        [1, 1, 0.1, 0.1]
    )
    cycle = optim.one_cycle(0.25, 0.04)
    assert [cycle(t) for t in (0, 0.125, 0.25, 0.625, 1)] == pytest.approx([0.04, 0.52, 1, 0.5, 0])

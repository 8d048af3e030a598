"""The live monitor trains as `fit` does, and obeys its buttons; no browser needed."""

import asyncio
import sys
import time

import numpy as np
import pytest
from helpers import texts
from IPython.core.formatters import DisplayFormatter

from cnn_course.explorers import training_monitor
from cnn_course.explorers.training_monitor import POINTS, REDRAW, _thinned, monitor_picture
from cnn_utils.layers import Dense, Dropout, Flatten, ReLU
from cnn_utils.optim import SGD, Momentum
from cnn_utils.sequential import Sequential
from cnn_utils.training import History

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4, 4, 1)).astype(np.float32)
Y = (X.sum(axis=(1, 2, 3)) > 0).astype(np.int64)


def small_model(**more):
    return Sequential([Flatten(), Dense(8), ReLU(), Dense(2)], (4, 4, 1), seed=1, **more)


def make(model=None, **arguments):
    arguments = {"epochs": 3, "batch_size": 8, **arguments}
    return training_monitor(model or small_model(), X, Y, **arguments)


async def wait_for(holds, seconds=120):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "nothing happened"
        await asyncio.sleep(0.002)


def test_nothing_is_trained_before_start():
    model = small_model()
    before = {name: array.copy() for name, array in model.arrays().items()}
    monitor = make(model)
    assert monitor.status == "ready" and monitor.losses == [] and monitor._task is None
    assert monitor.view.alt == ("Ready: press Start. 0 of 3 epochs done, learning rate 0.1.")
    assert not monitor.start_button.disabled
    assert monitor.pause_button.disabled and monitor.stop_button.disabled
    assert all(np.array_equal(before[name], a) for name, a in model.arrays().items())


@pytest.mark.parametrize("optimizer", [None, Momentum(0.02, 0.9)])
def test_it_does_what_fit_does(optimizer):
    model, twin = small_model(), small_model()
    monitor = make(model, optimizer=optimizer, validation=(X[:20], Y[:20]), seed=3)

    async def main():
        monitor.start_button.click()
        assert monitor.status == "running" and monitor.start_button.disabled
        await monitor.finished()

    asyncio.run(main())
    fresh = Momentum(0.02, 0.9) if optimizer is not None else SGD(0.1)
    expected = twin.fit(
        X, Y, epochs=3, batch_size=8, optimizer=fresh, validation=(X[:20], Y[:20]), seed=3,
        progress=False,
    )  # fmt: skip
    assert monitor.status == "finished" and model.history is monitor.history
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"):
        assert getattr(monitor.history, name) == getattr(expected, name)
    assert len(monitor.history.seconds) == 3 and min(monitor.history.seconds) > 0
    assert all(np.array_equal(a, twin.arrays()[name]) for name, a in model.arrays().items())
    assert len(monitor.losses) == 3 * 8
    assert f"loss {expected.loss[-1]:.4f}" in monitor.view.alt and "Finished." in monitor.view.alt


def test_pause_holds_everything_and_going_on_changes_no_number(monkeypatch):
    # a step at a time, so that it is not over before it can be paused
    monkeypatch.setattr(sys.modules[training_monitor.__module__], "SLICE", 0)
    model, twin = small_model(), small_model()
    monitor = make(model, epochs=40)

    async def main():
        monitor.start()
        await wait_for(lambda: len(monitor.losses) > 20)
        monitor.pause_button.click()
        assert monitor.status == "paused" and monitor.start_button.description == "Go on"
        held = len(monitor.losses), model.parameters()["dense_1.w"].copy()
        await asyncio.sleep(0.15)
        assert len(monitor.losses) == held[0]
        assert np.array_equal(model.parameters()["dense_1.w"], held[1])
        assert "Paused." in monitor.view.alt
        monitor.start_button.click()
        monitor.pause()
        monitor.start()  # at once: the same work goes on, and only once
        await monitor.finished()

    asyncio.run(main())
    expected = twin.fit(X, Y, epochs=40, batch_size=8, optimizer=SGD(0.1), progress=False)
    assert monitor.status == "finished" and monitor.history.loss == expected.loss
    assert len(monitor.losses) == 40 * 8


def test_stop_keeps_the_weights_and_start_begins_again():
    model = small_model()
    first = model.parameters()["dense_1.w"].copy()
    monitor = make(model, epochs=10_000)

    async def main():
        monitor.start()
        await wait_for(lambda: len(monitor.history) > 1)
        monitor.stop_button.click()
        steps, kept = len(monitor.losses), model.parameters()["dense_1.w"].copy()
        await monitor.finished()
        assert monitor.status == "stopped" and len(monitor.losses) == steps
        assert np.array_equal(model.parameters()["dense_1.w"], kept)
        assert not np.array_equal(kept, first)
        assert model.history.stopped == "stopped" and "Stopped." in monitor.view.alt
        losses = monitor.losses[:8]
        monitor.start_button.click()
        assert np.array_equal(model.parameters()["dense_1.w"], first)
        await wait_for(lambda: len(monitor.losses) >= 8)
        assert monitor.losses[:8] == losses
        monitor.close()
        await monitor.finished()
        assert monitor.status == "stopped"

    asyncio.run(main())


def test_dropout_draws_the_same_masks_again():
    layers = [Flatten(), Dropout(0.5), Dense(2)]
    monitor = make(Sequential(layers, (4, 4, 1), seed=2), epochs=1)

    async def main():
        runs = []
        for _ in range(2):
            monitor.start()
            await monitor.finished()
            runs.append(monitor.history.loss)
        assert runs[0] == runs[1]

    asyncio.run(main())


def test_the_kernel_is_never_blocked_for_long():
    monitor = make(epochs=100_000)
    started, draw = [], monitor.draw

    def timed_draw(**state):
        started.append(time.perf_counter())
        return draw(**state)

    monitor.draw = timed_draw

    async def main():
        monitor.start()
        worked, turn = [], time.process_time()
        until = time.monotonic() + 120
        while len(started) < 5:
            assert time.monotonic() < until
            await asyncio.sleep(0.001)
            worked.append(time.process_time() - turn)
            turn = time.process_time()
        monitor.stop()
        return worked

    worked = asyncio.run(main())
    # Seconds of work without a break: 0.13 measured; all takes minutes.
    assert max(worked) < 2
    assert np.all(np.diff(started[:5]) > REDRAW)


def test_it_can_be_slowed_down():
    monitor = make(epochs=100, steps_per_second=50)

    async def main():
        monitor.start()
        started = time.monotonic()
        await wait_for(lambda: len(monitor.losses) >= 6)
        assert time.monotonic() - started > 5 / 50
        monitor.stop()

    asyncio.run(main())


def test_the_learning_rate_can_be_changed_meanwhile():
    monitor = make(epochs=10_000)

    async def main():
        monitor.start()
        await wait_for(lambda: len(monitor.history) > 1)
        monitor.controls["rate"].value = 0.5
        assert "learning rate 0.5" in monitor.view.alt
        assert "rate 0.5" in monitor.picture._suptitle.get_text()
        done = len(monitor.history)
        await wait_for(lambda: len(monitor.history) > done + 1)
        monitor.stop()
        assert monitor.history.learning_rate[0] == 0.1
        assert monitor.history.learning_rate[-1] == 0.5

    asyncio.run(main())


def test_a_rate_of_ones_own_is_on_the_slider():
    monitor = make(optimizer=SGD(0.03))
    assert monitor.state == {"rate": 0.03} and "learning rate 0.03." in monitor.view.alt


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # inf and nan are the point
def test_errors_are_shown_and_it_can_start_again():
    x = X.copy()
    x[5] = np.nan
    monitor = training_monitor(small_model(), x, Y, epochs=3, batch_size=8)

    async def main():
        for _ in range(2):
            monitor.start_button.click()
            await monitor.finished()
            assert monitor.status == "failed" and monitor.start_button.description == "Again"
            assert "Stopped by an error: FloatingPointError: the loss became nan" in (
                monitor.view.alt
            )

    asyncio.run(main())


def test_without_an_event_loop_it_says_so():
    monitor = make()
    monitor.start_button.click()
    assert "there is no event loop to train in" in monitor.view.alt


def test_starting_one_stops_the_others():
    model = small_model()
    one, other = make(model, epochs=10_000), make(epochs=10_000)

    async def main():
        one.start()
        await wait_for(lambda: len(one.losses) > 3)
        other.start()
        assert (one.status, other.status) == ("stopped", "running")
        one.start()
        assert (one.status, other.status) == ("running", "stopped")
        await wait_for(lambda: len(one.losses) > 3)
        again = make(model)  # the cell was run again: the same model gets a new monitor
        assert one.status == "stopped" and again.status == "ready"
        await one.finished()
        await other.finished()

    asyncio.run(main())


def test_slips_are_answered_at_once():
    with pytest.raises(ValueError, match="need labels of shape"):
        training_monitor(small_model(), X, Y[:7])
    with pytest.raises(TypeError, match="epochs must be an integer"):
        make(epochs=1.5)
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, got the class SGD"):
        make(optimizer=SGD)


def test_the_picture_of_a_state():
    history = History(
        loss=[0.5, 0.25], accuracy=[0.6, 0.9], val_loss=[0.4, 0.3], val_accuracy=[0.7, 0.8]
    )
    losses = np.linspace(1.2, 0.2, 20)
    picture = monitor_picture(losses, history, epochs=5, steps=10, rate=0.02, status="running")
    assert picture.alt == (
        "Training. 2 of 5 epochs done, learning rate 0.02. Last epoch: loss 0.2500, training images"
        " right 90.0 %, validation images 80.0 %."
    )
    left, right = picture.axes
    steps = next(line for line in left.lines if line.get_label() == "steps")
    assert steps.get_xdata()[[0, -1]] == pytest.approx([0.1, 2.0])
    assert left.get_ylim()[1] > 1.2 and left.get_xlim()[1] > 5
    validation = next(line for line in right.lines if line.get_label() == "validation")
    assert list(validation.get_ydata()) == pytest.approx([70, 80])
    assert {"steps", "training", "validation"} <= set(texts(picture))


def test_many_steps_become_few_points_with_the_same_mean():
    losses = RNG.uniform(size=7001)
    at, heights = _thinned(losses)
    assert len(at) == len(heights) <= POINTS
    assert heights[0] == pytest.approx(losses[:24].mean()) and at[0] == pytest.approx(11.5)
    assert heights[-1] == pytest.approx(losses[-(7001 % 24) :].mean())


def test_a_saved_notebook_keeps_the_picture():
    data, metadata = DisplayFormatter().format(make())
    assert "image/png" in data and metadata["image/png"]["alt"].startswith("Ready: press Start.")
    assert repr(make()) == "<TrainingMonitor>"

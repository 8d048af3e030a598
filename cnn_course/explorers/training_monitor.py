"""Watch a training while it goes on; pause it, go on, stop it, change its learning rate.

It trains a few steps at a time in the event loop of the kernel, between the cells: the notebook
stays usable, and no cell ever meets a model in the middle of a step. While a cell runs, the
training waits for it.
"""

from __future__ import annotations

import asyncio
import time
import weakref

import ipywidgets
import numpy as np
from matplotlib.ticker import MaxNLocator

from cnn_utils import training
from cnn_utils.data.batches import batches
from cnn_utils.optim import SGD, Optimizer
from cnn_utils.parallel import single_blas_thread
from cnn_utils.plots.picture import COLOURS, Picture, styled
from cnn_utils.sequential import Sequential
from cnn_utils.training import EVALUATION_BATCH, History

from .explorer import Explorer

SLICE = 0.03  # seconds of training after which the kernel may see to something else
REDRAW = 0.25  # seconds from one picture to the next, at least
POINTS = 300  # most points of the curve of single steps
RATES = [digit * 10.0**power for power in (-3, -2, -1, 0) for digit in (1, 2, 5)] + [10.0]
WORDS = {
    "ready": "Ready: press Start",
    "running": "Training",
    "paused": "Paused",
    "stopped": "Stopped",
    "finished": "Finished",
    "failed": "Stopped by an error",
}
_running: weakref.WeakSet[TrainingMonitor] = weakref.WeakSet()


@styled
def monitor_picture(
    losses, history: History, *, epochs: int, steps: int, rate: float, status: str, error: str = ""
) -> Picture:
    """Show how far a training has come.

    losses: of every step so far. history: of the epochs that are over. epochs, steps: how many
    epochs there will be, and steps in each. rate: the learning rate now. status: a key of WORDS.
    error: the message of the exception, if status is 'failed'.
    """
    done = len(history)
    told = [f"{WORDS[status]}{f': {error}' if error else ''}."]
    told.append(f"{done} of {epochs} epochs done, learning rate {rate:g}.")
    if done:
        told.append(f"Last epoch: loss {history.loss[-1]:.4f}, training images right "
                    f"{100 * history.accuracy[-1]:.1f} %")  # fmt: skip
        if history.val_accuracy:
            told[-1] += f", validation images {100 * history.val_accuracy[-1]:.1f} %"
        told[-1] += "."
    title = f"{WORDS[status]} ({done} of {epochs} epochs, rate {rate:g})"
    picture = Picture(title, " ".join(told), 3.0)
    picture.set_layout_engine("none")
    left = picture.add_axes((0.075, 0.165, 0.415, 0.63))
    right = picture.add_axes((0.575, 0.165, 0.415, 0.63))
    if len(losses):
        at, heights = _thinned(np.asarray(losses, dtype=np.float64))
        left.plot((at + 1) / steps, heights, lw=0.8, color="#AAAAAA", label="steps")
    for axis, what, factor in ((left, "loss", 1), (right, "accuracy", 100)):
        for part, prefix, line in (("training", "", "o-"), ("validation", "val_", "s--")):
            values = factor * np.asarray(getattr(history, prefix + what))
            if len(values):
                at = np.arange(1, len(values) + 1)
                axis.plot(at, values, line, ms=4, color=COLOURS[part], label=part)
        axis.set_xlim(0, epochs + 0.3)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axis.set_xlabel("epoch", labelpad=1)
        axis.grid(axis="y")
        if axis.lines:
            axis.legend(loc="best" if what == "loss" else "lower right", fontsize=8)
    left.set_ylim(0, max(1.0, 1.05 * max(heights)) if len(losses) else 1.0)
    right.set_ylim(0, 104)
    left.set_title("loss (nats)", loc="left")
    right.set_title("images right (%)", loc="left")
    return picture


class TrainingMonitor(Explorer):
    """What ``training_monitor`` returns. ``status`` is a key of WORDS, ``history`` grows by every
    epoch, ``losses`` by every step."""

    status = "ready"  # also of a monitor that could not be made

    def __init__(self, model, x, y, *, epochs, batch_size, optimizer, validation, seed, pace):
        training._check_pairs(x, y)
        if validation is not None:
            training._check_pairs(*validation)
        _stop_others(self, model)
        self.model, self.x, self.y, self.validation = model, x, y, validation
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.optimizer, self.pace = optimizer, pace
        self.status, self.error = "ready", ""
        self.losses, self.history = [], History()
        self._start = {name: array.copy() for name, array in model.arrays().items()}
        self._rngs = model.rng_states()
        self._work = self._task = self._run = None
        self._drawn = 0.0
        self.start_button = ipywidgets.Button(description="Start", icon="play")
        self.pause_button = ipywidgets.Button(description="Pause", icon="pause")
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop")
        buttons = [self.start_button, self.pause_button, self.stop_button]
        for button, action in zip(buttons, (self.start, self.pause, self.stop), strict=True):
            button.layout.width = "7em"
            button.on_click(lambda _, action=action: action())
        rates = sorted({*RATES, optimizer.learning_rate})
        rate = ipywidgets.SelectionSlider(
            options=[(f"{rate:g}", rate) for rate in rates],
            value=optimizer.learning_rate,
            description="learning rate",
            layout=ipywidgets.Layout(width="26em"),
            style={"description_width": "initial"},
        )
        super().__init__(self._draw, {"rate": rate}, rows=[[*buttons, rate]])
        self._set("ready")

    def start(self) -> None:
        """Begin, from the weights the model had when the monitor was made; after a pause, go on."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            message = "there is no event loop to train in, as notebooks have; use model.fit"
            self._set("failed", message)
            return
        _stop_others(self)
        if self.status != "paused":
            self.model.set_arrays(self._start)
            self.model.set_rng_states(self._rngs)
            fresh = type(self.optimizer)(**self.optimizer.arguments)
            self._run = training._Run(self.model, fresh, self.seed)
            self.losses, self.history = [], self._run.history
            self._work = self._steps()
        self._set("running")
        _running.add(self)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._drive())

    def pause(self) -> None:
        """Wait until start is called again."""
        if self.status == "running":
            self._set("paused")

    def stop(self) -> None:
        """End here; the model keeps the weights it has now."""
        if self.status in ("running", "paused"):
            self._finish("stopped")

    def close(self) -> None:
        """Stop, and take the widget off the page."""
        self.stop()
        super().close()

    async def finished(self) -> None:
        """Wait until the training rests: finished, paused, stopped or failed."""
        if self._task is not None:
            await self._task

    def _steps(self):
        """The work, yielding after every step and after every batch that is evaluated."""
        run, history, n = self._run, self.history, len(self.x)
        for _ in range(self.epochs):
            loss_sum, right = 0.0, 0
            for rows in batches(n, self.batch_size, run.rng):
                run.optimizer.learning_rate = self.controls["rate"].value
                images = training._images(self.x[rows], self.model.dtype)
                loss, hits = run.step(images, self.y[rows], 1.0)
                self.losses.append(loss)
                loss_sum, right = loss_sum + loss * len(rows), right + hits
                yield
            measured = (yield from self._validate()) if self.validation is not None else None
            history.loss.append(loss_sum / n)
            history.accuracy.append(right / n)
            history.learning_rate.append(run.optimizer.learning_rate)
            if measured is not None:
                history.val_loss.append(measured[0])
                history.val_accuracy.append(measured[1])

    def _validate(self):
        x, y = self.validation
        sums = np.zeros(2)
        for rows in batches(len(x), EVALUATION_BATCH):
            sums += len(rows) * np.array(training.evaluate(self.model, x[rows], y[rows]))
            yield
        return (sums / len(x)).tolist()

    async def _drive(self) -> None:
        """Work in slices as long as the status is 'running'."""
        while self.status == "running":
            try:
                with single_blas_thread():
                    until = time.perf_counter() + (SLICE if self.pace is None else 0)
                    next(self._work)
                    while time.perf_counter() < until:
                        next(self._work)
                if time.perf_counter() - self._drawn > REDRAW:
                    self._redraw()
            except StopIteration:
                self._finish("finished")
            except Exception as error:  # whatever it is, the learner is to see it
                self._finish("failed", f"{type(error).__name__}: {error}")
            # meanwhile messages come in: a click, a cell to run
            await asyncio.sleep(0.001 if self.pace is None else 1 / self.pace)

    def _finish(self, status: str, error: str = "") -> None:
        self._work.close()
        self.history.stopped = "" if status == "finished" else status
        self.model.history = self.history
        _running.discard(self)
        self._set(status, error)

    def _set(self, status: str, error: str = "") -> None:
        self.status, self.error = status, error
        self.start_button.disabled = status == "running"
        again = "Again" if status in ("stopped", "finished", "failed") else "Start"
        self.start_button.description = "Go on" if status == "paused" else again
        self.pause_button.disabled = status != "running"
        self.stop_button.disabled = status not in ("running", "paused")
        self._redraw()

    def _draw(self, rate: float) -> Picture:
        self._drawn = time.perf_counter()
        steps = -(-len(self.x) // self.batch_size)
        return monitor_picture(
            self.losses,
            self.history,
            epochs=self.epochs,
            steps=steps,
            rate=rate,
            status=self.status,
            error=self.error,
        )

    def __repr__(self):
        return "<TrainingMonitor>"


def training_monitor(
    model: Sequential,
    x,
    y,
    *,
    epochs: int = 10,
    batch_size: int = 10,
    optimizer: Optimizer | None = None,
    validation=None,
    seed: int = 0,
    steps_per_second: float | None = None,
) -> TrainingMonitor:
    """Train a model in the background of a notebook, with buttons and live curves.

    model, x, y, epochs, batch_size, seed, validation: as in :func:`cnn_utils.training.fit`; with
    the learning rate left alone, the numbers are those of ``fit`` too. optimizer: SGD(0.1) unless
    given; its learning rate can be changed by the slider, also while it trains. steps_per_second:
    no more than these, so that eyes and hands can follow; unless given, as many as there is time
    for. Nothing is trained before Start is pressed; starting one monitor stops all others.
    """
    return TrainingMonitor(
        model,
        x,
        y,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer if optimizer is not None else SGD(0.1),
        validation=validation,
        seed=seed,
        pace=steps_per_second,
    )


def _stop_others(monitor: TrainingMonitor, model=None) -> None:
    """Stop the monitors that are training or paused: all others, or those of one model."""
    for other in list(_running):
        if other is not monitor and (model is None or other.model is model):
            other.stop()


def _thinned(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS pairs of (number of the step, loss): means over neighbouring steps."""
    each = -(-len(losses) // POINTS)
    starts = np.arange(0, len(losses), each)
    sizes = np.diff(np.append(starts, len(losses)))
    return starts + (sizes - 1) / 2, np.add.reduceat(losses, starts) / sizes

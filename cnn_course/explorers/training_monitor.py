"""Watch a training while it goes on; pause it, go on, stop it, change its learning rate.

It trains a few steps at a time in the event loop of the kernel, between the cells: the notebook
stays usable, and no cell ever meets a model in the middle of a step. While a cell runs, the
training waits for it.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from dataclasses import replace

import ipywidgets
import numpy as np
from matplotlib.ticker import MaxNLocator

from cnn_utils.optim import Optimizer
from cnn_utils.parallel import single_blas_thread
from cnn_utils.plots.picture import COLOURS, Picture, styled
from cnn_utils.sequential import Sequential
from cnn_utils.training import History, Run, Step

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
    """What `training_monitor` returns. `status` is a key of WORDS, `history` grows with every
    epoch, `losses` with every step."""

    def __init__(self, run: Run, pace: float | None):
        _stop_others(self, run.model)
        self.run, self.pace = run, pace
        self.status, self.error, self.losses = "ready", "", []
        self._start = {name: array.copy() for name, array in run.model.arrays().items()}
        self._rngs = run.model.rng_states()
        self._work = self._task = None
        self._drawn = 0.0
        self.start_button = ipywidgets.Button(description="Start", icon="play")
        self.pause_button = ipywidgets.Button(description="Pause", icon="pause")
        self.stop_button = ipywidgets.Button(description="Stop", icon="stop")
        buttons = [self.start_button, self.pause_button, self.stop_button]
        for button, action in zip(buttons, (self.start, self.pause, self.stop), strict=True):
            button.layout.width = "7em"
            button.on_click(lambda _, action=action: action())
        rates = sorted({*RATES, run.optimizer.learning_rate})
        rate = ipywidgets.SelectionSlider(
            options=[(f"{rate:g}", rate) for rate in rates],
            value=run.optimizer.learning_rate,
            description="learning rate",
            layout=ipywidgets.Layout(width="26em"),
            style={"description_width": "initial"},
        )
        super().__init__(self._draw, {"rate": rate}, rows=[[*buttons, rate]])
        self._set("ready")

    @property
    def history(self) -> History:
        """Of the epochs that are over."""
        return self.run.history

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
            model, optimizer = self.run.model, self.run.optimizer
            model.set_arrays(self._start)
            model.set_rng_states(self._rngs)
            fresh = type(optimizer)(**optimizer.arguments)
            self.run, self.losses = replace(self.run, optimizer=fresh), []
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
        """The work, yielding after every step and after every batch that is validated."""
        run, rate = self.run, self.controls["rate"]
        while len(run.history) < run.epochs:
            run.optimizer.learning_rate = rate.value
            for step in run.epoch():
                if isinstance(step, Step):
                    self.losses.append(step.loss)
                yield
                run.optimizer.learning_rate = rate.value

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
        self.run.model.history = self.history
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
        return monitor_picture(
            self.losses,
            self.history,
            epochs=self.run.epochs,
            steps=self.run.steps,
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

    model, x, y, epochs, batch_size, optimizer, validation, seed: as in `cnn_utils.training.fit`.
    The numbers are those of `fit` too, unless the learning rate is changed with the slider, also
    in the middle of the training. steps_per_second: no more than these, so that eyes and hands can
    follow; unless given, as many as there is time for. Nothing is trained before Start is pressed;
    starting one monitor stops all others.
    """
    run = Run(model, x, y, epochs, batch_size, optimizer, validation=validation, seed=seed)
    return TrainingMonitor(run, steps_per_second)


def _stop_others(monitor: TrainingMonitor, model=None) -> None:
    """Stop the monitors that are training or paused: all others, or those of one model."""
    for other in list(_running):
        if other is not monitor and (model is None or other.run.model is model):
            other.stop()


def _thinned(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS pairs of (number of the step, loss): means over neighbouring steps."""
    each = -(-len(losses) // POINTS)
    starts = np.arange(0, len(losses), each)
    sizes = np.diff(np.append(starts, len(losses)))
    return starts + (sizes - 1) / 2, np.add.reduceat(losses, starts) / sizes

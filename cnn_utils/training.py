"""The training loop: epochs of shuffled batches, validation, early stopping, checkpoints.

`fit` trains to the end. `Run.epoch` is the loop inside it, step by step, for callers that have
something else to do in between.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from .arguments import came, instance, integer, number
from .checkpoint import check_folder, load_run, save_run
from .data.batches import batches, check_pairs, to_input
from .optim import SGD, Optimizer, Schedule
from .parallel import single_blas_thread

EVALUATION_BATCH = 250


class Model(Protocol):
    """All that `fit` asks of a model. A Sequential has it, and a checkpoint needs a Sequential.

    forward: the outputs for a batch, one row for each image. loss: of such outputs and labels (N,),
    with its gradient by the outputs. backward: takes that gradient back, so that `gradients` has
    one for each of the `parameters`. arrays: all that makes up the model; set_arrays copies such
    arrays in.
    """

    dtype: np.dtype

    def forward(self, x, training: bool = False) -> np.ndarray: ...
    def loss(self, outputs, y) -> tuple[float, np.ndarray]: ...
    def backward(self, dz) -> object: ...
    def parameters(self) -> dict[str, np.ndarray]: ...
    def gradients(self) -> dict[str, np.ndarray]: ...
    def arrays(self) -> dict[str, np.ndarray]: ...
    def set_arrays(self, arrays) -> None: ...


class Evaluation(NamedTuple):
    """Mean loss, and accuracy as a fraction from 0 to 1."""

    loss: float
    accuracy: float

    def __str__(self):
        return f"loss {self.loss:.4f}, accuracy {100 * self.accuracy:.2f} %"


class Step(NamedTuple):
    """One training step: the loss of its batch, and the epoch's figures so far."""

    loss: float
    so_far: Evaluation


@dataclass
class History:
    """The course of a training: lists with one number for each epoch.

    Loss and accuracy are those of training, with dropout and augmentation; the `val_` lists stay
    empty without validation. seconds: by the clock. stopped: why training ended before its last
    epoch, if it did.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""

    def __len__(self):
        return len(self.loss)

    def arrays(self) -> dict[str, np.ndarray]:
        """The lists as arrays (float64), by name."""
        lists = {name: values for name, values in vars(self).items() if name != "stopped"}
        return {name: np.asarray(values, dtype=np.float64) for name, values in lists.items()}

    @classmethod
    def from_arrays(cls, arrays, stopped: str = "") -> History:
        """Make a history of what `arrays` returned."""
        lists = {name: [float(v) for v in values] for name, values in arrays.items()}
        return cls(**lists, stopped=stopped)


class _Tally:
    """Mean loss and accuracy of all images so far."""

    loss_sum, right, seen = 0.0, 0, 0

    def add(self, loss: float, output, y) -> Evaluation:
        """Count one batch in."""
        self.loss_sum += loss * len(y)
        self.right += int(np.count_nonzero(output.argmax(axis=1) == y))
        self.seen += len(y)
        return Evaluation(self.loss_sum / self.seen, self.right / self.seen)


def outputs(model: Model, x) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Run images x (N, H, W, C) through a model in inference mode; yield (indices, outputs)."""
    x = np.asarray(x)
    for rows in batches(len(x), EVALUATION_BATCH):
        yield rows, model.forward(to_input(x[rows], model.dtype))


def evaluate(model: Model, x, y) -> Evaluation:
    """Measure a model in inference mode.

    x: images (N, H, W, C), uint8 or floats in [0, 1]; y: labels (N,), integers.
    """
    x, y = check_pairs(x, y)
    with single_blas_thread():
        *_, measured = _evaluations(model, x, y)
    return measured


def _evaluations(model, x, y) -> Iterator[Evaluation]:
    """After every batch, how the model does on the images so far."""
    tally = _Tally()
    for rows, output in outputs(model, x):
        loss, _ = model.loss(output, y[rows])
        yield tally.add(loss, output, y[rows])


@dataclass(eq=False, repr=False)
class Run:
    """One training: what it works on, and what changes while it goes on.

    The fields are the arguments of `fit`. What changes is `history`; `rng`, which shuffles and
    augments; `best`, the model's arrays after its best epoch, with `best_loss` (on the validation
    set if there is one); and `waited`, the number of epochs since. Raises TypeError or ValueError
    for an argument that cannot work.
    """

    model: Model
    x: np.ndarray
    y: np.ndarray
    epochs: int
    batch_size: int = 64
    optimizer: Any = None  # an Optimizer
    schedule: Schedule | None = None
    validation: tuple[np.ndarray, np.ndarray] | None = None
    augment: Callable | None = None
    seed: int = 0

    def __post_init__(self):
        self.x, self.y = check_pairs(self.x, self.y)
        self.epochs = integer(self.epochs, "epochs", 1)
        self.batch_size = integer(self.batch_size, "batch_size", 1)
        if self.optimizer is None:
            self.optimizer = SGD(0.1)
        instance(self.optimizer, Optimizer, "optimizer", "try optim.SGD(0.1)")
        if self.schedule is not None:
            instance(self.schedule, Callable, "schedule", "try optim.cosine()")
        if self.augment is not None:
            instance(self.augment, Callable, "augment", "try data.Augmenter(shift=2)")
        if self.validation is not None:
            if not (isinstance(self.validation, (tuple, list)) and len(self.validation) == 2):
                given = came(self.validation)
                raise TypeError(f"validation must be a pair, got {given}; write validation=(x, y).")
            self.validation = check_pairs(*self.validation, "validation images")
        self.rng = np.random.default_rng(integer(self.seed, "seed", 0))
        self.history = History()
        self.best, self.best_loss, self.waited = None, np.inf, 0

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return -(-len(self.x) // self.batch_size)

    def epoch(self) -> Iterator[Step | Evaluation]:
        """See every image once; when that is done, `history` has an epoch more.

        Yields a Step after every training step, then an Evaluation so far after every batch of the
        validation set. Raises FloatingPointError when the loss is not finite.
        """
        start, history = time.perf_counter(), self.history
        tally, done = _Tally(), len(history) * self.steps
        for rows in batches(len(self.x), self.batch_size, self.rng):
            loss, output, rate = self._step(rows, done / (self.epochs * self.steps))
            so_far, done = tally.add(loss, output, self.y[rows]), done + 1
            yield Step(loss, so_far)
        if self.validation is not None:
            for measured in _evaluations(self.model, *self.validation):
                yield measured
            history.val_loss.append(measured.loss)
            history.val_accuracy.append(measured.accuracy)
        history.loss.append(so_far.loss)
        history.accuracy.append(so_far.accuracy)
        history.learning_rate.append(rate)
        history.seconds.append(time.perf_counter() - start)
        self._keep_best()

    def _step(self, rows, done: float) -> tuple[float, np.ndarray, float]:
        """Forward, loss, backward, update: return loss, outputs and learning rate."""
        model, optimizer = self.model, self.optimizer
        images, labels = to_input(self.x[rows], model.dtype), self.y[rows]
        if self.augment is not None:
            shape, images = images.shape, self.augment(images, self.rng)
            if np.shape(images) != shape:
                raise ValueError(
                    f"augment must return images of shape {shape}, got {came(images)}; does it "
                    "end with `return x`?"
                )
        factor = 1.0
        if self.schedule is not None:
            hint = "use what optim.cosine() returns, with its brackets"
            factor = number(self.schedule(done), f"schedule({done:g})", hint=hint)
        output = model.forward(images, training=True)
        loss, dz = model.loss(output, labels)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss became {loss} in epoch {len(self.history) + 1}. The usual cause is a "
                f"learning rate that is too large (it is {optimizer.learning_rate}): try a tenth. "
                "Are the images scaled to [0, 1]?"
            )
        model.backward(dz)
        optimizer.step(model.parameters(), model.gradients(), factor)
        return loss, output, optimizer.learning_rate * factor

    def _keep_best(self) -> None:
        loss = (self.history.val_loss or self.history.loss)[-1]
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best = {name: a.copy() for name, a in self.model.arrays().items()}
        else:
            self.waited += 1


def fit(
    model: Model,
    x,
    y,
    *,
    epochs: int,
    batch_size: int = 64,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    validation=None,
    augment: Callable | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train a model and return the History.

    x: images (N, H, W, C); uint8 is scaled to [0, 1] batch by batch. y: labels (N,), integers.
    epochs: how often every image is seen, in all (also when resuming). batch_size: images in a
    step; the last batch of an epoch may be smaller. optimizer: from `optim`, SGD(0.1) if not given.
    schedule: fraction of the training done → factor of the learning rate (`optim.cosine()`).
    validation: (x, y), measured after every epoch. augment: function (x, rng) → x applied to every
    training batch (floats in [0, 1]). patience: stop after this many epochs without a better
    validation loss, and go back to the best weights. checkpoint: file written after every epoch.
    resume: go on from `checkpoint` where it exists; with the same arguments the result is bit for
    bit that of a training that was never interrupted. seed: of the shuffling and the augmentation.
    progress: show a bar, and a line for every epoch (for about every tenth of many).

    Ctrl-C ends the training early and keeps the best weights so far, by validation loss, or by
    training loss without validation. Raises FloatingPointError when the loss is not finite, and
    TypeError or ValueError for an argument that cannot work.
    """
    run = Run(model, x, y, epochs, batch_size, optimizer, schedule, validation, augment, seed)
    if patience is not None:
        patience = integer(patience, "patience", 1)
        if validation is None:
            raise ValueError("patience waits for a better validation loss: give validation=(x, y).")
    if checkpoint is not None:
        check_folder(checkpoint)
        if resume and Path(checkpoint).exists():
            load_run(checkpoint, run)
    elif resume:
        raise ValueError("resume=True goes on from a file: give checkpoint=… too.")
    # the threads of this package work best when BLAS does not start its own (see parallel)
    with single_blas_thread(), closing(_Display(run, progress)) as display:
        try:
            while len(run.history) < run.epochs and not run.history.stopped:
                for step in run.epoch():
                    display.step(step)
                if patience is not None and run.waited >= patience:
                    run.history.stopped = f"no better validation loss for {patience} epochs"
                if checkpoint is not None:
                    save_run(checkpoint, run)
                display.line()
        except KeyboardInterrupt:
            run.history.stopped = "interrupted"
    if run.history.stopped and run.best is not None:
        model.set_arrays(run.best)
    return run.history


class _Display:
    """A progress bar while an epoch runs, and a line when it is over."""

    def __init__(self, run: Run, show: bool):
        self.run, self.show = run, show
        self.bar: Any = None

    def step(self, step: Step | Evaluation) -> None:
        """Move the bar on by one training step."""
        if not self.show or not isinstance(step, Step):
            return
        epoch, epochs = len(self.run.history) + 1, self.run.epochs
        if self.bar is None:
            self.bar = _bar(total=epochs * self.run.steps, initial=(epoch - 1) * self.run.steps)
        loss, accuracy = step.so_far
        self.bar.set_description(f"epoch {epoch}/{epochs}", refresh=False)
        self.bar.set_postfix_str(f"loss {loss:.4f}, accuracy {100 * accuracy:.1f} %", refresh=False)
        self.bar.update()

    def line(self) -> None:
        """Print a line about the epoch that has ended, unless there are many of them."""
        history, epochs = self.run.history, self.run.epochs
        epoch, every = len(history), max(1, epochs // 10)
        last = epoch == epochs or history.stopped
        if not self.show or (epoch % every and not last and epoch > 1):
            return
        text = f"epoch {epoch:>{len(str(epochs))}}/{epochs}   "
        text += _in_words(history.loss, history.accuracy)
        if history.val_loss:
            text += "   validation " + _in_words(history.val_loss, history.val_accuracy)
        if not self.bar.disable:
            self.bar.clear()
        print(f"{text}   {sum(history.seconds):5.0f} s", flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def _in_words(loss: list[float], accuracy: list[float]) -> str:
    return f"loss {loss[-1]:.4f}   accuracy {100 * accuracy[-1]:6.2f} %"


def _bar(**arguments):
    """A progress bar in a terminal or a notebook; a log file gets only the lines."""
    from tqdm.auto import tqdm  # not before a bar is drawn: in a notebook it brings ipywidgets

    notebook = sys.modules.get("tqdm.notebook")
    visible = sys.stdout.isatty() or (notebook and issubclass(tqdm, notebook.tqdm))
    return tqdm(file=sys.stdout, leave=False, unit="step", disable=not visible, **arguments)

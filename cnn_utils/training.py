"""The training loop: epochs of shuffled batches, validation, early stop, checkpoints.

``fit`` and ``evaluate`` are what :class:`cnn_utils.sequential.Sequential` calls; a model is
anything with ``forward``, ``backward``, ``parameters``, ``gradients``, ``arrays``, ``save`` …
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm
from tqdm.notebook import tqdm as notebook_tqdm

from . import storage
from .data.batches import batches, to_float
from .optim import SGD
from .parallel import single_blas_thread

EVALUATION_BATCH = 250


class Evaluation(NamedTuple):
    """Mean loss, and accuracy as a fraction from 0 to 1."""

    loss: float
    accuracy: float

    def __str__(self):
        return f"loss {self.loss:.4f}, accuracy {100 * self.accuracy:.2f} %"


@dataclass
class History:
    """What every epoch brought: lists with one number an epoch (loss and accuracy as trained,
    that is with dropout and augmentation; the ``val_`` lists stay empty without validation)."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""  # why training ended before its last epoch, if it did

    def __len__(self):
        return len(self.loss)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the lists as arrays (float64), by name."""
        names = [f.name for f in fields(self) if f.name != "stopped"]
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in names}

    @classmethod
    def from_arrays(cls, arrays, stopped: str = "") -> History:
        return cls(
            **{name: [float(v) for v in values] for name, values in arrays.items()}, stopped=stopped
        )


def evaluate(model, x, y) -> Evaluation:
    """Measure a model on images ``x`` (N, H, W, C) with labels ``y`` (N,), in inference mode.

    uint8 images are scaled to [0, 1].
    """
    _check_pairs(x, y)
    loss_sum, right = 0.0, 0
    with single_blas_thread():
        for rows in batches(len(x), EVALUATION_BATCH):
            output = model.forward(_images(x[rows], model.dtype))
            loss, _ = model.loss(output, y[rows])
            loss_sum += loss * len(rows)
            right += int(np.count_nonzero(output.argmax(axis=1) == y[rows]))
    return Evaluation(loss_sum / len(x), right / len(x))


def fit(
    model,
    x,
    y,
    *,
    epochs,
    batch_size=64,
    optimizer=None,
    schedule=None,
    validation=None,
    augment=None,
    patience=None,
    checkpoint=None,
    resume=False,
    seed=0,
    progress=True,
) -> History:
    """Train a model and return the :class:`History`.

    Args:
        x: images (N, H, W, C); uint8 is scaled to [0, 1] batch by batch.
        y: labels (N,), whole numbers.
        epochs: how often every image is seen, in all (also when resuming).
        batch_size: images a step; the last batch of an epoch may be smaller.
        optimizer: from :mod:`cnn_utils.optim`; SGD(0.1) unless given.
        schedule: fraction of the training done → factor of the learning rate (``optim.cosine()``).
        validation: ``(x, y)`` measured after every epoch.
        augment: ``(x, rng) → x`` applied to every training batch (float, in [0, 1]).
        patience: stop after this many epochs without a better validation loss, and go back to the
            best weights.
        checkpoint: file written after every epoch.
        resume: go on from ``checkpoint`` where it exists. With the same arguments the result is
            bit for bit that of a training that was never interrupted.
        seed: of the shuffling and the augmentation.
        progress: show a bar, and a line for every epoch (for about every tenth of many).

    Ctrl-C ends the training early and keeps the best weights so far (by validation loss, or by
    training loss without validation). A loss that is not finite raises ``FloatingPointError``.
    """
    _check_pairs(x, y)
    if validation is not None:
        _check_pairs(*validation)
    if patience is not None and validation is None:
        raise ValueError("patience waits for a better validation loss: give validation=(x, y) too.")
    if resume and checkpoint is None:
        raise ValueError("resume=True needs checkpoint=…, the file to go on from.")
    run = _Run(model, optimizer if optimizer is not None else SGD(0.1), seed)
    if resume and Path(checkpoint).exists():
        run.restore(checkpoint)
    # the threads of this package work best when BLAS does not start its own (see parallel)
    with single_blas_thread(), _Display(epochs, -(-len(x) // batch_size), progress) as display:
        try:
            while len(run.history) < epochs and not run.history.stopped:
                run.epoch(x, y, epochs, batch_size, schedule, augment, validation, display)
                if patience is not None and run.waited >= patience:
                    run.history.stopped = f"no better validation loss for {patience} epochs"
                if checkpoint is not None:
                    run.save(checkpoint)
                display.line(run.history)
        except KeyboardInterrupt:
            run.history.stopped = "interrupted"
    if run.history.stopped and run.best is not None:
        model.set_arrays(run.best)
    return run.history


class _Run:
    """One training: everything that changes while it goes on, and nothing else."""

    def __init__(self, model, optimizer, seed):
        self.model, self.optimizer = model, optimizer
        self.rng = np.random.default_rng(seed)
        self.history = History()
        self.best, self.best_loss, self.waited = None, np.inf, 0

    def epoch(self, x, y, epochs, batch_size, schedule, augment, validation, display) -> None:
        """See every image once."""
        start = time.perf_counter()
        history, done = self.history, len(self.history)
        steps = -(-len(x) // batch_size)
        loss_sum, right, seen = 0.0, 0, 0
        for step, rows in enumerate(batches(len(x), batch_size, self.rng)):
            images = _images(x[rows], self.model.dtype)
            if augment is not None:
                images = augment(images, self.rng)
            factor = 1.0 if schedule is None else schedule((done * steps + step) / (epochs * steps))
            loss, hits = self.step(images, y[rows], factor)
            loss_sum, right, seen = loss_sum + loss * len(rows), right + hits, seen + len(rows)
            display.step(done + 1, loss_sum / seen, right / seen)
        history.loss.append(loss_sum / seen)
        history.accuracy.append(right / seen)
        history.learning_rate.append(self.optimizer.learning_rate * factor)
        if validation is not None:
            measured = evaluate(self.model, *validation)
            history.val_loss.append(measured.loss)
            history.val_accuracy.append(measured.accuracy)
        history.seconds.append(time.perf_counter() - start)
        self.keep_best()

    def step(self, images, labels, factor) -> tuple[float, int]:
        """Forward, loss, backward, update. Return the loss and how many were right."""
        model = self.model
        output = model.forward(images, training=True)
        loss, dz = model.loss(output, labels)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss became {loss} in epoch {len(self.history) + 1}. The usual cause is a "
                f"learning rate that is too large (it is {self.optimizer.learning_rate}): try a "
                "tenth. Are the images scaled to [0, 1]?"
            )
        model.backward(dz)
        self.optimizer.step(model.parameters(), model.gradients(), factor)
        return loss, int(np.count_nonzero(output.argmax(axis=1) == labels))

    def keep_best(self) -> None:
        history = self.history
        loss = (history.val_loss or history.loss)[-1]
        if loss < self.best_loss:
            self.best_loss, self.waited = loss, 0
            self.best = {name: a.copy() for name, a in self.model.arrays().items()}
        else:
            self.waited += 1

    def save(self, path) -> None:
        self.model.save(
            path,
            optimizer=self.optimizer,
            history=self.history,
            training={
                "rng": self.rng.bit_generator.state,
                "layer_rngs": self.model.rng_states(),
                "best_loss": self.best_loss,
                "waited": self.waited,
            },
            groups={"best": self.best},
        )

    def restore(self, path) -> None:
        """Take up a training where its checkpoint left it."""
        meta, groups = storage.read(path)
        name = Path(path).name
        if "training" not in meta:
            raise storage.ModelFileError(f"{name} is a saved model, not a checkpoint of fit.")
        if meta["architecture"] != self.model.architecture():
            raise ValueError(f"{name} belongs to a model with other layers; nothing was changed.")
        optimizer = self.optimizer
        expected = {"kind": type(optimizer).__name__, "arguments": optimizer.arguments}
        if {k: meta["optimizer"][k] for k in expected} != expected:
            raise ValueError(
                f"{name} was trained with {meta['optimizer']['kind']}"
                f"({meta['optimizer']['arguments']}), not with {optimizer}; resuming needs "
                "the same."
            )
        state = meta["training"]
        self.model.set_arrays({**groups["weights"], **groups["state"]})
        self.model.set_rng_states(state["layer_rngs"])
        optimizer.t = meta["optimizer"]["t"]
        optimizer.state = {slot: {} for slot in optimizer.slots}
        for key, array in groups["optimizer"].items():
            slot, parameter = key.split(":", 1)
            optimizer.state[slot][parameter] = array
        self.rng.bit_generator.state = state["rng"]
        self.history = History.from_arrays(groups["history"], meta["stopped"])
        self.best, self.best_loss, self.waited = groups["best"], state["best_loss"], state["waited"]


class _Display:
    """A progress bar while an epoch runs, and a line when it is over."""

    def __init__(self, epochs, steps, show):
        self.epochs, self.steps, self.show = epochs, steps, show
        self.every = max(1, epochs // 10)
        self.bar, self.in_bar = None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.close()

    def step(self, epoch, loss, accuracy) -> None:
        if not self.show:
            return
        if self.bar is None:  # a bar needs a terminal or a notebook; a log file gets lines only
            somewhere = issubclass(tqdm, notebook_tqdm) or sys.stdout.isatty()
            self.bar = tqdm(
                total=self.epochs * self.steps,
                initial=(epoch - 1) * self.steps,
                file=sys.stdout,
                leave=False,
                disable=not somewhere,
                unit="step",
            )
        self.bar.set_description(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(f"loss {loss:.4f}, accuracy {100 * accuracy:.1f} %", refresh=False)
        self.bar.update()

    def line(self, history: History) -> None:
        epoch = len(history)
        last = epoch == self.epochs or history.stopped
        if not self.show or (epoch % self.every and not last and epoch > 1):
            return
        text = (
            f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}   "
            f"loss {history.loss[-1]:.4f}   accuracy {100 * history.accuracy[-1]:6.2f} %"
        )
        if history.val_loss:
            text += (
                f"   validation loss {history.val_loss[-1]:.4f}   "
                f"accuracy {100 * history.val_accuracy[-1]:6.2f} %"
            )
        if self.bar is not None and not self.bar.disable:
            self.bar.clear()
        print(f"{text}   {sum(history.seconds):5.0f} s", flush=True)


def _images(x, dtype):
    """uint8 pixels become numbers in [0, 1]; anything else is taken as it is."""
    return to_float(x).astype(dtype, copy=False) if x.dtype == np.uint8 else x


def _check_pairs(x, y) -> None:
    if len(x) == 0:
        raise ValueError("there are no images: x has length 0.")
    if np.shape(y) != (len(x),):
        raise ValueError(
            f"{len(x)} images need labels of shape ({len(x)},), got {np.shape(y)}. One-hot rows "
            "become labels with y.argmax(axis=1), a column with y.ravel()."
        )

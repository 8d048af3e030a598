"""The five models of the course, each with everything needed to train it again.

`python -m cnn_utils train NAME` follows a recipe; lessons call `build`, `train` and `load_trained`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import data
from .arguments import choice, integer
from .data import Augmenter, Dataset
from .layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, ReLU, Sigmoid
from .optim import SGD, Adam, Nesterov, Optimizer, Schedule, cosine, one_cycle
from .sequential import Sequential

TRAINED = Path(__file__).parent / "trained"


@dataclass(frozen=True)
class Recipe:
    """A model and how to train it.

    dataset: loads the data. input_shape: of one image of it. layers: makes new layers. optimizer:
    makes a new one for a batch size. epochs, batch_size, schedule, augment: as in `training.fit`.
    loss: as in Sequential.
    """

    dataset: Callable[[], Dataset]
    input_shape: tuple[int, int, int]
    layers: Callable[[], list]
    optimizer: Callable[[int], Optimizer]
    epochs: int
    batch_size: int = 64
    schedule: Schedule | None = None
    augment: Augmenter | None = None
    loss: str = "softmax_cross_entropy"


def zeros_and_ones(training_images: int = 200) -> Dataset:
    """MNIST's zeros and ones: the first 200 of the training set, and all of the test set."""
    digits = data.load_mnist()
    train = np.flatnonzero(digits.y_train < 2)[:training_images]
    test = np.flatnonzero(digits.y_test < 2)
    return replace(
        digits,
        x_train=digits.x_train[train],
        y_train=digits.y_train[train],
        x_test=digits.x_test[test],
        y_test=digits.y_test[test],
        class_names=digits.class_names[:2],
    )


def _zero_one_layers() -> list:
    return [Conv2D(5, 3), Sigmoid(), Flatten(), Dense(100), Sigmoid(), Dense(2), Sigmoid()]


def _mnist_small_layers() -> list:
    return [Conv2D(8, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(10)]


def _signs_small_layers() -> list:
    first = [Conv2D(8, 5, padding=2), ReLU(), MaxPool2D(8)]
    second = [Conv2D(16, 5, padding=2), ReLU(), MaxPool2D(4)]
    return [*first, *second, Flatten(), Dense(6)]


def _block(filters: int, size: int, stride: int = 1, pool: int = 1) -> list:
    """Convolution, max-pool, batch norm, ReLU.

    Pooling comes first because normalising and rectifying then have a quarter of the numbers to go
    through. The batch norm would subtract any bias again, so the convolution has none.
    """
    conv = Conv2D(filters, size, stride, size // 2, use_bias=False)
    return [conv, *([MaxPool2D(pool)] if pool > 1 else []), BatchNorm(), ReLU()]


def _mnist_layers() -> list:
    blocks = [*_block(16, 5, pool=2), *_block(32, 3), *_block(32, 3, pool=2)]
    blocks += [*_block(64, 3), *_block(64, 3, pool=2)]
    return [*blocks, Flatten(), Dropout(0.4), Dense(10)]


def _signs_layers() -> list:
    blocks = [*_block(16, 5, stride=2, pool=2), *_block(32, 3, pool=2), *_block(64, 3, pool=2)]
    return [*blocks, Flatten(), Dropout(0.4), Dense(6)]


RECIPES: dict[str, Recipe] = {
    "zero-one": Recipe(
        dataset=zeros_and_ones,
        input_shape=(28, 28, 1),
        layers=_zero_one_layers,
        # fewer steps must be longer; beyond 5 images a step, longer ones end on the plateau
        optimizer=lambda batch_size: Nesterov(0.01 * min(batch_size, 5)),
        epochs=5,
        batch_size=1,
        schedule=cosine(),
        loss="binary_cross_entropy",
    ),
    "mnist-small": Recipe(
        dataset=data.load_mnist,
        input_shape=(28, 28, 1),
        layers=_mnist_small_layers,
        optimizer=lambda batch_size: SGD(0.1),
        epochs=10,
    ),
    "signs-small": Recipe(
        dataset=data.load_signs,
        input_shape=(64, 64, 3),
        layers=_signs_small_layers,
        optimizer=lambda batch_size: Adam(0.01),
        epochs=100,
        schedule=one_cycle(),
        augment=Augmenter(shift=4, rotate=10, scale=0.1, brightness=0.1, edge="edge"),
    ),
    "mnist": Recipe(
        dataset=data.load_mnist,
        input_shape=(28, 28, 1),
        layers=_mnist_layers,
        optimizer=lambda batch_size: Nesterov(0.05, weight_decay=5e-4),
        epochs=12,
        schedule=one_cycle(),
        augment=Augmenter(shift=2, rotate=10, scale=0.1, elastic=0.6),
    ),
    "signs": Recipe(
        dataset=data.load_signs,
        input_shape=(64, 64, 3),
        layers=_signs_layers,
        optimizer=lambda batch_size: Nesterov(0.05, weight_decay=1e-3),
        epochs=80,
        batch_size=32,
        schedule=one_cycle(),
        augment=Augmenter(shift=4, rotate=10, scale=0.1, brightness=0.1, edge="edge"),
    ),
}


def build(name: str, seed: int = 0) -> Sequential:
    """Make the untrained model of a recipe. name: one of RECIPES; seed: of its weights."""
    recipe = RECIPES[choice(name, RECIPES, "name")]
    return Sequential(recipe.layers(), recipe.input_shape, seed, loss=recipe.loss)


def train(
    name: str,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool = True,
    dataset: Dataset | None = None,
    out: Path | None = None,
) -> tuple[Sequential, dict]:
    """Train a recipe's model from scratch.

    name: one of RECIPES. epochs, batch_size: instead of the recipe's own. seed: of the starting
    weights, the shuffling, dropout and augmentation. progress: show a bar and a line for every
    epoch. dataset: instead of loading the recipe's own. out: save the trained model here.

    Returns the model, and its figures: `recipe`, `data`, `seed`, `parameters`, `epochs`, `loss`
    (mean training loss of the last epoch, None if there was none), `train_accuracy` and
    `test_accuracy` (fractions, measured after training) and `seconds` (training alone).
    """
    model = build(name, seed)
    recipe = RECIPES[name]
    dataset = recipe.dataset() if dataset is None else dataset
    batch_size = integer(recipe.batch_size if batch_size is None else batch_size, "batch_size", 1)
    start = time.perf_counter()
    history = model.fit(
        dataset.x_train,
        dataset.y_train,
        epochs=recipe.epochs if epochs is None else epochs,
        batch_size=batch_size,
        optimizer=recipe.optimizer(batch_size),
        schedule=recipe.schedule,
        augment=recipe.augment,
        seed=seed,
        progress=progress,
    )
    seconds = time.perf_counter() - start
    model.data = f"{dataset.label}, {dataset.source}"
    model.info = {
        "recipe": name,
        "data": model.data,
        "seed": seed,
        "parameters": model.parameter_count,
        "epochs": len(history),
        "loss": history.loss[-1] if history.loss else None,
        "train_accuracy": model.evaluate(dataset.x_train, dataset.y_train).accuracy,
        "test_accuracy": model.evaluate(dataset.x_test, dataset.y_test).accuracy,
        "seconds": round(seconds, 3),
    }
    if out is not None:
        model.save(out)
    return model, model.info


def load_trained(name: str) -> Sequential:
    """Load the model that comes with the course, trained on the real data: 'mnist' or 'signs'."""
    choice(name, sorted(path.stem for path in TRAINED.glob("*.h5")), "name")
    return Sequential.load(TRAINED / f"{name}.h5")

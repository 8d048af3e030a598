"""Fit what cnn_course/page/recognition.py calls TEMPERATURE, and show what SURE would cost.

    CNN_DATASETS=… python tools/calibrate_app.py      # real data only; a few minutes

The weights of the app know every training image, so none of them may set a temperature.

Digits: half of the test images, drawn as in lesson 13, fits T; the other half is reported.
Hands: 120 test images are too few to give any away. The training images are dealt into FOLDS, with
near twins (lesson 14) in the same fold, and the recipe is trained anew without each fold in turn.
So every image is judged by a network that has seen neither it nor its twin.
"""

from __future__ import annotations

import numpy as np

from cnn_utils import data, functional, recipes

FOLDS = 5
TWINS = 0.05  # root mean square difference of two images, 0 … 1
LEAST = (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def fit_temperature(z, y, low=0.05, high=20.0, steps=24):
    """Find the temperature with the least cross-entropy by halving; lesson 13 derives the slope."""
    for _ in range(steps):
        middle = np.sqrt(low * high)
        expected = np.sum(functional.softmax(z / middle) * z, axis=1)
        if np.mean(expected - z[np.arange(len(y)), y]) > 0:  # too sure
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def logits(model, x):
    """Return the logits of uint8 images, in float64."""
    parts = [model.forward(data.to_float(x[i : i + 500])) for i in range(0, len(x), 500)]
    return np.concatenate(parts).astype(np.float64)


def report(name, z, y, temperature):
    """Print, for every least probability, how much is refused and how much of the rest is right."""
    p = functional.softmax(z / temperature)
    right, sure = p.argmax(axis=1) == y, p.max(axis=1)
    print(f"{name}: {len(y):,} images, {100 * right.mean():.2f} % right")
    for least in LEAST:
        kept = sure >= least
        print(
            f"  sure from {least:<4}: refused {100 * np.mean(~kept):5.2f} %, "
            f"wrong among the rest {np.sum(~right & kept):3} of {kept.sum():,}"
        )


def by_resampling(z, y, rng, times=60):
    """Return the middle 95 % of the temperatures of samples drawn anew from these images."""
    found = []
    for _ in range(times):
        rows = rng.integers(0, len(y), len(y))
        found.append(fit_temperature(z[rows], y[rows], steps=14))
    return np.percentile(found, [2.5, 97.5])


def deal(x, rng):
    """Choose a fold for every image (N,); images nearer than TWINS share one."""
    flat = data.to_float(x).reshape(len(x), -1).astype(np.float64)
    squares = np.sum(flat**2, axis=1)
    apart = (squares[:, None] + squares - 2 * flat @ flat.T) / flat.shape[1]
    near = apart < TWINS**2
    family = np.arange(len(x))
    while True:  # every image takes the smallest number among those near it
        smaller = np.min(np.where(near, family, len(x)), axis=1)
        if np.array_equal(smaller, family):
            return rng.integers(0, FOLDS, len(x))[family]
        family = smaller


def digits():
    mnist, model = data.load_mnist(), recipes.load_trained("mnist")
    z, y = logits(model, mnist.x_test), mnist.y_test
    order = np.random.default_rng(0).permutation(len(y))
    fit_on, report_on = np.split(order, 2)
    temperature = fit_temperature(z[fit_on], y[fit_on])
    print(f"digits: T = {temperature:.2f}")
    report("the half T was fitted on", z[fit_on], y[fit_on], temperature)
    report("the other half", z[report_on], y[report_on], temperature)


def hands():
    signs = data.load_signs()
    x, y = signs.x_train, signs.y_train
    fold = deal(x, np.random.default_rng(0))
    z = np.zeros((len(y), 6))
    for k in range(FOLDS):
        model = recipes.build("signs", seed=k)
        recipe = recipes.RECIPES["signs"]
        model.fit(
            x[fold != k],
            y[fold != k],
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            optimizer=recipe.optimizer(recipe.batch_size),
            schedule=recipe.schedule,
            augment=recipe.augment,
            seed=k,
            progress=False,
        )
        z[fold == k] = logits(model, x[fold == k])
        print(f"fold {k}: {np.sum(fold == k)} images held out", flush=True)
    temperature = fit_temperature(z, y)
    low, high = by_resampling(z, y, np.random.default_rng(5))
    print(f"hands: T = {temperature:.2f}; from other samples {low:.2f} to {high:.2f} (95 %)")
    report("training images, each held out once", z, y, temperature)


if __name__ == "__main__":
    digits()
    hands()

"""Figures made of images: grids, rows that belong together, mistakes."""

from __future__ import annotations

import numpy as np

from cnn_utils.arguments import came, integer

from .picture import COLOURS, WIDTH, Picture, check_images, name_of, one_each, show, styled


@styled
def image_grid(
    images, labels=None, predictions=None, *, names=None, columns=10, title=""
) -> Picture:
    """Show images side by side, each under its label.

    images: (N, H, W, C); labels, predictions: integers (N,), shown as `names[label]`.
    With predictions, a wrong one reads "true → predicted ✗" and its image is framed.
    """
    images = check_images(images)
    captions, wrong = [""] * len(images), [False] * len(images)
    if labels is not None:
        labels = one_each(labels, len(images), "labels")
        captions = [name_of(label, names) for label in labels]
    if predictions is not None:
        if labels is None:
            raise ValueError("predictions are shown against labels; give labels too.")
        predictions = one_each(predictions, len(images), "predictions")
        for i, (label, guess) in enumerate(zip(labels, predictions, strict=True)):
            if label != guess:
                captions[i], wrong[i] = f"{captions[i]} → {name_of(guess, names)} ✗", True
    what = f"{len(images)} images in a grid" + (
        ", each with its label" if labels is not None else ""
    )
    if predictions is not None:
        what += f"; {sum(wrong)} of the predictions are wrong"
    return _gallery(images, captions, wrong, columns, title, f"{title}: {what}.")


@styled
def confident_mistakes(
    images, labels, probabilities, *, names=None, most=12, columns=6, title=""
) -> Picture:
    """Show the images a model got wrong, the one it was surest about first.

    images: (N, H, W, C); labels: (N,); probabilities: (N, K). Captions read "true → predicted",
    with the probability the model gave to its wrong answer.
    """
    images, probabilities = check_images(images), np.asarray(probabilities)
    labels = np.asarray(one_each(labels, len(images), "labels"))
    if probabilities.ndim != 2 or len(probabilities) != len(images):
        raise ValueError(
            f"probabilities must be (N, K), one row for each of {len(images)} images, got "
            f"{probabilities.shape}; use model.predict_proba(images)."
        )
    guesses, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    if not len(wrong):
        picture = Picture(title, f"{title}: no mistakes.", 1)
        picture.text(0.02, 0.3, "No mistakes: every image was recognised.")
        return picture
    captions = [
        f"{name_of(labels[i], names)} → {name_of(guesses[i], names)}\np = {sure[i]:.2f}"
        for i in wrong
    ]
    told = ", ".join(caption.replace("\n", ", ") for caption in captions)
    alt = f"{title}: {len(wrong)} images with true → predicted digit and probability: {told}."
    return _gallery(images[wrong], captions, [False] * len(wrong), columns, title, alt)


@styled
def image_rows(rows: dict, captions=None, *, title="") -> Picture:
    """Show rows of images that belong together column by column, such as test images over twins.

    rows: name of the row → images (N, H, W, C), all of one length; captions: N texts that stand
    under the columns.
    """
    if not isinstance(rows, dict) or not rows:
        raise TypeError(f"rows must be a dict, got {came(rows)}; give {{'name': images}}.")
    columns = len(next(iter(rows.values())))
    rows = {name: one_each(images, columns, name, "column") for name, images in rows.items()}
    cell = min((WIDTH - 0.3) / columns, 1.4)
    height = len(rows) * cell + 0.35 + (0.2 if captions is not None else 0)
    alt = f"{title}: {columns} images in each of these rows: {', '.join(rows)}."
    picture = Picture(title, alt, height, width=columns * cell + 0.3)
    axes = picture.subplots(len(rows), columns, squeeze=False)
    for (name, images), line in zip(rows.items(), axes, strict=True):
        for axis, image in zip(line, images, strict=True):
            show(axis, image)
        line[0].set_ylabel(name)
    if captions is not None:
        captions = one_each(captions, columns, "captions", "column")
        for axis, caption in zip(axes[-1], captions, strict=True):
            axis.set_xlabel(caption, fontsize=9)
    return picture


def _gallery(images, captions, framed, columns, title, alt) -> Picture:
    count = max(1, -(-len(images) // integer(columns, "columns", least=1)))
    cell = min(WIDTH / columns, 1.2)
    lines = max((caption.count("\n") + 1 for caption in captions if caption), default=0)
    height = count * ((cell - 0.08) * _aspect(images) + 0.05 + 0.17 * lines)
    picture = Picture(title, alt, height + (0.35 if title else 0.05), width=columns * cell)
    axes = picture.subplots(count, columns, squeeze=False).ravel()
    for axis in axes[len(images) :]:
        axis.axis("off")
    for axis, image, caption, frame in zip(axes, images, captions, framed, strict=False):
        show(axis, image)
        axis.set_title(caption, fontsize=9, pad=3)
        if frame:
            axis.title.set(color=COLOURS["wrong"], fontweight="bold")
            for side in axis.spines.values():
                side.set(visible=True, color=COLOURS["wrong"], linewidth=2.5)
    return picture


def _aspect(images) -> float:
    return images.shape[1] / images.shape[2] if len(images) else 1.0

"""Draw the pictures in images/ that README shows:  python tools/make_images.py

They are made from the embedded data sets and untrained models, so the same bytes come out wherever
the same Matplotlib draws them.
"""

import os
from pathlib import Path

import numpy as np

IMAGES = Path(__file__).resolve().parent.parent / "images"


def pictures() -> dict:
    """Return every picture by the name of its file."""
    from cnn_utils import data, plots, recipes

    os.environ.pop("CNN_DATASETS", None)
    os.environ["CNN_OFFLINE"] = "1"
    digits, signs = data.load_mnist(quiet=True), data.load_signs(quiet=True)

    def first_of_each_class(x, y, count):
        rows = [np.flatnonzero(y == label)[:count] for label in np.unique(y)]
        return np.stack(rows, axis=1).ravel()

    model = recipes.build("signs-small")
    trace = model.trace(data.to_float(signs.x_train[:64]), signs.y_train[:64])
    some_digits = first_of_each_class(digits.x_train, digits.y_train, 2)
    some_signs = first_of_each_class(signs.x_train, signs.y_train, 3)
    return {
        "signs_shape_flow.png": plots.shape_flow(
            trace,
            model.gradients(),
            title="signs-small: outputs run right, gradients come back left",
        ),
        "embedded_digits.png": plots.image_grid(
            digits.x_train[some_digits],
            digits.y_train[some_digits],
            title="The embedded digits: drawn by the course's own program",
        ),
        "embedded_hands.png": plots.image_grid(
            signs.x_train[some_signs],
            signs.y_train[some_signs],
            title="The embedded hands: rendered by the course's own program",
        ),
    }


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (IMAGES / name).write_bytes(picture.png())
        print(f"images/{name}")


if __name__ == "__main__":
    main()

"""Draw the pictures in images/ that README shows:  python tools/make_images.py

They are made from worked examples, the embedded data sets and untrained models, so the same bytes
come out wherever the same Matplotlib draws them.
"""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = Path(__file__).resolve().parent.parent / "images"


def pictures() -> dict:
    """Return every picture by the name of its file."""
    from cnn_course.explorers.backward_explorer import backward_picture
    from cnn_course.explorers.mask_viewer import mask_picture
    from cnn_utils import data, plots, recipes
    from cnn_utils.example import POOL_X

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
        "backward_explorer.png": backward_picture("dX", 1, 1),
        "pooling_mask.png": mask_picture(POOL_X),
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


def convolution_steps() -> list:
    """Return a picture for each step of the course's worked example, as far as Z is known then."""
    from cnn_utils import functional
    from cnn_utils.example import W, X
    from cnn_utils.plots.board import Board, product_sum

    z = functional.correlate2d(X, W)
    steps = []
    for step, (i, j) in enumerate(np.ndindex(z.shape)):
        window = [(i + u, j + v) for u, v in np.ndindex(W.shape)]
        pairs = zip((X[cell] for cell in window), W.ravel(), strict=True)
        known = [str(value).replace("-", "−") for value in z.ravel()[: step + 1]]
        shown = np.array(known + [""] * (z.size - step - 1)).reshape(z.shape)
        total = product_sum(pairs, z[i, j])
        board = Board("A kernel slides over an image", total, 16, 6)
        board.grid("X", X, 0.5, 1, marked=window, side=1.3)
        board.note(5.2, 3, r"$\bigstar$", fontsize=16)
        board.grid("W", W, 6.4, 1.65, "kernel", side=1.3)
        board.note(9.8, 3, "=", fontsize=16)
        board.grid("Z", shown, 11, 1.65, "output", marked=[(i, j)], side=1.3)
        board.note(0.5, 5.5, f"z[{i}, {j}] = {total}", fontsize=13)
        steps.append(board)
    return steps


def animate(steps: list, file: Path, seconds: float) -> None:
    """Save pictures of one size as a GIF that repeats for ever."""
    frames = [Image.open(io.BytesIO(step.png(small=False))).convert("RGB") for step in steps]
    width, height = (round(side / 1.5) for side in frames[0].size)  # as large as it is shown
    frames = [frame.resize((width, height), Image.Resampling.LANCZOS) for frame in frames]
    frames = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    frames[0].save(
        file, save_all=True, append_images=frames[1:], duration=round(1000 * seconds), loop=0
    )


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    animate(convolution_steps(), IMAGES / "convolution.gif", seconds=2)
    print("images/convolution.gif")
    for name, picture in pictures().items():
        (IMAGES / name).write_bytes(picture.png())
        print(f"images/{name}")


if __name__ == "__main__":
    main()

"""Train the zero-one model at many learning rates, for the explorer of lesson 09.

    python tools/make_learning_rate_runs.py

Writes cnn_course/explorers/learning_rate_runs.json: for every batch size, seed and learning rate
the loss of every epoch, as trained, and at the end the accuracy on the training and test images.
The data are the embedded digits, always; the optimiser is plain SGD. It takes some minutes.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.pop("CNN_DATASETS", None)
os.environ["CNN_OFFLINE"] = "1"
os.environ["CNN_DOWNLOADS"] = tempfile.mkdtemp()  # whatever has been downloaded is not used

from cnn_course import explorers  # noqa: E402
from cnn_utils import recipes  # noqa: E402
from cnn_utils.optim import SGD  # noqa: E402

RUNS = Path(explorers.__file__).parent / "learning_rate_runs.json"
RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
BATCH_SIZES = [1, 10, 50]
SEEDS = [0, 1, 2]
EPOCHS = 15


def train(dataset, rate: float, batch_size: int, seed: int) -> dict:
    """Losses of the epochs and the two accuracies at the end, in per cent."""
    model = recipes.build("zero-one", seed)
    history = model.fit(
        dataset.x_train,
        dataset.y_train,
        epochs=EPOCHS,
        batch_size=batch_size,
        optimizer=SGD(rate),
        seed=seed,
        progress=False,
    )
    train = model.evaluate(dataset.x_train, dataset.y_train)
    test = model.evaluate(dataset.x_test, dataset.y_test)
    return {
        "loss": [round(loss, 4) for loss in history.loss],
        "train": round(100 * train.accuracy, 1),
        "test": round(100 * test.accuracy, 1),
    }


def main() -> None:
    dataset = recipes.zeros_and_ones()
    runs = {}
    for batch_size in BATCH_SIZES:
        for seed in SEEDS:
            for rate in RATES:
                runs[f"{batch_size} {seed} {rate:g}"] = train(dataset, rate, batch_size, seed)
            print(f"batches of {batch_size}, seed {seed}: done", file=sys.stderr, flush=True)
    about = {
        "data": dataset.source,
        "training_images": len(dataset.y_train),
        "test_images": len(dataset.y_test),
        "rates": RATES,
        "batch_sizes": BATCH_SIZES,
        "seeds": SEEDS,
        "epochs": EPOCHS,
    }
    rows = [f"  {json.dumps(key)}: {json.dumps(run)}" for key, run in runs.items()]
    text = '{\n "about": ' + json.dumps(about) + ',\n "runs": {\n' + ",\n".join(rows) + "\n }\n}\n"
    RUNS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

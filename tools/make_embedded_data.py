"""Draw the embedded stand-in data sets and write them in the formats of the real ones.

    python tools/make_embedded_data.py [FOLDER]

writes into FOLDER (datasets/embedded unless given)

    mnist/train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz    6,000 digits
    mnist/t10k-images-idx3-ubyte.gz,  t10k-labels-idx1-ubyte.gz     1,000 digits by other writers
    signs/train_signs.h5, test_signs.h5                             900 and 180 hands

in about two minutes on one core. Everything is seeded: the pictures are the same every time and
everywhere, the files byte for byte wherever the same zlib compresses them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from cnn_course.drawn.digits import digit_example  # noqa: E402
from cnn_course.drawn.formats import write_idx, write_signs  # noqa: E402
from cnn_course.drawn.hands import hand_example  # noqa: E402

# For each part: the seed of its examples and how many there are.
DIGITS = {"train": (1011, 6000), "t10k": (1012, 1000)}
HANDS = {"train": (2001, 900), "test": (2002, 180)}


def examples(draw, seed: int, n: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """The first n examples of data set `seed`: images uint8 (n, …), labels uint8 (n,)."""
    started = time.perf_counter()
    images, labels = zip(*(draw(seed, index) for index in range(n)), strict=True)
    print(f"{what}: {n:,} images in {time.perf_counter() - started:.0f} s", flush=True)
    return np.stack(images), np.array(labels, dtype=np.uint8)


def main(folder: Path) -> None:
    """Write the six files below `folder`; each appears complete or not at all."""
    for name in ("mnist", "signs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for part, (seed, n) in DIGITS.items():
        x, y = examples(digit_example, seed, n, f"digits, {part}")
        write_idx(folder / "mnist" / f"{part}-images-idx3-ubyte.gz", x)
        write_idx(folder / "mnist" / f"{part}-labels-idx1-ubyte.gz", y)
    for part, (seed, n) in HANDS.items():
        x, y = examples(hand_example, seed, n, f"hands, {part}")
        write_signs(folder / "signs" / f"{part}_signs.h5", part, x, y.astype(np.int64))
    files = sorted(folder.glob("*/*_signs.h5")) + sorted(folder.glob("mnist/*.gz"))
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.2f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "datasets" / "embedded")

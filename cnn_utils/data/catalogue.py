"""The data sets of the course: their files, sizes, hashes, and where they can be downloaded.

The hashes are SHA-256 of the files as published. `datasets/README.md` says where each comes from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from .files import DataError
from .hdf5 import read_signs_split
from .idx import read_idx


@dataclass(frozen=True)
class File:
    """One file of a set: name, size in bytes and SHA-256 of the original, and what reads it.

    accept: None, or a function of a path that raises DataError unless the content is right. It
    decides about a file with another SHA-256.
    """

    name: str
    size: int
    sha256: str
    read: Callable
    accept: Callable | None = None


@dataclass(frozen=True)
class DataSet:
    """One set.

    key: also its folder; title: its name in sentences; mirrors: addresses that end in '/', to be
    followed by a file's name; stand_in: what the embedded set shows, '' where there is none.
    """

    key: str
    title: str
    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    stand_in: str = ""


def get_set(key: str) -> DataSet:
    """Return the DataSet for 'mnist', 'fashion' or 'signs'; raise DataError for another key."""
    if key not in SETS:
        raise DataError(f"There is no data set {key!r}; choose one of {', '.join(SETS)}.")
    return SETS[key]


def _idx_files(*sizes_and_hashes: tuple[int, str]) -> tuple[File, ...]:
    """The four files of MNIST and its relatives."""
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return tuple(
        File(f"{name}-ubyte.gz", size, sha256, read_idx)
        for name, (size, sha256) in zip(names, sizes_and_hashes, strict=True)
    )


def _accept_signs_train(path: Path) -> None:
    """Accept any file with 1,080 training photographs of the right shape, 180 of each class."""
    x, y, _ = read_signs_split(path, "train")
    if x.shape != (1080, 64, 64, 3) or np.bincount(y).tolist() != [180] * 6:
        raise DataError(f"{path} does not hold 6 × 180 images of 64×64×3.")


GITHUB = "https://raw.githubusercontent.com/"

MNIST = DataSet(
    key="mnist",
    title="MNIST",
    files=_idx_files(
        (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        GITHUB + "fgnt/mnist/master/",
    ),
    stand_in="drawn digits",
)

FASHION = DataSet(
    key="fashion",
    title="Fashion-MNIST",
    files=_idx_files(
        (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    mirrors=(
        GITHUB + "zalandoresearch/fashion-mnist/"
        "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
)

SIGNS = DataSet(
    key="signs",
    title="Sign digits",
    files=(
        # Only one public source states this hash, hence the check by content when it differs.
        File(
            "train_signs.h5",
            13_281_872,
            "47480709d99f2ea6ae428ecc491fc6f65ff1d05336736dd859d5565e0ad3cf74",
            partial(read_signs_split, split="train"),
            accept=_accept_signs_train,
        ),
        File(
            "test_signs.h5",
            1_477_712,
            "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be",
            partial(read_signs_split, split="test"),
        ),
    ),
    mirrors=(
        GITHUB + "nabeelshan78/cnn-from-scratch-sign-digits/HEAD/datasets/",
        GITHUB + "brucebismarck/coursera_deep_learning_hmwk/HEAD/course4_week1/datasets/",
        GITHUB + "amanchadha/coursera-deep-learning-specialization/"
        "3f055e4a8db0d76efbfb6f5a0e7e854535a3e2ec/"
        "C4%20-%20Convolutional%20Neural%20Networks/Week%201/datasets/",
    ),
    stand_in="rendered hands",
)

SETS = {data_set.key: data_set for data_set in (MNIST, FASHION, SIGNS)}

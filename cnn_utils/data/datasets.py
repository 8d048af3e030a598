"""The three data sets of the course, each loaded by one call."""

from dataclasses import dataclass

import numpy as np

from .files import DataError
from .sources import get_set, locate, read_files

CLOTHES = "T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels for training and for testing.

    name: 'MNIST', 'Sign digits' or 'Fashion-MNIST'; source: where it came from, in words;
    is_real: False for the embedded stand-ins; x_train, x_test: uint8 (N, H, W, C);
    y_train, y_test: int64 (N,), indices into class_names, a tuple of str.
    """

    name: str
    source: str
    is_real: bool
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name for titles and results; it says so when the data are not the real ones."""
        return self.name if self.is_real else f"{self.name} stand-in (embedded)"

    def __repr__(self):
        return (
            f"<{self.label}: {len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{'×'.join(str(n) for n in self.x_train.shape[1:])}, {len(self.class_names)} classes>"
        )


def load_mnist(quiet: bool = False) -> Dataset:
    """Load MNIST, handwritten digits 28×28×1, or its embedded stand-in of drawn digits.

    Looks in the places that `sources` lists, downloads if need be, and prints one line about what
    it took unless `quiet`. Returns a Dataset. Raises DataError for a damaged file.
    """
    return _load_idx("mnist", tuple("0123456789"), quiet)


def load_fashion(quiet: bool = False) -> Dataset:
    """Load Fashion-MNIST, clothes 28×28×1 in the format of MNIST. There is no stand-in for it.

    As `load_mnist`, but also raises DataError when the set is in none of the places.
    Source: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747.
    """
    return _load_idx("fashion", tuple(CLOTHES.split(", ")), quiet)


def load_signs(quiet: bool = False) -> Dataset:
    """Load the sign-language digits 0–5, 64×64×3, or their embedded stand-in of rendered hands.

    As `load_mnist`.
    """
    location = locate("signs", progress=not quiet)
    (x_train, y_train, classes), (x_test, y_test, test_classes) = read_files("signs", location)
    if len(classes) != len(test_classes):
        raise DataError(
            f"Sign digits, {location.source}: the training file has {len(classes)} classes, the "
            f"test file {len(test_classes)}. They do not belong together."
        )
    names = tuple(str(number) for number in classes)
    return _finish("signs", location, (x_train, y_train, x_test, y_test), (64, 64, 3), names, quiet)


def _load_idx(key, names, quiet):
    """Load a set of four IDX files: images and labels for training, then for testing."""
    location = locate(key, progress=not quiet)
    x_train, y_train, x_test, y_test = contents = read_files(key, location)
    for file, array, dimensions in zip(get_set(key).files, contents, (3, 1, 3, 1), strict=True):
        if array.ndim != dimensions or array.dtype != np.uint8:
            kind = "images (N, 28, 28)" if dimensions == 3 else "labels (N,)"
            raise DataError(
                f"{file.name} of {get_set(key).title}, {location.source}: expected {kind} of type "
                f"uint8, got {array.dtype} {array.shape}. Is it the file its name says?"
            )
    arrays = x_train[..., np.newaxis], y_train, x_test[..., np.newaxis], y_test
    return _finish(key, location, arrays, (28, 28, 1), names, quiet)


def _finish(key, location, arrays, shape, names, quiet):
    """Check that the arrays fit together, say what was loaded and return the Dataset."""
    title = get_set(key).title
    x_train, y_train, x_test, y_test = arrays
    for part, x, y in (("training", x_train, y_train), ("test", x_test, y_test)):
        problem = ""
        if x.shape[1:] != shape:
            problem = f"images must be {shape}, these are {x.shape[1:]}"
        elif len(x) != len(y):
            problem = f"there are {len(x):,} images but {len(y):,} labels"
        elif y.min() < 0 or y.max() >= len(names):
            problem = f"labels must be 0 to {len(names) - 1}, these are {y.min()} to {y.max()}"
        if problem:
            raise DataError(
                f"{title}, {part} files, {location.source}: {problem}. The files are damaged or "
                "do not belong together; fetch the set again."
            )
    is_real = location.place != "embedded"
    y_train, y_test = y_train.astype(np.int64), y_test.astype(np.int64)
    data = Dataset(title, location.source, is_real, x_train, y_train, x_test, y_test, names)
    if not quiet:
        print(_describe(key, data, location))
    return data


def _describe(key, data, location):
    """The line that a loader prints."""
    size = "×".join(str(n) for n in data.x_train.shape[1:])
    numbers = f"{len(data.x_train):,} training and {len(data.x_test):,} test images, {size}"
    why = "; ".join(location.remarks)
    if data.is_real:
        because = f" ({why})" if why else ""
        return f"{data.name}: real data from {data.source}{because}: {numbers}."
    return (
        f"{data.name}: embedded stand-in ({get_set(key).stand_in}, not the real set), {numbers}: "
        f"{why}. `python -m cnn_utils data fetch {key}` gets the real set."
    )

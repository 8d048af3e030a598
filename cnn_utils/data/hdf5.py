"""The HDF5 files of the sign-language digits: each holds images, labels and the list of classes.

    train_signs.h5                                   test_signs.h5
      train_set_x   (N, H, W, 3) uint8  images         test_set_x
      train_set_y   (N,) integer        labels         test_set_y
      list_classes  (K,) integer        0 … K-1        list_classes

An HDF5 file can point to other files, and announce terabytes in a few hundred bytes. So the reader
looks at what a key is and how much of it is stored before it reads a single number.
"""

import math
from pathlib import Path

import h5py
import numpy as np

from .files import LARGEST_ARRAY, MOST_PER_BYTE, DataError, check_file

FILTERS = {1, 2, 3}  # HDF5's numbers for gzip, shuffle and fletcher32, which are read here


def read_signs_split(path: str | Path, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one half of the sign digits from an HDF5 file.

    path: the file; split: 'train' or 'test', the beginning of the keys.
    Returns (x, y, classes): x uint8 (N, H, W, 3), y int64 (N,) with 0 <= y < K, classes int64 (K,),
    which is 0 … K-1. Labels stored as (1, N) are accepted.
    Raises DataError when the file is missing, damaged, cut short, not HDF5, lacks one of the keys
    (the message lists those it has), points to other files, or holds anything else.
    """
    path = Path(path)
    check_split(split)
    check_file(path)
    try:
        # "best-effort": some network folders know no file locks
        with h5py.File(path, "r", locking="best-effort") as file:
            x, y, classes = (
                _read_array(file, key, path)
                for key in (f"{split}_set_x", f"{split}_set_y", "list_classes")
            )
    except DataError:
        raise
    except Exception as error:  # a damaged file can make h5py raise nearly anything
        reason = str(error).split("\n")[0][:200]
        raise DataError(
            f"{path} is not a readable HDF5 file ({reason}). It is damaged, cut short or of "
            "another kind; delete it and fetch it again."
        ) from error
    try:
        return check_signs(x, y, classes)
    except DataError as error:
        raise DataError(f"{path}, {split} part: {error}") from None


def check_signs(x, y, classes):
    """Check images, labels and classes and return them as (x, y, classes), labels int64 (N,).

    x, y, classes: arrays as in `read_signs_split`. Raises DataError with what is wrong.
    """
    if x.ndim != 4 or x.shape[3] != 3 or x.dtype != np.uint8 or 0 in x.shape:
        raise DataError(f"images must be uint8 (N, H, W, 3); these are {x.dtype} {x.shape}.")
    if y.ndim == 2 and y.shape[0] == 1:
        y = y[0]
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DataError(f"labels must be integers (N,) or (1, N); these are {y.dtype} {y.shape}.")
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or len(classes) == 0:
        raise DataError(
            f"list_classes must be integers (K,); this is {classes.dtype} {classes.shape}."
        )
    if not np.array_equal(classes, np.arange(len(classes))):
        raise DataError(f"list_classes must be 0, 1, … K-1; this is {classes[:10].tolist()}.")
    if len(y) != len(x):
        raise DataError(f"there are {len(x):,} images but {len(y):,} labels.")
    if y.min() < 0 or y.max() >= len(classes):
        raise DataError(
            f"labels run from {y.min()} to {y.max()}, but list_classes has only {len(classes)} "
            f"classes, 0 to {len(classes) - 1}."
        )
    return x, y.astype(np.int64), classes.astype(np.int64)


def check_split(split):
    """DataError unless split is 'train' or 'test'."""
    if split not in ("train", "test"):
        raise DataError(f"split must be 'train' or 'test'; got {split!r}.")


def _read_array(file, key, path):
    """Read one key of an open h5py `file`, after looking at what it is and how big."""
    link = file.get(key, getlink=True)
    if link is None:
        there = ", ".join(sorted(file)[:10]) or "none"
        raise DataError(f"{path} has no key {key!r}; it has: {there}. Is it another file?")
    if not isinstance(link, h5py.HardLink):
        raise DataError(f"{path}: {key!r} points elsewhere instead of holding data; not followed.")
    dataset = file[key]
    if not isinstance(dataset, h5py.Dataset):
        raise DataError(f"{path}: {key!r} is not an array. Is it another file?")
    if dataset.is_virtual or dataset.external:
        raise DataError(f"{path}: {key!r} takes its numbers from other files; not followed.")
    if dataset.shape is None or dataset.dtype.kind not in "iu":
        raise DataError(f"{path}: {key!r} must hold integers; it holds {dataset.dtype}.")
    _check_size(dataset, key, path)
    return dataset[()]


def _check_size(dataset, key, path):
    """Refuse a dataset whose numbers are too many or not all stored in the file."""
    shape = " × ".join(f"{n:,}" for n in dataset.shape)
    size = dataset.dtype.itemsize * math.prod(dataset.shape)
    stored = dataset.id.get_storage_size()
    if size > LARGEST_ARRAY:
        raise DataError(
            f"{path}: {key!r} announces {shape} numbers, {size:,} bytes; the limit is "
            f"{LARGEST_ARRAY:,}. Fetch the file again."
        )
    chunks = dataset.chunks
    if chunks is None:
        complete = stored >= size
    else:
        create = dataset.id.get_create_plist()
        filters = {create.get_filter(i)[0] for i in range(create.get_nfilters())}
        if not filters <= FILTERS:
            raise DataError(f"{path}: {key!r} is compressed in a way that is not supported.")
        if dataset.dtype.itemsize * math.prod(chunks) > LARGEST_ARRAY:
            raise DataError(f"{path}: {key!r} is stored in pieces of {chunks} numbers: too large.")
        needed = math.prod(-(-n // c) for n, c in zip(dataset.shape, chunks, strict=True))
        complete = dataset.id.get_num_chunks() == needed and stored * MOST_PER_BYTE >= size
    if not complete:
        raise DataError(
            f"{path}: {key!r} announces {shape} numbers, {size:,} bytes, but the file does not "
            f"hold them ({stored:,} bytes stored). It is damaged or cut short; fetch it again."
        )

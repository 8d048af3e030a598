"""Models on disk: HDF5 files that hold numbers and text, never code.

One file holds ``meta`` (one JSON text: architecture, where the training data came from, version …)
and groups of arrays (``weights``, ``state``, ``optimizer`` …). Unlike a pickle, reading such a file
cannot run anything. Files are written beside their place and then renamed, so that a crash or a
full disk never leaves half a model behind.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path

import h5py
import numpy as np

FORMAT = "cnn_utils model"
FORMAT_VERSION = 1
MOST_NUMBERS = 100_000_000  # in one file; far above any model of the course

Groups = dict[str, dict[str, np.ndarray]]


class ModelFileError(ValueError):
    """A file is no model of this package, or is damaged; the message names the file."""


def write(path, meta: dict, groups: Groups) -> None:
    """Write a model file, atomically: afterwards ``path`` holds all of it, or what it held before.

    Args:
        path: where to; missing folders are an error (``FileNotFoundError``).
        meta: anything JSON can hold.
        groups: group name → array name → numeric array (any shape).
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of {path.name} does not exist; create it first.")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["format_version"] = FORMAT_VERSION
            file.create_dataset("meta", data=json.dumps(meta, sort_keys=True), track_times=False)
            for group, arrays in sorted(groups.items()):
                where = file.create_group(group)
                for name, array in sorted(arrays.items()):
                    where.create_dataset(name, data=np.asarray(array), track_times=False)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path) -> tuple[dict, Groups]:
    """Read what :func:`write` wrote.

    Raises ``FileNotFoundError``, or ``ModelFileError`` that says what is wrong with the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    try:
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            meta = json.loads(_text(file, "meta", path))
            groups = {
                group: {name: _array(file[group], name, path) for name in file[group]}
                for group in file
                if group != "meta"
            }
    except ModelFileError:
        raise
    except Exception as error:  # h5py raises OSError, RuntimeError, KeyError, TypeError, …
        raise ModelFileError(
            f"{path.name} cannot be read as a model: it is damaged, cut short or not an HDF5 file "
            f"({error}). Train again, or copy the file again from where it came from."
        ) from None
    if not isinstance(meta, dict):
        raise ModelFileError(f"{path.name}: its description is not a JSON object.")
    return meta, groups


def _check_format(file, path) -> None:
    found = file.attrs.get("format")
    if found != FORMAT:
        inside = ", ".join(list(file)[:5]) or "nothing"
        raise ModelFileError(
            f"{path.name} is an HDF5 file, but no model saved by cnn_utils (it holds: {inside}). "
            "Data sets are read by cnn_utils.data."
        )
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path.name} has format version {version}; this cnn_utils reads up to "
            f"{FORMAT_VERSION}. Update cnn_utils."
        )


def _dataset(group, name, path) -> h5py.Dataset:
    """Return a data set that lives in this file itself: no link that leads to another one."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ModelFileError(f"{path.name}: {name} is a link to elsewhere, which is refused.")
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
        raise ModelFileError(f"{path.name}: {name} is not a plain array in this file.")
    return dataset


def _text(file, name, path) -> str:
    dataset = _dataset(file, name, path)
    if dataset.shape != () or not h5py.check_string_dtype(dataset.dtype):
        raise ModelFileError(f"{path.name}: {name} is not a text.")
    return dataset.asstr()[()]


def _array(group, name, path) -> np.ndarray:
    dataset = _dataset(group, name, path)
    if dataset.dtype.kind not in "fiub":
        raise ModelFileError(f"{path.name}: {name} holds {dataset.dtype}, not numbers.")
    if math.prod(dataset.shape) > MOST_NUMBERS:  # a tiny file can announce a huge array
        raise ModelFileError(f"{path.name}: {name} announces {dataset.shape} numbers: too many.")
    return dataset[()]

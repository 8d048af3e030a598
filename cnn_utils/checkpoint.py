"""Models and trainings on disk: HDF5 files that hold numbers and text, never code.

A file holds `meta` (one JSON text: architecture, where the training data came from, version and so
on) and groups of arrays: `weights`, `state`, `history`. A checkpoint of `fit` is a model file with
more in it: the groups `optimizer` and `best`, and in `meta` the counters and random generators.
Unlike a pickle, reading such a file cannot run anything. A file is written beside its place and
then renamed, so a crash or a full disk never leaves half a model behind.
"""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from . import __version__
from .data.files import write_atomically

FORMAT = "cnn_utils model"
FORMAT_VERSION = 1
MOST_NUMBERS = 100_000_000  # in one array; far above any model of the course

Groups = dict[str, dict[str, np.ndarray]]


class ModelFileError(ValueError):
    """A file is no model of this package, or is damaged; the message names the file."""


# Models


def save(path, model) -> None:
    """Save a Sequential: architecture, weights, history, and what it was trained on.

    path: the file, which is replaced if it exists. Raises FileNotFoundError for a missing folder.
    """
    write(path, *_contents(model, model.history))


def load(path, build):
    """Load the model that `save` or `save_run` wrote.

    build: makes an untrained model of an architecture (`Sequential.from_architecture`). Raises
    FileNotFoundError, or ModelFileError that says what is wrong with the file.
    """
    meta, groups = read(path)
    with _blaming(path, "does not describe a model this version can build"):
        model = build(meta["architecture"])
        model.set_arrays(groups["weights"] | groups["state"])
        model.history = model.history.from_arrays(groups["history"], meta["stopped"])
        model.data, model.info = meta["data"], meta["info"]
        for name, array in model.arrays().items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has numbers that are not finite.")
    return model


def save_run(path, run) -> None:
    """Save a `training.Run` between two epochs, with all that `load_run` needs."""
    meta, groups = _contents(run.model, run.history)
    optimizer = run.optimizer
    meta["optimizer"] = {
        "kind": type(optimizer).__name__,
        "arguments": optimizer.arguments,
        "t": optimizer.t,
    }
    meta["training"] = {
        "rng": run.rng.bit_generator.state,
        "layer_rngs": run.model.rng_states(),
        "best_loss": run.best_loss,
        "waited": run.waited,
    }
    groups["optimizer"] = {
        f"{slot}:{name}": array
        for slot, memory in optimizer.state.items()
        for name, array in memory.items()
    }
    groups["best"] = run.best or {}
    write(path, meta, groups)


def load_run(path, run) -> None:
    """Bring a `training.Run` to where `save_run` left it, from where it goes on bit for bit.

    Raises FileNotFoundError, or ModelFileError for a file that is damaged, no checkpoint, or of a
    training with another model or optimizer.
    """
    meta, groups = read(path)
    with _blaming(path, "cannot be resumed"):
        if "training" not in meta:
            raise ValueError("it is a saved model, not a checkpoint of fit.")
        if meta["architecture"] != run.model.architecture():
            raise ValueError("it belongs to a model with other layers. Nothing was changed.")
        state, theirs, optimizer = meta["training"], meta["optimizer"], run.optimizer
        kind, arguments = theirs["kind"], theirs["arguments"]
        if (kind, arguments) != (type(optimizer).__name__, optimizer.arguments):
            raise ValueError(
                f"it was trained with {kind}({arguments}), not with {optimizer}. Use the same "
                "optimizer; nothing was changed."
            )
        run.model.set_arrays(groups["weights"] | groups["state"])
        run.model.set_rng_states(state["layer_rngs"])
        optimizer.t, optimizer.state = theirs["t"], {slot: {} for slot in optimizer.slots}
        for key, array in groups["optimizer"].items():
            slot, name = key.split(":", 1)
            optimizer.state[slot][name] = array
        run.rng.bit_generator.state = state["rng"]
        run.history = run.history.from_arrays(groups["history"], meta["stopped"])
        run.best, run.best_loss = groups["best"] or None, state["best_loss"]
        run.waited = state["waited"]


def _contents(model, history) -> tuple[dict, Groups]:
    """What every model's file holds."""
    weights = model.parameters()
    state = {name: array for name, array in model.arrays().items() if name not in weights}
    meta = {
        "architecture": model.architecture(),
        "cnn_utils": __version__,
        "data": model.data,
        "info": model.info,
        "stopped": history.stopped,
    }
    return meta, {"weights": weights, "state": state, "history": history.arrays()}


@contextmanager
def _blaming(path, problem: str):
    """Blame the file for every error in this with-block."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, MemoryError, OverflowError) as error:
        raise ModelFileError(f"{Path(path).name} {problem}: {error}") from None


# Files


def write(path, meta: dict, groups: Groups) -> None:
    """Write a file, atomically: afterwards `path` holds all of it, or what it held before.

    path: missing folders are an error (FileNotFoundError). meta: anything JSON can hold.
    groups: group name → array name → numeric array (any shape).
    """
    check_folder(path)
    # NumPy's scalars (in a model's info, say) become those of Python
    text = json.dumps(meta, sort_keys=True, default=np.generic.item)
    with write_atomically(Path(path)) as part, h5py.File(part, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.create_dataset("meta", data=text, track_times=False)
        for group, arrays in sorted(groups.items()):
            where = file.create_group(group)
            for name, array in sorted(arrays.items()):
                where.create_dataset(name, data=np.asarray(array), track_times=False)


def check_folder(path) -> None:
    """Raise FileNotFoundError if there is no folder in which `path` could be written."""
    if not Path(path).absolute().parent.is_dir():
        raise FileNotFoundError(f"the folder of {path} does not exist; create it first.")


def read(path) -> tuple[dict, Groups]:
    """Read what `write` wrote: (meta, groups).

    Raises FileNotFoundError, or ModelFileError that says what is wrong with the file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    try:
        with h5py.File(path, "r") as file:
            _check_format(file, path)
            meta = json.loads(_text(file, "meta", path))
            groups = {name: _arrays(file, name, path) for name in file if name != "meta"}
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


def _member(group, name, path):
    """What has this name in a group, if it lives in this file itself."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ModelFileError(f"{path.name}: {name} is a link to elsewhere, which is refused.")
    member = group[name]
    if isinstance(member, h5py.Dataset) and (member.is_virtual or member.external):
        raise ModelFileError(f"{path.name}: {name} is not a plain array in this file.")
    return member


def _text(file, name, path) -> str:
    dataset = _member(file, name, path)
    if dataset.shape != () or not h5py.check_string_dtype(dataset.dtype):
        raise ModelFileError(f"{path.name}: {name} is not a text.")
    return dataset.asstr()[()]


def _arrays(file, name, path) -> dict[str, np.ndarray]:
    group = _member(file, name, path)
    return {key: _array(group, key, path) for key in group}


def _array(group, name, path) -> np.ndarray:
    dataset = _member(group, name, path)
    if dataset.dtype.kind not in "fiub":
        raise ModelFileError(f"{path.name}: {name} holds {dataset.dtype}, not numbers.")
    if math.prod(dataset.shape) > MOST_NUMBERS:  # a tiny file can announce a huge array
        raise ModelFileError(f"{path.name}: {name} announces {dataset.shape} numbers: too many.")
    return dataset[()]

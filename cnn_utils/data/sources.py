"""Where the data sets come from.

A loader looks in this order and takes the first place that has the set:

1. the folder named by the environment variable CNN_DATASETS (`mnist/`, `fashion/`, `signs/` in it),
2. `datasets/downloaded/`, which holds what was downloaded before (CNN_DOWNLOADS names another
   folder for it, such as one that a class shares),
3. a download into that folder, unless CNN_OFFLINE=1 forbids it,
4. `datasets/embedded/`, the project's own stand-ins: same formats and shapes, other pictures.

A file that is there but damaged is an error, never passed over in silence.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .catalogue import SETS, DataSet, File, get_set
from .download import DownloadError, download
from .files import DataError

PROJECT = Path(__file__).resolve().parents[2]
DOWNLOADED = Path(os.environ.get("CNN_DOWNLOADS") or PROJECT / "datasets" / "downloaded").absolute()
EMBEDDED = PROJECT / "datasets" / "embedded"

REMEDIES = {
    "folder": "It is in the folder named by CNN_DATASETS: replace it there, or unset CNN_DATASETS.",
    "downloaded": "`python -m cnn_utils data fetch {key}` replaces it; without a network delete "
    "datasets/downloaded/{key}, and the next source serves.",
    "embedded": "`git checkout -- datasets/embedded` restores it.",
}

_gave_up = set()  # sets whose download failed: a loader tries once in a process, `fetch` always


@dataclass(frozen=True)
class Location:
    """Where a set was found.

    place: 'folder' (CNN_DATASETS), 'downloaded' or 'embedded'; source: the same in words;
    paths: one for each of the set's files; remarks: why no earlier place served.
    """

    place: str
    source: str
    paths: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def locate(key: str, progress: bool = True) -> Location:
    """Find a set in the four places, downloading it if need be.

    key: 'mnist', 'fashion' or 'signs'; progress: show a bar while downloading.
    Raises DataError when CNN_DATASETS names no folder or one with a part of the set, when an
    earlier download is damaged, and when the set is in none of the places.
    """
    data_set = get_set(key)
    remarks = []
    folder = datasets_folder()
    if folder is not None:
        paths = _find_files(folder / key, data_set)
        if all(paths):
            return Location("folder", "the folder named by CNN_DATASETS", paths)
        if any(paths):
            missing = [
                f"$CNN_DATASETS/{key}/{file.name}"
                for file, path in zip(data_set.files, paths, strict=True)
                if path is None
            ]
            raise DataError(
                f"{data_set.title} in the folder named by CNN_DATASETS is incomplete, missing: "
                f"{', '.join(missing)}. Copy that there, or take the set's other files away."
            )
        remarks.append("it is not in the folder named by CNN_DATASETS")

    paths = _find_files(DOWNLOADED / key, data_set, plain=False)
    if all(paths):
        for file, path in zip(data_set.files, paths, strict=True):
            try:
                _check_content(file, path)
            except (OSError, DataError) as error:
                raise _with_remedy(error, path, "downloaded", key) from error
        return Location("downloaded", "an earlier download", paths)

    if _offline():
        remarks.append("CNN_OFFLINE=1 forbids a download and no copy is on disk")
    elif key in _gave_up:
        remarks.append("a download failed before and no copy is on disk")
    else:
        try:
            return Location("downloaded", "a download just now", fetch(key, progress))
        except DownloadError as error:
            _gave_up.add(key)
            remarks.append(f"{error.short} and no copy is on disk")

    paths = _find_files(EMBEDDED / key, data_set, plain=False)
    if all(paths):
        return Location("embedded", "the embedded stand-in", paths, tuple(remarks))
    raise DataError(
        f"{data_set.title} is not to be had: {'; '.join(remarks)}; "
        + ("the embedded stand-in is incomplete. " if data_set.stand_in else "none is embedded. ")
        + f"With a network, `python -m cnn_utils data fetch {key}` downloads it; or copy its files "
        f"({', '.join(file.name for file in data_set.files)}) to {key}/ in a folder and let "
        "CNN_DATASETS name that folder."
    )


def fetch(key: str, progress: bool = True, mirrors: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Download a set into `datasets/downloaded/` and return the paths of its files.

    Files that are there and undamaged are kept, damaged ones replaced. progress: show a bar;
    mirrors: addresses, ending in '/', to try instead of the set's own.
    Raises DownloadError (a DataError) when the network is forbidden (CNN_OFFLINE=1) or no mirror
    delivers; then no part of a file stays behind.
    """
    data_set = get_set(key)
    folder = DOWNLOADED / key
    missing = [file for file in data_set.files if not _is_original(file, folder / file.name)]
    if missing and _offline():
        raise DownloadError(
            f"{data_set.title} is not downloaded because CNN_OFFLINE=1 forbids the network; "
            "unset CNN_OFFLINE and try again.",
            "CNN_OFFLINE=1 forbids a download",
        )
    if missing:
        wanted = {folder / file.name: partial(_check_content, file) for file in missing}
        sizes = {file.name: file.size for file in missing}
        download(data_set.title, mirrors or data_set.mirrors, wanted, sizes, progress)
        _gave_up.discard(key)
    return tuple(folder / file.name for file in data_set.files)


def read_files(key: str, location: Location) -> list:
    """Read the files of a set: a list with what each file's reader returns.

    Raises DataError that names the file, what is wrong with it and the remedy for its place.
    """
    contents = []
    for file, path in zip(get_set(key).files, location.paths, strict=True):
        try:
            contents.append(file.read(path))
        except DataError as error:
            raise _with_remedy(error, path, location.place, key) from error
    return contents


def datasets_folder() -> Path | None:
    """The folder that CNN_DATASETS names, or None when it is not set.

    A relative name counts from the current folder or else from the project's folder, so that the
    same setting serves a shell in the project and a notebook in `notebooks/`.
    Raises DataError when there is no such folder.
    """
    name = os.environ.get("CNN_DATASETS", "").strip()
    if not name:
        return None
    for folder in (Path(name).expanduser(), PROJECT / name):
        if os.path.isdir(folder):
            return folder
    raise DataError(
        f"CNN_DATASETS names {name!r}, but there is no such folder. Correct it (mnist/, signs/ and "
        "fashion/ are looked for in it) or unset it."
    )


def show_path(path: Path) -> str:
    """Write a path for a message: from CNN_DATASETS or the project on, never absolute."""
    try:
        folder = datasets_folder()
    except DataError:
        folder = None
    for base, sign in ((folder, "$CNN_DATASETS/"), (PROJECT, ""), (DOWNLOADED, "$CNN_DOWNLOADS/")):
        if base is not None and path.is_relative_to(base):
            return sign + path.relative_to(base).as_posix()
    return path.name


@dataclass(frozen=True)
class Status:
    """What one place has of one set.

    where: the folder, not absolute; found, wanted: numbers of files; size: bytes found;
    is_real: False for the embedded stand-in; problem: what is wrong, or ''; used: whether a loader
    turns to this place now (and fails there, if there is a problem).
    """

    key: str
    where: str
    found: int
    wanted: int
    size: int
    is_real: bool
    problem: str
    used: bool


def status() -> list[Status]:
    """Look at every place of every set, reading each file. Downloads nothing."""
    folder = datasets_folder()
    rows = []
    for key, data_set in SETS.items():
        places = [("downloaded", DOWNLOADED / key)]
        if folder is not None:
            places.insert(0, ("folder", folder / key))
        if data_set.stand_in:
            places.append(("embedded", EMBEDDED / key))
        used = False
        for place, where in places:
            row = _look_at(data_set, place, where, not used)
            used = used or row.used
            rows.append(row)
    return rows


def _look_at(data_set: DataSet, place: str, where: Path, is_next: bool) -> Status:
    paths = _find_files(where, data_set, plain=place == "folder")
    found = sum(path is not None for path in paths)
    problem = "incomplete" if 0 < found < len(paths) else ""
    size = 0
    for file, path in zip(data_set.files, paths, strict=True):
        if path is None:
            continue
        try:
            size += path.stat().st_size
            if place == "downloaded":
                _check_content(file, path)
            file.read(path)
        except (OSError, DataError) as error:
            problem = str(error).replace(str(path), show_path(path))
    # a started download is completed, not used as it is
    used = is_next and (found == len(paths) or (found > 0 and place == "folder"))
    real = place != "embedded"
    return Status(data_set.key, show_path(where), found, len(paths), size, real, problem, used)


def format_status(rows: list[Status]) -> str:
    """Write the rows of `status()` as a table; an arrow points to the place a loader turns to."""
    lines = [("", "set", "where", "files", "size", "what")]
    for row in rows:
        lines.append(
            (
                "→" if row.used else "",
                row.key,
                row.where,
                f"{row.found} of {row.wanted}",
                f"{row.size / 1e6:.1f} MB" if row.found else "–",
                row.problem or ("–" if not row.found else "real" if row.is_real else "stand-in"),
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(5)] + [0]
    table = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    table.append("→ what a loader takes. `python -m cnn_utils data fetch NAME` downloads a set.")
    return "\n".join(table)


def _offline() -> bool:
    return os.environ.get("CNN_OFFLINE", "") not in ("", "0")


def _find_files(folder: Path, data_set: DataSet, plain=True) -> tuple[Path | None, ...]:
    """For each file of a set its path in `folder` or None; plain: its name may lack the .gz."""
    paths = []
    for file in data_set.files:
        names = [file.name, file.name.removesuffix(".gz")] if plain else [file.name]
        there = [folder / name for name in names if os.path.lexists(folder / name)]
        paths.append(there[0] if there else None)
    return tuple(paths)


def _check_content(file: File, path: Path) -> None:
    """Raise DataError unless the file at `path` is the original or has the right content."""
    with open(path, "rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    if sha256 == file.sha256:
        return
    if file.accept is None:
        raise DataError(
            f"{path} is damaged or another file: its SHA-256 is {sha256[:12]}…, "
            f"the original's {file.sha256[:12]}…."
        )
    file.accept(path)


def _is_original(file: File, path: Path) -> bool:
    try:
        _check_content(file, path)
    except (OSError, DataError):
        return False
    return True


def _with_remedy(error: Exception, path: Path, place: str, key: str) -> DataError:
    problem = str(error).replace(str(path), show_path(path))
    return DataError(f"{problem} {REMEDIES[place].format(key=key)}")

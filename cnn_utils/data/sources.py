"""Where the data sets come from.

A loader looks in these places and takes the first that has the set:

1. the folder named by the environment variable CNN_DATASETS (`mnist/`, `fashion/`, `signs/` in it),
2. the folder that holds what was downloaded before: the one named by CNN_DOWNLOADS, which a class
   may share, or else `datasets/downloaded/` in a checkout, the user's cache folder elsewhere,
3. a download into that folder, unless CNN_OFFLINE=1 forbids it,
4. the embedded stand-ins, which have the same formats and shapes but show other pictures.

A damaged file is always an error. It is never skipped for the next place.

In a checkout of the project the stand-ins are in `datasets/embedded/`. A wheel carries them inside
the package instead, so a folder `embedded` beside this file says that the package was installed.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .catalogue import SETS, DataSet, File, get_set
from .download import DownloadError, download
from .files import DataError

HOME = Path(os.path.expanduser("~"))  # unlike Path.home() it never raises
PROJECT = Path(__file__).resolve().parents[2]  # the checkout, or site-packages
EMBEDDED = Path(__file__).resolve().with_name("embedded")
INSTALLED = EMBEDDED.is_dir()
if not INSTALLED:
    EMBEDDED = PROJECT / "datasets" / "embedded"


def _download_folder() -> Path:
    if name := os.environ.get("CNN_DOWNLOADS"):
        return Path(name).absolute()
    if not INSTALLED:
        return PROJECT / "datasets" / "downloaded"
    import pooch

    return pooch.os_cache("cnn-course")


DOWNLOADED = _download_folder()

REMEDIES = {
    "folder": "It is in the folder named by CNN_DATASETS: replace it there, or unset CNN_DATASETS.",
    "downloaded": "`python -m cnn_utils data fetch {key}` replaces it. Without a network, delete "
    "{folder} and the next source is used.",
    "embedded": "Install the package again to restore it."
    if INSTALLED
    else "`git checkout -- datasets/embedded` restores it.",
}

_gave_up: set[str] = set()  # a loader tries to download a set once in a process, `fetch` always


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
    Raises DataError when CNN_DATASETS names no folder or one with only part of the set, when an
    earlier download is damaged, and when the set is in none of the places.
    """
    data_set = get_set(key)
    remarks = []
    folder = datasets_folder()
    if folder is not None:
        found = _find_files(folder / key, data_set)
        missing = [f"$CNN_DATASETS/{key}/{f.name}" for f in data_set.files if f not in found]
        if not missing:
            return Location("folder", "the folder named by CNN_DATASETS", tuple(found.values()))
        if found:
            raise DataError(
                f"{data_set.title} in the folder named by CNN_DATASETS is incomplete, missing: "
                f"{', '.join(missing)}. Copy them there, or remove the set's other files."
            )
        remarks.append("it is not in the folder named by CNN_DATASETS")

    found = _find_files(DOWNLOADED / key, data_set, plain=False)
    if len(found) == len(data_set.files):
        for file, path in found.items():
            try:
                _check_content(file, path)
            except (OSError, DataError) as error:
                raise _with_remedy(error, path, "downloaded", key) from error
        return Location("downloaded", "an earlier download", tuple(found.values()))

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

    found = _find_files(EMBEDDED / key, data_set, plain=False)
    if len(found) == len(data_set.files):
        return Location("embedded", "the embedded stand-in", tuple(found.values()), tuple(remarks))
    raise DataError(
        f"{data_set.title} is not available: {'; '.join(remarks)}; "
        + ("the embedded stand-in is incomplete. " if data_set.stand_in else "it has no stand-in. ")
        + f"With a network, `python -m cnn_utils data fetch {key}` downloads it. Or copy its files "
        f"({', '.join(file.name for file in data_set.files)}) to {key}/ in a folder and set "
        "CNN_DATASETS to that folder."
    )


def fetch(key: str, progress: bool = True, mirrors: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Download a set into the folder for downloads and return the paths of its files.

    key: 'mnist', 'fashion' or 'signs'; progress: show a bar; mirrors: addresses, ending in '/', to
    try instead of the set's own. Good files that are already there are kept, damaged ones replaced.
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

    A relative name is looked for in the current folder and then in the checkout, so the same
    setting serves a shell in the project and a notebook in `notebooks/`.
    Raises DataError when there is no such folder.
    """
    name = os.environ.get("CNN_DATASETS", "").strip()
    if not name:
        return None
    for folder in (Path(name).expanduser(), *([] if INSTALLED else [PROJECT / name])):
        if os.path.isdir(folder):
            return folder
    raise DataError(
        f"CNN_DATASETS names {name!r}, but there is no such folder. Correct it (mnist/, signs/ and "
        "fashion/ are looked for in it) or unset it."
    )


def show_path(path: Path) -> str:
    """Write a path for a message: relative to a folder the reader knows, never absolute."""
    try:
        folder = datasets_folder()
    except DataError:
        folder = None
    shared = DOWNLOADED if os.environ.get("CNN_DOWNLOADS") else None
    known = {"$CNN_DATASETS/": folder, "": PROJECT, "$CNN_DOWNLOADS/": shared, "~/": HOME}
    for sign, base in known.items():
        if base is not None and path.is_relative_to(base):
            return sign + path.relative_to(base).as_posix()
    return path.name


def status() -> str:
    """A table of every place of every set; an arrow marks the place where a loader looks now.

    Reads each file to say what is wrong with it, but downloads nothing.
    """
    rows = [("", "set", "where", "files", "size", "what")]
    for key, data_set in SETS.items():
        places = {"folder": datasets_folder(), "downloaded": DOWNLOADED}
        if data_set.stand_in:
            places["embedded"] = EMBEDDED
        taken = None
        for place, base in places.items():
            if base is None:
                continue
            found = _find_files(base / key, data_set, plain=place == "folder")
            complete = len(found) == len(data_set.files)
            # an incomplete download is completed, an incomplete folder is an error
            if taken is None and (complete or (found and place == "folder")):
                taken = place
            size = sum(path.stat().st_size for path in found.values() if path.exists())
            rows.append(
                (
                    "→" if taken == place else "",
                    key,
                    show_path(base / key),
                    f"{len(found)} of {len(data_set.files)}",
                    f"{size / 1e6:.1f} MB" if found else "–",
                    _what_is_there(found, place, complete),
                )
            )
    widths = [max(len(row[column]) for row in rows) for column in range(5)] + [0]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    end = "→ what a loader takes. `python -m cnn_utils data fetch NAME` downloads a set."
    return "\n".join([*lines, end])


def _what_is_there(found: dict[File, Path], place: str, complete: bool) -> str:
    """The last column: a problem, or whether the files are the real ones."""
    for file, path in found.items():
        try:
            if place == "downloaded":
                _check_content(file, path)
            file.read(path)
        except (OSError, DataError) as error:
            return str(error).replace(str(path), show_path(path))
    if not found:
        return "–"
    if not complete:
        return "incomplete"
    return "stand-in" if place == "embedded" else "real"


def _offline() -> bool:
    return os.environ.get("CNN_OFFLINE", "") not in ("", "0")


def _find_files(folder: Path, data_set: DataSet, plain=True) -> dict[File, Path]:
    """The files of a set that are in `folder`; plain: they may be there without the .gz."""
    found: dict[File, Path] = {}
    for file in data_set.files:
        for name in (file.name, file.name.removesuffix(".gz"))[: 1 + plain]:
            if os.path.lexists(folder / name):
                found.setdefault(file, folder / name)
    return found


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
    remedy = REMEDIES[place].format(key=key, folder=show_path(DOWNLOADED / key))
    return DataError(f"{problem} {remedy}")

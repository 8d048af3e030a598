"""What the readers and writers of data files share: one error, checked opening, atomic writing."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_ARRAY = 2**30
"""No reader makes an array of more bytes than this (1 GiB); MNIST's training images are 47 MB."""

MOST_PER_BYTE = 1032
"""Deflate, the method inside gzip and HDF5's gzip filter, writes at most 1032 bytes for each byte
it reads (https://zlib.net/zlib_tech.html), so a small file that announces a huge array is lying."""


class DataError(ValueError):
    """Data cannot be used: the message names the file, what is wrong with it and what to do."""


def check_file(path: Path) -> int:
    """Check that `path` is a regular, non-empty file and return its size in bytes.

    Raises DataError otherwise. A pipe or a device is refused too: reading one could wait for ever.
    """
    try:
        info = os.stat(path)
    except FileNotFoundError as error:
        raise DataError(
            f"There is no file {path}. Check the name; "
            "`python -m cnn_utils data` shows which data sets are where."
        ) from error
    except (OSError, ValueError) as error:  # no permission; a name that no file can have
        raise DataError(f"{path} cannot be opened: {error}. Check name and permissions.") from error
    if stat.S_ISDIR(info.st_mode):
        raise DataError(f"{path} is a folder, not a file; name the file inside it.")
    if not stat.S_ISREG(info.st_mode):
        raise DataError(f"{path} is not a regular file (a pipe, a device?), so it is not read.")
    if info.st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); delete it and fetch it again.")
    return info.st_size


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it to `path` when the block ends without an error.

    Whoever reads `path` sees the old file or the whole new one, never a part; after an error or an
    interruption the old file is untouched and the temporary one is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

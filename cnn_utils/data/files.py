"""What the readers and writers of data files share: one error, checked opening, atomic writing."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST_ARRAY = 2**30  # bytes, 1 GiB; MNIST's training images have 47 MB

# Deflate, the method inside gzip and HDF5's gzip filter, writes at most 1032 bytes for each byte it
# reads (https://zlib.net/zlib_tech.html). A small file that announces a huge array is lying.
MOST_PER_BYTE = 1032


class DataError(ValueError):
    """Data that cannot be used. The message names the file, what is wrong with it, what to do."""


def check_file(path: Path) -> int:
    """Check that `path` is a regular, non-empty file and return its size in bytes.

    Raises DataError otherwise, also for a pipe or a device: reading one could wait forever.
    """
    try:
        info = os.stat(path)
    except FileNotFoundError as error:
        raise DataError(
            f"There is no file {path}. Check the name; "
            "`python -m cnn_utils data` shows which data sets are where."
        ) from error
    except (OSError, ValueError) as error:  # no permission, or an impossible name
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

    Readers of `path` see the old file or the whole new one, never a part of it. After an error or
    an interruption the old file is untouched and the temporary one is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

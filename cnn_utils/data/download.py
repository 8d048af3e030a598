"""Downloads that finish, or fail soon, and never leave a part of a file behind.

More can go wrong than a missing network: a name look-up that hangs, a server that accepts a
connection and then keeps silent, one that sends a byte now and then. Time limits on single network
operations do not catch these. So the network is left to background threads; the main thread keeps
the time and walks away from them when it is up. A file is received into memory and written to disk
only when it is complete.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .files import DataError, write_atomically

ANSWER_SECONDS = 4.0
"""So long the mirrors have, all together, to show that they have a file."""

STALL_SECONDS, STALL_BYTES = 10.0, 100_000
"""A transfer that brings fewer bytes than this in so many seconds is given up."""

TIMEOUT = (3, 10)
"""Seconds to connect, and between two pieces of an answer."""

LARGEST_FILE = 2**26
"""No file of the course is larger than 64 MiB."""

HEADERS = {"Accept-Encoding": "identity"}
"""The files are compressed already; nothing is to be packed and unpacked on the way."""


class DownloadError(DataError):
    """No mirror delivered. short: the reason in a few words, for use in a sentence."""

    def __init__(self, message: str, short: str):
        super().__init__(message)
        self.short = short


def download(
    title: str,
    mirrors: tuple[str, ...],
    wanted: dict[Path, Callable],
    sizes: dict[str, int],
    progress: bool = True,
) -> None:
    """Download files from the first mirrors that deliver them.

    title: the set's name, for messages; mirrors: addresses that end in '/'; wanted: for the path of
    each file a function of a path that raises DataError unless the content there is right;
    sizes: bytes for each file name, for the progress bar; progress: show the bar.
    A file appears under its path complete and checked, or not at all. Raises DownloadError.
    """
    wanted = dict(wanted)
    problems = []  # (mirror, what happened)
    short = "a download is not possible"
    smallest = min((path.name for path in wanted), key=sizes.get)
    for mirror in _answering(mirrors, smallest, problems):
        try:
            for path in list(wanted):
                data = _transfer(mirror + path.name, sizes[path.name], progress)
                _save(data, path, wanted[path])
                del wanted[path]
            return
        except DownloadError:
            raise
        except (OSError, DataError) as error:
            short = "no mirror delivered it whole"
            problems.append((mirror, f"{path.name}: {error}"))
    tried = "\n".join(f"  {urlsplit(mirror).netloc}: {text}" for mirror, text in problems)
    raise DownloadError(
        f"{title} could not be downloaded. Mirrors tried:\n{tried}\n"
        "Check the network connection and proxy settings and try again.",
        short,
    )


def _answering(mirrors: tuple[str, ...], name: str, problems: list) -> Iterator[str]:
    """Yield the mirrors in the order in which they show that they have the file `name`.

    All are asked at once. Ends when all have answered or failed, or time is up; adds what went
    wrong to the list `problems` as (mirror, text).
    """
    answers = queue.SimpleQueue()

    def ask(mirror):
        try:
            import requests

            url = mirror + name
            with requests.get(url, stream=True, timeout=TIMEOUT, headers=HEADERS) as answer:
                answer.raise_for_status()
            answers.put((mirror, None))
        except Exception as error:  # whatever it is, this mirror does not serve
            answers.put((mirror, _reason(error)))

    deadline = time.monotonic() + ANSWER_SECONDS
    waiting = list(dict.fromkeys(mirrors))
    for mirror in waiting:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    while waiting:
        try:
            mirror, problem = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            problems.extend((late, "no answer in time") for late in waiting)
            return
        waiting.remove(mirror)
        if problem is None:
            yield mirror
        else:
            problems.append((mirror, problem))


class _Transfer(threading.Thread):
    """Receives one file into memory, in the background; pooch writes to it as to a file."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.url, self.data, self.problem, self.given_up = url, bytearray(), None, False

    def run(self):
        try:
            import pooch

            receive = pooch.HTTPDownloader(chunk_size=2**15, timeout=TIMEOUT, headers=HEADERS)
            receive(self.url, self, None)
        except Exception as error:
            self.problem = _reason(error)

    def write(self, chunk: bytes) -> None:
        if self.given_up or len(self.data) + len(chunk) > LARGEST_FILE:
            raise OSError(f"more than {LARGEST_FILE:,} bytes")
        self.data += chunk

    def flush(self) -> None:
        pass


def _transfer(url: str, size: int, progress: bool) -> bytearray:
    """Return the bytes at `url`; raise OSError when it fails, stalls or is too slow."""
    from tqdm.auto import tqdm

    transfer = _Transfer(url)
    bar = tqdm(
        desc=url.rpartition("/")[2],
        total=size,
        unit="B",
        unit_scale=True,
        leave=False,
        file=sys.stdout,
        disable=not progress,
    )
    transfer.start()
    try:
        before, since = 0, time.monotonic()
        while transfer.is_alive():
            transfer.join(0.05)
            received = len(transfer.data)
            bar.update(received - bar.n)
            if transfer.is_alive() and time.monotonic() - since > STALL_SECONDS:
                if received - before < STALL_BYTES:
                    raise OSError("it stalled or came too slowly")
                before, since = received, time.monotonic()
    finally:
        transfer.given_up = True
        bar.close()
    if transfer.problem:
        raise OSError(transfer.problem)
    return transfer.data


def _save(data: bytearray, path: Path, check: Callable) -> None:
    """Write `data` to `path` if its content is right; raise DataError if not."""
    try:
        with write_atomically(path) as part:
            part.write_bytes(data)
            try:
                check(part)
            except DataError as error:
                raise DataError(str(error).replace(str(part), "it")) from error
    except OSError as error:
        raise DownloadError(
            f"{path.name} was downloaded but cannot be saved: {error.strerror}. Is the disk full, "
            "or the project's folder write-protected?",
            "the download cannot be saved",
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost cause of an error, in one line."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return (str(error).split("\n")[0] or type(error).__name__)[:200]

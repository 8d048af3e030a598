"""Downloads that finish, or fail soon, and never leave part of a file behind.

More can go wrong than a missing network: a name look-up that hangs, a server that accepts a
connection and then says nothing, one that sends a byte now and then. Time limits on single network
operations do not catch these. So background threads use the network, while the main thread watches
the clock and abandons them when time is up. A file is received into memory and written to disk only
when it is complete.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from .files import DataError, write_atomically

ANSWER_SECONDS = 4.0  # for all mirrors together to show that they have a file
STALL_SECONDS, STALL_BYTES = 10.0, 100_000  # a transfer with fewer bytes in that time is abandoned
TIMEOUT = (3, 10)  # seconds to connect, and between two pieces of an answer
LARGEST_FILE = 2**26  # 64 MiB; the course has no larger file
HEADERS = {"Accept-Encoding": "identity"}  # the files are compressed already


class DownloadError(DataError):
    """No mirror delivered the files. short: the reason in a few words, for use in a sentence."""

    def __init__(self, message: str, short: str):
        super().__init__(message)
        self.short = short


def download(
    title: str,
    mirrors: tuple[str, ...],
    wanted: Mapping[Path, Callable],
    sizes: dict[str, int],
    progress: bool = True,
) -> None:
    """Download files from the first mirrors that deliver them.

    title: the set's name, for messages; mirrors: addresses that end in '/'; wanted: for the path of
    each file a function of a path that raises DataError unless the content there is right;
    sizes: bytes for each file name, for the progress bar; progress: show the bar.
    A file appears at its path complete and checked, or not at all. Raises DownloadError.
    """
    remaining = dict(wanted)
    problems: list[tuple[str, str]] = []  # a mirror, and what happened there
    short = "a download is not possible"
    smallest = min(sizes, key=lambda name: sizes[name])
    for mirror in _answering(mirrors, smallest, problems):
        try:
            for path in list(remaining):
                data = _transfer(mirror + path.name, sizes[path.name], progress)
                _save(data, path, remaining[path])
                del remaining[path]
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

    All are asked at once. Ends when all have answered or failed, or when time is up. What went
    wrong is added to the list `problems` as (mirror, text).
    """
    answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()  # a mirror, and its problem

    def ask(mirror):
        try:
            import requests

            url = mirror + name
            with requests.get(url, stream=True, timeout=TIMEOUT, headers=HEADERS) as answer:
                answer.raise_for_status()
            answers.put((mirror, ""))
        except Exception as error:  # whatever it is, this mirror is of no use
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
        if problem:
            problems.append((mirror, problem))
        else:
            yield mirror


class _Transfer(threading.Thread):
    """Receives one file into memory in the background; pooch writes to it as if it were a file."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self.url, self.data, self.problem, self.abandoned = url, bytearray(), "", False

    def run(self):
        try:
            import pooch

            receive = pooch.HTTPDownloader(chunk_size=2**15, timeout=TIMEOUT, headers=HEADERS)
            receive(self.url, self, None)
        except Exception as error:
            self.problem = _reason(error)

    def write(self, chunk: bytes) -> None:
        if self.abandoned or len(self.data) + len(chunk) > LARGEST_FILE:
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
        transfer.abandoned = True
        bar.close()
    if transfer.problem:
        raise OSError(transfer.problem)
    return transfer.data


def _save(data: bytearray, path: Path, check: Callable) -> None:
    """Write `data` to `path` if its content is right, otherwise raise DataError."""
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
            "or its folder write-protected?",
            "the download cannot be saved",
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost cause of an error, in one line."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return (str(error).split("\n")[0] or type(error).__name__)[:200]

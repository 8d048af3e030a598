"""Where data come from: the order of places, and downloads from servers that behave badly.

The servers are on 127.0.0.1; the sets are small ones with the real names.
"""

import hashlib
import re
import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cnn_course.drawn.formats import write_idx, write_signs
from cnn_utils.data import DataError, catalogue, download, sources
from cnn_utils.data.catalogue import SETS
from cnn_utils.data.download import DownloadError

ANSWER_SECONDS = download.ANSWER_SECONDS


def make_set(folder: Path, key: str, seed: int = 0) -> None:
    """Write the files of a small set into a folder."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    if key == "signs":
        for split, n in (("train", 12), ("test", 6)):
            x = rng.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
            write_signs(folder / f"{split}_signs.h5", split, x, np.arange(n) % 6)
        return
    for split, n in (("train", 30), ("t10k", 20)):
        x = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        write_idx(folder / f"{split}-images-idx3-ubyte.gz", x)
        labels = (np.arange(n) % 10).astype(np.uint8)
        write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A project without data, a network without restriction, and the sets of the test's size."""
    for name in ("CNN_DATASETS", "CNN_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setattr(sources, "PROJECT", tmp_path / "project")
    monkeypatch.setattr(sources, "DOWNLOADED", tmp_path / "project/datasets/downloaded")
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path / "project/datasets/embedded")
    monkeypatch.setattr(sources, "_gave_up", set())
    monkeypatch.setattr(download, "ANSWER_SECONDS", 60)  # however busy the machine is
    monkeypatch.setattr(download, "STALL_SECONDS", 60)
    for key in SETS:
        original = tmp_path / "original" / key
        make_set(original, key)
        files = [
            replace(
                file,
                size=(original / file.name).stat().st_size,
                sha256=hashlib.sha256((original / file.name).read_bytes()).hexdigest(),
            )
            for file in SETS[key].files
        ]
        changed = replace(SETS[key], files=tuple(files), mirrors=(f"{dead_address()}/{key}/",))
        monkeypatch.setitem(SETS, key, changed)
    for key in ("mnist", "signs"):
        make_set(tmp_path / "project/datasets/embedded" / key, key, seed=1)
    return tmp_path


def dead_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}"


class Server(ThreadingHTTPServer):
    """Serves the files below a folder; the first part of the address says how it behaves."""

    daemon_threads = True

    def __init__(self, root: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root, self.asked, self.over = root, [], threading.Event()
        self.before_late = 2  # requests of others that the mirror "late" waits for

    def mirror(self, behaviour: str, key: str = "mnist") -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}/{key}/"

    def handle_error(self, *_):
        pass  # clients that walk away are what is tested


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        behaviour, key, name = self.path.strip("/").split("/")
        self.server.asked.append((behaviour, name))
        path = self.server.root / key / name
        if behaviour == "silent":
            self.server.over.wait(30)
            return
        while behaviour == "late" and not self.server.over.wait(0.01):
            if sum(other != "late" for other, _ in self.server.asked) >= self.server.before_late:
                break
        if behaviour == "missing" or not path.exists():
            self.send_error(404)
            return
        data = path.read_bytes()
        if behaviour == "portal":
            data = b"<html>Please log in</html>"
        if behaviour == "wrong-images" and "images" in name:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if behaviour == "cut":
            data = data[: len(data) // 2]
        if behaviour in ("stalls", "drips"):
            self.wfile.write(data[:10])
            self.wfile.flush()
            step = 30 if behaviour == "stalls" else 0.02
            while not self.server.over.wait(step):
                self.wfile.write(b"x")
                self.wfile.flush()
            return
        self.wfile.write(data)


@pytest.fixture
def server(world):
    server = Server(world / "original")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def left_behind(world) -> list[str]:
    """The files below datasets/downloaded/."""
    return sorted(
        p.relative_to(sources.DOWNLOADED).as_posix()
        for p in sources.DOWNLOADED.rglob("*")
        if p.is_file()
    )


def names(key="mnist"):
    return sorted(f"{key}/{file.name}" for file in SETS[key].files)


def assert_delivered(world, key="mnist"):
    assert left_behind(world) == names(key)
    for file in SETS[key].files:
        original = world / "original" / key / file.name
        assert (sources.DOWNLOADED / key / file.name).read_bytes() == original.read_bytes()


@pytest.mark.parametrize("key", SETS)
def test_download(world, server, key):
    paths = sources.fetch(key, progress=False, mirrors=(server.mirror("good", key),))
    assert_delivered(world, key)
    assert [path.name for path in paths] == [file.name for file in SETS[key].files]


def test_second_call_does_not_download(world, server):
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    server.asked.clear()
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    location = sources.locate("mnist", progress=False)
    assert server.asked == []
    assert location.place == "downloaded" and location.source == "an earlier download"


def test_progress_is_shown_on_standard_output(world, server, capsys):
    sources.fetch("mnist", mirrors=(server.mirror("good"),))
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "train-images-idx3-ubyte.gz" in captured.out
    assert str(world) not in captured.out


BAD = {
    "missing": "404",
    "wrong-images": "SHA-256",
    "portal": "SHA-256",
    "cut": "IncompleteRead|bytes",
}


@pytest.mark.parametrize("behaviour, words", BAD.items(), ids=BAD)
def test_bad_mirror_then_good_mirror(world, server, behaviour, words):
    bad = server.mirror(behaviour)
    with pytest.raises(DownloadError, match=words) as caught:
        sources.fetch("mnist", progress=False, mirrors=(bad,))
    without_any = "a download is not possible"
    expected = without_any if behaviour == "missing" else "no mirror delivered it whole"
    assert caught.value.short == expected
    assert "127.0.0.1" in str(caught.value) and str(world) not in str(caught.value)
    kept = left_behind(world)
    assert all("labels" in name for name in kept), "only what was whole and right"
    server.asked.clear()
    server.before_late = 1 if behaviour == "missing" else 2  # the bad mirror has its turn first
    sources.fetch("mnist", progress=False, mirrors=(bad, server.mirror("late")))
    assert_delivered(world)


def test_dead_mirrors_then_good_mirror(world, server):
    mirrors = (dead_address() + "/", "http://no-such-host.invalid/", server.mirror("good"))
    sources.fetch("mnist", progress=False, mirrors=mirrors)
    assert_delivered(world)


@pytest.mark.parametrize("first, second", [("silent", "good"), ("good", "silent")])
def test_silent_mirror_does_not_hold_up_the_good_one(world, server, first, second):
    start = time.monotonic()
    mirrors = (server.mirror(first), server.mirror(second))
    sources.fetch("mnist", progress=False, mirrors=mirrors)
    assert_delivered(world)
    assert time.monotonic() - start < 25, "the silent mirror is silent for 30 s"


def test_only_silent_mirrors(world, server, monkeypatch):
    assert ANSWER_SECONDS <= 4, "fall back within 5 s"
    monkeypatch.setattr(download, "ANSWER_SECONDS", 0.2)
    with pytest.raises(DownloadError, match="no answer in time") as caught:
        sources.fetch("mnist", progress=False, mirrors=(server.mirror("silent"),))
    assert caught.value.short == "a download is not possible"
    assert left_behind(world) == []


@pytest.mark.parametrize("behaviour", ["stalls", "drips"])
def test_mirror_that_stalls_or_drips(world, server, monkeypatch, behaviour):
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    with pytest.raises(DownloadError, match="stalled or came too slowly") as caught:
        sources.fetch("mnist", progress=False, mirrors=(server.mirror(behaviour),))
    assert caught.value.short == "no mirror delivered it whole"
    assert left_behind(world) == []


def test_the_same_mirror_twice(world, server):
    sources.fetch(
        "mnist", progress=False, mirrors=(server.mirror("missing"),) * 2 + (server.mirror("good"),)
    )
    assert_delivered(world)


def test_more_than_any_file_has(world, server, monkeypatch):
    monkeypatch.setattr(download, "LARGEST_FILE", 1000)
    with pytest.raises(DownloadError, match="more than 1,000 bytes"):
        sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))


def test_interrupted_download_leaves_nothing_and_starts_again(world, server, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download._Transfer, "join", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert left_behind(world) == []
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert left_behind(world) == []
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert_delivered(world)


def test_what_is_there_is_kept_and_what_is_damaged_is_replaced(world, server):
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    folder = sources.DOWNLOADED / "mnist"
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    server.asked.clear()
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert_delivered(world)
    assert {name[:4] for _, name in server.asked} == {"t10k"}


def test_a_download_that_cannot_be_saved(world, server):
    sources.DOWNLOADED.parent.mkdir(parents=True, exist_ok=True)
    sources.DOWNLOADED.write_bytes(b"a file where a folder is needed")
    with pytest.raises(DownloadError, match="cannot be saved") as caught:
        sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert str(world) not in str(caught.value)


def test_sign_digits_with_other_bytes_are_accepted_by_their_content(world, server, monkeypatch):
    train, test = SETS["signs"].files
    files = (replace(train, sha256="0" * 64), test)
    monkeypatch.setitem(SETS, "signs", replace(SETS["signs"], files=files))
    mirrors = (server.mirror("good", "signs"),)
    with pytest.raises(DownloadError, match="does not hold 6 × 180 images"):
        sources.fetch("signs", progress=False, mirrors=mirrors)
    assert "signs/train_signs.h5" not in left_behind(world)
    x, y = np.zeros((1080, 64, 64, 3), np.uint8), np.arange(1080) % 6
    write_signs(world / "original/signs/train_signs.h5", "train", x, y)
    sources.fetch("signs", progress=False, mirrors=mirrors)
    assert left_behind(world) == ["signs/test_signs.h5", "signs/train_signs.h5"]
    assert sources.locate("signs").place == "downloaded"


def test_offline_asks_nobody(world, server, monkeypatch):
    monkeypatch.setenv("CNN_OFFLINE", "1")
    with pytest.raises(DownloadError, match="unset CNN_OFFLINE"):
        sources.fetch("mnist", mirrors=(server.mirror("good"),))
    assert sources.locate("mnist").remarks == (
        "CNN_OFFLINE=1 forbids a download and no copy is on disk",
    )
    assert server.asked == []
    monkeypatch.setenv("CNN_OFFLINE", "0")
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert_delivered(world)


def test_unknown_set():
    with pytest.raises(DataError, match="no data set 'cifar'; choose one of mnist, fashion, signs"):
        sources.fetch("cifar")


# ---- the order of places


def use(monkeypatch, server, behaviour="good"):
    for key in SETS:
        mirrors = (server.mirror(behaviour, key),)
        monkeypatch.setitem(SETS, key, replace(SETS[key], mirrors=mirrors))


def test_order_of_places(world, server, monkeypatch):
    """From the last place to the first: each one wins over those after it."""
    location = sources.locate("mnist", progress=False)
    assert location.place == "embedded"
    assert location.remarks == ("a download is not possible and no copy is on disk",)

    use(monkeypatch, server)
    assert sources.locate("mnist", progress=False).place == "embedded", "one attempt in a process"
    sources._gave_up.clear()
    location = sources.locate("mnist", progress=False)
    assert (location.place, location.source) == ("downloaded", "a download just now")
    assert_delivered(world)

    make_set(world / "mine/mnist", "mnist", seed=2)
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    location = sources.locate("mnist")
    assert location.place == "folder" and location.remarks == ()
    assert all(path.parent == world / "mine/mnist" for path in location.paths)

    location = sources.locate("signs", progress=False)
    assert location.place == "downloaded", "the folder has no such set"


def test_fetch_tries_again_after_a_loader_gave_up(world, server, monkeypatch):
    sources.locate("mnist", progress=False)
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    assert sources.locate("mnist").place == "downloaded"


def test_folder_with_plain_files(world, monkeypatch):
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    make_set(world / "mine/mnist", "mnist")
    for path in (world / "mine/mnist").iterdir():
        path.rename(path.with_suffix(""))
    location = sources.locate("mnist")
    assert [path.suffix for path in location.paths] == [""] * 4
    assert sources.read_files("mnist", location)[0].shape == (30, 28, 28)


def test_folder_with_a_part_of_the_set(world, monkeypatch):
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    make_set(world / "mine/mnist", "mnist")
    (world / "mine/mnist/t10k-labels-idx1-ubyte.gz").unlink()
    missing = r"missing: \$CNN_DATASETS/mnist/t10k-labels-idx1-ubyte\.gz\."
    with pytest.raises(DataError, match=missing):
        sources.locate("mnist")


def test_relative_folder_counts_from_here_or_from_the_project(world, monkeypatch):
    make_set(world / "mine/mnist", "mnist")
    monkeypatch.setenv("CNN_DATASETS", "../mine")
    (world / "project/notebooks").mkdir()
    for here in ("project", "project/notebooks"):
        monkeypatch.chdir(world / here)
        assert sources.locate("mnist").place == "folder"
    monkeypatch.setenv("CNN_DATASETS", "mine")
    monkeypatch.chdir(world)
    assert sources.locate("mnist").place == "folder"


@pytest.mark.parametrize("call", [lambda: sources.locate("mnist"), sources.status])
def test_folder_that_does_not_exist(world, monkeypatch, call):
    monkeypatch.setenv("CNN_DATASETS", "nowhere")
    with pytest.raises(DataError, match="CNN_DATASETS names 'nowhere', but there is no such"):
        call()


def test_damaged_earlier_download_is_an_error(world, server):
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    path = sources.DOWNLOADED / "mnist/train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError) as caught:
        sources.locate("mnist")
    message = str(caught.value)
    assert "datasets/downloaded/mnist/train-images-idx3-ubyte.gz is damaged" in message
    assert "python -m cnn_utils data fetch mnist" in message and str(world) not in message


def test_nowhere(world, monkeypatch):
    with pytest.raises(DataError, match="Fashion-MNIST is not available.*data fetch fashion"):
        sources.locate("fashion")
    monkeypatch.setattr(sources, "EMBEDDED", world / "gone")
    with pytest.raises(DataError, match="stand-in is incomplete"):
        sources.locate("mnist")


# ---- the overview


def table(world) -> dict[tuple[str, str], tuple[str, ...]]:
    """What `status` says: {(set, where): (arrow, files, size, what)}."""
    text = sources.status()
    assert str(world) not in text
    pattern = r"(→?) +(\w+) +(\S+) +(\d of \d) +([\d.]+ MB|–) +(.+)"
    rows = [re.fullmatch(pattern, line).groups() for line in text.splitlines()[1:-1]]
    return {(key, where): (arrow, *rest) for arrow, key, where, *rest in rows}


def test_status(world, server, monkeypatch):
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    make_set(world / "mine/signs", "signs")
    sources.fetch("fashion", progress=False, mirrors=(server.mirror("good", "fashion"),))
    size = sum(p.stat().st_size for p in (world / "mine/signs").iterdir())
    nothing = ("", "0 of 4", "–")
    rows = table(world)
    assert rows["signs", "$CNN_DATASETS/signs"][2] == f"{size / 1e6:.1f} MB"
    assert {place: (row[0], row[1], row[3]) for place, row in rows.items()} == {
        ("mnist", "$CNN_DATASETS/mnist"): nothing,
        ("mnist", "datasets/downloaded/mnist"): nothing,
        ("mnist", "datasets/embedded/mnist"): ("→", "4 of 4", "stand-in"),
        ("fashion", "$CNN_DATASETS/fashion"): nothing,
        ("fashion", "datasets/downloaded/fashion"): ("→", "4 of 4", "real"),
        ("signs", "$CNN_DATASETS/signs"): ("→", "2 of 2", "real"),
        ("signs", "datasets/downloaded/signs"): ("", "0 of 2", "–"),
        ("signs", "datasets/embedded/signs"): ("", "2 of 2", "stand-in"),
    }


def test_status_tells_of_damage(world, server, monkeypatch):
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    make_set(world / "mine/mnist", "mnist")
    (world / "mine/mnist/train-images-idx3-ubyte.gz").write_bytes(b"\0" * 50)
    make_set(world / "mine/signs", "signs")
    (world / "mine/signs/test_signs.h5").unlink()
    sources.fetch("mnist", progress=False, mirrors=(server.mirror("good"),))
    (sources.DOWNLOADED / "mnist/t10k-labels-idx1-ubyte.gz").write_bytes(b"x")
    (sources.DOWNLOADED / "signs").mkdir()
    (sources.DOWNLOADED / "signs/test_signs.h5").symlink_to("nowhere")
    rows = table(world)
    arrow, files, _, what = rows["mnist", "$CNN_DATASETS/mnist"]
    assert (arrow, files) == ("→", "4 of 4"), "a loader fails there instead of passing it over"
    assert what.startswith("$CNN_DATASETS/mnist/train-images-idx3-ubyte.gz has the unknown")
    arrow, files, _, what = rows["signs", "$CNN_DATASETS/signs"]
    assert (arrow, files, what) == ("→", "1 of 2", "incomplete")
    arrow, files, _, what = rows["mnist", "datasets/downloaded/mnist"]
    assert (arrow, files) == ("", "4 of 4") and "is damaged or another" in what
    arrow, files, size, what = rows["signs", "datasets/downloaded/signs"]
    assert (arrow, files, size) == ("", "1 of 2", "0.0 MB") and "No such file" in what


def test_the_catalogue():
    """Real names, sizes and hashes; https wherever a hash alone would have to protect."""
    for key, data_set in catalogue.SETS.items():
        assert data_set.key == key
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in data_set.files)
        assert len({file.sha256 for file in data_set.files}) == len(data_set.files)
        assert len(data_set.mirrors) >= 2
        assert all(m.startswith("http") and m.endswith("/") for m in data_set.mirrors)
        assert all(file.size < download.LARGEST_FILE for file in data_set.files)
    assert [file.name for file in SETS["mnist"].files] == [
        file.name for file in SETS["fashion"].files
    ]

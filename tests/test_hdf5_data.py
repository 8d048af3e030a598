"""The reader and writer of sign-digit files: right arrays, nothing followed, no memory for lies."""

import time
import tracemalloc

import h5py
import numpy as np
import pytest
from damage import damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_course.drawn.formats import write_signs
from cnn_utils.data import DataError, read_signs_split

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, size=(10, 8, 6, 3), dtype=np.uint8)
Y = np.arange(10) % 6


def write_plain(path, **changes):
    """Write a training file like the originals; `changes` replace keys or remove them (None)."""
    keys = {"train_set_x": X, "train_set_y": Y, "list_classes": np.arange(6)} | changes
    with h5py.File(path, "w") as file:
        for key, value in keys.items():
            if value is not None:
                file[key] = value
    return path


@pytest.mark.parametrize("split", ["train", "test"])
def test_what_is_written_is_read(tmp_path, split):
    write_signs(str(tmp_path / "signs.h5"), split, X, Y)
    x, y, classes = read_signs_split(str(tmp_path / "signs.h5"), split)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(classes, np.arange(6))
    assert (x.dtype, y.dtype, classes.dtype) == (np.uint8, np.int64, np.int64)
    with h5py.File(tmp_path / "signs.h5") as file:
        assert set(file) == {f"{split}_set_x", f"{split}_set_y", "list_classes"}


def test_file_like_the_originals(tmp_path):
    x, y, classes = read_signs_split(write_plain(tmp_path / "signs.h5"), "train")
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(classes, np.arange(6))


@pytest.mark.parametrize("labels", [Y[np.newaxis], Y.astype(np.uint8), Y.astype(">i4")])
def test_labels_in_other_forms(tmp_path, labels):
    y = read_signs_split(write_plain(tmp_path / "signs.h5", train_set_y=labels), "train")[1]
    assert y.shape == (10,) and y.dtype == np.int64 and y.dtype.isnative
    np.testing.assert_array_equal(y, Y)


def holds_time_stamp(path):
    """Whether the present time, as HDF5 stores it, is anywhere in the file."""
    data, now = path.read_bytes(), int(time.time())
    return any(second.to_bytes(4, "little") in data for second in range(now - 5, now + 1))


def test_same_arrays_same_bytes(tmp_path):
    write_signs(tmp_path / "a.h5", "train", X, Y)
    write_signs(tmp_path / "b.h5", "train", X[::-1][::-1], list(Y))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert not holds_time_stamp(tmp_path / "a.h5")
    with h5py.File(tmp_path / "c.h5", "w", libver="latest") as file:
        file.create_dataset("x", data=Y, track_times=True)
    assert holds_time_stamp(tmp_path / "c.h5"), "this test would not notice a time stamp"


def test_writing_replaces_or_leaves_alone(tmp_path, monkeypatch):
    path = tmp_path / "signs.h5"
    write_signs(path, "train", X, Y)
    write_signs(path, "train", X[:5], Y[:5])
    assert len(read_signs_split(path, "train")[0]) == 5

    def interrupt(*_):
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_signs(path, "train", X, Y)
    with pytest.raises(DataError):
        write_signs(path, "train", X, Y[:-1])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["signs.h5"]


WRONG = {
    "float images": ({"train_set_x": X / 255}, "must hold integers"),
    "int32 images": ({"train_set_x": X.astype(np.int32)}, "uint8"),
    "3-D images": ({"train_set_x": X[..., 0]}, r"\(N, H, W, 3\)"),
    "grey images": ({"train_set_x": X[..., :1]}, r"\(N, H, W, 3\)"),
    "no images": ({"train_set_x": X[:0], "train_set_y": Y[:0]}, r"\(N, H, W, 3\)"),
    "float labels": ({"train_set_y": Y / 1.0}, "must hold integers"),
    "text labels": ({"train_set_y": [b"a"] * 10}, "must hold integers"),
    "one-hot labels": ({"train_set_y": np.eye(6, dtype=int)[Y]}, r"\(N,\) or \(1, N\)"),
    "scalar labels": ({"train_set_y": 3}, r"\(N,\) or \(1, N\)"),
    "null labels": ({"train_set_y": h5py.Empty("i8")}, "must hold integers"),
    "too few labels": ({"train_set_y": Y[:-1]}, "10 images but 9 labels"),
    "negative label": ({"train_set_y": Y - 1}, "labels run from -1"),
    "label 6": ({"train_set_y": Y + 1}, "labels run from 1 to 6"),
    "label 2**64-1": ({"train_set_y": np.full(10, 2**64 - 1, np.uint64)}, "labels run from"),
    "no classes": ({"list_classes": np.arange(0)}, r"\(K,\)"),
    "classes 1 to 6": ({"list_classes": np.arange(1, 7)}, "must be 0, 1"),
    "named classes": ({"list_classes": [b"zero", b"one"]}, "must hold integers"),
    "no such key": ({"train_set_x": None, "train_set_X": X}, "no key 'train_set_x'.*train_set_X"),
    "a group": ({"train_set_x": None, "train_set_x/inner": X}, "is not an array"),
    "a soft link": ({"list_classes": h5py.SoftLink("/train_set_y")}, "points elsewhere"),
    "an external link": ({"train_set_x": h5py.ExternalLink("o.h5", "/x")}, "points elsewhere"),
    "an object dtype": ({"train_set_y": np.array(["a"] * 10, object)}, "must hold integers"),
}


@pytest.mark.parametrize("changes, words", WRONG.values(), ids=WRONG.keys())
def test_wrong_content(tmp_path, changes, words):
    path = write_plain(tmp_path / "wrong-file.h5", **changes)
    with pytest.raises(DataError, match=words) as caught:
        read_signs_split(path, "train")
    assert "wrong-file.h5" in str(caught.value)


def test_the_other_half_is_named(tmp_path):
    write_signs(tmp_path / "signs.h5", "test", X, Y)
    with pytest.raises(DataError, match="no key 'train_set_x'; it has: list_classes, test_set_x"):
        read_signs_split(tmp_path / "signs.h5", "train")
    with pytest.raises(DataError, match="'train' or 'test'; got 'valid'"):
        read_signs_split(tmp_path / "signs.h5", "valid")


def test_files_that_are_not_hdf5(tmp_path):
    good = write_plain(tmp_path / "good.h5").read_bytes()
    for name, data in {
        "text": b"<!DOCTYPE html>" * 100,
        "empty": b"",
        "cut": good[: len(good) // 2],
        "cut by one": good[:-1],
        "header": good[:8],
    }.items():
        (tmp_path / "bad.h5").write_bytes(data)
        with pytest.raises(DataError, match=r"bad\.h5"):
            read_signs_split(tmp_path / "bad.h5", "train")
            pytest.fail(name)
    with pytest.raises(DataError, match="no file"):
        read_signs_split(tmp_path / "absent.h5", "train")
    with pytest.raises(DataError, match="is a folder"):
        read_signs_split(tmp_path, "train")


def test_other_files_are_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(X.tobytes())
    path = write_plain(tmp_path / "signs.h5", train_set_x=None)
    with h5py.File(path, "a") as file:
        raw = [(str(secret), 0, X.nbytes)]
        file.create_dataset("train_set_x", X.shape, np.uint8, external=raw)
    with pytest.raises(DataError, match="other files"):
        read_signs_split(path, "train")

    write_plain(tmp_path / "other.h5")
    path = write_plain(tmp_path / "signs.h5", train_set_x=None)
    with h5py.File(path, "a") as file:
        layout = h5py.VirtualLayout(X.shape, np.uint8)
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "train_set_x", X.shape)
        file.create_virtual_dataset("train_set_x", layout)
    with pytest.raises(DataError, match="other files"):
        read_signs_split(path, "train")


HUGE = {
    "terabytes": dict(shape=(2**30, 64, 64, 3), chunks=(1, 64, 64, 3)),
    "gigabytes, contiguous": dict(shape=(2**17, 64, 64, 3)),
    "half a gigabyte, nothing stored": dict(shape=(2**15, 64, 64, 3), chunks=(1, 64, 64, 3)),
    "half a gigabyte, contiguous": dict(shape=(2**15, 64, 64, 3)),
}


@pytest.mark.parametrize("arguments", HUGE.values(), ids=HUGE.keys())
def test_announced_gigabytes_take_no_memory(tmp_path, arguments):
    path = write_plain(tmp_path / "huge.h5", train_set_x=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("train_set_x", dtype=np.uint8, **arguments)
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="huge.h5: 'train_set_x' announces"):
            read_signs_split(path, "train")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_the_limit(tmp_path, monkeypatch):
    path = write_plain(tmp_path / "signs.h5")
    monkeypatch.setattr("cnn_utils.data.hdf5.LARGEST_ARRAY", X.nbytes)
    assert len(read_signs_split(path, "train")[0]) == len(X)
    monkeypatch.setattr("cnn_utils.data.hdf5.LARGEST_ARRAY", X.nbytes - 1)
    with pytest.raises(DataError, match="'train_set_x' announces .* the limit is 1,439"):
        read_signs_split(path, "train")


def test_a_changed_pixel_is_noticed(tmp_path):
    """Even in numbers that gzip cannot make smaller: they have its checksum all the same."""
    path = tmp_path / "signs.h5"
    write_signs(path, "train", X, Y)
    with h5py.File(path) as file:
        chunk = file["train_set_x"].id.get_chunk_info(0)
    data = bytearray(path.read_bytes())
    data[chunk.byte_offset + 700] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        read_signs_split(path, "train")


def test_missing_chunks_are_not_filled_with_zeros(tmp_path):
    path = write_plain(tmp_path / "signs.h5", train_set_x=None)
    with h5py.File(path, "a") as file:
        x = file.create_dataset("train_set_x", X.shape, np.uint8, chunks=(2, 8, 6, 3))
        x[:8] = X[:8]
    with pytest.raises(DataError, match="does not hold them"):
        read_signs_split(path, "train")


def test_unknown_filters_are_refused(tmp_path):
    path = write_plain(tmp_path / "signs.h5", train_set_x=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("train_set_x", data=X, scaleoffset=0)
    with pytest.raises(DataError, match="in a way that is not supported"):
        read_signs_split(path, "train")


def good_bytes(tmp_path_factory, write):
    path = tmp_path_factory.mktemp("good") / "good.h5"
    write(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def goods(tmp_path_factory):
    return {
        "checked": good_bytes(tmp_path_factory, lambda p: write_signs(p, "train", X, Y)),
        "plain": good_bytes(tmp_path_factory, write_plain),
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzzed.h5"


def read_fuzzed(path, data):
    """Return the arrays, or None after a DataError; anything else fails the test."""
    path.write_bytes(data)
    try:
        return read_signs_split(path, "train")
    except DataError as error:
        assert "fuzzed.h5" in str(error)
        return None


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(data=st.data())
def test_fuzz_file_with_checksums(goods, scratch, data):
    arrays = read_fuzzed(scratch, data.draw(damaged(goods["checked"], header=1200)))
    if arrays is not None:  # damaged where it does not matter: never a wrong number
        np.testing.assert_array_equal(arrays[0], X)
        np.testing.assert_array_equal(arrays[1], Y)


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(data=st.data())
def test_fuzz_file_without_checksums(goods, scratch, data):
    arrays = read_fuzzed(scratch, data.draw(damaged(goods["plain"], header=2400)))
    if arrays is not None:  # a changed pixel cannot be noticed, a changed shape or label range can
        x, y, classes = arrays
        assert x.dtype == np.uint8 and x.ndim == 4 and x.shape[3] == 3 and x.nbytes <= X.nbytes
        assert y.shape == (len(x),) and y.min() >= 0 and y.max() < len(classes) <= 6


@settings(derandomize=True, deadline=None, max_examples=100, database=None)
@given(tail=st.binary(max_size=200))
def test_fuzz_random_bytes(scratch, tail):
    assert read_fuzzed(scratch, b"\x89HDF\r\n\x1a\n" + tail) is None

"""The IDX reader and writer: right arrays, and an error that helps for every kind of damage."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from damage import damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_course.drawn.formats import write_idx
from cnn_utils.data import DataError, read_idx
from cnn_utils.data.idx import TYPES

IMAGES = np.random.default_rng(0).integers(0, 256, size=(5, 4, 3), dtype=np.uint8)
HEADER = struct.pack(">2xBBIII", 8, 3, 5, 4, 3)
PLAIN = HEADER + IMAGES.tobytes()
PACKED = gzip.compress(PLAIN, mtime=0)


def test_file_written_byte_by_byte(tmp_path):
    path = tmp_path / "three-numbers"
    path.write_bytes(bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 1, 1, 0, 0xFF, 0xFE]))
    array = read_idx(path)
    assert array.dtype == np.int16
    np.testing.assert_array_equal(array, [[1, 256, -2]])


@pytest.mark.parametrize("data", [PLAIN, PACKED], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
def test_content_decides_whether_it_is_gzipped(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    array = read_idx(str(tmp_path / name))
    np.testing.assert_array_equal(array, IMAGES)
    assert array.dtype == np.uint8 and array.flags.writeable and array.flags.c_contiguous


@pytest.mark.parametrize("dtype", TYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 1, 3, 2)], ids=str)
@pytest.mark.parametrize("name", ["x", "x.gz"])
def test_what_is_written_is_read(tmp_path, dtype, shape, name):
    array = (np.arange(np.prod(shape)) * 0.75 + 100).astype(dtype).reshape(shape)
    write_idx(str(tmp_path / name), array)
    write_idx(tmp_path / "swapped", array.astype(dtype.newbyteorder("S")))
    for read in (read_idx(tmp_path / name), read_idx(tmp_path / "swapped")):
        assert read.dtype == dtype and read.dtype.isnative
        np.testing.assert_array_equal(read, array)


def test_written_bytes(tmp_path):
    write_idx(tmp_path / "plain", IMAGES[:, ::-1][:, ::-1])
    assert (tmp_path / "plain").read_bytes() == PLAIN
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "b.gz", IMAGES)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[4:8] == bytes(4), "no time stamp"
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == PLAIN


def header(*sizes, code=8, dimensions=None):
    dimensions = len(sizes) if dimensions is None else dimensions
    return struct.pack(f">2xBB{len(sizes)}I", code, dimensions, *sizes)


CRC_DAMAGED = bytearray(PACKED)
CRC_DAMAGED[-6] ^= 1
MIDDLE_DAMAGED = bytearray(PACKED)
MIDDLE_DAMAGED[len(PACKED) // 2] ^= 0xFF
BAD = {
    "empty": (b"", "empty"),
    "text": (b"<!DOCTYPE html>", "not an IDX file"),
    "two bytes": (b"\0\0", "not an IDX file"),
    "magic": (b"\1" + PLAIN[1:], "not an IDX file"),
    "type code": (header(5, 4, 3, code=7) + PLAIN[16:], "type code 07"),
    "no dimension": (header(code=8), "0 dimensions"),
    "many dimensions": (header(1, dimensions=9) + bytes(99), "9 dimensions"),
    "header cut": (PLAIN[:14], "within its header"),
    "size 0": (header(5, 0, 3), "an empty array"),
    "cut by one": (PLAIN[:-1], "cut short"),
    "cut by many": (PLAIN[:-30], "more than the file can hold"),
    "one too many": (PLAIN + b"\0", "goes on after"),
    "gigabytes": (header(2**31, 1024) + bytes(60), "more than the file can hold"),
    "overflow": (header(*[2**32 - 1] * 8) + bytes(60), "more than the file can hold"),
    "gzip cut": (PACKED[:-9], "cannot be read to its end"),
    "gzip header only": (PACKED[:10], "cannot be read to its end"),
    "gzip magic only": (PACKED[:2], "cannot be read to its end"),
    "gzip checksum": (bytes(CRC_DAMAGED), "cannot be read to its end"),
    "gzip middle": (bytes(MIDDLE_DAMAGED), None),
    "gzip of too little": (gzip.compress(PLAIN[:-1]), "cut short"),
    "gzip of too much": (gzip.compress(PLAIN + b"\0"), "goes on after"),
    "gzip then something": (PACKED + b"more", "cannot be read to its end"),
    "gzip of gigabytes": (gzip.compress(header(2**31, 1024)), "more than the file can hold"),
    "gzip of text": (gzip.compress(b"not found"), "not an IDX file"),
    "gzip of nothing": (gzip.compress(b""), "not an IDX file"),
    "gzip of gzip": (gzip.compress(PACKED), "not an IDX file"),
}


@pytest.mark.parametrize("data, words", BAD.values(), ids=BAD.keys())
def test_damaged_file(tmp_path, data, words):
    path = tmp_path / "broken-file.gz"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(path)
    assert "broken-file.gz" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_the_limit_is_named_for_arrays_that_the_file_could_hold(tmp_path, monkeypatch):
    monkeypatch.setattr("cnn_utils.data.idx.LARGEST_ARRAY", 59)
    (tmp_path / "x").write_bytes(PLAIN)
    with pytest.raises(DataError, match="the limit of 59 bytes"):
        read_idx(tmp_path / "x")
    monkeypatch.setattr("cnn_utils.data.idx.LARGEST_ARRAY", 60)
    np.testing.assert_array_equal(read_idx(tmp_path / "x"), IMAGES)


def test_missing_file_folder_and_pipe(tmp_path):
    with pytest.raises(DataError, match="no file .*absent"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="is a folder"):
        read_idx(tmp_path)
    with pytest.raises(DataError, match="cannot be opened"):
        read_idx("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer
        with pytest.raises(DataError, match="not a regular file"):
            read_idx(tmp_path / "pipe")


def peak_memory(function):
    """Call function() and return the most bytes that Python and NumPy held during the call."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_not_inflated(tmp_path):
    bomb = gzip.compress(header(100) + bytes(2**26), compresslevel=1)
    (tmp_path / "bomb.gz").write_bytes(bomb)
    assert peak_memory(lambda: read_idx(tmp_path / "bomb.gz")) < 2**21


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_announced_gigabytes_take_no_memory(tmp_path, pack):
    (tmp_path / "x").write_bytes(pack(header(2**30) + bytes(1000)))
    assert peak_memory(lambda: read_idx(tmp_path / "x")) < 2**21


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3),
        np.array([True]),
        np.array(["a"]),
        np.zeros((2, 0), np.uint8),
        np.uint8(3),
        np.zeros([1] * 9, np.uint8),
    ],
    ids=["int64", "bool", "str", "empty", "0-D", "9-D"],
)
def test_arrays_that_idx_cannot_hold(tmp_path, array):
    (tmp_path / "x").write_bytes(b"before")
    with pytest.raises(DataError):
        write_idx(tmp_path / "x", array)
    assert (tmp_path / "x").read_bytes() == b"before"


def test_an_interrupted_write_changes_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    (tmp_path / "x").write_bytes(b"before")
    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_idx(tmp_path / "x", IMAGES)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"before"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzzed.gz"


def check_fuzzed(path, data, packed):
    """Reading gives the array that the bytes describe, or a DataError; nothing else."""
    path.write_bytes(data)
    try:
        array = read_idx(path)
    except DataError as error:
        assert "fuzzed.gz" in str(error)
        return
    content = gzip.decompress(data) if packed else data
    write_idx(path.with_suffix(""), array)
    assert path.with_suffix("").read_bytes() == content


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(data=st.one_of(st.binary(max_size=64), st.binary(max_size=64).map(lambda b: HEADER[:3] + b)))
def test_fuzz_random_bytes(scratch, data):
    check_fuzzed(scratch, data, data[:2] == PACKED[:2])


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(data=damaged(PLAIN, header=16))
def test_fuzz_plain(scratch, data):
    check_fuzzed(scratch, data, data[:2] == PACKED[:2])


@settings(derandomize=True, deadline=None, max_examples=300, database=None)
@given(data=damaged(PACKED, header=12))
def test_fuzz_gzip(scratch, data):
    check_fuzzed(scratch, data, data[:2] == PACKED[:2])


@settings(derandomize=True, deadline=None, max_examples=200, database=None)
@given(data=damaged(PLAIN, header=16).map(lambda data: gzip.compress(data, mtime=0)))
def test_fuzz_gzip_of_damaged(scratch, data):
    check_fuzzed(scratch, data, True)

"""The loaders: what they return, the line they print, and files that do not fit together."""

import os
from pathlib import Path

import numpy as np
import pytest
from test_sources import make_set, world  # noqa: F401  (world is a fixture)

from cnn_course.drawn.formats import write_idx, write_signs
from cnn_utils.data import (
    DataError,
    load_fashion,
    load_mnist,
    load_signs,
    read_idx,
    sources,
)

LOADERS = {"mnist": load_mnist, "fashion": load_fashion, "signs": load_signs}


@pytest.fixture
def mine(world, monkeypatch):  # noqa: F811
    """The folder named by CNN_DATASETS, with all three sets in it."""
    monkeypatch.setenv("CNN_DATASETS", str(world / "mine"))
    monkeypatch.setenv("CNN_OFFLINE", "1")
    for key in LOADERS:
        make_set(world / "mine" / key, key, seed=3)
    return world / "mine"


@pytest.mark.parametrize(
    "key, name, sizes, shape, classes",
    [
        ("mnist", "MNIST", (30, 20), (28, 28, 1), tuple("0123456789")),
        ("fashion", "Fashion-MNIST", (30, 20), (28, 28, 1), None),
        ("signs", "Sign digits", (12, 6), (64, 64, 3), tuple("012345")),
    ],
)
def test_load(mine, key, name, sizes, shape, classes, capsys):
    data = LOADERS[key]()
    assert (data.name, data.label) == (name, name)
    assert data.is_real and data.source == "the folder named by CNN_DATASETS"
    assert data.x_train.shape == (sizes[0], *shape) and data.x_test.shape == (sizes[1], *shape)
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    np.testing.assert_array_equal(data.y_train, np.arange(sizes[0]) % len(data.class_names))
    np.testing.assert_array_equal(data.y_test, np.arange(sizes[1]) % len(data.class_names))
    if classes:
        assert data.class_names == classes
    else:
        assert len(set(data.class_names)) == 10 and data.class_names[9] == "ankle boot"
    size = "×".join(map(str, shape))
    numbers = f"{sizes[0]} training and {sizes[1]} test images, {size}"
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out == (
        f"{name}: real data from the folder named by CNN_DATASETS: {numbers}.\n"
    )
    assert repr(data) == f"<{name}: {numbers}, {len(data.class_names)} classes>"
    with pytest.raises(AttributeError):
        data.name = "other"


def test_pixels_are_those_of_the_file(mine):
    data = load_mnist(quiet=True)
    images = read_idx(mine / "mnist/train-images-idx3-ubyte.gz")
    np.testing.assert_array_equal(data.x_train[..., 0], images)


def test_stand_in_is_called_so(mine, monkeypatch, capsys):
    monkeypatch.delenv("CNN_DATASETS")
    for key, what in (("mnist", "drawn digits"), ("signs", "rendered hands")):
        data = LOADERS[key]()
        line = capsys.readouterr().out
        assert not data.is_real and data.source == "the embedded stand-in"
        assert data.label == f"{data.name} stand-in (embedded)" and data.label in repr(data)
        assert line.startswith(f"{data.name}: embedded stand-in ({what}, not the real set), ")
        assert "CNN_OFFLINE=1 forbids a download and no copy is on disk" in line
        assert line.endswith(f"`python -m cnn_utils data fetch {key}` gets the real set.\n")
        assert line.count("\n") == 1 and str(mine.parent) not in line


def test_fashion_has_no_stand_in(mine, monkeypatch):
    monkeypatch.delenv("CNN_DATASETS")
    with pytest.raises(DataError, match="it has no stand-in.*data fetch fashion"):
        load_fashion()


def test_quiet(mine, capsys):
    for load in LOADERS.values():
        load(quiet=True)
    assert capsys.readouterr() == ("", "")


TRAIN_X, TRAIN_Y = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
TEST_X, TEST_Y = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
LABELS = (np.arange(30) % 10).astype(np.uint8)
WRONG = {
    "fewer labels": (TRAIN_Y, LABELS[:-1], "30 images but 29 labels"),
    "fewer images": (TEST_X, np.zeros((5, 28, 28), np.uint8), "5 images but 20 labels"),
    "label 10": (TRAIN_Y, LABELS + 1, "0 to 9, these are 1 to 10"),
    "negative label": (TRAIN_Y, LABELS.astype(np.int8) - 1, "labels .* of type uint8, got int8"),
    "float images": (TRAIN_X, np.zeros((30, 28, 28), np.float32), "uint8, got float32"),
    "other size": (TRAIN_X, np.zeros((30, 32, 32), np.uint8), r"\(28, 28, 1\), .* \(32, 32, 1\)"),
    "labels for images": (TRAIN_X, LABELS, r"train-images.*\(N, 28, 28\).*got uint8 \(30,\)"),
    "images for labels": (TEST_Y, np.zeros((20, 28, 28), np.uint8), r"t10k-labels.*labels \(N,\)"),
}


@pytest.mark.parametrize("name, array, words", WRONG.values(), ids=WRONG)
def test_files_that_do_not_fit_together(mine, name, array, words):
    write_idx(mine / "mnist" / name, array)
    with pytest.raises(DataError, match=words) as caught:
        load_mnist()
    assert "MNIST" in str(caught.value) and str(mine) not in str(caught.value)


def test_signs_of_another_size_or_with_other_classes(mine):
    x, y = np.zeros((6, 32, 32, 3), np.uint8), np.arange(6)
    write_signs(mine / "signs/test_signs.h5", "test", x, y)
    with pytest.raises(DataError, match=r"Sign digits, test files.*\(64, 64, 3\), .*\(32, 32, 3\)"):
        load_signs()
    x = np.zeros((6, 64, 64, 3), np.uint8)
    write_signs(mine / "signs/test_signs.h5", "test", x, y, classes=range(7))
    with pytest.raises(DataError, match="6 classes.*7"):
        load_signs()


def test_damaged_file_is_named_with_the_remedy_and_never_replaced(mine, world):  # noqa: F811
    for key, name in (("mnist", TRAIN_X), ("signs", "train_signs.h5")):
        path = mine / key / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        before = path.read_bytes()
        with pytest.raises(DataError) as caught:
            LOADERS[key]()
        message = str(caught.value)
        assert f"$CNN_DATASETS/{key}/{name}" in message and "unset CNN_DATASETS" in message
        assert str(world) not in message
        assert path.read_bytes() == before


def test_damaged_stand_in(mine, monkeypatch):
    monkeypatch.delenv("CNN_DATASETS")
    (sources.EMBEDDED / "mnist" / TEST_Y).write_bytes(b"damaged!")
    with pytest.raises(DataError, match="datasets/embedded/mnist/t10k-labels.*git checkout"):
        load_mnist()


# ---- the files that come with the project, and the real ones where they are

PROJECT = Path(__file__).resolve().parents[1]


def check_balance(y, classes, least):
    counts = np.bincount(y, minlength=classes)
    assert counts.min() >= least * len(y) / classes


@pytest.mark.parametrize("key, sizes", [("mnist", (6000, 1000)), ("signs", (900, 180))])
def test_embedded_sets(key, sizes, monkeypatch):
    monkeypatch.delenv("CNN_DATASETS", raising=False)
    monkeypatch.setenv("CNN_OFFLINE", "1")
    monkeypatch.setattr(sources, "DOWNLOADED", PROJECT / "nothing-is-here")
    if not (sources.EMBEDDED / key).is_dir():
        pytest.skip(f"datasets/embedded/{key} has not been made yet")
    data = LOADERS[key](quiet=True)
    assert not data.is_real
    assert (len(data.x_train), len(data.x_test)) == sizes
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        check_balance(y, len(data.class_names), 0.9)
        assert x.reshape(len(x), -1).std(axis=1).min() > 5, "no image is empty"
    together = {x.tobytes() for x in data.x_train} & {x.tobytes() for x in data.x_test}
    assert not together, "no test image is a training image"


def test_embedded_sets_are_small():
    size = sum(p.stat().st_size for p in sources.EMBEDDED.rglob("*") if p.is_file())
    assert size <= 6_000_000


def test_real_files_where_they_are(monkeypatch):
    folder = PROJECT.parent / "shared" / "datasets"
    if not os.path.isdir(folder):
        pytest.skip("the real data sets are not on this machine")
    monkeypatch.setenv("CNN_DATASETS", str(folder))
    mnist, signs = load_mnist(quiet=True), load_signs(quiet=True)
    assert mnist.x_train.shape == (60_000, 28, 28, 1) and mnist.x_test.shape[0] == 10_000
    np.testing.assert_array_equal(mnist.y_train[:5], [5, 0, 4, 1, 9])
    assert signs.x_train.shape == (1080, 64, 64, 3) and len(signs.x_test) == 120
    np.testing.assert_array_equal(np.bincount(signs.y_train), [180] * 6)

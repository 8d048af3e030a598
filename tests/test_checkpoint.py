import copy

import h5py
import numpy as np
import pytest

from cnn_utils import checkpoint
from cnn_utils.checkpoint import ModelFileError
from cnn_utils.layers import Dense, Flatten
from cnn_utils.optim import Momentum
from cnn_utils.sequential import Sequential
from cnn_utils.training import Run


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model.h5"
    groups = {"weights": {"a.w": np.arange(6.0).reshape(2, 3)}, "state": {}}
    checkpoint.write(path, {"data": "čísla ✋"}, groups)
    return path


def test_round_trip(model_file):
    meta, groups = checkpoint.read(model_file)
    assert meta == {"data": "čísla ✋"}
    assert groups.keys() == {"weights", "state"}
    np.testing.assert_array_equal(groups["weights"]["a.w"], np.arange(6.0).reshape(2, 3))


def test_the_same_content_gives_the_same_bytes(model_file, tmp_path):
    meta, groups = checkpoint.read(model_file)
    checkpoint.write(tmp_path / "again.h5", meta, groups)
    assert (tmp_path / "again.h5").read_bytes() == model_file.read_bytes()


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(model_file):
    before = model_file.read_bytes()
    with pytest.raises(TypeError):
        checkpoint.write(model_file, {}, {"weights": {"w": np.array([object()])}})
    with pytest.raises(TypeError):
        checkpoint.write(model_file, {"x": object()}, {})
    assert model_file.read_bytes() == before
    assert list(model_file.parent.iterdir()) == [model_file]


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.h5"):
        checkpoint.read(tmp_path / "nothing.h5")
    with pytest.raises(FileNotFoundError, match="create it first"):
        checkpoint.write(tmp_path / "no" / "m.h5", {}, {})


@pytest.mark.parametrize("keep", [0, 1, 100, 0.3, 0.6, 0.9])
def test_a_file_cut_short_says_so(model_file, keep):
    content = model_file.read_bytes()
    model_file.write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(ModelFileError, match=r"model\.h5"):
        checkpoint.read(model_file)


def test_foreign_files(tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n" + bytes(500))
    with pytest.raises(ModelFileError, match=r"picture\.png.*not an HDF5 file"):
        checkpoint.read(picture)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["train_set_x"] = np.zeros(3)
    with pytest.raises(ModelFileError, match="no model saved by cnn_utils .*train_set_x"):
        checkpoint.read(tmp_path / "data.h5")


def test_a_newer_format_asks_for_an_update(model_file):
    with h5py.File(model_file, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ModelFileError, match="Update cnn_utils"):
        checkpoint.read(model_file)


def test_hostile_contents_are_refused(model_file, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["w"] = np.ones(3)

    def spoil(change):
        checkpoint.write(model_file, {}, {"weights": {}})
        with h5py.File(model_file, "a") as file:
            change(file["weights"])
        with pytest.raises(ModelFileError) as error:
            checkpoint.read(model_file)
        return str(error.value)

    def link(group):
        group["w"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "w")

    def virtual(group):
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "w", (3,))
        group.create_virtual_dataset("w", layout)

    def external(group):
        group.create_dataset("w", (3,), "f8", external=[(str(tmp_path / "secret.h5"), 0, 24)])

    def huge(group):  # a file of a few hundred bytes that announces 8 terabytes
        group.create_dataset("w", (10**12,), "f8", chunks=(1000,))

    def text(group):
        group["w"] = "import os"

    def linked_group(group):
        file = group.file
        del file["weights"]
        file["weights"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/")

    assert "w is a link" in spoil(link)
    assert "weights is a link" in spoil(linked_group)
    assert "not a plain array" in spoil(virtual)
    assert "not a plain array" in spoil(external)
    assert "too many" in spoil(huge)
    assert "not numbers" in spoil(text)


def test_numpys_numbers_are_written_like_others(tmp_path):
    model = Sequential([Flatten(), Dense(3)], (2, 2, 1))
    model.info = {"images": np.int64(60), "accuracy": np.float32(0.5), "real": np.bool(True)}
    model.save(tmp_path / "m.h5")
    info = Sequential.load(tmp_path / "m.h5").info
    assert info == model.info
    assert [type(info[key]) for key in model.info] == [int, float, bool]


def test_a_damaged_checkpoint_is_blamed(tmp_path):
    path = tmp_path / "c.h5"
    x, y = np.ones((4, 2, 2, 1), np.float32), np.array([0, 1, 2, 0])
    model = Sequential([Flatten(), Dense(3)], (2, 2, 1))
    model.fit(x, y, epochs=1, optimizer=Momentum(0.1), checkpoint=path, progress=False)
    meta, groups = checkpoint.read(path)

    def resume():
        run = Run(model, x, y, epochs=2, optimizer=Momentum(0.1))
        checkpoint.load_run(path, run)
        return run

    run = resume()
    assert len(run.history) == 1 and run.optimizer.t == 1 and run.optimizer.state["v"]
    for spoil in (
        lambda meta, groups: meta.pop("architecture"),
        lambda meta, groups: meta.update(optimizer=3),
        lambda meta, groups: meta["training"].pop("rng"),
        lambda meta, groups: meta["training"]["rng"].update(state="x"),
        lambda meta, groups: groups.pop("optimizer"),
        lambda meta, groups: groups["optimizer"].update({"speed:dense_1.w": np.zeros(3)}),
        lambda meta, groups: groups["history"].update(mood=np.zeros(3)),
        lambda meta, groups: groups["weights"].pop("dense_1.b"),
    ):
        bad = copy.deepcopy((meta, groups))
        spoil(*bad)
        checkpoint.write(path, *bad)
        with pytest.raises(ModelFileError, match=r"c\.h5 cannot be resumed: "):
            resume()

import json
import subprocess
import sys

import pytest

from cnn_utils.cli import main
from cnn_utils.sequential import Sequential


def test_train_reports_saves_and_writes_json(tmp_path, capfd):
    out, figures = tmp_path / "m.h5", tmp_path / "f.json"
    command = f"train zero-one --epochs 1 --seed 4 --threads 1 --out {out} --json {figures}"
    assert main(command.split()) == 0
    said = capfd.readouterr()
    assert said.err == ""
    assert "zero-one" in said.out and "seed 4" in said.out and "parameters" in said.out
    content = json.loads(figures.read_text())
    assert list(content) == [
        "recipe",
        "data",
        "seed",
        "parameters",
        "epochs",
        "loss",
        "train_accuracy",
        "test_accuracy",
        "seconds",
    ]
    assert (content["recipe"], content["seed"], content["epochs"]) == ("zero-one", 4, 1)
    assert Sequential.load(out).info == content


def test_a_missing_folder_is_said_before_any_training(tmp_path, capfd):
    assert main(["train", "mnist", "--out", str(tmp_path / "no" / "m.h5")]) == 1
    assert "create it first" in capfd.readouterr().err


def test_ctrl_c_keeps_the_best_weights(tmp_path, capfd, monkeypatch):
    from cnn_utils import training

    original = training.Run.epoch

    def interrupt(run):
        if len(run.history) == 2:
            raise KeyboardInterrupt
        return original(run)

    monkeypatch.setattr(training.Run, "epoch", interrupt)
    out = tmp_path / "m.h5"
    assert main(["train", "zero-one", "--quiet", "--out", str(out)]) == 0
    assert "best weights so far" in capfd.readouterr().out
    model = Sequential.load(out)
    assert model.info["epochs"] == 2 and model.history.stopped == "interrupted"


def test_data_lists_every_set(capfd):
    assert main(["data"]) == 0
    said = capfd.readouterr().out
    assert all(name in said for name in ("mnist", "signs", "fashion"))
    assert "/root" not in said and "/home" not in said and "/tmp" not in said


def test_fetching_without_network_is_explained(capfd, monkeypatch):
    monkeypatch.setenv("CNN_OFFLINE", "1")
    assert main(["data", "fetch", "fashion"]) == 1
    assert "CNN_OFFLINE" in capfd.readouterr().err


@pytest.mark.parametrize(
    "bad, said",
    [
        ("train lenet", "'lenet'"),
        ("train mnist --epochs 0", "--epochs: '0' is not an integer ≥ 1"),
        ("train mnist --batch-size many", "--batch-size: 'many' is not an integer ≥ 1"),
        ("train mnist --seed -1", "--seed: '-1' is not an integer ≥ 0"),
        ("data fetch cats", "'cats'"),
        ("", "COMMAND"),
    ],
)
def test_bad_commands_are_explained(bad, said, capfd):
    with pytest.raises(SystemExit) as stop:
        main(bad.split())
    assert stop.value.code == 2
    message = capfd.readouterr().err
    assert "usage" in message and said in message


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "cnn_utils", "--help"], capture_output=True, text=True, check=True
    )
    assert "train" in done.stdout and "data" in done.stdout and done.stderr == ""

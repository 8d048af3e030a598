"""The benchmark: its contestants do the same, and its figures are what they say."""

import importlib.util
import json

import bench
import numpy as np
import pytest

from cnn_utils import parallel

HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.mark.parametrize("name", bench.MODELS)
def test_all_contestants_take_the_same_steps(name, monkeypatch):
    with_loops = name == "mnist-small"  # on the other model they take seconds
    monkeypatch.setitem(bench.MODELS, name, 1)
    contestants = bench._contestants(name, batch=1 if with_loops else 3)
    assert len(contestants) == (8 if HAS_TORCH else 4)
    if not with_loops:
        del contestants["loops"]
    losses = {label: [step() for _ in range(3)] for label, step in contestants.items()}
    expected = losses["plain im2col"]
    assert expected[0] != expected[1] != expected[2]
    for label, found in losses.items():
        np.testing.assert_allclose(found, expected, rtol=1e-3, err_msg=label)


def test_run_prints_a_table_and_writes_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "MODELS", {"mnist-small": 1})
    monkeypatch.setattr(bench, "BURST", 0)
    before = parallel.get_threads()
    figures = bench.run(tmp_path / "bench.json", repeats=2, batch=2)
    assert parallel.get_threads() == before
    assert json.loads((tmp_path / "bench.json").read_text()) == figures
    (model,) = figures.values()
    assert set(model) == {"ratio_to_pytorch", "speedup_over_loops", "milliseconds"}
    assert (model["ratio_to_pytorch"] is not None) == HAS_TORCH
    assert all(t > 0 for t in model["milliseconds"].values())
    out, err = capsys.readouterr()
    assert not err
    assert "loops (from 1 image)" in out and "plain im2col" in out
    for label in list(model["milliseconds"])[1:]:
        assert label in out


def test_the_figures():
    seconds = {
        "loops": [2.0, 4.0, 3.0],
        "plain im2col": [0.5, 0.5, 0.5],
        "cnn_utils, 1 thread": [0.03, 0.03, 0.03],
        "cnn_utils, 2 threads": [0.01, 0.02, 0.06],
        "PyTorch NCHW, 1 thread": [1, 1, 1],
        "PyTorch NCHW, 2 threads": [0.02, 0.08, 0.08],
    }
    figures = bench._compare(seconds, scale=10)
    # the turns' ratios are 1/2, 1/4 and 3/4
    assert figures["ratio_to_pytorch"] == pytest.approx(0.5)
    assert figures["speedup_over_loops"] == pytest.approx(30 / 0.02)
    assert figures["milliseconds"]["cnn_utils, 2 threads"] == pytest.approx(20)
    table = bench._table("mnist-small", 64, figures)
    assert "1,500 times as fast as the loops and takes 0.50 of PyTorch's time" in table

    without = {label: times for label, times in seconds.items() if "PyTorch" not in label}
    figures = bench._compare(without, scale=1)
    assert figures["ratio_to_pytorch"] is None
    assert "PyTorch is not installed" in bench._table("mnist-small", 64, figures)


def test_a_contestant_that_does_something_else_is_refused():
    contestants = {"plain im2col": lambda: 1.0, "cnn_utils, 1 thread": lambda: 1.1}
    with pytest.raises(RuntimeError, match="not all contestants do the same"):
        bench._measure(contestants, repeats=1)

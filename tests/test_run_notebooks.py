"""tools/run_notebooks.py: what it saves, and what it refuses to save."""

import json
import os
from pathlib import Path

import nbformat
import pytest
import run_notebooks
from nbformat.v4 import new_code_cell, new_notebook, new_output

WIDGET = run_notebooks.WIDGET_VIEW


def write(path: Path, *sources: str) -> Path:
    """Write a notebook with these code cells, as an editor of another format version left it."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    for cell in notebook.cells:
        del cell["id"]
    notebook.nbformat_minor = 4
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_executing_twice_saves_the_same_bytes(tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    path = write(
        folder / "small.ipynb",
        "import os\nprint(os.path.basename(os.getcwd()), os.environ['CNN_DATASETS'])",
        "for n in range(40):\n    print(n, flush=True)",
        "from tqdm.auto import tqdm\ntotal = sum(tqdm(range(5)))\ntotal",
        "import ipywidgets\nipywidgets.IntSlider()",
        "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNN_DATASETS", "real-ones")  # the environment reaches the kernel
        patch.setenv("MPLBACKEND", "Agg")  # would keep figures out of the notebook
        assert run_notebooks.run(path) == "saved"
        saved = path.read_bytes()
        assert run_notebooks.run(path) == "unchanged"
        assert run_notebooks.run(path, check=True) == "unchanged"
    assert path.read_bytes() == saved
    assert os.listdir(folder) == ["small.ipynb"]

    notebook = nbformat.reads(saved.decode(), as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [f"cell-{n:02}" for n in range(5)]
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4, 5]
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.kernelspec["name"] == "python3"
    assert "version" not in notebook.metadata.language_info
    assert all(dict(cell.metadata) == {} for cell in notebook.cells)

    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0][0].text == "lessons real-ones\n"
    assert [output.text.split() for output in outputs[1]] == [[str(n) for n in range(40)]]
    assert [output.output_type for output in outputs[2]] == ["execute_result"]  # no bar
    assert outputs[2][0].data["text/plain"] == "10"
    assert outputs[3] == []  # a slider is nothing without its kernel
    assert "image/png" in outputs[4][0].data


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("1 / 0", "cell 1 (cell-01) failed: ZeroDivisionError: division by zero"),
        ("import sys\nprint('old', file=sys.stderr)", "cell 1 (cell-01) wrote to stderr: old"),
        ("import os\nos.getcwd()", "cell 1 (cell-01) shows a path of this machine"),
        ("import time\ntime.sleep(60)", "longer than 3 s"),
    ],
    ids=["error", "stderr", "path", "timeout"],
)
def test_a_notebook_with_a_problem_is_not_saved(tmp_path, capsys, source, complaint):
    path = write(tmp_path / "bad.ipynb", "print('fine')", source, "print('after')")
    before = path.read_bytes()
    assert run_notebooks.main([str(path), "--timeout", "3"]) == 1
    assert complaint in capsys.readouterr().out
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["bad.ipynb"]


def test_check_tells_a_saved_output_that_does_not_hold(tmp_path, capsys):
    path = write(tmp_path / "small.ipynb", "print('loss', 0.25)")
    assert run_notebooks.run(path) == "saved"
    stale = path.read_text().replace('"loss 0.25\\n"', '"loss 0.75\\n"')
    path.write_text(stale)
    assert run_notebooks.main([str(tmp_path), "--check"]) == 1
    printed = capsys.readouterr().out
    assert '-      "loss 0.75\\n"' in printed
    assert '+      "loss 0.25\\n"' in printed
    assert path.read_text() == stale


def test_what_is_no_notebook_is_named(tmp_path, capsys):
    assert run_notebooks.main([str(tmp_path / "missing.ipynb")]) == 2
    assert "missing.ipynb: no such notebook" in capsys.readouterr().err
    (tmp_path / "text.ipynb").write_text("hello")
    assert run_notebooks.main([str(tmp_path)]) == 1
    assert "not a notebook" in capsys.readouterr().out


def stream(text, name="stdout"):
    return new_output("stream", text=text, name=name)


def shown(**data):
    return new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})


def test_only_neighbouring_pieces_of_one_stream_are_joined():
    outputs = [stream("a"), stream("b"), shown(text_plain="x"), stream("c"), stream("d", "stderr")]
    joined = run_notebooks.joined_streams(outputs)
    assert [output.get("text") for output in joined] == ["ab", None, "c", "d"]
    assert outputs[0].text == "a"


def test_a_widget_with_a_picture_keeps_the_picture():
    bare = new_output("display_data", data={WIDGET: {"model_id": "1"}, "text/plain": "Slider()"})
    figure = new_output("display_data", data={WIDGET: {"model_id": "2"}, "text/html": "<svg/>"})
    plain = shown(text_plain="7")
    kept = run_notebooks.without_widgets([bare, figure, plain])
    assert [dict(output.data) for output in kept] == [{"text/html": "<svg/>"}, {"text/plain": "7"}]
    assert WIDGET in figure.data


def complaints(output, private=()):
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])])
    return run_notebooks.find_problems(notebook, list(private))


@pytest.mark.parametrize(
    "text",
    [
        "saved to /home/ada/course/model.h5",
        "'/tmp/tmpab12/x.h5'",
        "/Users/ada/Desktop",
        "C:\\Users\\ada\\course",
        "<function f at 0x7f3a5c0d2e80>",
        "read in /opt/course/datasets",
    ],
)
def test_paths_and_addresses_are_found(text):
    private = ["/opt/course"]
    assert len(complaints(stream(text), private)) == 1
    assert len(complaints(shown(text_plain=text), private)) == 1
    assert len(complaints(shown(text_html=f"<p>{text}</p>"), private)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "magic number 0x00000803 at offset 0",
        "1/2 and the square root/of 2",
        "https://example.org/home/page",
        "datasets/embedded/mnist",
        "H/2, W/2",
    ],
)
def test_harmless_text_is_not_complained_of(text):
    assert complaints(stream(text), ["/opt/course"]) == []


def test_pictures_are_not_searched_for_paths():
    assert complaints(shown(image_png="iVBOR/tmp/abc")) == []


def test_checking_passes_over_cells_whose_outputs_may_differ(tmp_path):
    path = write(tmp_path / "timing.ipynb", "import time\nprint(time.time())", "print(1 + 1)")
    run_notebooks.run(path)
    with pytest.raises(run_notebooks.NotebookProblem, match="something else"):
        run_notebooks.run(path, check=True)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, path)
    assert "unchanged, but for" in run_notebooks.run(path, check=True)
    notebook.cells[1].outputs[0].text = "3\n"
    nbformat.write(notebook, path)
    with pytest.raises(run_notebooks.NotebookProblem, match="something else"):
        run_notebooks.run(path, check=True)

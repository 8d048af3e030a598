"""The committed notebooks, and the harness that executes them: nbval and the conftest.py above."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from run_notebooks import find_notebooks, find_problems, normalise
from tracked import tracked_text

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = find_notebooks([ROOT / "notebooks"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_as_make_notebooks_saves_it(path):
    text = tracked_text(path)
    assert len(text.encode()) <= 1_000_000, "larger than 1 MB: the web shows no preview of it"
    notebook = nbformat.reads(text, as_version=4)
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code" and c.source]
    assert counts == list(range(1, len(counts) + 1)), "not executed from top to bottom"
    assert find_problems(notebook) == []
    assert notebook.metadata.kernelspec["name"] == "python3"
    assert normalise(notebook) == notebook, "run `make notebooks`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_link_between_the_notebooks_leads_somewhere(path):
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
        assert (path.parent / link).exists(), link


def test_the_harness_notices_what_it_should(tmp_path):
    """One small project with this one's settings: its good notebook passes, each bad cell fails."""
    for name in ("conftest.py", "pyproject.toml", "tools"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()

    def save(name, *cells):
        notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "x"}})
        for number, (source, printed, tags) in enumerate(cells, 1):
            outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
            cell = new_code_cell(source, outputs=outputs, execution_count=number)
            cell.metadata["tags"] = tags
            notebook.cells.append(cell)
        nbformat.write(notebook, notebooks / name)

    ignore = ["nbval-ignore-output"]
    environment = "import os\nprint(os.environ['CNN_OFFLINE'], 'CNN_DATASETS' in os.environ)"
    save(
        "good.ipynb",
        (environment, "1 False\n", []),
        ("from tqdm.auto import tqdm\nprint(sum(tqdm(range(3))))", "3\n", []),
        ("import ipywidgets\nipywidgets.IntSlider()", "", []),
        ("import time\nprint(time.time())", "1.5\n", ignore),
    )
    save(
        "bad.ipynb",
        ("print(1 + 1)", "3\n", []),
        ("import warnings\nwarnings.warn('old')", "", ignore),
        ("import numpy as np\nnp.log(np.zeros(1))", "", ignore),
        ("assert 1 > 2", "", ignore),
        ("print('not in the saved notebook')", "", []),
    )
    # A second pytest, which must not believe it is a part of this one.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    inherited["CNN_DATASETS"] = "elsewhere"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "--color=no", "notebooks"],
        cwd=tmp_path,
        env=inherited,
        text=True,
        capture_output=True,
        timeout=600,
    )
    verdicts = {
        (name, cell): f"PASSED notebooks/{name}.ipynb::Cell {cell}\n" in result.stdout
        for name, cells in (("good", 4), ("bad", 5))
        for cell in range(cells)
    }
    wanted = {key: key[0] == "good" for key in verdicts}
    assert verdicts == wanted, result.stdout + result.stderr
    assert result.stdout.rstrip().splitlines()[-1].startswith("="), "the summary comes last"
    assert "5 failed, 4 passed" in result.stdout

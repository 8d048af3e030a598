"""Execute notebooks from top to bottom and save them with their outputs.

    python tools/run_notebooks.py                           every notebook below notebooks/
    python tools/run_notebooks.py notebooks/13_mnist.ipynb  these
    python tools/run_notebooks.py --check                   only tell whether they would change

Executing an unchanged notebook again gives the same file, byte for byte: what differs from run to
run (times, widget ids, the Python's version) is not saved. A notebook is not saved at all when a
cell fails, writes to stderr, or shows a path of this machine. The kernel starts in the notebook's
folder and sees this process's environment, so CNN_DATASETS decides about the data as usual.
"""

import argparse
import copy
import difflib
import itertools
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# A home or temporary folder of some machine, this one's or the one a notebook was executed on.
FOREIGN_PATH = re.compile(
    r"(?<![\w./-])/(?:home|Users|root|tmp|private|var/folders|mnt|workspaces?)/[\w.~-]+"
    r"|\b[A-Za-z]:\\{1,2}(?:Users|Windows|Temp)\\"
)


# What JupyterLab keeps, what students get and hand in: none of it is a lesson.
NO_LESSONS = {".ipynb_checkpoints", "release", "submitted", "autograded", "downloaded"}


class NotebookProblem(Exception):
    """Why a notebook can not be saved; names the cell."""


def find_notebooks(paths: list[Path]) -> list[Path]:
    """Return the notebooks among `paths` and below the folders among them, in order."""
    found = []
    for path in paths:
        if path.is_dir():
            below = path.rglob("*.ipynb")
            lessons = (p for p in below if not NO_LESSONS & set(p.relative_to(path).parts))
            found.extend(sorted(lessons))
        elif path.suffix == ".ipynb" and path.is_file():
            found.append(path)
        else:
            raise NotebookProblem(f"{path}: no such notebook")
    return found


def execute(notebook: nbformat.NotebookNode, folder: Path, timeout: float) -> None:
    """Run every cell of `notebook` in a fresh kernel that starts in `folder`."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    try:
        client.execute(env=environment)
    except CellTimeoutError as error:
        raise NotebookProblem(f"a cell took longer than {timeout:g} s: {error}") from None
    except DeadKernelError:
        raise NotebookProblem("the kernel died (out of memory?)") from None
    except CellExecutionError:
        pass  # the error is an output of its cell: find_problems() says which


def without_widgets(outputs: list) -> list:
    """Return `outputs` less the views of widgets.

    A view is of no use without its kernel. Where nothing but its textual stand-in would be left
    (`IntSlider(value=0)`, the last state of a progress bar), the output is left out completely.
    """
    kept = []
    for output in outputs:
        if WIDGET_VIEW in output.get("data", {}):
            data = {mime: value for mime, value in output["data"].items() if mime != WIDGET_VIEW}
            if not set(data) - {"text/plain"}:
                continue
            output = nbformat.from_dict({**output, "data": data})
        kept.append(output)
    return kept


def joined_streams(outputs: list) -> list:
    """Return `outputs` with neighbouring pieces of one stream joined: the breaks are chance."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += output["text"]
        else:
            joined.append(copy.copy(output))
    return joined


def read(text: str) -> nbformat.NotebookNode:
    """Return the notebook in `text` with an id for every cell and without outputs."""
    notebook = nbformat.v4.reads(text)
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)  # the first with ids
    taken = {cell.get("id") for cell in notebook.cells}
    for number, cell in enumerate(notebook.cells):
        if "id" not in cell:
            names = (f"cell-{number:02}" + "-again" * times for times in itertools.count())
            cell.id = next(name for name in names if name not in taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a copy of an executed notebook without what differs from run to run."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(kernelspec=KERNELSPEC, language_info=LANGUAGE_INFO)
    for cell in notebook.cells:
        for name in ("execution", "ExecuteTime", "collapsed", "scrolled"):
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            cell.outputs = joined_streams(without_widgets(cell.outputs))
    return notebook


def find_problems(notebook: nbformat.NotebookNode, private: list[str] | None = None) -> list[str]:
    """List what must not be in a saved notebook: each entry names the cell and the reason.

    `private` are this machine's folders; an output must name none of them, nor anything that looks
    like a home or temporary folder of another machine.
    """
    problems = []
    for number, cell in enumerate(notebook.cells):
        where = f"cell {number} ({cell.get('id', 'no id')})"
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                problems.append(f"{where} failed: {output['ename']}: {output['evalue']}")
                continue
            if output.get("name") == "stderr":
                problems.append(f"{where} wrote to stderr: {output['text'].strip()[:300]}")
                continue
            for text in _texts(output):
                path = FOREIGN_PATH.search(text)
                path = path.group() if path else next((p for p in private or [] if p in text), None)
                address = re.search(r"<[^<>]* at 0x[0-9a-f]+>", text)
                if path:
                    problems.append(f"{where} shows a path of this machine: {path}")
                elif address:
                    problems.append(f"{where} shows a memory address: {address.group()}")
    return problems


def _texts(output) -> list[str]:
    """Return everything in an output that a reader can see as text."""
    bundle = {"text": output.get("text", ""), **output.get("data", {})}
    return [
        value if isinstance(value, str) else str(value)
        for mime, value in bundle.items()
        if not mime.startswith("image/") or mime == "image/svg+xml"
    ]


def private_folders() -> list[str]:
    """Return folders whose names a reader should not see: home, project, temporary, Python's."""
    folders = [Path.home(), ROOT, Path(tempfile.gettempdir()), Path(sys.prefix)]
    names = {str(folder) for folder in folders} | {str(folder.resolve()) for folder in folders}
    return sorted(name for name in names if len(name) > 4)  # "/" would be in every fraction


def run(path: Path, timeout: float = 600, check: bool = False) -> str:
    """Execute the notebook at `path`; save it (or with `check` only compare). Return what happened.

    NotebookProblem if a cell fails, complains or tells of this machine, or if `check` finds that
    the saved notebook is not what comes out; the file is then as it was before.
    """
    before = path.read_text(encoding="utf-8")
    try:
        notebook = read(before)
    except (ValueError, AttributeError) as error:
        raise NotebookProblem(f"is not a notebook of format 4: {error}") from None
    execute(notebook, path.resolve().parent, timeout)
    notebook = normalise(notebook)
    problems = find_problems(notebook, private_folders())
    if problems:
        raise NotebookProblem("\n".join(problems))
    nbformat.validate(notebook)
    after = nbformat.writes(notebook).rstrip("\n") + "\n"
    if after == before:
        return "unchanged"
    if check:
        before, after = (without_chance(text) for text in (before, after))
        if after == before:
            return "unchanged, but for the cells whose outputs may differ"
        raise NotebookProblem("executing it gives something else:\n" + difference(before, after))
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(after, encoding="utf-8", newline="\n")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return "saved"


def without_chance(text: str) -> str:
    """Return a notebook's text without the outputs that rightly differ from run to run."""
    notebook = nbformat.v4.reads(text)
    for cell in notebook.cells:
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            cell.outputs = []
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def difference(before: str, after: str, most: int = 24) -> str:
    """Return the first `most` lines that differ, long ones (pictures) shortened."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "saved", "now", "", "", 0)
    lines = [line if len(line) <= 120 else line[:117] + "..." for line in lines]
    rest = [f"(and {len(lines) - most} more lines)"] if len(lines) > most else []
    return "\n".join(lines[:most] + rest)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute notebooks and save their outputs.")
    parser.add_argument("paths", nargs="*", type=Path, default=[ROOT / "notebooks"])
    parser.add_argument("--check", action="store_true", help="compare only, save nothing")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one cell")
    options = parser.parse_args(arguments)
    failed = 0
    try:
        paths = find_notebooks(options.paths)
    except NotebookProblem as problem:
        print(problem, file=sys.stderr)
        return 2
    for path in paths:
        started = time.monotonic()
        print(f"{path.name:40}", end="", flush=True)
        try:
            outcome = run(path, options.timeout, options.check)
        except NotebookProblem as problem:
            failed += 1
            outcome = f"NOT {'THE SAME' if options.check else 'SAVED'}\n{problem}"
        print(f"{time.monotonic() - started:7.1f} s  {outcome}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

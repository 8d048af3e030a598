"""What holds for every test: the unit tests in tests/ and the cells of the notebooks.

Notebooks are executed by nbval. Their kernels inherit the environment that is set here: one BLAS
thread, because several test processes share the cores; no network and no real data, so that they
run on the embedded data sets everywhere; warnings of ours are errors, also in cells whose output is
not compared. A widget or progress bar has no output to compare, saved or new
(tools/run_notebooks.py).
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell
from run_notebooks import NO_LESSONS, without_widgets

for name in ("CNN_DATASETS", "MPLBACKEND"):
    os.environ.pop(name, None)
os.environ["CNN_OFFLINE"] = "1"
os.environ["CNN_DOWNLOADS"] = os.devnull  # whatever has been downloaded, tests see none of it
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported

collect_ignore_glob = [f"notebooks/*{folder}/*" for folder in NO_LESSONS]

# How many seconds each file takes, from 2 s on: `make test ARGS=--record-seconds` writes it anew.
SECONDS = Path(__file__).parent / "tests" / "seconds.json"

# Leaves no name behind that a notebook could use without importing it.
STRICT_KERNEL = r"""
__import__("warnings").filterwarnings("error", module=r"__main__|cnn_(utils|course)(\.|$)")
"""


compare_outputs = IPyNbCell.compare_outputs


def compare_without_widgets(cell, new, saved, *rest):
    return compare_outputs(cell, without_widgets(new), without_widgets(saved), *rest)


IPyNbCell.compare_outputs = compare_without_widgets


def pytest_addoption(parser):
    parser.addoption(
        "--record-seconds", action="store_true", help=f"write {SECONDS.name} anew, from this run"
    )


def pytest_configure(config):
    import matplotlib

    matplotlib.use("Agg")  # for this process; a kernel takes the inline back end
    if hasattr(config, "workerinput"):  # inherited from the process that started this one
        return
    folder = Path(tempfile.mkdtemp(prefix="ipython-"))
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-strict.py").write_text(STRICT_KERNEL, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_collection_modifyitems(items):
    """Start with the file that takes longest, so that all processes end at about the same time."""
    seconds = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), 0))  # keeps a file's own order


def pytest_terminal_summary(terminalreporter):
    """Where everything is meant to run (CI), make a missing Chromium hard to overlook."""
    if terminalreporter.config.getoption("record_seconds"):
        seconds = Counter()
        for report in sum(terminalreporter.stats.values(), []):
            if hasattr(report, "duration"):
                seconds[file_of(report.nodeid)] += report.duration
        table = {name: round(s) for name, s in seconds.most_common() if s >= 2}
        SECONDS.write_text(json.dumps(table, indent=1) + "\n")
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "browser" in report.keywords
    ]
    if skipped and os.environ.get("CI"):
        terminalreporter.section("BROWSER TESTS DID NOT RUN", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} browser tests were skipped; the reason follows.")


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures that a test leaves open; Matplotlib warns after twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")

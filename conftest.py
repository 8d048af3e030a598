"""What holds for every test: the unit tests in tests/ and the cells of the notebooks.

Notebooks are executed by nbval. Their kernels inherit the environment that is set here: one BLAS
thread, because two test processes share the cores; no network and no real data, so that they run on
the embedded data sets everywhere; warnings of ours are errors, also in cells whose output is not
compared. A widget or progress bar has no output to compare, saved or new (tools/run_notebooks.py).
"""

import os
import shutil
import sys
import tempfile
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

# Leaves no name behind that a notebook could use without importing it.
STRICT_KERNEL = r"""
__import__("warnings").filterwarnings("error", module=r"__main__|cnn_(utils|course)(\.|$)")
"""


compare_outputs = IPyNbCell.compare_outputs


def compare_without_widgets(cell, new, saved, *rest):
    return compare_outputs(cell, without_widgets(new), without_widgets(saved), *rest)


IPyNbCell.compare_outputs = compare_without_widgets


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


def pytest_collection_modifyitems(items):
    """Start what takes long first, so that two processes end at about the same time."""

    def order(item):
        if item.get_closest_marker("slow") or item.get_closest_marker("browser"):
            return 0
        return 1 if item.path.suffix == ".ipynb" else 2

    items.sort(key=order)  # keeps the order within each group


def pytest_terminal_summary(terminalreporter):
    """Where everything is meant to run (CI), make a missing Chromium hard to overlook."""
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

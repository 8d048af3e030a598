"""Style, formatting and types, as `make lint` checks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ["cnn_utils", "cnn_course", "tests", "tools", "conftest.py"]
REMEDIES = {
    "check": "`.venv/bin/python -m ruff check --fix` mends what it can; the rest is by hand.",
    "format": "`.venv/bin/python -m ruff format` does it.",
    "mypy": "`.venv/bin/python -m mypy` shows these again.",
}


def run(*command: str, cwd: Path = ROOT, remedy: str) -> None:
    command = (sys.executable, "-m", *command)
    result = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8")
    if result.returncode:
        pytest.fail(f"{result.stdout}{result.stderr}\n{REMEDIES[remedy]}", pytrace=False)


@pytest.fixture(scope="module")
def committed(tmp_path_factory) -> Path:
    """A folder with the notebooks as git has them: a learner may write in any style."""
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        return ROOT
    folder = tmp_path_factory.mktemp("committed")
    files = ["git", "ls-files", "-z", "notebooks", "pyproject.toml"]
    listed = subprocess.run(files, cwd=ROOT, check=True, capture_output=True).stdout
    export = ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder.as_posix()}/"]
    subprocess.run(export, cwd=ROOT, check=True, input=listed)
    return folder


def test_the_code_has_one_style():
    run("ruff", "check", "--quiet", *CODE, remedy="check")


def test_the_code_is_formatted():
    run("ruff", "format", "--check", "--quiet", "--diff", *CODE, remedy="format")


def test_so_are_the_notebooks(committed):
    run("ruff", "check", "--quiet", "notebooks", cwd=committed, remedy="check")
    run("ruff", "format", "--check", "--quiet", "notebooks", cwd=committed, remedy="format")


def test_the_types_of_the_core_fit():
    run("mypy", remedy="mypy")

"""The two commands' first half for real: make, and the set-up of a fresh clone."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from locks import pins
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="make is not used on Windows")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment of someone who opened a terminal: nothing of ours or pytest's."""
    ours = re.compile(r"CNN_|PY|VIRTUAL|CONDA|MAKE|MFLAGS|JUPYTER|IPYTHON|OPENBLAS|MPL|.*DISPLAY")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return {**kept, **more}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A git clone of the files as they are now, committed or not."""
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        pytest.skip("this is not a git repository, so there is nothing to clone")
    folder = tmp_path_factory.mktemp("fresh clone")  # a space in the path must not matter
    origin, target = folder / "origin", folder / "clone"

    def git(*arguments, cwd=origin):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # not deleted
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "all")
    git("clone", "--quiet", str(origin), str(target), cwd=folder)
    (target / "notebooks").mkdir(exist_ok=True)  # while there is none yet
    return target


def make(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", *arguments, f"PYTHON={sys.executable}"],
        cwd=clone,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
    )


@pytest.mark.release
def test_a_fresh_clone_is_set_up(clone, tmp_path):
    """Interrupted once, finished, used from elsewhere, and then never touched again."""
    state = clone / ".venv" / "course-setup.json"
    command = ["make", "setup", f"PYTHON={sys.executable}"]
    first = subprocess.Popen(command, cwd=clone, env=clean_environment(), start_new_session=True)
    while not state.exists() and first.poll() is None:
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert json.loads(state.read_text())["holds"] is None

    second = make(clone, "setup")
    if "No package index could be reached" in second.stderr and not os.environ.get("CI"):
        pytest.skip("no package index can be reached, so nothing can be set up")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "made anew" in second.stdout
    assert second.stderr == ""

    python = str(clone / ".venv" / "bin" / "python")
    code = (
        "import cnn_utils, importlib.metadata as m, json\n"
        "installed = {d.name: d.version for d in m.distributions()}\n"
        "print(json.dumps([cnn_utils.__file__, installed]))"
    )
    used = subprocess.run([python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    file, installed = json.loads(used.stdout)
    assert Path(file).resolve() == (clone / "cnn_utils" / "__init__.py").resolve()
    installed = {canonicalize_name(name): version for name, version in installed.items()}
    wanted = {
        name: version
        for name, (version, marker, _) in pins("requirements.lock").items()
        if marker is None or marker.evaluate()
    }
    # ensurepip also brings setuptools to Python 3.11
    assert {k: v for k, v in installed.items() if k != "setuptools"} == wanted
    check = subprocess.run([python, "-m", "pip", "check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout

    # Again: nothing to do, and nothing is done (any use of pip would fail here).
    before = state.stat().st_mtime_ns
    again = make(clone, "setup", PIP_NO_INDEX="1", PIP_INDEX_URL="http://127.0.0.1:9/")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert state.stat().st_mtime_ns == before

    check_that_lab_answers(clone, tmp_path)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True)
    assert status.stdout == b"", "set-up and Lab leave nothing that git would notice"


def check_that_lab_answers(clone: Path, tmp_path: Path) -> None:
    """Run `make lab` until JupyterLab answers at the address that it printed."""
    folders = {f"JUPYTER_{n}_DIR": str(tmp_path / n) for n in ("CONFIG", "DATA", "RUNTIME")}
    log = tmp_path / "lab.log"
    with log.open("w") as file:
        lab = subprocess.Popen(
            ["make", "lab", f"PYTHON={sys.executable}", "ARGS=--no-browser"],
            cwd=clone,
            env=clean_environment(**folders),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        pattern = re.compile(r"http://127\.0\.0\.1:\d+/lab\?token=\w+")
        while not (address := pattern.search(log.read_text())):
            assert time.monotonic() < deadline and lab.poll() is None, log.read_text()
            time.sleep(0.1)
        page = urllib.request.urlopen(address.group(), timeout=30).read().decode()
        assert "JupyterLab" in page
        contents = address.group().replace("/lab?", "/api/contents/?")
        listed = json.loads(urllib.request.urlopen(contents, timeout=30).read())
        shown = {entry["name"] for entry in listed["content"]}
        assert {p.name for p in (clone / "notebooks").glob("*.ipynb")} <= shown
        wrong = address.group()[:-1] + ("0" if address.group()[-1] != "0" else "1")
        with pytest.raises(urllib.error.HTTPError):  # the address is of use only with its token
            urllib.request.urlopen(wrong.replace("/lab?", "/api/contents/?"), timeout=30)
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGTERM)
            lab.wait(30)


def test_make_alone_lists_every_target():
    result = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.M).group(1).split()
    listed = re.findall(r"^  make ([\w-]+)  +\S", result.stdout, re.M)
    assert listed == phony
    help_text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    assert help_text == result.stdout


def test_only_test_all_runs_what_a_release_needs():
    for target, chosen in (
        ("test", ' -m "not release" -k pooling\n'),
        ("test-all", " -k pooling\n"),
    ):
        command = ["make", "--no-print-directory", "-n", target, "ARGS=-k pooling"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert result.stdout.endswith(f"--dist loadfile --no-loadscope-reorder{chosen}")


def fake_python(path: Path, suitable: bool) -> None:
    """Write a program that answers the Makefile's question for a suitable version."""
    path.write_text(f"#!/bin/sh\nexit {0 if suitable else 1}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("present", "chosen"),
    [
        ({"python3": True, "python3.12": True}, "python3"),
        ({"python3": False, "python3.12": True, "python3.11": True}, "python3.12"),
        ({"python3": False}, "python3"),  # which then says that it is too old
    ],
)
def test_make_chooses_a_suitable_python(tmp_path, present, chosen):
    for name in ("make", "sh", "sed"):
        (tmp_path / name).symlink_to(shutil.which(name))
    for name, suitable in present.items():
        fake_python(tmp_path / name, suitable)
    command = ["make", "-n", "lab", f"SHELL={tmp_path / 'sh'}"]
    environment = clean_environment(PATH=str(tmp_path))
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert f'p="{chosen}"' in result.stdout
    assert result.stdout.rstrip().endswith(".venv/bin/python tools/lab.py")


def test_make_says_when_there_is_no_python(tmp_path):
    command = ["make", "lab", "PYTHON=python-that-is-not-there"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode != 0
    assert "Install Python 3.11 or later" in result.stderr

"""The course as a wheel: everything is in it, and it works in any folder without a network."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LEARNER = """
from pathlib import Path

import pooch

import cnn_utils
from cnn_course import checks, explorers, quizzes
from cnn_course.page.app import app
from cnn_utils import data, recipes
from cnn_utils.data import sources

site = Path("SITE")
assert Path(cnn_utils.__file__) == site / "cnn_utils" / "__init__.py", cnn_utils.__file__
assert sources.DOWNLOADED == pooch.os_cache("cnn-course").absolute()
assert site not in sources.DOWNLOADED.parents

for load, sizes in ((data.load_mnist, (6000, 1000)), (data.load_signs, (900, 180))):
    images = load()
    assert not images.is_real and (len(images.x_train), len(images.x_test)) == sizes


def right(x):
    return x * (x > 0)


def wrong(x):
    return abs(x)


assert checks.relu_forward(right) is None
try:
    checks.relu_forward(wrong)
except checks.CheckFailed as error:
    assert len(str(error)) > 100, error
else:
    raise AssertionError("the check accepts the absolute value")

digits = data.load_mnist(quiet=True)
assert recipes.load_trained("mnist").evaluate(digits.x_test, digits.y_test).accuracy > 0.5
assert quizzes.quiz("05").asked
explorers.learning_rate_explorer()
app()
"""


def run(*command, cwd, **environment: str) -> subprocess.CompletedProcess:
    """Run a command without any setting of ours, of pytest's or of a virtual environment."""
    ours = re.compile(r"CNN_|PY|VIRTUAL|CONDA|JUPYTER|IPYTHON|MPL|XDG_")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "PYTHONUTF8": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=500,
    )


def succeed(result: subprocess.CompletedProcess) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    succeed(run(*build, cwd=ROOT))
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_both_packages_and_the_embedded_data_and_nothing_else(wheel):
    expected = {
        path.relative_to(ROOT).as_posix().replace("datasets/", "cnn_utils/data/")
        for folder in ("cnn_utils", "cnn_course", "datasets/embedded")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected
    assert wheel.stat().st_size < 10_000_000


def environment(folder: Path) -> tuple[Path, Path]:
    """Make an empty environment; return its Python and its site-packages."""
    succeed(run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return python, Path(succeed(run(python, "-c", ask, cwd=folder)).strip())


def lend_dependencies(site: Path) -> None:
    """Let an environment see what is installed in that of the tests."""
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "dependencies.pth").write_text("\n".join(folders) + "\n", encoding="utf-8")


def pip_install(python: Path, *what) -> subprocess.CompletedProcess:
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-input")
    return run(*pip, *what, cwd=python.parent)


def contents(site: Path) -> dict[Path, tuple[int, int]]:
    """What is in site-packages, but for the byte code that Python itself keeps there."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in site.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_an_installed_course_works_in_another_folder(wheel, tmp_path):
    python, site = environment(tmp_path / "environment")
    lend_dependencies(site)
    succeed(pip_install(python, "--no-index", "--no-deps", wheel))
    check_installed_course(python, site, tmp_path)


@pytest.mark.release
def test_so_does_one_whose_dependencies_pip_chose(wheel, tmp_path):
    python, site = environment(tmp_path / "environment")
    result = pip_install(python, f"{wheel}[lab]")
    unreachable = r"NewConnection|NameResolution|ConnectTimeout|ProxyError|Max retries"
    if re.search(unreachable, result.stdout + result.stderr) and not os.environ.get("CI"):
        pytest.skip("no package index can be reached, so the dependencies cannot be installed")
    succeed(result)
    check_installed_course(python, site, tmp_path)


def check_installed_course(python: Path, site: Path, tmp_path: Path) -> None:
    """Work as a learner in a folder of one's own: nothing is written to site-packages."""
    before = contents(site)
    home, here = tmp_path / "home", tmp_path / "elsewhere"
    (here / "datasets").mkdir(parents=True)
    home.mkdir()
    settings = dict(HOME=str(home), CNN_OFFLINE="1", MPLBACKEND="Agg")

    (here / "learner.py").write_text(LEARNER.replace("SITE", site.as_posix()), encoding="utf-8")
    said = succeed(run(python, "learner.py", cwd=here, **settings))
    assert said.count("embedded stand-in") == 2

    train = (python, "-m", "cnn_utils", "train", "zero-one", "--epochs", "1", "--quiet")
    succeed(run(*train, "--json", "figures.json", "--out", "model.h5", cwd=here, **settings))
    figures = json.loads((here / "figures.json").read_text(encoding="utf-8"))
    assert figures["test_accuracy"] > 0.9 and (here / "model.h5").stat().st_size > 1000

    places = succeed(run(python, "-m", "cnn_utils", "data", cwd=here, **settings))
    assert re.search("^→ +mnist +cnn_utils/data/embedded/mnist +4 of 4", places, re.M), places
    assert str(tmp_path) not in places and "datasets/" not in places
    if sys.platform == "linux":
        assert "~/.cache/cnn-course/mnist" in places

    # a relative CNN_DATASETS counts from here alone, whatever site-packages may hold
    wrong = run(python, "-m", "cnn_utils", "data", cwd=here, CNN_DATASETS="cnn_utils", **settings)
    assert wrong.returncode == 1 and "there is no such folder" in wrong.stderr

    assert contents(site) == before
    damaged = site / "cnn_utils/data/embedded/mnist/t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(b"damaged!")
    error = run(python, "-c", "from cnn_utils import data; data.load_mnist()", cwd=here, **settings)
    assert "Install the package again" in error.stderr and "git" not in error.stderr


def test_an_editable_installation_is_the_checkout(tmp_path):
    """What environment.yml does: only a pointer is installed, and data stay in datasets/."""
    python, site = environment(tmp_path / "environment")
    lend_dependencies(site)
    succeed(pip_install(python, "--no-index", "--no-deps", "--no-build-isolation", "-e", ROOT))
    new = {path.name for path in site.iterdir()} - {"dependencies.pth", "__pycache__"}
    assert all(name.endswith((".pth", ".dist-info")) for name in new), new
    ask = "from cnn_utils.data import sources as s; print(s.EMBEDDED, s.DOWNLOADED, sep='\\n')"
    embedded, downloaded = succeed(run(python, "-c", ask, cwd=tmp_path)).splitlines()
    assert Path(embedded) == ROOT / "datasets" / "embedded"
    assert Path(downloaded) == ROOT / "datasets" / "downloaded"

"""Every list of packages says the same: pyproject.toml, the locks, conda's environment.yml."""

import re
import tomllib
from pathlib import Path

import pytest
import setup_env
import yaml
from locks import pins
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


LOCKS = {
    "requirements.lock": ["lab"],
    "requirements-grade.lock": ["lab", "grade"],
    "requirements-test.lock": ["lab", "grade", "test"],
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_only_pins(name):
    assert len(pins(name)) > 80
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"//|\bindex\b|@|www\.", text), "an address of an index"
    assert not re.search(r"(?<!tools)/|\\\w", text), "a path of some machine"


def test_the_locks_agree():
    lab, grade, test = map(pins, LOCKS)
    for less, more in ((lab, grade), (grade, test)):
        for name, (version, marker, hashes) in less.items():
            assert name in more
            theirs = more[name]
            assert (version, str(marker), hashes) == (theirs[0], str(theirs[1]), theirs[2])


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items(), ids=LOCKS)
def test_the_locks_satisfy_pyproject(lock, extras):
    pinned = pins(lock)
    wanted = list(PROJECT["dependencies"])
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    for requirement in map(Requirement, wanted):
        version, marker, _ = pinned[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, f"{requirement} but {version}: run `make lock`"
        assert marker is None, f"{requirement.name} is pinned for some platforms only"


def test_a_learner_need_not_install_what_only_others_use():
    pinned = pins("requirements.lock")
    extras = PROJECT["optional-dependencies"]
    for requirement in map(Requirement, extras["test"] + extras["grade"]):
        if requirement.name != "nbclient":  # JupyterLab brings it
            assert requirement.name not in pinned


def test_conda_gets_the_same_packages():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    entries = environment["dependencies"]
    assert [entry for entry in entries if not isinstance(entry, str)] == [{"pip": ["-e ."]}]
    conda = {r.name: r for r in map(Requirement, (e for e in entries if isinstance(e, str)))}
    python = conda.pop("python")
    wanted = map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"])
    assert {r.name: r.specifier for r in wanted} == {n: r.specifier for n, r in conda.items()}
    assert PROJECT["requires-python"] in str(python.specifier)
    oldest, newest = setup_env.OLDEST, setup_env.NEWEST
    assert PROJECT["requires-python"] == ">={}.{}".format(*oldest)
    for minor in range(oldest[1] - 1, newest[1] + 2):
        supported = oldest <= (3, minor) <= newest
        assert (f"3.{minor}.5" in python.specifier) == supported


def test_the_version_is_the_same_everywhere():
    import cnn_utils

    assert cnn_utils.__version__ == PROJECT["version"]

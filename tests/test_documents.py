"""What stands beside the code for people who carry the project on, and that it is true."""

import re
from pathlib import Path

import pytest
import setup_env
import yaml

import cnn_utils

ROOT = Path(__file__).resolve().parent.parent
FORMS = sorted(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_in_every_document():
    assert yaml.safe_load(read("CITATION.cff"))["version"] == cnn_utils.__version__
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[1]
    assert newest == cnn_utils.__version__


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-PROSE.md"])
def test_every_file_that_is_named_is_there(name):
    text = read(name)
    links = re.findall(r"\]\((?!https?://)([^)#]+)", text)
    paths = re.findall(
        r"`((?:cnn_utils|cnn_course|notebooks|tests|tools|images|datasets)/[\w./]*)`", text
    )
    for path in {*links, *(path for path in paths if not re.search("NAME|NN", path))}:
        assert (ROOT / path).exists(), path


def test_every_command_of_make_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", read("CONTRIBUTING.md"), re.MULTILINE))
    assert named and named <= targets, named - targets


def test_the_workflow_tries_every_python_that_the_course_is_made_for():
    job = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["test"]
    (major, oldest), (_, newest) = setup_env.OLDEST, setup_env.NEWEST
    pythons = [f"{major}.{minor}" for minor in range(oldest, newest + 1)]
    assert job["strategy"]["matrix"]["python"] == pythons
    commands = "\n".join(step.get("run", "") for step in job["steps"])
    assert "tools/setup_env.py test" in commands and "pytest tests" in commands


@pytest.mark.parametrize("path", [p for p in FORMS if p.stem != "config"], ids=lambda p: p.stem)
def test_a_form_asks_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    assert any(field.get("validations", {}).get("required") for field in form["body"])

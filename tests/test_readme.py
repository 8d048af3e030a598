"""README's figures are those that were measured, and what it names is there."""

import json
import re
from pathlib import Path

import pytest

from cnn_course import checks
from cnn_course.checks.exercise import EXERCISES
from cnn_utils import recipes

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = json.loads(recipes.TRAINED.joinpath("results.json").read_text(encoding="utf-8"))


def result_row(name: str) -> str:
    """The beginning of a recipe's row in README's table of results, from the measured figures."""
    runs = RESULTS[name]
    accuracies = [100 * run["test_accuracy"] for run in runs]
    return (
        f"| `{name}` | {runs[0]['parameters']:,} | {runs[0]['epochs']} | {len(runs)} | "
        f"{sum(accuracies) / len(runs):.2f} % | {min(accuracies):.2f} – {max(accuracies):.2f} % |"
    )


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_the_table_of_results_is_what_was_measured(name):
    assert result_row(name) in README
    for run in RESULTS[name]:
        assert "stand-in" not in run["data"]
        assert run["parameters"] == recipes.build(name).parameter_count
        assert run["epochs"] == recipes.RECIPES[name].epochs


def test_the_models_that_are_kept_are_the_first_seed_and_not_the_luckiest():
    for name in ("mnist", "signs"):
        info = recipes.load_trained(name).info
        assert info["seed"] == 0
        assert info["test_accuracy"] == RESULTS[name][0]["test_accuracy"]
        assert info["test_accuracy_of_all_seeds"] == [r["test_accuracy"] for r in RESULTS[name]]


def test_every_file_readme_names_is_there():
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert len(links) > 10
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_syllabus_names_every_notebook():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"](notebooks/{path.name})" in README, path.name


def test_the_numbers_of_checks_and_mistakes_are_current():
    exercises = [value for name, value in EXERCISES.items() if name in checks.__all__]
    mistakes = sum(len({m.id for m in exercise.bank}) for exercise in exercises)
    assert f"any of {len(exercises)} functions" in README
    assert f"{mistakes} known mistakes" in README

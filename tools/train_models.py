"""Train the recipes on the real data over several seeds; keep the figures, and two models.

    CNN_DATASETS=FOLDER python tools/train_models.py [NAME …]

Writes cnn_utils/trained/results.json (all figures of every seed, which README's table states) and
the models that come with the course, cnn_utils/trained/{mnist,signs}.h5. These are seed 0's: the
first, not the luckiest. Nothing here chooses anything by the test set. Run it on a machine that
does nothing else: it takes the time.
"""

import json
import sys

from cnn_utils import recipes

SEEDS = {"zero-one": 5, "mnist-small": 3, "signs-small": 5, "mnist": 3, "signs": 5}
KEPT = ("mnist", "signs")
RESULTS = recipes.TRAINED / "results.json"


def train(name: str) -> list[dict]:
    """Train every seed of a recipe and return their figures; save seed 0 of the kept models."""
    dataset = recipes.RECIPES[name].dataset()
    if not dataset.is_real:
        raise SystemExit(f"{dataset.label} is not the real data; name it with CNN_DATASETS.")
    runs, first = [], None
    for seed in range(SEEDS[name]):
        model, figures = recipes.train(name, seed=seed, dataset=dataset, progress=False)
        print(json.dumps(figures), flush=True)
        runs.append(figures)
        first = first or model
    if name in KEPT:
        first.info = {**runs[0], "test_accuracy_of_all_seeds": [r["test_accuracy"] for r in runs]}
        first.save(recipes.TRAINED / f"{name}.h5")
    return runs


def main() -> None:
    recipes.TRAINED.mkdir(exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or recipes.RECIPES:
        results[name] = train(name)
        ordered = {key: results[key] for key in recipes.RECIPES if key in results}
        RESULTS.write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""The command line: `python -m cnn_utils train | data`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for an explained error, 130 for Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except KeyboardInterrupt:
        print("\nInterrupted.")
        return 130
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"cnn_utils: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    from .data.sources import SETS
    from .recipes import RECIPES

    parser = argparse.ArgumentParser(prog="python -m cnn_utils", description="The course's tools.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train one of the course's models")
    train.add_argument("recipe", choices=RECIPES, metavar="NAME", help=", ".join(RECIPES))
    train.add_argument("--epochs", type=_integer(1), help="instead of the recipe's own number")
    train.add_argument("--batch-size", type=_integer(1), help="instead of the recipe's own")
    train.add_argument("--seed", type=_integer(0), default=0)
    train.add_argument("--threads", type=_integer(1), help="for NumPy; all cores unless given")
    train.add_argument("--out", type=Path, metavar="FILE", help="save the model here (HDF5)")
    train.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    train.add_argument("--quiet", action="store_true", help="no progress")
    train.set_defaults(command=_train)

    data = commands.add_parser("data", help="which data sets are where; download them")
    data.set_defaults(command=_data, name=None)
    actions = data.add_subparsers(metavar="fetch")
    fetch = actions.add_parser("fetch", help="download a data set")
    fetch.add_argument("name", choices=SETS, metavar="NAME", help=", ".join(SETS))
    return parser


def _train(arguments) -> int:
    from . import parallel, recipes
    from .checkpoint import check_folder

    for path in filter(None, (arguments.out, arguments.json)):
        check_folder(path)
    if arguments.threads:
        parallel.set_threads(arguments.threads)
    model, figures = recipes.train(
        arguments.recipe,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        progress=not arguments.quiet,
        out=arguments.out,
    )
    print(
        f"{figures['recipe']} on {figures['data']}, seed {figures['seed']}: "
        f"{figures['parameters']:,} parameters, {figures['epochs']} epochs, "
        f"loss {figures['loss']:.4f}, accuracy {100 * figures['train_accuracy']:.2f} % on the "
        f"training set and {100 * figures['test_accuracy']:.2f} % on the test set, "
        f"{figures['seconds']:.0f} s"
    )
    if model.history.stopped:
        print(f"Stopped early ({model.history.stopped}); these are the best weights so far.")
    if arguments.out:
        print(f"Saved as {arguments.out}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _data(arguments) -> int:
    from .data import sources

    if arguments.name:
        sources.fetch(arguments.name)
    print(sources.status())
    return 0


def _integer(least: int):
    """A type for argparse: an integer of at least `least`."""

    def convert(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not an integer ≥ {least}")
        return int(text)

    return convert

"""Resolve pyproject.toml into the three locks of a learner, an instructor, a test (`make lock`).

One resolution is valid for every Python and platform below; a second pass asks the package index
whether each pinned package really has a wheel for each of them. Without arguments versions that
are pinned already stay; `make lock ARGS=--upgrade` takes the newest ones. Needs uv, which
`make lock` installs into .venv.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = [
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
]
LOCKS = {
    "requirements.lock": ["--extra", "lab", "-c", "tools/lock-constraints.txt"],
    "requirements-grade.lock": ["--extra", "lab", "--extra", "grade", "-c", "requirements.lock"],
    "requirements-test.lock": [
        *("--extra", "lab", "--extra", "grade", "--extra", "test"),
        *("-c", "requirements-grade.lock"),
    ],
}


def uv(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "uv", "pip", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def resolve(lock: str, extras: list[str], options: list[str]) -> None:
    """Write `lock`: pins with hashes and markers, no address of any index, no path."""
    result = uv(
        *("compile", "pyproject.toml", *extras, *options, "--quiet", "--output-file", lock),
        *("--universal", "--python-version", PYTHONS[0], "--fork-strategy", "fewest"),
        *("--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "make lock"),
    )
    if result.returncode:
        raise SystemExit(f"{lock} could not be resolved:\n{result.stderr}")


def missing_wheels(lock: str) -> list[str]:
    """Name each Python and platform for which a package of `lock` would have to be compiled."""
    missing = []
    with tempfile.TemporaryDirectory() as empty:
        for platform in PLATFORMS:
            for python in PYTHONS:
                result = uv(
                    *("install", "--dry-run", "--no-deps", "--require-hashes", "-r", lock),
                    *("--target", empty, "--python-platform", platform),
                    *("--python-version", python, "--only-binary", ":all:"),
                )
                if result.returncode:
                    missing.append(f"{platform}, Python {python}:\n{result.stderr}")
    return missing


def main() -> int:
    for lock, extras in LOCKS.items():
        resolve(lock, extras, sys.argv[1:])
    missing = missing_wheels("requirements-test.lock")  # contains the others
    for problem in missing:
        print(problem, file=sys.stderr)
    if not missing:
        print(f"{', '.join(LOCKS)}: a wheel of everything for Python {', '.join(PYTHONS)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

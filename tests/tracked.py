"""Files as they are committed: what a learner does with a notebook in JupyterLab is no mistake."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tracked_text(path: Path) -> str:
    """Return a file of the project as git has it; as it is where there is no git."""
    if shutil.which("git"):
        name = path.relative_to(ROOT).as_posix()
        shown = subprocess.run(["git", "show", f":{name}"], cwd=ROOT, capture_output=True)
        if shown.returncode == 0:
            return shown.stdout.decode("utf-8")
    return path.read_text(encoding="utf-8")

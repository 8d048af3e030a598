"""Open JupyterLab on notebooks/, with the environment's Python:  .venv/bin/python tools/lab.py

Arguments are passed on to JupyterLab. It adds what differs between machines: a super-user must say
so, and where there is no display the address is printed instead of opened. JupyterLab's question
about news is answered with "no"; whoever sets it otherwise in the settings has it so. Voilà, which
`make app` needs, is switched off in JupyterLab (tools/jupyter).
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def lab_arguments(given: list[str], environ, platform: str, is_root: bool) -> list[str]:
    """Return JupyterLab's arguments for a machine of that kind, those `given` last."""
    arguments = [
        "--Application.log_level=WARN",  # the address is printed all the same
        "--ServerApp.answer_yes=True",  # to the question after Ctrl-C
    ]
    if not any(argument.startswith("--ServerApp.root_dir") for argument in given):
        arguments.append(f"--ServerApp.root_dir={ROOT / 'notebooks'}")
    if is_root:
        arguments.append("--allow-root")
    display = any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if platform.startswith("linux") and not display:
        arguments.append("--no-browser")
    return arguments + given


def main() -> None:
    from jupyterlab.labapp import LabApp

    ours = (
        ROOT / "tools" / "jupyter",
        ROOT / "notebooks" / "assignments",
    )  # the latter: nbgrader's
    paths = [*map(str, ours), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = lab_arguments(sys.argv[1:], os.environ, sys.platform, is_root)
    print("JupyterLab starts; its address follows. Ctrl-C here stops it.", flush=True)
    LabApp.launch_instance(arguments)


if __name__ == "__main__":
    main()

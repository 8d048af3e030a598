"""Make the course's environment in .venv, once; `make lab` and `make test` begin with this.

    python tools/setup_env.py lab      what a learner needs (requirements.lock)
    python tools/setup_env.py grade    and what an instructor needs (requirements-grade.lock)
    python tools/setup_env.py test     and what the tests need (requirements-test.lock)

It needs a Python, its venv module, pip in one of two forms (ensurepip, or pip itself) and a
package index. What it installs is pinned and checked against hashes. .venv/course-setup.json says
what .venv holds and is written last: a set-up that was interrupted, or whose pins have changed, is
thrown away and done again; a complete one is left alone, which takes no time.

The two packages are not built or installed: a .pth file in .venv points at this folder. Nothing
can go wrong in that, the path in it is relative, and an edit of a package counts at once.

Only the standard library, and a syntax that an old Python can read: it must be able to say so.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = {  # each holds what the ones before it hold
    "lab": ROOT / "requirements.lock",
    "grade": ROOT / "requirements-grade.lock",
    "test": ROOT / "requirements-test.lock",
}
OLDEST, NEWEST = (3, 11), (3, 14)  # the versions that the locks are resolved for

# Run inside the new environment. The first makes the packages known and silences what every kernel
# says in the terminal about encryption (it talks to this machine only). Importing pyplot in the
# second also builds Matplotlib's font cache, so that no lesson begins with a message about it.
FINISH = """
import os, sys, sysconfig
site, root = sysconfig.get_path("purelib"), sys.argv[1]
with open(os.path.join(site, "cnn_utils.pth"), "w") as file:
    file.write(os.path.relpath(root, site) + "\\n")
etc = os.path.join(sys.prefix, "etc", "ipython")
os.makedirs(etc, exist_ok=True)
with open(os.path.join(etc, "ipython_kernel_config.json"), "w") as file:
    file.write('{"IPKernelApp": {"log_level": 40}}')
"""
CHECK = "import cnn_course, cnn_utils, h5py, jupyterlab, matplotlib.pyplot"


class SetupError(Exception):
    """Something a person has to mend; the message says what and how."""


def check_python():
    """Refuse a Python for which the pinned packages do not exist."""
    have = "{}.{}".format(*sys.version_info)
    oldest, newest = ("{}.{}".format(*version) for version in (OLDEST, NEWEST))
    if sys.version_info[:2] < OLDEST:
        raise SetupError(
            f"this is Python {have}, the course needs {oldest} or later. Install a newer one and "
            "name it, for example: make lab PYTHON=python3.12"
        )
    if sys.version_info[:2] > NEWEST:
        print(f"Python {have} is newer than the pinned packages ({oldest} to {newest}); trying.")


def read_state():
    """Return what .venv says of itself, or None where there is no .venv or an empty one."""
    if not VENV.exists() or not any(VENV.iterdir()):
        return None
    try:
        return json.loads((VENV / "course-setup.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetupError(
            f"{VENV} is there, but this script did not make it. If you made it for the course, use "
            "it: .venv/bin/python tools/lab.py. Otherwise move it away or delete it, and try again."
        ) from None
    except ValueError:  # cut off while it was written
        return {"holds": None}


def recipe(holds):
    """Return a digest of what makes an environment: it changes with the pins."""
    if holds is None:
        return None
    return hashlib.sha256(LOCKS[holds].read_bytes() + FINISH.encode()).hexdigest()


def write_state(holds):
    """Say what .venv holds: "lab", "grade", "test", or None for: unfinished."""
    new = VENV / "course-setup.json.new"
    state = {"holds": holds, "recipe": recipe(holds)}
    new.write_text(json.dumps(state), encoding="utf-8")
    os.replace(str(new), str(VENV / "course-setup.json"))


def empty_venv():
    """Make .venv a folder that holds only the word that it is ours and unfinished."""
    VENV.mkdir(exist_ok=True)
    write_state(None)
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path.name != "course-setup.json":
            path.unlink()


def is_sound(state):
    """Tell whether .venv is complete, of today's pins, and its Python still exists."""
    holds = state["holds"]
    return holds in LOCKS and state["recipe"] == recipe(holds) and venv_python().exists()


def enough(holds, wanted):
    """Tell whether an environment that holds `holds` has all of `wanted`."""
    levels = list(LOCKS)
    return levels.index(holds) >= levels.index(wanted)


def venv_python():
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(command, on_line=None):
    """Run `command` apart from the user's settings for pip and Python; return its output.

    `on_line` is called with every line of it. SetupError if it fails, with the end of its output.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH"}
    }
    environment.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    lines = []
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=tempfile.gettempdir(),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if on_line:
                on_line(line)
    output = "".join(lines)
    if process.returncode:
        if re.search(r"NewConnection|NameResolution|ConnectTimeout|ProxyError|Max retries", output):
            advice = "No package index could be reached: check the connection, then try again."
        else:
            advice = "The lines above say why."
        raise SetupError("".join(lines[-12:]) + "\n" + advice)
    return output


def make_venv():
    """Make an empty environment and return the command that is pip for it."""
    if importlib.util.find_spec("venv") is None:
        raise SetupError("this Python has no venv module. On Debian: apt install python3-venv")
    if importlib.util.find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", VENV])
        return [venv_python(), "-m", "pip"]
    # Debian without its package python3-venv: let the pip outside install into the new environment.
    pip = [sys.executable, "-m", "pip"]
    found = re.search(r"pip (\d+)\.(\d+)", subprocess.getoutput(f'"{sys.executable}" -m pip -V'))
    if not found or tuple(map(int, found.groups())) < (22, 3):
        raise SetupError(
            "this Python has neither ensurepip nor a pip of version 22.3 or later, so nothing can "
            "be installed. On Debian or Ubuntu: apt install python3-venv (or python3-pip)"
        )
    run([sys.executable, "-m", "venv", "--without-pip", VENV])
    return [*pip, "--python", venv_python()]


def install(pip, lock):
    """Install the pins of `lock` with the command `pip`, counting packages on a terminal."""
    total = len(re.findall(r"^[a-z].*==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    done = 0

    def show(line):
        nonlocal done
        words = line.split()
        if words[:1] == ["Collecting"]:
            done += 1
            print("\r" + f"  {done:3} of about {total}: {words[1]}"[:78].ljust(78), end="")
        elif words[:1] == ["Installing"]:
            print("\r" + "  installing them".ljust(78), end="", flush=True)

    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--progress-bar=off"]
    try:
        run([*pip, "install", *options, "-r", lock], show if sys.stdout.isatty() else None)
    finally:
        if done:
            print("\r" + " " * 78, end="\r", flush=True)


def pinned_pip(folder):
    """Write the lock's pip, alone, to a file: it replaces the Python's own one before the rest."""
    text = LOCKS["lab"].read_text(encoding="utf-8")
    path = Path(folder) / "pip.lock"
    path.write_text(re.search(r"^pip==(?:.*\\\n)*.*\n", text, re.M).group(), encoding="utf-8")
    return path


def set_up(wanted):
    """Bring .venv to hold "lab", "grade" or "test", or more than that."""
    state = read_state()
    if state and is_sound(state) and enough(state["holds"], wanted):
        return
    started = time.monotonic()
    print(f"Setting up .venv for `{wanted}`, once. About a minute ...", flush=True)
    if state and is_sound(state):
        pip = [venv_python(), "-m", "pip"]
        write_state(None)
    else:
        if state:
            print("(the one that is there is unfinished or has other pins: it is made anew)")
        empty_venv()
        pip = make_venv()
        with tempfile.TemporaryDirectory() as folder:
            install(pip, pinned_pip(folder))
        pip = [venv_python(), "-m", "pip"]
    install(pip, LOCKS[wanted])
    run([venv_python(), "-c", FINISH, ROOT])
    run([venv_python(), "-c", CHECK])
    write_state(wanted)
    print(f"Done in {time.monotonic() - started:.0f} s.", flush=True)


@contextlib.contextmanager
def one_at_a_time():
    """Let a second set-up of the same folder wait for the first (not on Windows)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(str(ROOT), os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def main():
    parser = argparse.ArgumentParser(description="Make the course's environment in .venv, once.")
    parser.add_argument("wanted", nargs="?", choices=list(LOCKS), default="lab")
    wanted = parser.parse_args().wanted
    try:
        check_python()
        with one_at_a_time():
            set_up(wanted)
    except SetupError as error:
        print(f"\nSet-up failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the next run begins anew.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

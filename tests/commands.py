"""Run tools/assignments.py many times without importing nbgrader, which takes 2 s, each time."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 550  # seconds for one command

MAIN = "sys.exit(assignments.main())"

# On Linux a process that has imported everything is forked for each program.
SERVER = """
import json, os, signal, sys
import assignments
for line in sys.stdin:
    order = json.loads(line)
    process = os.fork()
    if process == 0:
        signal.alarm(order["limit"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, path in ((1, order["out"]), (2, order["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.chdir(order["course"])
        sys.argv[1:] = order["arguments"]
        exec(order["program"])
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


def start(*arguments: str, course: Path, program: str = MAIN) -> subprocess.Popen:
    """Start tools/assignments.py on a copy of the course, as an instructor does.

    program: what runs instead of its main().
    """
    command = [sys.executable, "-c", f"import sys\nimport assignments\n{program}"]
    return subprocess.Popen(
        [*command, "--course", str(course), *arguments],
        env=environment(),
        cwd=course,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def environment() -> dict[str, str]:
    """That of an instructor, without the tests' own, strict kernels; the tools can be imported."""
    kept = {name: value for name, value in os.environ.items() if name != "IPYTHONDIR"}
    path = [str(ROOT / "tools"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(path)}


class Commands:
    """Runs commands of the tool one after the other; `scratch` is for their output."""

    def __init__(self, scratch: Path):
        self.scratch, self.server = scratch, None
        if sys.platform == "linux":
            command = [sys.executable, "-c", SERVER]
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.server = subprocess.Popen(command, env=environment(), text=True, **pipes)

    def __call__(self, *arguments: str, **how) -> subprocess.CompletedProcess:
        """Run the tool, and wait for it; arguments as in `start`."""
        if self.server is None:
            process = start(*arguments, **how)
            out, err = process.communicate(timeout=LIMIT)
            return subprocess.CompletedProcess(arguments, process.returncode, out, err)
        course, out, err = str(how["course"]), self.scratch / "out", self.scratch / "err"
        order = {"arguments": ["--course", course, *arguments], "course": course}
        order |= {"program": how.get("program", MAIN), "limit": LIMIT}
        order |= {"out": str(out), "err": str(err)}
        print(json.dumps(order), file=self.server.stdin, flush=True)
        code = int(self.server.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())

    def close(self) -> None:
        if self.server is not None:
            self.server.communicate()

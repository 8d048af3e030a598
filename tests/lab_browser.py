"""Drive JupyterLab in Chromium: what every browser test needs. The fixtures are in conftest.py.

A test reads:

    page = open_notebook(browser, lab, "small.ipynb")
    run_all(page)
    assert page.locator(CELLS).first.locator(".jp-OutputArea-output").inner_text() == "4"
    page.problems.check()
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
# JupyterLab's own complaints, which say nothing about the course: a missing icon, a request that
# the page gave up, the list of extensions that needs a network.
HARMLESS = ("favicon", "ERR_", "Failed to fetch", "extensionmanager")

PATIENCE = 60  # seconds to wait for anything: where much else runs, all takes longer

CELLS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-CodeCell"
ERROR = '[data-mime-type="application/vnd.jupyter.error"]'


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, None where there is none."""
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    return next(filter(None, map(shutil.which, [*CHROMIUM_NAMES, mac])), None)


@dataclass
class Lab:
    """A running JupyterLab: its address, token and the folder that it shows."""

    url: str
    token: str
    root: Path


@contextmanager
def start_lab(root: Path, scratch: Path) -> Iterator[Lab]:
    """Start JupyterLab as `make lab` does, but on `root` and with its settings in `scratch`."""
    settings = scratch / "config" / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Without this, cells that are out of sight are not in the page.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    token = secrets.token_hex(16)
    environment = dict(
        os.environ,
        JUPYTER_CONFIG_DIR=str(scratch / "config"),
        JUPYTER_DATA_DIR=str(scratch / "data"),
        JUPYTER_RUNTIME_DIR=str(scratch / "runtime"),
        JUPYTER_TOKEN=token,
    )
    options = ["--no-browser", f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"]
    command = [sys.executable, str(ROOT / "tools" / "lab.py"), *options]
    log = scratch / "lab.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [*command, "--ServerApp.port_retries=0"], stdout=file, stderr=file, env=environment
        )
    lab = Lab(f"http://127.0.0.1:{port}", token, root)
    try:
        _wait_for(server, lab, log)
        yield lab
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(server: subprocess.Popen, lab: Lab, log: Path) -> None:
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{lab.url}/api?token={lab.token}", timeout=PATIENCE).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


@dataclass
class Problems:
    """What the browser's console complained of."""

    lines: list[str] = field(default_factory=list)

    def add(self, kind: str, text: str) -> None:
        if kind == "error" and not any(word in text for word in HARMLESS):
            self.lines.append(text[:400])

    def check(self) -> None:
        """AssertionError if there are any; each is told once."""
        lines, self.lines = self.lines, []
        assert not lines, "the browser's console says:\n" + "\n".join(lines)


def open_notebook(browser, lab: Lab, name: str, width: int = 1300, height: int = 1500):
    """Open the notebook `name` (relative to the Lab's folder) and wait for its kernel.

    The page that is returned has two attributes more: `notebook`, its name, and `problems`.
    """
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(1000 * PATIENCE)
    page.notebook, page.problems = name, Problems()
    page.on("console", lambda message: page.problems.add(message.type, message.text))
    page.on("pageerror", lambda error: page.problems.add("error", str(error)))
    page.goto(f"{lab.url}/lab/tree/{name}?token={lab.token}&reset", wait_until="domcontentloaded")
    page.wait_for_selector(CELLS, timeout=2000 * PATIENCE)
    # The round indicator is idle before the kernel is connected; the status bar is not.
    page.wait_for_selector(".jp-StatusBar-Widget :text('| Idle')", timeout=2000 * PATIENCE)
    return page


def run_all(page, seconds: float = 300) -> None:
    """Run every cell and wait until each has finished; AssertionError if one failed.

    A cell whose source is folded has no number to wait for: a later one has.
    """
    page.locator(CELLS).first.click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(
        """([cells, error]) => document.querySelector(error)
            || [...document.querySelectorAll(cells)]
                .filter(cell => cell.querySelector('.cm-content')?.textContent.trim())
                .every(cell => /\\d/.test(cell.querySelector('.jp-InputPrompt').textContent))""",
        arg=[CELLS, ERROR],
        timeout=1000 * seconds,
    )
    errors = page.locator(ERROR).all_inner_texts()
    assert not errors, "a cell failed:\n" + "\n".join(errors)


def close(page, lab: Lab) -> None:
    """Close the page and stop its kernel, which would stay otherwise."""
    page.close()
    for session in json.loads(_request(lab, "GET", "sessions")):
        if session["path"] == page.notebook:
            _request(lab, "DELETE", f"sessions/{session['id']}")


def _request(lab: Lab, method: str, what: str) -> bytes:
    headers = {"Authorization": f"token {lab.token}"}
    request = urllib.request.Request(f"{lab.url}/api/{what}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.read()

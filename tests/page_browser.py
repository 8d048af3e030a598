"""Drive the page "Draw a digit" in Chromium, served by Voilà as `make app` serves it.

A test reads:

    page = open_page(browser, app)
    draw(page, [[(0.3, 0.2), (0.7, 0.2)], [(0.5, 0.2), (0.4, 0.8)]])
    assert digit(page) == "7"
    page.problems.check()
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab_browser import PATIENCE, ROOT, Problems

ANSWER = ".dd-digits .dd-answer"
CANVAS = ".dd-digits .dd-paper canvas"
SENTENCE = ANSWER + " .dd-sentence"
READY = "main.dd[data-ready]"
NOT_FOUND = "widget model not found"

# The last change of the drawing has been answered.
ANSWERED = """() => document.querySelector(".dd-digits").dataset.n
    === document.querySelector(".dd-digits .dd-canvas").dataset.n"""


@dataclass
class Served:
    """A running page: its address, the lesson's folder, and the only other one it may write to."""

    url: str
    folder: Path
    scratch: Path


@contextmanager
def serve(notebook: Path, scratch: Path) -> Iterator[Served]:
    """Serve a lesson's page as `make app` does, on a free port; Jupyter writes into `scratch`."""
    environment = dict(
        os.environ,
        JUPYTER_CONFIG_DIR=str(scratch / "config"),
        JUPYTER_DATA_DIR=str(scratch / "data"),
        JUPYTER_RUNTIME_DIR=str(scratch / "runtime"),
        TMPDIR=str(scratch),
    )
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, str(ROOT / "tools" / "app.py"), f"--port={port}", "--no-browser"]
    log = scratch / "app.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, str(notebook)], stdout=file, stderr=file, env=environment, cwd=scratch
        )
    try:
        yield Served(_wait_for(process, log), notebook.parent, scratch)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(process: subprocess.Popen, log: Path, seconds: float = 2 * PATIENCE) -> str:
    """Wait for the line with the address."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://\S+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.1)
    raise RuntimeError(f"The page did not start:\n{log.read_text()}")


def open_page(browser, app: Served, width: int = 1280, height: int = 900, **context):
    """Open the page as a new visitor, with separate cookies, and wait until it can be used.

    The page that is returned has two attributes more: `problems`, what the console complained of,
    and `elsewhere`, the addresses asked for that are not the server's.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **context)
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.problems, page.elsewhere = Problems(), []
    page.on("console", lambda message: page.problems.add(message.type, message.text))
    page.on("pageerror", lambda error: page.problems.add("error", str(error)))
    ours = (app.url, app.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(ours) or page.elsewhere.append(r.url))
    page.goto(app.url, wait_until="domcontentloaded")
    wait_ready(page)
    return page


def wait_ready(page) -> None:
    """Wait until the page can be used; where Voilà shows nothing, load it again, as a visitor does.

    On a busy machine the front end may ask for the widget before its process has made it. Voilà
    then says so in the console and leaves the page empty.
    """
    deadline = time.monotonic() + 3 * PATIENCE
    while not page.locator(READY).count():
        assert time.monotonic() < deadline, f"the page is not ready: {page.problems.lines}"
        page.wait_for_timeout(100)
        if any(NOT_FOUND in line for line in page.problems.lines):
            page.problems.lines = [line for line in page.problems.lines if NOT_FOUND not in line]
            page.reload(wait_until="domcontentloaded")


def close(page) -> None:
    """Leave as a visitor does, so that the process ends."""
    page.close(run_before_unload=True)
    page.context.close()


def draw(page, strokes, steps: int = 4) -> None:
    """Draw strokes with the mouse and wait for the answer; points are fractions of the canvas."""
    canvas = page.locator(CANVAS)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def at(point):
        return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]

    for first, *others in strokes:
        page.mouse.move(*at(first))
        page.mouse.down()
        for point in others:
            page.mouse.move(*at(point), steps=steps)
        page.mouse.up()
    wait(page)


def wait(page) -> None:
    """Wait until the last change of the drawing has been answered."""
    page.wait_for_function(ANSWERED)


def digit(page) -> str:
    """The digit that the page says it is, "" where there is none."""
    return page.locator(ANSWER).get_attribute("data-digit")


def get(app: Served, path: str, **headers) -> tuple[int, str]:
    """Ask the server for a path: the status and the text of its answer."""
    request = urllib.request.Request(app.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()

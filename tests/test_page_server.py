"""What `make app` starts, without starting it: see test_page_in_browser.py for that."""

import asyncio
import json
import re
from pathlib import Path

import app as server
import nbformat
import pytest
import tornado.web

ROOT = Path(__file__).resolve().parent.parent


def test_only_the_cells_of_the_page_are_left():
    new = nbformat.v4.new_code_cell
    cells = [new("a", metadata={"tags": ["app"]}), new("b"), new("c", metadata={"tags": ["x"]})]
    cells.append(nbformat.v4.new_markdown_cell("text"))
    notebook, _ = server.AppCells().preprocess(nbformat.v4.new_notebook(cells=cells), {})
    assert [cell.source for cell in notebook.cells] == ["a"]


def test_the_lesson_has_a_page():
    lesson = json.loads(server.LESSON.read_text(encoding="utf-8"))
    cells = [c for c in lesson["cells"] if "app" in c["metadata"].get("tags", ())]
    source = "\n".join("".join(cell["source"]) for cell in cells)
    assert source == "from cnn_course.page.app import app\napp()"


def test_the_server_is_for_this_machine_alone():
    config = server.app_config({}, "linux")
    assert config.Voila.ip == "127.0.0.1"
    assert not config.Voila.open_browser
    assert server.app_config({"DISPLAY": ":0"}, "linux").Voila.open_browser
    assert server.app_config({}, "darwin").Voila.open_browser
    assert config.VoilaConfiguration.file_allowlist == []
    page = server.App(config=config)
    page.parse_command_line(["--ip=0.0.0.0", "--port=1234"])
    assert (page.ip, page.port) == ("0.0.0.0", 1234)


def test_nothing_in_the_page_comes_from_elsewhere():
    """Neither the page nor its template names an address on the network."""
    folders = ROOT / "cnn_course" / "page" / "front", ROOT / "tools" / "jupyter" / "voila"
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 6
    for path in files:
        assert not re.search(r"//\w[\w-]*\.", path.read_text(encoding="utf-8")), path


def test_messages_to_the_browser_do_not_wait(monkeypatch):
    done = []

    async def connect(self, kernel_id):
        done.append(kernel_id)

    monkeypatch.setattr(server.VoilaKernelWebsocketHandler, "open", connect)
    monkeypatch.setattr(server.Channel, "set_nodelay", lambda self, value: done.append(value))
    asyncio.run(object.__new__(server.Channel).open("k"))
    assert done == [True, "k"]


def test_the_door_is_closed_when_the_house_is_full(monkeypatch):
    inside = []

    async def get(self, path):
        inside.append(server.Door.arriving)

    monkeypatch.setattr(server.TornadoVoilaHandler, "get", get)
    door = object.__new__(server.Door)
    monkeypatch.setattr(server.Door, "xsrf_token", b"")
    for processes, let_in in ((0, True), (server.MOST_VISITORS, True), (99, False)):
        monkeypatch.setattr(server.Door, "kernel_manager", [None] * processes)
        inside.clear()
        if let_in:
            asyncio.run(door.get())
            assert inside == [1] and server.Door.arriving == 0
        else:
            with pytest.raises(tornado.web.HTTPError, match="too many visitors"):
                asyncio.run(door.get())
            assert inside == []

"""Serve the page of lesson 16, "Draw a digit":  .venv/bin/python tools/app.py

Arguments such as --port=8080 or --ip=0.0.0.0 are passed on to Voilà. Of the lesson only the cells
tagged "app" run. The page is for this machine alone unless --ip says otherwise; README says what
that means. Every visitor has a separate process, which ends when the page is closed or has been
left alone for a while. One process is kept ready for the next visitor.
"""

import functools
import os
import sys
from pathlib import Path

import tornado.ioloop
import tornado.web
import voila.app
from nbconvert.preprocessors import Preprocessor
from traitlets.config import Config
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

ROOT = Path(__file__).resolve().parent.parent
LESSON = ROOT / "notebooks" / "16_draw_a_digit.ipynb"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_VISITORS = 20  # each is a process of about 100 MB
LARGEST_MESSAGE = 21 * 2**20  # an upload (20 MB, see cnn_course/page/reading.py) and a header
LARGEST_REQUEST = 2**16  # anything but an upload is short
MINUTE = 60  # seconds
EXTENSIONS = [  # of JupyterLab; the page needs no other
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
HEADERS = {  # the browser refuses to load anything from elsewhere
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' ws: wss: data: blob:; frame-ancestors 'self'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class AppCells(Preprocessor):
    """Keep only the cells that are tagged "app", before anything runs."""

    def preprocess(self, nb, resources):
        nb.cells = [cell for cell in nb.cells if "app" in cell.metadata.get("tags", ())]
        nb.metadata.title = "Draw a digit"
        return nb, resources


class Door(TornadoVoilaHandler):
    """The page itself. It lets in at most MOST_VISITORS at a time."""

    arriving = 0  # those whose process is being started

    async def get(self, path=None):
        spare = 1  # the process that is kept ready
        if len(self.kernel_manager) + Door.arriving >= MOST_VISITORS + spare:
            raise tornado.web.HTTPError(503, "There are too many visitors now; try again later.")
        self.xsrf_token  # noqa: B018  its cookie lets a page that is closed end its process
        Door.arriving += 1
        try:
            await super().get(path)
        finally:
            Door.arriving -= 1


class Channel(VoilaKernelWebsocketHandler):
    """What a page and its process say to each other. Every message is sent at once.

    Otherwise a short one waits until the browser has confirmed the one before, 40 ms on Linux.
    """

    async def open(self, kernel_id):
        self.set_nodelay(True)
        await super().open(kernel_id)


class App(voila.app.Voila):
    """Voilà with a door, limits on what it takes in, and the address printed."""

    aliases = voila.app.Voila.aliases | {"ip": "Voila.ip"}

    def init_settings(self):
        return super().init_settings() | {
            "headers": HEADERS,
            "websocket_max_message_size": LARGEST_MESSAGE,
            "ws_ping_timeout": 30_000,  # Tornado warns of more
            # On loopback only this machine's own names are answered to. Otherwise a page from
            # elsewhere whose name is suddenly said to be 127.0.0.1 could speak to this server.
            "allow_remote_access": self.ip not in LOOPBACK,
        }

    def init_handlers(self):
        ours = {TornadoVoilaHandler: Door, VoilaKernelWebsocketHandler: Channel}
        return [
            (pattern, ours.get(handler, handler), *arguments)
            for pattern, handler, *arguments in super().init_handlers()
        ]

    def listen(self):
        self.app.listen = functools.partial(self.app.listen, max_body_size=LARGEST_REQUEST)
        tornado.ioloop.IOLoop.current().add_callback(self.say_where)  # when the port is known
        super().listen()

    def say_where(self):
        print(f"Draw a digit: {self.display_url}\nPress Ctrl-C here to stop it.", flush=True)


def app_config(environ, platform: str) -> Config:
    """Return Voilà's configuration for a machine of that kind."""
    display = any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    voila = {
        "ip": "127.0.0.1",
        "log_level": "ERROR",
        "open_browser": display or not platform.startswith("linux"),
        "config_file_paths": [],
    }
    page = {
        "template": "draw",
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "file_allowlist": [],  # no file of the notebooks' folder
        "extension_allowlist": EXTENSIONS,
        "preheat_kernel": True,
        "default_pool_size": 1,
    }
    processes = {
        "cull_interval": MINUTE,
        "cull_idle_timeout": 20 * MINUTE,
        "cull_connected": True,
    }
    return Config(
        {
            "Voila": voila,
            "VoilaConfiguration": page,
            "VoilaExporter": {"preprocessors": [AppCells]},
            "MappingKernelManager": processes,
        }
    )


def main() -> None:
    folder, others = str(ROOT / "tools" / "jupyter"), os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, others]))
    os.environ["CNN_OFFLINE"] = "1"  # a page does not wait for downloads
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one image at a time; others wait as well
    arguments = sys.argv[1:]
    if not any(argument.endswith(".ipynb") for argument in arguments):
        arguments.append(str(LESSON))
    App.launch_instance(arguments, config=app_config(os.environ, sys.platform))


if __name__ == "__main__":
    main()

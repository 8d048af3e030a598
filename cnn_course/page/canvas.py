"""The drawing surface. Pen strokes come from the browser, and here they become an image.

So the image does not depend on the screen, and what comes in is a list of numbers that can be
checked, not a file that has to be decoded.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import numpy as np
import traitlets

from cnn_course.drawn.ink import rasterize

SIDE = 168  # pixels of the image: six for each of the network's 28
MOST_POINTS = 20_000  # in one drawing, after minutes of scribbling
PEN = 0.02, 0.2  # the thinnest and the widest pen, as fractions of the canvas's side

FRONT = Path(__file__).parent / "front"


def read_strokes(value) -> list[tuple[float, np.ndarray]]:
    """Check a drawing that came from a browser.

    value: a list of strokes, each a list [pen, x₀, y₀, x₁, y₁, …] of finite numbers. Lengths are
    fractions of the canvas's side, y points downwards; the pen's width is within `PEN`, points may
    lie up to one side outside. Returns (pen, points float64 (P, 2)) for each stroke.

    Raises ValueError, which says what is wrong.
    """
    if not isinstance(value, list):
        raise ValueError(f"a drawing is a list of strokes, not {type(value).__name__}.")
    strokes, total = [], 0
    for number, stroke in enumerate(value):
        if not isinstance(stroke, list) or len(stroke) < 3 or len(stroke) % 2 == 0:
            raise ValueError(f"stroke {number} is not a list [pen, x, y, …].")
        total += len(stroke) // 2
        if total > MOST_POINTS:
            raise ValueError(f"the drawing has more than {MOST_POINTS:,} points.")
        if not all(type(n) in (int, float) and -1 <= n <= 2 for n in stroke):  # nor NaN
            raise ValueError(f"stroke {number} has a value that is not a number from -1 to 2.")
        pen, points = stroke[0], np.array(stroke[1:], dtype=np.float64).reshape(-1, 2)
        if not PEN[0] <= pen <= PEN[1]:
            raise ValueError(f"stroke {number} has a pen of width {pen}; use {PEN[0]} to {PEN[1]}.")
        strokes.append((float(pen), points))
    return strokes


def draw(strokes: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """Draw strokes as `read_strokes` returns them: uint8 (168, 168), dark ink on white paper."""
    paths = []
    for pen, points in strokes:
        points = points[[0, 0]] if len(points) == 1 else points  # a dot is a path as well
        paths.append((SIDE * points, np.full(len(points), SIDE * pen / 2)))
    ink = rasterize(paths, SIDE, oversampling=1)
    return np.round(255 * (1 - ink)).astype(np.uint8)


class Canvas(anywidget.AnyWidget):
    """A square to draw on with mouse, pen, finger or keys, with undo, clear and a choice of pens.

    The trait `drawing` comes from the browser: {"n": how many changes there have been, "strokes":
    what `read_strokes` takes}.
    """

    _esm = (
        (FRONT / "canvas.js").read_text(encoding="utf-8")
        + """
        const render = ({ model, el }) =>
            el.append(h("div", { class: "dd dd-alone" }, makeCanvas(model).element));
        export default { render };
        """
    )
    _css = FRONT / "page.css"
    drawing = traitlets.Dict({"n": 0, "strokes": []}).tag(sync=True, echo_update=False)

    def image(self) -> np.ndarray:
        """Return what is drawn: uint8 (168, 168), dark ink on white paper; see `read_strokes`."""
        return draw(read_strokes(self.drawing.get("strokes")))

    def __repr__(self):
        return f"<{type(self).__name__}>"

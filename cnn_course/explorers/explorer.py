"""What all explorers share: controls above, a picture that can be clicked, a sentence below it.

An explorer is a pure function from a state to a Picture, which tests call directly. `Explorer` puts
controls above it, and their values are the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import anywidget
import ipywidgets
import traitlets

from cnn_utils.plots.picture import DPI, Picture


class PictureView(anywidget.AnyWidget):
    """An image with its description below it; it reports where the image is clicked.

    png, alt: the image, and the description, which screen readers speak when it changes. width: of
    the image in pixels. clickable: whether the pointer shows that a click does something. clicked:
    the last click, as fractions of the image from the left and from the top, and the number of
    clicks so far.
    """

    _esm = """
    function render({ model, el }) {
      const image = document.createElement("img");
      image.style.maxWidth = "100%";
      image.draggable = false;
      const sentence = document.createElement("div");
      sentence.setAttribute("role", "status");
      let address = "";
      const show = () => {
        const old = address;
        address = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
        image.src = address;
        image.alt = sentence.textContent = model.get("alt");
        image.style.width = model.get("width") + "px";
        image.style.cursor = model.get("clickable") ? "pointer" : "default";
        if (old) image.decode().catch(() => {}).then(() => URL.revokeObjectURL(old));
      };
      image.addEventListener("pointerdown", (event) => {
        const box = image.getBoundingClientRect();
        const across = (event.clientX - box.left) / box.width;
        const down = (event.clientY - box.top) / box.height;
        model.set("clicked", [across, down, model.get("clicked")[2] + 1]);
        model.save_changes();
      });
      model.on("change:png", show);
      model.on("change:alt", show);  // another sentence under the same picture
      el.append(image, sentence);
      show();
      return () => URL.revokeObjectURL(address);
    }
    export default { render };
    """
    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    clickable = traitlets.Bool().tag(sync=True)
    clicked = traitlets.List([0.0, 0.0, 0]).tag(sync=True)


@runtime_checkable
class Clickable(Protocol):
    """A picture that knows which part of it was clicked: a Board, or a DescentPicture."""

    def cell_at(self, across: float, down: float) -> tuple[str, tuple[float, float]] | None:
        """Return the name of the part and the place in it, or None where there is no part.

        across, down: fractions of the picture, from the left and from the top. The place is the
        (row, column) of a cell in a grid, or a pair of coordinates.
        """


class Explorer(ipywidgets.VBox):
    """Controls above a picture of their values.

    draw: takes the values of all controls by name, returns a Picture. Its `alt` is also written
    below it, so that every change can be read, and heard by those who use a screen reader.
    controls: widgets with a value, by the names of draw's arguments. rows: the widgets as they are
    laid out, a list of lists (all controls in one row if not given), perhaps with more widgets than
    the controls. on_click: for pictures that are Clickable. It takes the name and the place that
    `cell_at` returned and the state, and returns the controls that change, {} for none.
    """

    def __init__(
        self,
        draw: Callable[..., Picture],
        controls: dict[str, ipywidgets.Widget],
        *,
        rows: list[list[ipywidgets.Widget]] | None = None,
        on_click: Callable[[str, tuple, dict], dict] | None = None,
    ):
        self.draw, self.controls, self.on_click = draw, controls, on_click
        self._held = False
        self.view = PictureView(clickable=on_click is not None)
        wrap = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        rows = rows if rows is not None else [list(controls.values())]
        lines = [ipywidgets.HBox(row, layout=wrap) for row in rows]
        self._redraw()
        super().__init__([*lines, self.view])
        self.add_class("cnn-explorer")
        for control in controls.values():
            control.observe(self._changed, "value")
        self.view.observe(self._clicked, "clicked")

    @property
    def state(self) -> dict:
        """The values of all controls, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **state) -> None:
        """Set several controls, given by name, and draw once."""
        with self.held():
            for name, value in state.items():
                self.controls[name].value = value
        if not self._held:
            self._redraw()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Draw nothing while controls change inside this block; the next change after it draws."""
        before, self._held = self._held, True
        try:
            yield
        finally:
            self._held = before

    def _changed(self, change) -> None:
        if not self._held:
            self._redraw()

    def _clicked(self, change) -> None:
        if self.on_click is None or not isinstance(self.picture, Clickable):
            return
        across, down, _ = change["new"]
        clicked = self.picture.cell_at(across, down)
        if clicked is not None:
            self.set(**self.on_click(*clicked, self.state))

    def _redraw(self) -> None:
        self.picture = self.draw(**self.state)
        width = round(DPI * self.picture.get_size_inches()[0])
        with self.view.hold_sync():
            self.view.alt, self.view.width = self.picture.alt, width
            self.view.png = self.picture.png(small=False)

    def __repr__(self):
        return "<Explorer>"  # compared when notebooks are tested

    def _repr_mimebundle_(self, **kwargs):
        """Add the picture, which a saved notebook shows instead of the widget: it has no kernel."""
        still, metadata = self.picture._repr_mimebundle_()
        return {**super()._repr_mimebundle_(**kwargs), "image/png": still["image/png"]}, metadata

"""What all explorers share: controls above, a picture that can be clicked, a sentence below it.

An explorer is a pure function from a state to a Picture, which tests call directly; `Explorer` puts
it under controls whose values are the state.
"""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import ipywidgets
import traitlets

from cnn_utils.plots.picture import DPI, Picture


class PictureView(anywidget.AnyWidget):
    """An image and, below it, its description; tells where the image is clicked.

    png, alt: the image and the description, which screen readers speak when it changes. width: of
    the image in pixels. clicked: fractions from the left and the top, and how often so far.
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


class Explorer(ipywidgets.VBox):
    """Controls above a picture of their values.

    draw: takes the values of all controls by name, returns a Picture. Its `alt` is also written
    below it: every change can be read, and heard by those who use a screen reader.
    controls: widgets with a value, by the names of draw's arguments. rows: the widgets as they
    stand, a list of lists (all controls in one row if not given); it may hold more than controls.
    on_click: for a picture that is a Board: takes the name of the clicked grid, the (row, column)
    of the cell and the state, and returns the controls that change, {} for none.
    """

    def __init__(
        self,
        draw: Callable[..., Picture],
        controls: dict[str, ipywidgets.Widget],
        *,
        rows: list[list[ipywidgets.Widget]] | None = None,
        on_click: Callable[[str, tuple[int, int], dict], dict] | None = None,
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
        """Set several controls and draw once."""
        self._held = True
        try:
            for name, value in state.items():
                self.controls[name].value = value
        finally:
            self._held = False
        self._redraw()

    def _changed(self, change) -> None:
        if not self._held:
            self._redraw()

    def _clicked(self, change) -> None:
        across, down, _ = change["new"]
        cell = self.picture.cell_at(across, down) if self.on_click else None
        if cell is not None:
            self.set(**self.on_click(*cell, self.state))

    def _redraw(self) -> None:
        self.picture = self.draw(**self.state)
        width = round(DPI * self.picture.get_size_inches()[0])
        with self.view.hold_sync():
            self.view.alt, self.view.width = self.picture.alt, width
            self.view.png = self.picture.png(small=False)

    def __repr__(self):
        return "<Explorer>"  # compared when notebooks are tested

    def _repr_mimebundle_(self, **kwargs):
        """A saved notebook has no kernel; there the picture stands instead of the widget."""
        still, metadata = self.picture._repr_mimebundle_()
        return {**super()._repr_mimebundle_(**kwargs), "image/png": still["image/png"]}, metadata


def cell_slider(name: str, last: int, value: int = 0) -> ipywidgets.IntSlider:
    """A slider from 0 to last for a row or a column, narrow enough that four stand side by side."""
    return ipywidgets.IntSlider(
        value=value,
        max=last,
        description=name,
        layout=ipywidgets.Layout(width="16em"),
        style={"description_width": "initial"},
    )

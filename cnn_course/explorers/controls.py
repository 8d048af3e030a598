"""The controls that many explorers have: sliders with their names in full, and buttons."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets


def sized(width: str) -> dict:
    """Return layout and style of a control as wide as this CSS length, its name in full."""
    layout = ipywidgets.Layout(width=width)
    return {"layout": layout, "style": {"description_width": "initial"}}


def slider(
    name: str, most: int, value: int = 0, least: int = 0, width: str = "16em", **how
) -> ipywidgets.IntSlider:
    """Return a slider for an integer from least to most.

    width: of name, slider and number together; four sliders of 16em stand side by side. how: for
    IntSlider.
    """
    return ipywidgets.IntSlider(
        value=value, min=least, max=most, description=name, **sized(width), **how
    )


def toggles(options, width: str, **how) -> ipywidgets.ToggleButtons:
    """Return buttons of which one is pressed.

    options: values, (text, value) pairs or {text: value}. width: of each button, a CSS length.
    how: for ToggleButtons.
    """
    return ipywidgets.ToggleButtons(options=options, style={"button_width": width}, **how)


def button(text: str, width: str, act: Callable[[], None]) -> ipywidgets.Button:
    """Return a button that calls act, without arguments, when it is pressed."""
    pressed = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width=width))
    pressed.on_click(lambda _: act())
    return pressed

"""One tab of the page: a picture, and what its network makes of it before and after a change.

A `Tab` only computes. What it returns is sent to the browser by the page (module `app`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from .pictures import heat, png
from .preparation import Prepared
from .recognition import Recogniser
from .what_if import WHAT_IF, sweep


class Slider(NamedTuple):
    """A slider that changes an image: its key in `WHAT_IF`, its label, range, step and unit."""

    name: str
    label: str
    least: float
    most: float
    step: float
    unit: str


class Tab:
    """A network and the picture that it is reading.

    recogniser: the network. prepare: turns a picture, uint8 or float, into what the network takes.
    sliders: the changes a visitor can make to the prepared image. That image, float32 (H, W, C), is
    kept in `image`, and the network's answer in `digit`. Both are None until there is a picture
    that can be read.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        prepare: Callable[[np.ndarray], Prepared],
        sliders: tuple[Slider, ...],
    ):
        self.recogniser = recogniser
        self.prepare = prepare
        self.sliders = sliders
        self.image: np.ndarray | None = None
        self.digit: int | None = None

    def about(self) -> dict:
        """Return what the browser needs to know before there is a picture."""
        return {
            "side": self.recogniser.model.input_shape[0],
            "classes": self.recogniser.classes,
            "sliders": [slider._asdict() for slider in self.sliders],
        }

    def read(self, prepared: Prepared, picture=None) -> dict:
        """Read a prepared picture: return the answer, what the network sees, and the steps.

        prepared: the picture, kept for `inside` and `changed`. picture: what it was made from,
        uint8 (H, W, 3), if the page should show that too.
        """
        answer = self.recogniser.answer(prepared)
        self.image, self.digit = prepared.image, answer.digit
        return {
            "sentence": answer.sentence,
            "sure": answer.sure,
            "digit": answer.digit,
            "p": [round(float(p), 4) for p in answer.probabilities],
            "image": None if prepared.image is None else png(prepared.image),
            "picture": None if picture is None else png(picture, most=560),
            "steps": [
                {
                    "name": step.name,
                    "says": step.says,
                    "png": png(step.image),
                    "small": max(step.image.shape[:2]) <= 100,
                }
                for step in prepared.steps
            ],
        }

    def inside(self) -> dict:
        """Return the first layer's feature maps, on one scale, the saliency, and the strips.

        A strip tells what is read at every position of a slider, and how surely. The result is {}
        if there is no image.
        """
        if self.image is None:
            return {}
        maps = self.recogniser.inside(self.image)
        return {
            "maps": [png(heat(maps[..., c], maps.max())) for c in range(maps.shape[2])],
            "saliency": png(heat(self.recogniser.saliency(self.image, self.digit))),
            "digit": self.digit,
            "strips": {slider.name: self._strip(slider) for slider in self.sliders},
        }

    def _strip(self, slider: Slider) -> dict:
        amounts = np.arange(slider.least, slider.most + slider.step / 2, slider.step)
        p = sweep(self.recogniser, self.image, slider.name, amounts)
        return {"digits": p.argmax(axis=1).tolist(), "p": p.max(axis=1).round(2).tolist()}

    def changed(self, amounts: Mapping[str, float]) -> dict:
        """Change the image as the sliders say and read it again; {} if there is no image.

        amounts: slider name → amount. It comes from a browser, so anything but a finite number
        counts as 0, and every amount is kept within its slider's range.
        """
        if self.image is None:
            return {}
        image = self.image
        for slider in self.sliders:
            amount = amounts.get(slider.name, 0)
            if type(amount) in (int, float) and amount and np.isfinite(amount):
                amount = min(max(amount, slider.least), slider.most)
                image = WHAT_IF[slider.name](image, amount)
        answer = self.recogniser.answer(Prepared((), image))
        return {
            "png": png(image),
            "sentence": answer.sentence,
            "sure": answer.sure,
            "digit": answer.digit,
        }

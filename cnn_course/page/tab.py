"""One tab of the page: a picture, what its network makes of it, and what becomes of it if changed.

A `Tab` computes; it returns what the page hands on to the browser (module `app`).
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
    """A slider: which of `WHAT_IF` it does, what it is called, and from where to where it goes."""

    name: str
    label: str
    least: float
    most: float
    step: float
    unit: str


class Tab:
    """A network, and the picture that it reads.

    recogniser: the network. prepare: makes of a picture, uint8 or float, what the network takes.
    sliders: what can be done to the prepared image. `image` is that image, float32 (H, W, C), and
    `digit` what it was taken for; both are None while there is no picture, or none that is fit.
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
        """What the browser has to know of the tab before there is a picture."""
        return {
            "side": self.recogniser.model.input_shape[0],
            "classes": self.recogniser.classes,
            "sliders": [slider._asdict() for slider in self.sliders],
        }

    def read(self, prepared: Prepared, picture=None) -> dict:
        """Take a prepared picture and read it: the answer, what the network sees, the steps.

        picture: what it was made of, uint8, if that is to be shown.
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
        """Feature maps of the first layer on one scale, the digit's saliency, and the strips.

        A strip tells for every place of a slider what is read there, and how surely. {} without
        an image.
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
        """Change the image by what the sliders say, and read it again; {} without an image.

        amounts: by the sliders' names. It comes from a browser, so what is no number counts as 0,
        and no slider goes further than it goes.
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

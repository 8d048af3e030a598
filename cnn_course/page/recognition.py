"""What the trained networks say of a prepared image, how sure they are, and why.

>>> digits = Recogniser.digits()
>>> answer = digits.answer(prepare_digit(picture))
>>> answer.sentence
'This is a 4 (98 %).'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cnn_utils import recipes
from cnn_utils.functional import softmax

if TYPE_CHECKING:
    from cnn_utils.sequential import Sequential

    from .preparation import Prepared

TEMPERATURE = {"mnist": 0.99, "signs": 1.24}
"""What each network's logits are divided by, fitted on real images that its weights do not know.

mnist: lesson 13, on half of the test images. signs: on the training images, each judged by a
network trained without it and its near twins; 1.04 to 1.50 over samples (tools/calibrate_app.py).
"""

SURE = 0.9
"""The least probability of an answer that counts as sure: a wrong one is as bad as ten refusals.

Lesson 16 derives it. Refused by it, and wrong among the rest: of 5,000 MNIST test images that set
no temperature 1.1 % and 4 images; of the 1,080 sign photographs, held out, 3.0 % and 4 images.
"""


@dataclass(frozen=True)
class Answer:
    """What a network says of one image.

    probabilities: float64 (K,), calibrated; all 0 when there was no image.
    digit: the most probable one, sure or not; None when there was no image.
    sure: whether its probability is convincing.
    sentence: the same in words, for the page.
    """

    probabilities: np.ndarray
    digit: int | None
    sure: bool
    sentence: str


class Recogniser:
    """A trained network and how far to believe it; made by `digits()` and `hands()`."""

    def __init__(self, name: str, pattern: str):
        self.name = name
        self.pattern = pattern  # how a class is named in a sentence
        self.model: Sequential = recipes.load_trained(name)
        self.temperature = TEMPERATURE[name]

    @staticmethod
    @cache
    def digits() -> Recogniser:
        """The network of lesson 13: images (28, 28, 1), 0–9. Loaded once a process."""
        return Recogniser("mnist", "{article} {digit}")

    @staticmethod
    @cache
    def hands() -> Recogniser:
        """The network of lesson 14: images (64, 64, 3), 0–5. Loaded once a process."""
        return Recogniser("signs", "{digit}")

    @property
    def classes(self) -> int:
        """How many digits it tells apart: K."""
        return self.model.output_shape[0]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that `inside` can show: the names of the ReLUs, first to last."""
        return tuple(la.name for la in self.model.layers if type(la).__name__ == "ReLU")

    def probabilities(self, images) -> np.ndarray:
        """Calibrated probabilities, float64 (N, K), of images (N, H, W, C), floats in 0..1."""
        z = self.model.outputs(np.asarray(images, self.model.dtype))
        return softmax(z.astype(np.float64) / self.temperature)

    def answer(self, prepared: Prepared) -> Answer:
        """Say what a prepared image shows, or why there is none."""
        if prepared.image is None:
            return Answer(np.zeros(self.classes), None, False, prepared.problem)
        p = self.probabilities(prepared.image[None])[0]
        first, second = np.argsort(-p, kind="stable")[:2]
        sure = bool(p[first] >= SURE)
        if sure:
            sentence = f"This is {self._named(p, first)}."
        else:
            sentence = f"Not sure: perhaps {self._named(p, first)} or {self._named(p, second)}."
        return Answer(p, int(first), sure, sentence)

    def inside(self, image, layer: int = 0) -> np.ndarray:
        """What a layer makes of an image (H, W, C), floats in 0..1: its feature maps.

        layer: which of `layers`. Returns float32 (H', W', C'), every number 0 or more.
        """
        x = np.asarray(image, self.model.dtype)[None]
        return {row.name: row.a[0] for row in self.model.trace(x)}[self.layers[layer]]

    def saliency(self, image, digit: int) -> np.ndarray:
        """How strongly the score of a digit depends on each pixel: (H, W), 0 or more.

        The largest absolute gradient of a pixel's channels. Source: Simonyan et al. (2013),
        arXiv:1312.6034; lesson 15 derives it.
        """
        x = np.asarray(image, self.model.dtype)[None]
        upstream = np.eye(self.classes, dtype=x.dtype)[[digit]]  # this score and no other
        return np.abs(self.model.trace(x, upstream=upstream)[0].da[0]).max(axis=-1)

    def _named(self, p, digit) -> str:
        article = "an" if digit == 8 else "a"
        # Rounded down: an answer that is not sure must not read 90 %.
        share = "over 99 %" if p[digit] > 0.99 else f"{int(100 * p[digit])} %"
        return f"{self.pattern.format(article=article, digit=digit)} ({share})"

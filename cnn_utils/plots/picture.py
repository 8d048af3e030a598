"""What all figures share: the colours, the style, and a Figure that describes itself."""

from __future__ import annotations

import base64
import io
from contextvars import ContextVar
from functools import wraps
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

COLOURS = {  # after Okabe & Ito: told apart with every kind of colour vision
    "input": "#0072B2",
    "kernel": "#E69F00",
    "output": "#009E73",
    "gradient": "#B0508E",
    "training": "#4C5866",
    "validation": "#D55E00",
    "test": "#56B4E9",
    "wrong": "#D55E00",
}
STYLE: dict[Any, Any] = {
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": "#222222",
    "axes.edgecolor": "#888888",
    "axes.labelcolor": "#222222",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.titlesize": 10,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "grid.color": "#DDDDDD",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "savefig.bbox": None,
}
WIDTH = 8.5  # inches; with DPI, the width of the text in JupyterLab
DPI = 100
SHARPNESS = 1.5  # pixels drawn for each pixel shown, for displays that have them
MOST_DRAWN_COLOURS = 4096  # lines and letters, with their soft edges, have fewer


class Picture(Figure):
    """A Figure that shows itself in a notebook, with a description for those who do not see it.

    alt: the description; it goes into the notebook beside the image, where web pages made from it
    find it. height, width: in inches. Pictures know nothing of pyplot, so none is shown twice or
    kept in memory.
    """

    def __init__(
        self, title: str, alt: str, height: float, width: float = WIDTH, layout="constrained"
    ):
        width = max(width, min(0.1 * len(title) + 0.1, WIDTH))  # room for the title
        super().__init__(figsize=(width, height), dpi=DPI, layout=layout)
        self.alt = alt
        self.heading = self.suptitle(title, x=0.01, ha="left") if title else None

    def png(self, small: bool = True) -> bytes:
        """Draw the picture; the same picture gives the same bytes.

        small: take the time to make few bytes of it, for a file; an explorer needs it at once.
        """
        drawn = io.BytesIO()
        hinting = {} if small else {"text.hinting": "none"}  # a sixth faster, and seen by nobody
        with matplotlib.rc_context(STYLE | hinting):
            compression = {"compress_level": 1}
            self.savefig(drawn, format="png", dpi=SHARPNESS * DPI, pil_kwargs=compression)
        return _smaller(drawn) if small else drawn.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        width, height = (round(DPI * inches) for inches in self.get_size_inches())
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": repr(self)}
        return data, {"image/png": {"width": width, "height": height, "alt": self.alt}}

    def __repr__(self):
        return "<Picture>"  # compared when notebooks are tested: the same for every data set

    __str__ = __repr__  # Figure's own would name its size


def _smaller(drawn: io.BytesIO) -> bytes:
    image, small = Image.open(drawn).convert("RGB"), io.BytesIO()
    if image.getcolors(MOST_DRAWN_COLOURS):  # no photograph: a palette halves the notebook
        image = image.quantize(256, dither=Image.Dither.NONE)
    image.save(small, "png")
    return small.getvalue()


_INSIDE = ContextVar("inside a styled function", default=False)


def styled(function):
    """Draw with the style of the course, whatever the notebook has set."""

    @wraps(function)
    def styled(*args, **kwargs):
        if _INSIDE.get():  # setting it again would take a tenth of an explorer's time
            return function(*args, **kwargs)
        token = _INSIDE.set(True)
        try:
            with matplotlib.rc_context(STYLE):
                return function(*args, **kwargs)
        finally:
            _INSIDE.reset(token)

    return styled


def show(axis, image, **how) -> None:
    """Put an image on an axis, without a frame; how: for imshow, grey levels unless given."""
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(
            f"an image must have shape (H, W, 1), (H, W, 3) or (H, W), got {image.shape}; use x[0] "
            "for the first of a batch."
        )
    if image.shape[2:] == (1,):
        image = image[..., 0]
    if image.ndim == 2 and not how:
        how = {"cmap": "gray", "vmin": 0, "vmax": 255 if image.dtype == np.uint8 else 1}
    axis.imshow(image, interpolation="nearest", **how)
    axis.set(xticks=[], yticks=[])
    for side in axis.spines.values():
        side.set_visible(False)


def name_of(label, names) -> str:
    """What a class is called: its name, or its number where there are no names."""
    if names is None:
        return str(label)
    try:
        return str(names[label])
    except (IndexError, KeyError, TypeError):
        raise ValueError(
            f"names has no entry for the label {label!r}; give names one for each class, and "
            "integers as labels."
        ) from None


def one_each(values, n: int, name: str, what: str = "image") -> list:
    """values as a list with n entries, one for each image (or whatever it is)."""
    values = list(values)
    if len(values) != n:
        raise ValueError(
            f"{name} must have one entry for each {what}, {n} in all, got {len(values)}; give {n}."
        )
    return values


def check_images(images, name: str = "images") -> np.ndarray:
    """images as an array (N, H, W, C) that can be shown; (N, H, W) where they are grey."""
    images = np.asarray(images)
    if images.ndim in (3, 4) and (images.ndim == 4) == (images.shape[-1] in (1, 3)):
        return images
    raise ValueError(
        f"{name} must have shape (N, H, W, 1) or (N, H, W, 3), got {images.shape}; give one image "
        "as a batch, x[None], and feature maps to plots.feature_maps."
    )


def times(shape) -> str:
    """(28, 28, 1) → '28×28×1'."""
    return "×".join(str(n) for n in shape)

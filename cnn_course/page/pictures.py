"""Turn arrays into PNG bytes for the page, small ones and within a millisecond."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

# Matplotlib's viridis at 0, ¼, ½, ¾ and 1: dark to bright for every kind of colour vision.
VIRIDIS = np.array(
    [[0x44, 0x01, 0x54], [0x3B, 0x52, 0x8B], [0x21, 0x91, 0x8C], [0x5E, 0xC9, 0x62], [253, 231, 37]]
)


def png(image, most: int = 240) -> bytes:
    """Encode an image, floats from 0 to 1 or uint8, (H, W), (H, W, 1) or (H, W, 3).

    most: in pixels; a picture with a longer side is reduced.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8:
        image = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    picture = Image.fromarray(image)
    if max(picture.size) > most:
        picture.thumbnail((most, most), reducing_gap=2)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def heat(values, most: float | None = None) -> np.ndarray:
    """Show values (H, W), 0 or more, as colours from dark to bright: uint8 (H, W, 3).

    most: the value that is shown brightest; None takes the largest.
    """
    values = np.asarray(values, dtype=np.float64)
    share = values / ((values.max() if most is None else most) or 1)
    ends = np.linspace(0, 1, len(VIRIDIS))
    channels = [np.interp(share, ends, VIRIDIS[:, c]) for c in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)

"""More training images from the same ones: shifted, turned, bent, mirrored, lighter, darker.

Moving, turning, scaling, mirroring and bending are one operation, a *warp*. It goes backward: for
each pixel p of the result it asks from which point q of the image it comes, both measured from the
centre ((H-1)/2, (W-1)/2),

    q = F R (p - d) / s + e(p),    d the shift, s the scale, R the inverse rotation, F the mirror,

e a smooth random displacement, and reads the image there. Between four pixels it takes their
bilinear mean: neighbours weigh by how near they are. Going forward instead would leave holes where
no pixel lands.
"""

import math
from dataclasses import dataclass

import numpy as np

from cnn_utils.arguments import choice, generator, instance, integer, number
from cnn_utils.parallel import over_batch

EDGES = ("zero", "edge")
BLOCK_PIXELS = 2**15
"""Pixels warped at a time, so that what is computed on the way stays in the processor's cache."""

BEND_SPACING = 7
"""Pixels between the points whose displacement is drawn; smaller ones bend an image more finely."""


def warp(x, degrees=0.0, scale=1.0, shift=(0.0, 0.0), flip=False, edge="zero", bend=None):
    """Mirror, scale, turn, shift and bend every image, in one bilinear step.

    x: float32 or float64 (N, H, W, C). For each of the following one value for all images or one
    for each (N, …): degrees, anticlockwise about the centre; scale, > 0, 2 is twice as large;
    shift (2,) pixels down and right; flip, True mirrors left and right.
    bend: None, or how many pixels further down and right each pixel comes from, (N, 2, H, W).
    edge: what lies outside the image: 'zero', black (digits), or 'edge', the nearest pixel
    (photographs).
    Returns a new array like x. Images for which nothing changes come out exactly as they were.
    TypeError or ValueError: arguments of the wrong kind.
    """
    x, edge = _check(x), choice(edge, EDGES, "edge")
    n, height, width, _ = x.shape
    angle = np.radians(np.broadcast_to(np.asarray(degrees, dtype=np.float64), n))
    scale = np.broadcast_to(np.asarray(scale, dtype=np.float64), n)
    shift = np.broadcast_to(np.asarray(shift, dtype=np.float64), (n, 2))
    mirror = np.where(np.broadcast_to(flip, n), -1.0, 1.0)
    if not np.all((scale > 0) & np.isfinite(scale + angle + shift.sum(axis=1))):
        raise ValueError("degrees, scale and shift must be finite numbers, and scale positive.")
    if bend is not None and (
        np.shape(bend) != (n, 2, height, width) or not np.isfinite(bend).all()
    ):
        raise ValueError(
            f"bend must be finite numbers of shape {(n, 2, height, width)}, two for each pixel; "
            f"its shape is {np.shape(bend)}."
        )

    # where row p_r and column p_c come from: row = row_r + row_c, column = column_r + column_c
    rows = np.arange(height) - (height - 1) / 2 - shift[:, :1]  # (N, H)
    columns = np.arange(width) - (width - 1) / 2 - shift[:, 1:]  # (N, W)
    cos, sin = (np.cos(angle) / scale)[:, None], (np.sin(angle) / scale)[:, None]
    mirror = mirror[:, None]
    row_r, row_c = cos * rows + (height - 1) / 2, sin * columns
    column_r, column_c = -mirror * sin * rows, mirror * cos * columns + (width - 1) / 2
    parts = [part.astype(x.dtype) for part in (row_r, row_c, column_r, column_c)]

    out = np.empty_like(x)

    def warp_block(block):
        moved = None if bend is None else bend[block]
        out[block] = _read_bilinear(x[block], [part[block] for part in parts], moved, edge)

    over_batch(warp_block, n, max(1, BLOCK_PIXELS // (height * width)))
    return out


def _read_bilinear(x, parts, bend, edge):
    """Read images x (N, H, W, C) at rows row_r + row_c and columns column_r + column_c, + bend."""
    row_r, row_c, column_r, column_c = parts
    n, height, width, channels = x.shape
    # a border of zeros, 1 before and 2 after, so that every pixel read has four neighbours
    padded = np.zeros((n, height + 3, width + 3, channels), dtype=x.dtype)
    padded[:, 1:-2, 1:-2] = x
    flat = padded.reshape(-1, channels) if channels > 1 else padded.reshape(-1)

    beyond = 1 if edge == "zero" else 0  # 'zero' may read the border
    row = row_r[:, :, None] + row_c[:, None, :]  # (N, H, W)
    column = column_r[:, :, None] + column_c[:, None, :]
    if bend is not None:
        row += bend[:, 0]
        column += bend[:, 1]
    np.clip(row, -beyond, height - 1 + beyond, out=row)
    np.clip(column, -beyond, width - 1 + beyond, out=column)
    top, left = np.floor(row), np.floor(column)
    down, right = row, column  # weights of the lower and the right neighbours, 0 … 1
    down -= top
    right -= left

    index = ((top + 1) * (width + 3) + (left + 1)).astype(np.intp)
    index += (np.arange(n) * (height + 3) * (width + 3))[:, None, None]
    if channels > 1:
        down, right = down[..., None], right[..., None]

    def neighbour(offset):
        return flat[offset:].take(index, axis=0, mode="clip")

    upper, lower = neighbour(0), neighbour(width + 3)
    upper += right * (neighbour(1) - upper)
    lower += right * (neighbour(width + 4) - lower)
    upper += down * (lower - upper)
    return upper.reshape(x.shape)


def smooth_displacements(n, height, width, pixels, rng):
    """Random displacements that change little from pixel to pixel: float32 (n, 2, height, width).

    Normal numbers on a coarse grid, about BEND_SPACING pixels apart, spread by Gaussian weights
    along rows and columns; the weights keep the standard deviation `pixels` everywhere.
    """

    def weights(size):
        nodes = np.linspace(0, size - 1, math.ceil(size / BEND_SPACING) + 1)
        distance = (np.arange(size)[:, None] - nodes) / (0.75 * BEND_SPACING)
        w = np.exp(-(distance**2))
        return (w / np.sqrt(np.sum(w**2, axis=1, keepdims=True))).astype(np.float32)

    down, right = weights(height), weights(width)
    grid = rng.normal(0, pixels, (n, 2, down.shape[1], right.shape[1])).astype(np.float32)
    return down @ grid @ right.T


@dataclass(frozen=True)
class Augmenter:
    """All augmentations at once, with one warp: `x = Augmenter(shift=2, rotate=10)(x, rng)`.

    Each is drawn anew for every image, up to the amount given: shift, integer pixels down or up
    and right or left; rotate, degrees to either side; scale, a fraction below 1 (0.1 is 10 %
    larger or smaller); brightness, what is added to all of an image or taken away.
    elastic: standard deviation in pixels of a smooth bend, as by an unsteady hand. Source: Simard,
    Steinkraus & Platt (2003), doi:10.1109/ICDAR.2003.1227801.
    flip: mirror half of the images, where labels allow it: a mirrored hand still shows three
    fingers, a mirrored 3 is no digit.
    edge: 'zero' or 'edge', as in `warp`. 0 or False leaves an operation out.
    TypeError or ValueError: amounts that are no numbers, below 0, or a scale of 1 or more.
    """

    shift: int = 0
    rotate: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    edge: str = "zero"

    def __post_init__(self):
        integer(self.shift, "shift", least=0)
        for name in ("rotate", "elastic", "brightness"):
            number(getattr(self, name), name, least=0, hint="give the largest change, 0 for none")
        number(self.scale, "scale", least=0, below=1, hint="give a fraction, 0.1 for 10 %")
        instance(self.flip, bool, "flip", "use True or False")
        choice(self.edge, EDGES, "edge")

    def __call__(self, x, rng):
        """Change every image of x, float (N, H, W, C) in [0, 1], in its own way; rng draws how.

        Returns a new array like x; the result does not depend on the number of threads.
        TypeError or ValueError: x is not such an array, or rng no generator.
        """
        x, rng = _check(x), generator(rng)
        n, height, width, _ = x.shape
        changes = {}
        if self.shift:
            changes["shift"] = rng.integers(-self.shift, self.shift + 1, size=(n, 2))
        if self.rotate:
            changes["degrees"] = rng.uniform(-self.rotate, self.rotate, size=n)
        if self.scale:
            changes["scale"] = rng.uniform(1 - self.scale, 1 + self.scale, size=n)
        if self.elastic:
            changes["bend"] = smooth_displacements(n, height, width, self.elastic, rng)
        if self.flip:
            changes["flip"] = rng.random(n) < 0.5
        out = warp(x, edge=self.edge, **changes) if changes else x.copy()
        if self.brightness:
            change = rng.uniform(-self.brightness, self.brightness, size=(n, 1, 1, 1))
            out += change.astype(x.dtype)
            np.clip(out, 0, 1, out=out)
        return out


def _check(x):
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"images must be float32 or float64, got {x.dtype}; use to_float(x).")
    if x.ndim != 4:
        raise ValueError(
            f"images must be (N, H, W, C), got shape {x.shape}; one image becomes a batch with "
            "x[None]."
        )
    return x

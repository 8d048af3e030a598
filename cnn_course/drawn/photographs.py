"""Digits on paper, as a telephone photographs them (lesson 16 measures its preparation with them).

A picture is made in the order in which a real one comes about:

    page      paper or board with its texture and ruling; the ink takes light away (or adds it)
    light     a lamp to one side, a shadow, dark corners
    camera    the page lies askew; blur, noise of the sensor, JPEG

Start reading at `photograph`; `make_photographs` takes many.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from .digits import digit_strokes, random_style
from .ink import fit_box, rasterize

# kind of picture → what is special about it
KINDS = {
    "canvas": "drawn with a mouse: no paper at all, dark on light or light on dark",
    "paper": "white or coloured paper in fairly even light",
    "lamp": "paper lit by a lamp to one side, with dark corners",
    "shadow": "the edge of a shadow runs across the paper",
    "ruled": "paper with faint lines or squares",
    "crumpled": "rough or crumpled paper",
    "pencil": "a pencil or a pale pen, so hardly darker than the paper",
    "board": "chalk on a blackboard, light on dark",
    "desk": "the page ends within the picture, and the desk or a frame can be seen",
}


def make_photographs(n: int, rng: np.random.Generator) -> tuple[list, np.ndarray, np.ndarray]:
    """Photograph n digits that `digits` draws with thin and thick pens.

    Returns a list of n pictures (uint8 (H, W, 3), see `photograph`), their labels (int64 (n,)) and
    their kinds (str (n,)). Every ten in a row hold each digit once, every nine each kind once.
    """
    kinds = np.resize(list(KINDS), n)
    labels = np.concatenate([rng.permutation(10) for _ in range(-(-n // 10))])[:n]
    pictures = []
    for label, kind in zip(labels, kinds, strict=True):
        ink = drawn_ink(int(label), rng, 300, pen=rng.uniform(0.03, 0.17))
        pictures.append(photograph(ink, rng, kind))
    return pictures, labels, kinds


def drawn_ink(digit: int, rng: np.random.Generator, size: int, pen: float) -> np.ndarray:
    """Draw a digit and crop it: ink from 0 to 1, float (h, w).

    digit: 0 to 9. rng: the source of everything random. size: the larger of h and w. pen: width of
    the stroke as a fraction of the digit's height.
    """
    strokes = fit_box(digit_strokes(digit, rng, random_style(rng), pen), size)
    ink = rasterize(strokes, size, oversampling=1)
    return ink[:, ink.any(axis=0)][ink.any(axis=1)]


def photograph(ink, rng: np.random.Generator, kind: str) -> np.ndarray:
    """Put a digit on a page and photograph it: uint8 (H, W, 3), H and W from 120 to 640.

    ink: float (h, w), from 0 (none) to 1; it is made smaller or larger as needed. rng: the source
    of everything random, which is size and place, light, texture and camera. kind: one of `KINDS`;
    anything else raises ValueError. All but the canvas have been through a JPEG.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}.")
    if kind == "canvas":
        return _canvas(ink, rng)
    shape = _shape(rng)
    on_page = _placed(ink, shape, rng)
    page = _page(shape, rng, kind)
    if kind == "board":
        written = page + (rng.uniform(0.75, 0.95) - page) * _dusty(on_page, rng)[..., None]
    else:
        dark = rng.uniform(0.55, 0.75) if kind == "pencil" else rng.uniform(0.08, 0.35)
        colour = dark + rng.uniform(-0.07, 0.12, 3)  # black, blue, red …
        written = page * (1 + (colour - 1) * on_page[..., None])
    if kind == "desk":
        written = _with_desk(written, on_page, rng)
    return _camera(written * _light(shape, rng, kind)[..., None], rng)


def _canvas(ink, rng):
    """A square canvas without light or noise."""
    size = int(rng.choice([200, 280, 400, 560]))
    on_page = _placed(ink, (size, size), rng, askew=0.0)
    grey = on_page if rng.random() < 0.5 else 1 - on_page
    return np.repeat(np.uint8(np.round(255 * grey))[..., None], 3, axis=2)


def _shape(rng) -> tuple[int, int]:
    """Height and width of a picture: small or large, upright or lying."""
    longest = int(np.exp(rng.uniform(np.log(160), np.log(640))))
    other = int(longest * rng.uniform(0.75, 1.0))
    return (longest, other) if rng.random() < 0.5 else (other, longest)


def _placed(ink, shape, rng, askew=0.06) -> np.ndarray:
    """The ink somewhere on a page of this shape, seen slightly askew: float from 0 to 1."""
    height, width = shape
    h, w = np.shape(ink)
    scale = rng.uniform(0.22, 0.8) * min(shape) / max(h, w)
    h, w = max(8, round(scale * h)), max(4, round(scale * w))
    small = np.asarray(Image.fromarray(np.float32(ink)).resize((w, h), Image.Resampling.BICUBIC))
    margin = 0.05 * min(shape)
    top, left = rng.uniform(margin, height - h - margin), rng.uniform(margin, width - w - margin)
    corners = np.array([[left, top], [left + w, top], [left + w, top + h], [left, top + h]])
    corners = corners + rng.uniform(-askew / 2, askew / 2, (4, 2)) * max(h, w)
    picture = Image.fromarray(np.clip(small, 0, 1))
    how = _projection(corners, np.array([[0, 0], [w, 0], [w, h], [0, h]], float))
    placed = picture.transform(
        (width, height), Image.Transform.PERSPECTIVE, tuple(how), Image.Resampling.BILINEAR
    )
    return np.asarray(placed)


def _projection(in_picture, on_page) -> np.ndarray:
    """Map 4 corners in the picture to those on the page: 8 coefficients of a projective map."""
    rows = []
    for (x, y), (u, v) in zip(in_picture, on_page, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    return np.linalg.solve(np.array(rows), on_page.ravel())


def _page(shape, rng, kind) -> np.ndarray:
    """The empty page: reflectance from 0 to 1, float (H, W, 3)."""
    if kind == "board":
        dark = rng.uniform(0.08, 0.25) + np.array([0, rng.uniform(0, 0.08), 0])
        smears = 0.05 * _noise(shape, 6, rng) + 0.02 * _noise(shape, 60, rng)
        return np.clip(dark + smears[..., None], 0.02, 1)
    colour = rng.uniform(0.78, 0.97) * (1 - rng.uniform(0, 0.12, 3))
    rough = 0.05 if kind == "crumpled" else 0.008
    texture = 1 + rough * (_noise(shape, 9, rng) + _noise(shape, 70, rng))
    page = colour * texture[..., None]
    if kind == "ruled":
        rows, columns = np.indices(shape)
        gap = min(shape) * rng.uniform(0.06, 0.2)
        thick = max(1.0, gap * rng.uniform(0.02, 0.05))
        lines = (rows + 0.03 * columns + rng.uniform(0, gap)) % gap < thick
        if rng.random() < 0.5:
            lines |= (columns - 0.03 * rows + rng.uniform(0, gap)) % gap < thick
        page = page * (1 - lines[..., None] * rng.uniform(0.05, 0.22) * np.array([1.0, 0.7, 0.4]))
    return page


def _dusty(ink, rng) -> np.ndarray:
    """Chalk does not cover all of the board."""
    return ink * np.clip(0.9 + 0.15 * _noise(ink.shape, 80, rng), 0, 1)


def _with_desk(written, ink, rng) -> np.ndarray:
    """The page ends on one or two sides, or it has a printed frame; never through the digit."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    height, width = ink.shape
    room = {"top": rows[0], "bottom": height - 1 - rows[-1]}
    room |= {"left": columns[0], "right": width - 1 - columns[-1]}
    desk = rng.uniform(0.15, 0.5) * (1 - rng.uniform(0, 0.3, 3))
    written, y, x = written.copy(), *np.indices(ink.shape)
    depth = {"top": y, "bottom": height - 1 - y, "left": x, "right": width - 1 - x}
    if rng.random() < 0.3:  # a printed frame, halfway between the ink and the border
        inset = 0.5 * min(room.values())
        from_border = np.min(list(depth.values()), axis=0)
        written[np.abs(from_border - inset) < max(1, 0.004 * height)] *= 0.3
        return written
    for side in rng.permutation(sorted(room))[: rng.integers(1, 3)]:
        slant = rng.uniform(-0.04, 0.04) * (x - width / 2 if side in ("top", "bottom") else y)
        written[depth[side] + slant < room[side] * rng.uniform(0.2, 0.7)] = desk
    return written


def _light(shape, rng, kind) -> np.ndarray:
    """How much light falls on each place: float (H, W), at most 1."""
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    across = (x * np.cos(angle) + y * np.sin(angle)) / np.sqrt(2)  # -1 … 1
    strong = 0.35 if kind == "lamp" else 0.1
    light = 1 - strong * rng.uniform(0.5, 1) * (1 + across)
    if kind == "lamp":
        light = light - rng.uniform(0, 0.15) * (x**2 + y**2)
    if kind == "shadow":
        angle = rng.uniform(0, 2 * np.pi)
        edge = x * np.cos(angle) + y * np.sin(angle) + rng.uniform(-0.4, 0.4)
        soft = rng.uniform(0.02, 0.3)
        light = light * (1 - rng.uniform(0.25, 0.55) / (1 + np.exp(-edge / soft * 4)))
    return np.clip(light, 0.05, 1) * rng.uniform(0.75, 1.0)


def _camera(scene, rng) -> np.ndarray:
    """Blur, noise and JPEG: uint8 (H, W, 3)."""
    noise = rng.uniform(0.003, 0.03)
    picture = Image.fromarray(np.uint8(np.clip(scene, 0, 1) * 255))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.002) * max(scene.shape)))
    noisy = np.asarray(picture) + 255 * noise * rng.standard_normal(scene.shape, np.float32)
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(noisy, 0, 255))).save(
        buffer, "JPEG", quality=int(rng.integers(35, 95))
    )
    return np.asarray(Image.open(buffer)).copy()


def _noise(shape, cells, rng) -> np.ndarray:
    """Smooth random numbers around 0, of about `cells` waves across: float (H, W)."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))

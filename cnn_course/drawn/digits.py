"""Handwritten-like digits drawn from strokes: the generator of the embedded stand-in for MNIST.

Nothing here is a font or a photograph. A digit starts as a pen path through a few control points
and goes through the steps a real one goes through:

    control points → a writer's habits and the hand's tremble → smooth curve (Catmull-Rom spline)
    → slant, width, a smooth bend → pen width along the stroke → ink (module `ink`)
    → 20 × 20 box inside 28 × 28, centred by mass (as LeCun et al. prepared MNIST)

Start reading at `draw_digit`; `make_digits` draws many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ink import Stroke, fit_box, rasterize

# Pen paths in a box of 100 × 100 (x to the right, y downwards). "!" marks a corner, where the pen
# turns sharply; between corners the path is smooth. "/" lifts the pen. Every digit has several
# ways to be written.
PEN_PATHS: tuple[tuple[str, ...], ...] = (
    (  # 0: anticlockwise from the top; with a hook into the inside; clockwise from the left
        "56,2 25,10 5,45 15,84 48,98 82,86 96,48 82,12 54,2 38,7",
        "74,18 48,3 19,15 4,50 18,88 50,98 85,82 96,45 82,12 60,5 50,18",
        "20,20 55,2 90,22 97,55 80,90 45,98 12,82 5,45 22,15 46,4",
    ),
    (  # 1: a plain stroke; slightly bent; with a flag; with flag and base
        "51,2 50,35 50,65 49,98",
        "55,2 50,30 48,62 51,98",
        "33,28 44,17 53,3! 51,50 50,98",
        "33,27 44,17 53,3! 51,50 50,96 / 20,97 50,96 82,97",
    ),
    (  # 2: corner and flat base; loop at the lower left; wavy base; hooked start
        "10,26 25,6 55,2 82,14 82,38 55,62 8,97! 45,95 94,96",
        "12,25 30,5 60,2 84,18 78,45 50,72 22,93 7,88 14,75 34,80 62,95 95,89",
        "8,20 35,3 70,6 84,25 68,52 36,78 6,96! 35,90 65,97 96,91",
        "22,32 14,16 36,2 70,4 86,24 70,54 10,97! 50,94 95,97",
    ),
    (  # 3: two bowls; flat top with corners; a small loop in the middle
        "12,14 40,2 76,8 80,28 62,43 38,48! 70,54 90,72 76,93 42,99 8,88",
        "14,5 50,5 84,5! 60,25 38,43! 72,48 92,68 78,92 42,99 8,88",
        "14,12 45,2 78,12 74,34 50,47 36,50 46,43 70,52 90,72 72,95 38,98 8,86",
    ),
    (  # 4: open, two strokes; closed with a point; open in one stroke; open and slanting
        "18,3 12,30 8,57! 50,57 96,54 / 70,3 69,50 68,98",
        "62,2 36,34 5,68! 50,68 96,66 / 64,3 64,50 63,98",
        "16,4 10,30 16,52 44,56 76,46! 84,4! 80,50 74,98",
        "30,3 18,28 4,60! 45,61 94,57 / 74,20 70,60 66,98",
    ),
    (  # 5: body, then the bar; all in one stroke; drawn like an S
        "30,5 24,25 20,46! 48,38 82,48 88,70 68,94 36,98 8,88 / 28,5 60,5 92,3",
        "90,4 58,5 30,6! 24,28 20,46! 50,38 84,50 88,74 64,96 30,98 8,86",
        "88,6 55,4 30,12 25,32 48,42 78,54 84,78 58,98 26,97 8,86",
    ),
    (  # 6: bowed stem; straight stem; hooked top
        "72,3 42,20 18,52 14,80 38,98 72,93 84,72 66,54 38,58 17,80",
        "52,2 30,35 14,68 22,92 52,98 82,86 82,64 56,52 28,62 15,80",
        "84,12 60,3 30,22 12,58 22,92 54,98 85,82 78,58 50,52 24,66 15,84",
    ),
    (  # 7: plain; with a bar; bowed; with a serif; with serif and bar
        "2,8 50,5 100,4! 64,45 42,98",
        "2,8 50,5 100,4! 64,45 42,98 / 28,52 54,50 86,48",
        "2,8 30,4 65,7 100,4! 74,32 58,62 50,98",
        "2,22 5,6! 50,6 100,4! 66,48 46,98",
        "2,20 5,6! 50,6 100,4! 66,48 46,98 / 30,54 56,52 86,50",
    ),
    (  # 8: an S that closes; two loops from the middle; open at the top right
        "82,16 52,2 20,14 24,36 52,48 84,66 80,92 48,99 14,88 16,66 46,48 76,32 80,14 60,4",
        "50,47 20,36 20,12 50,2 80,12 80,36 50,47 14,62 10,86 48,99 88,88 86,62 50,47",
        "86,12 58,2 26,8 18,27 42,44 78,62 84,86 50,99 16,88 20,64 50,46 76,28 92,8",
    ),
    (  # 9: straight tail; curled tail; bowed tail leaning to the left
        "82,20 54,3 20,14 12,40 38,54 68,44 84,14! 80,55 74,98",
        "82,18 50,3 16,18 16,46 46,54 74,40 85,14! 88,52 76,86 46,98 16,90",
        "80,16 46,3 14,22 22,48 54,52 78,34 83,12! 78,50 56,98",
    ),
)
POINTS_PER_SPAN = 8  # curve samples between two control points


@dataclass(frozen=True)
class Style:
    """How one writer writes. Lengths are fractions of the digit's height, angles are in radians."""

    variants: tuple[int, ...]  # for each digit, which of its PEN_PATHS
    habits: np.ndarray  # (10, 4, 4, 2): how the writer bends each digit, for `deform`
    slant: float  # leaning to the right is positive
    aspect: float  # width of the box of 100 × 100 over its height
    pen: float  # width of the stroke
    nib: float  # how much the width depends on the direction of the stroke, 0 … 0.3
    nib_angle: float  # the direction in which the stroke is widest
    tremble: float  # random displacement of control points
    bend: float  # random displacement of the grid in `deform`


def random_style(rng: np.random.Generator) -> Style:
    """Invent a writer."""
    return Style(
        variants=tuple(int(rng.integers(len(paths))) for paths in PEN_PATHS),
        habits=rng.normal(0.0, 0.075, (10, 4, 4, 2)),
        slant=float(np.clip(rng.normal(0.15, 0.25), -0.4, 0.7)),
        aspect=float(rng.uniform(0.52, 1.0)),
        pen=float(rng.uniform(0.06, 0.16)),
        nib=float(rng.uniform(0.0, 0.3)),
        nib_angle=float(rng.uniform(0.0, np.pi)),
        tremble=float(rng.uniform(0.008, 0.022)),
        bend=float(rng.uniform(0.03, 0.065)),
    )


def draw_digit(
    digit: int,
    rng: np.random.Generator,
    size: int = 28,
    style: Style | None = None,
    pen: float | None = None,
) -> np.ndarray:
    """Draw one handwritten-like digit: uint8 (size, size), 0 is background and 255 is ink.

    digit: 0 to 9; anything else raises ValueError. rng: the source of everything random. size:
    height and width of the image in pixels; the digit fills 20/28 of it, as in MNIST. style: the
    writer; None invents one. pen: width of the stroke as a fraction of the digit's height; None
    takes the writer's.
    """
    if digit not in range(10):
        raise ValueError(f"digit must be one of 0 … 9, got {digit!r}.")
    style = random_style(rng) if style is None else style
    strokes = fit_box(digit_strokes(digit, rng, style, pen), size * 20 / 28)
    ink = rasterize(strokes, size, oversampling=1)
    # Centre by mass: move the strokes by what is missing, but never off the picture; draw again.
    rows, columns = np.indices(ink.shape) + 0.5
    shift = size / 2 - np.array([(columns * ink).sum(), (rows * ink).sum()]) / ink.sum()
    room = size - np.max(
        [(points + radii[:, None]).max(axis=0) for points, radii in strokes], axis=0
    )
    shift = np.clip(shift, 0.5, room - 0.5)
    ink = rasterize([(points + shift, radii) for points, radii in strokes], size)
    return np.round(255 * ink).astype(np.uint8)


def digit_strokes(
    digit: int, rng: np.random.Generator, style: Style, pen: float | None = None
) -> list[Stroke]:
    """Move the pen once: the strokes of a digit, in fractions of its height; y points downwards.

    digit: 0 to 9. rng: the source of everything random. style: the writer. pen: as in `draw_digit`.
    """
    grid = style.habits[digit] + rng.normal(0.0, style.bend, (4, 4, 2))
    slant = style.slant + rng.normal(0.0, 0.08)
    aspect = style.aspect * (1 + rng.normal(0.0, 0.08))
    if digit in (1, 7):  # a 7 must not become a 1 with a long flag, nor the other way round
        grid = 0.6 * grid
        aspect = max(aspect, 0.7)
    radius = (style.pen if pen is None else pen) * (1 + rng.normal(0.0, 0.05)) / 2
    strokes = []
    for path in PEN_PATHS[digit][style.variants[digit]].split("/"):
        control, is_corner = _parse(path)
        control = control + rng.normal(0.0, style.tremble, control.shape)
        points = deform(_smooth_curve(control, is_corner), grid)
        points[:, 0] = aspect * points[:, 0] + slant * (1 - points[:, 1])
        strokes.append((points, radius * _pressure(points, rng, style)))
    return strokes


def deform(points: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Bend the unit square smoothly (free-form deformation), and points (P, 2) with it.

    grid: how far each of 4 × 4 grid points is moved, (4, 4, 2): x index, y index, x and y. Returns
    new points. Bernstein weights as in Sederberg and Parry (1986), doi:10.1145/15886.15903.
    """
    t = np.clip(points, 0.0, 1.0)[:, :, None]
    powers = np.arange(4)
    weights = np.array([1.0, 3.0, 3.0, 1.0]) * t**powers * (1 - t) ** (3 - powers)  # (P, 2, 4)
    return points + np.einsum("pi,pj,ijk->pk", weights[:, 0], weights[:, 1], grid)


def digit_example(seed: int, index: int, writers: int = 250) -> tuple[np.ndarray, int]:
    """Draw example `index` of the endless data set `seed`: (uint8 (28, 28), its label).

    Every ten consecutive examples hold each digit once. writers: how many people write this data
    set. They belong to its seed, so two data sets with different seeds share no writer.
    """
    label = int(np.random.default_rng([seed, 0, index // 10]).permutation(10)[index % 10])
    rng = np.random.default_rng([seed, 1, index])
    style = random_style(np.random.default_rng([seed, 2, int(rng.integers(writers))]))
    return draw_digit(label, rng, style=style), label


def make_digits(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n fresh digits: x uint8 (n, 28, 28, 1) and y int64 (n,), balanced over the classes."""
    seed = int(rng.integers(2**32))
    images, labels = zip(*(digit_example(seed, index) for index in range(n)), strict=True)
    return np.stack(images)[..., None], np.array(labels, dtype=np.int64)


def _parse(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Read "10,20 30,40! …": points in the unit square (P, 2) and whether each is a corner (P,)."""
    words = path.split()
    points = np.array([[float(number) for number in word.rstrip("!").split(",")] for word in words])
    return points / 100, np.array([word.endswith("!") for word in words])


def _smooth_curve(control: np.ndarray, is_corner: np.ndarray) -> np.ndarray:
    """Catmull-Rom spline through the control points (P, 2), interrupted at corners."""
    ends = [0, *np.flatnonzero(is_corner), len(control) - 1]
    pieces = []
    for first, last in zip(ends[:-1], ends[1:], strict=True):
        p = control[first : last + 1]
        p = np.concatenate(
            [[2 * p[0] - p[1]], p, [2 * p[-1] - p[-2]]]
        )  # go straight on at both ends
        t = np.linspace(0, 1, POINTS_PER_SPAN, endpoint=False)[None, :, None]
        before, a, b, after = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
        spans = a + t / 2 * (
            (b - before)
            + t * ((2 * before - 5 * a + 4 * b - after) + t * (3 * (a - b) + after - before))
        )
        pieces.append(spans.reshape(-1, 2))
    return np.concatenate([*pieces, control[-1:]])


def _pressure(points: np.ndarray, rng: np.random.Generator, style: Style) -> np.ndarray:
    """Return the pen's width along a path (P, 2), relative to the writer's: (P,) around 1."""
    direction = np.gradient(points, axis=0)
    angle = np.arctan2(direction[:, 1], direction[:, 0])
    nib = 1 + style.nib * np.cos(2 * (angle - style.nib_angle))
    t = np.linspace(0, 1, len(points))
    waves = [rng.normal(0.0, 0.05) * np.sin(np.pi * (k * t + rng.uniform(0, 2))) for k in (1, 2, 4)]
    return nib * (1 + sum(waves))

"""Pen strokes become ink: for the generator of the digits and for the page on which you draw.

A stroke is a path and how wide the pen was along it. What a pixel holds afterwards depends on how
far it is from the path, so ink has soft edges, and any pen can be drawn at any size.
"""

from __future__ import annotations

import numpy as np

Stroke = tuple[np.ndarray, np.ndarray]
"""The points of a pen's path, float (P, 2), x before y; and its radius at each of them, (P,)."""

SEGMENTS_AT_A_TIME = 8  # each batch only looks at the pixels that it can reach


def fit_box(strokes: list[Stroke], box: float) -> list[Stroke]:
    """Scale strokes, keeping their proportions, so that their ink fits a box of `box` pixels.

    strokes: in any unit, anywhere. Returns new strokes in pixels. Their ink begins at row 0 and
    column 0, and its longer side is `box`.
    """
    low = np.min([(points - radii[:, None]).min(axis=0) for points, radii in strokes], axis=0)
    high = np.max([(points + radii[:, None]).max(axis=0) for points, radii in strokes], axis=0)
    scale = box / (high - low).max()
    return [(scale * (points - low), scale * radii) for points, radii in strokes]


def rasterize(strokes: list[Stroke], size: int, oversampling: int = 2) -> np.ndarray:
    """Draw strokes: the covered part of every pixel, from 0 to 1, float64 (size, size).

    strokes: in pixels. oversampling: fine pixels along each side of a pixel, whose ink is their
    mean. The ink of a fine pixel is 1/2 plus how far its centre lies inside the stroke (the radius
    less its distance to the path, in fine pixels), within 0 to 1.
    """
    fine = size * oversampling
    centres = (np.arange(fine) + 0.5) / oversampling
    depth = np.full((fine, fine), -np.inf)  # how deep inside the ink, in pixels
    for points, radii in strokes:
        for first in range(0, len(points) - 1, SEGMENTS_AT_A_TIME):
            batch = slice(first, first + SEGMENTS_AT_A_TIME + 1)
            p, r = points[batch], radii[batch]
            reach = [p.min(axis=0) - r.max() - 1, p.max(axis=0) + r.max() + 1]
            (left, top), (right, bottom) = np.searchsorted(centres, reach)
            box = np.s_[top:bottom, left:right]
            start, along = p[:-1], np.diff(p, axis=0)
            x = centres[None, left:right, None] - start[:, 0]  # (1, columns, segments)
            y = centres[top:bottom, None, None] - start[:, 1]  # (rows, 1, segments)
            length2 = np.maximum((along**2).sum(axis=1), 1e-12)
            t = np.clip((x * along[:, 0] + y * along[:, 1]) / length2, 0.0, 1.0)
            distance = np.sqrt((x - t * along[:, 0]) ** 2 + (y - t * along[:, 1]) ** 2)
            inside = r[:-1] + t * np.diff(r) - distance
            depth[box] = np.maximum(depth[box], inside.max(axis=2))
    ink = np.clip(0.5 + oversampling * depth, 0.0, 1.0)
    return ink.reshape(size, oversampling, size, oversampling).mean(axis=(1, 3))

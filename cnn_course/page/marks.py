"""Find the ink on a page: even out the light, join pixels into marks, choose the digit's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_BAND = 0.12  # a frame keeps to this part of its box along every side


@dataclass(frozen=True)
class Pieces:
    """The connected pieces of a mask, C of them; diagonal neighbours are connected.

    labels: int (H, W), −1 where there is no ink. boxes: int (C, 4), the first row and column of
    each piece and those after its last.
    """

    labels: np.ndarray
    boxes: np.ndarray

    @property
    def sides(self) -> np.ndarray:
        """Heights and widths: int (C, 2)."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    def borders(self) -> np.ndarray:
        """Count how many of the picture's four borders each piece reaches: int (C,)."""
        at_end = self.boxes[:, 2:] == self.labels.shape
        return (self.boxes[:, :2] == 0).sum(axis=1) + at_end.sum(axis=1)

    def sums(self, values) -> np.ndarray:
        """Add up `values` (H, W) over each piece: float (C,)."""
        inked = self.labels >= 0
        return np.bincount(self.labels[inked], values[inked], minlength=len(self.boxes))

    def only(self, chosen) -> np.ndarray:
        """Return the mask of the chosen pieces: bool (H, W). chosen: bool (C,)."""
        return np.append(chosen, False)[self.labels]


def find_pieces(mask) -> Pieces:
    """Find the connected pieces of a mask, bool (H, W).

    Ink comes in runs along the rows. Runs in neighbouring rows that touch are joined until every
    run knows the first run of its piece (connected components by union of runs).
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 1), dtype=np.int8)  # so that no run goes round the corner
    padded[:, :width] = mask
    change = np.diff(padded.ravel(), prepend=np.int8(0))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    first_below = np.searchsorted(ends, starts + width + 1)
    after_below = np.searchsorted(starts, ends + width + 1, side="right")
    counts = np.maximum(after_below - first_below, 0)
    above = np.repeat(np.arange(len(starts)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts - first_below, counts)

    root = np.arange(len(starts))
    while np.any(root[above] != root[below]):
        a, b = root[above], root[below]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while np.any(root[root] != root):
            root = root[root]
    piece = np.unique(root, return_inverse=True)[1]

    count = int(piece.max()) + 1 if len(piece) else 0
    rows, left = np.divmod(starts, width + 1)
    boxes = np.empty((count, 4), dtype=np.int64)
    boxes[:, :2], boxes[:, 2:] = (height, width), 0
    np.minimum.at(boxes[:, 0], piece, rows)
    np.minimum.at(boxes[:, 1], piece, left)
    np.maximum.at(boxes[:, 2], piece, rows + 1)
    np.maximum.at(boxes[:, 3], piece, left + ends - starts)
    labels = np.full(padded.size, -1)
    labels[padded.ravel() == 1] = np.repeat(piece, ends - starts)
    return Pieces(labels.reshape(padded.shape)[:, :width], boxes)


def blank_page(grey, window: int) -> np.ndarray:
    """Estimate the page without its marks, those that are dark and narrow: float (H, W).

    grey: brightness, float (H, W). window: in pixels; a mark is narrower.

    Many squares of this size hold a given pixel, and each has a brightest value. The pixel gets the
    lowest of those. This is a grey-scale closing (Serra 1982, Image Analysis and Mathematical
    Morphology). Unlike a blur it keeps the edge of a shadow where it is. Squares never leave the
    picture, so ink that runs out of it is still ink.
    """
    sizes = [min(window, n) for n in grey.shape]
    for axis, size in enumerate(sizes):
        grey = _slide(np.maximum, grey, size, axis)
    for axis, size in enumerate(sizes):
        rim = [(size - 1, size - 1) if a == axis else (0, 0) for a in (0, 1)]
        grey = _slide(np.minimum, np.pad(grey, rim, constant_values=np.inf), size, axis)
    return grey


def _slide(extreme, x, size: int, axis: int) -> np.ndarray:
    """Take the maximum or minimum of every `size` neighbours, by doubling the window."""
    x = np.moveaxis(x, axis, 0)
    width = 1
    while width < size:
        step = min(width, size - width)
        x = extreme(x[:-step], x[step:])
        width += step
    return np.moveaxis(x, 0, axis)


# --- which marks are the digit -------------------------------------------------------------------

LEAST_CONTRAST = 0.12  # ink takes away at least this share of the light …
NOISE = 6  # … and this many times the median difference that the paper's texture makes
INK = (0.4, 0.55, 0.7)  # a pixel is ink if it takes away this share of what the strongest ink takes
BLACK, WHITE = 0.15, 0.3  # this much less becomes 0, this much more becomes 1
LEAST_SIDE = 0.06  # of the picture's shorter side; shorter marks are specks
NEAR = 0.25  # of the digit's longer side; a mark this close still belongs to it
MOST_HALO = 0.3  # of the ink; a mark whose surroundings are darker than this is a shadow
MOST_LAYERS = 6  # things at the picture's border that are removed one after another


def find_ink(taken) -> np.ndarray | None:
    """Keep the marks of the digit: its ink from 0 to 1, float32 (H, W), or None if there is none.

    taken: the part of the light that is missing at each pixel, float (H, W). Whatever reaches the
    border of the picture (a desk, a shadow, a line) is removed as long as there is more inside.
    Ink is measured against the strongest that is left, so a pencil counts beside a dark desk.
    """
    left = taken - np.median(taken)
    step = 1 + min(taken.shape) // 50
    texture = np.median(np.abs(left[step:, step:] - left[:-step, :-step]))
    least = max(LEAST_CONTRAST, NOISE * texture)
    at_border = None  # the digit itself, if nothing is found inside
    for _ in range(MOST_LAYERS):
        strongest = _strongest(left)
        if strongest < least:
            break
        for share in INK:
            pieces = find_pieces(left > max(share * strongest, 0.8 * least))
            large = pieces.sides.max(axis=1, initial=0) >= LEAST_SIDE * min(taken.shape)
            outer = large & (pieces.borders() > 0)
            inner = large & ~outer
            without = np.where(pieces.only(outer), 0, left)
            if inner.any() and _strongest(without) > 0.7 * strongest:
                return _rendered(left, pieces, inner, share)
            if share == INK[0]:
                widest = pieces, outer
        pieces, outer = widest
        if not outer.any():
            break
        drawn_out = outer & (pieces.borders() < 3)  # the edge of a desk reaches three
        if at_border is None and drawn_out.any():
            at_border = left, pieces, drawn_out, INK[0]
        left = np.where(_grown(pieces.only(outer), 0.02 * min(taken.shape)), 0, left)
    return at_border and _rendered(*at_border)


def _strongest(taken) -> float:
    """Return what the strongest ink takes away, ignoring a few pixels that may be noise."""
    few = max(3, taken.size // 2000)
    # Where most values are alike, as on a canvas, the smallest are found faster than the largest.
    return -float(np.partition(-taken.ravel(), few - 1)[few - 1])


def _rendered(taken, pieces, candidates, share) -> np.ndarray:
    """Draw the ink of the largest candidate (bool (C,)) and of the marks near it: float (H, W)."""
    candidates = candidates & ~_frames(pieces, candidates)
    weights = np.where(candidates, pieces.sums(taken), 0)
    main = int(weights.argmax())
    low, high = pieces.boxes[:, :2], pieces.boxes[:, 2:]
    apart = np.maximum(0, np.maximum(low - high[main], low[main] - high))
    side = pieces.sides[main].max()
    near = np.hypot(*apart.T) <= NEAR * side
    another = (pieces.sides[:, 0] > 0.7 * side) & (apart[:, 1] > 0)  # the next digit of a number
    mine = near & ~another & (weights > 0.02 * weights[main])
    mine[main] = True
    mask = pieces.only(mine)
    strength = np.percentile(taken[mask], 75)
    halo = _grown(mask, 0.1 * side) & ~_grown(mask, 0.04 * side)
    if halo.any() and np.median(taken[halo]) > MOST_HALO * strength:
        return None
    ink = np.clip((taken / strength - share + BLACK) / (BLACK + WHITE), 0, 1)
    return np.where(_grown(mask, 0.015 * side), ink, 0).astype(np.float32)


def _grown(mask, reach) -> np.ndarray:
    """Grow a mask, bool (H, W), by `reach` pixels in both directions."""
    reach = max(1, round(reach))
    for axis in (0, 1):
        rim = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
        mask = _slide(np.logical_or, np.pad(mask, rim), 2 * reach + 1, axis)
    return mask


def _frames(pieces, candidates) -> np.ndarray:
    """Tell which candidates (bool (C,)) are frames around another one: bool (C,).

    A frame has ink along all four sides of its box, in nearly every row and column, and another
    mark inside.
    """
    found = np.zeros(len(candidates), dtype=bool)
    for piece in np.flatnonzero(candidates):
        top, left, bottom, right = box = pieces.boxes[piece]
        inside = ((pieces.boxes[:, :2] > box[:2]) & (pieces.boxes[:, 2:] < box[2:])).all(axis=1)
        if not np.any(inside & candidates):
            continue
        ink = pieces.labels[top:bottom, left:right] == piece
        rows, columns = np.maximum(1, np.ceil(FRAME_BAND * pieces.sides[piece])).astype(int)
        bands = ink[:rows].any(axis=0), ink[-rows:].any(axis=0)
        bands += ink[:, :columns].any(axis=1), ink[:, -columns:].any(axis=1)
        found[piece] = min(band.mean() for band in bands) > 0.85
    return found

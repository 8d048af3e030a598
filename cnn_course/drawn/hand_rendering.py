"""From bones to a surface with light and colour: the renderer behind `hands`.

Every bone is wrapped in a "round cone", the shape that a ball sweeps while it moves along the bone
and changes its size. The steps, each a function below:

    round_cone    height of one bone above every pixel, exactly
    surface       all bones joined by a smooth maximum of their heights, with normals
    shade         Lambert's law, shadows of the hand on itself, ambient light kept out of hollows
    skin          colours of palm and back, creases, nails, sleeve

Lengths are pixels (of a grid finer than the finished picture); x points right, y down, z to the
viewer. Colours are sRGB 0 … 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SOFTNESS = {"palm": 6.0, "arm": 6.0, "sleeve": 6.0}  # β inside a chain, per palm's width
FIRMNESS = 60.0  # β inside any other chain: a finger's bones meet sharply
JOIN = 10.0  # β between chains


@dataclass(frozen=True)
class Bone:
    """A ball moving from `start` to `end` whose radius changes from one to the other."""

    chain: str  # a finger ("index", …), "thumb", "knuckles", "palm", "arm" or "sleeve"
    start: np.ndarray  # (3,)
    end: np.ndarray  # (3,)
    radii: tuple[float, float]
    back: np.ndarray  # (3,): unit vector towards the back of the hand
    is_tip: bool = False  # the last bone of a finger


@dataclass(frozen=True)
class Surface:
    """What the viewer sees of some bones, pixel by pixel: (size, size), normals (size, size, 3)."""

    height: np.ndarray  # in pixels; −∞ beside the hand
    normal: np.ndarray  # unit vectors; 0 beside the hand
    bone: np.ndarray  # number of the bone in front; −1 beside the hand
    where: np.ndarray  # 0 … 1 along that bone

    @property
    def mask(self) -> np.ndarray:
        """True on the hand."""
        return self.bone >= 0


def round_cone(bone: Bone, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height of a round cone above the points (x, y), and where on the bone (0 … 1) it is reached.

    The ball at t has centre c(t) = start + t·(end − start) and radius r(t), both linear in t. Above
    a point its surface has height z(t) = c_z(t) + √q(t), q(t) = r(t)² − (distance to c_xy(t))², and
    the cone's height is the maximum over 0 ≤ t ≤ 1. With q(t) = d − s·(t − m)² and g = dc_z/dt the
    maximum is at t = m + √(d/s) · g/√(s + g²), or at an end. Where no ball is, the height is −∞.
    """
    (gx, gy, g), r0 = bone.end - bone.start, bone.radii[0]
    gr = bone.radii[1] - r0
    px, py = x - bone.start[0], y - bone.start[1]
    s = max(gx * gx + gy * gy - gr * gr, 1e-3)
    m = (gx * px + gy * py + r0 * gr) / s
    d = np.maximum(r0 * r0 - px * px - py * py + s * m * m, 0.0)
    best = np.clip(m + np.sqrt(d / s) * g / np.sqrt(s + g * g), 0.0, 1.0)
    height, where = np.full(best.shape, -np.inf), best
    for t in (best, 0.0, 1.0):
        q = (r0 + t * gr) ** 2 - (px - t * gx) ** 2 - (py - t * gy) ** 2
        z = np.where(q >= 0, bone.start[2] + t * g + np.sqrt(np.maximum(q, 0)), -np.inf)
        where = np.where(z > height, t, where)
        height = np.maximum(z, height)
    return height, where


def surface(bones: list[Bone], size: int, unit: float) -> Surface:
    """Join bones to one surface, seen on size × size pixels; a palm's width is `unit` pixels.

    Smooth maximum of heights: log(Σ exp(β·z))/β, first over the bones of each chain, then over the
    chains; the larger β, the sharper the valleys. Normals are averaged with the same weights.
    """
    y, x = np.mgrid[:size, :size] + 0.5
    total, normal = np.zeros((size, size)), np.zeros((size, size, 3))
    front, number = np.full((size, size), -np.inf), np.full((size, size), -1)
    where = np.zeros((size, size))
    for name in dict.fromkeys(bone.chain for bone in bones):
        beta = SOFTNESS.get(name, FIRMNESS) / unit
        chain_total, chain_normal = np.zeros((size, size)), np.zeros((size, size, 3))
        for i, bone in enumerate(bones):
            if bone.chain != name:
                continue
            box = _window(bone, size)
            z, t = round_cone(bone, x[box], y[box])
            hit = np.isfinite(z)
            finite = np.where(hit, z, 0.0)
            ball = bone.start + t[..., None] * (bone.end - bone.start)
            radius = bone.radii[0] + t * (bone.radii[1] - bone.radii[0])
            outward = (np.stack([x[box], y[box], finite], axis=-1) - ball) / radius[..., None]
            # What is seen edge-on counts little, or each ball's rim would show in the palm.
            weight = np.where(hit, np.exp(beta * finite) * np.clip(outward[..., 2], 1e-3, 1.0), 0.0)
            chain_total[box] += weight
            chain_normal[box] += weight[..., None] * outward
            nearer = z > front[box]
            front[box] = np.where(nearer, z, front[box])
            number[box] = np.where(nearer, i, number[box])
            where[box] = np.where(nearer, t, where[box])
        hit = chain_total > 0
        chain_total = np.where(hit, chain_total, 1.0)
        weight = np.where(hit, np.exp(JOIN / unit * np.log(chain_total) / beta), 0.0)
        total += weight
        normal += (weight / chain_total)[..., None] * chain_normal
    hit = total > 0
    height = np.where(hit, np.log(np.where(hit, total, 1.0)) * unit / JOIN, -np.inf)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return Surface(height, normal, number, where)


def _window(bone: Bone, size: int) -> tuple[slice, slice]:
    """The rows and columns a bone can reach."""
    reach = max(bone.radii) + 1
    low = np.clip(np.minimum(bone.start, bone.end)[:2] - reach, 0, size).astype(int)
    high = np.clip(np.maximum(bone.start, bone.end)[:2] + reach, 0, size).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])


def shade(hand: Surface, light: np.ndarray, ambient: float, unit: float) -> np.ndarray:
    """Brightness under a light from direction `light` (unit vector): (size, size), about 0 … 1."""
    lambert = np.clip(hand.normal @ light, 0.0, 1.0)
    z = np.where(hand.mask, hand.height, hand.height[hand.mask].min())
    # Shadow: walk towards the light; what rises above the ray takes the light away, gradually.
    above, across = np.zeros_like(z), np.hypot(light[0], light[1])
    for distance in unit * np.array([0.05, 0.1, 0.16, 0.23, 0.31, 0.4]):
        dx, dy = np.round(distance * light[:2] / across).astype(int)
        above = np.maximum(above, neighbours(z, dx, dy) - z - distance * light[2] / across)
    lit = 1.0 - np.clip(above / (0.1 * unit), 0.0, 0.85)
    # Hollows (lower than their surroundings) see less of the sky.
    covered = blur(hand.mask.astype(float), 0.12 * unit)
    around = blur(np.where(hand.mask, z, 0.0), 0.12 * unit) / np.maximum(covered, 1e-3)
    hollow = np.clip((around - z) / (0.3 * unit), 0.0, 0.7)
    return ambient * (1.0 - hollow) + (1.0 - ambient) * lambert * lit


def skin(
    hand: Surface, bones: list[Bone], lines: list[np.ndarray], colours: dict[str, np.ndarray]
) -> np.ndarray:
    """Colour of every pixel of the hand before light falls on it: (size, size, 3).

    lines: the creases of the palm, each (P, 2); colours: of "back", "palm" and "sleeve", each (3,).
    """
    chain = np.array([bone.chain for bone in bones])[hand.bone]
    is_tip = np.array([bone.is_tip for bone in bones])[hand.bone]
    length = np.array([np.linalg.norm(bone.end - bone.start) for bone in bones])[hand.bone]
    radius = np.array([bone.radii[0] for bone in bones])[hand.bone]
    facing = (hand.normal * np.array([bone.back for bone in bones])[hand.bone]).sum(axis=-1)
    palmar = np.clip(0.5 - 1.2 * facing, 0.0, 1.0)[..., None]
    colour = palmar * colours["palm"] + (1 - palmar) * colours["back"]
    # Fingertips are a little redder.
    colour = colour * (
        1 - np.where(is_tip, hand.where, 0.0)[..., None] * np.array([0.0, 0.09, 0.09])
    )
    # Creases: at the joints of the fingers, and the lines of the palm.
    to_joint = np.minimum(hand.where, np.where(is_tip, 1.0, 1.0 - hand.where)) * length / radius
    is_finger = ~np.isin(chain, ("palm", "arm", "sleeve", "knuckles"))
    dark = np.where(is_finger, 0.10 * np.exp(-((to_joint / 0.35) ** 2)), 0.0)
    on_palm = (chain == "palm") & (facing < -0.3)
    dark += np.where(on_palm, 0.16 * _near(lines, len(dark), 0.2 * radius.max()), 0.0)
    colour = colour * (1 - dark[..., None] * np.array([0.8, 1.0, 1.0]))
    nail = is_tip & (facing > 0.55) & (hand.where > 0.35) & (hand.where < 1.0)
    colour = np.where(nail[..., None], 0.6 * colour + 0.4 * np.array([0.98, 0.82, 0.79]), colour)
    return np.where((chain == "sleeve")[..., None], colours["sleeve"], colour)


def _near(lines: list[np.ndarray], size: int, width: float) -> np.ndarray:
    """1 on the lines, falling to 0 over `width` pixels: (size, size)."""
    centres = np.arange(size) + 0.5
    nearest = np.full((size, size), np.inf)
    for points in lines:
        for (x0, y0), (gx, gy) in zip(points[:-1], np.diff(points, axis=0), strict=True):
            px, py = centres[None, :] - x0, centres[:, None] - y0
            t = np.clip((px * gx + py * gy) / (gx * gx + gy * gy), 0.0, 1.0)
            nearest = np.minimum(nearest, (px - t * gx) ** 2 + (py - t * gy) ** 2)
    return np.exp(-nearest / width**2)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of (H, W) or (H, W, C) by `sigma` pixels; edge pixels are repeated outside."""
    reach = max(1, int(np.ceil(2.5 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        n = image.shape[axis]
        pad = [(reach, reach) if a == axis else (0, 0) for a in range(image.ndim)]
        padded = np.pad(image, pad, mode="edge")
        image = sum(w * padded.take(range(i, i + n), axis=axis) for i, w in enumerate(weights))
    return image


def neighbours(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Return for every pixel the one dx further right and dy further down, or the edge's."""
    rows = np.clip(np.arange(image.shape[0]) + dy, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) + dx, 0, image.shape[1] - 1)
    return image[rows[:, None], columns]

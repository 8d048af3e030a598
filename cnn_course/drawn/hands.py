"""Rendered hands showing 0–5 raised fingers: the generator of the embedded stand-in for SIGNS.

No photograph is involved. A picture is made in four steps:

    pose       a skeleton with joint angles: which fingers stand, which fold, and the thumb's place
    view       left or right hand, palm or back, turned, scaled and moved into the picture
    render     surface, light and skin (module `hand_rendering`)
    picture    a wall with the hand's shadow, light of some colour, slight blur and noise

A pose is in hand coordinates: a right hand with its palm to the viewer, fingers up, the wrist at
the origin; x right, y up, z to the viewer; the palm is 1 wide. Start reading at `draw_hand`.
"""

from __future__ import annotations

import numpy as np

from .hand_rendering import Bone, blur, neighbours, shade, skin, surface

# A finger: knuckle (x, y), lengths of its three bones, radius at the knuckle.
FINGERS = {
    "index": ((0.35, 0.97), (0.50, 0.29, 0.20), 0.125),
    "middle": ((0.115, 1.02), (0.55, 0.33, 0.22), 0.130),
    "ring": ((-0.12, 0.97), (0.51, 0.31, 0.21), 0.122),
    "little": ((-0.34, 0.86), (0.38, 0.23, 0.18), 0.105),
}
TAPER = (1.02, 0.92, 0.84, 0.70)  # radius at the joints and the tip
THUMB_BASE, THUMB_LENGTHS = (0.25, 0.18, 0.08), (0.47, 0.36, 0.25)
THUMB_RADII = (0.17, 0.145, 0.125, 0.10)
PALM_LINES = (  # heart, head and life line
    ((-0.42, 0.60), (-0.15, 0.66), (0.08, 0.76), (0.22, 0.88)),
    ((0.42, 0.64), (0.18, 0.60), (-0.10, 0.50), (-0.28, 0.38)),
    ((0.42, 0.68), (0.20, 0.54), (0.06, 0.34), (0.08, 0.10)),
)

# Which fingers stand up for a number, and the share of people who show it so.
COMBINATIONS = {
    0: [((), 1.0)],
    1: [(("index",), 1.0)],
    2: [(("index", "middle"), 1.0)],
    3: [(("index", "middle", "ring"), 0.6), (("thumb", "index", "middle"), 0.4)],
    4: [(("index", "middle", "ring", "little"), 1.0)],
    5: [(("thumb", "index", "middle", "ring", "little"), 1.0)],
}

SKIN = (  # from light to dark, sRGB 0 … 255
    (246, 214, 194),
    (233, 187, 158),
    (210, 158, 122),
    (170, 116, 82),
    (124, 80, 56),
    (80, 52, 40),
)
OVERSAMPLING = 2
STEP = 4  # colours are multiples of this: invisible, and the file is half as large
UP, AHEAD = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])


def draw_hand(count: int, rng: np.random.Generator, size: int = 64) -> np.ndarray:
    """Draw one hand with `count` raised fingers: uint8 (size, size, 3), sRGB.

    count: 0 to 5; anything else raises ValueError. rng: the source of everything random. size:
    height and width of the picture in pixels.
    """
    if count not in range(6):
        raise ValueError(f"count must be one of 0 … 5 raised fingers, got {count!r}.")
    combinations, shares = zip(*COMBINATIONS[count], strict=True)
    raised = combinations[rng.choice(len(combinations), p=shares)]
    fine = OVERSAMPLING * size
    bones, lines, unit = view(hand_bones(raised, rng), fine, rng)
    hand = surface(bones, fine, unit)
    colours = skin_colours(rng)

    side, slope = rng.uniform(-1.2, 1.2), rng.uniform(0.4, 1.0)  # from above, left or right
    light = np.array([slope * np.sin(side), -slope * np.cos(side), 1.0])
    light /= np.linalg.norm(light)
    warmth, strength = rng.uniform(-1.0, 1.0), rng.uniform(0.85, 1.15)
    tint = strength * np.array([1 + 0.07 * warmth, 1.0, 1 - 0.09 * warmth])
    brightness = shade(hand, light, rng.uniform(0.15, 0.4), unit)
    background = wall(fine, colours, rng)
    dark = wall_shadow(hand.mask, light, unit, rng)

    # Light adds up in linear colour (sRGB to the power of 2.2), so that is where to average pixels.
    mottled = 1 + smooth_noise(fine, 7, rng)[..., None] * np.array([0.02, 0.05, 0.05])
    foreground = (mottled * skin(hand, bones, lines, colours)) ** 2.2 * brightness[..., None]
    linear = np.where(hand.mask[..., None], foreground, background**2.2 * (1 - dark)[..., None])
    linear = linear.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3).mean(axis=(1, 3))
    picture = np.clip(linear * tint, 0.0, 1.0) ** (1 / 2.2)
    picture = 255 * blur(picture, rng.uniform(0.35, 0.6))
    picture += rng.normal(0.0, rng.uniform(0.0, 1.5), (size, size, 1))
    return (STEP * np.clip(np.round(picture / STEP), 0, 255 // STEP)).astype(np.uint8)


def hand_example(seed: int, index: int) -> tuple[np.ndarray, int]:
    """Draw example `index` of the endless data set `seed`: (uint8 (64, 64, 3), its label).

    Every six consecutive examples show each number once.
    """
    label = int(np.random.default_rng([seed, 0, index // 6]).permutation(6)[index % 6])
    return draw_hand(label, np.random.default_rng([seed, 1, index])), label


def make_hands(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n fresh hands: x uint8 (n, 64, 64, 3) and y int64 (n,), balanced over the classes."""
    seed = int(rng.integers(2**32))
    images, labels = zip(*(hand_example(seed, index) for index in range(n)), strict=True)
    return np.stack(images), np.array(labels, dtype=np.int64)


# --- pose ---------------------------------------------------------------------------------------


def hand_bones(raised: tuple[str, ...], rng: np.random.Generator) -> list[Bone]:
    """Pose a right hand, palm to the viewer, the named fingers raised and the others folded."""
    slim = rng.uniform(0.92, 1.12)
    spread = _spread(raised, rng)
    bones, folded = [], []
    for name, ((x, y), lengths, radius) in FINGERS.items():
        if name in raised:
            bends = rng.uniform((-4, 0, 0), (12, 14, 12))
            side = np.array([np.sin(spread[name]), np.cos(spread[name]), 0.0])
        else:
            bends = rng.uniform((74, 96, 50), (88, 108, 70))
            side = UP
        angles = np.radians(np.cumsum(bends))[:, None]
        along = np.cos(angles) * side + np.sin(angles) * AHEAD
        back = np.sin(angles) * side - np.cos(angles) * AHEAD
        radii = slim * radius * np.array(TAPER)
        finger = _chain(name, np.array([x, y, 0.0]), along, lengths, radii, back)
        bones += finger
        if name not in raised:
            folded.append((finger[1].start + finger[1].end) / 2)
    thumb = _thumb("thumb" in raised, folded, slim, rng)
    return bones + thumb + _palm(thumb[0].end) + _arm(rng)


def _chain(name, joint, along, lengths, radii, back) -> list[Bone]:
    """String three bones together: directions along and back (3, 3), lengths (3,), radii (4,)."""
    bones = []
    for i in range(3):
        after = joint + lengths[i] * along[i]
        bones.append(Bone(name, joint, after, (radii[i], radii[i + 1]), back[i], is_tip=i == 2))
        joint = after
    return bones


def _spread(raised: tuple[str, ...], rng: np.random.Generator) -> dict[str, float]:
    """Sideways angle of every finger in radians; raised neighbours always leave a gap."""
    angles = rng.uniform(0.75, 1.5) * np.array([9.0, 1.0, -8.0, -18.0])
    if "ring" not in raised:
        angles[1] -= rng.uniform(2, 10)  # a wider V
    angles += rng.uniform(-1.5, 1.5, 4)
    return dict(zip(FINGERS, np.radians(angles), strict=True))


def _thumb(is_raised: bool, folded: list[np.ndarray], slim: float, rng) -> list[Bone]:
    """The thumb: stretched out sideways, across the folded fingers, or across the palm."""
    if is_raised:
        angles = np.radians(rng.uniform(42, 62) - rng.uniform((0, 2, 6), (0, 12, 20)))
        along = np.stack([np.sin(angles), np.cos(angles), np.full(3, 0.15)], axis=1)
        back = np.array([0.5, 0.0, -1.0])
    else:
        if folded:
            target = np.mean(folded[:2], axis=0) + np.array([0.0, -0.1, 0.26])
        else:
            target = np.array([-0.06, 0.62, 0.3])
        elbow = np.array([0.45, 0.48, 0.5 * target[2] + 0.1])
        middle = 0.4 * elbow + 0.6 * target + np.array([0.06, 0.05, 0.1])
        target = target + rng.normal(0.0, 0.02, 3)
        along = np.diff([THUMB_BASE, elbow, middle, target], axis=0)
        back = np.array([0.3, 0.4, 0.8])
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    back = back - (along @ back)[:, None] * along
    back /= np.linalg.norm(back, axis=1, keepdims=True)
    radii = slim * np.array(THUMB_RADII)
    return _chain("thumb", np.array(THUMB_BASE), along, THUMB_LENGTHS, radii, back)


def _palm(thumb_joint: np.ndarray) -> list[Bone]:
    """Four bones to the knuckles, webs between the fingers, the two balls of the hand."""
    knuckles = [np.array([x, y, 0.0]) for (x, y), _, _ in FINGERS.values()]
    cones = [(np.array([0.62 * k[0], 0.12, -0.03]), k, (0.2, 0.15)) for k in knuckles]
    pairs = zip(knuckles[:-1], knuckles[1:], strict=True)
    cones += [(a + 0.08 * UP, b + 0.08 * UP, (0.11, 0.11)) for a, b in pairs]
    cones += [
        (np.array([-0.24, 0.20, 0.05]), np.array([-0.33, 0.60, 0.03]), (0.20, 0.16)),
        (np.array([0.20, 0.20, 0.06]), np.array([0.36, 0.55, 0.05]), (0.20, 0.15)),
        (np.array([0.30, 0.72, 0.00]), 0.8 * thumb_joint + 0.05 * AHEAD, (0.11, 0.11)),
    ]
    palm = [Bone("palm", start, end, radii, -AHEAD) for start, end, radii in cones]
    bumps = [(k - np.array([0, 0.03, 0.07]), k + np.array([0, 0.02, -0.07])) for k in knuckles]
    return palm + [Bone("knuckles", start, end, (0.1, 0.115), -AHEAD) for start, end in bumps]


def _arm(rng) -> list[Bone]:
    """Forearm, bent sideways at the wrist; often with a sleeve."""
    angle = np.radians(np.clip(rng.normal(0.0, 18), -40, 40))
    down = np.array([np.sin(angle), -np.cos(angle), 0.0])
    across = np.array([np.cos(angle), np.sin(angle), 0.0])
    cuff = rng.uniform(0.35, 0.9) if rng.random() < 0.4 else None
    bones = []
    for side in (-1, 1):
        end = 5 * down + side * 0.2 * across
        start = np.array([side * 0.12, 0.06, 0.0])
        bones.append(Bone("arm", start, end, (0.185, 0.4), -AHEAD))
        if cuff is not None:
            start = cuff * down + side * 0.14 * across
            bones.append(Bone("sleeve", start, end, (0.27, 0.5), -AHEAD))
    return bones


# --- view ---------------------------------------------------------------------------------------


def view(
    bones: list[Bone], size: int, rng: np.random.Generator
) -> tuple[list[Bone], list[np.ndarray], float]:
    """Turn a posed hand, scale it to pixels and move it into the picture.

    Returns the bones, the palm's lines (each (P, 2)) and the pixels in one unit of the pose.
    """
    roll, pitch, yaw = np.radians(np.clip(rng.normal(0.0, (11, 6, 6)), -25, 25))
    yaw += np.pi * (rng.random() < 0.25)  # seen from the back
    c, s = np.cos([roll, pitch, yaw]), np.sin([roll, pitch, yaw])
    roll_z = np.array([[c[0], -s[0], 0], [s[0], c[0], 0], [0, 0, 1]])
    pitch_x = np.array([[1, 0, 0], [0, c[1], -s[1]], [0, s[1], c[1]]])
    yaw_y = np.array([[c[2], 0, s[2]], [0, 1, 0], [-s[2], 0, c[2]]])
    mirror = 1.0 if rng.random() < 0.5 else -1.0  # a left hand
    turn = np.diag([mirror, -1.0, 1.0]) @ roll_z @ pitch_x @ yaw_y  # and y points down

    hand = [bone for bone in bones if bone.chain not in ("arm", "sleeve")]
    joints = np.array([turn @ point for bone in hand for point in (bone.start, bone.end)])[:, :2]
    low, high = joints.min(axis=0) - 0.1, joints.max(axis=0) + 0.1
    inside = 0.9 * size  # a margin of 5 % on every side
    unit = min(rng.uniform(0.29, 0.34) * size, inside / (high - low).max())
    slack = (inside - unit * (high - low)) / 2
    middle = size / 2 + np.clip(rng.normal(0.0, 0.016 * size, 2), -slack, slack)
    origin = np.append(middle - unit * (low + high) / 2, 0.0)

    def to_pixels(point):
        return unit * turn @ point + origin

    placed = [
        Bone(
            bone.chain,
            to_pixels(bone.start),
            to_pixels(bone.end),
            (unit * bone.radii[0], unit * bone.radii[1]),
            turn @ bone.back,
            bone.is_tip,
        )
        for bone in bones
    ]
    lines = [np.array([to_pixels(np.array([x, y, 0.15]))[:2] for x, y in li]) for li in PALM_LINES]
    return placed, lines, unit


# --- picture ------------------------------------------------------------------------------------


def skin_colours(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Colours of the "back" of a hand, its "palm" (lighter, redder) and "sleeve", sRGB 0 … 1."""
    tone = rng.uniform(0, len(SKIN) - 1)
    scale = np.arange(len(SKIN))
    back = np.array([np.interp(tone, scale, channel) for channel in zip(*SKIN, strict=True)]) / 255
    back = np.clip(back * (1 + rng.normal(0.0, 0.025, 3)), 0.0, 1.0)
    palm = back + (0.12 + 0.06 * tone) * (np.array([0.93, 0.72, 0.62]) - back)
    return {
        "back": back,
        "palm": palm,
        "sleeve": rng.uniform(0.08, 0.85) * rng.uniform(0.6, 1.0, 3),
    }


def wall(size: int, skin: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A smooth background whose colours differ clearly from those of the skin: (size, size, 3)."""
    avoid = [part * skin[name] for name in ("back", "palm") for part in (1.0, 0.75)]
    first, second = (_wall_colour(avoid, rng) for _ in range(2))
    y, x = np.mgrid[:size, :size] / size - 0.5
    kind = rng.random()
    if kind < 0.25:  # the soft edge of something behind
        angle = rng.uniform(0, np.pi)
        edge = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.35, 0.35)
        mix = 0.6 / (1 + np.exp(-edge * rng.uniform(15, 80)))
    elif kind < 0.45:  # large soft patches
        mix = 0.25 + 0.25 * smooth_noise(size, int(rng.integers(2, 5)), rng)
    else:  # plain
        mix = np.zeros((size, size))
    image = first + mix[..., None] * (second - first)
    slope = rng.normal(0.0, 0.12, 2)
    return np.clip(image * (1 + slope[0] * x + slope[1] * y)[..., None], 0.0, 1.0)


def _wall_colour(avoid: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A random colour that differs from all those in `avoid`: mostly that of a bright wall."""
    is_bright = rng.random() < 0.8
    while True:
        light, tinge = (
            (rng.uniform(0.7, 0.95), 0.12) if is_bright else (rng.uniform(0.15, 0.9), 0.35)
        )
        colour = light * (1 - tinge * rng.random(3))
        if min(np.linalg.norm(colour - other) for other in avoid) > 0.2:
            return colour
        is_bright = is_bright and rng.random() < 0.9  # where no bright wall differs enough


def smooth_noise(size: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Random hills and valleys: (size, size), −1 … 1, about `cells` of them along each side."""
    grid = rng.uniform(-1.0, 1.0, (cells + 1, cells + 1))
    position = np.linspace(0, cells, size, endpoint=False)
    i, t = position.astype(int), position % 1
    t = t * t * (3 - 2 * t)
    rows = grid[i] * (1 - t)[:, None] + grid[i + 1] * t[:, None]
    return rows[:, i] * (1 - t) + rows[:, i + 1] * t


def wall_shadow(
    mask: np.ndarray, light: np.ndarray, unit: float, rng: np.random.Generator
) -> np.ndarray:
    """The part of the wall's light that the hand takes away: (size, size), 0 … 1."""
    distance = rng.uniform(0.3, 1.4) * unit
    dx, dy = np.round(distance * light[:2] / light[2]).astype(int)
    softness = 0.12 * unit + 0.15 * distance
    return rng.uniform(0.0, 0.4) * blur(neighbours(mask.astype(float), dx, dy), softness)

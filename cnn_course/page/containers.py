"""Take a picture file apart and keep only what makes the picture.

Text, thumbnails, colour profiles and camera data may fill any part of a file. A hostile file can
keep its reader busy with them for minutes, by a million empty parts or by five thousand camera
entries of 64 KB that lie on top of each other. So none of that is passed on. The only camera data
the page needs is the orientation, and `orientation` looks for nothing else.
"""

from __future__ import annotations

import struct

MOST_PARTS = 20_000  # of one file; a PNG of 20 MB has about 2,500
ORIENTATION = 0x0112  # the tag in Exif 2.32, table 4


class Damaged(ValueError):
    """The file does not have the structure of its format."""


def plain_png(data: bytes) -> tuple[bytes, bytes]:
    """Keep of a PNG its header, palette, transparency and pixels; return it and its EXIF data.

    data: all of the file. The EXIF data is b"" where there is none. The frames of an animation are
    left out too, which leaves the picture that every program shows. Raises Damaged. Source: W3C,
    Portable Network Graphics, section 5.
    """
    kept, exif, at = [data[:8]], b"", 8
    for _ in range(MOST_PARTS):
        if at >= len(data):
            return b"".join(kept), exif
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if name in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(data[at : at + 12 + length])
        elif name == b"eXIf":
            exif = data[at + 8 : at + 8 + length]
        at += 12 + length
    raise Damaged("too many parts")


def plain_jpeg(data: bytes) -> tuple[bytes, bytes]:
    """Drop a JPEG's comments and application data; return what is left and its EXIF data.

    data: all of the file. The EXIF data is b"" where there is none. Adobe's marker stays, because
    it tells how colours are stored. Raises Damaged. Source: ITU-T T.81, annex B.
    """
    kept, exif, at = [data[:2]], b"", 2
    for _ in range(MOST_PARTS):
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            raise Damaged("no marker where one is due")
        marker = data[at + 1]
        if marker == 0xDA:  # the pixels begin; the rest is for the decoder
            return b"".join(kept) + data[at:], exif
        if marker == 0xFF:  # padding
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        part = data[at:end]
        if marker == 0xE1 and part[4:10] == b"Exif\0\0":
            exif = exif or part[10:]
        elif marker == 0xEE or not (marker == 0xFE or 0xE0 <= marker <= 0xEF):
            kept.append(part)
        at = end
    raise Damaged("too many parts")


def orientation(exif: bytes) -> int:
    """Read from EXIF data how the camera was held, 1 to 8; 1 is upright, also if unreadable."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at)
            if tag == ORIENTATION:
                return value
    except struct.error:
        pass
    return 1

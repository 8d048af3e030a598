"""Read a picture that a stranger sent: the bytes go in, pixels or one clear sentence come out.

The name of a file counts for nothing; its content decides. Pillow gets only the parts that make the
picture (module `containers`). It opens a file without decoding it, so the size is known, and
judged, before any memory is spent on pixels. Nothing is written to disk.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from .containers import orientation, plain_jpeg, plain_png

MOST_BYTES = 20 * 2**20
LONGEST_SIDE = 1024  # pixels; a larger picture is reduced
MOST_PIXELS = {"PNG": 22_000_000, "WEBP": 22_000_000, "JPEG": 51_000_000}  # within 2 s, 500 MB
MOST_SCANNED = 1_000_000_000  # pixels × scans: each scan of a JPEG visits every pixel

NAMES = {"PNG": "PNG", "WEBP": "WebP", "JPEG": "JPEG"}

# How other files begin that people send instead of a picture.
OTHERS = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"<svg", "an SVG drawing"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML or SVG text"),
)
UPRIGHT = {  # EXIF orientation → how to turn the picture upright (Exif 2.32, tag 0x0112)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Unreadable(ValueError):
    """The bytes cannot be read as a picture. The message says what came, and what to try."""


def read_image(data: bytes) -> np.ndarray:
    """Read the bytes of a PNG, JPEG or WebP file of any kind: uint8 (H, W, 3).

    data: all of the file, at most 20 MB. The result is upright, transparency is laid on white, 16
    bits are scaled to 8, and the longest side is at most 1024. An animation gives its first
    picture. Raises Unreadable for other formats, for files that are damaged, cut short or too
    large, and for too many pixels.
    """
    if not data:
        raise Unreadable("The file is empty; choose another one.")
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 2**20
        raise Unreadable(f"The file is larger than {most} MB; choose or save a smaller picture.")
    kind = _kind(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of anything odd in the file
            return _read(data, kind)
    except Unreadable:
        raise
    except Image.DecompressionBombError:
        raise _too_large(kind) from None
    except Exception:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, …
        raise Unreadable(
            f"This {NAMES[kind]} picture is damaged or cut short; save it or send it again."
        ) from None


def _read(data, kind) -> np.ndarray:
    exif = None
    if kind != "WEBP":
        data, exif = {"PNG": plain_png, "JPEG": plain_jpeg}[kind](data)
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        _check_size(image, kind, data)
        exif = image.info.get("exif", b"") if exif is None else exif
        return _pixels(image, UPRIGHT.get(orientation(exif)))


def _kind(data) -> str:
    """Tell from a file's first bytes whether it is a PNG, JPEG or WEBP; raise for any other."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    start = data[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = [name for magic, name in OTHERS if start.startswith(magic.lower())]
    if data[4:8] == b"ftyp":  # ISO base media: telephones save HEIC
        found = ["a HEIC or AVIF picture or a video"]
    what = f"This is {found[0]}" if found else "This is not a picture that can be read here"
    raise Unreadable(f"{what}; choose a PNG, JPEG or WebP file, or save it as one.")


def _check_size(image, kind, data) -> None:
    pixels = image.width * image.height
    colours = max(3, len(image.getbands()))  # CMYK has four, and a JPEG keeps all in memory
    if pixels * (colours if kind == "JPEG" else 3) > 3 * MOST_PIXELS[kind]:
        raise _too_large(kind, image.size, colours)
    # The marker before a scan cannot occur in its data (ITU-T T.81, B.1.1.5).
    if kind == "JPEG" and pixels * data.count(b"\xff\xda") > MOST_SCANNED:
        raise Unreadable("This JPEG would take too long to read; save it as an ordinary JPEG.")


def _too_large(kind, size=None, colours=3) -> Unreadable:
    has = f"{size[0]} × {size[1]}" if size else "far too many"
    most = 3 * MOST_PIXELS[kind] // colours // 1_000_000
    limit = f"at most {most} million can be read from a {NAMES[kind]}"
    return Unreadable(f"The picture has {has} pixels ({limit}); make it smaller.")


def _pixels(image, turn) -> np.ndarray:
    """Decode, reduce, lay on white and turn upright (turn: an Image.Transpose or None)."""
    longest = max(image.size)
    if longest > LONGEST_SIDE:  # a JPEG can be decoded at 1/2, 1/4 or 1/8 of its size
        image.draft(None, tuple(max(1, n * LONGEST_SIDE // longest) for n in image.size))
    image.load()
    if image.mode.startswith("I"):  # a grey PNG of 16 bits
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if max(image.size) > LONGEST_SIDE:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if turn is not None:
        image = image.transpose(turn)
    return np.array(image)

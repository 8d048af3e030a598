"""Reading pictures of strangers: every kind of picture, and every kind of trick."""

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from damage import damaged
from helpers import SETTINGS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnn_course.page.containers import orientation
from cnn_course.page.reading import MOST_BYTES, Unreadable, read_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image, kind="PNG", **how) -> bytes:
    """An array or Pillow image as the bytes of a file."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + check


def png(width, height, depth=8, colour=2, rows=None) -> bytes:
    """A PNG written by hand, all zero unless rows (bytes) are given: so huge ones are made fast."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    if rows is None:
        bits = {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth
        line, packer = bytes(1 + (width * bits + 7) // 8), zlib.compressobj(1)
        rows = b"".join(packer.compress(line * 100) for _ in range(-(-height // 100)))
        rows += packer.flush()
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def corners() -> np.ndarray:
    """A picture that tells its orientation: red, green; blue, white; wider than high."""
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:16, :24], picture[:16, 24:] = RED, GREEN
    picture[16:, :24], picture[16:, 24:] = BLUE, WHITE
    return picture


def refused(data: bytes) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(Unreadable) as caught:
        read_image(data)
    sentence = str(caught.value)
    assert sentence.endswith(".") and sentence.count(".") == 1 and "\n" not in sentence
    assert "; " in sentence and 20 < len(sentence) < 140  # what came; what to try
    return sentence


# --- every kind of picture ------------------------------------------------------------------------


@pytest.mark.parametrize("kind, how", [("PNG", {}), ("WEBP", {"lossless": True})])
def test_lossless_files_are_read_exactly(kind, how):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    found = read_image(encoded(picture, kind, **how))
    assert found.dtype == np.uint8 and np.array_equal(found, picture)
    assert found.flags.writeable


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_read(progressive):
    found = read_image(encoded(corners(), "JPEG", quality=95, progressive=progressive))
    assert np.abs(found.astype(int) - corners()).mean() < 4


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_is_put_upright(kind, number):
    exif = Image.Exif()
    exif[0x0112] = number
    stored = np.array(corners())  # what the camera stored when it was held in this way
    stored = stored if number < 5 else stored.swapaxes(0, 1)
    flips = {2: (1,), 3: (0, 1), 4: (0,), 6: (0,), 7: (0, 1), 8: (1,)}.get(number, ())
    stored = np.ascontiguousarray(np.flip(stored, flips))
    data = encoded(stored, kind, exif=exif, quality=95)
    assert np.abs(read_image(data).astype(int) - corners()).mean() < 6


def test_orientation_survives_any_camera_data():
    assert (
        orientation(b"") == orientation(b"nonsense") == orientation(b"II*\0\xff\xff\xff\xff") == 1
    )
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera & Co.", 6
    good = exif.tobytes()
    assert orientation(good) == 6
    for end in range(len(good)):
        assert orientation(good[:end]) in (1, 6)
    strange = encoded(corners(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(100))
    assert read_image(strange).shape == (32, 48, 3)


def test_16_bits_are_scaled_and_grey_becomes_colour():
    ramp = np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)
    assert np.array_equal(read_image(encoded(ramp))[..., 0], ramp >> 8)
    colour = struct.pack(">BHHH", 0, 65535, 32768, 0)
    assert np.array_equal(read_image(png(1, 1, 16, 2, zlib.compress(colour))), [[[255, 128, 0]]])
    one_bit = Image.fromarray(np.eye(9) > 0)
    assert np.array_equal(read_image(encoded(one_bit))[..., 1], 255 * np.eye(9))


def test_transparency_is_laid_on_white():
    alpha = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    expected = [[[255, 0, 0], [255, 255, 255], [127, 127, 127]]]
    for kind, how in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        assert np.abs(read_image(encoded(alpha, kind, **how)).astype(int) - expected).max() <= 1
    grey = np.array([[[0, 255], [0, 0]]], np.uint8)
    assert np.array_equal(read_image(encoded(grey))[..., 0], [[0, 255]])
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 255, 9, 9, 9])
    palette.putpixel((1, 0), 1)
    data = encoded(palette, transparency=bytes([255, 0]))
    assert np.array_equal(read_image(data), [[[0, 0, 255], [255, 255, 255]]])
    plain = Image.fromarray(np.array([[10, 200]], np.uint8))
    assert np.array_equal(read_image(encoded(plain, transparency=10))[..., 0], [[255, 200]])


def test_print_colours_are_read():
    found = read_image(encoded(Image.fromarray(corners()).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(found.astype(int) - corners()).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_read(kind):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert np.array_equal(read_image(data), np.asarray(frames[0]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2048, 1536), (1500, 1025)])
def test_the_longest_side_becomes_1024_at_most(kind, size):
    data = encoded(Image.new("RGB", size, "orange"), kind)
    height, width = read_image(data).shape[:2]
    assert max(height, width) == min(1024, max(size))
    assert abs(width * size[1] - height * size[0]) <= max(size)
    assert np.abs(read_image(data).astype(int) - (255, 165, 0)).max() <= 3


# --- what is no picture ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, word",
    [
        (b"", "empty"),
        (b"Dear Sir or Madam", "not a picture"),
        (b"\0" * 100, "not a picture"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"PK\x03\x04" + b"\0" * 30, "a ZIP"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 30, "a HEIC"),
        (encoded(corners(), "BMP"), "a BMP"),
        (encoded(corners(), "GIF"), "a GIF"),
        (encoded(corners(), "TIFF"), "a TIFF"),
        (
            encoded(
                Image.new("P", (9, 9)),
                "GIF",
                save_all=True,
                append_images=[Image.new("P", (9, 9), 1)],
            ),
            "a GIF",
        ),
        (bytes(MOST_BYTES + 1), "larger than 20 MB"),
    ],
)
def test_other_files_are_named_whatever_they_are_called(data, word):
    assert word in refused(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_is_cut_short_is_refused(kind):
    picture = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    data = encoded(picture, kind)
    for part in (0.02, 0.3, 0.6, 0.9):
        assert "damaged" in refused(data[: max(12, int(part * len(data)))])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damage_gives_a_picture_or_a_sentence(kind):
    good = encoded(corners(), kind)

    @settings(SETTINGS, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def check(data):
        try:
            found = read_image(data.draw(damaged(good, 60)))
        except Unreadable as error:
            assert str(error).endswith(".")
        else:
            assert found.dtype == np.uint8 and found.shape[2] == 3 and max(found.shape) <= 1024

    check()


# --- time, memory, disk ---------------------------------------------------------------------------

READ_ALL = """
import json, pathlib, sys, time
from cnn_course.page.reading import Unreadable, read_image
written = []
def hook(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set("wax+") & set(arguments[1]):
        written.append(str(arguments[0]))
files = {path.name: path.read_bytes() for path in sorted(pathlib.Path(sys.argv[1]).iterdir())}
held = sum(map(len, files.values()))
sys.addaudithook(hook)
found = {}
for name, data in files.items():
    start = time.process_time()
    try:
        result = read_image(data).shape
    except Unreadable as error:
        result = str(error)
    seconds = time.process_time() - start
    status = pathlib.Path("/proc/self/status").read_text()  # getrusage counts the parent's, too
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    found[name] = [result, seconds, peak - held / 2**20]
print(json.dumps([found, written]))
"""


def photograph(height, width) -> Image.Image:
    """A smooth picture with noise, as large as a camera's, made quickly."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8))
    noise = rng.integers(0, 8, (1, width, 3), np.uint8)
    return Image.fromarray(np.asarray(coarse.resize((width, height))) // 2 + noise)


def many_scans(scans: int) -> bytes:
    """A progressive JPEG of 9 megapixels whose last scan is repeated: 23 bytes for each."""
    data = encoded(Image.new("RGB", (3000, 3000), "white"), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + scans * data[start:end] + data[end:]


def camera_data() -> bytes:
    """5,000 entries of camera data that each claim the same 60 KB."""
    entries = b"".join(struct.pack(">HHII", 0x9000 + n, 7, 60_000, 8) for n in range(5_000))
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 5_000) + entries
    return b"\xff\xd8" + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured on Linux")
def test_nothing_takes_2_seconds_or_500_MB_and_nothing_is_written(tmp_path):
    large = photograph(4000, 5000)
    few = png(9, 9)
    hostile = {
        "a_photo.jpg": encoded(large, "JPEG", quality=85),
        "photo_progressive.jpg": encoded(
            large, "JPEG", quality=85, progressive=True, subsampling=0
        ),
        "photo.png": encoded(large, compress_level=1),
        "photo.webp": encoded(large, "WEBP", quality=50, method=0),
        "largest_16_bit_alpha.png": png(5500, 4000, 16, 6),
        "bomb.png": png(30_000, 30_000, 1, 0),
        "bomb_header.webp": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0"
        + b"\xff\x3f\0" * 2
        + bytes(9),
        "scans.jpg": many_scans(95),
        "too_many_scans.jpg": many_scans(5_000),
        "padding.jpg": b"\xff\xd8" + b"\xff" * 19_000_000,
        "junk.jpg": b"\xff\xd8\xff" + bytes(19_000_000),
        "chunks.png": few[:8] + chunk(b"abCd", b"") * 1_500_000 + few[8:],
        "text.png": few[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8))) + few[33:],
        "camera.jpg": camera_data() + encoded(corners(), "JPEG")[2:],
    }
    for name, data in hostile.items():
        (tmp_path / name).write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", READ_ALL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    found, written = json.loads(run.stdout)
    assert written == []
    for name, (result, seconds, megabytes) in found.items():
        assert seconds < 2 and megabytes < 500, (name, result, seconds, megabytes)
    assert found["a_photo.jpg"][2] < 80  # read first, and decoded at a quarter of its size
    shapes = {name: result[0] for name, result in found.items()}
    for name in ("a_photo.jpg", "photo_progressive.jpg", "photo.png", "photo.webp"):
        assert shapes[name] == [819, 1024, 3], name
    assert "too many pixels" in shapes["bomb.png"] and "too long" in shapes["too_many_scans.jpg"]
    assert shapes["scans.jpg"] == [1024, 1024, 3]
    assert shapes["text.png"] == [9, 9, 3] and shapes["camera.jpg"] == [32, 48, 3]
    for name in ("padding.jpg", "junk.jpg", "chunks.png", "bomb_header.webp"):
        assert isinstance(shapes[name], str), name

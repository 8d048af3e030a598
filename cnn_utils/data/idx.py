"""The IDX format, in which MNIST is published: a short header, then the numbers of the array.

    bytes   meaning                                  in train-images-idx3-ubyte
    0 – 1   two zeros                                00 00
    2       type code (`TYPES` below)                08            unsigned bytes
    3       number of dimensions, D                  03
    4 …     D sizes, 4 bytes each, big-endian        00 00 EA 60   60,000 images
                                                     00 00 00 1C   28 rows
                                                     00 00 00 1C   28 columns
    then    the numbers, big-endian, with the last index changing fastest

*Big-endian* means that the most significant byte comes first, so 00 00 EA 60 is 0xEA60 = 60,000.
Most files are also compressed with gzip. Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The
MNIST database of handwritten digits", section "File formats for the MNIST database".
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from .files import LARGEST_ARRAY, MOST_PER_BYTE, DataError, check_file

TYPES = {  # type code: NumPy dtype
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(np.int16),
    0x0C: np.dtype(np.int32),
    0x0D: np.dtype(np.float32),
    0x0E: np.dtype(np.float64),
}
MOST_DIMENSIONS = 8  # the format allows 255; images need 3 or 4
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | Path) -> np.ndarray:
    """Read an IDX file, gzipped or plain (its first two bytes tell which, not its name).

    path: the file. Returns a new array of the shape and dtype that the header announces, in the
    machine's byte order. Raises DataError when the file is missing, damaged, cut short, longer than
    announced or not IDX. The announced size is checked before any memory is taken for it.
    """
    path = Path(path)
    file_size = check_file(path)
    try:
        with open(path, "rb") as file:
            is_gzip = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if is_gzip:
                with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                    return _read_array(unpacked, path, at_most=MOST_PER_BYTE * file_size)
            return _read_array(file, path, at_most=file_size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read to its end: {error}. It is damaged or cut short; delete it and "
            "fetch it again."
        ) from error


def _read_array(file, path, at_most):
    """Read header and numbers from an open binary `file` that can hold `at_most` bytes."""
    dtype, shape = _read_header(file, path)
    size = dtype.itemsize * math.prod(shape)  # Python's integers never overflow
    text = " × ".join(f"{n:,}" for n in shape)
    if size > min(at_most, LARGEST_ARRAY):
        raise DataError(
            f"{path} announces {text} numbers of type {dtype}, {size:,} bytes: more than "
            + ("the file can hold" if size > at_most else f"the limit of {LARGEST_ARRAY:,} bytes")
            + ". The file is damaged, cut short or not IDX; fetch it again."
        )
    data = file.read(size + 1)  # one byte more than announced shows whether anything follows
    if len(data) < size:
        raise DataError(
            f"{path} is cut short: {text} numbers of type {dtype} need {size:,} bytes, "
            f"but only {len(data):,} are there; fetch it again."
        )
    if len(data) > size:
        raise DataError(
            f"{path} goes on after the {size:,} bytes that its header announces ({text} numbers of "
            f"type {dtype}). It is damaged; fetch it again."
        )
    array = np.frombuffer(data, dtype=dtype.newbyteorder(">")).reshape(shape)
    return array.astype(dtype)  # a writable copy in the machine's byte order


def _read_header(file, path):
    """Read the header: the dtype and the shape (a tuple of positive ints)."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, but IDX "
            "files begin with 00 00, a type code and the number of dimensions."
        )
    code, dimensions = magic[2], magic[3]
    if code not in TYPES:
        known = ", ".join(f"{c:02x} {t}" for c, t in TYPES.items())
        raise DataError(
            f"{path} has the unknown type code {code:02x}; IDX knows {known}. "
            "The file is damaged or not IDX; fetch it again."
        )
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise DataError(
            f"{path} announces {dimensions} dimensions; 1 to {MOST_DIMENSIONS} are read here. "
            "The file is damaged or not IDX; fetch it again."
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(f"{path} ends within its header; it is cut short, so fetch it again.")
    shape = struct.unpack(f">{dimensions}I", sizes)
    if 0 in shape:
        raise DataError(f"{path} announces an empty array, shape {shape}; fetch it again.")
    return TYPES[code], shape

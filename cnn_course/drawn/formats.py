"""Writing the drawn data sets in the formats of the real ones: IDX for digits, HDF5 for hands.

What these formats are is described where they are read, in `cnn_utils.data`.
"""

import gzip
import struct
from pathlib import Path

import h5py
import numpy as np

from cnn_utils.data.files import DataError, write_atomically
from cnn_utils.data.hdf5 import check_signs, check_split
from cnn_utils.data.idx import MOST_DIMENSIONS, TYPES


def write_idx(path: str | Path, array: np.ndarray) -> None:
    """Write `array` as an IDX file: gzipped when the name ends in .gz, the same bytes every time.

    path: the file; array: 1 to 8 dimensions, none of them 0; dtype uint8, int8, int16, int32,
    float32 or float64. An existing file is replaced in one step, or left alone when anything goes
    wrong.
    Raises DataError for an array that IDX cannot hold.
    """
    path = Path(path)
    array = np.asarray(array)
    codes = {dtype: code for code, dtype in TYPES.items()}
    dtype = array.dtype.newbyteorder("=")
    if dtype not in codes:
        raise DataError(
            f"IDX has no type for {array.dtype}; convert first, labels with `y.astype(np.uint8)`."
        )
    if not 1 <= array.ndim <= MOST_DIMENSIONS or array.size == 0 or max(array.shape) >= 2**32:
        raise DataError(
            f"IDX files here have 1 to {MOST_DIMENSIONS} dimensions, none of them 0; this array's "
            f"shape is {array.shape}."
        )
    header = struct.pack(f">2xBB{array.ndim}I", codes[dtype], array.ndim, *array.shape)
    data = header + array.astype(dtype.newbyteorder(">")).tobytes()
    if path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=9, mtime=0)  # no time stamp
    with write_atomically(path) as part:
        part.write_bytes(data)


def write_signs(path: str | Path, split: str, x, y, classes=range(6)) -> None:
    """Write one half of the sign digits as an HDF5 file that `read_signs_split` reads.

    path: the file; split: 'train' or 'test'; x: uint8 (N, H, W, 3); y: integers (N,), 0 <= y < K;
    classes: 0 … K-1. The file is compressed and has checksums but no time stamps, so the same
    arrays give the same bytes. An existing file is replaced in one step, or left alone when
    anything goes wrong. Raises DataError for arrays that do not fit.
    """
    check_split(split)
    x, y, classes = check_signs(np.asarray(x), np.asarray(y), np.asarray(classes))
    with write_atomically(Path(path)) as part:
        # gzip keeps a checksum of the numbers; v110 adds those of HDF5's own tables
        create = h5py.h5p.create(h5py.h5p.FILE_CREATE)
        create.set_obj_track_times(False)
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
        handle = h5py.h5f.create(bytes(part), h5py.h5f.ACC_EXCL, create, access)
        how = dict(compression="gzip", compression_opts=9, track_times=False)
        arrays = {f"{split}_set_x": x, f"{split}_set_y": y, "list_classes": classes}
        with h5py.File(handle) as file:
            for key, array in arrays.items():
                chunks = (min(len(array), 64), *array.shape[1:])
                file.create_dataset(key, data=array, chunks=chunks, **how)

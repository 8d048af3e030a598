"""Data: the three data sets, the two file formats, batches and augmentation."""

from .augment import Augmenter, warp
from .batches import batches, split, to_float
from .datasets import Dataset, load_fashion, load_mnist, load_signs
from .files import DataError
from .hdf5 import read_signs_split
from .idx import read_idx

__all__ = [name for name in dir() if callable(globals()[name])]

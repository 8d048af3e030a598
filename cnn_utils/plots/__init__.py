"""Figures of the lessons: data in, Figure out.

Every function returns a `Picture`: the last expression of a cell shows it, once, and nothing
is kept in pyplot. Colours mean the same in every figure (`COLOURS`), and whatever a colour says
is also said by a shape, a pattern or a word.

Images are (H, W, 1), (H, W, 3) or (H, W); uint8, or floats between 0 and 1.
"""

from .board import Board, number_grids
from .images import confident_mistakes, image_grid, image_rows
from .inside import feature_maps, filters, shape_flow
from .maps import map_panels
from .picture import COLOURS, Picture
from .results import class_balance, confusion_matrix, learning_curves, wilson_interval
from .steps import window_steps

__all__ = [name for name in dir() if callable(globals()[name])]

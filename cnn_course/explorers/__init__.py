"""Explorers for notebooks: `from cnn_course import explorers`.

Each explorer starts on the worked example of its lesson. Its controls work by keyboard and mouse,
and cells of many pictures can be clicked. Below the controls is a pure function from a state to a
Picture; explorer.py joins the two, controls.py and drawing.py hold what several explorers use.
"""

from .augmentation_explorer import augmentation_explorer
from .backward_explorer import backward_explorer
from .broadcast_stepper import broadcast_stepper
from .column_builder import column_builder
from .convolution_view import convolution_view
from .difference_sweep import difference_sweep
from .graph_stepper import graph_stepper
from .initialisation_explorer import initialisation_explorer
from .inside_browser import inside_browser
from .kernel_editor import kernel_editor
from .learning_rate_explorer import learning_rate_explorer
from .mask_viewer import mask_viewer
from .mistake_browser import mistake_browser
from .optimizer_explorer import optimizer_explorer
from .receptive_field import receptive_field
from .shape_explorer import shape_explorer
from .shape_tracer import shape_tracer
from .softmax_explorer import softmax_explorer
from .training_monitor import training_monitor

__all__ = [
    "augmentation_explorer",
    "backward_explorer",
    "broadcast_stepper",
    "column_builder",
    "convolution_view",
    "difference_sweep",
    "graph_stepper",
    "initialisation_explorer",
    "inside_browser",
    "kernel_editor",
    "learning_rate_explorer",
    "mask_viewer",
    "mistake_browser",
    "optimizer_explorer",
    "receptive_field",
    "shape_explorer",
    "shape_tracer",
    "softmax_explorer",
    "training_monitor",
]

"""The course's worked example with room for stride, padding and a second channel.

Its numbers are `cnn_utils.example.VOLUME` in the upper left corner of a 5×5 image, the first filter
of `FILTERS`, and DZ in the middle of a 4×4 gradient.
"""

import numpy as np

from cnn_utils import example

IMAGE = np.stack(  # (5, 5, 2)
    [
        np.block([[example.VOLUME[..., channel], np.array(right)], [np.array(below)]])
        for channel, right, below in (
            (0, [[1, 3], [0, -1], [2, 1]], [[1, 0, -1, 2, 0], [-2, 1, 1, 3, 2]]),
            (1, [[0, 1], [1, 2], [-1, 1]], [[1, 2, 0, 1, -2], [0, -1, 1, 2, 1]]),
        )
    ],
    axis=-1,
)
FILTER = example.FILTERS[..., 0]  # (2, 2, 2)
GRADIENT = np.array([[1, 0, -2, 1], [-1, 0, 0, 2], [0, 0, 0, -1], [2, -1, 1, 0]])
GRADIENT[1:3, 1:3] = example.DZ


def layer(stride: int = 1, padding: int = 0, channels: int = 1) -> tuple[np.ndarray, ...]:
    """Return the padded image and the filter of a layer, and the gradient of its output.

    stride: 1 or 2; padding: 0 or 1; channels: 1 or 2. The image (H, W, channels) is 3×3 before it
    is padded, or 5×5 where a stride without padding has to be seen; the filter is
    (2, 2, channels); the gradient is (H_out, W_out).
    """
    x = IMAGE[:3, :3] if padding or stride == 1 else IMAGE
    x = np.pad(x[..., :channels], [(padding, padding), (padding, padding), (0, 0)])
    dz = GRADIENT if padding and stride == 1 else example.DZ
    return x, FILTER[..., :channels], dz

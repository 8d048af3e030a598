"""The worked examples: integers that stay as they are, in all their shapes.

That their results follow from the numbers they start from is tested with the loops.
"""

import numpy as np
import pytest

from cnn_course.explorers import larger_example
from cnn_utils import example, loops
from cnn_utils.example import as_batch, as_filters


def test_every_array_is_of_integers_and_read_only():
    arrays = {name: value for name, value in vars(example).items() if name.isupper()}
    assert len(arrays) == 15
    for array in arrays.values():
        assert array.dtype == int
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_four_axes():
    assert as_batch(example.X).shape == (1, 3, 3, 1)
    assert as_filters(example.W).shape == (2, 2, 1, 1)
    assert np.array_equal(as_batch(example.X)[0, :, :, 0], example.X)
    assert np.array_equal(as_filters(example.W)[:, :, 0, 0], example.W)


def test_the_layer_with_two_channels_begins_with_the_same_numbers():
    assert np.array_equal(example.VOLUME[:, :, 0], example.X)
    assert np.array_equal(example.FILTERS[:, :, 0, 0], example.W)
    assert example.BIASES[0] == example.B[0]


def test_the_larger_example_holds_the_same_numbers():
    assert np.array_equal(larger_example.IMAGE[:3, :3], example.VOLUME)
    assert np.array_equal(larger_example.FILTER, example.FILTERS[..., 0])
    assert np.array_equal(larger_example.GRADIENT[1:3, 1:3], example.DZ)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (2, 1)])
def test_the_gradient_of_each_layer_has_the_shape_of_its_output(stride, padding, channels):
    x, w, dz = larger_example.layer(stride, padding, channels)
    assert x.shape[2] == w.shape[2] == channels
    z, _ = loops.conv2d_forward(x[None], w[..., None], example.B, stride)  # x is padded already
    assert z[0, ..., 0].shape == dz.shape

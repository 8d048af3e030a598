"""The functions of `cnn_utils.functional` as explicit loops, the way the lessons derive them.

Same names, same arguments, same results (to rounding; exactly on small whole numbers), and no
vectorised trick anywhere: where a formula has a sum over u, v and c, there is a loop over u, v and
c (`np.ndindex` counts all three, the last one fastest). They are the reference that the fast
functions are tested against, and hundreds of times slower. Shapes, dtypes and errors are described
in `cnn_utils.functional`. A cache fits only the backward function of the same module.
"""

from .activations import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from .convolution import (
    col2im,
    conv2d_backward,
    conv2d_forward,
    convolve1d,
    convolve2d,
    correlate1d,
    correlate2d,
    im2col,
    output_size,
)
from .dense import dense_backward, dense_forward, flatten_backward, flatten_forward
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    log_softmax,
    softmax,
    softmax_cross_entropy,
)
from .normalization import batchnorm_backward, batchnorm_forward, dropout_backward, dropout_forward
from .pooling import avgpool2d_backward, avgpool2d_forward, maxpool2d_backward, maxpool2d_forward

__all__ = [name for name in dir() if callable(globals()[name])]

"""Pure functions: every step of a convolutional network, forward beside backward.

Images are (N, H, W, C), filters (K_h, K_w, C_in, C_out), labels (N,). A forward function returns
its result and a cache; hand the cache to its backward function together with the gradient of the
loss by that result. No function changes its arguments, and each keeps the dtype it is given.
`cnn_utils.loops` has the same functions as explicit loops.
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
)
from .dense import dense_backward, dense_forward, flatten_backward, flatten_forward
from .fused import conv2d_relu_maxpool_backward, conv2d_relu_maxpool_forward
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    log_softmax,
    softmax,
    softmax_cross_entropy,
)
from .normalization import batchnorm_backward, batchnorm_forward, dropout_backward, dropout_forward
from .pooling import avgpool2d_backward, avgpool2d_forward, maxpool2d_backward, maxpool2d_forward
from .shapes import output_size

__all__ = [name for name in dir() if callable(globals()[name])]

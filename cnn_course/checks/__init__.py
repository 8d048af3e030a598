"""Checks that name the mistake: ``checks.conv2d_forward(my_function)``.

A check prints one line where the function is right, and raises CheckFailed where it is not, with
what was seen, why that happens and what to try. ``checks.hint('conv2d_forward')`` unfolds a hint.
"""

from .answers import accuracy
from .average_pooling import avgpool2d_backward, avgpool2d_forward
from .batchnorm import batchnorm_forward
from .batchnorm_backward import batchnorm_backward
from .binary import binary_cross_entropy
from .binary_logits import binary_cross_entropy_with_logits
from .convolution import conv2d_forward
from .convolution_backward import conv2d_backward
from .dense import dense_forward
from .dense_backward import dense_backward
from .dropout import dropout_forward
from .dropout_backward import dropout_backward
from .exercise import hint
from .failure import CheckFailed
from .gradient_check import numerical_gradient, relative_error
from .loss_gradient import softmax_gradient
from .losses import cross_entropy
from .matrices import col2im, im2col
from .optimizers import momentum_step, sgd_step
from .optimizers_adam import adam_step
from .optimizers_run import adam
from .optimizers_scaled import rmsprop_step
from .pooling import maxpool2d_forward
from .pooling_backward import maxpool2d_backward
from .probabilities import softmax
from .relu import relu_backward, relu_forward
from .sigmoid import sigmoid_backward, sigmoid_forward
from .sizes import output_size, zero_padding
from .sliding import convolve2d, correlate1d, correlate2d
from .softmax_loss import softmax_cross_entropy
from .training import train

__all__ = [
    "CheckFailed",
    "accuracy",
    "adam",
    "adam_step",
    "avgpool2d_backward",
    "avgpool2d_forward",
    "batchnorm_backward",
    "batchnorm_forward",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "col2im",
    "conv2d_backward",
    "conv2d_forward",
    "convolve2d",
    "correlate1d",
    "correlate2d",
    "cross_entropy",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "hint",
    "im2col",
    "maxpool2d_backward",
    "maxpool2d_forward",
    "momentum_step",
    "numerical_gradient",
    "output_size",
    "relative_error",
    "relu_backward",
    "relu_forward",
    "rmsprop_step",
    "sgd_step",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax",
    "softmax_cross_entropy",
    "softmax_gradient",
    "train",
    "zero_padding",
]

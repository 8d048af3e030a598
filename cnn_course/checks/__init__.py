"""Checks that name the mistake: `checks.conv2d_forward(my_function)`.

A check prints one line where the function is right, and raises CheckFailed where it is not, with
what was seen, why that happens and what to try. `checks.hint('conv2d_forward')` unfolds a hint.

The exercises are in exercises/, the known mistakes of each in bank/.
"""

from .exercises.answers import accuracy
from .exercises.average_pooling import avgpool2d_backward, avgpool2d_forward
from .exercises.batchnorm import batchnorm_forward
from .exercises.batchnorm_backward import batchnorm_backward
from .exercises.binary import binary_cross_entropy
from .exercises.binary_logits import binary_cross_entropy_with_logits
from .exercises.convolution import conv2d_forward
from .exercises.convolution_backward import conv2d_backward
from .exercises.dense import dense_forward
from .exercises.dense_backward import dense_backward
from .exercises.dropout import dropout_forward
from .exercises.dropout_backward import dropout_backward
from .exercises.gradient_check import numerical_gradient, relative_error
from .exercises.loss_gradient import softmax_gradient
from .exercises.losses import cross_entropy
from .exercises.matrices import col2im, im2col
from .exercises.optimizers import momentum_step, sgd_step
from .exercises.optimizers_adam import adam_step
from .exercises.optimizers_run import adam
from .exercises.optimizers_scaled import rmsprop_step
from .exercises.pooling import maxpool2d_forward
from .exercises.pooling_backward import maxpool2d_backward
from .exercises.probabilities import softmax
from .exercises.relu import relu_backward, relu_forward
from .exercises.sigmoid import sigmoid_backward, sigmoid_forward
from .exercises.sizes import output_size, zero_padding
from .exercises.sliding import convolve2d, correlate1d, correlate2d
from .exercises.softmax_loss import softmax_cross_entropy
from .exercises.training import train
from .failure import CheckFailed
from .hints import hint

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

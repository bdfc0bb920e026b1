"""Two dense layers for each of several towers or experts, by numpy."""

import numpy as np


def silu(x):
    return x / (1 + np.exp(-x))


def softmax(x):
    share = np.exp(x - x.max(axis=-1, keepdims=True))
    return share / share.sum(axis=-1, keepdims=True)


def weights(layer):
    """Kernel and bias of a layer as arrays."""
    return [np.asarray(weight) for weight in layer.weights]


def parallel(layer, at, x):
    """What one of the dense layers of a `ParallelDense` gives, before its activation."""
    kernel, bias = weights(layer)
    return x @ kernel[at] + bias[at]


def two_layers(sharing, at, x):
    """Tower or expert number `at` of a scheme that has all of them in `hidden` and `projection`."""
    return silu(parallel(sharing.projection, at, silu(parallel(sharing.hidden, at, x))))

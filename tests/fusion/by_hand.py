"""What values by hand of several fusions begin and end with."""

import numpy as np

from contracts.samples import NAMES


def means(tokens):
    """``[B, M, D]``: each modality's mean token."""
    return np.stack(
        [(x * m[..., None]).sum(1) / m.sum(1, keepdims=True) for x, m in map(tokens.get, NAMES)], 1
    )


def flat(x):
    return x.reshape(len(x), -1)


def norm(x):
    """RMS normalisation with a scale of 1."""
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)


def silu(x):
    return x / (1 + np.exp(-x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def dense(layer, x):
    """A dense layer without its activation."""
    bias = 0 if layer.bias is None else np.asarray(layer.bias)
    return x @ np.asarray(layer.kernel) + bias

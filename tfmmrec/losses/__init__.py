"""Losses in ``keras.ops``."""

from tfmmrec.losses.cross_entropy import binary_cross_entropy, categorical_cross_entropy
from tfmmrec.losses.softmax import chunked_softmax, sampled_softmax

__all__ = ["binary_cross_entropy", "categorical_cross_entropy", "chunked_softmax", "sampled_softmax"]

"""Losses in ``keras.ops``, and weights of examples."""

from tfmmrec.losses.cross_entropy import (
    binary_cross_entropy,
    binary_focal,
    categorical_cross_entropy,
    categorical_focal,
)
from tfmmrec.losses.ordinal import ordinal_cross_entropy
from tfmmrec.losses.propensity import inverse_propensity
from tfmmrec.losses.regression import huber, squared_error
from tfmmrec.losses.sampled import against_sample, bpr, gbce
from tfmmrec.losses.softmax import chunked_softmax, sampled_softmax

__all__ = [
    "against_sample",
    "binary_cross_entropy",
    "binary_focal",
    "bpr",
    "categorical_cross_entropy",
    "categorical_focal",
    "chunked_softmax",
    "gbce",
    "huber",
    "inverse_propensity",
    "ordinal_cross_entropy",
    "sampled_softmax",
    "squared_error",
]

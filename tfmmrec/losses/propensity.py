"""Weights for labels that are not a fair sample of all there could be."""

from __future__ import annotations

import numpy as np


def inverse_propensity(propensity: np.ndarray, clip: float) -> np.ndarray:
    """``min(1 / p, clip)``: what an example stands for that was observed with chance p (Schnabel, 2016).

    Losses and measures are divided by the sum of weights, so only their ratios count (self-normalised). The
    clip bounds what a rare one can do, at the price of some bias.

    Args:
        propensity: ``[E]``, above 0.
        clip: the greatest weight.
    """
    return np.minimum(1 / np.asarray(propensity, "float64"), clip).astype("float32")

"""Layers that encoders, fusions and towers are made of."""

from tfmmrec.layers.missing import MissingToken
from tfmmrec.layers.pooling import Summary, masked_mean
from tfmmrec.layers.transformer import FeedForward, TransformerBlock

__all__ = ["FeedForward", "MissingToken", "Summary", "TransformerBlock", "masked_mean"]

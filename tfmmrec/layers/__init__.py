"""Layers that encoders, fusions and towers are made of."""

from tfmmrec.layers.augment import Augment, check_augment
from tfmmrec.layers.dropout import Dropout
from tfmmrec.layers.missing import MissingToken
from tfmmrec.layers.pooling import Summary, masked_mean
from tfmmrec.layers.row_table import RowTable, read_rows, write_rows
from tfmmrec.layers.transformer import FeedForward, TransformerBlock
from tfmmrec.layers.unit import Unit, unit

__all__ = [
    "Augment",
    "Dropout",
    "FeedForward",
    "MissingToken",
    "RowTable",
    "Summary",
    "TransformerBlock",
    "Unit",
    "check_augment",
    "masked_mean",
    "read_rows",
    "unit",
    "write_rows",
]

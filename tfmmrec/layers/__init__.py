"""Layers that encoders, fusions and towers are made of."""

from tfmmrec.layers.augment import Augment, check_augment
from tfmmrec.layers.augment_words import AugmentWords
from tfmmrec.layers.cross import Cross
from tfmmrec.layers.cross_attention import CrossAttention
from tfmmrec.layers.dropout import Dropout
from tfmmrec.layers.film import FiLM
from tfmmrec.layers.graph_conv import GraphConv
from tfmmrec.layers.mean_direction import MeanDirection
from tfmmrec.layers.missing import MissingToken
from tfmmrec.layers.modality_dropout import ModalityDropout
from tfmmrec.layers.parallel_dense import ParallelDense
from tfmmrec.layers.pooling import Summary, masked_mean
from tfmmrec.layers.recurrent import Recurrent
from tfmmrec.layers.row_table import read_rows, write_rows
from tfmmrec.layers.silu import silu
from tfmmrec.layers.transformer import FeedForward, TransformerBlock
from tfmmrec.layers.unit import Unit, unit

__all__ = [
    "Augment",
    "AugmentWords",
    "Cross",
    "CrossAttention",
    "Dropout",
    "FeedForward",
    "FiLM",
    "GraphConv",
    "MeanDirection",
    "MissingToken",
    "ModalityDropout",
    "ParallelDense",
    "Recurrent",
    "Summary",
    "TransformerBlock",
    "Unit",
    "check_augment",
    "masked_mean",
    "read_rows",
    "silu",
    "unit",
    "write_rows",
]

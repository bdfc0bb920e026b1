"""The model and where its item vectors come from."""

from tfmmrec.models.auxiliary import AuxiliaryHeads
from tfmmrec.models.build import build_recommender
from tfmmrec.models.graph_ids import tower_of, without_graph
from tfmmrec.models.item_vectors import CachedContent, EncodedNow, IdTable, ItemVectors
from tfmmrec.models.recommender import Recommender
from tfmmrec.models.train_step import GradientHook, Gradients, RowGradient, sum_gradients

__all__ = [
    "AuxiliaryHeads",
    "CachedContent",
    "EncodedNow",
    "GradientHook",
    "Gradients",
    "IdTable",
    "ItemVectors",
    "Recommender",
    "RowGradient",
    "build_recommender",
    "sum_gradients",
    "tower_of",
    "without_graph",
]

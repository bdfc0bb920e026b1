"""The model and where its item vectors come from."""

from tfmmrec.models.item_vectors import CachedContent, EncodedNow, IdTable, ItemVectors
from tfmmrec.models.recommender import Recommender, build_recommender
from tfmmrec.models.train_step import GradientHook, RowGradient, sum_gradients

__all__ = [
    "CachedContent",
    "EncodedNow",
    "GradientHook",
    "IdTable",
    "ItemVectors",
    "Recommender",
    "RowGradient",
    "build_recommender",
    "sum_gradients",
]

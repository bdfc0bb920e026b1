"""Pooled modalities, joined by one formula: sum, mean, max, side by side, and the weighted variants."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, shares, side_by_side


@keras.saving.register_keras_serializable("tfmmrec")
class Sum(Fusion):
    """``x_1 + … + x_M`` with ``x_m`` the mean of the tokens of modality m.

    It has no weights and normalises nothing: what a feature says is as strong as its encoder makes it. For
    small catalogues, and for features such as tags, where a fusion that learns soon learns by heart.
    """

    def build(self, *_: Any) -> None:
        pass

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return ops.sum(pooled(tokens), axis=1)


@keras.saving.register_keras_serializable("tfmmrec")
class Mean(Fusion):
    """``(x_1 + … + x_M) / M`` with ``x_m`` the mean of the tokens of modality m; it has no weights."""

    def build(self, *_: Any) -> None:
        pass

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return ops.mean(pooled(tokens), axis=1)


@keras.saving.register_keras_serializable("tfmmrec")
class Max(Fusion):
    """``max(x_1, …, x_M)`` value by value, with ``x_m`` the mean of the tokens of modality m.

    It has no weights; the gradient of each value reaches the modality alone whose value is the largest.
    """

    def build(self, *_: Any) -> None:
        pass

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return ops.max(pooled(tokens), axis=1)


class _Weighted(Fusion):
    """A learned weight per modality, the same for all items: softmax over modalities, equal at first."""

    def build(self, *_: Any) -> None:
        self.logits = self.add_weight(shape=(len(self.names),), initializer="zeros", name="logits")

    def weighted(self, tokens: list[tuple[Any, Any]]) -> Any:
        """``[B, M, D]``, each modality times its weight."""
        x = pooled(tokens)
        return x * ops.expand_dims(ops.cast(shares(self.logits), x.dtype), -1)


@keras.saving.register_keras_serializable("tfmmrec")
class WeightedSum(_Weighted):
    """``Σ_m w_m x_m`` with ``w = softmax(v)`` learned and ``x_m`` the mean of the tokens of modality m."""

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return ops.sum(self.weighted(tokens), axis=1)


@keras.saving.register_keras_serializable("tfmmrec")
class Concat(Fusion):
    """``norm(W [x_1; …; x_M])`` with ``x_m`` the mean of the tokens of modality m."""

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        self.projection.build((None, len(self.names) * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return self.norm(self.projection(side_by_side(pooled(tokens))))


@keras.saving.register_keras_serializable("tfmmrec")
class WeightedConcat(_Weighted):
    """``norm(W [w_1 x_1; …; w_M x_M])`` with ``w = softmax(v)`` learned: it can drop a modality."""

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        self.projection.build((None, len(self.names) * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return self.norm(self.projection(side_by_side(self.weighted(tokens))))

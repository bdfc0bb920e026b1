"""Pooled modalities side by side under a dense layer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion
from tfmmrec.layers import masked_mean


@keras.saving.register_keras_serializable("tfmmrec")
class Concat(Fusion):
    """``norm(W [mean(tokens of modality 1); …; mean(tokens of modality M)])``."""

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        self.projection.build((None, len(self.names) * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        pooled = [masked_mean(x, mask) for x, mask in tokens]
        return self.norm(self.projection(ops.concatenate(pooled, axis=-1)))

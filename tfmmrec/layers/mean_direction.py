"""Where the modalities of an item point together, in a space they share."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers.pooling import masked_mean
from tfmmrec.layers.unit import unit


@keras.saving.register_keras_serializable("tfmmrec")
class MeanDirection(keras.layers.Layer):
    """The mean direction of the modalities that are there.

    Call: ``([(tokens [B, T, D], mask [B, T]), …], [present [B], …]) → [B, D]``: each modality's mean token is
    scaled to length one, those of a row's present modalities are averaged, and the mean is scaled to length
    one. A row without any is zeros. It is float32 whatever else is computed in: these are to be compared.
    """

    def call(self, tokens: list[tuple[Any, Any]], present: list[Any]) -> Any:
        pointing = [unit(ops.cast(masked_mean(*one), "float32")) for one in tokens]
        # where, not a product: what stands for a missing modality need not be finite
        kept = [
            ops.where(ops.expand_dims(here, -1), x, ops.zeros_like(x))
            for x, here in zip(pointing, present, strict=True)
        ]
        return unit(sum(kept[1:], start=kept[0]))

    def compute_output_shape(self, tokens_shape: Any, present_shape: Any) -> Any:
        (rows, _, width), _ = tokens_shape[0]
        return rows, width

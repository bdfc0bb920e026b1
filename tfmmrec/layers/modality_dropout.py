"""Whole modalities hidden by chance in training, and never all that a row has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
class ModalityDropout(keras.layers.Layer):
    """Hides each modality of a row with a chance of its own (ModDrop, Neverova 2015).

    Call: ``[mask [B, T_m], …] → [mask [B, T_m], …]``. In training, a row's mask of modality m becomes False
    as a whole with the chance ``rates[m]``, each modality for itself. A row that would lose all it has keeps
    one of them, drawn at random, so that there is something to learn from in every row.

    Args:
        rates: the chance of each modality, in [0, 1).
    """

    def __init__(self, rates: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rates = [float(rate) for rate in rates]
        for rate in self.rates:
            if not 0 <= rate < 1:
                raise ValueError(f"A modality's dropout rate lies in [0, 1), got {rate}.")
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, masks: Sequence[Any], training: bool | None = None) -> list[Any]:
        if not training or not any(self.rates):
            return list(masks)
        here = ops.stack([ops.any(mask, axis=-1) for mask in masks], axis=1)
        drawn = keras.random.uniform(ops.shape(here), seed=self.seed_generator)
        kept = ops.logical_and(here, drawn >= ops.convert_to_tensor(self.rates, drawn.dtype))
        lot = ops.where(here, keras.random.uniform(ops.shape(here), seed=self.seed_generator), -1.0)
        spared = ops.logical_and(here, ops.cast(ops.one_hot(ops.argmax(lot, axis=1), len(masks)), "bool"))
        kept = ops.where(ops.any(kept, axis=1, keepdims=True), kept, spared)
        return [ops.logical_and(mask, kept[:, m : m + 1]) for m, mask in enumerate(masks)]

    def compute_output_shape(self, shapes: Sequence[Any]) -> list[Any]:
        return list(shapes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rates": self.rates}

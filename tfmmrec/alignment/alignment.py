"""A loss that brings the modalities of the same item together."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.fusion.fusion import Tokens
from tfmmrec.layers import masked_mean


class Alignment(keras.layers.Layer):
    """Abstract: passes tokens through unchanged and, in training, adds a loss between pairs of modalities.

    A subclass implements `pair_loss`. Rows in which either modality is missing must not count.

    Args:
        names: the modalities to align, in the order they are given.
        weight: of the mean pair loss in the model's loss.
    """

    def __init__(self, names: list[str], weight: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names, self.weight = list(names), weight

    def call(self, tokens: Tokens, present: dict[str, Any], training: bool | None = None) -> Tokens:
        if training and len(self.names) > 1:
            pooled = {name: masked_mean(*tokens[name]) for name in self.names}
            pairs = [(a, b) for i, a in enumerate(self.names) for b in self.names[i + 1 :]]
            total = sum(self.pair_loss(pooled[a], pooled[b], present[a], present[b]) for a, b in pairs)
            self.add_loss(self.weight * total / len(pairs))
        return dict(tokens)

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        """Scalar loss between two modalities: vectors ``[B, D]`` and whether each row has them, ``[B]``."""
        raise NotImplementedError

    def compute_output_shape(self, shapes: Any, *_: Any) -> Any:
        return shapes

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "names": self.names, "weight": self.weight}

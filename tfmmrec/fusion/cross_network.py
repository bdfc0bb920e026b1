"""Cross layers over the modalities side by side."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side
from tfmmrec.layers import Cross


@keras.saving.register_keras_serializable("tfmmrec")
class CrossNetwork(Fusion):
    """``y ← y₀ ⊙ (W_l y + b_l) + y`` from ``y₀ = [x_1; …; x_M]``, then ``norm(W y)`` (DCN-v2, Wang 2021).

    x_m is the mean of a modality's tokens. After L layers there are products of up to L + 1 values of any
    modalities, which an MLP has to make out of sums.

    Args:
        layers: cross layers.
        rank: of each layer's matrix, which is M · D wide and high; None: a whole one.

    Raises:
        ValueError: there is no layer, or a rank is below 1.
    """

    def __init__(
        self, width: int, names: list[str], layers: int = 2, rank: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(width, names, **kwargs)
        if layers < 1:
            raise ValueError(f"CrossNetwork needs 1 layer or more, got layers={layers}; Concat has none.")
        self.layers, self.rank = layers, rank
        self.crosses = [Cross(rank, name=f"cross_{i}") for i in range(layers)]
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        shape = (None, len(self.names) * self.width)
        for layer in (*self.crosses, self.projection):
            layer.build(shape)
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        first = x = side_by_side(pooled(tokens))
        for cross in self.crosses:
            x = cross(first, x)
        return self.norm(self.projection(x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "rank": self.rank}

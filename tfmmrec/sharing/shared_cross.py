"""Cross layers over user and item, and one stack of dense layers behind them, for all tasks."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.layers import Cross
from tfmmrec.sharing.shared_bottom import SharedBottom
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class SharedCross(Sharing):
    """Every task reads the same cross layers and, behind them, the same two dense ones (DCN-v2, Wang 2021).

    What is crossed is the user's state, which knows the features of events and user, and the item's vector:
    the stacked network of the paper.

    Args:
        width, names, dropout: see `Sharing`.
        layers: cross layers.
        rank: of each layer's matrix; None: a whole one.

    Raises:
        ValueError: there is no layer, or a rank is below 1.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        dropout: float = 0.1,
        layers: int = 2,
        rank: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, dropout, **kwargs)
        if layers < 1:
            raise ValueError(
                f"SharedCross needs 1 layer or more, got layers={layers}; SharedBottom has none."
            )
        self.layers, self.rank = layers, rank
        self.crosses = [Cross(rank, name=f"cross_{i}") for i in range(layers)]
        self.bottom = SharedBottom(width, names, dropout=dropout, name="bottom")

    def build(self, shape: tuple[int | None, ...]) -> None:
        for cross in self.crosses:
            cross.build(shape)
        self.bottom.build(shape)

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        x = features
        for cross in self.crosses:
            x = cross(features, x)
        return self.bottom(x, training=training)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "rank": self.rank}

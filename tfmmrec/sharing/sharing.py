"""What the tasks' heads share."""

from __future__ import annotations

from typing import Any

import keras


class Sharing(keras.layers.Layer):
    """Abstract: ``[B, K, F] → {task: [B, K, D]}``.

    Args:
        width: D.
        names: the tasks that have a head.
        dropout: the share of values that its layers hide in training, where it has such layers.
    """

    def __init__(self, width: int, names: list[str], dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.names, self.dropout = width, list(names), dropout

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> dict[str, Any]:
        return {name: (*shape[:-1], self.width) for name in self.names}

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "names": self.names, "dropout": self.dropout}
        return {**super().get_config(), **mine}

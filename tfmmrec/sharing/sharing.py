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

    def check(self, given: dict[str, str]) -> None:
        """Raises ValueError where the scheme does not fit the tasks.

        Args:
            given: by name the tasks that can only be a yes where another is, and that other.
        """

    def by_task(self, towers: Any) -> dict[str, Any]:
        """``[..., T, D]``, in the order of `names`, as a dict of ``[..., D]``."""
        return {name: towers[..., place, :] for place, name in enumerate(self.names)}

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> dict[str, Any]:
        return {name: (*shape[:-1], self.width) for name in self.names}

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "names": self.names, "dropout": self.dropout}
        return {**super().get_config(), **mine}

"""A sequence without its order."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder
from tfmmrec.layers import masked_mean

_POOLS = ("mean", "sum", "max")


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class Bag(SequenceEncoder):
    """Embedding bag: one token, the mean of all places (fastText, Joulin 2017). It has no layers.

    Args:
        pool: ``"mean"``, ``"sum"``, which grows with the length, or ``"max"`` of each value.

    Raises:
        ValueError: another pool.
    """

    pooled: ClassVar[bool] = True

    def __init__(self, width: int, length: int, layers: int = 0, pool: str = "mean", **kwargs: Any) -> None:
        super().__init__(width, length, layers, **kwargs)
        if pool not in _POOLS:
            raise ValueError(f"A bag's pool is one of {', '.join(_POOLS)}; got {pool!r}.")
        self.pool = pool

    @property
    def count(self) -> int:
        return 1

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        present = ops.any(mask, axis=-1, keepdims=True)
        if self.pool == "max":
            least = ops.where(ops.expand_dims(mask, -1), x, ops.cast(-1e4, x.dtype))
            token = ops.where(present, ops.max(least, axis=1), ops.zeros_like(x[:, 0]))
        else:
            token = masked_mean(x, mask) if self.pool == "mean" else ops.sum(x, axis=1)
        return ops.expand_dims(token, 1), present

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool": self.pool}

"""From a sequence of vectors to tokens that know each other."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops


class SequenceEncoder(keras.layers.Layer):
    """Abstract: ``(x [B, T, D], mask bool [B, T]) → (tokens [B, count, D], mask [B, count])``.

    Nothing that stands under a False mask changes a token, be it no number; a row that is masked throughout
    gives a row that is. A subclass implements `encode` and adds its layers in ``__init__`` and weights in
    `build`.

    Args:
        width: D.
        length: T.
        layers: how many it has one after the other, where it has layers.

    Attributes:
        reads: ``"vectors"`` of the width, or ``"content"``: numbers of pieces, or frames of sound.
        pooled: its tokens are few whatever T is, and are handed on as they are; of others a summary is made.
    """

    reads: ClassVar[str] = "vectors"
    pooled: ClassVar[bool] = False

    def __init__(self, width: int, length: int, layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.length, self.layers = width, length, layers

    @property
    def count(self) -> int:
        """Tokens it gives: by default one for each place."""
        return self.length

    def call(self, x: Any, mask: Any, training: bool | None = None) -> tuple[Any, Any]:
        # where, not a product: what is masked may be NaN
        return self.encode(ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x)), mask, training)

    def load(self, start: Any) -> None:
        """Starts from weights of others, where a feature's setting names some."""
        raise ValueError(f"{type(self).__name__} has no weights of others to start from, got {start!r}.")

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        """As the call; what is masked is zeros."""
        raise NotImplementedError

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[Any, Any]:
        return (shape[0], self.count, self.width), (shape[0], self.count)

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "length": self.length, "layers": self.layers}
        return {**super().get_config(), **mine}

"""Attention from every place to every other."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder
from tfmmrec.layers import TransformerBlock


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class Transformer(SequenceEncoder):
    """Learned positions + pre-norm MultiHeadAttention blocks (Vaswani 2017).

    Positions start small, so that they are noise beside what is learnt.

    Args:
        heads: attention heads.
        dropout: the share of values hidden in training, of what each half of a block adds.
    """

    def __init__(
        self, width: int, length: int, layers: int = 1, heads: int = 4, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(width, length, layers, **kwargs)
        self.heads, self.dropout = heads, dropout
        self.blocks = [TransformerBlock(width, heads, dropout, name=f"block_{i}") for i in range(layers)]

    def build(self, *_: Any) -> None:
        self.position = self.add_weight(
            shape=(self.length, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="position",
        )
        for block in self.blocks:
            block.build((None, self.length, self.width))

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        x = x + ops.cast(self.position, x.dtype)
        for block in self.blocks:
            x = block(x, mask, training=training)
        return x, mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}

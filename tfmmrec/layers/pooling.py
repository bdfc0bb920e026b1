"""From many tokens to few."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def masked_mean(tokens: Any, mask: Any) -> Any:
    """Mean of the unmasked tokens: ``([..., T, D], bool [..., T]) → [..., D]``; zeros where none is."""
    weight = ops.cast(ops.expand_dims(mask, -1), tokens.dtype)
    # where, not a product: a masked NaN must not leak
    total = ops.sum(ops.where(ops.expand_dims(mask, -1), tokens, ops.zeros_like(tokens)), axis=-2)
    return total / ops.maximum(ops.sum(weight, axis=-2), 1)


@keras.saving.register_keras_serializable("tfmmrec")
class Summary(keras.layers.Layer):
    """`count` learned queries read a sequence (Set Transformer's pooling by attention, Lee 2019).

    Call: ``(tokens [B, T, D], mask [B, T]) → (summaries [B, count, D], mask [B, count])``. A row whose
    tokens are all masked gives a row whose summaries are all masked. Keeps the fusion's cost independent
    of how long a text or how large a picture is.
    """

    def __init__(self, count: int, width: int, heads: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count, self.width, self.heads = count, width, heads
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.attention = keras.layers.MultiHeadAttention(
            heads, width // heads, use_bias=False, name="attention"
        )

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.queries = self.add_weight(
            shape=(self.count, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.5),
            name="queries",
        )
        self.norm.build(shape)
        self.attention.build((shape[0], self.count, self.width), shape)

    def call(self, tokens: Any, mask: Any, training: bool | None = None) -> tuple[Any, Any]:
        queries = ops.broadcast_to(self.queries, (ops.shape(tokens)[0], self.count, self.width))
        read = self.attention(
            queries, self.norm(tokens), attention_mask=ops.expand_dims(mask, 1), training=training
        )
        present = ops.any(mask, axis=-1, keepdims=True)
        mean = ops.expand_dims(masked_mean(tokens, mask), 1)  # the residual path
        return read + mean, ops.broadcast_to(present, (ops.shape(tokens)[0], self.count))

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[Any, Any]:
        return (shape[0], self.count, self.width), (shape[0], self.count)

    def get_config(self) -> dict[str, Any]:
        mine = {"count": self.count, "width": self.width, "heads": self.heads}
        return {**super().get_config(), **mine}

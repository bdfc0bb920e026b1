"""A Transformer block whose queries read tokens of something else."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers.dropout import Dropout
from tfmmrec.layers.transformer import FeedForward


@keras.saving.register_keras_serializable("tfmmrec")
class CrossAttention(keras.layers.Layer):
    """Pre-norm: ``x + MHA(norm(x), norm(y))`` then ``x + SwiGLU(norm(x))`` (the decoder's, Vaswani 2017).

    Call: ``(x [B, Q, D], y [B, T, D], mask of y bool [B, T], training) → [B, Q, D]``. Masked tokens are never
    read; each row needs one that is not.
    """

    def __init__(self, width: int, heads: int = 4, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, got width={width} and heads={heads}.")
        self.width, self.heads, self.dropout = width, heads, dropout
        self.query_norm = keras.layers.RMSNormalization(name="query_norm")
        self.token_norm = keras.layers.RMSNormalization(name="token_norm")
        self.attention = keras.layers.MultiHeadAttention(
            heads, width // heads, use_bias=False, name="attention"
        )
        self.drop = Dropout(dropout, name="drop")
        self.feed_forward = FeedForward(width, dropout, name="feed_forward")

    def build(self, *_: Any) -> None:
        shape = (None, None, self.width)
        for layer in (self.query_norm, self.token_norm, self.feed_forward):
            layer.build(shape)
        self.attention.build(shape, shape)

    def call(self, x: Any, y: Any, mask: Any, training: bool | None = None) -> Any:
        read = self.attention(
            self.query_norm(x), self.token_norm(y), attention_mask=ops.expand_dims(mask, 1), training=training
        )
        return self.feed_forward(x + self.drop(read, training=training), training=training)

    def compute_output_shape(self, x_shape: Any, *_: Any) -> Any:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads, "dropout": self.dropout}

"""The Transformer block that every encoder and the fusion share."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers.dropout import Dropout
from tfmmrec.layers.silu import silu


@keras.saving.register_keras_serializable("tfmmrec")
class TransformerBlock(keras.layers.Layer):
    """Pre-norm block: ``x + MHA(norm(x))`` then ``x + SwiGLU(norm(x))`` (Vaswani 2017; Shazeer 2020).

    Call: ``(tokens [B, T, D], mask bool [B, T], training) → [B, T, D]``. Masked tokens are never attended
    to; what stands at their own places in the output is not meaningful. Dropout is on what each half adds,
    not on attention weights: drawing random numbers for ``[B, H, T, T]`` costs a CPU more than the attention.
    """

    def __init__(self, width: int, heads: int = 4, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, got width={width} and heads={heads}.")
        self.width, self.heads, self.dropout = width, heads, dropout
        self.attention_norm = keras.layers.RMSNormalization(name="attention_norm")
        self.attention = keras.layers.MultiHeadAttention(
            heads, width // heads, use_bias=False, name="attention"
        )
        self.drop = Dropout(dropout, name="drop")
        self.feed_forward = FeedForward(width, dropout, name="feed_forward")
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.attention_norm.build(shape)
        self.attention.build(shape, shape)
        self.feed_forward.build(shape)

    def call(self, tokens: Any, mask: Any, training: bool | None = None) -> Any:
        normed = self.attention_norm(tokens)
        attended = self.attention(normed, normed, attention_mask=ops.expand_dims(mask, 1), training=training)
        return self.feed_forward(tokens + self.drop(attended, training=training), training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads, "dropout": self.dropout}


@keras.saving.register_keras_serializable("tfmmrec")
class FeedForward(keras.layers.Layer):
    """Residual SwiGLU: ``x + W₃(silu(W₁ norm(x)) ⊙ W₂ norm(x))``; ``[..., D] → [..., D]``."""

    def __init__(self, width: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.dropout = width, dropout
        self.hidden = 8 * ((width * 8 // 3 + 7) // 8)
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.gate_and_value = keras.layers.Dense(2 * self.hidden, use_bias=False, name="gate_and_value")
        self.output_projection = keras.layers.Dense(width, use_bias=False, name="output")
        self.drop = Dropout(dropout, name="drop")

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.norm.build(shape)
        self.gate_and_value.build(shape)
        self.output_projection.build((*shape[:-1], self.hidden))

    def call(self, x: Any, training: bool | None = None) -> Any:
        both = self.gate_and_value(self.norm(x))
        hidden = silu(both[..., : self.hidden]) * both[..., self.hidden :]
        return x + self.drop(self.output_projection(hidden), training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "dropout": self.dropout}

"""One shared Transformer block over all tokens of all modalities."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion
from tfmmrec.layers import TransformerBlock, masked_mean


@keras.saving.register_keras_serializable("tfmmrec")
class Transformer(Fusion):
    """Multimodal Transformer: tokens + a learned embedding of their modality, read by a query token.

    The one-stream fusion of ViLT (Kim 2021). The query is a learned vector + a linear map of the modalities'
    mean tokens, side by side: without that residual path a catalogue of hundreds of items trains its
    encoders several times slower, and some modalities not at all.

    Args:
        layers: blocks.
        heads: attention heads.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        layers: int = 1,
        heads: int = 4,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, **kwargs)
        self.layers, self.heads = layers, heads
        self.blocks = [TransformerBlock(width, heads, self.dropout, name=f"block_{i}") for i in range(layers)]
        self.projection = keras.layers.Dense(width, use_bias=False, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        shape = (None, None, self.width)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.query = self.add_weight(shape=(1, 1, self.width), initializer=small, name="query")
        self.kind = self.add_weight(shape=(len(self.names), self.width), initializer=small, name="modality")
        self.projection.build((None, len(self.names) * self.width))
        for layer in (*self.blocks, self.norm):
            layer.build(shape)

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        kind = ops.cast(self.kind, tokens[0][0].dtype)
        pooled = ops.concatenate([masked_mean(t, mask) for t, mask in tokens], axis=-1)
        query = ops.cast(self.query, kind.dtype) + ops.expand_dims(self.projection(pooled), 1)
        x = ops.concatenate([query, *(t + kind[i] for i, (t, _) in enumerate(tokens))], axis=1)
        mask = ops.concatenate([ops.ones_like(query[..., 0], "bool"), *(mask for _, mask in tokens)], axis=1)
        for block in self.blocks:
            x = block(x, mask, training=training)
        return self.norm(x[:, 0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "heads": self.heads}

"""The serial architecture: one modality after the other is taken in."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion
from tfmmrec.layers import CrossAttention, masked_mean


@keras.saving.register_keras_serializable("tfmmrec")
class Serial(Fusion):
    """``s_1 = W x_1``, ``s_m = block_m(s_{m−1}, tokens of m)``, ``norm(s_M)``: a cross-attention each.

    ``x_1`` is the mean of the first modality's tokens. What has been taken in asks for the next, so a later
    modality is read in the light of the earlier ones: the schema's order matters. The first modality is
    read by the first block, too, so that its tokens are weighed and not only averaged. The state is
    read beside the tokens, so that a block may take in little of a modality that has one token alone.

    Args:
        heads: attention heads.
    """

    def __init__(self, width: int, names: list[str], heads: int = 4, **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.heads = heads
        self.start = keras.layers.Dense(width, use_bias=False, name="start")
        self.blocks = [
            CrossAttention(width, heads, self.dropout, name=f"block_{m}") for m in range(len(names))
        ]
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        self.start.build((None, 1, self.width))
        for block in self.blocks:
            block.build()
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        state = self.start(ops.expand_dims(masked_mean(*tokens[0]), 1))
        for block, (x, mask) in zip(self.blocks, tokens, strict=True):
            read = ops.concatenate([state, x], axis=1)
            seen = ops.concatenate([ops.ones_like(mask[:, :1]), mask], axis=1)
            state = block(state, read, seen, training=training)
        return self.norm(state[:, 0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}

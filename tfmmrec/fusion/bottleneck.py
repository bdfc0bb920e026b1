"""Attention bottlenecks: modalities speak to each other through a few shared tokens alone."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side
from tfmmrec.layers import TransformerBlock


@keras.saving.register_keras_serializable("tfmmrec")
class Bottleneck(Fusion):
    """A Transformer per modality over ``[its tokens; z]``; after each layer z is the mean of its versions.

    MBT (Nagrani 2021). It gives ``norm(W [x_1; …; x_M; y_1; …; y_M; mean of z])``: ``x_m`` is the mean of
    modality m's tokens as they came (a residual path, as in `Transformer`), ``y_m`` after the last layer.
    A modality's first z is learned + a linear map of ``x_m``: beside a z that all items share, the one
    or two tokens that an item has in a modality would hardly be heard. Attention costs as much as the
    modalities apart, whatever the number of pairs.

    Args:
        layers: from the second on, a modality reads what the first told of the others.
        tokens: bottleneck tokens z.
        heads: attention heads.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        layers: int = 2,
        tokens: int = 4,
        heads: int = 4,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, **kwargs)
        if tokens < 1:
            raise ValueError(f"Modalities speak through 1 bottleneck token or more, got tokens={tokens}.")
        self.layers, self.tokens, self.heads = layers, tokens, heads
        self.streams = [
            [TransformerBlock(width, heads, self.dropout, name=f"block_{i}_{m}") for m in range(len(names))]
            for i in range(layers)
        ]
        self.start = keras.layers.Dense(tokens * width, use_bias=False, name="start")
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.between = self.add_weight(shape=(self.tokens, self.width), initializer=small, name="bottleneck")
        self.start.build((None, None, self.width))
        for block in (block for layer in self.streams for block in layer):
            block.build((None, None, self.width))
        self.projection.build((None, (2 * len(self.names) + 1) * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        means = pooled(tokens)
        first = ops.reshape(self.start(means), (-1, len(self.names), self.tokens, self.width))
        first = first + ops.cast(self.between, first.dtype)
        between = [first[:, m] for m in range(len(self.names))]
        for layer in self.streams:
            read, told = [], []
            for block, z, (x, mask) in zip(layer, between, tokens, strict=True):
                seen = ops.concatenate([ops.ones_like(z[..., 0], "bool"), mask], axis=1)
                both = block(ops.concatenate([z, x], axis=1), seen, training=training)
                told.append(both[:, : self.tokens])
                read.append((both[:, self.tokens :], mask))
            tokens, between = read, [ops.mean(ops.stack(told, axis=1), axis=1)] * len(told)
        shared = ops.mean(ops.stack(between, axis=1), axis=(1, 2))
        parts = [side_by_side(means), side_by_side(pooled(tokens)), shared]
        return self.norm(self.projection(ops.concatenate(parts, axis=-1)))

    def get_config(self) -> dict[str, Any]:
        mine = {"layers": self.layers, "tokens": self.tokens, "heads": self.heads}
        return {**super().get_config(), **mine}

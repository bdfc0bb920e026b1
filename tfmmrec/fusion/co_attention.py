"""Co-attention: a stream per modality, each reading all the others."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side
from tfmmrec.layers import CrossAttention


@keras.saving.register_keras_serializable("tfmmrec")
class CoAttention(Fusion):
    """Every modality's tokens query the tokens of the others; ``norm(W [x_1; …; x_M; y_1; …; y_M])``.

    The co-attention of ViLBERT (Lu 2019), with weights of its own for each modality. ``x_m`` is the mean of
    modality m's tokens as they came (a residual path, as in `Transformer`), ``y_m`` after the last layer. In
    a layer all streams read what the layer before gave, so their order does not matter; a modality alone
    reads itself. The cost grows with the number of modalities squared: for many, take `Bottleneck`.

    Args:
        layers: of co-attention.
        heads: attention heads.
    """

    def __init__(self, width: int, names: list[str], layers: int = 1, heads: int = 4, **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.layers, self.heads = layers, heads
        self.streams = [
            [CrossAttention(width, heads, self.dropout, name=f"block_{i}_{m}") for m in range(len(names))]
            for i in range(layers)
        ]
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        for block in (block for layer in self.streams for block in layer):
            block.build()
        self.projection.build((None, 2 * len(self.names) * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        direct = side_by_side(pooled(tokens))
        for layer in self.streams:
            read = []
            for m, block in enumerate(layer):
                x, mask = tokens[m]
                others = tokens[:m] + tokens[m + 1 :] or tokens
                y, seen = (ops.concatenate(parts, axis=1) for parts in zip(*others, strict=True))
                read.append((block(x, y, seen, training=training), mask))
            tokens = read
        both = ops.concatenate([direct, side_by_side(pooled(tokens))], axis=-1)
        return self.norm(self.projection(both))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "heads": self.heads}

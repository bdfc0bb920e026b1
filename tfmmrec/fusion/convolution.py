"""A multimodal CNN: convolutions over the stacked modality vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled
from tfmmrec.layers import Dropout


@keras.saving.register_keras_serializable("tfmmrec")
class Convolution(Fusion):
    """``norm(W flat(conv … gelu(conv [x_1 | … | x_M])))``: the modalities are channels of one signal.

    ``x_m`` is the mean of the tokens of modality m; a filter sees the same few values of all modalities at
    once, and is used along the whole width, as in ConvE (Dettmers 2018) and the multimodal CNN (Ma 2015). So
    it has few weights for interactions between modalities, whatever the width.

    Args:
        layers: of convolution.
        filters: of each.
        kernel_size: neighbouring values that a filter sees.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        layers: int = 2,
        filters: int = 16,
        kernel_size: int = 3,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, **kwargs)
        if layers < 1:
            raise ValueError(f"Convolution needs 1 layer or more, got layers={layers}; Concat has none.")
        self.layers, self.filters, self.kernel_size = layers, filters, kernel_size
        self.stack = [
            keras.layers.Conv1D(filters, kernel_size, padding="same", activation="gelu", name=f"conv_{i}")
            for i in range(layers)
        ]
        self.drop = Dropout(self.dropout, name="drop")
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        channels = len(self.names)
        for layer in self.stack:
            layer.build((None, self.width, channels))
            channels = self.filters
        self.projection.build((None, self.width * self.filters))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = ops.transpose(pooled(tokens), (0, 2, 1))
        for layer in self.stack:
            x = layer(x)
        x = self.drop(ops.reshape(x, (-1, self.width * self.filters)), training=training)
        return self.norm(self.projection(x))

    def get_config(self) -> dict[str, Any]:
        mine = {"layers": self.layers, "filters": self.filters, "kernel_size": self.kernel_size}
        return {**super().get_config(), **mine}

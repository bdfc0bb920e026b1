"""Convolutions that add to what they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.pictures.cnn import stage_widths
from tfmmrec.encoders.pictures.picture_encoder import PictureEncoder


@keras.saving.register_keras_serializable("tfmmrec.pictures")
class ResNet(PictureEncoder):
    """A residual network of pre-activated blocks (He 2016, "Identity mappings").

    There are as many stages as `patch` is halvings; the first of the `layers` blocks of each halves the
    sides. The norm is over the channels, where the paper's is over the batch.
    """

    def __init__(self, width: int, size: Sequence[int], patch: int, layers: int = 1, **kwargs: Any) -> None:
        super().__init__(width, size, patch, layers, **kwargs)
        self.widths = stage_widths(width, patch)
        self.stem = keras.layers.Conv2D(self.widths[0], 3, padding="same", name="stem")
        self.blocks = [
            ResidualBlock(channels, 2 if i == 0 else 1, name=f"block_{stage}_{i}")
            for stage, channels in enumerate(self.widths)
            for i in range(layers)
        ]
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        self.stem.build((None, *self.size, 3))
        channels = self.widths[0]
        for block in self.blocks:
            block.build((None, None, None, channels))
            channels = block.channels
        self.norm.build((None, None, None, self.width))

    def encode(self, pixels: Any, training: bool | None) -> Any:
        x = self.stem(pixels)
        for block in self.blocks:
            x = block(x)
        return ops.reshape(self.norm(x), (-1, self.count, self.width))


@keras.saving.register_keras_serializable("tfmmrec.pictures")
class ResidualBlock(keras.layers.Layer):
    """``s(x) + Conv(gelu(norm(Conv(gelu(norm(x))))))``: ``[N, H, W, C] → [N, H/stride, W/stride, channels]``.

    `s` is the identity, or a 1×1 convolution where the shape changes.
    """

    def __init__(self, channels: int, stride: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels, self.stride = channels, stride
        same: dict[str, Any] = {"padding": "same"}
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in range(2)]
        self.first = keras.layers.Conv2D(channels, 3, stride, use_bias=False, name="first", **same)
        self.second = keras.layers.Conv2D(channels, 3, name="second", **same)
        self.shortcut: keras.layers.Layer | None = None

    def build(self, shape: tuple[int | None, ...]) -> None:
        if self.stride > 1 or shape[-1] != self.channels:
            self.shortcut = keras.layers.Conv2D(
                self.channels, 1, self.stride, use_bias=False, name="shortcut"
            )
            self.shortcut.build(shape)
        self.first.build(shape)
        self.second.build((*shape[:-1], self.channels))
        self.norms[0].build(shape)
        self.norms[1].build((*shape[:-1], self.channels))

    def call(self, x: Any) -> Any:
        added = self.first(ops.gelu(self.norms[0](x)))
        added = self.second(ops.gelu(self.norms[1](added)))
        return added + (self.shortcut(x) if self.shortcut else x)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        sides = [None if side is None else -(-side // self.stride) for side in shape[1:3]]
        return (shape[0], *sides, self.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels, "stride": self.stride}

"""Convolutions that see twice as far in each stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.pictures.picture_encoder import PictureEncoder


def stage_widths(width: int, patch: int) -> list[int]:
    """Channels of each stage: a stage halves the sides and doubles the channels, the last has `width`.

    Raises:
        ValueError: `patch` is no power of two from 2 on.
    """
    stages = patch.bit_length() - 1
    if patch < 2 or patch != 1 << stages:
        raise ValueError(
            f"Convolutions halve a picture's sides in each stage, so patch is 2, 4, 8, 16 …; got {patch}."
        )
    return [max(8, width >> halvings) if halvings else width for halvings in reversed(range(stages))]


@keras.saving.register_keras_serializable("tfmmrec.pictures")
class CNN(PictureEncoder):
    """Stages of 3×3 convolutions, each ending in a maximum of 2×2 pixels (as VGG's, Simonyan 2015).

    There are as many stages as `patch` is halvings; `layers` convolutions stand in each. A norm over the
    channels before each activation takes the place of batch normalisation, which would mix the rows.
    """

    def __init__(self, width: int, size: Sequence[int], patch: int, layers: int = 1, **kwargs: Any) -> None:
        super().__init__(width, size, patch, layers, **kwargs)
        self.widths = stage_widths(width, patch)
        names = [(stage, i) for stage in range(len(self.widths)) for i in range(layers)]
        self.convolutions = [
            keras.layers.Conv2D(self.widths[stage], 3, padding="same", name=f"convolution_{stage}_{i}")
            for stage, i in names
        ]
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{stage}_{i}") for stage, i in names]

    def build(self, *_: Any) -> None:
        channels = 3
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            convolution.build((None, None, None, channels))
            channels = self.widths[i // self.layers]
            norm.build((None, None, None, channels))

    def encode(self, pixels: Any, training: bool | None) -> Any:
        x = pixels
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = ops.gelu(norm(convolution(x)))
            if (i + 1) % self.layers == 0:
                x = ops.max_pool(x, (2, 2), strides=(2, 2))
        return ops.reshape(x, (-1, self.count, self.width))

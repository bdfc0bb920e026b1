"""Frames of sound under two convolutions and an encoder of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.encoders import sequences
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import Augment, Summary
from tfmmrec.members import make
from tfmmrec.modalities.modality import Parts
from tfmmrec.modalities.pretrained import reads_of


@keras.saving.register_keras_serializable("tfmmrec")
class SpectrogramEncoder(keras.layers.Layer):
    """Two convolutions over frames (as Whisper's, Radford 2022) + an encoder of sequences.

    A pretrained encoder has convolutions of its own.

    The convolutions hear what changes within a few frames, which attention alone finds late in small
    catalogues.

    Call: ``{"frames": float [B, S, bands], "heard": int [B]} → ([B, T, D], mask [B, T])``.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        stride: int,
        width: int,
        encoder: str | dict[str, Any],
        layers: int,
        tokens: int,
        augment: Sequence[str] = (),
        start: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start = start
        self.augment = Augment("sound", augment, name="augment")
        self.frames_shape, self.stride, self.encoder = tuple(shape), stride, encoder
        self.width, self.layers, self.tokens = width, layers, tokens
        self.groups = shape[0] // stride
        self.own = reads_of(encoder) != "vectors"
        if not self.own:
            same: dict[str, Any] = {"padding": "same", "activation": "gelu"}
            self.first = keras.layers.Conv1D(width, 5, name="first", **same)
            self.second = keras.layers.Conv1D(width, 2 * stride + 1, stride, name="second", **same)
        settings = {
            "width": width,
            "length": shape[0] if self.own else self.groups,
            "layers": layers,
            "name": "sequence",
        }
        self.sequence = make(sequences, SequenceEncoder, encoder, **settings)
        self.summary = None
        if tokens and not self.sequence.pooled:
            self.summary = Summary(tokens, width, name="summary")

    def build(self, *_: Any) -> None:
        if not self.own:
            self.first.build((None, *self.frames_shape))
            self.second.build((None, self.frames_shape[0], self.width))
        self.sequence.build((None, self.groups, self.width))
        if self.start:
            self.sequence.load(self.start)
        if self.summary:
            self.summary.build((None, self.groups, self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        heard = ops.expand_dims(parts["heard"], -1)
        known = ops.arange(self.frames_shape[0]) < heard
        frames = self.augment(parts["frames"], training=training)
        x = ops.where(ops.expand_dims(known, -1), frames, ops.zeros_like(frames))
        x = ops.cast(x, self.compute_dtype)
        if self.own:
            x, mask = self.sequence(x, known, training=training)
        else:
            mask = ops.arange(self.groups) * self.stride < heard
            x, mask = self.sequence(self.second(self.first(x)), mask, training=training)
        return self.summary(x, mask, training=training) if self.summary else (x, mask)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["heard"][0], self.tokens if self.summary else self.sequence.count
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("stride", "width", "encoder", "layers", "tokens")
        mine = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **mine, "shape": self.frames_shape, "augment": self.augment.names}

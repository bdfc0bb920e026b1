"""The strongest answer of each filter, wherever in the sequence it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class TextCNN(SequenceEncoder):
    """Convolutions of several widths, each pooled by the maximum over time (TextCNN, Kim 2014).

    A token for each width: the fusion weighs them, where Kim's one dense layer reads them side by side. A
    window that reaches beyond the end of a short row reads zeros there; each begins at a place that is not
    masked. Instead of ReLU GELU, without which a filter may answer nothing and never learn.

    Args:
        windows: the widths, in places.

    Raises:
        ValueError: a window is below 1.
    """

    pooled: ClassVar[bool] = True

    def __init__(
        self, width: int, length: int, layers: int = 1, windows: Sequence[int] = (2, 3, 4), **kwargs: Any
    ) -> None:
        super().__init__(width, length, layers, **kwargs)
        self.windows = list(windows)
        if not self.windows or min(self.windows) < 1:
            raise ValueError(f"TextCNN needs windows of 1 place or more, such as (2, 3, 4); got {windows}.")
        self.filters = [keras.layers.Conv1D(width, w, name=f"filters_{w}") for w in self.windows]
        self.projections = [keras.layers.Dense(width, name=f"projection_{w}") for w in self.windows]

    @property
    def count(self) -> int:
        return len(self.windows)

    def build(self, *_: Any) -> None:
        for layer in (*self.filters, *self.projections):
            layer.build((None, self.length, self.width))

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        tokens = []
        known = ops.expand_dims(mask, -1)
        for window, filters, projection in zip(self.windows, self.filters, self.projections, strict=True):
            answers = ops.gelu(filters(ops.pad(x, [[0, 0], [0, window - 1], [0, 0]])))
            strongest = ops.max(ops.where(known, answers, ops.cast(-1e4, x.dtype)), axis=1)
            tokens.append(projection(ops.where(ops.any(known, axis=1), strongest, ops.zeros_like(strongest))))
        present = ops.any(mask, axis=-1, keepdims=True)
        return ops.stack(tokens, axis=1), ops.repeat(present, self.count, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "windows": self.windows}

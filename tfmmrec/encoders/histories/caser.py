"""The last events as a picture, under filters along both of its sides."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import HistoryEncoder, shifted
from tfmmrec.layers import Dropout


@keras.saving.register_keras_serializable("tfmmrec.histories")
class Caser(HistoryEncoder):
    """Horizontal and vertical convolutions over the last events (Caser, Tang 2018).

    The last `window` events are a picture ``[window, D]``. A horizontal filter reads so many successive
    events whole, and its strongest answer counts; a vertical one is a weighted sum of the events. Dense
    layers, as many as `layers`, read both, and the last event is added. Earlier events are not seen.

    Args:
        window: events that are seen.
        filters: horizontal ones of each height from 1 to `window`.
        vertical: vertical filters.

    Raises:
        ValueError: there is nothing to see, or nothing that sees it.
    """

    def __init__(
        self, *args: Any, window: int = 5, filters: int = 16, vertical: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if min(window, filters, vertical, self.layers) < 1:
            raise ValueError(
                "Caser needs a window, filters, vertical filters and layers of 1 or more, got "
                f"{window}, {filters}, {vertical} and {self.layers}."
            )
        self.window, self.filters, self.vertical = window, filters, vertical
        heights = range(1, window + 1)
        self.horizontals = [keras.layers.Conv1D(filters, h, name=f"horizontal_{h}") for h in heights]
        self.dense = [keras.layers.Dense(self.width, name=f"dense_{i}") for i in range(self.layers)]
        self.drop = Dropout(self.dropout, name="drop")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        for horizontal in self.horizontals:
            horizontal.build((None, self.window, self.width))
        self.weighting = self.add_weight(shape=(self.window, self.vertical), name="vertical")
        inputs = self.window * self.filters + self.vertical * self.width
        for dense in self.dense:
            dense.build((None, None, inputs))
            inputs = self.width
        self.norm.build((None, None, self.width))

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        steps = ops.shape(x)[1]
        last = ops.stack([shifted(x, window, place) for place in reversed(range(self.window))], axis=2)
        weighting = ops.cast(self.weighting, x.dtype)
        sums = ops.matmul(ops.transpose(last, (0, 1, 3, 2)), weighting)  # [B, S, D, vertical]
        pictures = ops.reshape(last, (-1, self.window, self.width))
        answers = [ops.max(ops.gelu(filters(pictures)), axis=1) for filters in self.horizontals]
        read = [ops.reshape(answer, (-1, steps, self.filters)) for answer in answers]
        read.append(ops.reshape(sums, (-1, steps, self.vertical * self.width)))
        hidden = self.drop(ops.concatenate(read, axis=-1), training=training)
        for dense in self.dense[:-1]:
            hidden = ops.gelu(dense(hidden))
        return self.norm(x + self.dense[-1](hidden))

    def numbers(self, places: int) -> int:
        of_pictures = self.window * (2 * self.width + self.window * self.filters)
        return super().numbers(places) + of_pictures * places

    def get_config(self) -> dict[str, Any]:
        mine = {"window": self.window, "filters": self.filters, "vertical": self.vertical}
        return {**super().get_config(), **mine}

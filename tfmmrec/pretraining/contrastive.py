"""Two views of an item agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import unit
from tfmmrec.pretraining.objective import Items, Objective, cross_entropy


@keras.saving.register_keras_serializable("tfmmrec.pretraining")
class Contrastive(Objective):
    """``−log softmax_{j ≠ i}(z_i · z_j / τ)`` of an item's two views among all views (SimCLR, Chen 2020).

    A view is an item of which some features are hidden, and what the others' augmentations and dropout make
    of them; z is the view's content behind two dense layers, of length one.

    Args:
        hide: the chance of each feature to be hidden in a view. One always stays.
    """

    def __init__(
        self,
        width: int,
        names: Sequence[str],
        temperature: float = 0.1,
        hide: float = 0.3,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, temperature, **kwargs)
        if not 0 <= hide < 1:
            raise ValueError(f"Contrastive: hide is the chance of a feature, in [0, 1), got {hide}.")
        self.hide = hide
        self.first = keras.layers.Dense(width, activation="gelu", name="first")
        self.second = keras.layers.Dense(width, name="second")

    def build(self, *_: Any) -> None:
        self.first.build((None, self.width))
        self.second.build((None, self.width))

    def losses_of(self, items: Items) -> tuple[Any, Any, Any]:
        views = [self._projected(items.encoded(self.hidden(items))) for _ in range(2)]
        z = ops.concatenate(views, axis=0)
        return (*two_views(z, self.temperature), ops.ones_like(z[:, 0]))

    def hidden(self, items: Items) -> Any:
        """bool ``[B, M]``: the features of which a view knows nothing."""
        drawn = ops.where(items.present, self.drawn(items), -1.0)
        kept = drawn >= ops.max(drawn, axis=1, keepdims=True)
        hidden = ops.logical_and(drawn >= 0, drawn < self.hide)
        return ops.logical_and(hidden, ops.logical_not(kept))

    def _projected(self, content: Any) -> Any:
        # from the scale of an embedding, at which dense layers would hardly learn
        return unit(ops.cast(self.second(self.first(content * self.width**0.5)), "float32"))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hide": self.hide}


def two_views(z: Any, temperature: float) -> tuple[Any, Any]:
    """The loss of each of ``[2 B, D]`` views, where view i and view i + B are of one item; and who agreed."""
    count = ops.shape(z)[0]
    logits = ops.matmul(z, ops.transpose(z)) / temperature
    logits = ops.where(ops.eye(count, dtype="bool"), -1e9, logits)
    place = ops.arange(count, dtype="int32")
    return cross_entropy(logits, ops.where(place < count // 2, place + count // 2, place - count // 2))

"""One modality is told from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import unit
from tfmmrec.pretraining.objective import Items, Objective, cross_entropy


@keras.saving.register_keras_serializable("tfmmrec.pretraining")
class MaskedModality(Objective):
    """``−log softmax_j(p_i · t_j / τ)``: which item's hidden modality t goes with what is known of item i?

    Of each item one feature that it has is hidden at random, and p is told from the content of the others by
    two dense layers, t from the hidden feature's own tokens by one; both have length one. (Contrastive
    predictive coding, van den Oord 2018, from modality to modality.) Items that have a single feature do not
    count; those that lack the hidden one are no answers.

    Raises:
        ValueError: there is one feature alone.
    """

    def __init__(self, width: int, names: Sequence[str], temperature: float = 0.1, **kwargs: Any) -> None:
        super().__init__(width, names, temperature, **kwargs)
        if len(self.names) < 2:
            raise ValueError(
                "masked_modality tells a feature of items from their others, and the schema's items have "
                f"{self.names or 'none'}: give them two features of content or more, or take contrastive."
            )
        self.first = keras.layers.Dense(width, activation="gelu", name="first")
        self.told = [keras.layers.Dense(width, name=f"told_{name}") for name in self.names]
        self.asked = [keras.layers.Dense(width, name=f"asked_{name}") for name in self.names]

    def build(self, *_: Any) -> None:
        for layer in (self.first, *self.told, *self.asked):
            layer.build((None, self.width))

    def losses_of(self, items: Items) -> tuple[Any, Any, Any]:
        several = ops.sum(ops.cast(items.present, "int32"), axis=1) > 1
        drawn = ops.where(items.present, self.drawn(items), -1.0)
        chosen = ops.argmax(drawn, axis=1)
        hidden = ops.logical_and(
            ops.arange(len(self.names)) == ops.expand_dims(chosen, 1), ops.expand_dims(several, 1)
        )
        known = self.first(items.encoded(hidden) * self.width**0.5)  # from the scale of an embedding
        found = [self._of_feature(items, place, known) for place in range(len(self.names))]
        losses = sum(ops.where(hidden[:, place], found[place][0], 0.0) for place in range(len(found)))
        right = sum(
            ops.cast(ops.logical_and(hidden[:, place], found[place][1]), "int32")
            for place in range(len(found))
        )
        return losses, right > 0, ops.cast(several, "float32")

    def _of_feature(self, items: Items, place: int, known: Any) -> tuple[Any, Any]:
        """The loss of each item if this feature is the hidden one."""
        told = unit(ops.cast(self.told[place](known), "float32"))
        tokens = items.tokens(self.names[place])
        # of an item without it nothing may be read: there may stand anything
        tokens = ops.where(ops.expand_dims(items.present[:, place], 1), tokens, ops.zeros_like(tokens))
        asked = unit(ops.cast(self.asked[place](tokens), "float32"))
        logits = ops.matmul(told, ops.transpose(asked)) / self.temperature
        logits = ops.where(ops.expand_dims(items.present[:, place], 0), logits, -1e9)
        return cross_entropy(logits, ops.arange(ops.shape(logits)[0], dtype="int32"))

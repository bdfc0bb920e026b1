"""What an item's content is to tell of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import masked_mean


class Items:
    """Some items as an objective sees them.

    Args:
        tower: the item tower.
        parts: its inputs, ``[B, …]``; ids are missing.
        present: bool ``[B, M]``, which features an item has.
        names: of these features.
    """

    def __init__(
        self, tower: Callable[..., Any], parts: dict[str, Any], present: Any, names: list[str]
    ) -> None:
        self.parts, self.present, self.names, self._tower = parts, present, names, tower

    def encoded(self, hidden: Any) -> Any:
        """The content ``[B, D]`` of items without the features that are hidden, bool ``[B, M]``.

        Called twice in training it gives two answers: what encoders hide and augment is drawn anew.
        """
        parts = dict(self.parts)
        for place, name in enumerate(self.names):
            for part in [part for part in parts if part.rpartition(".")[0] == name]:
                parts[part] = _missing_where(hidden[:, place], parts[part])
        return self._tower(parts)["content"]

    def tokens(self, name: str) -> Any:
        """The mean token ``[B, D]`` of a feature."""
        mine = {
            part.rpartition(".")[2]: array
            for part, array in self.parts.items()
            if part.rpartition(".")[0] == name
        }
        return masked_mean(*self._tower.get_layer(name)(mine))  # type: ignore[attr-defined]


class Objective(keras.layers.Layer):
    """Abstract: items' content → a loss of each, without an event.

    A subclass implements `losses`, and adds its layers in ``__init__`` and their weights in `build`. They are
    thrown away after the pretraining.

    Args:
        width: D.
        names: the features that are content, M of them.
        temperature: τ, which similarities are divided by.

    Raises:
        ValueError: the features are too few for it.
    """

    def __init__(self, width: int, names: Sequence[str], temperature: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.names, self.temperature = width, list(names), temperature
        self.seed_generator = keras.random.SeedGenerator()

    def losses_of(self, items: Items) -> tuple[Any, Any, Any]:
        """float32 losses of examples ``[E]``, whether each was told right, and their weights, 0 or 1."""
        raise NotImplementedError

    def drawn(self, items: Items) -> Any:
        """float32 ``[B, M]`` in [0, 1)."""
        return keras.random.uniform(ops.shape(items.present), seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "names": self.names, "temperature": self.temperature}
        return {**super().get_config(), **mine}


def cross_entropy(logits: Any, target: Any) -> tuple[Any, Any]:
    """``−log softmax(logits)[target]`` of ``[E, C]``, and whether the target has the greatest logit."""
    logits = ops.cast(logits, "float32")
    asked = ops.take_along_axis(logits, ops.expand_dims(target, 1), axis=1)[:, 0]
    others = ops.where(
        ops.arange(logits.shape[1] or ops.shape(logits)[1]) == ops.expand_dims(target, 1), -1e9, logits
    )
    return ops.logsumexp(logits, axis=1) - asked, asked > ops.max(others, axis=1)


def _missing_where(hidden: Any, part: Any) -> Any:
    """A part as what is missing has it: NaN where it holds floats, else 0."""
    kind = keras.backend.standardize_dtype(part.dtype)
    hidden = ops.reshape(hidden, (-1, *([1] * (len(part.shape) - 1))))
    nothing = ops.full_like(part, float("nan")) if "float" in kind else ops.zeros_like(part)
    return ops.where(hidden, nothing, part)

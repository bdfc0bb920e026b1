"""Random changes of words in training, after which a text still says what it said (EDA, Wei and Zou 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

SHARE = 0.1
"""Of a text's words that one change is about, at least one (α of Wei and Zou 2019)."""


class _Drawn(keras.layers.Layer):
    """Abstract: words ``int [B, L]``, 0 behind the last, to words of the same form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()

    def drawn(self, tokens: Any) -> Any:
        """float32 ``[B, L]`` in [0, 1)."""
        return keras.random.uniform(ops.shape(tokens), seed=self.seed_generator)

    def ranks(self, tokens: Any, among: Any) -> tuple[Any, Any]:
        """A random order of some words: the place at each rank, and each place's rank; the others come last.

        Two arrays ``int [B, L]``.
        """
        last = 2.0 + ops.cast(_places(tokens), "float32")
        order = ops.argsort(ops.where(among, self.drawn(tokens), last), axis=1)
        return order, ops.argsort(order, axis=1)

    def one_of(self, tokens: Any, count: Any) -> Any:
        """A whole number below each `count` ``int [B, L]``; 0 where that is 0."""
        return ops.minimum(_floor(self.drawn(tokens) * ops.cast(count, "float32")), ops.maximum(count - 1, 0))

    def compute_output_shape(self, shape: Any, *_: Any) -> Any:
        return shape


@keras.saving.register_keras_serializable("tfmmrec")
class DeleteWords(_Drawn):
    """Leaves out each word with the chance `SHARE`, and never all of them."""

    def call(self, tokens: Any) -> Any:
        word = tokens > 0
        drawn = ops.where(word, self.drawn(tokens), -1.0)
        kept = ops.logical_or(drawn >= SHARE, drawn >= ops.max(drawn, axis=1, keepdims=True))
        return _packed(ops.where(ops.logical_and(word, kept), tokens, 0))


@keras.saving.register_keras_serializable("tfmmrec")
class SwapWords(_Drawn):
    """Lets pairs of words change places, as many pairs as `SHARE` of the words."""

    def call(self, tokens: Any) -> Any:
        word = tokens > 0
        order, rank = self.ranks(tokens, word)
        partner = rank + 1 - 2 * (rank % 2)
        real = ops.maximum(rank, partner) < _size(tokens)
        swapped = ops.logical_and(real, rank // 2 < _some(tokens))
        other = ops.take_along_axis(order, ops.minimum(partner, tokens.shape[1] - 1), axis=1)
        return ops.take_along_axis(tokens, ops.where(swapped, other, _places(tokens)), axis=1)


@keras.saving.register_keras_serializable("tfmmrec")
class InsertWords(_Drawn):
    """Puts words of the text, or where they have some synonyms of theirs, behind words at random.

    What does not fit into L places any more falls off the end.
    """

    def call(self, tokens: Any, synonyms: Any) -> Any:
        _, rank = self.ranks(tokens, tokens > 0)
        there = ops.logical_and(tokens > 0, rank < _some(tokens))
        size = ops.broadcast_to(_size(tokens), ops.shape(tokens))
        copied = ops.take_along_axis(tokens, self.one_of(tokens, size), axis=1)
        ways = ops.take(synonyms, copied, axis=0)
        count = ops.sum(ops.cast(ways > 0, "int32"), axis=-1)
        pick = ops.expand_dims(self.one_of(tokens, count), -1)
        other = ops.take_along_axis(ways, pick, axis=-1)[..., 0]
        inserted = ops.where(there, ops.where(count > 0, other, copied), 0)
        both = ops.reshape(ops.stack([tokens, inserted], axis=2), (-1, 2 * tokens.shape[1]))
        return _packed(both)[:, : tokens.shape[1]]


@keras.saving.register_keras_serializable("tfmmrec")
class ReplaceBySynonyms(_Drawn):
    """Puts synonyms in the place of `SHARE` of the words, of those that have some."""

    def call(self, tokens: Any, synonyms: Any) -> Any:
        ways = ops.take(synonyms, tokens, axis=0)
        count = ops.sum(ops.cast(ways > 0, "int32"), axis=-1)
        able = ops.logical_and(tokens > 0, count > 0)
        _, rank = self.ranks(tokens, able)
        replaced = ops.logical_and(able, rank < _some(tokens))
        pick = ops.expand_dims(self.one_of(tokens, count), -1)
        return ops.where(replaced, ops.take_along_axis(ways, pick, axis=-1)[..., 0], tokens)


@keras.saving.register_keras_serializable("tfmmrec")
class Reword(_Drawn):
    """Takes the text or one of its other wordings, each with the same chance.

    Call: ``(int [B, L], int [B, W, L]) → int [B, L]``; wordings that there are stand before those that are
    only zeros.
    """

    def call(self, tokens: Any, wordings: Any) -> Any:
        count = ops.sum(ops.cast(ops.any(wordings > 0, axis=-1), "int32"), axis=1, keepdims=True)
        number = self.one_of(tokens[:, :1], count + 1)
        every = ops.concatenate([ops.expand_dims(tokens, 1), wordings], axis=1)
        return ops.take_along_axis(every, ops.expand_dims(number, 2), axis=1)[:, 0]


TEXT: dict[str, Callable[[], keras.layers.Layer]] = {
    "delete": DeleteWords,
    "swap": SwapWords,
    "insert": InsertWords,
    "synonyms": ReplaceBySynonyms,
    "reword": Reword,
}
"""What can be done to words."""


@keras.saving.register_keras_serializable("tfmmrec")
class AugmentWords(keras.layers.Layer):
    """Changes words ``int [B, L]`` at random in training, in the order of the names; else hands them on.

    Another wording is chosen before anything else is done to it.

    Args:
        names: of `TEXT`.
        size: words of the vocabulary, V.
        synonyms: how many a word has at most, S; 0 where there is no thesaurus.
        start: int ``[V, S]``, the synonyms of each word, 0 behind the last; None where they come from a file
            of weights. No configuration holds them.
    """

    def __init__(
        self,
        names: Sequence[str],
        size: int,
        synonyms: int = 0,
        start: np.ndarray | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.names, self.size, self.synonyms, self.start = list(names), size, synonyms, start
        first = sorted(self.names, key=lambda name: name != "reword")
        self.changes = [TEXT[name]() for name in first]

    def build(self, shape: Any, *_: Any) -> None:
        for change in self.changes:
            change.build(shape)
        self.table = None
        if self.synonyms:
            shape, whole = (self.size, self.synonyms), {"dtype": "int32", "autocast": False}
            self.table = self.add_weight(
                shape=shape, initializer="zeros", trainable=False, name="synonyms", **whole
            )
            if self.start is not None:
                self.table.assign(self.start)

    def call(self, tokens: Any, wordings: Any = None, training: bool | None = None) -> Any:
        if not training:
            return tokens
        none = ops.zeros((self.size, 1), "int32")
        synonyms = none if self.table is None else ops.convert_to_tensor(self.table)
        for change in self.changes:
            if isinstance(change, Reword):
                tokens = change(tokens, wordings)
            elif isinstance(change, InsertWords | ReplaceBySynonyms):
                tokens = change(tokens, synonyms)
            else:
                tokens = change(tokens)
        return tokens

    def compute_output_shape(self, shape: Any, *_: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        mine = {"names": self.names, "size": self.size, "synonyms": self.synonyms}
        return {**super().get_config(), **mine}


def _places(tokens: Any) -> Any:
    """The place of each word, int ``[B, L]``."""
    return ops.broadcast_to(ops.arange(tokens.shape[1], dtype="int32"), ops.shape(tokens))


def _size(tokens: Any) -> Any:
    """How many words each row has, int ``[B, 1]``."""
    return ops.sum(ops.cast(tokens > 0, "int32"), axis=1, keepdims=True)


def _some(tokens: Any) -> Any:
    """How many words of each row a change is about, int ``[B, 1]``."""
    return ops.maximum(1, _floor(SHARE * ops.cast(_size(tokens), "float32") + 0.5))


def _floor(x: Any) -> Any:
    return ops.cast(ops.floor(x), "int32")


def _packed(tokens: Any) -> Any:
    """The words of each row moved together to its beginning."""
    place = _places(tokens)
    order = ops.argsort(ops.where(tokens > 0, place, place + tokens.shape[1]), axis=1)
    return ops.take_along_axis(tokens, order, axis=1)

"""Words: a title, a plot, a review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import Summary, TransformerBlock
from tfmmrec.modalities.lookup import as_text, lookup, terms_by_count
from tfmmrec.modalities.modality import Modality, Parts


def words(values: Any) -> Any:
    """Splits strings ``[B]`` into lower-case words, a ragged string tensor, in core TensorFlow ops.

    Words are runs of letters, marks and digits of any script; a Chinese, Japanese kana or Thai character
    is a word of its own, since these scripts put no spaces between words.
    """
    import tensorflow as tf

    values = tf.strings.unicode_transcode(values, "UTF-8", "UTF-8", errors="replace")
    values = tf.strings.lower(values, encoding="utf-8")
    values = tf.strings.regex_replace(values, r"['’]", "")
    values = tf.strings.regex_replace(values, r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])", r" \1 ")
    values = tf.strings.regex_replace(values, r"[^\p{L}\p{M}\p{N}]+", " ")
    return tf.strings.split(tf.strings.strip(values))


@dataclass(frozen=True)
class Text(Modality):
    """Text as word embeddings under a small Transformer encoder.

    Args:
        column: the column.
        length: words read from the beginning; the rest is not seen.
        vocabulary: at most so many words, the most frequent of the training rows.
        min_count: a word seen less often is "unknown".
        layers: Transformer blocks.
        tokens: tokens handed to the fusion, read by attention; 0 hands over every word.
        hide: the share of words that are hidden in training; a third helps where there are few texts.
        dropout: the share of rows whose text is hidden in training.
    """

    length: int = 32
    vocabulary: int = 20_000
    min_count: int = 2
    layers: int = 1
    tokens: int = 4
    hide: float = 0.1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.hide < 1:
            raise ValueError(f"Text {self.column!r}: hide is a share of words, in [0, 1), got {self.hide}.")

    def fit(self, values: Sequence[str]) -> dict[str, Any]:
        import tensorflow as tf

        def every_word() -> Any:
            for start in range(0, len(values), 4096):
                chunk = tf.constant(list(values[start : start + 4096]), tf.string)
                yield from map(as_text, words(chunk).flat_values.numpy())

        terms = terms_by_count(every_word(), self.vocabulary, self.min_count) if len(values) else []
        return {"size": len(terms) + 2, "terms": terms}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        find, table = lookup(state["terms"], first=2, unknown=1)

        def tokenise(values: Any) -> Parts:
            return {"tokens": find(words(values).to_tensor("", shape=[None, self.length]))}

        tokenise.resources = [table]  # type: ignore[attr-defined]
        return tokenise

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"tokens": ((self.length,), "int32")}

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        settings = (self.layers, self.tokens, self.hide)
        return TextEncoder(state["size"], self.length, width, *settings, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class TextEncoder(keras.layers.Layer):
    """Embedding + position + MultiHeadAttention blocks: ``{"tokens": int [B, L]} → ([B, T, D], [B, T])``.

    Words and positions start small: what a rare word starts with stays what it is, and is noise beside what
    the others learn.
    """

    def __init__(
        self, size: int, length: int, width: int, layers: int, tokens: int, hide: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.length, self.width = size, length, width
        self.layers, self.tokens, self.hide = layers, tokens, hide
        small = keras.initializers.RandomNormal(stddev=0.05)
        self.embedding = keras.layers.Embedding(size, width, embeddings_initializer=small, name="words")
        self.blocks = [TransformerBlock(width, name=f"block_{i}") for i in range(layers)]
        self.summary = Summary(tokens, width, name="summary") if tokens else None
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, *_: Any) -> None:
        self.embedding.build()
        self.position = self.add_weight(
            shape=(self.length, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="position",
        )
        for block in self.blocks:
            block.build((None, self.length, self.width))
        if self.summary:
            self.summary.build((None, self.length, self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        tokens = parts["tokens"]
        mask = tokens > 0
        x = self.embedding(tokens)
        x = x + ops.cast(self.position, x.dtype)
        if training and self.hide:
            # the first word stays, so that a text never becomes one that is missing
            kept = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator) >= self.hide
            mask = ops.logical_and(mask, ops.logical_or(kept, ops.arange(self.length) == 0))
        for block in self.blocks:
            x = block(x, mask, training=training)
        return self.summary(x, mask, training=training) if self.summary else (x, mask)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["tokens"][0], self.tokens or self.length
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("size", "length", "width", "layers", "tokens", "hide")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

"""Words or pieces of words, by their numbers, under an encoder of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfmmrec.encoders import sequences
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import AugmentWords, Summary
from tfmmrec.members import make
from tfmmrec.modalities.modality import Parts
from tfmmrec.modalities.pretrained import reads_of
from tfmmrec.modalities.word_vectors import WordVectors


@keras.saving.register_keras_serializable("tfmmrec")
class TextEncoder(keras.layers.Layer):
    """Augmentation + embedding + an encoder of sequences: ``{"tokens": int [B, L]} → ([B, T, D], [B, T])``.

    Its configuration knows no `start`: what it starts from are weights.

    A pretrained encoder has an embedding of its own. Words start small: what a rare word starts with stays
    what it is, and is noise beside what the others learn.
    """

    def __init__(
        self,
        size: int,
        length: int,
        width: int,
        encoder: str | dict[str, Any],
        layers: int,
        tokens: int,
        hide: float = 0.0,
        vector_size: int | None = None,
        fine_tune: bool = True,
        augment: Sequence[str] = (),
        synonyms: int = 0,
        start: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        start = start or {}
        self.vector_size, self.fine_tune, self.synonyms = vector_size, fine_tune, synonyms
        self.augment = None
        if augment:
            table = start.get("synonyms")
            table = None if table is None else np.asarray(table, "int32")
            self.augment = AugmentWords(augment, size, synonyms, table, name="augment")
        self.size, self.length, self.width = size, length, width
        self.encoder, self.layers, self.tokens, self.hide = encoder, layers, tokens, hide
        self.embedding: keras.layers.Layer | None = None
        self.start = None
        if reads_of(encoder) != "vectors":
            self.start = start  # it has an embedding of its own
        elif vector_size is None:
            small = keras.initializers.RandomNormal(stddev=0.05)
            self.embedding = keras.layers.Embedding(size, width, embeddings_initializer=small, name="words")
        else:
            vectors = start.get("vectors")
            self.embedding = WordVectors(size, vector_size, width, fine_tune, vectors, name="words")
        settings = {"width": width, "length": length, "layers": layers, "name": "sequence"}
        self.sequence = make(sequences, SequenceEncoder, encoder, **settings)
        self.summary = None
        if tokens and not self.sequence.pooled:
            self.summary = Summary(tokens, width, name="summary")
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, *_: Any) -> None:
        if self.augment:
            self.augment.build((None, self.length))
        if self.embedding:
            self.embedding.build()
        self.sequence.build((None, self.length, self.width))
        if self.start:
            self.sequence.load(self.start)
        if self.summary:
            self.summary.build((None, self.length, self.width))

    @property
    def terms_table(self) -> Any:
        """The rows of the terms; see `Modality.term_rows`. None where the encoder has its own."""
        words = self.embedding
        if words is None:
            return None
        return (words.table if isinstance(words, WordVectors) else words).embeddings

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        tokens = parts["tokens"]
        if self.augment:
            tokens = self.augment(tokens, parts.get("wordings"), training=training)
        mask = tokens > 0
        x = self.embedding(tokens) if self.embedding else tokens
        if training and self.hide:
            # the first word stays, so that a text never becomes one that is missing
            kept = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator) >= self.hide
            mask = ops.logical_and(mask, ops.logical_or(kept, ops.arange(self.length) == 0))
        x, mask = self.sequence(x, mask, training=training)
        return self.summary(x, mask, training=training) if self.summary else (x, mask)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["tokens"][0], self.tokens if self.summary else self.sequence.count
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("size", "length", "width", "encoder", "layers", "tokens", "hide", "vector_size", "fine_tune")
        changes = self.augment.names if self.augment else []
        mine = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **mine, "augment": changes, "synonyms": self.synonyms}

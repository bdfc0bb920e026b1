"""Word vectors of others: the text files that word2vec and GloVe write."""

from __future__ import annotations

import base64
from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfmmrec.modalities.media import file_below


def read_word_vectors(folder: Path, name: str, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], int]:
    """The vectors of some words, and how long they are.

    A line is a word and its numbers, separated by spaces; a first line of two whole numbers, as word2vec
    writes it, is none. Of words that differ in case alone the lower-case one is taken, else the first: the
    most frequent.

    Args:
        folder: the data folder.
        name: of the file below it.
        wanted: lower-case words; the numbers of others are not looked at.

    Raises:
        ValueError: there is no such file, a line has another count of numbers, or no word that is wanted.
    """
    path = file_below(name, folder, "File of word vectors")
    wanted, found, exact, size = set(wanted), {}, set(), 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            word, _, numbers = line.rstrip().partition(" ")
            if number == 1 and word.isdigit() and numbers.isdigit():
                continue
            size = size or len(numbers.split())
            lower = word.lower()
            if lower not in wanted or lower in exact or (lower in found and word != lower):
                continue
            try:
                vector = np.asarray(numbers.split(), "float32")
            except ValueError:
                vector = np.zeros(0, "float32")
            if len(vector) != size or not np.isfinite(vector).all():
                raise ValueError(
                    f"File of word vectors {name!r}, line {number}: expected a word and {size} finite "
                    f"numbers, got {line[:60]!r}."
                )
            found[lower] = vector
            exact |= {lower} if word == lower else set()
    if not found:
        raise ValueError(
            f"File of word vectors {name!r} has none of the {len(wanted)} words of the vocabulary: its lines "
            "are a word and numbers, separated by spaces. Is it of another language?"
        )
    return found, size


def packed(vectors: np.ndarray) -> str:
    """float32 ``[V, N]`` as a text that JSON holds."""
    return base64.b64encode(np.ascontiguousarray(vectors, "<f4").tobytes()).decode()


def unpacked(text: str, size: int) -> np.ndarray:
    """The way back from `packed`."""
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(-1, size)


@keras.saving.register_keras_serializable("tfmmrec")
class WordVectors(keras.layers.Layer):
    """Given vectors and a linear map of them: ``int [...] → [..., D]``.

    Args:
        size: words.
        vector_size: numbers of each word.
        width: D.
        fine_tune: whether the vectors are trained, too.
        start: what they are at first, see `packed`; None where they come from a file of weights.
    """

    def __init__(
        self,
        size: int,
        vector_size: int,
        width: int,
        fine_tune: bool,
        start: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.vector_size, self.width = size, vector_size, width
        self.fine_tune, self.start = fine_tune, start
        self.table = keras.layers.Embedding(size, vector_size, trainable=fine_tune, name="table")
        self.projection = keras.layers.Dense(width, name="projection")

    def build(self, *_: Any) -> None:
        self.table.build()
        self.projection.build((None, self.vector_size))
        if self.start is not None:
            self.table.embeddings.assign(unpacked(self.start, self.vector_size))

    def call(self, numbers: Any) -> Any:
        return self.projection(self.table(numbers))

    def get_config(self) -> dict[str, Any]:
        names = ("size", "vector_size", "width", "fine_tune")  # the vectors are saved as weights
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

"""From texts to numbers of pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Terms = dict[str, Any]
"""What a tokeniser knows, in plain values: ``"pieces"``, and what else it needs of each."""

Tokenise = Callable[[Any], Any]
"""Strings ``[B]`` → numbers of pieces, a ragged int32 tensor ``[B, ?]``."""


class Tokeniser:
    """Abstract: strings ``[B]`` → numbers of pieces, ragged int32 ``[B, ?]``, in TensorFlow's own ops.

    The number of ``terms["pieces"][i]`` is ``i + 1``: 0 is free for places without a piece. Pieces are learnt
    from the training rows, or read from a file. A subclass implements `words`, `pieces_of`, `learn` and
    `read`.

    Args:
        file: of the data folder, with the pieces; ``""``: they are learnt.
    """

    def __init__(self, file: str = "") -> None:
        self.file = file

    def words(self, values: Any) -> Any:
        """Strings ``[B]`` → the words in which pieces are looked for, a ragged string tensor."""
        raise NotImplementedError

    def pieces_of(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        """A function from words ``[U]`` to the numbers of their pieces, and the tables it keeps alive."""
        raise NotImplementedError

    def learn(self, counts: dict[str, int], size: int, min_count: int) -> Terms:
        """Learns pieces from words and how often each is met.

        Args:
            counts: words as `words` gives them.
            size: at most so many pieces.
            min_count: what is met less often makes no piece.
        """
        raise NotImplementedError

    def read(self, path: Path) -> Terms:
        """Reads pieces from a file.

        Raises:
            ValueError: it holds none.
        """
        raise NotImplementedError

    def learnt(self, texts: Iterable[Any], size: int, min_count: int) -> Terms:
        """Learns pieces from string tensors ``[n]``, the texts of training rows; see `learn`."""
        counts: Counter[bytes] = Counter()
        for some in texts:
            counts.update(self.words(some).flat_values.numpy().tolist())
        return self.learn({word.decode(): count for word, count in counts.items()}, size, min_count)

    def ops(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        """A function from strings to numbers of pieces, and the tables it keeps alive.

        A word is cut once, however often it stands in the strings of a call.
        """
        import tensorflow as tf

        cut, tables = self.pieces_of(terms)

        def tokenise(values: Any) -> Any:
            words = self.words(values)
            distinct, place = tf.unique(words.flat_values)
            pieces = tf.gather(cut(distinct), place)
            return words.with_values(pieces).merge_dims(1, 2)

        return tokenise, tables


def number_table(keys: Sequence[Any], numbers: Sequence[int], missing: int) -> Any:
    """A table from strings to int32; of a key that is there twice the first number counts."""
    import tensorflow as tf

    once = dict(zip(reversed(keys), reversed(numbers), strict=True)) or {"": missing}
    pairs = tf.constant([*once], tf.string), tf.constant([*once.values()], tf.int32)
    # saved models restore a table by its name: every table needs its own
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(*pairs), missing)


def without_gaps(columns: Any) -> Any:
    """Numbers ``[U, P]`` without the places that have none, 0: ragged ``[U, ?]``."""
    import tensorflow as tf

    return tf.ragged.boolean_mask(columns, columns > 0)


def framed(pieces: Any, length: int, begin: Sequence[int] = (), end: Sequence[int] = ()) -> Any:
    """Ragged numbers ``[B, ?]`` as int32 ``[B, length]``, cut or filled with 0, between those of both ends.

    A row without pieces stays one.
    """
    import tensorflow as tf

    room = length - len(begin) - len(end)
    size = tf.cast(tf.minimum(pieces.row_lengths(), room), tf.int32)[:, None]
    numbers = pieces.to_tensor(0, shape=[None, room])
    if begin or end:
        before = tf.tile(tf.constant([list(begin)], tf.int32), [tf.shape(numbers)[0], 1])
        numbers = tf.pad(tf.concat([before, numbers], 1), [[0, 0], [0, len(end)]])
        for place, number in enumerate(end, len(begin)):
            numbers = tf.where(tf.range(length) == size + place, number, numbers)
        numbers = tf.where(size > 0, numbers, 0)
    return tf.ensure_shape(numbers, [None, length])


def read_lines(path: Path) -> list[str]:
    """The lines of a text file.

    Raises:
        ValueError: it is no UTF-8 text, or it is empty.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"File of pieces {path.name!r} is no UTF-8 text ({error}).") from error
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(f"File of pieces {path.name!r} is empty; expected a piece on each line.")
    return lines

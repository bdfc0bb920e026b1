"""Words as their most likely pieces."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tfmmrec.tokenisers.characters import compatible, fold, utf8
from tfmmrec.tokenisers.sentence_piece import BYTE, CONTROL, UNUSED, read_model
from tfmmrec.tokenisers.tokeniser import Terms, Tokenise, Tokeniser, number_table, read_lines
from tfmmrec.tokenisers.unigram_learning import learn_unigram

SPACE = "▁"
_RUN = 200  # characters of a word that is cut as one; a longer one is several
_UNLIKELIER = 10.0  # an unknown character's log probability, below that of the unlikeliest piece


class Unigram(Tokeniser):
    """The cut of a word of largest probability ``Π p(piece)`` (Kudo 2018), as SentencePiece has it.

    A word is what stands between white space, with ``▁`` before it; one of more than 200 characters is
    several, of which the first has the ``▁``. Neighbouring characters that no piece has are one unknown
    piece. Pieces are learnt by expectation maximisation over the words of the training rows, from their
    frequent parts; the pieces that are missed least are given up until there are few enough.

    Args:
        file: of the data folder: a SentencePiece ``.model``, or its ``.vocab``, a piece, a tab and its log
            probability on each line; ``""``: they are learnt.
        lowercase: capital letters are small ones.
        normalise: compatibility forms are plain ones (NFKC of each character).
        unknown: the piece that stands for what is unknown.
        prefix: ``▁`` stands before the first word, too.
    """

    def __init__(
        self,
        file: str = "",
        lowercase: bool = False,
        normalise: bool = True,
        unknown: str = "<unk>",
        prefix: bool = True,
    ) -> None:
        super().__init__(file)
        self.lowercase, self.normalise = lowercase, normalise
        self.unknown, self.prefix = unknown, prefix

    def words(self, values: Any) -> Any:
        return marked_words(values, self.normalise, self.lowercase, self.prefix)

    def pieces_of(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        import tensorflow as tf

        pieces, scores = terms["pieces"], terms["scores"]
        usable = [i for i, score in enumerate(scores) if score is not None]
        table = number_table([pieces[i] for i in usable], [i + 1 for i in usable], 0)
        known = [scores[i] for i in usable] or [0.0]
        # a piece in a text that must not be found there, such as a control sign, is as good as none
        likely = tf.constant([-math.inf, *(-math.inf if s is None else s for s in scores)], tf.float32)
        unknown, penalty = pieces.index(self.unknown) + 1, min(known) - _UNLIKELIER
        longest = max([len(pieces[i]) for i in usable] or [1])
        back = tf.range(1, longest + 1)

        def cut(words: Any) -> Any:
            """The best cut of each beginning is known by its last piece; the whole is read from its end."""
            characters, offsets = tf.strings.unicode_split_with_offsets(words, "UTF-8")
            size = tf.cast(characters.row_lengths(), tf.int32)
            order = tf.argsort(
                size, direction="DESCENDING", stable=True
            )  # so the first words are long enough
            size, words = tf.gather(size, order), tf.gather(words, order)
            starts = tf.gather(tf.cast(offsets, tf.int32), order)
            ends = tf.concat([starts, tf.strings.length(words)[:, None]], 1).to_tensor()  # bytes, [U, C + 1]
            steps = tf.reduce_max(tf.concat([size, [0]], 0))
            exactly = tf.math.unsorted_segment_sum(tf.ones_like(size), size, steps + 1)
            counts = tf.cumsum(exactly, reverse=True)[1:]  # words of 1, 2 … characters or more

            def forward(end: Any, best: Any, numbers: Any, lengths: Any) -> tuple[Any, ...]:
                """`best` are log probabilities of the beginnings that are 1, 2 … characters shorter."""
                count = counts[end - 1]
                best = best[:count]
                start = tf.gather(ends[:count], tf.maximum(end - back, 0), axis=1)
                last = tf.strings.substr(words[:count, None], start, ends[:count, end, None] - start)
                found = tf.where(back <= end, table.lookup(last), 0)
                alone = (found == 0) & (back == 1)
                score = best + tf.where(alone, penalty, tf.gather(likely, found))
                place = tf.argmax(score, axis=1, output_type=tf.int32)
                number = tf.gather(found, place, batch_dims=1)
                numbers = tf.concat([numbers, tf.where(number > 0, number, unknown)], 0)
                lengths = tf.concat([lengths, place + 1], 0)
                newest = tf.gather(score, place, batch_dims=1)
                return end + 1, tf.concat([newest[:, None], best[:, :-1]], 1), numbers, lengths

            impossible = tf.fill([tf.size(size), longest - 1], -math.inf)
            begun = tf.concat([tf.zeros([tf.size(size), 1]), impossible], 1)
            nothing = tf.zeros([0], tf.int32)
            *_, numbers, lengths = tf.while_loop(
                lambda end, *_: end <= steps,
                forward,
                (tf.constant(1), begun, nothing, nothing),
                tuple(map(tf.TensorShape, ([], [None, None], [None], [None]))),
            )
            owners, pieces = _read_backwards(size, tf.cumsum(counts, exclusive=True), numbers, lengths)
            owners = tf.gather(order, owners)
            in_order = tf.argsort(owners, stable=True)
            return tf.RaggedTensor.from_value_rowids(
                tf.gather(pieces, in_order),
                tf.cast(tf.gather(owners, in_order), tf.int64),
                nrows=tf.cast(tf.size(size), tf.int64),
            )

        return cut, [table]

    def ops(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        tokenise, tables = super().ops(terms)
        unknown = terms["pieces"].index(self.unknown) + 1
        return lambda values: once(tokenise(values), unknown), tables

    def learn(self, counts: dict[str, int], size: int, min_count: int) -> Terms:
        pieces, scores = learn_unigram(counts, size - 1, min_count)
        return {"pieces": [self.unknown, *pieces], "scores": [None, *scores]}

    def read(self, path: Path) -> Terms:
        if path.suffix != ".vocab":
            model = read_model(path)
            if model.kind != "unigram":
                raise ValueError(
                    f"File of pieces {path.name!r} is a SentencePiece model of kind {model.kind!r}; Unigram "
                    "reads those of kind 'unigram'."
                )
            pieces, scores = model.pieces, list(model.usable({CONTROL, UNUSED, BYTE}))
        else:
            pieces, scores = [], []
            for number, line in enumerate(read_lines(path), 1):
                piece, _, score = line.rpartition("\t")
                try:
                    scores.append(float(score) if not piece.startswith("<") else None)
                except ValueError:
                    piece = ""
                if not piece:
                    raise ValueError(
                        f"File of pieces {path.name!r}, line {number}: expected a piece, a tab and its log "
                        f"probability, got {line[:60]!r}."
                    )
                pieces.append(piece)
        if self.unknown not in pieces:
            raise ValueError(f"File of pieces {path.name!r} has no unknown piece {self.unknown!r}.")
        return {"pieces": pieces, "scores": scores}


def marked_words(values: Any, normalise: bool, lowercase: bool, prefix: bool) -> Any:
    """Strings ``[B]`` → what stands between white space, ``▁`` before it: a ragged string tensor.

    A word of more than `_RUN` characters is several, of which the first has the ``▁``.
    """
    import tensorflow as tf

    values = utf8(values)
    if normalise:
        values = compatible(values)
    if lowercase:
        values = fold(values)
    spaced = tf.strings.strip(tf.strings.regex_replace(values, rf"[{SPACE}\p{{Z}}\p{{Cc}}]+", " "))
    marked = tf.strings.regex_replace(spaced, " ", f" {SPACE}")
    if prefix:
        marked = tf.where(spaced == "", "", tf.strings.join([SPACE, marked]))
    # a step is taken for each character of the longest word
    return tf.strings.split(tf.strings.regex_replace(marked, f"([^ {SPACE}]{{{_RUN}}})", r"\1 "))


def once(numbers: Any, number: int) -> Any:
    """Ragged numbers ``[B, ?]`` with one of `number` where several stand side by side in a row."""
    import tensorflow as tf

    flat, rows = numbers.flat_values, numbers.value_rowids()
    same = (flat[1:] == number) & (flat[:-1] == number) & (rows[1:] == rows[:-1])
    kept = tf.concat([tf.ones_like(flat[:1], tf.bool), ~same], 0)
    return tf.ragged.boolean_mask(numbers, numbers.with_flat_values(kept))


def _read_backwards(size: Any, first: Any, numbers: Any, lengths: Any) -> tuple[Any, Any]:
    """The pieces of all words, those of a word in their order: whose they are, and their numbers.

    Args:
        size: characters of each word.
        first: where the beginnings of 1, 2 … characters stand in what follows; there word after word.
        numbers, lengths: of the last piece of each beginning.
    """
    import tensorflow as tf

    def read(word: Any, at: Any, owners: Any, found: Any) -> tuple[Any, ...]:
        place = tf.gather(first, at - 1) + word
        owners, found = tf.concat([word, owners], 0), tf.concat([tf.gather(numbers, place), found], 0)
        at = at - tf.gather(lengths, place)
        return tf.boolean_mask(word, at > 0), tf.boolean_mask(at, at > 0), owners, found

    words = tf.range(tf.size(size))
    nothing = tf.zeros([0], tf.int32)
    return tf.while_loop(
        lambda word, *_: tf.size(word) > 0,
        read,
        (tf.boolean_mask(words, size > 0), tf.boolean_mask(size, size > 0), nothing, nothing),
        (tf.TensorShape([None]),) * 4,
    )[2:]

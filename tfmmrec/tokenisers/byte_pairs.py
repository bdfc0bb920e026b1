"""Words as pairs joined again and again."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from tfmmrec.members import suggestion
from tfmmrec.tokenisers.characters import compatible, fold, utf8
from tfmmrec.tokenisers.pair_merges import learn_merges
from tfmmrec.tokenisers.sentence_piece import BYTE, CONTROL, UNUSED, read_model
from tfmmrec.tokenisers.tokeniser import Terms, Tokenise, Tokeniser, number_table, read_lines

_END = "</w>"
_RUN = 40  # characters of a word that is cut as one; a longer one is several
_BREAK = "\x1f"  # a control sign, none of which is left in a text
_SHORT = "'s|'t|'re|'ve|'m|'ll|'d"
_SPLITS = {
    "gpt2": rf"{_SHORT}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+",
    "clip": rf"{_SHORT}|\p{{L}}+|\p{{N}}|[^\s\p{{L}}\p{{N}}]+",
    "sentence_piece": r" ?[^ ]+",
}


@cache
def byte_signs() -> tuple[str, ...]:
    """The sign that stands for each byte in pieces: itself where it can be seen, else one from ``Ā`` on."""
    seen = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte) if byte in seen else chr(next(others)) for byte in range(256))


class BytePairs(Tokeniser):
    """Byte pair encoding: the pair that was joined first in learning is joined first (Sennrich 2016).

    Words begin as bytes, so that nothing is unknown, as in GPT-2 and RoBERTa (Radford 2019), or as characters
    of a SentencePiece model of pairs, as in Gemma. A run of white space is one space, and a word of more than
    40 characters is several.

    Args:
        file: of the data folder: merges, as GPT-2's ``merges.txt``, or a SentencePiece ``.model``; ``""``:
            they are learnt.
        vocabulary: a JSON file beside the merges, with the number of each piece; ``""``: the bytes, then what
            each merge makes.
        split: what a word is: ``"gpt2"`` (letters, digits or other signs, and the space before them),
            ``"clip"`` (likewise, but digits one by one, no space, and ``</w>`` behind the last byte) or
            ``"sentence_piece"`` (what stands between spaces; characters, not bytes).
        lowercase: capital letters are small ones.
        normalise: compatibility forms are plain ones (NFKC of each character).
        prefix: a space stands before the first word, too.
        unknown: the piece that stands for what is unknown; where there is none, that is left out.

    Raises:
        ValueError: there is no such split.
    """

    def __init__(
        self,
        file: str = "",
        vocabulary: str = "",
        split: str = "gpt2",
        lowercase: bool = False,
        normalise: bool = False,
        prefix: bool = True,
        unknown: str = "<unk>",
    ) -> None:
        super().__init__(file)
        if split not in _SPLITS:
            raise ValueError(f"BytePairs: there is no split {split!r}.{suggestion(split, _SPLITS)}")
        self.vocabulary, self.split, self.prefix, self.unknown = vocabulary, split, prefix, unknown
        self.lowercase, self.normalise = lowercase, normalise

    @property
    def of_bytes(self) -> bool:
        """Whether words begin as bytes; else as characters."""
        return self.split != "sentence_piece"

    def words(self, values: Any) -> Any:
        import tensorflow as tf

        values = utf8(values)
        if self.normalise:
            values = compatible(values)
        if self.lowercase:
            values = fold(values)
        values = tf.strings.regex_replace(values, r"[▁\p{Z}\p{Cc}]+", " ")
        values = tf.strings.strip(values)
        if self.prefix and self.split != "clip":
            values = tf.where(values == "", values, tf.strings.join([" ", values]))
        # TensorFlow's own operations split at a sign alone: one is put behind every word
        values = tf.strings.regex_replace(values, f"({_SPLITS[self.split]})", rf"\1{_BREAK}")
        values = tf.strings.regex_replace(values, f"([^{_BREAK}]{{{_RUN}}})", rf"\1{_BREAK}")
        words = tf.strings.split(values, _BREAK)
        if self.split == "clip":
            words = words.with_flat_values(tf.strings.strip(words.flat_values))
        return tf.ragged.boolean_mask(words, words != "")

    def pieces_of(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        import tensorflow as tf

        pieces = terms["pieces"]
        numbers = terms.get("numbers") or range(1, len(pieces) + 1)
        find = number_table(pieces, numbers, 0)
        unknown = numbers[pieces.index(self.unknown)] if self.unknown in pieces else 0
        joined, gap = self._joined(terms)
        ranks = number_table(joined, range(len(joined)), len(joined))
        fallback = [numbers[pieces.index(name)] for name in _BYTES] if _BYTES[0] in pieces else []

        def none_joined(words: Any, *_: Any) -> Any:
            return tf.size(words) > 0

        def step(words: Any, parts: Any, whole: Any) -> tuple[Any, ...]:
            """Joins the first of the pairs of lowest rank of words ``[A, C]``; the last column is empty."""
            after = tf.concat([parts[:, 1:], parts[:, -1:]], 1)
            rank = ranks.lookup(tf.strings.join([parts, after], gap))
            rank = tf.where(after == "", len(joined), rank)
            place = tf.argmin(rank, axis=1, output_type=tf.int32)[:, None]
            goes_on = tf.reduce_min(rank, axis=1) < len(joined)
            words, parts, after, place = (tf.boolean_mask(x, goes_on) for x in (words, parts, after, place))
            columns = tf.range(tf.shape(parts)[1])[None]
            pair = tf.strings.join([parts, after])
            parts = tf.where(columns < place, parts, tf.where(columns == place, pair, after))
            every = tf.range(tf.shape(whole)[0])
            return words, parts, tf.dynamic_stitch([every, words], [whole, parts])

        def cut(words: Any) -> Any:
            parts = tf.pad(self._symbols(words).to_tensor(""), [[0, 0], [0, 1]])
            every = tf.range(tf.shape(parts)[0])
            shapes = tuple(map(tf.TensorShape, ([None], [None, None], [None, None])))
            *_, parts = tf.while_loop(none_joined, step, (every, parts, parts), shapes)
            parts = tf.ragged.boolean_mask(parts, parts != "")
            found = find.lookup(parts.flat_values)
            if fallback:  # a character that is no piece is its bytes
                signs = tf.strings.bytes_split(tf.where(found > 0, "-", parts.flat_values))
                owner = signs.value_rowids()
                of_bytes = tf.gather(tf.constant(fallback, tf.int32), _byte_numbers(signs.flat_values))
                found = tf.gather(found, owner)
                signs = signs.with_flat_values(tf.where(found > 0, found, of_bytes))
                return parts.with_values(signs).merge_dims(1, 2)
            numbers = parts.with_flat_values(tf.where(found > 0, found, unknown))
            return tf.ragged.boolean_mask(numbers, numbers > 0)

        return cut, [find, ranks]

    def learn(self, counts: dict[str, int], size: int, min_count: int) -> Terms:
        if self.of_bytes:
            begin = [*byte_signs(), *(sign + _END for sign in byte_signs() if self.split == "clip")]
            words = {word: count for word, count in counts.items() if word}
            merges = learn_merges(words, self._signs, str.__add__, size - len(begin), min_count)
            pieces = dict.fromkeys([*begin, *map("".join, merges)])
            return {"pieces": list(pieces), "merges": [" ".join(pair) for pair in merges]}
        marked = {word.replace(" ", "▁"): count for word, count in counts.items()}
        alone: Counter[str] = Counter()
        for word, count in marked.items():
            for letter in word:
                alone[letter] += count
        letters = sorted((s for s, n in alone.items() if n >= min_count), key=lambda s: (-alone[s], s))
        letters = letters[: max(size - 1, 0)]
        kept = {word: count for word, count in marked.items() if set(word) <= set(letters)}
        merges = learn_merges(kept, list, str.__add__, size - 1 - len(letters), min_count)
        made = list(dict.fromkeys(map("".join, merges)))
        scores = [None, *[None] * len(letters), *(-float(place) for place in range(len(made)))]
        return {"pieces": [self.unknown, *letters, *made], "scores": scores}

    def read(self, path: Path) -> Terms:
        if not self.of_bytes:
            model = read_model(path)
            if model.kind != "bpe":
                raise ValueError(
                    f"File of pieces {path.name!r} is a SentencePiece model of kind {model.kind!r}; "
                    "BytePairs reads those of kind 'bpe'."
                )
            return {"pieces": model.pieces, "scores": list(model.usable({CONTROL, UNUSED, BYTE}))}
        lines = [line for line in read_lines(path) if not line.startswith("#version")]
        for number, line in enumerate(lines, 1):
            if line.count(" ") != 1:
                raise ValueError(
                    f"File of merges {path.name!r}, merge {number}: expected two pieces and a space between "
                    f"them, got {line[:60]!r}. Of a SentencePiece model split is 'sentence_piece'."
                )
        if not self.vocabulary:
            made = dict.fromkeys([*byte_signs(), *(line.replace(" ", "") for line in lines)])
            return {"pieces": list(made), "merges": lines}
        beside = path.with_name(self.vocabulary)
        try:
            numbers = json.loads(beside.read_text("utf-8"))
            pieces = {str(piece): int(number) for piece, number in numbers.items()}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Vocabulary {self.vocabulary!r} beside {path.name!r} is no JSON dict of pieces and numbers "
                f"({error})."
            ) from error
        return {"pieces": list(pieces), "numbers": [n + 1 for n in pieces.values()], "merges": lines}

    def _joined(self, terms: Terms) -> tuple[list[str], str]:
        """What is joined, in its order: pairs, or what they make; and what is between the two of a pair."""
        if "merges" in terms:
            return terms["merges"], " "
        pairs = zip(terms["pieces"], terms["scores"], strict=True)
        made = {piece: score for piece, score in pairs if score is not None}
        return sorted(made, key=lambda piece: -made[piece]), ""

    def _signs(self, word: str) -> list[str]:
        signs = byte_signs()
        found = [signs[byte] for byte in word.encode()]
        return [*found[:-1], found[-1] + _END] if self.split == "clip" else found

    def _symbols(self, words: Any) -> Any:
        """Words ``[U]`` → what they begin as, ragged strings ``[U, ?]``."""
        import tensorflow as tf

        if not self.of_bytes:
            return tf.strings.unicode_split(tf.strings.regex_replace(words, " ", "▁"), "UTF-8")
        split = tf.strings.bytes_split(words)
        signs = tf.gather(tf.constant(byte_signs()), _byte_numbers(split.flat_values))
        if self.split == "clip":
            behind = tf.gather(split.row_splits[1:], split.value_rowids())
            last = tf.range(tf.size(signs, tf.int64)) + 1 == behind
            signs = tf.where(last, tf.strings.join([signs, _END]), signs)
        return split.with_flat_values(signs)


_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def _byte_numbers(values: Any) -> Any:
    """Strings of a byte each ``[n]`` → int32."""
    import tensorflow as tf

    return tf.cast(tf.reshape(tf.io.decode_raw(values, tf.uint8), [-1]), tf.int32)

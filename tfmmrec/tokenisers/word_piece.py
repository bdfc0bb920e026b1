"""Words as the longest pieces there are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tfmmrec.tokenisers.characters import fold, utf8, without_accents
from tfmmrec.tokenisers.pair_merges import learn_merges
from tfmmrec.tokenisers.tokeniser import Terms, Tokenise, Tokeniser, number_table, read_lines, without_gaps

_LONGEST = 100  # bytes; a longer word is unknown, as BERT has it
_FAR = 1 << 20  # characters

_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}]"
_IDEOGRAPHS = (
    r"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}"
    r"\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}]"
)


class WordPiece(Tokeniser):
    """The longest piece a word begins with, then the longest its rest does, as BERT (Devlin 2019).

    A word is what stands between white space; a punctuation mark and a Chinese character are words of their
    own. A word with a part that no piece fits is unknown as a whole, and so is one of more than 100 bytes.
    Pieces are learnt by joining the pair that is met most often; pieces within a word begin with `inside`.

    Args:
        file: of the data folder, a piece on each line, as BERT's ``vocab.txt``; ``""``: they are learnt.
        lowercase: capital letters are small ones.
        strip_accents: letters are without accents, as in BERT's uncased vocabularies.
        unknown: the piece that stands for what is unknown.
        inside: what a piece begins with that does not begin a word.
    """

    def __init__(
        self,
        file: str = "",
        lowercase: bool = True,
        strip_accents: bool = False,
        unknown: str = "[UNK]",
        inside: str = "##",
    ) -> None:
        super().__init__(file)
        self.lowercase, self.strip_accents = lowercase, strip_accents
        self.unknown, self.inside = unknown, inside

    def words(self, values: Any) -> Any:
        import tensorflow as tf

        values = utf8(values)
        if self.strip_accents:
            values = without_accents(values)
        values = tf.strings.regex_replace(values, _IDEOGRAPHS, r" \0 ")
        values = tf.strings.regex_replace(values, _PUNCTUATION, r" \0 ")
        values = tf.strings.regex_replace(values, r"[\p{Z}\p{Cc}\p{Cf}]+", " ")
        if self.lowercase:
            values = fold(values)
        return tf.strings.split(values)

    def pieces_of(self, terms: Terms) -> tuple[Tokenise, list[Any]]:
        import tensorflow as tf

        pieces = terms["pieces"]
        table = number_table(pieces, range(1, len(pieces) + 1), 0)
        unknown, inside = pieces.index(self.unknown) + 1, len(self.inside)
        sizes = tf.range(1, max(map(len, pieces)) + 1)

        def more(words: Any, *_: Any) -> Any:
            return tf.size(words) > 0

        def step(words: Any, rest: Any, least: Any, columns: Any, fails: Any) -> tuple[Any, ...]:
            """Of words ``[A]`` the longest piece that each rest begins with; `least` characters are none."""
            size = tf.strings.length(rest, unit="UTF8_CHAR")
            starts = tf.zeros((1, tf.size(sizes)), tf.int32)
            found = table.lookup(tf.strings.substr(rest[:, None], starts, sizes[None], unit="UTF8_CHAR"))
            fits = (found > 0) & (sizes > least) & (sizes <= size[:, None])
            best = tf.reduce_max(tf.where(fits, sizes, 0), axis=1)
            number = tf.gather(found, tf.maximum(best - 1, 0), batch_dims=1)
            column = tf.scatter_nd(
                words[:, None], tf.where(best > 0, number, 0), tf.shape(columns, tf.int64)[:1]
            )
            fails = tf.tensor_scatter_nd_update(fails, words[:, None], best == 0)
            goes_on = (best > 0) & (best < size)
            words, rest, best = (tf.boolean_mask(x, goes_on) for x in (words, rest, best))
            rest = tf.strings.join([self.inside, tf.strings.substr(rest, best, _far(best), unit="UTF8_CHAR")])
            return words, rest, tf.constant(inside), tf.concat([columns, column[:, None]], 1), fails

        def cut(words: Any) -> Any:
            whole = table.lookup(words)  # most words are pieces
            long = tf.strings.length(words) > _LONGEST
            rows = tf.where((whole == 0) & ~long)[:, 0]
            state = (rows, tf.gather(words, rows), tf.constant(0), whole[:, None], tf.zeros_like(long))
            shapes = tuple(map(tf.TensorShape, ([None], [None], [], [None, None], [None])))
            *_, columns, fails = tf.while_loop(more, step, state, shapes)
            lost = long | fails
            columns = tf.where(lost[:, None], 0, columns)
            return without_gaps(tf.concat([tf.where(lost, unknown, 0)[:, None], columns], 1))

        return cut, [table]

    def learn(self, counts: dict[str, int], size: int, min_count: int) -> Terms:
        counts = {word: count for word, count in counts.items() if len(word.encode()) <= _LONGEST}
        alone: Counter[str] = Counter()
        for word, count in counts.items():
            for symbol in self._symbols(word):
                alone[symbol] += count
        letters = sorted((s for s, n in alone.items() if n >= min_count), key=lambda s: (-alone[s], s))
        letters = letters[: max(size - 1, 0)]
        known = set(letters)
        kept = {word: count for word, count in counts.items() if known.issuperset(self._symbols(word))}
        merges = learn_merges(kept, self._symbols, self._join, size - 1 - len(letters), min_count)
        joined = dict.fromkeys(self._join(*pair) for pair in merges)
        return {"pieces": list(dict.fromkeys([self.unknown, *letters, *joined]))}

    def read(self, path: Path) -> Terms:
        pieces = read_lines(path)
        if self.unknown not in pieces:
            raise ValueError(
                f"File of pieces {path.name!r} has no line {self.unknown!r}, which stands for unknown words: "
                "is it a vocabulary as BERT's? The setting unknown may name another line."
            )
        return {"pieces": pieces}

    def _symbols(self, word: str) -> list[str]:
        return [word[:1], *(self.inside + letter for letter in word[1:])]

    def _join(self, first: str, second: str) -> str:
        return first + second.removeprefix(self.inside)


def _far(like: Any) -> Any:
    import tensorflow as tf

    return tf.fill(tf.shape(like), _FAR)

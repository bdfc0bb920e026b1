"""Words: a title, a plot, a review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from tfmmrec import tokenisers
from tfmmrec.encoders import sequences
from tfmmrec.encoders.preset_pieces import canonical, preset_pieces
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import check_augment
from tfmmrec.members import check_choice, make
from tfmmrec.modalities.lookup import as_text, lookup
from tfmmrec.modalities.media import below, file_below
from tfmmrec.modalities.modality import Modality, Parts, Reject
from tfmmrec.modalities.pretrained import (
    check_preset,
    preset_of,
    pretrained_files,
    pretrained_state,
    with_network,
)
from tfmmrec.modalities.text_encoder import TextEncoder
from tfmmrec.modalities.thesaurus import read_thesaurus, synonym_table
from tfmmrec.modalities.word_vectors import packed, read_word_vectors
from tfmmrec.modalities.wordings import APART, MOST_WORDINGS, read_wordings
from tfmmrec.modalities.words import ENGLISH, check_cleanings, cleaned, learn_words, numbers_of, words
from tfmmrec.tokenisers import Tokeniser
from tfmmrec.tokenisers.tokeniser import framed


@dataclass(frozen=True)
class Text(Modality):
    """Text as word embeddings under an encoder of sequences.

    Args:
        column: the column.
        length: words read from the beginning; the rest is not seen.
        vocabulary: at most so many words, the most frequent of the training rows.
        min_count: a word seen less often is "unknown".
        encoder: what reads the words, of `tfmmrec.encoders.sequences`: ``"transformer"``, ``"bag"``,
            ``"text_cnn"``, ``"convolution"``, ``"lstm"``, ``"gru"``, or a dict of ``name`` and settings, such
            as of a pretrained network ``{"name": "backbone", "preset": "presets/bert", "train": "lora"}``,
            which cuts texts in its own way.
        layers: of the encoder, where it has layers.
        tokens: tokens handed to the fusion, read by attention; 0 hands over every word. A bag and a TextCNN
            hand over what they pool.
        clean: what is taken out before the text is split: ``"html"`` (tags and entities), ``"urls"``
            (addresses of pages and mail), ``"mentions"`` (of users), ``"digits"``.
        stop_words: words that are left out, a list or ``"english"``; a text of nothing else is missing.
        stem: English words of one stem are one (Porter 1980). The vocabulary maps each of its words to its
            stem: a word that no training row has is unknown, even where its stem is not.
        tokeniser: what a text is cut into: ``"words"``, or pieces of words by one of `tfmmrec.tokenisers`:
            ``"word_piece"`` (as BERT), ``"unigram"`` (as SentencePiece), ``"byte_pairs"`` (as GPT-2), or a
            dict of ``name`` and settings, as ``{"name": "word_piece", "file": "vocab.txt"}`` of the data
            folder. Without a file they are learnt from the training rows. Then `length`, `vocabulary` and
            `min_count` are of pieces, and there are no stop words, stems or word vectors.
        vectors: a text file of word vectors in the data folder, as word2vec (Mikolov 2013) or GloVe
            (Pennington 2014) write it. The words of the vocabulary start from them; one that has none is
            zeros.
        fine_tune: whether such vectors are trained further. If not, unknown words are zeros, too.
        augment: random changes in training, about a tenth of the words each, in this order: ``delete``,
            ``swap`` (pairs of words), ``insert`` (words of the text once more, or synonyms of theirs),
            ``synonyms`` (EDA, Wei and Zou 2019); and ``reword``, which reads one of `wordings` at random.
        thesaurus: a text file of synonyms in the data folder, words of one meaning on a line, separated by
            commas: ``car, automobile``.
        wordings: a file in the data folder of what else says the same as a text, as `back_translate` writes
            it.
        hide: the share of words that are hidden in training; a third helps where there are few texts.
        dropout: the share of rows whose text is hidden in training.
    """

    length: int = 32
    vocabulary: int = 20_000
    min_count: int = 2
    clean: tuple[str, ...] = ()
    stop_words: str | tuple[str, ...] = ()
    stem: bool = False
    tokeniser: str | dict[str, Any] = "words"
    vectors: str = ""
    fine_tune: bool = True
    encoder: str | dict[str, Any] = "transformer"
    layers: int = 1
    tokens: int = 4
    augment: tuple[str, ...] = ()
    thesaurus: str = ""
    wordings: str = ""
    hide: float = 0.1
    dropout: float = 0.1

    searched: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        what = f"Text({self.column!r}): encoder"
        given = ("width", "length", "layers", "network")
        check_choice(sequences, SequenceEncoder, self.encoder, what, given)
        check_preset(what, self.encoder)
        self._check_tokeniser()
        check_cleanings(f"Text({self.column!r})", self.clean)
        if isinstance(self.stop_words, str) and self.stop_words != "english":
            raise ValueError(
                f'Text({self.column!r}): stop_words is "english" or a list of words, got {self.stop_words!r}.'
            )
        if not 0 <= self.hide < 1:
            raise ValueError(f"Text {self.column!r}: hide is a share of words, in [0, 1), got {self.hide}.")
        self._check_augment()

    def _check_augment(self) -> None:
        check_augment(f"Text({self.column!r})", "text", self.augment)
        for file, readers in (("thesaurus", ("synonyms", "insert")), ("wordings", ("reword",))):
            given, asked = getattr(self, file), [name for name in readers if name in self.augment]
            if readers[0] in self.augment and not given:
                raise ValueError(
                    f"Text({self.column!r}): augment={readers[0]!r} needs a file of the data folder: name it "
                    f'by {file}="…".'
                )
            if given and not asked:
                raise ValueError(
                    f"Text({self.column!r}): nothing reads {file}={given!r}: augment=[{readers[0]!r}] does."
                )

    def _check_tokeniser(self) -> None:
        what, own = f"Text({self.column!r})", bool(preset_of(self.encoder))
        if self.tokeniser != "words":
            if own:
                raise ValueError(f"{what}: a preset cuts texts in its own way; leave out the tokeniser.")
            check_choice(tokenisers, Tokeniser, self.tokeniser, f"{what}: tokeniser", ())
            make(tokenisers, Tokeniser, self.tokeniser)
        if own and self.length < 3:
            raise ValueError(f"{what}: length is at least 3, beginning, piece and end; got {self.length}.")
        if own or self.tokeniser != "words":
            for name in ("stop_words", "stem", "vectors"):
                if getattr(self, name):
                    raise ValueError(f"{what}: {name} are of words, and texts are cut into pieces of words.")
            if changes := sorted(set(self.augment) - (set() if own else {"reword"})):
                raise ValueError(f"{what}: augment={changes[0]!r} changes words, not pieces of words.")

    @property
    def _tokeniser(self) -> Tokeniser | None:
        """What cuts words into pieces; None where words stay whole, or a preset's does."""
        return None if self.tokeniser == "words" else make(tokenisers, Tokeniser, self.tokeniser)

    @property
    def files(self) -> tuple[str, ...]:
        if preset_of(self.encoder):
            return pretrained_files(self.encoder)
        pieces = self._tokeniser.file if self._tokeniser else ""
        return tuple(name for name in (self.vectors, pieces, self.thesaurus, self.wordings) if name)

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        texts = super().raw(cells, folder, reject)
        if not self.wordings or not below(self.wordings, folder).is_file():  # new items have no other wording
            return texts
        known = read_wordings(folder, self.wordings)
        return [
            APART.join([text.replace(APART, " "), *known.get(text, ())]) if text else "" for text in texts
        ]

    @property
    def _stop_words(self) -> set[str]:
        return set(ENGLISH if self.stop_words == "english" else self.stop_words)

    def fit(self, values: Sequence[str]) -> dict[str, Any]:
        learnt = self._vocabulary(values)
        if self.wordings:
            most = max((as_text(value).count(APART) for value in values), default=0)
            learnt["wordings"] = max(1, min(most, MOST_WORDINGS))
        return learnt

    def _vocabulary(self, values: Sequence[str]) -> dict[str, Any]:
        import tensorflow as tf

        def texts() -> Iterator[Any]:
            for start in range(0, len(values), 4096):
                yield tf.constant(list(values[start : start + 4096]), tf.string)

        tokeniser = self._tokeniser
        if preset_of(self.encoder) or (tokeniser and tokeniser.file):
            return {}
        if tokeniser:
            cleaned_texts = (cleaned(some, self.clean) for some in texts())
            return _of_pieces(tokeniser.learnt(cleaned_texts, self.vocabulary, self.min_count))
        if not len(values):
            return {"size": 2, "terms": []}
        found = (as_text(word) for some in texts() for word in words(some, self.clean).flat_values.numpy())
        stopped = self._stop_words
        kept = (word for word in found if word not in stopped)
        size, terms = learn_words(kept, self.stem, self.vocabulary, self.min_count)
        return {"size": size, "terms": terms}

    def with_files(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Adds what files have: pieces of words, a preset, the vocabulary's word vectors and synonyms.

        A stem has the mean of its words' vectors.

        Raises:
            ValueError: a file is absent, or has none of the words.
        """
        what, tokeniser = f"Text({self.column!r})", self._tokeniser
        if preset_of(self.encoder):
            found = pretrained_state(what, self.encoder, "text", folder)
            cuts, terms = preset_pieces(preset_of(self.encoder), found.pop("where"))
            return {**found, "network": {**found["network"], **cuts}, "terms": terms}
        if self.wordings:
            read_wordings(folder, self.wordings)
        if tokeniser and tokeniser.file:
            path = file_below(tokeniser.file, folder, f"{what}: file of pieces")
            return {**state, **_of_pieces(tokeniser.read(path))}
        return self._with_words(state, folder) if self.vectors or self.thesaurus else state

    def _with_words(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Adds vectors and synonyms of the vocabulary's words."""
        if not state["terms"]:
            raise ValueError(f"Text({self.column!r}): no training row has a word to look up in a file.")
        numbers, start = numbers_of(state["terms"], self.stem), dict[str, Any]()
        if self.vectors:
            found, size = read_word_vectors(folder, self.vectors, state["terms"])
            total, count = np.zeros((state["size"], size), "float32"), np.zeros((state["size"], 1), "float32")
            for word, number in numbers.items():
                if word in found:
                    total[number] += found[word]
                    count[number] += 1
            start["vectors"] = packed(total / np.maximum(count, 1))
            state = {**state, "vector_size": size}
        if self.thesaurus:
            table = synonym_table(read_thesaurus(folder, self.thesaurus), numbers, state["size"])
            start["synonyms"] = table.tolist()
            state = {**state, "synonyms": table.shape[1]}
        return {**state, "start": start}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        pieces = preset_of(self.encoder) or self._tokeniser
        tokens, resources = self._cut(state) if pieces else self._split(state)

        def tokenise(values: Any) -> Parts:
            import tensorflow as tf

            if not self.wordings:
                return {"tokens": tokens(values)}
            count = 1 + state["wordings"]
            apart = tf.strings.split(values, APART).to_tensor("", shape=[None, count])
            every = tf.reshape(tokens(tf.reshape(apart, [-1])), [-1, count, self.length])
            return {"tokens": every[:, 0], "wordings": every[:, 1:]}

        tokenise.resources = resources  # type: ignore[attr-defined]
        return tokenise

    def _cut(self, state: dict[str, Any]) -> tuple[Callable[[Any], Any], list[Any]]:
        """Into pieces of words; of a preset between its signs for the beginning and the end."""
        cuts = state.get("network", {"begin": [], "end": []})
        tokeniser = self._tokeniser or make(tokenisers, Tokeniser, cuts["tokeniser"])
        pieces_of, tables = tokeniser.ops(state["terms"])

        def tokens(values: Any) -> Any:
            texts = cleaned(values, self.clean)
            pieces = pieces_of(canonical(texts) if cuts.get("canonical") else texts)
            return framed(pieces, self.length, cuts["begin"], cuts["end"])

        return tokens, tables

    def _split(self, state: dict[str, Any]) -> tuple[Callable[[Any], Any], list[Any]]:
        """Into words."""
        import tensorflow as tf

        numbers = {**numbers_of(state["terms"], self.stem), **dict.fromkeys(self._stop_words, 0)}
        find, table = lookup(list(numbers), numbers=list(numbers.values()), unknown=1)

        def tokens(values: Any) -> Any:
            split = words(values, self.clean)
            if not self.stop_words:
                return find(split.to_tensor("", shape=[None, self.length]))
            found = split.with_flat_values(find(split.flat_values))
            kept = tf.ragged.boolean_mask(found, found > 0)
            return kept.to_tensor(0, shape=[None, self.length])

        return tokens, [table]

    def term_rows(self, state: dict[str, Any]) -> dict[str, int]:
        terms = state["terms"]
        if not isinstance(terms, dict):
            return numbers_of(terms, self.stem)
        return dict(
            zip(terms["pieces"], terms.get("numbers") or range(1, len(terms["pieces"]) + 1), strict=True)
        )

    def example(self, state: dict[str, Any]) -> str:
        terms = state.get("terms")
        return terms[0] if isinstance(terms, list) and terms else "a"

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        parts: dict[str, tuple[tuple[int, ...], str]] = {"tokens": ((self.length,), "int32")}
        return parts | ({"wordings": ((state["wordings"], self.length), "int32")} if self.wordings else {})

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        settings = (with_network(self.encoder, state), self.layers, self.tokens, self.hide)
        given: dict[str, Any] = {"vector_size": state.get("vector_size"), "fine_tune": self.fine_tune}
        given |= {"augment": self.augment, "synonyms": state.get("synonyms", 0), "start": state.get("start")}
        return TextEncoder(state.get("size", 0), self.length, width, *settings, **given, name=name)


def _of_pieces(terms: dict[str, Any]) -> dict[str, Any]:
    numbers = terms.get("numbers") or [len(terms["pieces"])]
    return {"size": max(numbers) + 1, "terms": terms}

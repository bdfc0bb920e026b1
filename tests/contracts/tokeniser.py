"""From texts to numbers of pieces: the same in a graph, in Python, and however texts are batched."""

import json
from collections import Counter
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfmmrec.tokenisers import Tokeniser

TRAINED = [
    "the lower the low, the lowest new",
    "a newer and a wider widest low",
    "new words are wider: slower, slowest, newest!",
    "电影 很 好看 电影",
    "école d'été été",
    "новый фильм, новые фильмы",
] * 3
ODD = [
    "",
    "   ",
    "lowest newer",
    "zzz☃ low",
    "电影 новый école",
    "İstanbul ﬁne Straße",
    "x" * 150,
    "👩‍👩‍👧 low\tlow\n",
    "a\u0301 \x00b",
]


class TokeniserContract:
    """`component` is the member; `reference` cuts a word into pieces in plain Python, None is unknown."""

    component: ClassVar[Tokeniser]
    size: ClassVar[int] = 120  # of the vocabulary that is learnt

    def reference(self, word: str, terms: dict[str, Any]) -> list[str | None]:
        """Pieces of a word as `words` gives it."""
        raise NotImplementedError

    def joined(self, pieces: list[str]) -> str:
        """The word that known pieces stand for."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls) -> SimpleNamespace:
        """What was learnt, and the function made of it, as a graph that takes any number of texts."""
        import tensorflow as tf

        terms = cls.component.learnt([tf.constant(TRAINED[:5]), tf.constant(TRAINED[5:])], cls.size, 2)
        tokenise, tables = cls.component.ops(terms)
        signature = tf.TensorSpec([None], tf.string)
        graph = tf.function(tokenise, autograph=False).get_concrete_function(signature)
        unknown = getattr(cls.component, "unknown", None)
        unknown = terms["pieces"].index(unknown) + 1 if unknown in terms["pieces"] else None
        return SimpleNamespace(terms=terms, tokenise=tokenise, graph=graph, tables=tables, unknown=unknown)

    def expected(self, sample: SimpleNamespace, text: str) -> list[int]:
        words = [word.decode() for word in self.component.words([text]).flat_values.numpy()]
        place = {piece: number for number, piece in enumerate(sample.terms["pieces"], 1)}
        pieces = [piece for word in words for piece in self.reference(word, sample.terms)]
        numbers = [place[piece] if piece is not None else sample.unknown for piece in pieces]
        return self.told(numbers, sample.unknown)

    def told(self, numbers: list[int], unknown: int | None) -> list[int]:
        """What a text's numbers become when they stand side by side."""
        return numbers

    def test_what_is_learnt_is_plain_and_no_more_than_asked_for(self, sample):
        assert json.loads(json.dumps(sample.terms)) == sample.terms
        pieces = sample.terms["pieces"]
        assert len(set(pieces)) == len(pieces) <= self.size
        assert any(len(piece) > 4 for piece in pieces)  # a part that was met often is one

    def test_the_order_of_texts_teaches_nothing(self, sample):
        import tensorflow as tf

        assert self.component.learnt([tf.constant(TRAINED[::-1])], self.size, 2) == sample.terms

    @pytest.mark.parametrize("text", [*ODD, *TRAINED[:6]])
    def test_a_text_is_cut_as_plain_python_cuts_it(self, sample, text):
        import tensorflow as tf

        found = sample.graph(tf.constant([text])).to_list()
        assert found == [self.expected(sample, text)]

    @given(
        st.lists(st.text(alphabet="lowestnrid wa,'!☃电影школéß\u0301", max_size=20), min_size=1, max_size=4)
    )
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    def test_any_texts_are(self, sample, texts):
        import tensorflow as tf

        assert sample.graph(tf.constant(texts)).to_list() == [self.expected(sample, text) for text in texts]

    def test_together_and_without_a_graph_as_alone(self, sample):
        import tensorflow as tf

        together = sample.graph(tf.constant(ODD))
        assert together.dtype == tf.int32
        assert together.to_list() == [sample.graph(tf.constant([text])).to_list()[0] for text in ODD]
        assert sample.tokenise(tf.constant(ODD)).to_list() == together.to_list()
        assert sample.graph(tf.constant([], tf.string)).to_list() == []

    def test_nothing_has_no_pieces(self, sample):
        import tensorflow as tf

        assert sample.graph(tf.constant(["", " \t"])).to_list() == [[], []]

    def test_bytes_that_are_no_utf8_stop_nothing(self, sample):
        import tensorflow as tf

        (found,) = sample.graph(tf.constant([b"\xff\xfe low"])).to_list()
        assert found[-1:] == sample.graph(tf.constant([" low", "low"])).to_list()[0][-1:]

    def test_known_words_can_be_put_together_again(self, sample):
        pieces = sample.terms["pieces"]
        for word in Counter(w.decode() for w in self.component.words(TRAINED).flat_values.numpy()):
            numbers = self.expected_of_word(sample, word)
            if sample.unknown not in numbers:
                assert self.joined([pieces[number - 1] for number in numbers]) == word

    def expected_of_word(self, sample: SimpleNamespace, word: str) -> list[int]:
        place = {piece: number for number, piece in enumerate(sample.terms["pieces"], 1)}
        found = self.reference(word, sample.terms)
        return [place[piece] if piece is not None else sample.unknown for piece in found]

    def test_it_is_of_tensorflows_own_operations(self, sample):
        import tensorflow as tf

        functions = sample.graph.graph.as_graph_def().library.function
        names = {function.signature.name for function in functions}
        nodes = [*sample.graph.graph.as_graph_def().node, *(n for f in functions for n in f.node_def)]
        operations = {node.op for node in nodes} - names
        assert operations and all(hasattr(tf.raw_ops, name) for name in operations)

    def test_nothing_to_learn_from(self):
        import tensorflow as tf

        terms = self.component.learnt([], self.size, 2)
        tokenise, _ = self.component.ops(terms)
        assert tokenise(tf.constant(["", "low"])).to_list()[0] == []

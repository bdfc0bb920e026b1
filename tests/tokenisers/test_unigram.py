"""The likeliest cut: by hand, learning, files, and the contract."""

import math

import pytest

from contracts import TokeniserContract
from tfmmrec.tokenisers import Unigram
from tokenisers.models import UNKNOWN, model

PIECES = ["<unk>", "▁", "a", "b", "ab", "▁ab", "abb"]
SCORES = [None, -3.0, -2.0, -2.5, -2.75, -6.5, -5.5]


def cut(text, terms=None, **settings):
    import tensorflow as tf

    terms = terms or {"pieces": PIECES, "scores": SCORES}
    tokenise, _ = Unigram(**settings).ops(terms)
    return [terms["pieces"][number - 1] for number in tokenise(tf.constant([text])).to_list()[0]]


class TestUnigram(TokeniserContract):
    component = Unigram(lowercase=True)
    size = 90

    def reference(self, word, terms):
        scores = {p: s for p, s in zip(terms["pieces"], terms["scores"], strict=True) if s is not None}
        worst = min(scores.values(), default=0.0) - 10
        best = [(0.0, [])]
        for end in range(1, len(word) + 1):
            ways = []
            for start in range(end):
                part = word[start:end]
                if part in scores:
                    ways.append((best[start][0] + scores[part], [*best[start][1], part]))
                elif start == end - 1:
                    ways.append((best[start][0] + worst, [*best[start][1], None]))
            best.append(max(ways, key=lambda way: way[0]))
        return best[-1][1]

    def told(self, numbers, unknown):
        pairs = zip([None, *numbers], numbers, strict=False)
        return [number for before, number in pairs if not number == before == unknown]

    def joined(self, pieces):
        return "".join(pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", ["▁", "ab"]),  # −5.75, where "▁ab" is −6.5
        ("abb", ["▁", "ab", "b"]),  # −8.25; "▁ abb" −8.5, "▁ab b" −9
        ("ba ab", ["▁", "b", "a", "▁", "ab"]),
        ("a☃☃b", ["▁", "a", "<unk>", "b"]),
        ("", []),
    ],
)
def test_by_hand(text, expected):
    assert cut(text) == expected


def test_a_space_before_the_first_word_or_not():
    assert cut("ab ab", prefix=False) == ["ab", "▁", "ab"]
    assert cut("ＡＢ", lowercase=True) == ["▁", "ab"]  # wide letters are plain ones
    assert cut("ＡＢ", normalise=False) == ["▁", "<unk>"]


def test_a_cut_of_a_long_word_is_the_best_one():
    assert cut("ab" * 300) == ["▁", *["ab"] * 300]


def test_a_word_of_more_than_200_characters_is_several():
    words = Unigram().words(["a" * 199 + " é" + "b" * 450, "c" * 200]).to_list()
    found = [[word.decode() for word in row] for row in words]
    assert found == [["▁" + "a" * 199, "▁é" + "b" * 199, "b" * 200, "b" * 51], ["▁" + "c" * 200]]
    words = Unigram(prefix=False).words(["a" * 201 + " b"]).to_list()
    assert [word.decode() for word in words[0]] == ["a" * 200, "a", "▁b"]
    assert cut("ab" * 300 + "☃" * 300 + "b") == ["▁", *["ab"] * 300, "<unk>", "b"]


def test_pieces_that_are_learnt():
    counts = {"▁lower": 20, "▁low": 30, "▁newer": 10, "▁new": 15, "▁wider": 10, "▁x": 1}
    terms = Unigram().learn(counts, 16, 2)
    assert len(terms["pieces"]) == 16 and terms["pieces"][0] == "<unk>" and terms["scores"][0] is None
    letters = set("▁lowernidlw")
    assert letters - {"x"} <= set(terms["pieces"])  # what is met often enough is never unknown
    assert "▁low" in terms["pieces"] and "x" not in terms["pieces"]
    assert math.fsum(math.exp(score) for score in terms["scores"][1:]) == pytest.approx(1)
    assert cut("low", terms) == ["▁low"]


def test_a_list_of_pieces_and_log_probabilities(tmp_path):
    path = tmp_path / "plot.vocab"
    path.write_text("<unk>\t0\n<s>\t0\n▁a\t-1.5\nb\t-2\n", encoding="utf-8")
    assert Unigram().read(path) == {"pieces": ["<unk>", "<s>", "▁a", "b"], "scores": [None, None, -1.5, -2.0]}
    path.write_text("<unk>\t0\nab\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'plot.vocab', line 2: expected a piece, a tab and its log prob"):
        Unigram().read(path)
    path.write_text("a\t-1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'plot.vocab' has no unknown piece '<unk>'"):
        Unigram().read(path)


def test_a_model_of_sentencepiece(tmp_path):
    path = tmp_path / "plot.model"
    path.write_bytes(model(zip(PIECES, [0.0, *SCORES[1:]], [UNKNOWN, *[1] * 6], strict=True)))
    assert Unigram().read(path) == {"pieces": PIECES, "scores": SCORES}
    path.write_bytes(model([("<unk>", 0.0, UNKNOWN)], kind=2))
    with pytest.raises(ValueError, match="'plot.model' is a SentencePiece model of kind 'bpe'; Unigram"):
        Unigram().read(path)


@pytest.mark.parametrize("text", ["ab abb", " b  ab☃☃", "abababb b", "", "电 ab"])
def test_sentencepiece_cuts_likewise(text):
    tf_text = pytest.importorskip("tensorflow_text")
    packed = model(zip(PIECES, [0.0, *SCORES[1:]], [UNKNOWN, *[1] * 6], strict=True))
    (found,) = tf_text.SentencepieceTokenizer(packed).tokenize([text]).to_list()
    assert cut(text) == [PIECES[number] for number in found]

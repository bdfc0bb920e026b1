"""Byte pair encoding: by hand, of bytes and of characters, files, and the contract."""

import json

import pytest

from contracts import TokeniserContract
from tfmmrec.tokenisers import BytePairs
from tfmmrec.tokenisers.byte_pairs import byte_signs
from tokenisers.models import BYTE, NORMAL, UNKNOWN, model

MERGES = ["l o", "lo w", "Ġ low", "e r"]
OF_CHARACTERS = [
    ("<unk>", 0.0, UNKNOWN),
    *[(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)],
    *[("▁l", -1.0, NORMAL), ("ow", -2.0, NORMAL), ("▁low", -3.0, NORMAL), ("er", -4.0, NORMAL)],
    *[(letter, -9.0 - number, NORMAL) for number, letter in enumerate("▁lower")],
]


def cut(text, terms, **settings):
    import tensorflow as tf

    tokenise, _ = BytePairs(**settings).ops(terms)
    numbers = terms.get("numbers") or range(1, len(terms["pieces"]) + 1)
    piece = dict(zip(numbers, terms["pieces"], strict=True))
    return [piece[number] for number in tokenise(tf.constant([text])).to_list()[0]]


class TestBytePairs(TokeniserContract):
    component = BytePairs()
    size = 330

    def reference(self, word, terms):
        ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(terms["merges"])}
        return merged(self.component._signs(word), lambda a, b: ranks.get((a, b)))

    def joined(self, pieces):
        signs = {sign: byte for byte, sign in enumerate(byte_signs())}
        return bytes(signs[sign] for sign in "".join(pieces)).decode()


class TestCharacterPairs(TokeniserContract):
    """As a SentencePiece model of pairs."""

    component = BytePairs(split="sentence_piece", lowercase=True, normalise=True)

    def reference(self, word, terms):
        pairs = zip(terms["pieces"], terms["scores"], strict=True)
        scores = {piece: score for piece, score in pairs if score is not None}
        ranks = {piece: rank for rank, piece in enumerate(sorted(scores, key=lambda p: -scores[p]))}
        found = merged(list(word.replace(" ", "▁")), lambda a, b: ranks.get(a + b))
        return [part if part in terms["pieces"] else None for part in found]

    def joined(self, pieces):
        return "".join(pieces).replace("▁", " ")


def merged(parts, rank):
    """Joins the first of the pairs of lowest rank until none has one."""
    while True:
        ranks = [rank(a, b) for a, b in zip(parts, parts[1:], strict=False)]
        known = [one for one in ranks if one is not None]
        if not known:
            return parts
        place = ranks.index(min(known))
        parts = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]


def read(tmp_path, **settings):
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES), encoding="utf-8")
    return BytePairs(**settings).read(tmp_path / "merges.txt")


def test_bytes_by_hand(tmp_path):
    terms = read(tmp_path)
    assert len(terms["pieces"]) == 256 + 4 and terms["merges"] == MERGES
    assert cut("low  lower", terms) == ["Ġlow", "Ġlow", "er"]
    assert cut("low lower", terms, prefix=False) == ["low", "Ġlow", "er"]
    assert cut("é", terms, prefix=False) == ["Ã", "©"]  # its two bytes
    assert cut("it's 42!", terms, prefix=False) == ["i", "t", "'", "s", "Ġ", "4", "2", "!"]


def test_a_vocabulary_of_its_own_numbers(tmp_path):
    pieces = {"low": 7, "er": 0, "Ġlow": 3, "l": 1}
    (tmp_path / "numbers.json").write_text(json.dumps(pieces), encoding="utf-8")
    terms = read(tmp_path, vocabulary="numbers.json")
    assert terms["pieces"] == list(pieces) and terms["numbers"] == [8, 1, 4, 2]
    assert cut("low lower x", terms, prefix=False) == ["low", "Ġlow", "er"]  # what is no piece is left out
    (tmp_path / "numbers.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ValueError, match="'numbers.json' beside 'merges.txt' is no JSON dict of pieces"):
        read(tmp_path, vocabulary="numbers.json")


def test_the_last_byte_of_a_word_as_clip_has_it():
    pieces = [*byte_signs(), *(sign + "</w>" for sign in byte_signs()), "lo", "low</w>"]
    terms = {"pieces": pieces, "merges": ["l o", "lo w</w>"]}
    assert cut("low lows 42", terms, split="clip") == ["low</w>", "lo", "w", "s</w>", "4</w>", "2</w>"]


def test_characters_by_hand(tmp_path):
    (tmp_path / "gemma.model").write_bytes(model(OF_CHARACTERS, kind=2))
    terms = BytePairs(split="sentence_piece").read(tmp_path / "gemma.model")
    assert terms["scores"][:257] == [None] * 257 and terms["scores"][257] == -1
    # "▁l" is joined first, then "ow", then both; "▁" + "low" is none
    assert cut("low lower", terms, split="sentence_piece") == ["▁low", "▁low", "er"]
    assert cut("é", terms, split="sentence_piece") == ["▁", "<0xC3>", "<0xA9>"]
    few = {"pieces": ["<unk>", "▁"], "scores": [None, -1.0]}
    assert cut("é", few, split="sentence_piece") == ["▁", "<unk>"]
    (tmp_path / "t5.model").write_bytes(model(OF_CHARACTERS, kind=1))
    with pytest.raises(ValueError, match="'t5.model' is a SentencePiece model of kind 'unigram'; BytePairs"):
        BytePairs(split="sentence_piece").read(tmp_path / "t5.model")


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(ValueError, match="BytePairs: there is no split 'gpt3'. Did you mean 'gpt2'"):
        BytePairs(split="gpt3")
    (tmp_path / "merges.txt").write_text("l o\nlow\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'merges.txt', merge 2: expected two pieces and a space"):
        BytePairs().read(tmp_path / "merges.txt")


def test_a_word_without_end_is_several():
    assert len(BytePairs().words(["a" * 100]).to_list()[0]) == 3


@pytest.mark.parametrize("text", ["low lower", "lowlow é", "wol", ""])
def test_sentencepiece_cuts_likewise(text, tmp_path):
    tf_text = pytest.importorskip("tensorflow_text")
    packed = model(OF_CHARACTERS, kind=2)
    (tmp_path / "gemma.model").write_bytes(packed)
    terms = BytePairs(split="sentence_piece").read(tmp_path / "gemma.model")
    (found,) = tf_text.SentencepieceTokenizer(packed).tokenize([text]).to_list()
    assert cut(text, terms, split="sentence_piece") == [OF_CHARACTERS[number][0] for number in found]

"""The longest pieces: by hand, BERT's words, files, and the contract."""

import pytest

from contracts import TokeniserContract
from tfmmrec.tokenisers import WordPiece

PIECES = ["[PAD]", "[UNK]", "un", "##aff", "##able", "##a", "aff", "runn", "##ing", ".", "电"]


def cut(text, tokeniser=None, pieces=PIECES):
    import tensorflow as tf

    tokenise, _ = (tokeniser or WordPiece()).ops({"pieces": pieces})
    return [pieces[number - 1] for number in tokenise(tf.constant([text])).to_list()[0]]


def words(text, **settings):
    return [word.decode() for word in WordPiece(**settings).words([text]).to_list()[0]]


class TestWordPiece(TokeniserContract):
    component = WordPiece()

    def reference(self, word, terms):
        known, found, rest = set(terms["pieces"]), [], word
        if len(word.encode()) > 100:
            return [None]
        while rest:
            inside = "##" if found else ""
            ends = (end for end in range(len(rest), 0, -1) if inside + rest[:end] in known)
            end = next(ends, None)
            if end is None:
                return [None]
            found.append(inside + rest[:end])
            rest = rest[end:]
        return found

    def joined(self, pieces):
        return "".join(piece.removeprefix("##") for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("UNAFFABLE running.", ["un", "##aff", "##able", "runn", "##ing", "."]),
        ("unaffa", ["un", "##aff", "##a"]),  # the longest first, though none would be left of "##affa"
        ("unaffx aff", ["[UNK]", "aff"]),  # a part is unknown: the word is
        ("##ing", ["[UNK]", "[UNK]", "[UNK]"]),  # what stands within a word begins none
        ("电影", ["电", "[UNK]"]),
        ("un" * 60, ["[UNK]"]),
        ("", []),
    ],
)
def test_by_hand(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("Don't stop!", {}, ["don", "'", "t", "stop", "!"]),
        ("Don't", {"lowercase": False}, ["Don", "'", "t"]),
        ("ÉCOLE naïve", {}, ["école", "naïve"]),
        ("ÉCOLE naïve", {"strip_accents": True}, ["ecole", "naive"]),
        ("我爱it 2", {}, ["我", "爱", "it", "2"]),
        ("a\u00a0b\u3000c\td", {}, ["a", "b", "c", "d"]),
        ("новый-фильм", {}, ["новый", "-", "фильм"]),
        ("$5^2", {}, ["$", "5", "^", "2"]),
    ],
)
def test_words_as_bert_has_them(text, settings, expected):
    assert words(text, **settings) == expected


def test_pieces_learnt_by_hand():
    terms = WordPiece().learn({"low": 5, "lower": 2, "new": 3}, 12, 2)
    # ##o·##w is met 7 times, then l·##ow, ##e·##w 3 times, n·##ew, ##e·##r twice
    letters = ["##w", "##o", "l", "##e", "n", "##r"]
    assert terms == {"pieces": ["[UNK]", *letters, "##ow", "low", "##ew", "new", "##er"]}
    assert WordPiece().learn({"low": 5, "lower": 2, "new": 3}, 4, 2)["pieces"] == ["[UNK]", *letters[:3]]
    assert WordPiece().learn({"low": 5, "xyz": 1}, 50, 2)["pieces"] == [
        "[UNK]", *("##o", "##w", "l"), *("##ow", "low"),
    ]  # fmt: skip


def test_a_vocabulary_of_berts_kind(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\r\n\n", encoding="utf-8")
    assert WordPiece().read(tmp_path / "vocab.txt") == {"pieces": PIECES}
    (tmp_path / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"'vocab.txt' has no line '\[UNK\]', which stands for unknown"):
        WordPiece().read(tmp_path / "vocab.txt")
    assert WordPiece(unknown="a").read(tmp_path / "vocab.txt") == {"pieces": ["a", "b"]}
    (tmp_path / "vocab.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="'vocab.txt' is no UTF-8 text"):
        WordPiece().read(tmp_path / "vocab.txt")
    (tmp_path / "vocab.txt").write_bytes(b"\n")
    with pytest.raises(ValueError, match="'vocab.txt' is empty"):
        WordPiece().read(tmp_path / "vocab.txt")


@pytest.mark.parametrize("text", ["unaffable running", "aff. unaff x", "电un电", "ünaffable"])
def test_tensorflow_texts_tokeniser_cuts_likewise(text):
    tf_text = pytest.importorskip("tensorflow_text")
    theirs = tf_text.FastBertTokenizer(PIECES, suffix_indicator="##", lower_case_nfd_strip_accents=True)
    numbers = theirs.tokenize([text]).flat_values.numpy()
    assert cut(text, WordPiece(strip_accents=True)) == [PIECES[number] for number in numbers]

"""Model files of SentencePiece."""

import pytest

from tfmmrec.tokenisers.sentence_piece import CONTROL, read_model
from tokenisers.models import NORMAL, UNKNOWN, model

PIECES = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("▁a" * 60, -1.5, NORMAL)]


def test_what_a_model_holds(tmp_path):
    path = tmp_path / "plot.model"
    path.write_bytes(model(PIECES, 2, "nmt_nfkc", prefix=False))
    read = read_model(path)
    assert read.pieces == ["<unk>", "<s>", "▁a" * 60] and read.scores == [0, 0, -1.5]
    assert (read.kind, read.unknown, read.prefix, read.normalises) == ("bpe", "<unk>", False, True)
    assert list(read.usable({CONTROL})) == [None, None, -1.5]
    assert list(read.usable(set())) == [None, 0, -1.5]


@pytest.mark.parametrize(
    ("contents", "match"),
    [
        (b"no model at all", "is no SentencePiece model"),
        (model(PIECES)[:25], "is no SentencePiece model"),
        (model(PIECES[1:]), "it has no unknown piece"),
        (b"", "it has no unknown piece"),
    ],
)
def test_what_is_none(contents, match, tmp_path):
    (tmp_path / "plot.model").write_bytes(contents)
    with pytest.raises(ValueError, match=f"'plot.model'.*{match}"):
        read_model(tmp_path / "plot.model")

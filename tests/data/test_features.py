"""From cells to the parts a model reads."""

import io
import wave

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import decoding
from tfmmrec.data import features as features_module
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.decoding import Decoding
from tfmmrec.data.features import prepare_feature
from tfmmrec.data.readers import read_table
from tfmmrec.modalities import Audio, Category, Id, Image, Number, Tags, Text, Vector


class Preparer:
    """A table of one column, prepared as one feature."""

    def __init__(self, folder):
        self.folder, self.letters, self.heard = folder, DeadLetters(), []

    def __call__(self, feature, lines, rows, trained=None, ids=()):
        path = self.folder / "items.csv"
        path.write_text("\n".join(["item_id,x", *(f"{i},{line}" for i, line in enumerate(lines))]))
        wanted = {"item_id": "the test"} | ({"x": "the test"} if feature.in_table else {})
        table = read_table(self.folder, path, "items", wanted, self.letters)
        rows = np.asarray(rows)
        trained = np.ones(len(rows), bool) if trained is None else np.asarray(trained, bool)
        heard = lambda *event: self.heard.append(event)  # noqa: E731
        return prepare_feature(feature, ids, table, rows, trained, Decoding(self.folder), self.letters, heard)


@pytest.fixture
def prepare(tmp_path):
    return Preparer(tmp_path)


def png(folder, name, shade):
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8), (shade, 0, 0)).save(buffer, "PNG")
    (folder / name).write_bytes(buffer.getvalue())


def wav(folder, name, samples):
    with wave.open(str(folder / name), "wb") as clip:
        clip.setparams((1, 2, 8000, len(samples), "NONE", ""))
        clip.writeframes(np.asarray(samples, "<i2").tobytes())


def test_states_are_learnt_from_training_rows_alone(prepare):
    state, parts = prepare(Number("x", clip=0), ["1", "3", "1000"], [0, 1, 2], [True, True, False])
    assert state == {"low": 1.0, "high": 3.0, "mean": 2.0, "scale": 1.0}
    assert parts["number"].tolist() == [-1, 1, 1]
    assert parts["number"].dtype == np.float32
    state, parts = prepare(Category("x"), ["b", "a", "b"], [0, 1, 2], [True, False, True])
    assert state["terms"] == ["b"]
    assert parts["value"].tolist() == [2, 1, 2]


def test_rows_may_be_absent_repeated_and_in_any_order(prepare):
    _, parts = prepare(Number("x", clip=0), ["1", "", "3"], [2, -1, 0, 1, 2])
    assert np.isnan(parts["number"]).tolist() == [False, True, False, True, False]
    _, parts = prepare(Tags("x", length=2), ["a|b", "", "b"], [2, -1, 0, 1])
    assert (parts["tags"] > 0).sum(axis=1).tolist() == [1, 0, 2, 0]


def test_ids_are_numbered_in_their_order(prepare):
    ids = ["🎬", "a,b", "new"]
    state, parts = prepare(Id("item_id"), ["x"], [-1, -1, -1], [True, True, False], ids)
    assert state == {"size": 3, "terms": ids[:2]}
    assert parts["id"].tolist() == [1, 2, 0]


def test_a_refused_cell_counts_as_missing_and_is_reported_once(prepare):
    state, parts = prepare(Number("x", clip=0), ["1", "soon", "3", "inf"], [3, 2, 1, 0, -1], [0, 1, 1, 1, 0])
    assert np.isnan(parts["number"]).tolist() == [True, False, True, False, True]
    assert state["mean"] == 2.0
    letters = [(x.line, x.column, x.lost, x.reason, x.value) for x in prepare.letters]
    assert sorted(letters) == [
        (3, "x", "cell", "unusable x", "soon"),
        (5, "x", "cell", "unusable x", "inf"),
    ]
    assert "expected a number, got 'soon'" in {letter.detail for letter in prepare.letters}


def test_pictures_are_opened_in_chunks(prepare, monkeypatch):
    monkeypatch.setattr(decoding, "_ROWS", 2)
    opened = []
    raw = Image.raw
    monkeypatch.setattr(
        Image, "raw", lambda self, cells, *rest: opened.append(len(cells)) or raw(self, cells, *rest)
    )
    for i in range(3):
        png(prepare.folder, f"{i}.png", 10 * i)
    (prepare.folder / "broken.png").write_bytes(b"no picture")
    feature = Image("x", height=8, width=8)
    lines = ["0.png", "broken.png", "2.png", "lost.png", "1.png"]
    _, parts = prepare(feature, lines, [4, 3, 2, 1, 0, -1])
    assert opened == [2, 2, 2]
    assert parts["present"].ravel().tolist() == [1, 0, 1, 0, 1, 0]
    assert parts["pixels"].dtype == np.uint8
    assert parts["pixels"][:, 0, 0, 0, 0].tolist() == [10, 0, 20, 0, 0, 0]
    assert sorted((x.line, x.value) for x in prepare.letters) == [(3, "broken.png"), (5, "lost.png")]
    assert prepare.heard == [("items: x", done, 6) for done in (0, 2, 4, 6)]


def test_pictures_by_id(prepare, monkeypatch):
    monkeypatch.setattr(decoding, "_ROWS", 2)
    (prepare.folder / "posters").mkdir()
    for one, shade in (("a", 10), ("c", 30)):
        png(prepare.folder / "posters", f"{one}.png", shade)
    (prepare.folder / "posters" / "b.jpg").write_bytes(b"no picture")
    feature = Image("x", height=8, width=8, folder="posters")
    _, parts = prepare(feature, ["", "", ""], [2, 0, 1, -1], ids=["c", "a", "b", "a"])
    assert parts["present"].ravel().tolist() == [1, 1, 0, 0]
    assert parts["pixels"][:, 0, 0, 0, 0].tolist() == [30, 10, 0, 0]
    assert [(x.line, x.column, x.value) for x in prepare.letters] == [(3, "x", "posters/b.jpg")]
    with pytest.raises(
        ValueError, match="None of the 1 ids has a file in 'posters': an id is '01', and a file is"
    ):
        prepare(feature, [""], [0], ids=["01"])


def test_a_damaged_tar_is_an_error(prepare):
    (prepare.folder / "media.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(ValueError, match="media.tar cannot be read as a tar"):
        prepare(Image("x"), ["a.png"], [0])


def test_clips(prepare):
    wav(prepare.folder, "a.wav", (3000 * np.sin(np.arange(8000))).astype(int))
    _, parts = prepare(Audio("x", seconds=1), ["a.wav", ""], [1, 0])
    assert parts["heard"].tolist() == [0, 40]
    assert parts["frames"].dtype == np.float16
    assert np.isfinite(parts["frames"]).all()
    assert parts["frames"][1].any()


def test_words(prepare):
    state, parts = prepare(Text("x", length=3, min_count=1), ["Der Hund", "der", ""], [0, 1, 2], [1, 1, 0])
    assert state["terms"] == ["der", "hund"]
    assert parts["tokens"].tolist() == [[2, 3, 0], [2, 0, 0], [0, 0, 0]]


def test_training_rows_say_how_long_a_vector_is(prepare):
    state, parts = prepare(Vector("x"), ["1 2 3", "1 2", "3 4"], [0, 1, 2], [False, True, True])
    assert state["size"] == 2
    assert np.isnan(parts["vector"]).all(axis=1).tolist() == [True, False, False]
    assert [letter.line for letter in prepare.letters] == [2]


def test_vectors_of_a_file_follow_the_rows_of_the_table(prepare):
    np.save(prepare.folder / "v.npy", np.array([[0, 1], [9, 9], [2, 5], [4, 9]], "float16"))
    feature = Vector("x", file="v.npy")
    lines = ["", "one,cell,too,many", "", ""]  # a row that cannot be read still has its vector
    state, parts = prepare(feature, lines, [2, -1, 0, 1])
    assert state["mean"] == [2.0, 5.0]
    np.testing.assert_allclose(parts["vector"][:, 0], [1.5**0.5, np.nan, -(1.5**0.5), 0], rtol=1e-6)
    with pytest.raises(ValueError, match=r"expected \(3, size\), got \(4, 2\)"):
        prepare(feature, ["", "", ""], [0])


def test_rows_beyond_one_chunk(prepare, monkeypatch):
    monkeypatch.setattr(features_module, "_ROWS", 3)
    _, parts = prepare(Number("x", clip=0), [str(i) for i in range(8)], np.arange(8)[::-1])
    np.testing.assert_allclose(parts["number"], -(np.arange(8) - 3.5) / np.arange(8).std(), rtol=1e-6)
    assert [done for _, done, _ in prepare.heard] == [0, 3, 6, 8]

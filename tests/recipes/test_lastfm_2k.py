"""The Last.fm-2K converter: on a few made-up rows, and on the real data."""

import csv
from collections import Counter

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.lastfm_2k import convert
from tfmmrec.schema import Schema

EVENTS = "user,item,listens,split\n7,1,10,train\n7,0,1,test\n3,2,200,train\n3,1,5,valid\n"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/lastfm-2k"
    root.mkdir(parents=True)
    (root / "interactions.csv").write_text(EVENTS)
    (root / "items.csv").write_text(
        'item,artist_id,name,tags\n0,80,Groove  Armada,"00s,chill | out, ,dance"\n'
        '1,66,"Crosby, Stills",\n2,5,Björk,pop\n'
    )
    (root / "friends.csv").write_text("user,friend\n3,7\n3,9\n7,3\n9,3\n")
    for number, name in enumerate(("text_minilm", "audio_vggish", "audio_whisper"), 1):
        np.save(root / f"{name}.npy", np.arange(3 * number, dtype="float16").reshape(3, number))
    return root


def test_tables(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    assert (folder / "events.csv").read_text() == (
        "user_id,item_id,listens,log_listens,split\n"
        "7,1,10,2.3026,train\n7,0,1,0.0000,test\n3,2,200,5.2983,train\n3,1,5,1.6094,valid\n"
    )
    assert (folder / "items.csv").read_text() == (
        'item_id,name,tags\n0,Groove Armada,00s|chill out|dance\n1,"Crosby, Stills",\n2,Björk,pop\n'
    )
    # Nobody without events: user 9 is a friend only.
    assert (folder / "users.csv").read_text() == "user_id,friends\n7,3\n3,7|9\n"


def test_vectors_are_copied_as_they_are(source, tmp_path):
    folder = convert(source.parent, tmp_path / "out")
    for name in ("text_minilm", "audio_vggish", "audio_whisper"):
        assert (folder / f"{name}.npy").read_bytes() == (source / f"{name}.npy").read_bytes()


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    data = load(folder, Schema.from_toml(folder / "schema.toml"))
    assert data.item_ids == ["1", "2", "0"] and data.user_ids == ["7", "3"]
    assert data.problems == {}
    assert data.vocabulary.features["item"]["audio_vggish"]["size"] == 2
    # Rows follow the items, wherever preparation puts them: item 2's vector is [4, 5], the larger of two.
    vectors = data.items["audio_vggish"]["vector"]
    assert vectors[0].tolist() == [-1, -1] and vectors[1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("interactions.csv", EVENTS.replace("valid", "dev"), "got '5' and 'dev' in line 5"),
        ("interactions.csv", EVENTS.replace("200", "0"), "listens of 1 or more .* got '0' .* line 4"),
        ("interactions.csv", EVENTS.replace(",200", ""), "got 'train' and None in line 4"),
        ("interactions.csv", "user,item\n1,1\n", "lacks listens, split"),
        ("items.csv", "item,name,tags\n1,a,\n0,b,\n2,c,\n", "got '1' as item 0. Is the table sorted"),
        ("items.csv", "item,name,tags\n0,a,\n1,b,\n", "a row for each of the 2 items, got 3 rows"),
        ("audio_vggish.npy", "no array", "audio_vggish.npy to be a whole .npy array of numbers"),
    ],
)
def test_malformed_files(source, tmp_path, file, text, match):
    (source / file).write_text(text)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_real(tfmmrec_data, tmp_path):
    root = tfmmrec_data / "lastfm-2k"
    folder = convert(tfmmrec_data, tmp_path / "out")
    with (folder / "events.csv").open() as stream:
        events = list(csv.DictReader(stream))
    pairs = [tuple(event[name] for name in ("user_id", "item_id", "listens", "split")) for event in events]
    written = "user,item,listens,split\n" + "".join(",".join(pair) + "\n" for pair in pairs)
    assert written == (root / "interactions.csv").read_text()
    assert Counter(pair[3] for pair in pairs) == {"train": 44_327, "valid": 4_799, "test": 7_219}

    schema = Schema.from_toml(folder / "schema.toml")
    data = load(folder, schema.only(item=["item_id"], event=[]))
    assert (len(data.user_ids), len(data.item_ids), data.problems) == (1_858, 1_425, {})
    assert [int((data.events.split == code).sum()) for code in range(3)] == [44_327, 4_799, 7_219]
    for name, size in (("text_minilm", 384), ("audio_vggish", 128), ("audio_whisper", 512)):
        vectors = np.load(folder / f"{name}.npy")
        assert vectors.shape == (1_425, size) and (vectors == np.load(root / f"{name}.npy")).all()
    with (folder / "items.csv").open() as stream:
        first = next(csv.DictReader(stream))
    assert first["name"] == "Groove Armada" and first["tags"].split("|")[5] == "ambient"
    with (folder / "users.csv").open() as stream:
        friends = [user["friends"].split("|") for user in csv.DictReader(stream) if user["friends"]]
    assert sum(map(len, friends)) == 2 * 12_480  # each friendship at both friends

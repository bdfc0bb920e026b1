"""The converter of MMRec folders, on a few made-up rows in their layout."""

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.mmrec import convert
from tfmmrec.schema import Schema

HEADER = "userID\titemID\trating\ttimestamp\tx_label\n"
ROWS = (
    "0\t2\t5.0\t1390694400\t0\n0\t0\t2.0\t1390694401\t1\n4\t1\t3.0\t1390694402\t0\n4\t2\t1.0\t1390694403\t2\n"
)


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "baby"
    root.mkdir()
    (root / "baby.inter").write_text(HEADER + ROWS)
    np.save(root / "image_feat.npy", np.arange(9, dtype="float64").reshape(3, 3))
    np.save(root / "text_feat.npy", np.array([[1], [0], [-1]], "float32"))
    (root / "user_graph_dict.npy").write_bytes(b"pickled, not touched")
    return root


def test_tables_and_vectors(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    assert (folder / "events.csv").read_text() == (
        "user_id,item_id,rating,timestamp,split\n0,2,5.0,1390694400,train\n0,0,2.0,1390694401,valid\n"
        "4,1,3.0,1390694402,train\n4,2,1.0,1390694403,test\n"
    )
    assert (folder / "items.csv").read_text() == "item_id\n0\n1\n2\n"
    for name in ("image_feat.npy", "text_feat.npy"):
        assert (folder / name).read_bytes() == (source / name).read_bytes()
    assert not (folder / "user_graph_dict.npy").exists()


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    schema = Schema.from_toml(folder / "schema.toml")
    assert [feature.name for feature in schema.item] == ["image_feat", "text_feat"]
    data = load(folder, schema)
    assert data.item_ids == ["2", "1", "0"] and data.problems == {}
    assert np.sign(data.items["text_feat"]["vector"][:, 0]).tolist() == [-1, 1, 1]
    assert data.events.split.tolist() == [0, 1, 0, 2]


def test_without_ratings_times_and_pictures(source, tmp_path):
    (source / "baby.inter").rename(source / "microlens.inter")
    (source / "microlens.inter").write_text("x_label\titemID\tuserID\n0\t1\t7\n")
    (source / "image_feat.npy").unlink()
    folder = convert(source, tmp_path / "out")
    assert (folder / "events.csv").read_text() == "user_id,item_id,split\n7,1,train\n"
    assert [feature.name for feature in Schema.from_toml(folder / "schema.toml").item] == ["text_feat"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEADER + "0\t3\t1\t1\t0\n", "item of 0 to 2 .* got '0', '3' and '0' in line 2"),
        (HEADER + ROWS + "0\t1\t1\t1\t3\n", "got '0', '1' and '3' in line 6"),
        (HEADER + "0\t1\n", "got '0', '1' and '' in line 2"),
        (HEADER + "\t1\t1\t1\t0\n", "got '', '1' and '0' in line 2"),
        ("userID\titemID\n0\t1\n", "lacks x_label; its first line is 'userID itemID'. Has it been split"),
    ],
)
def test_malformed_tables(source, tmp_path, text, match):
    (source / "baby.inter").write_text(text)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")


def test_vectors_of_another_data_set(source, tmp_path):
    np.save(source / "text_feat.npy", np.zeros((4, 1)))
    with pytest.raises(ValueError, match="a row for each of the 3 items, got 4"):
        convert(source, tmp_path / "out")


def test_a_folder_of_no_or_several_data_sets(source, tmp_path):
    with pytest.raises(ValueError, match="one table .*such as baby/"):
        convert(tmp_path, tmp_path / "out")
    (source / "sports.inter").touch()
    with pytest.raises(ValueError, match="it holds baby.inter, image_feat.npy, sports.inter"):
        convert(source, tmp_path / "out")
    with pytest.raises(ValueError, match="which is not there"):
        convert(tmp_path / "nowhere", tmp_path / "out")

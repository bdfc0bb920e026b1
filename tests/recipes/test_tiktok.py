"""The TikTok converter: on a few made-up pairs, and on the real data."""

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.tiktok import convert
from tfmmrec.schema import Schema

PAIRS = {"trn": [[0, 2], [0, 0], [1, 1]], "val": [[1, 2]], "tst": [[0, 1]]}


def write_pairs(root, **changed):
    np.savez(root / "interactions.npz", **{k: np.array(v, "int32") for k, v in (PAIRS | changed).items()})


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/tiktok"
    root.mkdir(parents=True)
    write_pairs(root)
    np.save(root / "image_feat.npy", np.array([[1, 2], [3, 4], [5, 6]], "float16"))
    np.save(root / "audio_feat.npy", np.array([[1], [0], [-1]], "float16"))
    return root


def test_tables_and_vectors(source, tmp_path):
    folder = convert(source.parent, tmp_path / "out")
    assert (folder / "events.csv").read_text() == (
        "user_id,item_id,split\n0,2,train\n0,0,train\n1,1,train\n1,2,valid\n0,1,test\n"
    )
    assert (folder / "items.csv").read_text() == "item_id\n0\n1\n2\n"
    for name in ("image_feat.npy", "audio_feat.npy"):
        assert (folder / name).read_bytes() == (source / name).read_bytes()


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    data = load(folder, Schema.from_toml(folder / "schema.toml"))
    assert data.item_ids == ["2", "0", "1"] and data.problems == {}
    assert np.sign(data.items["audio_feat"]["vector"][:, 0]).tolist() == [-1, 1, 0]
    assert data.events.split.tolist() == [0, 0, 2, 0, 1]


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"tst": [[0, 3]]}, "items of tst in .* 0 to 2, got users and items from 0 and items up to 3"),
        ({"trn": [[-1, 0]]}, "got users and items from -1"),
        ({"val": [[0, 1, 2]]}, r"val of .* shape \(pairs, 2\).* shape \(1, 3\)"),
    ],
)
def test_pairs_that_are_none(source, tmp_path, changed, match):
    write_pairs(source, **changed)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")


def test_arrays_that_are_none(source, tmp_path):
    np.savez(source / "interactions.npz", trn=np.array([[0, 0]]))
    with pytest.raises(ValueError, match="hold the arrays trn, val, tst .*: 'val is not a file"):
        convert(source, tmp_path / "out")
    np.savez(source / "interactions.npz", trn=np.array([{}]), val=np.array(1), tst=np.array(1))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        convert(source, tmp_path / "out")
    (source / "interactions.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="right file, and whole"):
        convert(source, tmp_path / "out")
    write_pairs(source)
    np.save(source / "image_feat.npy", np.zeros((3, 2, 2)))
    with pytest.raises(ValueError, match=r"shape \(items, size\), got float64 of the shape \(3, 2, 2\)"):
        convert(source, tmp_path / "out")


def test_real(tfmmrec_data, tmp_path):
    folder = convert(tfmmrec_data, tmp_path / "out")
    lines = (folder / "events.csv").read_text().splitlines()[1:]
    rows = np.array([line.split(",") for line in lines])
    with np.load(tfmmrec_data / "tiktok/interactions.npz") as arrays:
        for name, split, count in (
            ("trn", "train", 59_541),
            ("val", "valid", 3_051),
            ("tst", "test", 6_130),
        ):
            mine = rows[rows[:, 2] == split][:, :2].astype("int32")
            assert len(mine) == count and (mine == arrays[name]).all()
    assert len({user for user, _, _ in rows.tolist()}) == 9_308
    assert len((folder / "items.csv").read_text().splitlines()) == 1 + 6_710
    schema = Schema.from_toml(folder / "schema.toml")
    assert [feature.file for feature in schema.item] == ["image_feat.npy", "audio_feat.npy"]

"""Prepared data on disk: the same when it comes back, and damage is noticed."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tfmmrec.data import open_shards, shards
from tfmmrec.data.dataset import Data, Events
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Category, Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, NextItem

MARK = {"files": {"events.csv": [10, 1]}, "arguments": ("auto", 0.0)}


@pytest.fixture
def data():
    schema = Schema(
        item=[Text("plot")], event=[Category("kind")], tasks=[NextItem(), Binary("like")], order="file"
    )
    features = {
        "item": {"item_id": {"size": 2, "terms": ["🎬"]}, "plot": {"size": 3, "terms": ["a"]}},
        "user": {},
        "event": {"kind": {"size": 2, "terms": []}},
    }
    ones = np.ones(3, "float32")
    return Data(
        schema,
        Vocabulary(features, {"next_item": {}, "like": {}}, 2, 1),
        ["🎬", "a,\n\0b"],
        ["007"],
        {
            "item_id": {"id": np.array([1, 0], "int32")},
            "plot": {"tokens": np.arange(64, dtype="int32").reshape(2, 32)},
        },
        {},
        Events(
            start=np.array([0, 3]),
            item=np.array([0, 0, 1], "int32"),
            time=np.full(3, np.nan),
            split=np.array([0, 0, 3], "int8"),
            features={"kind": {"value": np.array([0, 1, 1], "int32")}},
            labels={"like": np.array([1, np.nan, 0], "float32")},
            weights={"like": ones, "next_item": ones},
        ),
        "ab" * 32,
        {"events: unknown item": 2},
        attributes={"year": {"value": np.array([1990.5, np.nan])}},
    )


def same(a, b):
    """Equal values, types and order, arrays and containers alike."""
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, Data | Events):
        same({name: getattr(a, name) for name in a.__dataclass_fields__}, vars(b))
    else:
        assert a == b


def test_back_as_it_was_and_mapped(data, tmp_path):
    shards.write(data, tmp_path / "new" / "shards")
    opened = open_shards(tmp_path / "new" / "shards", verify=True)
    same(data, opened)
    assert isinstance(opened.items["plot"]["tokens"], np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        opened.events.item[0] = 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["shards"]


def test_arrays_without_rows_or_columns(data, tmp_path):
    empty = replace(data, items={"plot": {"tokens": np.zeros((0, 4), "float16")}})
    shards.write(empty, tmp_path / "shards")
    tokens = open_shards(tmp_path / "shards").items["plot"]["tokens"]
    assert (tokens.shape, tokens.dtype) == ((0, 4), np.float16)


def test_neither_tensorflow_nor_the_source_is_needed(data, tmp_path):
    shards.write(data, tmp_path / "shards")
    script = f"""
import sys
sys.modules["tensorflow"] = None  # importing it fails
from tfmmrec.data import open_shards
data = open_shards({str(tmp_path / "shards")!r}, verify=True)
import keras
assert keras.backend.backend() == "jax"
print(data.item_ids[0] == "\\U0001f3ac", len(data.train), len(data.cold), data.schema.tasks[1].name)
"""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.stdout.split() == ["True", "2", "1", "like"], run.stderr


def test_recognised_by_what_they_were_made_of(data, tmp_path):
    folder = tmp_path / "shards"
    assert not shards.holds(folder, MARK)
    folder.mkdir()
    assert not shards.holds(folder, MARK)
    shards.write(data, folder, MARK)
    assert shards.holds(folder, MARK)
    assert not shards.holds(folder, {**MARK, "arguments": ("auto", 0.1)})
    shards.write(data, folder)
    assert not shards.holds(folder, MARK)


def test_earlier_shards_are_replaced_whole(data, tmp_path):
    folder = tmp_path / "shards"
    shards.write(data, folder)
    before = open_shards(folder)
    smaller = replace(data, items={"item_id": data.items["item_id"]})
    shards.write(smaller, folder)
    assert list(open_shards(folder, verify=True).items) == ["item_id", "plot"]
    assert open_shards(folder).items["plot"] == {}
    same(data.items["plot"], before.items["plot"])  # who reads the old ones still does
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]


def test_an_interrupted_write_leaves_what_was_there(data, tmp_path, monkeypatch):
    folder = tmp_path / "shards"
    shards.write(data, folder)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shards, "_checksum", interrupted)
        shards.write(replace(data, user_ids=["other"]), folder)
    same(data, open_shards(folder, verify=True))
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]


def test_something_else_is_never_replaced(data, tmp_path):
    (tmp_path / "events.csv").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"name": "a web page"}')
    for target, message in [
        (tmp_path, "is not empty and holds no prepared shards"),
        (tmp_path / "events.csv", "is not empty and holds no prepared shards"),
        (tmp_path / "other", "is not the manifest of prepared shards"),
    ]:
        with pytest.raises(ValueError, match=message):
            shards.write(data, target)
        with pytest.raises(ValueError, match=message):
            shards.holds(target, MARK)
    assert (tmp_path / "events.csv").read_text() == "x"


def test_a_flipped_byte_is_found(data, tmp_path):
    shards.write(data, tmp_path)
    for file in ("events/item.npy", "item_features/plot/tokens.npy", "user_ids.json"):
        contents = (tmp_path / file).read_bytes()
        (tmp_path / file).write_bytes(contents[:-3] + bytes([contents[-3] ^ 1]) + contents[-2:])
        with pytest.raises(ValueError, match=f"'{file}' .* is damaged: its checksum differs.*prepare again"):
            open_shards(tmp_path, verify=True)
        (tmp_path / file).write_bytes(contents)
    open_shards(tmp_path, verify=True)


def overwrite(contents):
    return lambda path: path.write_bytes(contents)


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("events/item.npy", lambda path: path.unlink()),
        ("events/item.npy", overwrite(b"")),
        ("events/item.npy", lambda path: path.write_bytes(path.read_bytes()[:-4])),
        ("events/item.npy", lambda path: np.save(path, np.zeros(4, "int32"))),
        ("events/item.npy", lambda path: np.save(path, np.array([{}]), allow_pickle=True)),
        ("item_ids.json", lambda path: path.unlink()),
        ("item_ids.json", overwrite(b'["a"')),
        ("manifest.json", overwrite(b'{"format"')),
        ("manifest.json", overwrite(b"\xff")),
    ],
)
def test_damaged_files(data, tmp_path, file, damage, verify):
    shards.write(data, tmp_path)
    damage(tmp_path / file)
    with pytest.raises(ValueError, match=f"Shard file '{file}' in .* is damaged: .*Delete the folder"):
        open_shards(tmp_path, verify)


def test_no_shards_or_another_version(data, tmp_path):
    with pytest.raises(
        ValueError, match=r"holds no prepared shards.*load\(..., prepared=folder\) writes them"
    ):
        open_shards(tmp_path / "nowhere")
    shards.write(data, tmp_path, MARK)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(
        ValueError, match="version 99, and this library reads version 2: prepare the data again"
    ):
        open_shards(tmp_path)
    assert not shards.holds(tmp_path, MARK)

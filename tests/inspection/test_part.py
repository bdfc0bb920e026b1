"""A part of a data folder: it can be prepared where the whole can, and the folder stays as it is."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import load
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.inspection.overview import read_tables
from tfmmrec.inspection.part import prepare_part
from tfmmrec.modalities import Category, Image, Text, Vector
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Multiclass, NextItem

PICTURE = {"height": 16, "width": 16, "tokens": 1}


@pytest.fixture
def folder(tmp_path):
    """Eight items, whose pictures are named by paths from the root, and ten users with six events each."""
    folder = tmp_path / "data"
    for place in ("images", "covers", "vectors", "words"):
        (folder / place).mkdir(parents=True)
    for item in range(8):
        for name in (f"images/{item}.png", f"covers/i{item}.png"):
            Pillow.new("RGB", (20, 20), (30 * item, 0, 99)).save(folder / name)
    items = ["item_id,plot,image,colour"]
    items += [
        f'i{n},"a ship, the sea and the town","{folder}/images/{n}.png",{"red" if n % 2 else "blue"}'
        for n in range(8)
    ]
    events = ["user_id,item_id,time,like"]
    events += [f"u{u},i{(u + n) % 8},{n},{n % 2}" for u in range(10) for n in range(6)]
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    np.save(folder / "vectors" / "v.npy", np.random.default_rng(0).normal(size=(8, 5)).astype("float32"))
    (folder / "words" / "glove.txt").write_text("sea 1 2\nship 3 4\n")
    (folder / "words" / "alike.txt").write_text("ship, boat, sea\n")
    return folder


def part_of(folder, schema, aside, media=256):
    tables = read_tables(folder, schema, DeadLetters(), lambda *_: None)
    return prepare_part(tables, schema, Settings(), folder, aside, 20_000, media)


def held(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_part_that_is_all_is_as_the_whole_and_originals_are_untouched(folder, tmp_path):
    def schema(root):
        return Schema(
            item=[
                Image("image", **PICTURE),
                Image("cover", folder=f"{root}covers", **PICTURE),
                Vector("v", file=f"{root}vectors/v.npy"),
                Text(
                    "plot",
                    vectors=f"{root}words/glove.txt",
                    thesaurus=f"{root}words/alike.txt",
                    augment=["synonyms"],
                ),
            ],
            tasks=[NextItem(), Binary("like")],
            timestamp="time",
        )

    before = held(folder)
    whole = load(folder, schema(""))
    for root in ("", f"{folder}/"):
        part = part_of(folder, schema(root), tmp_path / "aside")
        assert held(folder) == before and not (tmp_path / "aside").exists()
        assert part.data.problems == {} and part.media["items"] == 8
        assert part.data.vocabulary.folder == str(folder)
        for name, parts in whole.items.items():
            for kind, array in parts.items():
                np.testing.assert_array_equal(part.data.items[name][kind], array, f"{name}: {kind}")


def test_a_picture_that_is_the_id_stays_one(folder, tmp_path):
    labels = "photo,kind\n" + "".join(f"images/{n}.png,{'ab'[n % 2]}\n" for n in range(8))
    (folder / "labels.csv").write_text(labels)
    schema = Schema(
        item=[Image("photo", **PICTURE)],
        tasks=[Multiclass("kind")],
        user_id=None,
        item_id="photo",
        tables={"events": "labels.csv", "items": "labels.csv"},
    )
    part = part_of(folder, schema, tmp_path / "aside", media=3)
    assert part.rows == {"items": 8, "events": 8} and part.media["items"] == 3
    assert len(part.data.item_ids) == 8 and part.data.problems == {}


def test_pictures_are_found_by_ids_as_preparation_writes_them(folder, tmp_path):
    for n in range(8):
        Pillow.new("RGB", (20, 20), (30 * n, 0, 99)).save(folder / "covers" / f"{n}.png")
    (folder / "items.csv").unlink()
    (folder / "events.csv").unlink()
    items = [json.dumps({"item_id": float(n)}) for n in range(8)]  # as a column that once had empty cells
    events = [{"user_id": f"u{u}", "item_id": float(n), "time": n} for u in range(10) for n in range(8)]
    (folder / "items.jsonl").write_text("\n".join(items))
    (folder / "events.jsonl").write_text("\n".join(map(json.dumps, events)))
    schema = Schema(item=[Image("cover", folder="covers", **PICTURE)], tasks=[NextItem()], timestamp="time")
    assert part_of(folder, schema, tmp_path / "aside").media["items"] == 8


def test_a_preset_of_the_data_folder_is_opened(folder, tmp_path):
    hub = pytest.importorskip("keras_hub")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "sea", "ship"]
    size = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    network = hub.models.BertBackbone(len(words), **size, max_sequence_length=16, dropout=0.0)
    for one in (network, hub.tokenizers.BertTokenizer(words, lowercase=True)):
        one.save_to_preset(str(folder / "presets" / "bert"))
    preset = {"name": "backbone", "preset": "presets/bert"}
    schema = Schema(
        item=[Text("plot", encoder=preset), Category("colour")], tasks=[NextItem()], timestamp="time"
    )
    part = part_of(folder, schema, tmp_path / "aside")
    start = part.data.vocabulary.features["item"]["plot"]["start"]
    assert start["file"] == "presets/bert" and (folder / start["file"]).is_dir()

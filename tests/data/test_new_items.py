"""Items that came after the training are read by what it taught, and teach nothing."""

import json

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.data.new_items import load_items
from tfmmrec.modalities import Category, Number
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

SCHEMA = Schema(item=[Category("kind", min_count=1), Number("price")], tasks=[NextItem()], order="file")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "items.csv").write_text("item_id,kind,price\na,film,1\nb,book,3\nc,film,5\n")
    (folder / "events.csv").write_text("user_id,item_id\n" + "".join(f"u,{item}\n" for item in "bacbcab"))
    return load(folder, SCHEMA)


def read(data, path, **settings):
    return load_items(path, SCHEMA, data.vocabulary, SCHEMA.features("item")[1:], **settings)


def test_the_same_content_is_the_same_features(data, tmp_path):
    (tmp_path / "items.csv").write_text("item_id,kind,price\nnew,book,3\nother,unheard,5\n")
    new = read(data, tmp_path)
    assert new.ids == ["new", "other"]
    old = [list(data.item_ids).index(one) for one in "bc"]
    np.testing.assert_array_equal(new.items["price"]["number"], data.items["price"]["number"][old])
    for part, array in new.items["kind"].items():
        np.testing.assert_array_equal(array[0], data.items["kind"][part][old[0]])
    assert new.attributes["price"]["value"].tolist() == [3, 5]
    assert new.books == {"rows": 2, "used": 2, "dead": 0, "left out": 0} and new.problems == {}


def test_what_cannot_be_used_is_told(data, tmp_path):
    table = tmp_path / "many.csv"
    table.write_text("item_id,kind,price\nx,film,1\nx,film,2\n,film,2\ny,film,dear\n")
    new = read(data, table, dead_letters=(dead := tmp_path / "told" / "dead.jsonl"))
    assert new.ids == ["x", "y"]
    assert sum(new.problems.values()) == 3 and new.books["dead"] == 2
    told = [json.loads(line)["reason"] for line in dead.read_text().splitlines()]
    assert told == ["duplicate item id", "empty item id", "unusable price"]
    with pytest.raises(ValueError, match="max_dead=0.1 allows 0"):
        read(data, table, max_dead=0.1)
    with pytest.raises(ValueError, match="strict=True stops here"):
        read(data, table, strict=True)
    table.write_text("item_id,kind,price\n,film,1\n")
    with pytest.raises(ValueError, match="has no row that can be used"):
        read(data, table, max_dead=1)

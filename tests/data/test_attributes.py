"""What items are filtered by is what stands in the table, whatever a model makes of it."""

import numpy as np
import pytest

from tfmmrec.data import load, open_shards
from tfmmrec.data.attributes import join_attributes, take_attributes, terms_of_attribute
from tfmmrec.modalities import Category, Number, Tags, Text, Timestamp
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

ITEMS = """item_id,title,kind,genres,price,released
a,One,film,war| drama,0.1,981158400
b,Two,"book, 🎬",,1e30,
c,Three,,b|a|a|c,cheap,631152001.25
d,Four,never met,war,7,946684800
"""
SCHEMA = Schema(
    item=[
        Text("title"),
        Category("kind", vocabulary=1),
        Tags("genres", length=1),
        Number("price"),
        Timestamp("released"),
    ],
    tasks=[NextItem()],
    order="file",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attributes") / "shop"
    folder.mkdir()
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "events.csv").write_text("user_id,item_id\n" + "".join(f"u,{item}\n" for item in "bacb"))
    return folder


def terms_of_items(attribute):
    names = terms_of_attribute(attribute)
    parts = np.split(attribute["term"], attribute["start"][1:-1])
    return [[names[term] for term in part] for part in parts]


def test_values_as_the_table_has_them(folder):
    data = load(folder, SCHEMA)
    assert data.item_ids == ["b", "a", "c", "d"]
    assert list(data.attributes) == ["kind", "genres", "price", "released"]
    kind, genres, price, released = data.attributes.values()
    # also what no training row has, what the vocabulary is too small for, and what a row has no place for
    assert terms_of_items(kind) == [["book, 🎬"], ["film"], [], ["never met"]]
    assert terms_of_items(genres) == [[], ["war", "drama"], ["b", "a", "c"], ["war"]]
    np.testing.assert_array_equal(price["value"], [1e30, 0.1, np.nan, 7])
    np.testing.assert_array_equal(released["value"], [np.nan, 981158400, 631152001.25, 946684800])
    assert data.problems == {"items: unusable price": 1}
    assert data.catalogue.attributes is data.attributes


def test_they_are_kept_on_disk(folder, tmp_path):
    data = load(folder, SCHEMA, prepared=tmp_path / "prepared")
    assert terms_of_items(data.attributes["genres"]) == [[], ["war", "drama"], ["b", "a", "c"], ["war"]]
    opened = open_shards(tmp_path / "prepared", verify=True)
    assert sorted(opened.attributes) == sorted(data.attributes)


def test_without_a_table_there_are_none(folder):
    assert load(folder, Schema(tasks=[NextItem()], order="file")).attributes == {}


def test_attributes_of_some_items_and_of_others_behind_them(folder):
    attributes = load(folder, SCHEMA).attributes
    genres = terms_of_items(attributes["genres"])
    some = take_attributes(attributes, np.asarray([2, 0]))
    assert terms_of_items(some["genres"]) == [genres[2], genres[0]]
    np.testing.assert_array_equal(some["price"]["value"], attributes["price"]["value"][[2, 0]])
    first, then = (take_attributes(attributes, np.asarray(rows)) for rows in ([3], [1, 0]))
    del first["released"]
    joined = join_attributes(first, then)
    assert set(joined) == {"kind", "genres", "price"}
    assert terms_of_items(joined["genres"]) == [genres[3], genres[1], genres[0]]
    assert joined["genres"]["start"].dtype == "int64" and joined["genres"]["term"].dtype == "int32"
    np.testing.assert_array_equal(joined["price"]["value"], attributes["price"]["value"][[3, 1, 0]])

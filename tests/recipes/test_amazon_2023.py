"""The converter of Amazon Reviews 2023, on a few made-up lines in its layout."""

import gzip
import json

import pyarrow.parquet
import pytest

from tfmmrec.data import load
from tfmmrec.recipes import conversion
from tfmmrec.recipes.amazon_2023 import convert
from tfmmrec.schema import Schema

REVIEW = {
    "rating": 5.0,
    "title": "Soft &amp; light",
    "text": "Fits.<br />2 < 3,\nreally",
    "images": [],
    "asin": "B0CHILD",
    "parent_asin": "B01",
    "user_id": "AEYZ",
    "timestamp": 1_588_687_728_923,
    "helpful_vote": 4321,
    "verified_purchase": True,
}
PRODUCT = {
    "main_category": "All Beauty",
    "title": "Brush, 2 pieces",
    "average_rating": 4.87,
    "rating_number": 4321,
    "features": ["Soft.", "", "Light."],
    "description": ["<p>For hair</p>", "and more"],
    "price": 19.99,
    "images": [
        {"thumb": "http://t/2", "large": "http://l/2", "variant": "PT01", "hi_res": None},
        {"thumb": "http://t/1", "large": "http://l/1", "variant": "MAIN", "hi_res": "http://h/1"},
    ],
    "store": "Brushes",
    "categories": ["Beauty & Personal Care", "Hair"],
    "parent_asin": "B01",
    "bought_together": None,
}
BARE = {"parent_asin": "B02", "price": "None", "images": [], "categories": [], "description": []}


def write(path, *rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "amazon"
    root.mkdir()
    other = REVIEW | {"user_id": "B", "rating": 3.0, "verified_purchase": False, "title": "", "text": ""}
    write(
        root / "All_Beauty.jsonl.gz",
        REVIEW,
        other | {"parent_asin": "B02"},
        other | {"parent_asin": "LOST", "timestamp": 1_588_687_728_000},
    )
    write(root / "meta_All_Beauty.jsonl", PRODUCT, BARE)
    return root


def rows(path):
    return pyarrow.parquet.read_table(path).to_pylist()


def test_events(source, tmp_path):
    first, second, third = rows(convert(source, tmp_path / "out") / "events.parquet")
    assert first == {
        "user_id": "AEYZ",
        "item_id": "B01",
        "rating": 5.0,
        "like": 1,
        "timestamp": 1_588_687_728.923,
        "verified": 1,
        "review_title": "Soft & light",
        "review": "Fits. 2 < 3, really",
    }
    assert (second["item_id"], second["like"], second["verified"], second["review"]) == ("B02", 0, 0, None)
    assert third["timestamp"] == 1_588_687_728.0


def test_items(source, tmp_path):
    first, bare, lost = rows(convert(source, tmp_path / "out") / "items.parquet")
    assert first == {
        "item_id": "B01",
        "title": "Brush, 2 pieces",
        "description": "For hair and more",
        "features": "Soft. Light.",
        "categories": ["Beauty & Personal Care", "Hair"],
        "main_category": "All Beauty",
        "store": "Brushes",
        "price": 19.99,
        "image_url": "http://l/1",
    }
    assert bare == {**dict.fromkeys(first), "item_id": "B02", "categories": []}
    # Reviewed, but not described: an item with its id alone, so that its events are not lost.
    assert lost == {**dict.fromkeys(first), "item_id": "LOST"}


def test_what_tells_the_future_is_not_written(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    written = str([rows(folder / f"{name}.parquet") for name in ("items", "events")])
    assert "4321" not in written and "4.87" not in written


def test_half_of_a_surrogate_pair(source, tmp_path):
    write(source / "All_Beauty.jsonl.gz", REVIEW | {"text": "wow \ud83d!"})
    assert rows(convert(source, tmp_path / "out") / "events.parquet")[0]["review"] == "wow ?!"


@pytest.mark.parametrize(
    ("price", "number"),
    [("$1,019.50", 1019.5), ("from 7", 7.0), ("9.99 - 12.00", 9.99), (None, None), ("—", None), (0.5, 0.5)],
)
def test_prices(source, tmp_path, price, number):
    write(source / "meta_All_Beauty.jsonl", PRODUCT | {"price": price})
    assert rows(convert(source, tmp_path / "out") / "items.parquet")[0]["price"] == number


def test_several_categories(source, tmp_path):
    write(source / "Toys.jsonl", REVIEW | {"parent_asin": "T1"})
    write(source / "meta_Toys.jsonl.gz", PRODUCT | {"parent_asin": "T1"}, PRODUCT | {"title": "Again"})
    folder = convert(source, tmp_path / "out")
    assert [row["item_id"] for row in rows(folder / "events.parquet")] == ["B01", "B02", "LOST", "T1"]
    items = rows(folder / "items.parquet")
    assert [row["item_id"] for row in items] == ["B01", "B02", "T1", "LOST"]
    assert items[0]["title"] == "Brush, 2 pieces"  # of the category where it came first


def test_reviews_are_streamed(source, tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "_ROWS", 100)
    write(source / "All_Beauty.jsonl.gz", *(REVIEW | {"user_id": str(user)} for user in range(250)))
    with pyarrow.parquet.ParquetFile(convert(source, tmp_path / "out") / "events.parquet") as file:
        assert [file.metadata.row_group(group).num_rows for group in range(3)] == [100, 100, 50]
        assert file.read()["user_id"].to_pylist() == [str(user) for user in range(250)]


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    data = load(folder, Schema.from_toml(folder / "schema.toml"))
    assert data.item_ids == ["B01", "B02", "LOST"] and data.user_ids == ["AEYZ", "B"]
    assert data.problems == {}
    assert data.vocabulary.features["item"]["categories"]["terms"] == ["Beauty & Personal Care", "Hair"]
    # The user's events by time, not by their places: the lost product was reviewed first.
    assert data.events.item.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rating": 0.0}, "rating of 1 to 5 .* got 0.0 and 1588687728923 in line 2"),
        ({"timestamp": 1_588_687_728}, "milliseconds .* got 5.0 and 1588687728 in line 2"),
        ({"timestamp": "2020"}, "got 5.0 and '2020'"),
        ({"user_id": None}, "after line 1: it lacks one of user_id, parent_asin, rating, timestamp"),
    ],
)
def test_reviews_that_are_none(source, tmp_path, change, match):
    write(source / "All_Beauty.jsonl.gz", REVIEW, REVIEW | change)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_cut_off(source, tmp_path):
    whole = (source / "All_Beauty.jsonl.gz").read_bytes()
    (source / "All_Beauty.jsonl.gz").write_bytes(whole[:-10])
    with pytest.raises(ValueError, match="All_Beauty.jsonl.gz, but after line .*right file, and whole"):
        convert(source, tmp_path / "out")
    (source / "All_Beauty.jsonl.gz").write_bytes(whole)
    (source / "meta_All_Beauty.jsonl").write_text(json.dumps(PRODUCT) + '\n{"parent_asin": ')
    with pytest.raises(ValueError, match="meta_All_Beauty.jsonl, but after line 1: "):
        convert(source, tmp_path / "out")


def test_reviews_without_their_products(source, tmp_path):
    write(source / "Toys.jsonl", REVIEW)
    with pytest.raises(ValueError, match="it holds All_Beauty.jsonl.gz, Toys.jsonl, meta_All_Beauty.jsonl"):
        convert(source, tmp_path / "out")
    (source / "Toys.jsonl").unlink()
    write(source / "All_Beauty.jsonl", REVIEW)
    write(source / "meta_All_Beauty.jsonl.gz", PRODUCT)
    with pytest.raises(ValueError, match="each once"):
        convert(source, tmp_path / "out")
    with pytest.raises(ValueError, match="NAME.jsonl with products as meta_NAME.jsonl.*holds amazon/"):
        convert(tmp_path, tmp_path / "out")

"""The fashion converter: on a few made-up products, and on the real data."""

import csv
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from tfmmrec.data import load
from tfmmrec.recipes.fashion import convert
from tfmmrec.schema import Schema

HEADER = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
SHIRT = "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011.0,Casual,Turtle  Check Shirt\n"
BELT = "7,Women,Accessories,Belts,Belts,NA,,,NA,Belt, black, narrow\n"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/fashion"
    (root / "images").mkdir(parents=True)
    (root / "styles.csv").write_text(HEADER + SHIRT + BELT)
    for item in (15970, 99):  # there is no picture of the belt, and no product 99
        Image.new("RGB", (16, 16), (item % 256, 0, 0)).save(root / f"images/{item}.jpg")
    return root


def read(folder):
    with (folder / "items.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_items(source, tmp_path):
    shirt, belt = read(convert(source, tmp_path / "out"))
    assert shirt == {
        "item_id": "15970",
        "name": "Turtle Check Shirt",
        "gender": "Men",
        "master_category": "Apparel",
        "sub_category": "Topwear",
        "article_type": "Shirts",
        "base_colour": "Navy Blue",
        "season": "Fall",
        "year": "2011",
        "usage": "Casual",
        "image": "images/15970.jpg",
        # sha256sum of 15970 begins with 78cc, which is .472 of the way to 10000
        "split": "train",
    }
    assert belt["name"] == "Belt, black, narrow"
    assert [belt[name] for name in ("base_colour", "season", "year", "usage", "image")] == [""] * 5


def test_pictures_of_products_alone(source, tmp_path):
    folder = convert(source.parent, tmp_path / "out")
    assert [path.name for path in (folder / "images").iterdir()] == ["15970.jpg"]
    picture = "images/15970.jpg"
    assert (folder / picture).read_bytes() == (source / picture).read_bytes()
    assert not list(folder.glob("events*"))


def test_labels_are_learnt_and_never_seen(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    schema = Schema.from_toml(folder / "schema.toml")
    assert schema.user_id is None and [f.name for f in schema.features("item")] == ["image", "name"]
    data = load(folder, schema)
    assert data.item_ids == ["15970", "7"] and data.problems == {}
    labels = {"article_type", "sub_category", "master_category", "gender", "base_colour", "season", "usage"}
    assert (
        set(data.events.labels) == labels == set(read(folder)[0]) - {*data.items, "item_id", "year", "split"}
    )
    assert data.vocabulary.tasks["article_type"]["classes"] == ["Belts", "Shirts"]
    assert np.isnan(data.events.labels["season"]).tolist() == [False, True]  # of the belt it is not known


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id,gender\n1,Men\n", "columns of .* got id, gender. Is it the right file"),
        (HEADER + SHIRT + "7,Women\n", "10 cells in line 3 .* got '7,Women'"),
        (HEADER + SHIRT.replace("15970", "../x"), "a number as id .* got '../x"),
    ],
)
def test_malformed_tables(source, tmp_path, text, match):
    (source / "styles.csv").write_text(text)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")


def test_another_picture_is_another_source(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    assert convert(source, folder) == folder
    (source / "images/15970.jpg").write_bytes(b"another")
    with pytest.raises(ValueError, match="converted from another source"):
        convert(source, folder)


def test_real(tfmmrec_data, tmp_path):
    items = read(convert(tfmmrec_data, tmp_path / "out"))
    assert len(items) == 9_583 == len({item["item_id"] for item in items})
    assert len(list((tmp_path / "out/images").iterdir())) == 9_583
    assert all(item["image"] == f"images/{item['item_id']}.jpg" for item in items)
    assert Counter(item["gender"] for item in items).most_common(2) == [("Men", 5_964), ("Women", 3_056)]
    assert Counter(item["master_category"] for item in items)["Footwear"] == 2_122
    # 20 % and 10 % of 9,583, give or take three standard deviations
    splits = Counter(item["split"] for item in items)
    assert abs(splits["test"] - 1_917) < 118 and abs(splits["valid"] - 958) < 88 and len(splits) == 3
    assert Counter(item["year"] for item in items)["2011"] == 6_723
    first = next(item for item in items if item["item_id"] == "15970")
    assert first["name"] == "Turtle Check Men Navy Blue Shirt"

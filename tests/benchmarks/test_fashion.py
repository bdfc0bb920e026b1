"""Names of products without the words of their labels."""

import csv

from benchmarks.quality.fashion import LABELS, without_label_words
from benchmarks.quality.rewritten import rewritten


def row(name, **labels):
    return {"item_id": "1", "name": name, **dict.fromkeys(LABELS, ""), **labels}


def test_words_of_any_label_go_in_the_singular_and_the_plural():
    rows = [
        row("Turtle Check Men Navy Blue Shirt", article_type="Shirts", gender="Men", base_colour="Navy Blue"),
        row("Shirts, dress & glass: Accessory boxes", article_type="Dresses", sub_category="Accessories"),
    ]
    assert [one["name"] for one in without_label_words(rows)] == ["turtle check", "glass boxes"]


def test_a_rewritten_folder_leaves_the_original_alone(tmp_path):
    def convert(source, destination):
        if not destination.exists():
            destination.mkdir()
            (destination / "items.csv").write_text("item_id,name\n1,a\n2,b\n")
            (destination / "picture.jpg").write_bytes(b"x")
        return destination

    prepare = rewritten(convert, lambda rows: [{**row, "name": row["name"].upper()} for row in rows])
    for _ in range(2):
        folder = prepare("", tmp_path / "data")
    with (folder / "items.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["A", "B"]
    assert (folder / "picture.jpg").read_bytes() == b"x"
    assert (tmp_path / "data-as-converted" / "items.csv").read_text() == "item_id,name\n1,a\n2,b\n"

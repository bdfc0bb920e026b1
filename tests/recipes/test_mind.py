"""The MIND converter, on a few made-up lines in its layout."""

import csv
import json

import pyarrow.parquet
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.mind import convert
from tfmmrec.schema import Schema

NOON = 1_573_732_800  # 14 November 2019, 12:00 UTC
DAY = 86_400


def news(item, title="", abstract="", entities=()):
    cells = (json.dumps([{"Label": name, "Type": "P"} for name in entities]), "[]" if entities else "")
    return "\t".join((item, "sports", "golf", title, abstract, f"https://{item}", *cells)) + "\n"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "mind"
    train, dev = root / "MINDsmall_train", root / "MINDsmall_dev"
    train.mkdir(parents=True)
    dev.mkdir()
    (root / "MINDsmall_train.zip").touch()
    # Not in order of time: the file begins with the last day, and user U1 with the later of two impressions.
    (train / "behaviors.tsv").write_text(
        "1\tU1\t11/14/2019 12:00:00 PM\tN1 N2\tN3-1 N4-0\n"
        "2\tU1\t11/13/2019 12:00:00 PM\tN1 N2\tN4-0 N5-1 N3-1\n"
        "3\tU2\t11/13/2019 12:00:01 AM\t\tN1-1\n"
    )
    (dev / "behaviors.tsv").write_text(
        "1\tU3\t11/15/2019 1:00:00 PM\tN2\tN1-0 N6-1\n2\tU2\t11/15/2019 12:00:00 PM\tN1\tN2-1\n"
    )
    (train / "news.tsv").write_text(
        news("N1", 'A "quoted", title', "An  abstract", ["Prince Philip", "A|B", "Prince Philip"])
        + "".join(news(f"N{number}") for number in (2, 3, 4, 5)),
        encoding="utf-8",
    )
    (dev / "news.tsv").write_text(news("N1", "another title") + news("N6", "Über"), encoding="utf-8")
    return root


def rows(path):
    return [tuple(row.values()) for row in pyarrow.parquet.read_table(path).to_pylist()]


def test_clicks_in_order_of_time_after_the_history(source, tmp_path):
    assert rows(convert(source, tmp_path / "out") / "events.parquet") == [
        ("U2", "N1", "click", NOON - 2 * DAY + DAY / 2 + 1, "train"),
        ("U1", "N1", "history", None, "train"),
        ("U1", "N2", "history", None, "train"),
        ("U1", "N5", "click", NOON - DAY, "train"),
        ("U1", "N3", "click", NOON - DAY, "train"),
        ("U1", "N3", "click", NOON, "valid"),
        ("U2", "N2", "click", NOON + DAY, "test"),  # U2's history in dev is known from train
        ("U3", "N2", "history", None, "train"),
        ("U3", "N6", "click", NOON + DAY + 3600, "test"),
    ]


def test_what_was_shown(source, tmp_path):
    assert rows(convert(source, tmp_path / "out") / "impressions.parquet") == [
        ("U2", NOON - 1.5 * DAY + 1, ["N1"], [1], "train"),
        ("U1", NOON - DAY, ["N4", "N5", "N3"], [0, 1, 1], "train"),
        ("U1", NOON, ["N3", "N4"], [1, 0], "valid"),
        ("U2", NOON + DAY, ["N2"], [1], "test"),
        ("U3", NOON + DAY + 3600, ["N1", "N6"], [0, 1], "test"),
    ]


def test_news(source, tmp_path):
    with (convert(source, tmp_path / "out") / "items.csv").open(encoding="utf-8", newline="") as stream:
        items = list(csv.DictReader(stream))
    assert [item["item_id"] for item in items] == ["N1", "N2", "N3", "N4", "N5", "N6"]
    assert items[0] == {
        "item_id": "N1",
        "category": "sports",
        "subcategory": "golf",
        "title": 'A "quoted", title',
        "abstract": "An abstract",
        "url": "https://N1",
        "entities": "Prince Philip|A B",
    }
    assert items[5]["title"] == "Über" and items[5]["entities"] == ""


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    data = load(folder, Schema.from_toml(folder / "schema.toml"), split="column:split")
    assert data.problems == {} and data.user_ids == ["U2", "U1", "U3"]
    met = [data.item_ids[item] for item in data.events.item]
    assert met == ["N1", "N2", "N1", "N2", "N5", "N3", "N3", "N2", "N6"]
    assert data.events.split.tolist() == [0, 2, 0, 0, 0, 0, 1, 0, 2]


def test_training_alone_of_one_day(source, tmp_path):
    (source / "MINDsmall_dev").rename(source / "other")
    behaviors = source / "MINDsmall_train/behaviors.tsv"
    behaviors.write_text("1\tU1\t11/14/2019 9:00:00 PM\t\tN3-1 N4-0\n")
    folder = convert(source, tmp_path / "out")
    assert [row[-1] for row in rows(folder / "events.parquet")] == ["train"]


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        (
            "behaviors.tsv",
            "1\tU1\t11/14/2019 9:00:00 PM\t\tN3 N4\n",
            "got 'N3' of user U1 .* test set has none",
        ),
        ("behaviors.tsv", "1\tU1\t11/14/2019 9:00:00 PM\t\tN3-2\n", "got 'N3-2' of user U1"),
        ("behaviors.tsv", "1\tU1\t2019-11-14\t\tN3-1\n", "such as '11/15/2019 .* got '2019-11-14'"),
        ("behaviors.tsv", "1\tU1\tN3-1\n", "5 fields .* got 3: "),
        ("news.tsv", "N1\tsports\n", "8 fields .* got 2: "),
        ("news.tsv", news("N1").rstrip() + "\t[{]\n", "entities of news N1 .* got"),
    ],
)
def test_malformed_files(source, tmp_path, file, text, match):
    (source / "MINDsmall_train" / file).write_text(text)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_that_are_missing(source, tmp_path):
    with pytest.raises(ValueError, match="ends in train, with behaviors.tsv and news.tsv.*holds behaviors"):
        convert(source / "MINDsmall_train", tmp_path / "out")
    (source / "MINDlarge_train").mkdir()
    with pytest.raises(ValueError, match="got MINDlarge_train, MINDsmall_train"):
        convert(source, tmp_path / "out")
    (source / "MINDlarge_train").rmdir()
    (source / "MINDsmall_dev/news.tsv").unlink()
    with pytest.raises(ValueError, match="MINDsmall_dev to hold news.tsv, but it holds behaviors.tsv"):
        convert(source, tmp_path / "out")

"""The converter of review sentences: on a few made-up ones, and on the real data."""

import csv
from collections import Counter

import pytest

from tfmmrec.data import load
from tfmmrec.recipes.review_polarity import convert
from tfmmrec.schema import Schema


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/review-polarity"
    root.mkdir(parents=True)
    (root / "rt-polarity.pos").write_text('a "gem" , really .  \n\nvive l\'é\x85té\n', encoding="utf-8")
    (root / "rt-polarity.neg").write_bytes("dull clich\xe9 \x96 again\n".encode("latin-1"))
    return root


def read(folder):
    with (folder / "items.csv").open(newline="", encoding="utf-8") as stream:
        return [tuple(row.values())[:3] for row in csv.DictReader(stream)]


def test_items(source, tmp_path):
    assert read(convert(source, tmp_path / "out")) == [
        ("pos-1", 'a "gem" , really .', "positive"),
        ("pos-3", "vive l'é té", "positive"),
        ("neg-1", "dull cliché – again", "negative"),  # Windows-1252
    ]
    assert read(convert(source.parent, tmp_path / "two")) == read(tmp_path / "out")


def test_one_table_is_text_and_label(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["conversion.json", "items.csv", "schema.toml"]
    schema = Schema.from_toml(folder / "schema.toml")
    assert schema.user_id is None and [feature.name for feature in schema.features("item")] == ["text"]
    data = load(folder, schema, split="random:1/0/0")
    assert data.problems == {} and data.vocabulary.tasks["polarity"]["classes"] == ["positive", "negative"]
    assert data.events.labels["polarity"].tolist() == [0, 0, 1]


def test_an_empty_file(source, tmp_path):
    (source / "rt-polarity.neg").write_text("\n")
    with pytest.raises(ValueError, match="rt-polarity.neg to hold a sentence per line, got none"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file(source, tmp_path):
    (source / "rt-polarity.neg").unlink()
    with pytest.raises(ValueError, match="to hold rt-polarity.neg, but it holds rt-polarity.pos"):
        convert(source, tmp_path / "out")


def test_real(tfmmrec_data, tmp_path):
    folder = convert(tfmmrec_data, tmp_path / "out")
    with (folder / "items.csv").open(newline="", encoding="utf-8") as stream:
        splits = Counter(row["split"] for row in csv.DictReader(stream))
    # 20 % and 10 % of 10,662, give or take three standard deviations
    assert abs(splits["test"] - 2_132) < 124 and abs(splits["valid"] - 1_066) < 93 and len(splits) == 3
    items = read(folder)
    assert Counter(polarity for _, _, polarity in items) == {"positive": 5_331, "negative": 5_331}
    texts = {item: text for item, text, _ in items}
    assert len(texts) == 10_662 and all(texts.values())
    assert texts["neg-1"] == "simplistic , silly and tedious ." and texts["pos-3"] == (
        "effective but too-tepid biopic"
    )

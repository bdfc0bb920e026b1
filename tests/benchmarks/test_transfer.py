"""Rows that begin with another row's model: from a source that was trained once, and on content."""

import dataclasses
import json
from pathlib import Path

import pytest

import small
from benchmarks.quality import transfer
from benchmarks.quality.beginning import Beginning
from benchmarks.quality.rows import read_rows, run_row
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.movielens_editions import ML_1M, ML_100K
from tfmmrec.schema import Schema

SOURCE = Table(
    name="there",
    dataset="A circle",
    prepare=lambda source, folder: folder,
    columns={"ndcg@10": "NDCG@10"},
    schema=lambda _: small.schema().only(tasks=["next_item"]),
    rows=(Row("all", lambda schema: schema),),
    model={"width": 16},
    training={"epochs": 1, "batch_events": 128, "learning_rate": 0.01},
)
FROM_THERE = Beginning(table="there", row="all")
HERE = dataclasses.replace(
    SOURCE,
    name="here",
    rows=(
        Row("from there", lambda schema: schema, beginning=FROM_THERE, training={"learning_rate": 0.0}),
        Row("pretrained", lambda schema: schema, beginning=Beginning(pretrain="contrastive", epochs=2)),
    ),
)


@pytest.fixture
def tables(prepare_small):
    """A source and a table that takes from it, in a folder of their own."""
    return [dataclasses.replace(table, prepare=prepare_small) for table in (SOURCE, HERE)]


@pytest.mark.slow
def test_a_row_begins_with_another_tables_model(tables, tmp_path):
    there, here = tables
    run_row(there, there.row("all"), seed=0)
    run_row(here, here.row("from there"), seed=0)
    kept = tmp_path / "runs" / "here" / "from-there-0" / "trial"
    moved = json.loads((kept / "transfer.json").read_text())
    assert moved["taken"]["item.genres"] == "7 of 7 tags"
    assert moved["left"]["item.item_id"].startswith("ids are of another catalogue")
    assert json.loads((kept / "config.json").read_text())["beginning"]["table"] == "there"
    assert read_rows(here)[0]["metrics"]["ndcg@10"]["mean"] > 0.0


@pytest.mark.slow
def test_a_row_begins_with_content(tables, tmp_path):
    _, here = tables
    run_row(here, here.row("pretrained"), seed=0)
    kept = tmp_path / "runs" / "here" / "pretrained-0" / "trial"
    pretraining = json.loads((kept / "pretraining.json").read_text())
    assert [record["epoch"] for record in pretraining] == [1, 2] and not (kept / "transfer.json").exists()


def test_what_a_row_begins_with_must_be_there(tables):
    _, here = tables
    with pytest.raises(ValueError, match="no trained model in .* run `python -m benchmarks.quality there`"):
        run_row(here, here.row("from there"), seed=0)


def test_a_tenth_of_the_users_is_learnt_from():
    """By the first byte of their hashes: that of 9 is 0x19, below 26, and those of 3 and 5 are not."""
    seen = ["3a20", "9b9", "3c20", "9d7", "3e5", "9f8", "5g1"]  # user, film, time; in the order of the file
    rows = [{"user_id": row[0], "item_id": row[1], "timestamp": row[2:]} for row in seen]
    found = {row["item_id"]: row["tenth"] for row in transfer.with_a_tenth(rows, Path())}
    assert found == {
        "e": "context",
        "a": "valid",  # as old as c, and before it in the file
        "c": "test",
        "d": "train",
        "f": "valid",
        "b": "test",
        "g": "context",  # too few to hold one out
    }
    many = [{"user_id": str(user), "item_id": "a", "timestamp": "1"} for user in range(2000)]
    trained = [row["tenth"] for row in transfer.with_a_tenth(many, Path())].count("train")
    assert 160 < trained < 250


def test_both_catalogues_are_read_alike(tmp_path):
    schemas = []
    for edition in (ML_1M, ML_100K):
        path = tmp_path / f"{edition.name}.toml"
        path.write_text(edition.schema)
        schemas.append(transfer.with_few_features(Schema.from_toml(path)))
    one, other = schemas
    assert one.item == other.item and one.history == other.history and one.tasks == other.tasks
    assert [feature.name for feature in one.features("item")] == transfer.FILMS
    assert transfer.SOURCE.row("ml-1m").twin is not None  # the folder that the others begin with
    assert {row.beginning for row in transfer.TENTH.rows} >= {transfer.FROM_ML_1M, None}

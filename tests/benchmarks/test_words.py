"""A linear model of words beside results of texts."""

import dataclasses

import numpy as np
import pytest

from benchmarks.quality import rows
from benchmarks.quality.baselines import words
from benchmarks.quality.rows import read_rows, run_row
from benchmarks.quality.table import Table
from benchmarks.quality.words import Words
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import Multiclass

SCHEMA = Schema(
    user_id=None,
    item=[Text("text", length=8)],
    tasks=[Multiclass("mood"), Multiclass("kind")],
    tables={"events": "items.csv"},
)


def write(folder):
    """Sentences: a word tells the mood, the order of two the kind, and another says nothing."""
    generator = np.random.default_rng(0)
    folder.mkdir(parents=True)
    lines = ["item_id,text,mood,kind,split"]
    for row in range(120):
        mood, kind = generator.integers(0, 2, 2)
        pair = "up down" if kind else "down up"
        text = f"{('dull', 'fine')[mood]} {pair} n{generator.integers(0, 9)}"
        split = ("train", "train", "valid", "test")[row % 4]
        lines.append(f"i{row},{text},{('bad', 'good')[mood]},{('b', 'a')[kind]},{split}")
    (folder / "items.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def data(tmp_path):
    return load(write(tmp_path / "data"), SCHEMA, split="column")


def test_words_and_their_order_are_read(data):
    results = evaluate(Words(data, strength=10), data.test)
    assert results.metrics["mood.accuracy"] == results.metrics["kind.accuracy"] == 1
    assert "labels of 30 held-out examples" in results.protocol
    np.testing.assert_allclose(results.answers["mood"].predictions.sum(axis=1), 1, atol=1e-6)


def test_a_class_that_training_lacks_is_never_said(data):
    labels = data.events.labels["mood"]
    labels[data.train.rows] = 1.0
    labels[data.train.rows[0]] = 0.0
    state = {
        **data.vocabulary.tasks,
        "mood": {"classes": ["none", "bad", "good"], "class_weights": [1.0] * 3},
    }
    labels += 1
    data = dataclasses.replace(data, vocabulary=dataclasses.replace(data.vocabulary, tasks=state))
    found = evaluate(Words(data), data.test).answers["mood"]
    assert found.predictions.shape == (30, 3) and not found.predictions[:, 0].any()


def test_its_row_is_chosen_by_the_tasks_measure(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "RESULTS", tmp_path)
    monkeypatch.setattr(rows, "KEPT", tmp_path / "runs")
    monkeypatch.setenv("TFMMREC_DATA", str(tmp_path))
    monkeypatch.setattr(rows.Schema, "from_toml", lambda path: SCHEMA)

    def prepare(source, folder):
        return folder if folder.exists() else write(folder)

    row = words("mood.accuracy")
    table = Table(
        name="moods",
        dataset="Moods",
        prepare=prepare,
        load={"split": "column"},
        columns={"mood.accuracy": "accuracy"},
        rows=(row,),
    )
    run_row(table, row, seed=0)
    (record,) = read_rows(table)
    assert record["settings"]["strength"] in row.grid["strength"]
    assert record["metrics"]["mood.accuracy"] == {"mean": 1.0, "low": 1.0, "high": 1.0}

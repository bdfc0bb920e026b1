"""Trained rows: as much tuning for each, choices on validation, as many parameters, nothing done twice."""

import dataclasses
import json

import pytest

import small
from benchmarks.quality import check, rows, trials
from benchmarks.quality.rows import read_rows, run_row
from benchmarks.quality.table import Reading, Row, Table
from tfmmrec.data import load
from tfmmrec.modalities import Number, Tags

TABLE = Table(
    name="circle",
    dataset="A circle",
    prepare=lambda source, folder: folder,
    columns={"ndcg@10": "NDCG@10", "like.auc": "AUC"},
    schema=lambda _: small.schema().only(item=["item_id", "year"], user=[], event=[]),  # little to trace
    rows=(
        Row("all", lambda schema: schema),
        Row("all, refit", lambda schema: schema, refit="all"),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
    ),
    model={"width": 16},
    training={"epochs": 2, "batch_events": 128},
    grid={"learning_rate": (1e-9, 0.01)},
    readings=(Reading(), Reading("not masked", evaluation={"mask_history": False})),
)


@pytest.fixture
def table(prepare_small):
    """A table of trained rows in a folder of its own."""
    return dataclasses.replace(TABLE, prepare=prepare_small)


@pytest.mark.slow
def test_a_row_chooses_is_kept_and_hands_its_choice_on(table, tmp_path, capsys):
    run_row(table, table.row("all"), seed=0)
    first, unmasked = read_rows(table)
    assert first["settings"] == {"learning_rate": 0.01} and first["width"] == 16
    assert first["model"] == "all" and unmasked["model"] == "all, not masked"
    assert "not masked" in unmasked["protocol"] and "not masked" not in first["protocol"]
    for metric in ("ndcg@10", "like.auc", "mood.accuracy", "mood.macro_f1", "rating.rmse"):
        found = first["metrics"][metric]
        assert found["low"] <= found["mean"] <= found["high"]
    tried = tmp_path / "runs" / "circle" / "all-0"
    value = {
        rate: max(r["validation ndcg@10"] for r in json.loads((tried / folder / "curves.json").read_text()))
        for rate, folder in ((1e-9, "learning_rate=1e-09"), (0.01, "learning_rate=0.01"))
    }
    assert value[0.01] > value[1e-9]

    # what was trained is read and not trained again
    made = (tried / "learning_rate=0.01" / "model.keras").stat().st_mtime_ns
    run_row(table, table.row("all"), seed=0)
    assert (tried / "learning_rate=0.01" / "model.keras").stat().st_mtime_ns == made
    assert read_rows(table)[0]["metrics"] == first["metrics"] and len(read_rows(table)) == 2

    # another seed takes the choice over; a refit learns from validation, for as many epochs
    run_row(table, table.row("all"), seed=1)
    assert not (tmp_path / "runs" / "circle" / "all-1" / "learning_rate=1e-09").exists()
    run_row(table, table.row("all, refit"), seed=0)
    records = {(r["model"], *r["seeds"]): r for r in read_rows(table)}
    again = records["all, refit", 0]
    assert again["best_epoch"] == first["best_epoch"] and again["settings"] == first["settings"]
    assert again["split_sha256"] != first["split_sha256"] == records["all", 1]["split_sha256"]
    refit = tmp_path / "runs" / "circle" / "all-refit-0" / "refit" / "curves.json"
    curves = json.loads(refit.read_text())
    assert len(curves) == first["best_epoch"] and "validation ndcg@10" not in curves[0]


def test_what_a_row_goes_by_must_be_there(table):
    with pytest.raises(ValueError, match="What row 'all' chose with seed 0 is needed: run"):
        run_row(table, table.row("all, refit"), seed=0)
    with pytest.raises(ValueError, match=r"has the rows \['all', 'all, refit', 'id only'\], not 'some'"):
        table.row("some")


def test_another_split_is_refused(table):
    with pytest.raises(ValueError, match=r"is about the split abc, and the data are split as [0-9a-f]{64}"):
        run_row(dataclasses.replace(table, split_sha256="abc"), table.row("all"), seed=0)


@pytest.mark.slow
def test_the_check_tells_what_has_left_its_interval(table, tmp_path, monkeypatch):
    table = dataclasses.replace(table, grid={}, readings=(Reading(),), rows=TABLE.rows[:1])
    run_row(table, table.rows[0], seed=0)
    assert list(check.left(table, seconds=600)) == []
    (record,) = read_rows(table)
    record["metrics"]["ndcg@10"] = {"mean": 0.99, "low": 0.98, "high": 1.0}
    rows.write_rows(table, [record])
    monkeypatch.setattr(check, "TABLES", {"circle": table})
    monkeypatch.setattr("sys.argv", ["check", "--seconds", "600"])
    with pytest.raises(
        SystemExit, match=r"circle, all: ndcg@10 is 0\.\d+ now, and \[0.98, 1.0\] in the table"
    ):
        check.main()
    assert list(check.left(table, seconds=-1)) == []  # too dear to make again


def test_a_width_for_as_many_parameters(tmp_path):
    data = load(small.write(tmp_path), small.schema())
    for goal in (16, 40):
        parameters = trials.size(data.schema, data, {"width": goal})
        assert trials.width_of_size(parameters, data.schema, data, {"width": 8}) == goal
    goal = trials.size(data.schema, data, {"width": 32})
    twin = data.schema.only(item=["item_id"])
    assert not any(isinstance(feature, Number | Tags) for feature in twin.features("item"))
    width = trials.width_of_size(goal, twin, data, {})
    assert width > 32
    assert trials.size(twin, data, {"width": width}) == pytest.approx(goal, rel=0.15)

"""A row of a table of quality: chosen on validation, read once on test, kept and compared."""

import dataclasses

import pytest

import small
from benchmarks.quality import rows
from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.ml_100k import TABLE as ML_100K
from benchmarks.quality.rows import compare, read_rows, run_row
from benchmarks.quality.table import Reading, Row, Table
from benchmarks.quality.tables import TABLES
from tfmmrec.baselines import EASE, ItemKNN, MostPopular, choose
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.schema import Schema

SCHEMA = """
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"

[[task]]
task = "NextItem"
"""
ROWS = (
    Row("most popular", baseline=MostPopular),
    Row("item-kNN", baseline=ItemKNN, grid={"k": (1, 20), "shrink": (0, 50)}),
    Row("EASE", baseline=EASE, grid={"l2": (1, 1000)}),
)
BY_TIME = {"split": "global-time"}


def prepare(source, folder):
    if not folder.exists():
        small.write(folder)
        (folder / "schema.toml").write_text(SCHEMA)
    return folder


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "RESULTS", tmp_path)
    monkeypatch.setattr(rows, "KEPT", tmp_path / "runs")
    monkeypatch.setenv("TFMMREC_DATA", str(tmp_path))
    return Table(
        name="circle", dataset="A circle", prepare=prepare, columns={"ndcg@10": "NDCG@10"}, rows=ROWS
    )


def test_baselines_are_chosen_evaluated_kept_and_compared(table, tmp_path):
    for row in reversed(ROWS):
        run_row(table, row, seed=0)
    records = read_rows(table)
    assert [record["model"] for record in records] == ["most popular", "item-kNN", "EASE"]
    folder = prepare(None, tmp_path / "again")
    data = load(folder, Schema.from_toml(folder / "schema.toml"))
    for row, record in zip(ROWS, records, strict=True):
        choice = choose(row.baseline, data, row.grid)
        assert record["settings"] == choice.settings and record["seeds"] == [0]
        results = evaluate(choice.baseline, data.test)
        assert record["protocol"] == results.protocol
        for metric, value in results.metrics.items():
            assert record["metrics"][metric]["mean"] == pytest.approx(value, abs=1e-5)
        assert record["command"] == f'python -m benchmarks.quality circle --row "{row.name}" --seed 0'
        assert record["split_sha256"] == data.split_sha256
    compare(table)
    gap = read_rows(table)[1]["first_minus_this"]["ndcg@10"]
    popular, knn = (record["metrics"]["ndcg@10"]["mean"] for record in records[:2])
    assert gap["mean"] == pytest.approx(popular - knn, abs=2e-5)


def test_a_reading_is_compared_with_the_firsts_own(table):
    readings = (Reading(), Reading("not masked", evaluation={"mask_history": False}))
    table = dataclasses.replace(table, readings=readings)
    for row in ROWS[:2]:
        run_row(table, row, seed=0)
    compare(table)
    records = {record["model"]: record for record in read_rows(table)}
    assert not records["most popular, not masked"]["first_minus_this"]
    for said in ("", ", not masked"):
        popular, knn = (records[name + said] for name in ("most popular", "item-kNN"))
        gap = popular["metrics"]["ndcg@10"]["mean"] - knn["metrics"]["ndcg@10"]["mean"]
        assert knn["first_minus_this"]["ndcg@10"]["mean"] == pytest.approx(gap, abs=2e-5)


def test_a_row_of_another_day_is_compared_by_the_answers_that_were_kept(table, tmp_path, monkeypatch, capsys):
    for row in ROWS[:2]:
        run_row(table, row, seed=0)
    monkeypatch.setattr(rows, "KEPT", tmp_path / "other runs")
    run_row(table, ROWS[2], seed=0)
    (tmp_path / "answers" / "circle" / "item-knn-0.npz").unlink()
    compare(table)
    popular, knn, ease = read_rows(table)
    gap = popular["metrics"]["ndcg@10"]["mean"] - ease["metrics"]["ndcg@10"]["mean"]
    assert ease["first_minus_this"]["ndcg@10"]["mean"] == pytest.approx(gap, abs=2e-5)
    assert "first_minus_this" not in knn
    assert "item-kNN: not compared" in capsys.readouterr().out


def test_nothing_is_compared_without_the_first_rows_answers_and_what_stands_there_stays(
    table, tmp_path, capsys
):
    for row in ROWS[:2]:
        run_row(table, row, seed=0)
    compare(table)
    before = read_rows(table)
    (tmp_path / "answers" / "circle" / "most-popular-0.npz").unlink()
    compare(table)
    assert "item-kNN: not compared, its answers or those of 'most popular' are not" in capsys.readouterr().out
    assert read_rows(table) == before and before[1]["first_minus_this"]
    run_row(table, ROWS[0], seed=0)  # another one now, perhaps: the old difference is not to it
    assert "first_minus_this" not in read_rows(table)[1]


def test_the_first_row_that_is_there_is_compared_with(table):
    run_row(table, ROWS[2], seed=0)
    run_row(table, ROWS[1], seed=0)
    compare(table)
    knn, ease = read_rows(table)
    gap = knn["metrics"]["ndcg@10"]["mean"] - ease["metrics"]["ndcg@10"]["mean"]
    assert ease["first_minus_this"]["ndcg@10"]["mean"] == pytest.approx(gap, abs=2e-5)
    (_, _, row) = ROWS
    assert rows.reference(table, ["EASE", "item-kNN"], row) == "item-kNN"
    assert rows.reference(table, [], row) == ""


def test_a_row_is_compared_with_the_first_of_its_own_split(table):
    """The two of another split with each other; the first of them anew leaves the other one without."""
    other = [dataclasses.replace(row, name=f"{row.name}, by time", load=BY_TIME) for row in ROWS[:2]]
    table = dataclasses.replace(table, rows=(*ROWS[:2], *other))
    for row in table.rows:
        run_row(table, row, seed=0)
    compare(table)
    first, knn, popular, near = read_rows(table)
    assert not first["first_minus_this"] and not popular["first_minus_this"]
    for one, this in ((first, knn), (popular, near)):
        gap = one["metrics"]["ndcg@10"]["mean"] - this["metrics"]["ndcg@10"]["mean"]
        assert this["first_minus_this"]["ndcg@10"]["mean"] == pytest.approx(gap, abs=2e-5)
    run_row(table, other[0], seed=0)
    _, knn, _, near = read_rows(table)
    assert knn["first_minus_this"] and "first_minus_this" not in near


def test_of_several_seeds_of_the_first_row_it_is_the_mean(table):
    """As though its seeds told another story: the second one has the answers of EASE."""
    run_row(table, ROWS[1], seed=0)
    for seed in (0, 1):
        baseline = (MostPopular, EASE)[seed]
        run_row(table, dataclasses.replace(ROWS[0], baseline=baseline), seed=seed)
    compare(table)
    popular, ease, knn = read_rows(table)
    assert [popular["seeds"], ease["seeds"]] == [[0], [1]] and popular["model"] == ease["model"]
    first = (popular["metrics"]["ndcg@10"]["mean"] + ease["metrics"]["ndcg@10"]["mean"]) / 2
    gap = knn["first_minus_this"]["ndcg@10"]
    assert gap["mean"] == pytest.approx(first - knn["metrics"]["ndcg@10"]["mean"], abs=2e-5)
    assert gap["low"] < gap["mean"] < gap["high"]


def test_the_protocol_and_the_measure_are_the_tables(table):
    table = dataclasses.replace(
        table, training={"monitor": "recall@1"}, evaluation={"history": "train", "k": (3,)}
    )
    run_row(table, ROWS[1], seed=0)
    (record,) = read_rows(table)
    assert "recall@3" in record["metrics"] and "(of training alone)" in record["protocol"]


def test_a_measure_of_a_head_chooses_no_baseline(table):
    """It does not know it: ndcg@10 is taken."""
    run_row(dataclasses.replace(table, training={"monitor": "like.auc"}), ROWS[2], seed=0)
    assert read_rows(table)[0]["settings"]["l2"] in (1, 1000)


def test_a_row_is_trained_or_a_baseline():
    for wrong in ({}, {"twin": lambda schema: schema, "baseline": MostPopular}):
        with pytest.raises(ValueError, match="Row 'x' must have either a twin"):
            Row("x", **wrong)


def test_a_table_of_another_split_than_the_one_it_was_made_of_pins_its_own():
    pinned: dict[str, dict] = {}
    for table in TABLES.values():
        for row in table.rows:
            split = row.split_sha256 if row.load else table.split_sha256
            asked = {**table.load, **row.load}
            assert split and pinned.setdefault(split, asked) == asked, f"{table.name}, {row.name}"


def test_the_baselines_stand_beside_ml_100k():
    assert ML_100K.rows[-4:-1] == BASELINES
    assert [row.name for row in BASELINES] == ["most popular", "item-kNN", "EASE"]

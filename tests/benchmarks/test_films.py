"""Splits of MovieLens that others published: from their files, by hand."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import small
from benchmarks.quality import collm, ml_100k_u1, neumf
from benchmarks.quality.films import all_films
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Category
from tfmmrec.tasks import Match, NextItem


@pytest.fixture
def source(tmp_path):
    """A folder of benchmark data with four films and two users."""
    films = tmp_path / "movielens"
    for folder in ("ml-1m", "ml-100k", "collm-ml-1m", "ncf-ml-1m"):
        (films / folder).mkdir(parents=True)
    (films / "ml-1m" / "movies.dat").write_text(
        "1::Toy Story (1995)::Animation|Comedy\n2::Jumanji (1995)::Adventure\n"
        "3::Café (1990)::Drama\n4::Untitled::Drama\n",
        "latin-1",
    )
    pairs = {"userID": ["9", "9", "9", "9", "7", "7", "7"], "movieID": ["2", "1", "3", "4", "1", "2", "4"]}
    pq.write_table(pa.table(pairs), films / "ml-1m" / "ratings.parquet")
    # the authors number users and films as they first appear: 9 → 0, 7 → 1; 2 → 0, 1 → 1, 3 → 2, 4 → 3
    with gzip.open(films / "ncf-ml-1m" / "ml-1m.test.negative.gz", "wt") as file:
        file.write("(0,3)\t1\n(1,0)\t2\t3\n".replace("(0,3)\t1\n", "(0,3)\t1\t0\n"))
    for split, label in (("train", 1), ("valid", 0), ("test", 1)):
        with gzip.open(films / "collm-ml-1m" / f"{split}.csv.gz", "wt") as file:
            file.write("uid,iid,movie_id,label,timestamp,his,flag,not_cold\n")
            file.write(f"4,96,2,{label},1040544350,0 38 39,1.0,1\n")
    (films / "ml-100k" / "u1.test").write_text("1\t6\t5\t887431973\n")
    return tmp_path


def test_films_that_were_left_out_come_behind(source):
    rows = [{"item_id": "2", "title": "Jumanji (1995)", "genres": "Adventure", "year": "1995", "plot": "A."}]
    there, *more = all_films(rows, source)
    assert there == rows[0] and [row["item_id"] for row in more] == ["1", "3", "4"]
    assert more[1] == {"item_id": "3", "title": "Café (1990)", "genres": "Drama", "year": "1990", "plot": ""}
    assert more[2]["year"] == ""


def test_neumf_the_test_is_last_and_never_among_what_is_learnt(source):
    rows = [{"user_id": "9", "item_id": film} for film in "214"]
    rows += [{"user_id": "7", "item_id": film} for film in "142"]
    found = [(r["user_id"], r["item_id"], r["split"]) for r in neumf.with_their_test(rows, source)]
    assert found == [
        ("9", "3", "train"),  # not in SASRec's file: its place is unknown
        ("9", "2", "train"),
        ("9", "1", "valid"),
        ("9", "4", "test"),
        ("7", "1", "train"),
        ("7", "4", "valid"),
        ("7", "2", "test"),
    ]


def test_neumf_candidates_are_each_querys_own(source, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {"user_id": user, "item_id": film} for user, films in (("9", "214"), ("7", "142")) for film in films
    ]
    events = neumf.with_their_test(rows, source)
    lines = [",".join(row.values()) for row in events]
    (folder / "events.csv").write_text("user_id,item_id,split\n" + "\n".join(lines) + "\n")
    schema = neumf.Schema(tasks=[NextItem()], order="file")
    data = load(folder, schema, split="column:split")
    given = neumf.candidates(data, source)
    names = [[data.item_ids[row] for row in rows] for rows in given]
    by_user = dict(zip((data.user_ids[u] for u in data.events.user[data.test.rows]), names, strict=True))
    assert by_user == {"9": ["4", "1", "2"], "7": ["2", "3", "4"]}

    class Favourite:
        def scores(self, queries, chunk):
            liked = {item: number for number, item in enumerate("3241")}
            line = np.asarray([liked[item] for item in data.item_ids], "float32")
            return np.tile(line, (len(chunk), 1))

    results = evaluate(Favourite(), data.test, k=(1, 2), candidates=given)
    # film 4 comes behind 1 for user 9; film 2 behind 4 and before 3 for user 7
    assert results.metrics["hit_rate@1"] == 0.0 and results.metrics["hit_rate@2"] == 1.0
    assert "among 3 candidates given for each query" in results.protocol


def test_collm_keeps_what_does_not_tell_the_label(source):
    rows = collm.labelled([], source)
    assert [row["split"] for row in rows] == ["train", "valid", "test"]
    assert rows[1] == {
        "user_id": "4",
        "item_id": "2",
        "like": "0",
        "timestamp": "1040544350",
        "split": "valid",
    }
    changed = collm.schema(small.schema())
    assert changed.timestamp == "timestamp" and changed.features("event") == (Category("like"),)


def test_u1_tests_its_own_pairs_and_learns_from_sets(source):
    rows = [{"user_id": "1", "item_id": str(item)} for item in range(500)]
    splits = [row["u1"] for row in ml_100k_u1.with_u1(rows, source)]
    assert splits[6] == "test" and splits.count("test") == 1
    assert 30 < splits.count("valid") < 75  # a tenth
    tasks = ml_100k_u1.as_sets(small.schema()).tasks
    assert isinstance(tasks[0], Match) and not any(isinstance(task, NextItem) for task in tasks)

"""Another library in a process of its own: what it is given, and what is made of what it leaves."""

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.quality.check import left
from benchmarks.quality.peers import peer
from benchmarks.quality.peers.peer import MissingPeerError, Peer, python_with
from benchmarks.quality.rows import read_rows, run_missing, run_row, write_rows
from benchmarks.quality.table import Row, Table
from tfmmrec.baselines import MostPopular
from tfmmrec.evaluation import evaluate, queries_of

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
folder = Path(sys.argv[1])
data = np.load(folder / "data.npz")
settings = json.loads((folder / "settings.json").read_text())
assert len(data["held.user"]) == len(data["held.item"]) == len(data["validation.users"])
counts = np.bincount(data["item"], minlength=int(data["items"])) * settings["sign"]
for split in ("validation", "test"):
    start, history = data[f"{split}.start"], data[f"{split}.history"]
    scores = np.tile(counts.astype("float32"), (len(start) - 1, 1))
    for query in range(len(start) - 1):
        scores[query, history[start[query] : start[query + 1]][-1]] += 0.5
    np.save(folder / f"{split}.npy", scores)
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    (tmp_path / "with_json.py").write_text(PROGRAM)
    (tmp_path / "with_sys.py").write_text("raise SystemExit(3)")
    monkeypatch.setattr(peer, "PROGRAMS", tmp_path)
    monkeypatch.setenv("TFMMREC_PEERS", sys.executable)


def test_it_reads_training_and_what_each_query_knows(programs, small_data):
    scorer, data = Peer(small_data, "with_json", sign=1), small_data
    for split in (data.validation, data.test):
        queries = queries_of(split)
        scores = scorer.scores(queries, np.array([0, 5]))
        for row, query in zip(scores, (0, 5), strict=True):
            expected = data.popularity.astype("float32")
            expected[data.events.item[queries.histories[query][-1]]] += 0.5
            np.testing.assert_array_equal(row, expected)


def test_it_is_judged_as_a_baseline(programs, small_data):
    assert evaluate(Peer(small_data, "with_json", sign=1), small_data.test).metrics["ndcg@10"] > 0
    with pytest.raises(subprocess.CalledProcessError, match="with_sys.py"):
        Peer(small_data, "with_sys")


def test_without_an_environment(monkeypatch, small_data):
    monkeypatch.delenv("TFMMREC_PEERS", raising=False)
    with pytest.raises(MissingPeerError, match="Set TFMMREC_PEERS to the Python .* can import implicit.$"):
        Peer(small_data, "with_implicit")


def test_each_library_has_the_first_environment_that_can_import_it(tmp_path, monkeypatch):
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("TFMMREC_PEERS", os.pathsep.join([str(other), "nowhere", sys.executable]))
    assert python_with("numpy") == sys.executable
    with pytest.raises(MissingPeerError, match=f"can import implausible; {other}, .*nowhere, .* cannot"):
        python_with("implausible")


def test_an_environment_may_be_named_from_where_one_stands(tmp_path, monkeypatch):
    (tmp_path / "python").symlink_to(sys.executable)  # as in an environment: the link itself is to be run
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFMMREC_PEERS", "python")
    assert python_with("json") == str(tmp_path / "python")


def test_its_row_is_left_alone_where_there_is_none(prepare_small, programs, monkeypatch, capsys):
    made = Row("counts", baseline=lambda data: Peer(data, "with_json", sign=1))
    popular = Row("most popular", baseline=MostPopular)
    table = Table(name="t", dataset="t", prepare=prepare_small, columns={}, rows=(popular, made))
    for row in table.rows:
        run_row(table, row, seed=0)
    monkeypatch.delenv("TFMMREC_PEERS")
    assert list(left(table, 60)) == []
    assert "t: counts is left out. Set TFMMREC_PEERS" in capsys.readouterr().out
    write_rows(table, read_rows(table)[1:])
    run_missing(table, seed=0)
    assert [row["model"] for row in read_rows(table)] == ["most popular", "counts"]
    write_rows(table, [])
    run_missing(table, seed=0)
    assert "t: counts is left out. Set TFMMREC_PEERS" in capsys.readouterr().out
    assert [row["model"] for row in read_rows(table)] == ["most popular"]

"""The benchmark of indexes: how recall is counted, what is compared, and a small run from end to end."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.speed import index, results, vectors
from benchmarks.speed.peers import index_task
from benchmarks.speed.results import json_lines


def test_recall_by_hand():
    best = np.asarray([[3, 1, 2], [0, 5, 4]])
    task = SimpleNamespace(queries=np.zeros((2, 1), "float32"), best=best)
    found = np.asarray([[1, 3, 9], [7, 8, 0]])
    assert index_task.recall_of(lambda queries: found, task, 3) == pytest.approx(3 / 6)
    assert index_task.recall_of(lambda queries: found[:, :2], task, 2) == pytest.approx(2 / 4)


def test_the_best_are_those_of_the_largest_products():
    found = index.best_of(np.asarray([[1.0], [3], [-5], [2]]), np.asarray([[1.0], [-1]]), 3)
    assert found.tolist() == [[1, 3, 0], [2, 0, 3]]


def test_every_query_is_asked_and_the_slices_are_timed():
    asked = []
    queries = np.arange(5, dtype="float32")[:, None]
    qps = index_task.speed_of(lambda some: asked.append(some.ravel().tolist()), queries, 2, 0.03)
    assert qps > 0
    assert all(len(batch) == 2 for batch in asked)
    assert {one for batch in asked for one in batch} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("by_batch", [True, False])
def test_recall_is_that_of_the_batch_that_is_timed(tmp_path, monkeypatch, capsys, by_batch):
    """An index that finds everything where three or more ask, and nothing where one does."""
    queries = np.eye(6, dtype="float32")
    index_task.write(
        tmp_path, queries, queries, np.arange(6)[:, None], k=[1], batches=[1, 3], seconds=0.01, threads=1
    )
    monkeypatch.setattr(sys, "argv", ["task", str(tmp_path)])

    def search(index, setting, k):
        return lambda asked: (
            asked.argmax(axis=1)[:, None] if len(asked) >= 3 else np.full((len(asked), 1), -1)
        )

    index_task.measure(lambda task: None, search, by_batch=by_batch)
    points = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["batch"], one["recall"]) for one in points] == [(1, 0.0 if by_batch else 1.0), (3, 1.0)]


def point(recall, qps, k=10, batch=1):
    return {"setting": None, "k": k, "batch": batch, "recall": recall, "qps": qps, "build": 1.0}


def test_compared_are_the_quickest_that_find_enough():
    found = {
        index.OURS: [point(0.9, 900), point(0.95, 500), point(0.99, 300), point(1, 100, k=100)],
        "FAISS, HNSW": [point(0.5, 9000), point(0.97, 1000)],
        "ScaNN": [point(0.94, 8000)],  # never enough
    }
    (row,) = index.compared("1,000 trained", found)
    assert (row.name, row.peer_name, row.unit) == (
        "1,000 trained, k = 10, batch 1",
        "FAISS, HNSW",
        "queries/s",
    )
    assert (row.ours, row.peer, row.ratio, row.recall) == (500, 1000, 0.5, (0.95, 0.97))


def test_copies_lie_where_their_vectors_do():
    few = (np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 4] + 5).astype("float32")
    many, original = vectors.copies(few, 20_000)
    assert many.shape == (20_000, 4) and many.dtype == "float32"
    np.testing.assert_array_equal(many[:50], few)
    np.testing.assert_array_equal(many, vectors.copies(few, 20_000)[0])
    assert list(original[:50]) == list(range(50)) and set(original) == set(range(50))
    np.testing.assert_allclose((many - few[original]).mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(many.mean(axis=0), few.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(many.var(axis=0), few.var(axis=0) * (1 + vectors.NOISE**2), rtol=0.08)


def test_the_frontier_by_hand():
    points = [(0.5, 90.0), (0.7, 80.0), (0.7, 60.0), (0.6, 70.0), (0.9, 10.0), (0.8, 80.0)]
    assert index.frontier(points) == [(0.5, 90.0), (0.8, 80.0), (0.9, 10.0)]


def test_a_picture_is_drawn(tmp_path):
    found = {index.OURS: [point(0.9, 900), point(0.99, 300)], "ScaNN": [point(0.94, 8000)]}
    index.draw({"1,000 trained": found}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_results_are_crossed_by_hand():
    def row(name, ours, peer, peer_name):
        return {
            "name": name,
            "ours": ours,
            "peer": peer,
            "peer_name": peer_name,
            "ratio": ours / peer,
            "unit": "q/s",
        }

    rows = [
        row("5 uniform, k = 10, batch 1", 7, 7, "ScaNN"),
        row("5 uniform, k = 100, batch 16", 3000, 6000, "ScaNN"),
        row("5 uniform, k = 100, batch 1", 20, 10, "FAISS"),
    ]
    assert results.crossed(rows) == [
        "| k = 10 | | batch 1, q/s | batch 16, q/s |",
        "|---|---|---|---|",
        "| 5 uniform | ours | 7 | – |",
        "|  | ScaNN | 7 (1) | – |",
        "",
        "| k = 100 | | batch 1, q/s | batch 16, q/s |",
        "|---|---|---|---|",
        "| 5 uniform | ours | 20 | 3,000 |",
        "|  | ScaNN | – | 6,000 (0.5) |",
        "|  | FAISS | 10 (2) | – |",
    ]


def test_a_case_takes_the_place_of_what_was_kept_of_it(tmp_path, monkeypatch, capsys):
    for module in (index, results):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    trained, uniform = index.CASES[:2]

    def found(qps):
        return {index.OURS: [point(0.99, qps)], "ScaNN": [point(0.99, 100)]}

    index.keep(uniform, found(50), "a")
    index.keep(trained, found(200), "b")
    index.keep(uniform, found(300), "c")
    rows = json.loads((tmp_path / "speed-index.json").read_text("utf-8"))
    assert [(row["name"], row["ours"], row["command"]) for row in rows] == [
        (f"{trained}, k = 10, batch 1", 200, "b"),
        (f"{uniform}, k = 10, batch 1", 300, "c"),
    ]
    kept = json.loads((tmp_path / "index-curves.json").read_text("utf-8"))
    assert list(kept) == [trained, uniform] and kept[uniform][index.OURS][0]["qps"] == 300
    assert (tmp_path / "speed-index.png").is_file()


def test_every_contender_has_its_script():
    for peer, (script, *_) in index.CONTENDERS.values():
        assert (index.SCRIPTS / script).is_file()
        assert index.named_python(f"{peer}=python") == (peer, "python")


@pytest.mark.slow
def test_a_small_run(tmp_path, capfd):
    few = vectors.uniform(600)
    settings = {"k": [10], "batches": [1, 16], "seconds": 0.05}
    asked = vectors.uniform(40, 1)
    found = index.run("600 uniform", few, asked, few[:40], {"keras-rs": sys.executable}, **settings)
    assert "ScaNN is left out: no --peer scann=PYTHON" in capfd.readouterr().out
    assert set(found) == {index.OURS, index.EXACT, "Keras RS, brute force"}
    assert {one["recall"] for name in found if name != index.OURS for one in found[name]} == {1.0}
    recalls = [one["recall"] for one in found[index.OURS] if one["batch"] == 1]
    assert recalls == sorted(recalls) and recalls[-1] >= index.TARGET
    rows = list(index.compared("600 uniform", found))
    assert len(rows) == 2 * 2 and all(row.ours > 0 and row.peer > 0 for row in rows)


def test_what_a_process_says_is_read():
    (line,) = json_lines([sys.executable, "-c", f"print('noise'); print('{json.dumps({'qps': 1})}')"])
    assert line == {"qps": 1}

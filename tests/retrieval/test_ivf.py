"""The inverted file: the contract with every cell looked into, and how much a few of them find."""

import numpy as np
import pytest
import tensorflow as tf

from contracts import IndexContract
from contracts.index import passing, search
from tfmmrec.retrieval import IVF, Exact
from tfmmrec.retrieval.cells import BLOCK


class TestIVF(IndexContract):
    component = IVF
    settings = {"size": 4, "probes": 1000, "exact_from": 1000}


@pytest.fixture(scope="module")
def clustered():
    """20,000 vectors around 200 directions, and queries that point somewhere near one of these."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(200, 16))
    vectors = directions[rng.integers(0, 200, 20_000)] + 0.3 * rng.normal(size=(20_000, 16))
    queries = directions[rng.integers(0, 200, 300)] + 0.3 * rng.normal(size=(300, 16))
    return vectors.astype("float32"), queries.astype("float32")


@pytest.fixture(scope="module")
def index(clustered):
    vectors, queries = clustered
    return IVF(vectors, queries[:150], size=64, k=20, exact_from=1000)


@pytest.fixture
def among_all(index, monkeypatch):
    """The queries for which every item was scored, ``[B, D]`` of each time."""
    asked, exactly = [], index.exact.search

    def watched(queries, *arguments):
        asked.append(queries.numpy())
        return exactly(queries, *arguments)

    monkeypatch.setattr(index.exact, "search", watched)
    return asked


@pytest.mark.parametrize("cosine", [False, True])
def test_few_cells_find_the_share_that_was_asked_for(clustered, index, cosine):
    vectors, queries = clustered
    held_out = queries[150:]
    k = np.full(len(held_out), 20)
    found, scores = search(index, held_out, k, cosine=cosine)
    true, of_true = search(Exact(vectors), held_out, k, cosine=cosine)
    recall = np.mean([len(set(a) & set(b)) / 20 for a, b in zip(found, true, strict=True)])
    assert recall >= 0.9
    assert index.measured["recall@20"] >= 0.95
    assert index.measured["cosine recall@20"] >= 0.95
    assert index.probes <= index.measured["cells"] / 5
    assert (found >= 0).all()
    best = dict(zip(true[0].tolist(), of_true[0].tolist(), strict=True))
    for row, score in zip(found[0].tolist(), scores[0].tolist(), strict=True):
        if row in best:  # scores are those of the vectors, not of what cells hold of them
            assert score == pytest.approx(best[row], rel=1e-5)


def test_a_batch_in_groups_is_a_batch_at_once(clustered, index, monkeypatch):
    queries = clustered[1][:50]
    k = np.full(50, 10)
    excluded = search(index, queries, k)[0][:, :3]
    at_once = search(index, queries, k, excluded)
    assert not (at_once[0][:, :, None] == excluded[:, None]).any()
    monkeypatch.setattr("tfmmrec.retrieval.ivf._BYTES", 8 * index.probes * 64 * 16 * 4)  # eight queries
    in_groups = search(index, queries, k, excluded)
    np.testing.assert_array_equal(in_groups[0], at_once[0])
    np.testing.assert_allclose(in_groups[1], at_once[1], rtol=1e-6)


def test_every_query_of_a_group_is_filtered_by_its_own(clustered, index, monkeypatch):
    queries = clustered[1][:50]
    mask = np.random.default_rng(3).random((50, 20_000)) < 0.7
    k = np.full(50, 10)
    at_once = search(index, queries, k, passes=passing(mask))
    assert np.take_along_axis(mask, at_once[0], axis=1).all()
    monkeypatch.setattr("tfmmrec.retrieval.ivf._BYTES", 8 * index.probes * 64 * 16 * 4)
    np.testing.assert_array_equal(search(index, queries, k, passes=passing(mask))[0], at_once[0])


@pytest.mark.parametrize("share", [0.7, 0.1, 0.01])
def test_what_passes_is_found_as_well_as_everything(clustered, index, share):
    vectors, queries = clustered[0], clustered[1][150:]
    mask = np.random.default_rng(4).random((len(queries), 20_000)) < share
    k = np.full(len(queries), 10)
    found, _ = search(index, queries, k, passes=passing(mask))
    true, _ = search(Exact(vectors), queries, k, passes=passing(mask))
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, true, strict=True)]) >= 0.9


def test_a_large_batch_is_scored_whole(clustered):
    vectors, queries = clustered[0], clustered[1][150:]
    index = IVF(vectors, size=64, k=20, probes=2, exact_from=100)
    true = search(Exact(vectors), queries, np.full(150, 10))[0]
    np.testing.assert_array_equal(search(index, queries, np.full(150, 10))[0], true)
    assert (search(index, queries[:99], np.full(99, 10))[0] != true[:99]).any()


@pytest.mark.parametrize(
    ("items", "cells", "probes", "batch"),
    [
        (1_000_000, 15_000, 100, 2**31 - 1),  # 113,333 + 30,000 + 50,000 a query in cells: always less
        (100_000, 1_500, 96, 7),  # 108,800 + 3,000 + 50,000: 61,800 more; 7 * 100,000 - 300,000 once
        (20_000, 300, 1, 1),  # too few for cells to pay
    ],
)
def test_what_is_quicker_is_reckoned_from_items_and_places(clustered, items, cells, probes, batch):
    index = IVF(clustered[0][:500], size=64, k=20)
    index.exact.vectors, index.measured["cells"] = np.empty((items, 0)), cells
    assert index.exact_from(probes) == batch


def test_more_than_cells_hold_is_found_all_the_same(clustered, index):
    vectors, queries = clustered
    for k in (20, 500):  # few are left of what is near; and more than it is tuned for
        best = np.argsort(-(vectors @ queries[0]), kind="stable")
        excluded = best[:15_000][None]
        rows, _ = search(index, queries[:1], [k], excluded)
        assert rows[0].tolist() == best[15_000 : 15_000 + k].tolist()


@pytest.mark.parametrize("cosine", [False, True])
def test_exclusions_cost_no_places(clustered, index, among_all, cosine):
    vectors, queries = clustered[0], clustered[1][150:]
    k = np.full(len(queries), 10)
    best, _ = search(Exact(vectors), queries, np.full(len(queries), 120), cosine=cosine)
    exact = Exact(vectors)
    best, _ = search(exact, queries, np.full(len(queries), 120), cosine=cosine)

    def recall(excluded):
        among_all.clear()
        found, true = (search(one, queries, k, excluded, cosine=cosine)[0] for one in (index, exact))
        return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, true, strict=True)])

    # with ten others more than the 20 that cells are tuned for
    assert recall(best[:, :100]) == 1 and sum(map(len, among_all)) == len(queries)
    assert recall(best[:, :20]) >= 0.95
    # many, but none of them is better than what is found; and, beside padding, a few that are
    few = np.concatenate([best[:, 20:], best[:, :8], np.full((len(best), 3), -1)], axis=1)
    for excluded in (best[:, 20:], few):
        assert recall(excluded) >= 0.9 and sum(map(len, among_all)) < 0.1 * len(queries)


def test_only_queries_that_lack_something_are_asked_among_all_items(clustered, index, among_all):
    vectors, queries = clustered[0], clustered[1][:6]
    mask = np.ones((6, 20_000), bool)
    mask[2], mask[4] = np.random.default_rng(5).random((2, 20_000)) < 0.001  # about twenty pass
    k, excluded = np.asarray([10, 20, 3, 5, 12, 1]), np.arange(6)[:, None]
    true = search(Exact(vectors), queries, k, excluded, passes=passing(mask))
    rows, scores = search(index, queries, k, excluded, passes=passing(mask))
    np.testing.assert_array_equal(np.concatenate(among_all), queries[[2, 4]])
    for query in (2, 4):
        np.testing.assert_array_equal(rows[query], true[0][query])
        np.testing.assert_allclose(scores[query], true[1][query], rtol=1e-6)
    near = [0, 1, 3, 5]
    alone = search(index, queries[near], k[near], excluded[near])
    np.testing.assert_array_equal(rows[near], alone[0])


@pytest.mark.parametrize("k", [[0, 0], [0, 500]])
def test_nothing_is_scored_for_a_query_that_wants_nothing(clustered, index, among_all, k):
    rows, scores = search(index, clustered[1][:2], k)
    assert rows.shape == scores.shape == (2, max(k))
    assert (rows[0] == -1).all() and np.isnan(scores[0]).all()
    assert sum(len(some) for some in among_all) == sum(wanted > 0 for wanted in k)


def test_vectors_of_no_clusters_need_most_cells():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(500, 8)).astype("float32")
    index = IVF(vectors, size=16, recall_target=1.0, k=10, exact_from=1000)
    rows, _ = search(index, vectors, np.full(500, 10))
    true, _ = search(Exact(vectors), vectors, np.full(500, 10))
    assert np.mean(rows == true) > 0.99
    assert index.probes > index.measured["cells"] / 3


def test_the_same_vectors_give_the_same_index(clustered, index):
    again = IVF(clustered[0], clustered[1][:150], size=64, k=20, exact_from=1000)
    assert again.measured == index.measured
    for one, other in zip(again.resources, index.resources, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_cells_take_a_quarter_of_the_memory(index):
    (cells,) = (one for one in index.resources if one.dtype == tf.int8)
    assert cells.shape[1:] == (BLOCK, 16)
    assert cells.shape[0] * BLOCK < 1.25 * 20_000  # hardly a place is empty


def test_building_says_how_far_it_is(clustered):
    told = []
    IVF(clustered[0][:500], progress=lambda *said: told.append(said), size=20)
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["index: cells", "index: tuning probes", "index: tuning cosine probes"]
    for stage in stages:
        done, total = zip(*(said[1:] for said in told if said[0] == stage), strict=True)
        assert list(done) == sorted(done) and done[-1] == total[-1] == total[0]


def test_every_item_is_scored_in_one_branch_of_the_graph(index):
    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in (((None, 16), "float32"), ((None,), "int32"))]
    function = tf.function(index.search, input_signature=[*specs, tf.TensorSpec((None, None), "int32")])
    graph = function.get_concrete_function().graph.as_graph_def(add_shapes=False)
    every = [
        node
        for of_branch in graph.library.function
        for node in of_branch.node_def
        if node.op == "TensorScatterUpdate"
    ]
    assert len(every) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recall_target": 0}, r"recall_target is the share that has to be found, in \(0, 1\]; got 0"),
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"probes": 0}, "probes must be at least 1, got 0"),
        ({"exact_from": 0}, "exact_from must be at least 1, got 0"),
    ],
)
def test_settings_that_are_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        IVF(np.eye(3), **settings)

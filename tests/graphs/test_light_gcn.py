"""Users and items take in whom and what they met: the contract, and a graph by hand."""

import dataclasses

import numpy as np
import pytest

from backends import run
from contracts import GraphContract
from contracts.graph import WIDTH, variables
from contracts.samples import random
from tfmmrec.graphs import KNN, LightGCN
from tfmmrec.models import build_recommender

SIZES, PAIRS = {"item": 5, "user": 4}, 7
MET = np.asarray([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 1]])  # u, v, w and a, b, c, d


class TestLightGCN(GraphContract):
    component = LightGCN
    moves = ("item", "user")


class TestWithNeighbours(GraphContract):
    component = LightGCN
    settings = {"layers": 1, "neighbours": {"k": 3, "by": ["genres"]}}
    moves = ("item", "user")


@pytest.mark.backend
@pytest.mark.parametrize("layers", [1, 3])
def test_by_hand(three_users, layers):
    graph = LightGCN(WIDTH, SIZES, PAIRS, layers)
    graph.build()
    graph.connect(three_users)
    users, items = random(4, WIDTH), random(5, WIDTH, seed=1)
    found = run(graph, {"user": users, "item": items})
    share = MET / np.sqrt(MET.sum(1, keepdims=True) * MET.sum(0))
    of_users, of_items = [users[1:]], [items[1:]]
    for _ in range(layers):
        moved = share @ of_items[-1], share.T @ of_users[-1]
        of_users.append(moved[0])
        of_items.append(moved[1])
    np.testing.assert_allclose(found["user"][1:], np.mean(of_users, axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["item"][1:], np.mean(of_items, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.backend
def test_beside_nearest_items(three_users):
    """What each graph adds to the items alone, and nothing more to the users."""
    tables, found = {"user": random(4, WIDTH), "item": random(5, WIDTH, seed=1)}, {}
    for name, graph in (
        ("met", LightGCN(WIDTH, SIZES, PAIRS)),
        ("like", KNN(WIDTH, SIZES, PAIRS, k=2, by="kind")),
        ("both", LightGCN(WIDTH, SIZES, PAIRS, neighbours={"k": 2, "by": "kind"})),
    ):
        graph.build()
        graph.connect(three_users)
        found[name] = run(graph, tables)
    np.testing.assert_allclose(found["both"]["user"], found["met"]["user"], atol=1e-6)
    expected = found["met"]["item"] + found["like"]["item"] - tables["item"]
    np.testing.assert_allclose(found["both"]["item"], expected, atol=1e-6)
    assert np.abs(expected - found["met"]["item"])[1:4].max(axis=1).min() > 0.1


def test_with_validation_there_are_its_pairs_too(three_users):
    more = three_users.with_validation()
    assert more.vocabulary.trained_pairs == 9  # v and c, w and b
    graph = LightGCN(WIDTH, SIZES, more.vocabulary.trained_pairs)
    graph.build()
    graph.connect(more)
    assert (variables(graph)[2] > 0).sum() == 9
    narrow = LightGCN(WIDTH, SIZES, three_users.vocabulary.trained_pairs)
    narrow.build()
    with pytest.raises(ValueError, match="for 7 edges at most, and has 9"):
        narrow.connect(more)


def test_where_it_does_not_fit(small_data, small_sets):
    def build(data, **changes):
        build_recommender(dataclasses.replace(data.schema, **changes), data.vocabulary, 8, graph="light_gcn")

    with pytest.raises(ValueError, match="a state would know what comes after it: it is for events without"):
        build(small_data)
    with pytest.raises(ValueError, match="the users' is no feature: set user_identity=True"):
        build(small_sets, user_identity=False)
    with pytest.raises(ValueError, match="moves the ids of the items, and these are no feature"):
        build(small_sets, item_identity=False)
    older = dataclasses.replace(small_sets.vocabulary, trained_pairs=0)
    with pytest.raises(ValueError, match="does not say how many there are: prepare the data again"):
        build(dataclasses.replace(small_sets, vocabulary=older))
    with pytest.raises(ValueError, match="There is no graph 'gcn'. "):
        build_recommender(small_sets.schema, small_sets.vocabulary, 8, graph="gcn")
    with pytest.raises(ValueError, match="LightGCN: layers must be 1 or more, got 0"):
        LightGCN(WIDTH, {"item": 2, "user": 2}, 1, layers=0)

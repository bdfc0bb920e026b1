"""Items take in those most like them: the contract, and graphs by hand."""

import dataclasses

import numpy as np
import pytest

from backends import run
from contracts import GraphContract
from contracts.graph import WIDTH, variables
from contracts.samples import random
from tfmmrec.graphs import KNN
from tfmmrec.models import build_recommender

HALF, SIXTH = np.sqrt(1 / 2), np.sqrt(1 / 6)


class TestKNN(GraphContract):
    component = KNN
    settings = {"k": 3}


class TestLearnedKNN(GraphContract):
    component = KNN
    settings = {"k": 3, "by": ["genres", "events"], "learned": True, "layers": 2}


def connected(data, **settings):
    graph = KNN(WIDTH, {"item": 5, "user": 4}, data.vocabulary.trained_pairs, **settings)
    graph.build()
    graph.connect(data)
    return graph


def matrix(graph):
    """A of the items that were trained on."""
    row, column, weight = variables(graph)[:3]
    found = np.zeros((5, 5))
    np.add.at(found, (row, column), weight)
    assert not found[0].any() and not found[:, 0].any()
    return found[1:, 1:]


def shares(similarity):
    total = similarity.sum(axis=1, keepdims=True)
    return similarity / np.where(total, total, 1)


# a was met by u, v and w, b by u and v, c by u, d by w
EVENTS = np.asarray([[0, 2 * SIXTH, 0, 0], [2 * SIXTH, 0, 0, 0], [0, HALF, 0, 0], [np.sqrt(1 / 3), 0, 0, 0]])
TAGS = np.asarray([[0, HALF, 1, 0], [HALF, 0, HALF, 0], [1, HALF, 0, 0], [0, 0, 0, 0]])
# one by each; of b's by tags, a and c are equally similar
BOTH = np.asarray([[0, 0.5, 0.5, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0], [1, 0, 0, 0]])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"k": 1}, shares(EVENTS)),  # of equally similar ones the lower row
        ({"k": 2, "by": "kind"}, shares(TAGS)),
        ({"k": 1, "by": ["events", "kind"]}, BOTH),
    ],
)
def test_neighbours_by_hand(three_users, settings, expected):
    found = matrix(connected(three_users, **settings))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_neighbours_by_a_vector(three_users):
    found = matrix(connected(three_users, k=3, by=["point"]))
    vectors = three_users.items["point"]["vector"][:4]
    assert np.isnan(vectors[3]).all()  # d has none, and e was not trained on
    unit = np.nan_to_num(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    cosine = np.maximum(unit @ unit.T, 0)
    np.fill_diagonal(cosine, 0)
    np.testing.assert_allclose(found, shares(cosine), rtol=1e-5, atol=1e-7)


@pytest.mark.backend
@pytest.mark.parametrize("learned", [False, True])
def test_propagation_by_hand(three_users, learned):
    graph = connected(three_users, k=2, by="kind", layers=2, learned=learned)
    users, items = random(4, WIDTH), random(5, WIDTH, seed=1)
    found = run(graph, {"user": users, "item": items})
    expected, moved = items[1:], items[1:]
    for layer in range(2):
        if learned:
            expected = expected + np.maximum(
                matrix(graph) @ expected @ np.asarray(graph.dense[layer].kernel), 0
            )
        else:
            moved = matrix(graph) @ moved
    expected = expected if learned else items[1:] + moved
    np.testing.assert_allclose(found["item"][1:], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["user"], users)


def test_what_items_are_alike_by(three_users, small_data):
    by_tags = three_users.schema.only(item=["item_id"])  # its neighbours are by what it does not read
    model = build_recommender(by_tags, three_users.vocabulary, 8, graph={"name": "knn", "by": "kind"})
    model.graph.connect(three_users)
    assert matrix(model.graph).any()
    with pytest.raises(ValueError, match="there is no item feature 'genre' in `by`. Did you mean 'genres'"):
        build_recommender(small_data.schema, small_data.vocabulary, 8, graph={"name": "knn", "by": ["genre"]})
    with pytest.raises(ValueError, match="by 'events', by a Vector or by Tags, and 'year' is neither"):
        graph = {"name": "knn", "by": ["year"]}
        build_recommender(small_data.schema, small_data.vocabulary, 8, graph=graph).graph.connect(small_data)


def test_wrong_settings():
    with pytest.raises(ValueError, match="KNN: k is the number of neighbours of an item, 1 or more; got 0"):
        KNN(WIDTH, {"item": 2}, 1, k=0)
    with pytest.raises(ValueError, match="KNN: by names what items are alike by.*got nothing"):
        KNN(WIDTH, {"item": 2}, 1, by=[])


def test_it_may_stand_beside_an_order(small_data):
    schema = dataclasses.replace(small_data.schema, event=())
    model = build_recommender(schema, small_data.vocabulary, 8, graph="knn")
    model.graph.connect(small_data)
    assert variables(model.graph)[2].any()

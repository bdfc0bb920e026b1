"""What `search` finds, against the model and numpy."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import ITEMS, call, raw_queries, text
from tfmmrec.export.search import SearchVectors
from tfmmrec.export.signatures import Signatures
from tfmmrec.modalities import Category, Number, Tags, Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

EVERYTHING = 99
SEARCHED = ["title", "poster", "sound", "taste"]


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def pointing(name):
    """Where a feature of the shop's items points, by its encoder alone: ``[N, D]``; zeros: it is missing."""
    data, model = world.shop()
    tokens, mask = model.item_tower.get_layer(name)({k: tf.constant(v) for k, v in data.items[name].items()})
    tokens, mask = np.asarray(tokens), np.asarray(mask)[..., None]
    mean = np.where(mask, tokens, 0).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
    return np.where(mask.any(axis=1), unit(mean), 0)


def found_by():
    """Search vectors of the shop's items, as they should be."""
    return unit(sum(pointing(name) for name in SEARCHED))


def ranking(query, barred=()):
    """Ids and cosines of the shop's items, best first, by numpy."""
    data, _ = world.shop()
    scores = found_by() @ query
    order = [row for row in np.argsort(-scores, kind="stable") if data.item_ids[row] not in barred]
    return [data.item_ids[row] for row in order], scores[order]


def row_of(item):
    return world.shop()[0].item_ids.index(item)


def check(answer, row, ids, scores):
    """A row answers with these, and with padding after them."""
    assert [item for item in text(answer["item_id"])[row] if item] == list(ids)
    np.testing.assert_allclose(answer["score"][row, : len(ids)], scores, atol=1e-5)
    assert np.isnan(answer["score"][row, len(ids) :]).all()


def test_items_are_where_the_features_they_are_searched_by_point():
    data, model = world.shop()
    assert model.searched == SEARCHED
    vectors = model.encode_items(data.items, batch=10)["search"]
    assert vectors.dtype == "float32"
    np.testing.assert_allclose(vectors, found_by(), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    only_title = row_of(ITEMS[3])
    np.testing.assert_allclose(vectors[only_title], pointing("title")[only_title], atol=1e-5)
    assert not pointing("poster")[row_of(ITEMS[8])].any()


@pytest.mark.parametrize("features", [["title"], ["poster"], ["sound"], ["title", "taste"]])
def test_a_query_is_an_item_of_which_only_this_is_known(features):
    answer = call(world.shop_export(), "search", **raw_queries([4, 5], features), k=[EVERYTHING, 3])
    for row, item in enumerate((ITEMS[4], ITEMS[5])):
        query = unit(sum(pointing(name)[row_of(item)] for name in features))
        ids, scores = ranking(query)
        count = (len(ITEMS), 3)[row]
        check(answer, row, ids[:count], scores[:count])


def test_an_item_described_whole_is_itself():
    answer = call(world.shop_export(), "search", **raw_queries(range(10)), k=[1] * 10)
    np.testing.assert_allclose(answer["score"][:, 0], 1, atol=1e-5)
    assert text(answer["item_id"]) == [[item] for item in ITEMS]


def test_a_row_that_looks_for_nothing_finds_nothing_and_disturbs_nobody():
    query = raw_queries([4, -1, 3], ["title", "poster"])
    answer = call(world.shop_export(), "search", **query, k=[2, 5, 3])
    assert answer["item_id"].shape == answer["score"].shape == (3, 5)
    assert text(answer["item_id"])[1] == [""] * 5
    alone = call(world.shop_export(), "search", **raw_queries([4], ["title", "poster"]), k=[2])
    check(answer, 0, text(alone["item_id"])[0], alone["score"][0])
    nothing = call(world.shop_export(), "search", query_title=["", ""], k=[2, -1])
    assert text(nothing["item_id"]) == [["", ""], ["", ""]]
    assert call(world.shop_export(), "search", query_title=["red"], k=[0])["item_id"].shape == (1, 0)


def test_what_is_excluded_allowed_and_filtered():
    query, path = pointing("title")[row_of(ITEMS[4])], world.shop_export()
    words = raw_queries([4] * 4, ["title"])
    answer = call(
        path,
        "search",
        **words,
        k=[EVERYTHING, EVERYTHING, 2, 3],
        exclude=[["x", "no such item"], [], [], [ITEMS[4]]],
        allow=[[], ["y", "é", "no such item"], [], []],
        filter_price=[[None, None], [None, None], [7, None], [None, 12]],
    )
    check(answer, 0, *ranking(query, barred=["x"]))
    check(answer, 1, *ranking(query, barred=set(ITEMS) - {"y", "é"}))
    dear = {item for row, item in enumerate(ITEMS) if row == 3 or row < 2}  # number 3 has no price
    ids, scores = ranking(query, barred=dear)
    check(answer, 2, ids[:2], scores[:2])
    ids, scores = ranking(query, barred=[ITEMS[3], ITEMS[8], ITEMS[9], ITEMS[4]])
    check(answer, 3, ids[:3], scores[:3])


@pytest.mark.slow
def test_cells_find_the_same_and_what_they_reach_is_measured():
    queries = {
        **raw_queries([4, 5, -1], ["title", "poster"]),
        "k": [3, EVERYTHING, 1],
        "exclude": [["x"], [], []],
    }
    exact, cells = (
        call(path(), "search", **queries) for path in (world.shop_export, world.shop_cells_export)
    )
    assert exact["item_id"].tolist() == cells["item_id"].tolist()
    np.testing.assert_allclose(exact["score"], cells["score"], atol=1e-5)
    about = json.loads((world.shop_cells_export() / "assets.extra" / "about.json").read_text("utf-8"))
    for measured in (about["index_measured"], about["search_measured"], about["users_measured"]):
        assert measured["recall@100"] == 1 and measured["cells"] >= 2


def test_an_index_is_tuned_by_items_of_which_one_feature_is_known():
    data, model = world.shop()
    encoded = model.encode_items(data.items, batch=10)
    known = SearchVectors.of(model, data.items, encoded)
    np.testing.assert_array_equal(known.vectors, encoded["search"])
    expected = np.concatenate([pointing(name) for name in SEARCHED])
    np.testing.assert_allclose(known.queries, expected[expected.any(axis=1)], atol=1e-5)
    assert len(known.queries) == 10 + 8 + 9 + 9  # number 3 has its title only, and 8 no picture


def functions(item, alignment="contrastive"):
    data, _ = world.shop()
    schema = Schema(item=item, tasks=[NextItem()], timestamp="time", history=world.shop_schema().history)
    settings = {"width": 8, "fusion": "concat", "alignment": alignment, "seed": 0}
    model = build_recommender(schema, data.vocabulary, **settings)
    encoded = model.encode_items(data.items, batch=10)
    search = SearchVectors.of(model, data.items, encoded)
    return Signatures(model, data.catalogue, encoded["vector"], None, "exact", search=search).functions()


def test_without_what_teaches_it_there_is_no_search():
    title, tags, kind, price = world.shop_schema().item[:4]
    assert [type(one) for one in (title, tags, kind, price)] == [Text, Tags, Category, Number]
    assert "search" not in functions([title, tags], alignment=None)
    assert "search" not in functions([title])  # nothing to be aligned with
    assert "search" not in functions([tags, kind, price])  # nothing that anybody types or shows
    inputs = functions([title, tags])["search"].structured_input_signature[1]
    assert sorted(inputs) == ["allow", "exclude", "k", "query_title"]


def test_an_item_with_nothing_to_be_found_by_has_the_cosine_0():
    data, model = world.shop()
    items = {
        name: {part: array.copy() for part, array in parts.items()} for name, parts in data.items.items()
    }
    items["title"]["tokens"][row_of(ITEMS[3])] = 0  # it had nothing else
    found = model.encode_items(items, batch=10)
    search = SearchVectors.of(model, items, found)
    assert not search.vectors[row_of(ITEMS[3])].any()
    catalogue = dataclasses.replace(data.catalogue, items=items)
    asked = Signatures(model, catalogue, found["vector"], None, "exact", search=search).functions()["search"]
    specs = asked.structured_input_signature[1]
    request = {
        name: tf.zeros([1] * len(spec.shape), spec.dtype)
        for name, spec in specs.items()
        if spec.dtype != tf.string
    }
    request |= {
        name: tf.fill([1] * len(spec.shape), "") for name, spec in specs.items() if spec.dtype == tf.string
    }
    request |= {
        "query_title": tf.constant(["title 4"]),
        "k": tf.constant([10]),
        "query_taste": tf.constant([[np.nan]], tf.float64),
    }
    answer = asked(**request)
    place = text(answer["item_id"].numpy())[0].index(ITEMS[3])
    assert answer["score"][0, place] == 0

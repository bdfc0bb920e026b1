"""A catalogue and users come back from files as they went, and are exported from them."""

import dataclasses
import json

import numpy as np

from export import world
from export.world import HISTORIES, ITEMS, call, text
from tfmmrec.export import KnownUsers
from tfmmrec.export.__main__ import main
from tfmmrec.export.handover import Given, open_catalogue, open_users, save_catalogue, save_users
from tfmmrec.export.search import SearchVectors
from tfmmrec.models import build_recommender


def assert_same(left, right):
    assert {name: set(parts) for name, parts in left.items()} == {n: set(p) for n, p in right.items()}
    for name, parts in left.items():
        for part, array in parts.items():
            assert array.dtype == right[name][part].dtype
            np.testing.assert_array_equal(array, right[name][part])


def test_both_ways(tmp_path):
    data, _ = world.shop()
    save_catalogue(data.catalogue, tmp_path / "catalogue")
    catalogue = open_catalogue(tmp_path / "catalogue")
    assert catalogue.schema == data.schema
    assert catalogue.vocabulary == data.vocabulary
    assert catalogue.item_ids == list(data.item_ids)
    np.testing.assert_array_equal(catalogue.popularity, data.popularity)
    assert_same(catalogue.items, data.items)
    assert_same(catalogue.attributes, data.attributes)
    assert list(data.attributes) == ["tags", "kind", "price", "released"]

    users = KnownUsers.of(data)
    save_users(users, tmp_path / "users")
    opened = open_users(tmp_path / "users")
    assert opened.ids == users.ids
    for name in ("start", "item", "time", "seen_start", "seen"):
        np.testing.assert_array_equal(getattr(opened, name), getattr(users, name))
    assert_same(opened.events, users.events)
    assert_same(opened.features, users.features)


def test_what_is_handed_over_is_exported(tmp_path):
    data, _ = world.circle()
    schema = dataclasses.replace(data.schema, item=[], tasks=data.schema.tasks[:1])
    model = build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)
    given = tmp_path / "given"
    save_catalogue(data.catalogue, given / "catalogue")
    save_users(KnownUsers.of(data), given / "users")
    settings = {"index": {"name": "exact"}, "filters": ["price"], "candidates": 3}
    (given / "settings.json").write_text(json.dumps(settings))
    model.save(given / "model.keras")
    main(given, tmp_path / "1")
    items = call(tmp_path / "1", "encode_item", item_id=list(data.item_ids))
    np.testing.assert_allclose(items["vector"], model.encode_items(data.items, batch=10)["vector"], atol=1e-6)
    met = {ITEMS[item] for item in HISTORIES[0]}
    shown = call(tmp_path / "1", "recommend", user_id=["ann"], k=[10], exclude_seen=[True])["item_id"]
    assert {item for item in text(shown)[0] if item} == set(ITEMS) - met
    cheap = call(tmp_path / "1", "recommend", user_id=["ann"], k=[10], filter_price=[[5.0, 6.0]])["item_id"]
    assert {item for item in text(cheap)[0] if item} == set(ITEMS[:2])
    about = json.loads((tmp_path / "1" / "assets.extra" / "about.json").read_text("utf-8"))
    assert (about["filters"], about["candidates"]) == (["price"], 3)


def test_everything_at_once_and_nothing_of_the_optimizer(tmp_path):
    data, of_circle = world.circle()
    model = build_recommender(data.schema, data.vocabulary, width=8, fusion="concat", seed=2)
    model.set_weights(of_circle.get_weights())
    model.compile(optimizer="adam")
    model.optimizer.build(model.trainable_variables)
    settings = {"index": {"name": "exact"}, "filters": ["price"], "candidates": 3, "updatable": True}
    bare = dataclasses.replace(data.catalogue, items={})
    search = SearchVectors(np.eye(10, 8, dtype="float32"), np.eye(3, 8, dtype="float32"))
    given = Given(model, bare, vectors=world.vectors(world.circle), search=search, **settings)
    given.save(tmp_path / "given")
    opened = Given.open(tmp_path / "given")
    assert (opened.users, opened.catalogue.items) == (None, {})
    assert {name: getattr(opened, name) for name in settings} == settings
    np.testing.assert_array_equal(opened.vectors, world.vectors(world.circle))
    np.testing.assert_array_equal(opened.search.vectors, search.vectors)
    np.testing.assert_array_equal(opened.search.queries, search.queries)
    assert getattr(opened.model, "optimizer", None) is None
    for mine, other in zip(opened.model.get_weights(), of_circle.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    Given(of_circle, bare, **settings).save(tmp_path / "other")
    sizes = [(tmp_path / name / "model.keras").stat().st_size for name in ("given", "other")]
    assert abs(sizes[0] - sizes[1]) < 0.1 * sizes[1]

"""A catalogue and users come back from files as they went, and are exported from them."""

import dataclasses
import json

import numpy as np

from export import world
from export.world import HISTORIES, ITEMS, call, text
from tfmmrec.export import KnownUsers
from tfmmrec.export.__main__ import main
from tfmmrec.export.handover import open_catalogue, open_users, save_catalogue, save_users
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
    (given / "index.json").write_text(json.dumps({"name": "exact"}))
    model.save(given / "model.keras")
    main(given, tmp_path / "1")
    items = call(tmp_path / "1", "encode_item", item_id=list(data.item_ids))
    np.testing.assert_allclose(items["vector"], model.encode_items(data.items, batch=10)["vector"], atol=1e-6)
    met = {ITEMS[item] for item in HISTORIES[0]}
    shown = call(tmp_path / "1", "recommend", user_id=["ann"], k=[10], exclude_seen=[True])["item_id"]
    assert {item for item in text(shown)[0] if item} == set(ITEMS) - met

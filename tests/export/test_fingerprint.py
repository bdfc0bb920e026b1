"""The fingerprint of an export changes with whatever goes into it, and with nothing else."""

import dataclasses
import re

import keras
import numpy as np
import pytest

from export import world
from tfmmrec.export import Given, KnownUsers
from tfmmrec.export import fingerprint as module
from tfmmrec.export.fingerprint import fingerprint
from tfmmrec.export.search import SearchVectors
from tfmmrec.models import build_recommender


def of(parts, **others):
    return fingerprint(Given(**{**parts, **others}))


@pytest.fixture(scope="module")
def parts():
    """What an export of the shop is made from; not to be changed."""
    data, model = world.shop()
    return {"model": model, "catalogue": data.catalogue, "users": KnownUsers.of(data), "index": "exact"}


@pytest.fixture(scope="module")
def whole(parts):
    return of(parts)


def small():
    data, _ = world.circle()
    schema = dataclasses.replace(data.schema, item=[], tasks=data.schema.tasks[:1])
    return build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)


def moved(array):
    """A copy whose last value is another."""
    array = np.array(array)
    array.flat[-1] = array.flat[-1] + 1 if array.dtype != bool else not array.flat[-1]
    return array


def features_moved(features, feature):
    part = min(features[feature])
    return {**features, feature: {**features[feature], part: moved(features[feature][part])}}


def test_it_is_a_sha256_and_the_same_every_time(parts, whole):
    assert re.fullmatch("[0-9a-f]{64}", whole)
    assert of(parts) == whole


@pytest.mark.parametrize("feature", [feature.name for feature in world.shop_schema().item])
def test_each_feature_of_the_items_is_in_it(parts, whole, feature):
    catalogue = parts["catalogue"]
    other = dataclasses.replace(catalogue, items=features_moved(catalogue.items, feature))
    assert of(parts, catalogue=other) != whole


@pytest.mark.parametrize("name", ["start", "item", "time", "seen_start", "seen", "ids", "events", "features"])
def test_everything_of_the_users_is_in_it(parts, whole, name):
    value = getattr(parts["users"], name)
    if name == "ids":
        value = [*value[:-1], "eve"]
    elif isinstance(value, dict):
        value = features_moved(value, {"events": "snap", "features": "age"}[name])
    else:
        value = moved(value)
    other = dataclasses.replace(parts["users"], **{name: value})
    assert of(parts, users=other) != whole


def test_ids_and_what_was_learnt_in_preparation_are_in_it(parts, whole):
    catalogue = parts["catalogue"]
    ids = dataclasses.replace(catalogue, item_ids=catalogue.item_ids[::-1])
    price = {**catalogue.vocabulary.features["item"]["price"], "mean": 4.0}
    features = {
        **catalogue.vocabulary.features,
        "item": {**catalogue.vocabulary.features["item"], "price": price},
    }
    learnt = dataclasses.replace(
        catalogue, vocabulary=dataclasses.replace(catalogue.vocabulary, features=features)
    )
    for other in (ids, learnt):
        assert of(parts, catalogue=other) != whole


def test_the_index_and_who_writes_are_in_it(parts, whole, monkeypatch):
    assert of(parts, index={"name": "exact", "blocks": 2}) != whole
    found = module.versions()
    monkeypatch.setattr(module, "versions", lambda: found)
    for name in ("tfmmrec", "keras", "tensorflow", "cores"):
        with monkeypatch.context() as newer:
            newer.setitem(found, name, "99.0")
            assert (of(parts) == whole) == (name == "cores")


def test_filters_their_attributes_and_the_number_of_candidates_are_in_it(parts, whole):
    catalogue = parts["catalogue"]
    seen = {whole, of(parts, candidates=99)}
    seen |= {of(parts, filters=filters) for filters in (["price"], ["tags"], ["price", "tags"])}
    assert len(seen) == 5
    assert of(parts, filters=("tags", "price")) in seen
    for feature in ("price", "tags"):
        other = dataclasses.replace(catalogue, attributes=features_moved(catalogue.attributes, feature))
        assert of(parts, catalogue=other) == whole
        assert of(parts, catalogue=other, filters=[feature]) not in seen


def test_vectors_in_place_of_features_and_what_is_searched_by_are_in_it(parts, whole):
    vectors, search = np.ones((10, 8), "float32"), SearchVectors(np.ones((10, 8)), np.ones((3, 8)))
    seen = {
        whole,
        of(parts, vectors=vectors),
        of(parts, vectors=moved(vectors)),
    }
    seen.add(of(parts, vectors=vectors, search=search))
    for name in ("vectors", "queries"):
        other = dataclasses.replace(search, **{name: moved(getattr(search, name))})
        seen.add(of(parts, vectors=vectors, search=other))
    assert len(seen) == 6


def test_weights_and_configuration_are_in_it():
    catalogue, models = world.circle()[0].catalogue, [small(), small()]
    first = fingerprint(Given(models[0], catalogue))
    # of the same seed, whatever its layers are called
    assert fingerprint(Given(models[1], catalogue)) == first
    seen = {first}
    for tower in (models[1].item_tower, models[1].user_tower):
        weight = tower.weights[-1]
        weight.assign(moved(weight.numpy()))
        seen.add(fingerprint(Given(models[1], catalogue)))
    assert len(seen) == 3
    schema = dataclasses.replace(
        models[0].schema, history=dataclasses.replace(models[0].schema.history, dropout=0.5)
    )
    other = build_recommender(schema, models[0].vocabulary, width=8, fusion="concat", seed=0)
    assert fingerprint(Given(other, catalogue)) not in seen


def test_a_saved_model_has_the_fingerprint_it_had(parts, whole, tmp_path):
    parts["model"].save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert of(parts, model=loaded) == whole


def test_what_is_no_part_of_an_export_is_not_in_it(parts, whole):
    catalogue = parts["catalogue"]
    strided = {
        feature: {part: np.repeat(array, 2, axis=0)[::2] for part, array in reversed(of_feature.items())}
        for feature, of_feature in catalogue.items.items()
    }
    same = dataclasses.replace(
        catalogue,
        items={**strided, "unread": {"value": np.ones(10, "float32")}},
        item_ids=tuple(catalogue.item_ids),
        popularity=moved(catalogue.popularity),
    )
    assert of(parts, catalogue=same, index={"name": "exact"}) == whole
    seeds = [one for one in parts["model"].user_tower.variables if "seed" in one.path]
    seeds[0].assign(seeds[0] + 1)  # dropout's
    assert of(parts) == whole
    nothing = np.zeros(0, "int64")
    nobody = KnownUsers([], nothing, nothing, nothing, {}, {}, nothing, nothing)
    assert of(parts, users=nobody) == of(parts, users=None) != whole

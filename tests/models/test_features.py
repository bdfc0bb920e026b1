"""Tokens of features: which rows lose which feature, and under what names weights stand."""

import keras
import numpy as np
import pytest

from backends import run
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Category, Id, Image, Number
from tfmmrec.models import build_recommender
from tfmmrec.models.features import dropout_rates, encode_features, feature_inputs
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

SCHEMA = Schema(
    item=[Number("year"), Category("kind", dropout=0.25)],
    user=[Category("age")],
    event=[Category("device", dropout=0.1)],
    tasks=[NextItem()],
    order="file",
)


def test_shares_by_hand():
    assert dropout_rates(SCHEMA, None) == {}
    assert dropout_rates(SCHEMA, 0.2) == {
        "item": {"item_id": 0.2, "year": 0.2, "kind": 0.2},
        "user": {"age": 0.2},
    }
    assert dropout_rates(SCHEMA, {"year": 0.5}) == {"item": {"item_id": 0.1, "year": 0.5, "kind": 0.25}}
    assert dropout_rates(SCHEMA, {"device": 0.0}) == {"event": {"device": 0.0}}


@pytest.mark.parametrize(
    ("dropout", "match"),
    [
        ({"yaer": 0.1}, "no feature 'yaer'. There are: age, device, item_id, kind, year"),
        ({"year": 1.0}, r"a share of rows, in \[0, 1\); of 'year' it is 1.0"),
        (-0.1, r"a share of rows, in \[0, 1\); of 'item_id' it is -0.1"),
    ],
)
def test_shares_there_are_not(dropout, match):
    with pytest.raises(ValueError, match=match):
        dropout_rates(SCHEMA, dropout)


def hidden(dropout):
    """The share of 2,000 rows that keep each of two features, and that keep none."""
    features = [Id("item_id", dropout=0.5), Category("kind", dropout=0.5)]
    states = {feature.name: {"size": 4} for feature in features}
    inputs = feature_inputs(features, states)
    _, present = encode_features(features, states, inputs, 8, dropout)
    model = keras.Model(inputs, present)
    rows = {name: np.ones(2000, "int32") for name in inputs}
    kept = run(lambda x: model(x, training=True), rows)
    return kept["item_id"].mean(), kept["kind"].mean(), (~kept["item_id"] & ~kept["kind"]).mean()


@pytest.mark.backend
def test_together_a_row_keeps_one_and_alone_it_may_lose_both():
    np.testing.assert_allclose(hidden(None), (0.5, 0.5, 0.25), atol=0.05)
    np.testing.assert_allclose(hidden({"item_id": 0.8, "kind": 0.0}), (0.2, 1.0, 0.0), atol=0.05)
    item, kind, none = hidden({"item_id": 0.5, "kind": 0.5})
    assert none == 0
    np.testing.assert_allclose((item, kind), (0.625, 0.625), atol=0.05)


def test_a_network_in_an_encoder_stands_under_its_feature():
    """Else two features with the same network, or the rates of one, could not be told apart."""
    network = {"name": "backbone", "model": "MobileNet", "arguments": {"alpha": 0.25}, "train": "fine_tune"}
    features = [Image(name, height=32, width=32, patch=32, encoder=network) for name in ("poster", "still")]
    states = {"poster": {}, "still": {}}
    inputs = feature_inputs(features, states)
    tokens, _ = encode_features(features, states, inputs, 8)
    model = keras.Model(inputs, [x for x, _ in tokens.values()])
    paths = [weight.path for weight in model.trainable_weights]
    assert {path.split("/")[0] for path in paths} == {"poster", "still", "poster_missing", "still_missing"}
    assert len(set(paths)) == len(paths)


def test_a_model_with_dropout_of_modalities_is_made_anew():
    states = {"item_id": {"size": 4}, "year": Number("year").fit(np.arange(3.0)), "kind": {"size": 4}}
    others = {"user": {"age": {"size": 3}}, "event": {"device": {"size": 3}}}
    vocabulary = Vocabulary({"item": states, **others}, {"next_item": {}}, 3, 3)
    model = build_recommender(SCHEMA, vocabulary, width=8, modality_dropout={"year": 0.5}, seed=0)
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.item_tower.get_layer("item_modality_dropout").rates == [0.1, 0.5, 0.25]
    plain = build_recommender(SCHEMA, vocabulary, width=8, seed=0)
    one, other = ({(w.path, w.shape) for w in each.item_tower.weights} for each in (plain, model))
    assert one == other

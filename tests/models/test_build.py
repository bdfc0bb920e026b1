"""What a model is built from: choices by name, and which of them are refused."""

import keras
import numpy as np
import pytest

import small
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.models import build_recommender


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"fusion": "transfomer"}, "There is no fusion 'transfomer'. Did you mean 'transformer'"),
        ({"alignment": "none"}, "There is no alignment 'none'. There are: anchored, contrastive"),
        ({"sharing": "shared_botom"}, "There is no sharing 'shared_botom'. Did you mean 'sharedbottom'"),
        ({"width": 10}, "width must be a multiple of 4 and at least 8 .there are 4 heads., got 10"),
        ({"width": 4}, "got 4"),
        ({"item_vectors": "table"}, "'table' is for items whose only feature is the id; take 'cached'"),
        ({"temperature": 0.0}, "temperature divides cosines and must be above 0, such as 0.15; got 0.0"),
        ({"item_vectors": "all"}, "item_vectors must be auto, table, cached, encoded; got 'all'"),
    ],
)
def test_wrong_choices_are_explained(small_data, settings, match):
    with pytest.raises(ValueError, match=match):
        build_recommender(small_data.schema, small_data.vocabulary, **{"width": 8, **settings})


def test_one_dropout_for_all_of_it(small_data):
    model = build_recommender(small.schema(), small_data.vocabulary, width=8, dropout=0.35)
    layers = {layer.name: layer for layer in model._flatten_layers()}
    fusion, sharing = layers["fusion"], layers["sharing"]
    assert (fusion.dropout, sharing.dropout, model.schema.history.dropout) == (0.35, 0.35, 0.35)
    rates = {layer.rate for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dropout)}
    assert rates == {0.35, 0.0}  # encoders of a modality hide nothing within it
    chosen = {"name": "transformer", "layers": 2}
    model = build_recommender(small.schema(), small_data.vocabulary, width=8, dropout=0, fusion=chosen)
    assert len(model.item_tower.get_layer("fusion").blocks) == 2
    assert model.item_tower.get_layer("fusion").dropout == 0


def test_a_feature_that_was_not_prepared_is_explained():
    nothing = Vocabulary({"item": {}, "user": {}, "event": {}}, {}, 1, 1)
    with pytest.raises(ValueError, match="item feature 'item_id' was not prepared; there are"):
        build_recommender(small.schema(), nothing, width=8)


def test_the_same_seed_gives_the_same_weights(small_data):
    one, other, third = (
        build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=s) for s in (1, 1, 2)
    )
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(one.get_weights(), third.get_weights(), strict=True))

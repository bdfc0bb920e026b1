"""The place where a number stops being finite is named."""

import numpy as np
import pytest

from tfmmrec.data.batches import Batches
from tfmmrec.models import build_recommender
from tfmmrec.training import fit
from tfmmrec.training.not_finite import first_not_finite


@pytest.fixture
def model(small_data):
    return build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)


@pytest.fixture
def x(small_data):
    return dict(Batches(small_data, small_data.schema, batch_events=80)[0][0])


def test_nothing_is_wrong(model, x):
    assert "every output is finite" in first_not_finite(model, x)


def test_an_infinite_input(model, x):
    x["item.year.number"] = np.where(
        np.arange(len(x["item.year.number"])) == 1, np.inf, x["item.year.number"]
    )
    assert first_not_finite(model, x) == "the input 'item.year.number' holds an infinite number"


def test_a_weight(model, x):
    weight = next(w for w in model.weights if "genres" in w.path)
    weight.assign(np.full(weight.shape, np.nan))
    assert first_not_finite(model, x) == f"the weight {weight.path!r} is not finite"


def test_a_layer_that_overflows(model, x):
    for weight in model.item_tower.get_layer("genres").weights:
        weight.assign(np.full(weight.shape, 3e38))
    assert first_not_finite(model, x) == "the output of layer 'genres' of 'item_tower' is not finite"


def test_training_stops_at_the_step_and_keeps_the_state_before(small_data, tmp_path):
    model = build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)
    with pytest.raises(
        ValueError, match=r"loss is nan at step \d of epoch 1: .* The state after epoch 0, step"
    ):
        settings = dict(checkpoint=tmp_path, checkpoint_every=0.0, batch_events=56)
        fit(model, small_data.train, learning_rate=1e38, **settings)

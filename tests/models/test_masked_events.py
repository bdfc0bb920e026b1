"""Events of which nothing is told: a learned token, and a training with every change of histories."""

import dataclasses

import keras
import numpy as np
import pytest

from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.models.towers import Gather, GatherTold
from tfmmrec.training import fit

VECTORS = np.arange(24, dtype="float32").reshape(3, 8)


@pytest.mark.backend
def test_a_negative_position_gives_the_token():
    layer = GatherTold(8)
    found = np.asarray(layer(VECTORS, np.asarray([[2, -1, 0]])))
    np.testing.assert_array_equal(found, [[VECTORS[2], np.asarray(layer.token), VECTORS[0]]])
    again = GatherTold.from_config(layer.get_config())
    assert again.width == 8
    np.testing.assert_array_equal(np.asarray(Gather()(VECTORS, np.asarray([[1, -1]])))[0, 1], VECTORS[0])


def test_a_model_learns_from_changed_histories_and_does_without(small_data, tmp_path):
    augment = ("crop", "reorder", "substitute", "mask")
    history = History(length=6, layers=1, heads=2, dropout=0.0, augment=augment)
    schema = dataclasses.replace(
        small_data.schema.only(item=["item_id"], tasks=["next_item"]), history=history
    )
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    token = next(weight for weight in model.trainable_weights if weight.path.startswith("history_vectors"))
    before = np.asarray(token).copy()
    records = fit(
        model, small_data.train, epochs=3, batch_events=100, optimizer=keras.optimizers.Adam(0.05), seed=1
    )
    assert records[-1]["loss"] < records[0]["loss"]
    assert np.abs(np.asarray(token) - before).max() > 1e-3
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert again.schema.history.changes == schema.history.changes
    np.testing.assert_array_equal(*(np.asarray(one.trainable_weights[0]) for one in (model, again)))

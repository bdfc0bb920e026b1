"""Every event's item encoded for itself: the same model, more work."""

import keras
import numpy as np
import pytest

from benchmarks.speed.multimodal import every_occurrence
from tfmmrec.data.batches import Batches
from tfmmrec.models import build_recommender


def test_the_loss_is_the_same(small_data):
    batch = Batches(small_data, small_data.schema, batch_events=64)[0]
    model = build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    model.refresh(small_data.items)

    def loss(batch):
        x, y, w = batch
        losses = model.compute_losses(x, y, model(x, training=False), w, False)
        return float(sum(losses.values()))

    more = every_occurrence(batch)
    events = (batch[0]["candidate"] >= 0).sum()
    distinct = (batch[0]["item.row"] >= 0).sum()
    assert len(more[0]["item.row"]) == len(more[0]["item.item_id.id"]) == events > distinct
    np.testing.assert_array_equal(
        more[0]["item.row"], batch[0]["item.row"][batch[0]["candidate"][batch[0]["candidate"] >= 0]]
    )
    assert loss(more) == pytest.approx(loss(batch), rel=1e-5)

"""What a user's history says, beside which items are in it."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from backends import run
from contracts.samples import random
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender

WIDTH = 8


@pytest.mark.backend
def test_which_item_an_event_tells_something_of(small_data):
    """Two events whose kinds are exchanged are the same sum, and another history."""
    schema = dataclasses.replace(small_data.schema, history=History(length=6, layers=0, dropout=0.0))
    tower = build_recommender(schema, small_data.vocabulary, width=WIDTH, seed=0).user_tower
    inputs = {
        name: np.zeros([size or 1 for size in tensor.shape], tensor.dtype)
        for name, tensor in tower.input.items()
    }
    inputs["history.vector"] = random(1, 2, WIDTH, seed=1)
    inputs["history.window"] = np.zeros((1, 3), "int32")
    inputs["history.time"] = np.zeros((1, 2), "int32")
    inputs = {name: ops.convert_to_tensor(array) for name, array in inputs.items()}

    def state(kinds):
        told = np.asarray([kinds], "int32")
        return run(lambda told: tower({**inputs, "event.kind.value": told}), told)[:, -1]

    np.testing.assert_allclose(state([1, 2]), state([2, 1]), atol=1e-5)  # before anything was learnt
    gain = tower.get_layer("told").gain
    gain.kernel.assign(random(WIDTH, WIDTH, seed=2))
    assert np.abs(state([1, 2]) - state([2, 1])).max() > 0.05

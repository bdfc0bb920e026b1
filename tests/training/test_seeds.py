"""The seed of a training decides what its layers draw, whenever and wherever they were made."""

import dataclasses

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from tfmmrec.data.batches import Batches
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.training import fit
from tfmmrec.training.seeds import reseed


def model_of(data, seed=0):
    history = History(length=3, layers=1, heads=2, dropout=0.5)
    schema = dataclasses.replace(data.schema, history=history).only(item=["item_id", "year"], event=[])
    return build_recommender(schema, data.vocabulary, width=8, seed=seed)


def states_of(model):
    return [tuple(convert_to_numpy(v).tolist()) for v in model.variables if v.name == "seed_generator_state"]


@pytest.mark.backend
def test_a_training_begins_with_the_same_state_of_its_generators(small_data):
    """Whatever seed the model was built with; each generator has its own, and another seed others."""
    begun = []
    for built, seed in ((0, 3), (1, 3), (0, 4)):
        model = model_of(small_data, built)
        fit(model, small_data.train, epochs=0, seed=seed)
        begun.append(states_of(model))
    assert begun[0] == begun[1] and len(set(begun[0])) == len(begun[0]) > 3
    assert not {*begun[0]} & {*begun[2]}


def test_a_model_that_was_loaded_hides_the_same(small_data, tmp_path):
    model = model_of(small_data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not {*states_of(model)} & {*states_of(loaded)}
    x = Batches(small_data, model.schema, batch_events=40)[0][0]
    x = {name: keras.ops.convert_to_tensor(x[name]) for name in model.input}
    answers = []
    for one, seed in ((model, 3), (loaded, 3), (loaded, 4)):
        reseed(one, seed)
        answers.append(convert_to_numpy(one(x, training=True)["states"]))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-5)
    assert np.abs(answers[1] - answers[2]).max() > 0.01

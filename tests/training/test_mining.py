"""Hard negatives: shares by hand, in a training, and when it goes on after a kill."""

import dataclasses

import numpy as np
import pytest

from backends import JIT
from contracts.samples import random
from tfmmrec.data.batches import Batches
from tfmmrec.data.negatives import Mined
from tfmmrec.models import build_recommender
from tfmmrec.tasks import NextItem
from tfmmrec.training import fit
from tfmmrec.training.mining import MineNegatives, item_vectors, wrong_shares


def test_shares_by_hand():
    """Scores 0, ln 2, 5 with 5 right, then all alike with the first right."""
    vectors = np.asarray([[0.0, 1], [np.log(2), 1], [5, 1]], "float32")
    shares = wrong_shares(np.asarray([[1.0, 0], [0, 1]], "float32"), np.asarray([2, 0]), vectors, 1.0)
    np.testing.assert_allclose(shares, [1 / 6, (2 / 3 + 1 / 2) / 2, 1 / 4], rtol=1e-5)
    half = wrong_shares(np.asarray([[1.0, 0]], "float32"), np.asarray([2]), vectors, 0.5)
    np.testing.assert_allclose(half, [1 / 5, 4 / 5, 0], rtol=1e-5)


def test_one_item_alone_is_no_mistake():
    states, vectors = random(600, 4), random(5, 4, seed=1)
    shares = wrong_shares(states, np.zeros(600, int), vectors, 1.0)
    assert shares[0] == 0 and shares.sum() == pytest.approx(1, rel=1e-5)


def model_of(data):
    schema = data.schema.only(item=["item_id", "year"], event=[], tasks=["next_item"])
    schema = dataclasses.replace(schema, tasks=[NextItem(loss="bpr")])
    return build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)


def test_the_cache_stands_for_the_items(small_data):
    model = model_of(small_data)
    model.refresh(small_data.items)
    rows = np.arange(small_data.vocabulary.trained_items)
    expected = model.encode_items(small_data.items, rows)["vector"]
    np.testing.assert_allclose(item_vectors(model, small_data.items), expected, atol=1e-5)


def test_an_epoch_has_the_shares_of_its_beginning(small_data):
    model = model_of(small_data)
    batches = Batches(small_data, model.schema, batch_events=80, negatives=Mined(4))
    mining = MineNegatives(batches, small_data.items)
    mining.set_model(model)
    mining.on_epoch_begin(0)
    (mined,) = batches.negatives.mined
    shares = np.array(mined.shares)
    assert shares.sum() == pytest.approx(1, rel=1e-4) and len(shares) == small_data.vocabulary.trained_items
    model.identity_table.assign(random(*model.identity_table.shape))
    mining.first = 3
    mining.on_epoch_begin(1)
    np.testing.assert_array_equal(mined.shares, shares)  # the rest of an epoch
    kept = mining.state()
    mining.on_epoch_begin(2)
    assert np.abs(mined.shares - shares).max() > 1e-4
    mining.restore(kept)
    np.testing.assert_array_equal(mined.shares, shares)


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


@pytest.mark.slow
@pytest.mark.backend
def test_a_training_that_was_killed_goes_on_bit_for_bit(small_data, tmp_path):
    def kill(epoch, step, steps, loss):
        if (epoch, step) == (2, 3):
            raise Killed

    ended = []
    for folder, on_step in ((None, None), (tmp_path, kill), (tmp_path, None)):
        model = model_of(small_data)
        settings = {"epochs": 3, "batch_events": 80, "deterministic": True, "jit_compile": JIT}
        negatives = {"name": "mixed", "count": 4, "parts": {"mined": 1, "popularity": 1}}
        try:
            fit(
                model,
                small_data.train,
                negatives=negatives,
                checkpoint=folder,
                checkpoint_every=0.0,
                on_step=on_step,
                **settings,
            )
        except Killed:
            continue
        ended.append([np.array(one) for one in model.get_weights()])
    for one, other in zip(*ended, strict=True):
        np.testing.assert_array_equal(one, other)

"""BERT4Rec: the contract, what is hidden, the mask by hand, and a whole model that learns from it."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from backends import compiled
from contracts import HistoryContract
from contracts.history import given
from contracts.whole import NEXT, whole
from tfmmrec.data.batches import Batches
from tfmmrec.encoders.histories import HIDDEN, BERT4Rec
from tfmmrec.modalities import Category, History
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem


class TestBERT4Rec(HistoryContract):
    component = BERT4Rec
    settings = {"masked": 0.5}

    @pytest.mark.backend
    def test_no_state_knows_a_hidden_event_and_all_know_the_others(self, states):
        events, window, time, user = given()
        seen = states(events, window, time, user)
        time[0, [1, 3]] = HIDDEN
        found = states(events, window, time, user)
        assert (np.abs(found - seen)[0].max(axis=-1) > 1e-4).all()
        other = events.copy()
        other[0, [1, 3]] = np.nan
        np.testing.assert_allclose(states(other, window, time, user), found, atol=1e-6)
        for place in (0, 2, 4):
            other = events.copy()
            other[0, place] += 1
            moved = np.abs(states(other, window, time, user) - found).max(axis=-1)
            assert (moved[0] > 1e-4).all() and (moved[1:] < 1e-6).all()


def test_what_stands_at_a_place_by_hand():
    """Two windows in one row; the second event is hidden, and the place behind the last has none."""
    layer = BERT4Rec(4, 1, layers=1, heads=1)
    layer.build()
    layer.start.assign([-7.0])
    layer.gap.embeddings.assign(np.arange(32.0)[:, None] * 100)
    met = []
    layer.read = lambda x, window, time, training: met.append((x, time)) or x
    events = np.asarray([[[1], [2], [3], [4]]], "float32")
    window, time = np.asarray([[0, 0, 0, 1, 1]]), np.asarray([[50, HIDDEN, 9, 60]])
    layer.call(ops.convert_to_tensor(events), ops.convert_to_tensor(window), ops.convert_to_tensor(time))
    x, time = (np.asarray(of_places) for of_places in met[0])
    np.testing.assert_array_equal(x[0, :, 0], [1, -7, -7, 4, -7])  # the third event is read by none
    np.testing.assert_array_equal(time, [[50, -1, -1, 60, -1]])


@pytest.mark.backend
def test_a_model_is_asked_about_nothing_that_it_can_read(small_data):
    """From the tables on: the events that are asked about may be any others, and no asked state moves."""
    history = History(length=6, layers=1, heads=2, dropout=0.0, encoder={"name": "bert4rec", "masked": 0.4})
    schema = dataclasses.replace(small_data.schema, history=history)
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    x, _, w = Batches(small_data, schema, batch_events=64)[0]
    asked, hidden = w["next_item"] > 0, x["history.time"] == HIDDEN
    assert all((weight[~asked] == 0).all() for weight in w.values())
    assert hidden.any() and 0 < asked[x["candidate"] >= 0].mean() < 0.8
    ask, generator = compiled(lambda x: model(x)["states"]), np.random.default_rng(0)
    states = ask(x)
    other = {name: array.copy() for name, array in x.items()}
    own, items = asked[:, :-1], (x["item.row"] >= 0).sum()
    other["history.item"][own] = generator.integers(0, items, own.sum())
    other["event.kind.value"][own] = 1
    np.testing.assert_allclose(ask(other)[asked], states[asked], atol=1e-5)
    around = (x["history.item"] >= 0) & ~own
    other["history.item"][around] = (other["history.item"][around] + 1) % items
    assert (np.abs(ask(other) - states).max(axis=-1)[asked] > 1e-4).mean() > 0.7


@pytest.mark.slow
def test_in_a_whole_model_from_cells_to_an_export(tmp_path):
    schema = Schema(
        item=[Category("name")],
        tasks=[NextItem()],
        timestamp="timestamp",
        history=History(length=4, layers=1, heads=2, encoder={"name": "bert4rec", "masked": 0.3}),
    )
    known = whole(tmp_path, schema)
    assert np.mean(np.asarray(known.recommended(k=1))[:, 0] == NEXT) >= 0.95


@pytest.mark.parametrize("masked", [0, 1.0, -0.1])
def test_something_is_hidden_and_something_is_not(masked):
    with pytest.raises(ValueError, match=f"above 0 and below 1, got {masked}"):
        BERT4Rec(5, 8, layers=1, masked=masked)


def test_there_is_a_layer():
    with pytest.raises(ValueError, match="knows nothing of a hidden event; it needs 1 or more"):
        BERT4Rec(5, 8, layers=0)

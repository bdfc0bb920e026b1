"""What heads expect of events: each by what the user did before it."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.evaluation import evaluate, predict_events, predict_items
from tfmmrec.models import build_recommender


@pytest.fixture(scope="module")
def model(small_data):
    schema = small_data.schema.only(item=["item_id"], event=[], tasks=["next_item", "like", "mood"])
    return build_recommender(schema, small_data.vocabulary, width=8, seed=0)


def test_it_is_what_evaluation_asks(model, small_data):
    """Were the events of validation in training, nothing else would be said of them."""
    judged = evaluate(model, small_data.validation, (2,)).answers["mood"]
    events = small_data.events
    rows = small_data.validation.rows
    all_train = dataclasses.replace(events, split=np.zeros_like(events.split))
    told = predict_events(model, dataclasses.replace(small_data, events=all_train), rows)["mood"]
    np.testing.assert_allclose(told, judged.predictions, atol=1e-5)
    assert told.shape == (len(rows), 3)


def test_nothing_that_came_later_is_known(model, small_data):
    events = small_data.events
    row = int(events.start[3]) + 4
    told = predict_events(model, small_data, np.asarray([row]))["like"]
    later = np.arange(len(events.item)) >= row + 1
    moved = ((events.item + 5) % 24).astype("int32")
    other = dataclasses.replace(events, item=np.where(later, moved, events.item))
    again = predict_events(model, dataclasses.replace(small_data, events=other), np.asarray([row]))["like"]
    np.testing.assert_allclose(told, again, atol=1e-6)
    before = np.arange(len(events.item)) == row - 1
    other = dataclasses.replace(events, item=np.where(before, moved, events.item))
    again = predict_events(model, dataclasses.replace(small_data, events=other), np.asarray([row]))["like"]
    assert abs(float(told[0] - again[0])) > 1e-6


def test_nothing_is_said_of_nothing(model, small_data):
    assert predict_events(model, small_data, np.zeros(0, "int64")) == {}
    assert predict_items(model, np.zeros((0, 8), "float32")) == {}
    alone = build_recommender(
        small_data.schema.only(item=["item_id"], event=[], tasks=["next_item"]),
        small_data.vocabulary,
        width=8,
    )
    assert predict_events(alone, small_data, np.asarray([0])) == {}  # it has no heads

"""The last training before test reads the events of validation, too."""

import numpy as np

import small
from tfmmrec.data import load
from tfmmrec.data.dataset import CONTEXT, TEST, TRAIN, VALIDATION


def test_with_validation_moves_its_events_to_training_and_nothing_else(tmp_path):
    data = load(small.write(tmp_path), small.schema())
    more = data.with_validation()
    before, after = data.events.split, more.events.split
    assert np.array_equal(after == TRAIN, (before == TRAIN) | (before == VALIDATION))
    assert np.array_equal(after == TEST, before == TEST)
    assert len(more.validation) == 0 and len(more.train) == len(data.train) + len(data.validation)
    assert more.popularity.sum() == data.popularity.sum() + small.USERS
    assert more.split_sha256 == data.with_validation().split_sha256 != data.split_sha256
    event = more.test.rows[0]
    assert np.array_equal(more.test.history_rows(event), data.test.history_rows(event))


def test_with_validation_items_that_training_did_not_meet_are_read_and_not_learnt(tmp_path):
    small.write(tmp_path)
    with (tmp_path / "items.csv").open("a") as file:
        file.write("new,2000,g0\n")
    with (tmp_path / "events.csv").open("a") as file:
        file.write("u0,new,5000,view,1,3,a\nu0,i3,5060,view,1,3,a\n")
    data = load(tmp_path, small.schema())
    (event,) = np.flatnonzero(np.asarray(data.item_ids)[data.events.item] == "new")
    assert data.events.split[event] == VALIDATION
    more = data.with_validation()
    assert more.events.split[event] == CONTEXT
    assert more.events.item[more.train.rows].max() < data.vocabulary.trained_items
    asked = event + 1
    assert more.events.split[asked] == TEST and event in more.test.history_rows(asked)

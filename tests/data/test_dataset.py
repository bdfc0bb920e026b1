"""The last training before test reads the events of validation, too."""

import numpy as np

import small
from tfmmrec.data import Batches, load
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


def test_with_validation_learns_what_its_users_did_before(tmp_path):
    """Of users who are held out as a whole; those of test keep their context, and their event."""
    data = load(small.write(tmp_path), small.schema(), split="users:50/40/10")
    more = data.with_validation()
    codes = [np.bincount(one.events.split, minlength=5).tolist() for one in (data, more)]
    assert codes == [[200, 16, 4, 0, 180], [360, 0, 4, 0, 36]]
    held = data.events.user[data.validation.rows]
    assert (more.events.split[np.isin(more.events.user, held)] == TRAIN).all()
    others = ~np.isin(data.events.user, held)
    assert np.array_equal(more.events.split[others], data.events.split[others])
    assert more.vocabulary.trained_pairs == 360 and more.popularity.sum() == 360
    windows = Batches(more, data.schema)._plan.windows
    assert windows.history_size[np.isin(windows.user, held)].max() == 6  # all that it holds

"""Training batches: what they hold, that they are complete, and that they are reproducible."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.any_batches import HISTORIES, SETTINGS, built, rows_of, windows_of
from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Events, history_inputs
from tfmmrec.encoders.histories import HIDDEN, UNKNOWN
from tfmmrec.modalities import History


@settings(deadline=None, max_examples=50)
@given(histories=HISTORIES, epoch=st.integers(0, 2), **SETTINGS)
def test_sequences_ask_about_every_training_event_once(made, histories, length, size, negatives, seed, epoch):
    data, batches = built(made, histories, length, batch_events=size, negatives=negatives, seed=seed)
    batches.epoch = epoch
    train = data.train.rows
    first_of_user = [train[data.events.user[train] == user][:1] for user in range(len(histories))]
    seen = []
    for batch in batches:
        x, _, weights = batch
        read, asked = rows_of(batch)
        numbers = []
        for number, states, reads in windows_of(batch):
            window, weight = asked[states], weights["next_item"][states]
            numbers.append(number)
            seen += window.tolist()
            # state j knows the first j events: candidate j is never among them, and they are its latest
            assert read[reads].tolist() == window[:-1].tolist()
            assert (np.diff(np.searchsorted(train, window)) == 1).all()
            assert set(data.events.user[window]) == {x["user.gender.value"][number] - 1}
            whole = window[0] in np.concatenate(first_of_user)
            assert weight.tolist() == [float(whole)] + [1.0] * (len(window) - 1)
        assert sorted(numbers) == list(range(len(numbers)))
        nobodys = x["history.window"] < 0
        assert (asked[nobodys] < 0).all() and not weights["next_item"][nobodys].any()
        assert (read[nobodys[:, 1:]] < 0).all()
    assert sorted(seen) == train.tolist()


@settings(deadline=None, max_examples=50)
@given(histories=HISTORIES, **SETTINGS)
def test_sets_ask_each_user_about_items_outside_the_context(made, histories, length, size, negatives, seed):
    data, batches = built(made, histories, length, False, batch_events=size, negatives=negatives, seed=seed)
    users = []
    for batch in batches:
        x, _, w = batch
        read, asked = rows_of(batch)
        real = (asked >= 0).any(axis=1)
        users += (x["user.user_id.id"][real] - 1).tolist()
        assert (x["user.user_id.id"][~real] == 0).all()
        of_states = np.pad(read >= 0, ((0, 0), (1, 0)), constant_values=True) & real[:, None]
        whose = np.where(of_states, np.arange(len(real))[:, None], -1)
        np.testing.assert_array_equal(x["history.window"], whose)
        assert (x["history.time"] == UNKNOWN).all()
        np.testing.assert_array_equal(w["match"], asked >= 0)
        for user, context, targets in zip(x["user.user_id.id"] - 1, read, asked, strict=True):
            known = np.concatenate([context[context >= 0], targets[targets >= 0]])
            assert set(known) <= set(data.train.rows[data.events.user[data.train.rows] == user])
            assert len(set(data.events.item[known])) == len(known)
    assert sorted(users) == sorted({int(data.events.user[row]) for row in data.train.rows})


def test_arrays_have_their_types(made):
    data = made([range(9)] * 3)
    x, y, w = Batches(data, data.schema)[0]
    assert {name: str(array.dtype) for name, array in (x | y).items()} == {
        "history.item": "int32",
        "history.time": "int32",
        "history.window": "int32",
        "event.kind.value": "int32",
        "event.seconds.number": "float32",
        "user.gender.value": "int32",
        "user.age.number": "float32",
        "candidate": "int32",
        "item.row": "int32",
        "item.log_q": "float32",
        "item.log_encoded": "float32",
        "item.encoded": "int32",
        "item.item_id.id": "int32",
        "item.title.tokens": "int32",
        "item.price.number": "float32",
        "next_item": "int32",
        "event": "float32",
        "like": "float32",
    }
    assert {str(array.dtype) for array in w.values()} == {"float32"}


def test_features_stand_beside_their_rows_and_are_missing_on_padding(made):
    data = made([range(3), range(5, 20), range(20, 40)], length=8)
    for x, _, _ in Batches(data, data.schema, batch_events=30):
        item = x["item.row"]
        np.testing.assert_array_equal(x["item.title.tokens"], np.repeat(item[:, None] + 1, 3, axis=1))
        np.testing.assert_array_equal(x["item.item_id.id"], item + 1)
        np.testing.assert_array_equal(x["item.price.number"], np.where(item >= 0, item + 1, np.nan))
        user = x["user.gender.value"]
        windows = x["history.window"].max() + 1
        np.testing.assert_array_equal(user > 0, np.arange(len(user)) < windows)
        np.testing.assert_array_equal(x["user.age.number"], np.where(user > 0, user, np.nan))
        event = x["event.kind.value"]
        np.testing.assert_array_equal(event > 0, x["history.item"] >= 0)
        np.testing.assert_array_equal(x["event.seconds.number"], np.where(event > 0, event, np.nan))
        assert (item < 0).any()


def test_a_twin_gets_its_own_features_and_tasks_alone(made):
    data = made([range(9)] * 3)
    twin = data.schema.only(item=["item_id"], user=[], event=["kind"], tasks=["like"])
    x, y, w = Batches(data, twin)[0]
    of_history = {"history.item", "history.window", "history.time", "event.kind.value"}
    of_items = {"item.row", "item.log_q", "item.log_encoded", "item.encoded", "item.item_id.id"}
    assert set(x) == of_history | of_items | {"candidate"}
    assert set(y) == set(w) == {"like"}


def test_labels_and_weights(made):
    like, weights = np.asarray([1, np.nan, 0, 1, np.nan]), np.asarray([1, 2, 3, 4, 0.5])
    data = made([[1, 2, 3], [4, 5]], like=like, weights=weights)
    batches = Batches(data, data.schema, batch_events=40)
    for batch in batches:
        _, y, w = batch
        asked = rows_of(batch)[1]
        real = asked >= 0
        np.testing.assert_array_equal(y["like"], np.where(real, np.nan_to_num(like)[asked], 0))
        np.testing.assert_array_equal(w["like"], np.where(real, np.asarray([2, 0, 2, 2, 0])[asked], 0))
        np.testing.assert_array_equal(w["next_item"], np.where(real, weights[asked], 0))
        np.testing.assert_array_equal(w["event"], real)
        assert not y["next_item"][~real].any()
        assert real.any(axis=1).sum() < len(real)


def test_the_cut_off_beginning_counts_in_no_task(made):
    data = made([range(20)], length=4)
    known = 0
    for batch in Batches(data, data.schema, batch_events=5):
        w = batch[2]
        for row, whose in enumerate(batch[0]["history.window"]):
            begins = np.append(True, whose[1:] != whose[:-1]) & (whose >= 0)
            first = begins & (rows_of(batch)[1][row] == 0)
            known += first.sum()
            counted = (whose >= 0) & (first | ~begins)
            np.testing.assert_array_equal(w["next_item"][row], counted)
            np.testing.assert_array_equal(w["event"][row], counted)
            np.testing.assert_array_equal(w["like"][row], 2 * counted)
    assert known == 1


def test_times_are_of_the_events_that_are_read(made):
    time = [100, 101.9, 161, 1e6, np.nan, 1e6 + 5, 50, 40, 41]
    data = made([range(6), [6, 7, 8]], [[0, 0, 3, 0, 0, 0], [0, 0, 0]], times=time, length=6)
    times = {}
    for batch in Batches(data, data.schema, batch_events=20):
        for _, _, reads in windows_of(batch):
            times[tuple(rows_of(batch)[0][reads].tolist())] = batch[0]["history.time"][reads]
    # in whole seconds since one moment; the held-out event is not read, nor the last
    assert times.keys() == {(0, 1, 3, 4), (6, 7)}
    assert (times[0, 1, 3, 4] - times[0, 1, 3, 4][0])[:3].tolist() == [0, 1, 1e6 - 100]
    assert times[0, 1, 3, 4][3] == UNKNOWN
    assert (times[6, 7] - times[6, 7][0]).tolist() == [0, -10] and (times[6, 7] >= 0).all()


def masking(data, masked):
    return dataclasses.replace(
        data.schema,
        history=History(data.schema.history.length, encoder={"name": "bert4rec", "masked": masked}),
    )


@settings(deadline=None, max_examples=30)
@given(histories=HISTORIES, epoch=st.integers(0, 2), **SETTINGS)
def test_what_is_hidden_is_asked_about_and_not_read(made, histories, epoch, length, size, negatives, seed):
    """Beside the same batches with nothing hidden."""
    asked = dict(batch_events=size, negatives=negatives, seed=seed)
    data, plain = built(made, histories, length, **asked)
    hiding = Batches(data, masking(data, 0.5), **asked)
    plain.epoch = hiding.epoch = epoch
    for (x, y, w), (hx, hy, hw) in zip(plain, hiding, strict=True):
        read, hidden = x["history.item"] >= 0, hx["history.time"] == HIDDEN
        kept = read & ~hidden
        assert not hidden[~read].any()
        gone = {"history.item": -1, "event.kind.value": 0, "event.seconds.number": np.nan}
        for name in x.keys() - {"history.time"}:
            expected = np.where(hidden, gone[name], x[name]) if name in gone else x[name]
            np.testing.assert_array_equal(hx[name], expected, err_msg=name)
        moved = x["history.time"] - hx["history.time"]  # counted from the first event that is left
        assert all(len(np.unique(of_row[those])) <= 1 for of_row, those in zip(moved, kept, strict=True))
        assert (hx["history.time"][~read] == UNKNOWN).all() and (hx["history.time"][kept] >= 0).all()
        known = np.pad(kept, ((0, 0), (0, 1)))
        for task, weight in w.items():
            np.testing.assert_array_equal(hy[task], y[task])
            np.testing.assert_array_equal(hw[task], np.where(known, 0, weight))


def test_what_is_hidden_changes_with_the_epoch_and_is_as_much_as_was_asked_for(made):
    data = made([range(40)] * 50, length=39)
    batches, hidden = Batches(data, masking(data, 0.3), batch_events=400), []
    for epoch in (0, 1, 0):
        batches.epoch = epoch
        hidden.append(np.concatenate([x["history.time"] == HIDDEN for x, _, _ in batches]))
    assert [one.mean() for one in hidden] == pytest.approx([0.3] * 3, abs=0.03)
    assert (hidden[0] == hidden[2]).all() and (hidden[0] != hidden[1]).mean() > 0.3


def test_inputs_are_those_of_evaluation(made):
    data = made([range(5), range(3), range(4)], times=np.cumsum(np.arange(12) ** 3), length=4)
    users_seen = 0
    for batch in Batches(data, data.schema, batch_events=15):
        x, read = batch[0], rows_of(batch)[0]
        x["history.item"] = np.where(x["history.item"] >= 0, x["item.row"][x["history.item"]], -1)
        for number, _, reads in windows_of(batch):
            events = read[reads]
            user = x["user.gender.value"][[number]] - 1
            expected = history_inputs(data, user, [events], len(events))
            np.testing.assert_array_equal(expected.pop("history.window"), [[0] * (len(events) + 1)])
            begins = x["history.time"][reads][:1]  # a row may begin with the window of another
            np.testing.assert_array_equal(x["history.time"][reads] - begins, expected.pop("history.time")[0])
            for name, array in expected.items():
                found = x[name][[number]] if name.startswith("user.") else x[name][reads][None]
                np.testing.assert_array_equal(found, array, err_msg=name)
            users_seen += 1
    assert users_seen == 3


def same(one, other):
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("ordered", [True, False])
def test_a_batch_follows_from_seed_epoch_and_index(made, ordered):
    data = made([range(30 * (u % 2), 30 * (u % 2) + 5 + u) for u in range(30)], ordered=ordered, length=8)
    settings = dict(batch_events=50, negatives=4)
    batches, again = (Batches(data, data.schema, seed=3, **settings) for _ in range(2))
    other = Batches(data, data.schema, seed=4, **settings)
    batches.epoch = 5
    later = list(batches)
    kept = copy.copy(batches)
    batches.epoch = 1
    again.epoch = 1
    assert all(same(batches[i], again[i]) for i in reversed(range(len(batches))))
    assert same(batches[-1], batches[len(batches) - 1])
    assert all(same(a, b) for a, b in zip(kept, later, strict=True)), "a copy keeps its epoch"
    other.epoch = 1
    assert not all(map(same, batches, other))
    assert not all(map(same, batches, later))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(batch_events=0), "batch_events must be 1 or more, got 0"),
        (dict(negatives=-1), "negatives must be 0 or more, got -1"),
        (dict(encoded=0), "encoded must be 1 or more, got 0"),
        (dict(seed=-1), "seed must be 0 or more, got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(made, change, says):
    data = made([[1, 2]])
    with pytest.raises(ValueError, match=says):
        Batches(data, data.schema, **change)


def test_a_history_of_no_length_is_refused(made):
    data = made([[1, 2]], length=0)
    with pytest.raises(ValueError, match="history.length must be 1 or more, got 0"):
        Batches(data, data.schema)


def test_nothing_to_train_on_is_refused(made):
    data = made([[1, 2]], [[1, 2]])
    with pytest.raises(ValueError, match="no training events"):
        Batches(data, data.schema)


def test_what_was_not_prepared_is_refused(made):
    data = made([[1, 2]])
    without = dataclasses.replace(data, items={"item_id": data.items["item_id"]})
    with pytest.raises(ValueError, match=r"item feature 'title', which was not prepared; prepared are \['it"):
        Batches(without, data.schema)
    unlabelled = {f.name: getattr(data.events, f.name) for f in dataclasses.fields(Events)} | {"weights": {}}
    without = dataclasses.replace(data, events=Events(**unlabelled))
    with pytest.raises(ValueError, match=r"task 'next_item', which was not prepared; prepared are \[\]"):
        Batches(without, data.schema)


def test_an_epoch_before_the_first_is_refused(made):
    data = made([[1, 2]])
    batches = Batches(data, data.schema)
    with pytest.raises(ValueError, match="epoch must be 0 or more, got -1"):
        batches.epoch = -1
    with pytest.raises(IndexError):
        batches[len(batches)]

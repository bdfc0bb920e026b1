"""Training batches: what they hold, that they are complete, and that they are reproducible."""

import copy
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import TRAIN, Events, history_inputs
from tfmmrec.data.negatives import Uniform, log_inclusion, log_unseen
from tfmmrec.encoders.histories import HIDDEN, UNKNOWN
from tfmmrec.modalities import History

HISTORIES = st.lists(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0, 0, 0, 0, 1, 2, 3])), max_size=30),
    min_size=1,
    max_size=10,
).filter(lambda histories: any(split == TRAIN for history in histories for _, split in history))
SETTINGS = dict(
    length=st.integers(1, 9), size=st.integers(1, 60), negatives=st.integers(0, 9), seed=st.integers(0, 9)
)


def built(made, histories, length, ordered=True, **settings):
    items = [[item for item, _ in history] for history in histories]
    splits = [[split for _, split in history] for history in histories]
    data = made(items, splits, ordered=ordered, length=length)
    return data, Batches(data, data.schema, **settings)


def rows_of(batch):
    """Rows of the events read ``[B, L]`` and asked about ``[B, K]``, −1 is padding."""
    x, y, _ = batch
    read = np.where(x["history.item"] >= 0, x["event.kind.value"] - 1, -1)
    return read, np.where(x["candidate"] >= 0, y["event"].astype(int), -1)


def windows_of(batch):
    """Of each window of a batch its number, where its states stand, and where what they read stands."""
    for row, window in enumerate(batch[0]["history.window"]):
        for number in np.unique(window[window >= 0]):
            places = np.flatnonzero(window == number)
            assert (np.diff(places) == 1).all(), "the states of a window stand side by side"
            yield number, (row, places), (row, places[1:] - 1)


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


@settings(deadline=None, max_examples=50)
@given(histories=HISTORIES, ordered=st.booleans(), **SETTINGS)
def test_each_item_is_there_once_and_found_by_position(
    made, histories, ordered, length, size, negatives, seed
):
    data, batches = built(made, histories, length, ordered, batch_events=size, negatives=negatives, seed=seed)
    trained, retrieval = data.vocabulary.trained_items, data.schema.retrieval.name
    for batch in batches:
        x, y, _ = batch
        read, asked = rows_of(batch)
        distinct = x["item.row"][x["item.row"] >= 0]
        assert x["item.row"][: len(distinct)].tolist() == distinct.tolist()
        assert len(set(distinct)) == len(distinct)
        assert (distinct < trained).all()
        needed = set(data.events.item[np.concatenate([read[read >= 0], asked[asked >= 0]])])
        assert needed <= set(distinct)
        assert len(distinct) == min(trained, len(needed) + negatives)
        assert len(x["item.row"]) == min(b for b in batches.item_buckets if b >= len(distinct))
        for positions, rows in ((x["history.item"], read), (x["candidate"], asked)):
            np.testing.assert_array_equal(positions >= 0, rows >= 0)
            np.testing.assert_array_equal(
                x["item.row"][positions[rows >= 0]], data.events.item[rows[rows >= 0]]
            )
        np.testing.assert_array_equal(y[retrieval][asked >= 0], data.events.item[asked[asked >= 0]])


@settings(deadline=None, max_examples=50)
@given(histories=HISTORIES, ordered=st.booleans(), **SETTINGS)
def test_every_epoch_has_as_many_batches_of_the_promised_shapes(
    made, histories, ordered, length, size, negatives, seed
):
    _, batches = built(made, histories, length, ordered, batch_events=size, negatives=negatives, seed=seed)
    count = len(batches)
    for users, places, candidates in batches.shapes:
        assert users == max(1, size // (places + 1))
        assert candidates == places + 1 or not ordered
    for epoch in range(6):
        batches.epoch = epoch
        assert len(batches) == len(list(batches)) == count
        for x, y, w in batches:
            shape = (*x["history.item"].shape, x["candidate"].shape[1])
            assert shape in batches.shapes
            assert x["history.time"].shape == x["event.kind.value"].shape == shape[:2]
            assert x["history.window"].shape == (shape[0], shape[1] + 1)
            windows = x["history.window"].max() + 1
            if ordered:
                windows = min(bucket for bucket in batches.window_buckets if bucket >= windows)
            assert x["user.gender.value"].shape == ((windows,) if ordered else shape[:1])
            assert {a.shape for a in (*y.values(), *w.values())} == {(shape[0], shape[2])}


def test_an_epoch_of_more_windows_than_were_expected_is_cut_again(made):
    data = made([range(20 + user) for user in range(12)], length=7)
    batches = Batches(data, data.schema, batch_events=8)  # one window of 8 events each
    for epoch in range(60):
        batches.epoch = epoch
        assert sorted(row for b in batches for row in rows_of(b)[1].ravel() if row >= 0) == list(range(306))


def test_negatives_change_with_batch_and_epoch(made):
    data = made([[user, user] for user in range(60)])
    batches = Batches(data, data.schema, batch_events=2, negatives=10)  # one user each
    drawn = []
    for epoch in range(2):
        batches.epoch = epoch
        drawn += [(x["item.row"][0], frozenset(x["item.row"][1:11])) for x, _, _ in batches]
    assert len({negatives for _, negatives in drawn}) > 110
    assert all(len(negatives) == 10 and item not in negatives for item, negatives in drawn)
    by_user = [{negatives for item, negatives in drawn if item == user} for user in range(60)]
    assert all(len(negatives) == 2 for negatives in by_user)


@pytest.mark.parametrize("items", [1, 32, 33, 64, 65, 97, 200, 300])
def test_a_batch_of_many_items_takes_a_larger_size(made, items):
    data = made([range(items), range(300)], length=299)
    batches = Batches(data, data.schema, batch_events=1)  # each user alone, as neither fits beside the other
    sizes = {(x["candidate"] >= 0).sum(): x["item.row"] for x, _, _ in batches}
    row = sizes[items]
    assert (row >= 0).sum() == items
    assert len(row) == min(b for b in (32, 64, 96, 128, 192, 256, 320) if b >= items)


@pytest.mark.parametrize("encoded", [1, 7, 31])
def test_fewer_items_are_encoded_than_there_are(made, encoded):
    data = made([range(3 * user, 3 * user + 9) for user in range(20)], length=8)
    batches = Batches(data, data.schema, batch_events=18, negatives=4, encoded=encoded)
    chosen = set()
    for x, _, _ in batches:
        row, place = x["item.row"], x["item.encoded"]
        assert {x[f"item.{name}"].shape[0] for name in ("item_id.id", "title.tokens", "price.number")} == {
            encoded
        }
        count = min(encoded, (row >= 0).sum())
        assert sorted(place[place >= 0]) == list(range(count))
        assert (place[row < 0] == -1).all()
        items = row[np.argsort(np.where(place >= 0, place, len(row)))[:count]]
        np.testing.assert_array_equal(x["item.item_id.id"], np.pad(items + 1, (0, encoded - count)))
        chosen |= {frozenset(np.flatnonzero(place >= 0))}
    assert len(chosen) > 1


@pytest.mark.parametrize("encoded", [7, None])
def test_the_chance_to_be_encoded_given_the_events(made, encoded):
    data = made([range(3 * user, 3 * user + 9) for user in range(20)], length=8)
    trained = data.vocabulary.trained_items
    batches = Batches(data, data.schema, batch_events=18, negatives=4, encoded=encoded, cached=True)
    alone = Batches(data, data.schema, batch_events=18)
    for (x, _, _), (of_events, _, _) in zip(batches, alone, strict=True):
        events, all_of_them = (of_events["item.row"] >= 0).sum(), (x["item.row"] >= 0).sum()
        others = 4 if encoded is None else 3  # of seven, four are of events
        assert all_of_them == events + others
        expected = np.zeros(len(x["item.row"]))
        expected[:events] = np.log(1 if encoded is None else 4 / events)
        expected[events:all_of_them] = np.log(others / (trained - events))
        np.testing.assert_allclose(x["item.log_encoded"], expected, atol=1e-6)
    full = Batches(data, data.schema, batch_events=10_000, negatives=4, cached=True)[0][0]
    np.testing.assert_array_equal(full["item.log_encoded"], 0)


def test_every_item_is_encoded_by_default_and_where_there_is_room(made):
    data = made([range(3 * user, 3 * user + 9) for user in range(20)], length=8)
    for encoded in (None, 96):
        for x, _, _ in Batches(data, data.schema, batch_events=18, encoded=encoded):
            np.testing.assert_array_equal(x["item.encoded"], np.arange(len(x["item.row"])))
            np.testing.assert_array_equal(x["item.item_id.id"], x["item.row"] + 1)


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


@pytest.mark.parametrize("ordered", [True, False])
def test_log_q_counts_events_per_batch(made, ordered):
    histories = [[1, 2, 3, 4, 5], [1, 2, 3, 6, 7], [1, 2, 8, 9, 3]] * 4
    data = made(histories, ordered=ordered)
    batches = Batches(data, data.schema, batch_events=15, negatives=2)
    assert len(batches) == 4  # three users with all of their five events in each
    counts = np.asarray([12, 12, 12, 4, 4, 4, 4, 4, 4])
    unseen, negatives = log_unseen(counts, 15.0), Uniform(2)
    negatives.learn(counts, np.exp(unseen), 2)
    expected = log_inclusion(unseen, negatives.log_missed)
    for x, _, _ in batches:
        real = x["item.row"] >= 0
        np.testing.assert_allclose(x["item.log_q"][real], expected[x["item.row"][real]], rtol=1e-6)
        assert (x["item.log_q"][~real] == 0).all()


@pytest.mark.parametrize("ordered", [True, False])
def test_log_q_is_near_how_often_an_item_is_there(made, ordered):
    generator = np.random.default_rng(0)
    popularity = 1 / np.arange(1, 151)
    popularity /= popularity.sum()
    # users of many items, who bring most of the rare ones, have no place for all of them in a set
    histories = [generator.choice(150, size, p=popularity) for size in generator.choice([4, 200], 200)]
    data = made(histories, ordered=ordered, length=9)
    batches = Batches(data, data.schema, batch_events=60, negatives=10)
    seen, log_q = np.zeros(data.vocabulary.trained_items), np.zeros(data.vocabulary.trained_items)
    epochs = 2 if ordered else 30
    for epoch in range(epochs):
        batches.epoch = epoch
        for x, _, _ in batches:
            row = x["item.row"][x["item.row"] >= 0]
            seen[row] += 1
            log_q[row] = x["item.log_q"][: len(row)]
    error = np.exp(log_q) - seen / (epochs * len(batches))
    assert np.abs(error).mean() < 0.02
    assert np.abs(error).max() < 0.08


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


@pytest.mark.parametrize(("ordered", "rows"), [(True, 50 + 17), (False, 100)])
def test_users_are_shuffled_among_batches_and_batches_among_themselves(made, ordered, rows):
    """With an order, three short windows stand in one row as long as a long one."""
    data = made([range(3)] * 50 + [range(9)] * 50, ordered=ordered, length=8)
    batches = Batches(data, data.schema, batch_events=90)
    together, long_ones = set(), set()
    for epoch in range(6):
        batches.epoch = epoch
        filled = [len({row for _, (row, _), _ in windows_of(batch)}) for batch in batches]
        assert sum(filled) == rows
        users = [frozenset(x["user.gender.value"]) for x, _, _ in batches]
        assert not together & set(users)
        together |= set(users)
        long_ones.add(tuple(sum(user > 50 for user in of_batch) for of_batch in users))
    assert len(long_ones) > 3, "the batches with the long windows come in another order, or have other rows"


def test_windows_are_cut_elsewhere_in_each_epoch(made):
    data = made([range(60)], length=9)
    batches = Batches(data, data.schema, batch_events=10)
    starts = set()
    for epoch in range(100):
        batches.epoch = epoch
        for batch in batches:
            starts |= {rows_of(batch)[1][row, places[0]] for _, (row, places), _ in windows_of(batch)}
    assert starts == set(range(60))


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

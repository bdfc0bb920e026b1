"""The items of a batch: each once, negatives, which are encoded, and the chances of all that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.any_batches import HISTORIES, SETTINGS, built, rows_of
from tfmmrec.data.batches import Batches
from tfmmrec.data.negatives import Uniform, log_inclusion, log_unseen


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

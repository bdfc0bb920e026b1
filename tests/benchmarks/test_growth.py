"""Growth: the data that is generated, and how costs become rows and curves. Nothing is timed."""

import numpy as np
import pytest

from benchmarks.speed.growth import ALL_ROWS, FULL, SAMPLED, catalogues, draw, generated, histories, rows
from tfmmrec.data.batches import Batches

BY_CATALOGUE = {
    (SAMPLED, 10, 50): 2.0,
    (SAMPLED, 1000, 50): 2.5,
    (FULL, 10, 50): 1.0,
    (FULL, 1000, 50): 4.0,
    (ALL_ROWS, 1000, 50): 10.0,
}
BY_HISTORY = {(FULL, 10, 20): 3.0, (FULL, 10, 5): 2.0}


def test_batches_are_full_and_so_many():
    data = generated(300, length=5, steps=3, batch_events=24)
    batches = Batches(data, data.schema, batch_events=24, negatives=10)
    assert len(batches) == 3 and batches.shapes == [(4, 5, 6)]
    for x, _, w in batches:
        assert (x["candidate"] >= 0).all() and w["next_item"].all()
        np.testing.assert_array_equal(x["item.item_id.id"], x["item.row"] + 1)


def test_items_follow_zipfs_law():
    found = np.sort(np.bincount(generated(1000, length=50, steps=10).events.item))[::-1]
    assert found[0] / found.sum() == pytest.approx(1 / (1 / np.arange(1, 1001)).sum(), rel=0.1)
    assert found[0] / found[9] == pytest.approx(10, rel=0.3)


def test_the_full_softmax_goes_up_to_where_it_is_the_default():
    chosen = catalogues()
    assert [items for softmax, items, _ in chosen if softmax == FULL] == [10_000, 100_000]
    assert [items for softmax, items, _ in chosen if softmax == SAMPLED] == [10_000, 100_000, 1_000_000]
    assert chosen[-1] == (ALL_ROWS, 1_000_000, 50)
    assert [length for _, _, length in histories()] == [10, 50, 200, 1000]


def test_rows_by_hand():
    found = {one.name: (one.peer_name, one.ratio) for one in rows(BY_CATALOGUE, BY_HISTORY)}
    assert found == {
        "sampled softmax, 1,000 items, per example": ("10 items", 0.8),
        "full softmax, 1,000 items, per example": ("10 items", 0.25),
        "sampled softmax, 1,000 items, rows used updated": ("all rows, Keras's AdamW", 4.0),
        "history of 20 events, per event": ("5 events", pytest.approx(2 / 3)),
    }


def test_the_curves_are_drawn(tmp_path):
    draw(BY_CATALOGUE, BY_HISTORY, tmp_path / "plots" / "growth.png")
    assert (tmp_path / "plots" / "growth.png").read_bytes().startswith(b"\x89PNG")

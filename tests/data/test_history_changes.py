"""Histories that change in training: what is read changes, what is asked stays right."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.any_batches import windows_of
from tfmmrec.data.batches import Batches
from tfmmrec.data.history_changes import items_near, reordered
from tfmmrec.data.windows import Sequences
from tfmmrec.modalities import History

SIZES = st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any)


def changed(data, augment, length=6, **given):
    """Batches of the same data and seed with these changes, and without."""

    def of(augment):
        history = History(length=length, augment=augment)
        schema = dataclasses.replace(data.schema, history=history)
        return Batches(data, schema, batch_events=40, **given)

    return of(augment), of(())


def rows_of(batch):
    """Rows of the events whose features are read ``[B, L]`` and asked about ``[B, K]``, −1 is none."""
    x, y, _ = batch
    return x["event.kind.value"] - 1, np.where(x["candidate"] >= 0, y["event"].astype(int), -1)


def items_of(batch):
    """The items that are read ``[B, L]``, −1 is none."""
    x = batch[0]
    return np.where(x["history.item"] >= 0, x["item.row"][x["history.item"]], -1)


@settings(max_examples=40)
@given(
    count=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_one_stretch_of_each_window_is_in_another_order(count, share, seed):
    count = np.asarray(count)
    order = reordered(count, share, np.random.default_rng(seed))
    assert sorted(order) == list(range(count.sum()))
    for first, size in zip(np.cumsum(count) - count, count, strict=True):
        mine = order[first : first + size] - first
        assert sorted(mine) == list(range(size))
        moved = np.flatnonzero(mine != np.arange(size))
        assert np.ptp(moved) < max(2, round(share * size)) if len(moved) else True


def test_every_order_of_a_stretch_is_as_likely():
    order = reordered(np.full(6000, 3), 1.0, np.random.default_rng(0)).reshape(-1, 3) % 3
    _, often = np.unique(order, axis=0, return_counts=True)
    np.testing.assert_allclose(often / 6000, np.full(6, 1 / 6), atol=0.02)


@settings(max_examples=30)
@given(sizes=SIZES, length=st.integers(1, 9), seed=st.integers(0, 9), epoch=st.integers(0, 2))
def test_what_is_asked_comes_next_after_what_is_read(made, sizes, length, seed, epoch):
    """However the events read are reordered, cropped and masked, and with what is asked as it was."""
    data = made([range(40 * u, 40 * u + size) for u, size in enumerate(sizes)])
    augment = {"crop": 0.5, "reorder": 0.5, "mask": 0.3}
    batches, _ = changed(data, augment, length, seed=seed)
    batches.epoch, seen = epoch, []
    for batch in batches:
        read, asked = rows_of(batch)
        np.testing.assert_array_equal(items_of(batch), np.where(read >= 0, data.events.item[read], -1))
        for _, states, reads in windows_of(batch):
            window, known, counted = asked[states], read[reads], batch[2]["next_item"][states]
            seen += window.tolist()
            assert (np.diff(window) == 1).all()
            assert set(known) - {-1} <= set(window[:-1])
            for j in range(1, len(window)):
                told = known[:j][known[:j] >= 0]
                assert len(set(told)) == len(told)
                if counted[j]:  # nothing that is known comes after what is asked, or is it
                    assert (told < window[j]).all()
            continued = window[0] != data.events.start[data.events.user[window[0]]]
            assert counted[0] == (not continued)
    assert sorted(seen) == list(range(sum(sizes)))


def test_only_states_within_a_stretch_are_not_asked(made):
    data = made([range(20)] * 50)
    batches, _ = changed(data, {"reorder": 0.3}, 19)
    lost = []
    for batch in batches:
        read, asked = rows_of(batch)
        for _, states, reads in windows_of(batch):
            counted = batch[2]["next_item"][states].astype(bool)
            known, window = read[reads], asked[states]
            closed = [set(known[:j]) == set(window[:j]) for j in range(len(window))]
            np.testing.assert_array_equal(counted, closed)
            lost.append((~counted).sum())
    # six of nineteen events in another order: of five states within it, most are not asked
    assert 0 < np.mean(lost) < 5 and max(lost) == 5


def test_masks_hide_a_share_and_leave_the_time_line(made):
    data = made([range(9)] * 200, length=8)
    batches, plain = changed(data, ["mask"], 8)
    hidden = total = 0
    for batch, other in zip(batches, plain, strict=True):
        told, known = items_of(batch), items_of(other)
        assert (told[known < 0] == -1).all() and (told[told >= 0] == known[told >= 0]).all()
        np.testing.assert_array_equal(batch[0]["event.kind.value"] > 0, told >= 0)
        for name in ("history.window", "history.time", "candidate"):
            assert batch[0][name].shape == other[0][name].shape
        np.testing.assert_array_equal(batch[0]["history.time"], other[0]["history.time"])
        np.testing.assert_array_equal(batch[2]["next_item"], other[2]["next_item"])
        hidden, total = hidden + ((known >= 0) & (told < 0)).sum(), total + (known >= 0).sum()
    assert abs(hidden / total - 0.2) < 0.04


@pytest.mark.parametrize("ordered", [True, False])
def test_substitutes_stand_near_and_are_not_asked_about(made, ordered):
    generator = np.random.default_rng(0)
    histories = [generator.permutation(10) + 10 * (u % 3) for u in range(60)]  # three worlds of ten items
    data = made([history[:6] for history in histories], ordered=ordered)
    batches, plain = changed(data, {"substitute": 0.5}, 6, negatives=0)
    replaced = total = 0
    for batch, other in zip(batches, plain, strict=True):
        told, known = items_of(batch), items_of(other)
        np.testing.assert_array_equal(told < 0, known < 0)
        new = told != known
        assert (told[new] // 10 == known[new] // 10).all()
        read, asked = rows_of(batch)
        np.testing.assert_array_equal(read, rows_of(other)[0])  # what happened stays
        of_asked = np.where(asked >= 0, data.events.item[asked], -1)
        for row in range(len(told)):
            whose, mine = batch[0]["history.window"][row], told[row]
            of_reads = np.where(new[row], whose[1:], -1)
            for place in np.flatnonzero(of_reads >= 0):
                same = whose == of_reads[place] if ordered else np.full(of_asked.shape[1], True)
                assert mine[place] not in of_asked[row][same]
        replaced, total = replaced + new.sum(), total + (known >= 0).sum()
    assert 0.15 < replaced / total < 0.55


def test_items_near_by_hand(made):
    # 0 and 1 always together; 2 stands with 0 once of two
    data = made([[0, 1], [0, 1], [2, 0], [3]])
    near = items_near(data.events, 4, True, np.random.default_rng(0))
    assert near[:, :3].tolist() == [[1, 2, -1], [0, -1, -1], [0, -1, -1], [-1, -1, -1]]
    far = made([[0, 9, 9, 9, 9, 1], [0, 9, 9, 1]])  # only in the second are they near
    near = items_near(far.events, 3, True, np.random.default_rng(0))
    assert near[0, :3].tolist() == [2, 1, -1]


def test_held_out_events_say_nothing_of_what_is_near(made):
    data = made([[0, 1], [0, 1, 2]], [[0, 0], [0, 0, 1]])
    assert items_near(data.events, 2, True, np.random.default_rng(0))[0].tolist() == [1, -1, -1, -1, -1]


def test_substitutes_count_in_log_q(made):
    """Thirty groups of six items; a user met two of a group, and substitutes are of the others."""
    generator = np.random.default_rng(0)
    data = made([6 * (u % 30) + generator.permutation(6)[:2] for u in range(600)], length=4)
    batches, plain = changed(data, {"substitute": 0.5}, 4)
    seen, expected, without = 0.0, 0.0, 0.0
    for epoch in range(4):
        batches.epoch = epoch
        for x, _, _ in batches:
            row = x["item.row"][x["item.row"] >= 0]
            seen += len(row)
    for one in (batches, plain):
        log_q = np.full(data.vocabulary.trained_items, np.nan)
        for x, _, _ in one:
            row = x["item.row"][x["item.row"] >= 0]
            log_q[row] = x["item.log_q"][: len(row)]
        mean = np.nanmean(np.exp(log_q))
        expected, without = (mean, without) if one is batches else (expected, mean)
    found = seen / (4 * len(batches)) / data.vocabulary.trained_items
    assert abs(expected / found - 1) < 0.06 < abs(without / found - 1)


def test_a_crop_leaves_both_parts_and_cuts_anywhere(made):
    data = made([range(10)] * 2000)
    cutter = Sequences(data.events, 9, crop=0.5)
    windows = cutter.cut(np.random.default_rng(0))
    size = windows.candidate_size
    assert size.sum() == 20_000 and (windows.history_size == size - 1).all()
    whole = (size == 10).sum()
    assert abs(whole / 2000 - 0.5) < 0.03 and windows.continued.sum() == 2000 - whole
    often = np.bincount(size[windows.continued], minlength=10)[1:]
    np.testing.assert_allclose(often / often.sum(), np.full(9, 1 / 9), atol=0.03)


@pytest.mark.parametrize("ordered", [True, False])
def test_changes_follow_from_seed_epoch_and_index(made, ordered):
    data = made([range(u, u + 9) for u in range(30)], ordered=ordered)
    augment = ["crop", "reorder", "substitute", "mask"] if ordered else ["substitute", "mask"]
    one, other = (changed(data, augment, seed=3)[0] for _ in range(2))
    for batches in (one, other):
        batches.epoch = 4
    again, last = list(one), list(reversed([other[i] for i in reversed(range(len(other)))]))
    for a, b in zip(again, last, strict=True):
        for name in ("history.item", "item.row", "history.window", "event.kind.value"):
            np.testing.assert_array_equal(a[0][name], b[0][name])
    one.epoch = 5
    assert any(not np.array_equal(items_of(a), items_of(b)) for a, b in zip(one, again, strict=True))


def test_an_order_that_there_is_not_is_not_changed(made):
    data = made([range(5)], ordered=False)
    for name in ("crop", "reorder"):
        with pytest.raises(ValueError, match=rf"augment=\['{name}'\]\) changes an order of events"):
            changed(data, [name])

"""The rules of every split, for any users' events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmmrec.data import load, splits
from tfmmrec.data.dataset import CONTEXT, TEST, TRAIN, VALIDATION
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match, NextItem

counts_of_users = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)


def starts(counts):
    return np.concatenate([[0], np.cumsum(counts)])


def per_user(codes, counts):
    return np.split(codes, np.cumsum(counts)[:-1])


@given(counts_of_users)
def test_leave_last_out(counts):
    codes = splits.leave_last_out(start=starts(counts))
    assert codes.dtype == np.int8
    for user in per_user(codes, counts):
        held = [VALIDATION, TEST] if len(user) >= 3 else []
        assert user.tolist() == [TRAIN] * (len(user) - len(held)) + held


@given(
    counts_of_users, st.sampled_from([(8, 1, 1), (60, 40, 0), (0.7, 0, 0.3), (1, 0, 0)]), st.integers(0, 9)
)
def test_random_meets_its_shares_in_every_user(counts, shares, seed):
    option = "/".join(map(str, shares))
    codes = splits.random(start=starts(counts), option=option, seed=seed)
    train, validation, test = np.asarray(shares) / sum(shares)
    for user in per_user(codes, counts):
        found = np.bincount(user, minlength=3)
        assert found[TRAIN] >= min(1, len(user))
        if len(user) >= 1 / train:  # where every share fits
            held = found[VALIDATION] + found[TEST]
            assert abs(found[TEST] - test * len(user)) < 1
            assert abs(held - (test + validation) * len(user)) < 1
            if test * len(user) == 0:
                assert not found[TEST]


def test_random_shares_hold_on_average_also_for_short_histories():
    codes = splits.random(start=np.arange(0, 20_001, 4), seed=0)
    np.testing.assert_allclose(np.bincount(codes) / len(codes), [0.8, 0.1, 0.1], atol=0.01)
    places = codes.reshape(-1, 4)
    np.testing.assert_allclose((places == TEST).mean(axis=0), 0.1, atol=0.02)  # no place is favoured


def test_random_is_pinned_by_its_seed():
    start = np.arange(0, 501, 10)
    once, again, other = (splits.random(start=start, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    np.testing.assert_array_equal(once, splits.random(start=start, option="80/10/10", seed=1))
    assert (once != splits.random(start=start, option="50/25/25", seed=1)).any()


@pytest.mark.parametrize("seed", range(5))
def test_random_draws_the_copies_of_an_event_as_one(seed):
    """User 0 has items 7, 3 and 5, user 1 item 7 alone and user 2 none."""
    item = np.array([7, 7, 3, 7, 3, 5, 7, 7])
    codes = splits.random(start=np.array([0, 6, 8, 8]), item=item, option="40/30/30", seed=seed)
    drawn = splits.random(start=np.array([0, 3, 4, 4]), option="40/30/30", seed=seed)
    np.testing.assert_array_equal(codes, drawn[[0, 0, 1, 0, 1, 2, 3, 3]])
    assert codes[6:].tolist() == [TRAIN, TRAIN]


@given(counts_of_users, st.integers(0, 9))
def test_random_without_copies_is_what_it_is_of_events(counts, seed):
    start = starts(counts)
    item = np.concatenate([np.random.default_rng(seed).permutation(count) for count in counts])
    np.testing.assert_array_equal(
        splits.random(start=start, item=item, seed=seed), splits.random(start=start, seed=seed)
    )


@pytest.mark.parametrize("option", ["80/20", "a/b/c", "0/50/50", "50/-1/51", "nan/1/1", "1/1/1/1", "80"])
def test_random_shares_that_are_none(option):
    with pytest.raises(ValueError, match=f"shares of training, validation and test.*got '{option}'"):
        splits.random(start=np.array([0, 3]), option=option)


def test_a_column_says_it():
    values = ["train", " Valid", "validation", "val", "TEST", "context", "tset", None, 1]
    assert splits.column(values=values).tolist() == [
        TRAIN, VALIDATION, VALIDATION, VALIDATION, TEST, CONTEXT, -1, -1, -1
    ]  # fmt: skip
    assert splits.column_of("column") == "split"
    assert splits.column_of("column:part") == "part"
    assert splits.column_of("random:80/10/10") is None


def test_by_name():
    assert splits.named("leave-last-out") == (splits.leave_last_out, "")
    assert splits.named("random:70/15/15") == (splits.random, "70/15/15")
    assert splits.named("column:a:b") == (splits.column, "a:b")
    with pytest.raises(
        ValueError, match="no split 'leave-last-ou'. Did you mean 'leave-last-out'. Choose 'auto'"
    ):
        splits.named("leave-last-ou")
    with pytest.raises(ValueError, match="no split 'np'"):
        splits.named("np")
    with pytest.raises(ValueError, match="'leave-last-out' has no options, got '2'"):
        splits.leave_last_out(start=np.array([0, 3]), option="2")


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.floats(0, 0.99), st.integers(0, 5))
def test_cold_items_lose_every_event(item, share, seed):
    item = np.asarray(item)
    items = len(np.unique(item))
    expected = max(1, round(share * items)) if share else 0
    if expected == items:
        with pytest.raises(ValueError, match=f"of {items} items leaves none to learn from"):
            splits.choose_cold(item, share, seed)
        return
    cold = splits.choose_cold(item, share, seed)
    assert len(np.unique(item[cold])) == expected
    assert not set(item[cold]) & set(item[~cold])
    np.testing.assert_array_equal(cold, splits.choose_cold(item, share, seed))


def test_cold_items_are_drawn_anew_by_another_seed():
    item = np.arange(100)
    assert (splits.choose_cold(item, 0.2, 0) != splits.choose_cold(item, 0.2, 1)).any()


@pytest.mark.parametrize("share", [1, -0.1, float("nan"), True, "0.1"])
def test_a_share_of_cold_items_that_is_none(share):
    with pytest.raises(ValueError, match=r"share of items to hold out altogether, in \[0, 1\)"):
        splits.check_share(share)


@given(counts_of_users)
def test_leave_last_one(counts):
    codes = splits.leave_last_one(start=starts(counts))
    for user in per_user(codes, counts):
        held = [TEST] if len(user) >= 2 else []
        assert user.tolist() == [TRAIN] * (len(user) - len(held)) + held
    with pytest.raises(ValueError, match="'leave-last-one' has no options, got '1'"):
        splits.leave_last_one(start=starts(counts), option="1")


times_of_events = st.lists(st.integers(0, 15) | st.floats(0, 9), min_size=1, max_size=60)


@given(times_of_events, st.sampled_from([(80, 10, 10), (1, 1, 1), (5, 5, 0), (1, 0, 3)]), st.randoms())
def test_global_time_parts_no_moment_and_no_order_of_the_file_matters(times, shares, chance):
    time = np.asarray(times, "float64")
    option = "/".join(map(str, shares))
    codes = splits.global_time(time=time, option=option)
    assert codes.dtype == np.int8
    for earlier, later in ((TRAIN, VALIDATION), (TRAIN, TEST), (VALIDATION, TEST)):
        if (codes == earlier).any() and (codes == later).any():
            assert time[codes == earlier].max() < time[codes == later].min()
    # the last moment of a part is the one in which its share is reached
    reached = 0.0
    for code, share in enumerate(shares[:2]):
        reached += share * len(time) / sum(shares)
        until = codes <= code
        assert until.sum() >= reached - 1e-6
        assert (time < time[until].max()).sum() < reached + 1e-6
    order = list(range(len(times)))
    chance.shuffle(order)
    np.testing.assert_array_equal(splits.global_time(time=time[order], option=option), codes[order])


def test_global_time_by_hand():
    time = np.asarray([5, 1, 2, 3, 4, 6, 7, 8, 9, 10.0])
    codes = splits.global_time(time=time)
    assert codes.tolist() == [TRAIN] * 8 + [VALIDATION, TEST]
    assert splits.global_time(time=np.ones(10)).tolist() == [TRAIN] * 10
    tied = np.asarray([1, 2, 3, 4, 5, 6, 7, 8, 8, 8.0])
    assert (splits.global_time(time=tied) == TRAIN).all()
    with pytest.raises(ValueError, match="'global-time' needs the time of every event: name its column"):
        splits.global_time(time=np.asarray([1, np.nan]))
    with pytest.raises(ValueError, match="'global-time' takes shares .*got '80/20'"):
        splits.global_time(time=time, option="80/20")


@given(counts_of_users, st.sampled_from([(8, 1, 1), (60, 40, 0), (1, 0, 1), (1, 0, 0)]), st.integers(0, 9))
def test_users_are_held_out_whole(counts, shares, seed):
    option = "/".join(map(str, shares))
    codes = splits.users(start=starts(counts), option=option, seed=seed)
    groups = {TRAIN: 0, VALIDATION: 0, TEST: 0}
    for user in per_user(codes, counts):
        if not len(user):
            continue
        if (user == TRAIN).all():
            groups[TRAIN] += len(user) > 1
            continue
        assert len(user) > 1
        assert (user[:-1] == CONTEXT).all()
        groups[user[-1]] += 1
    drawn = sum(groups.values())
    _, validation, test = np.asarray(shares) / sum(shares) * drawn
    assert abs(groups[TEST] - test) <= 0.5
    assert abs(groups[TEST] + groups[VALIDATION] - test - validation) <= 0.5
    np.testing.assert_array_equal(codes, splits.users(start=starts(counts), option=option, seed=seed))


def test_users_are_drawn_anew_by_another_seed():
    start = np.arange(0, 301, 3)
    assert (splits.users(start=start, seed=0) != splits.users(start=start, seed=1)).any()
    assert np.bincount(splits.users(start=start)).tolist() == [240, 10, 10, 0, 40]
    with pytest.raises(ValueError, match="'users' takes shares"):
        splits.users(start=start, option="few")


PLAIN = Schema(tasks=[NextItem()], order="file")


def events_only(folder, text):
    (folder / "events.csv").write_text(text)
    return folder


def test_users_who_are_held_out_are_asked_about_given_their_earlier_events(tmp_path):
    text = "user_id,item_id\n" + "".join(f"{u},{u + e}\n" for u in range(20) for e in range(4))
    data = load(events_only(tmp_path, text), PLAIN, split="users:50/25/25")
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 5, 5)
    held = np.unique(data.events.user[data.test.rows])
    assert not set(held) & set(data.events.user[data.train.rows])
    for row in data.test.rows:
        first, last = data.events.start[data.events.user[row]], data.events.start[data.events.user[row] + 1]
        assert row == last - 1
        assert data.test.history_rows(row).tolist() == list(range(first, last - 1))
    assert data.popularity.sum() == 40
    trained = set(data.events.item[data.train.rows])
    assert trained == set(range(data.vocabulary.trained_items))


def test_the_global_time_asks_about_events_after_a_moment(tmp_path):
    text = "user_id,item_id,time\n" + "".join(
        f"{u},{u + e},{10 * e + u}\n" for u in range(5) for e in range(8)
    )
    schema = Schema(tasks=[NextItem()], timestamp="time")
    data = load(events_only(tmp_path, text), schema, split="global-time")
    latest = data.events.time[data.train.rows].max()
    assert (data.events.time[data.validation.rows] > latest).all()
    assert data.events.time[data.validation.rows].max() < data.events.time[data.test.rows].min()
    assert (len(data.train), len(data.validation), len(data.test)) == (32, 4, 4)
    with pytest.raises(ValueError, match="'global-time' needs the time of every event"):
        load(tmp_path, PLAIN, split="global-time")


def test_a_set_of_events_needs_its_times_for_the_global_time(tmp_path):
    text = "user_id,item_id,time\n" + "".join(f"a,{i},{i}\n" for i in range(10)) + "a,11,\na,12,soon\n"
    schema = Schema(tasks=[Match()], timestamp="time")
    folder = events_only(tmp_path, text)
    assert load(folder, schema, split="random").books["events"]["used"] == 12
    data = load(folder, schema, split="global-time")
    assert data.books["events"] == {"rows": 12, "used": 10, "dead": 2, "left out": 0, "out of order": 0}


def test_what_a_set_asks_about_is_not_in_its_own_history(tmp_path):
    """A log of plays without times: every item of a user stands in it one to seven times."""
    rng = np.random.default_rng(0)
    pairs = [(user, item) for user in range(30) for item in rng.choice(50, 10, replace=False)]
    plays = [f"{user},{item}\n" for user, item in pairs for _ in range(rng.integers(1, 8))]
    rng.shuffle(plays)
    folder = events_only(tmp_path, "user_id,item_id\n" + "".join(plays))
    data = load(folder, Schema(tasks=[Match()]))
    events = data.events
    of_pair = {}
    for user, item, code in zip(events.user.tolist(), events.item.tolist(), events.split, strict=True):
        of_pair.setdefault((user, item), set()).add(code)
    assert len(of_pair) == 300 and len(data.events.item) == len(plays)
    assert all(len(codes) == 1 for codes in of_pair.values())
    assert np.bincount([codes.pop() for codes in of_pair.values()]).tolist() == [240, 30, 30]  # of ten each
    ordered = load(folder, PLAIN, split="random").events  # of a sequence every event is one of its own
    at = ordered.user * 50 + ordered.item
    assert set(at[ordered.split == TRAIN]) & set(at[ordered.split == TEST])

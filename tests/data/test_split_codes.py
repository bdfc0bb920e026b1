"""Which split each event is in, and that the split is pinned."""

import hashlib

import pytest

from data.shop import EVENTS, PLAIN, RICH, events_only, fill
from tfmmrec.data import load
from tfmmrec.data.dataset import COLD, TEST, TRAIN, VALIDATION


def test_the_split_is_pinned(folder):
    lines = "2:u1,2:i1,train2:u1,2:i2,train2:u1,2:i3,validation2:u1,2:i4,test2:u2,2:i2,train2:u3,2:i3,train"
    sha = hashlib.sha256(lines.encode()).hexdigest()
    assert load(folder, RICH).split_sha256 == sha
    assert load(fill(folder, events=EVENTS.replace("30,view", "31,buy")), RICH).split_sha256 == sha
    assert load(folder, RICH, split="random").split_sha256 != sha


def test_cold_items_are_out_of_training_and_the_rest_is_split_without_them(tmp_path):
    text = "user_id,item_id\n" + "".join(f"{u},{(3 * u + e) % 20}\n" for u in range(9) for e in range(6))
    data = load(events_only(tmp_path, text), PLAIN, cold_items=0.25, seed=3)
    cold = set(data.events.item[data.events.split == COLD])
    assert len(cold) == 5
    assert not cold & set(data.events.item[data.events.split != COLD])
    assert min(cold) >= data.vocabulary.trained_items
    for user in range(9):
        codes = data.events.split[data.events.start[user] : data.events.start[user + 1]]
        warm = codes[codes != COLD].tolist()
        assert warm == [TRAIN] * (len(warm) - 2) + [VALIDATION, TEST]
    assert load(tmp_path, PLAIN, cold_items=0.25, seed=3).split_sha256 == data.split_sha256
    assert load(tmp_path, PLAIN, cold_items=0.25, seed=4).split_sha256 != data.split_sha256


def test_a_split_column_without_training_events(tmp_path):
    events_only(tmp_path, "user_id,item_id,split\na,1,test\na,2,valid\n")
    with pytest.raises(ValueError, match="leaves no event to learn from: {'validation': 1, 'test': 1}"):
        load(tmp_path, PLAIN, split="column")

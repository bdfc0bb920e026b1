"""Three users, four items, by hand; and more of them at random."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.data.dataset import TEST, TRAIN, VALIDATION
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match
from three_users import write


@pytest.fixture(scope="session")
def by_hand(tmp_path_factory):
    """u met a, b and c in training, v a and b (twice), w a and d, x nothing; items are rows 0 to 3."""
    folder = tmp_path_factory.mktemp("by_hand")
    write(folder, ["item_id", *"abcd"], {"x": {"test": "a"}})
    data = load(folder, Schema(tasks=[Match()]), split="column")
    assert list(data.item_ids) == list("abcd") and list(data.user_ids) == list("uvwx")
    return data


@pytest.fixture(scope="session")
def drawn(small_sets):
    """A seed → data of 40 users with 10 events each among 24 items, some met twice and some never learnt."""

    def draw(seed):
        generator = np.random.default_rng(seed)
        item = generator.integers(0, 24, 400) * generator.integers(0, 2, 400)  # half of them the first item
        split = generator.choice([TRAIN, TRAIN, VALIDATION, TEST], 400)
        events = dataclasses.replace(small_sets.events, item=item.astype("int32"), split=split.astype("int8"))
        return dataclasses.replace(small_sets, events=events)

    return draw


@pytest.fixture(scope="session")
def matrix():
    """Data and event rows → float64 ``[users, items]``: 1 where a user met an item."""

    def fill(data, rows):
        met = np.zeros((len(data.user_ids), data.vocabulary.items))
        met[data.events.user[rows], data.events.item[rows]] = 1
        return met

    return fill

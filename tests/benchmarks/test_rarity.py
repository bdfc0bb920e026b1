"""Differences by how often the item that is asked for was met in training."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.quality.rarity import by_rarity

# users 0 to 3 are asked for items 2, 0, 1 and 2, which were met 5, 150 and 2,000 times
DATA = SimpleNamespace(
    test=SimpleNamespace(rows=np.asarray([0, 2, 3, 4])),
    events=SimpleNamespace(user=np.asarray([3, 0, 0, 2, 1]), item=np.asarray([2, 1, 2, 1, 0])),
    popularity=np.asarray([150.0, 2000.0, 5.0]),
)


def answers(*values, users=(0, 1, 2, 3)):
    return {"users": np.asarray(users), "ndcg@10": np.asarray(values, "float32")}


def test_each_user_counts_where_its_item_belongs():
    found = dict(by_rarity(DATA, answers(1.0, 0.5, 0.25, 0.0), answers(0.5, 0.5, 0.75, 0.0), "ndcg@10"))
    assert {begin: (gap.mean, gap.users) for begin, gap in found.items()} == {
        0: (pytest.approx(0.25), 2),
        100: (pytest.approx(0.0), 1),
        1000: (pytest.approx(-0.5), 1),
    }


def test_answers_that_cannot_be_paired_are_refused():
    one, others = answers(1.0, 0.5, 0.25, 0.0), answers(1.0, 0.5, 0.25, 0.0, users=(0, 1, 2, 4))
    for other, metric in ((others, "ndcg@10"), (one, "hit_rate@10"), ({}, "ndcg@10")):
        with pytest.raises(ValueError, match="of the same users is needed of both rows"):
            list(by_rarity(DATA, one, other, metric))

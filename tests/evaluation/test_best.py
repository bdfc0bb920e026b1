"""The running best of blocks, beside sorting everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmmrec.evaluation.best import GROUP, Best, keys_of


def test_keys_are_in_the_order_of_scores_and_of_equal_ones_the_lower_item_is_greater():
    scores = np.array([-np.inf, -3e38, -1.5, -1e-45, -0.0, 0.0, 1e-45, 2.0, 2.0, 3e38, np.inf], "float32")
    items = np.array([0, 9, 9, 9, 4, 3, 9, 7, 6, 9, 2**32 - 1])
    keys = keys_of(scores, items)
    assert (np.diff(keys.astype(object)) > 0).all() and keys[0] > 0


@given(
    seed=st.integers(0, 2**32 - 1),
    blocks=st.integers(1, 4),
    groups=st.integers(1, 6),
    k=st.integers(1, 70),
    levels=st.sampled_from([1, 3, 10**6]),
)
def test_the_best_of_blocks_are_the_best_of_all(seed, blocks, groups, k, levels):
    rng = np.random.default_rng(seed)
    size = groups * GROUP
    scores = rng.integers(-levels, levels, (blocks * size, 5)).astype("float32")
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    best = Best(5, k)
    for block in range(blocks):
        best.add(scores[block * size : (block + 1) * size], block * size)
    for query, line in enumerate(scores.T):
        expected = [item for item in np.argsort(-line, kind="stable") if line[item] > -np.inf][:k]
        assert best.items()[query].tolist() == expected + [-1] * (k - len(expected))
        for score in (-levels, 0, levels):
            found = best.count_at_least(np.array([query]), np.array([score], "float32"))
            assert found == min(k, (line >= score).sum())


def test_a_query_without_anything_to_show():
    best = Best(2, 3)
    best.add(np.full((GROUP, 2), -np.inf, "float32"), 0)
    assert (best.items() == -1).all()


@pytest.mark.parametrize(("block", "k"), [(64, 2), (4096, 10), (4096, 500)])
def test_scratch_is_more_than_the_scores_of_a_block(block, k):
    assert 4 * block < Best.scratch(block, k) < Best.scratch(2 * block, k) < Best.scratch(2 * block, 2 * k)

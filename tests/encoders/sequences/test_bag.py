"""A bag: the contract, and its pools by hand."""

import numpy as np
import pytest

from contracts import SequenceContract
from contracts.samples import random
from tfmmrec.encoders.sequences import Bag


class TestBag(SequenceContract):
    component = Bag
    steps = 200


class TestBagOfMaxima(SequenceContract):
    component = Bag
    settings = {"pool": "max"}
    steps = 200

    def check_reached(self, reached, known):
        np.testing.assert_array_equal(reached.any(axis=1), known.any(axis=1))  # not each place has a maximum


X = np.asarray([[[1, -2], [3, -4], [9, 9]], [[5, 5], [5, 5], [5, 5]]], "float32")
MASK = np.asarray([[True, True, False], [False, False, False]])


@pytest.mark.parametrize(("pool", "expected"), [("mean", [2, -3]), ("sum", [4, -6]), ("max", [3, -2])])
def test_pools_by_hand(pool, expected):
    tokens, mask = Bag(2, 3, pool=pool)(X, MASK)
    assert np.asarray(tokens).tolist() == [[expected], [[0, 0]]]
    assert np.asarray(mask).tolist() == [[True], [False]]


def test_a_text_is_pooled_and_has_no_order():
    """A text's embeddings that are not pooled are a mistake that examples make: words come in any number."""
    x, mask = random(2, 4, 8), np.ones((2, 4), bool)
    tokens, _ = Bag(8, 4)(x, mask)
    turned, _ = Bag(8, 4)(x[:, ::-1], mask)
    assert tokens.shape == (2, 1, 8)
    np.testing.assert_allclose(turned, tokens, rtol=1e-5, atol=1e-6)


def test_another_pool():
    with pytest.raises(ValueError, match="A bag's pool is one of mean, sum, max; got 'median'"):
        Bag(8, 3, pool="median")

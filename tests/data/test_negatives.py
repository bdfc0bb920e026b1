"""Kinds of negatives: the contract, chances by hand."""

import numpy as np
import pytest

from contracts import NegativesContract
from contracts.negatives import COUNTS, DRAWN, ITEMS
from tfmmrec.data.negatives import (
    InBatch,
    Mined,
    Mixed,
    Negatives,
    Popularity,
    Uniform,
    log_inclusion,
    log_unseen,
    negatives_of,
)


class TestUniform(NegativesContract):
    component = Uniform


class TestPopularity(NegativesContract):
    component = Popularity
    settings = {"power": 1.0}


class TestInBatch(NegativesContract):
    component = InBatch
    drawn = 0

    def test_their_number_is_not_negative(self):
        with pytest.raises(ValueError, match="InBatch adds no items to a batch, so count must be 0, got 512"):
            InBatch(512)


class TestMixed(NegativesContract):
    component = Mixed
    settings = {"parts": {"popularity": 2, "uniform": 1}}


class TestMined(NegativesContract):
    component = Mined
    settings = {"floor": 0.3}

    def negatives(self):
        """The model takes the rarest for the likeliest."""
        negatives = Mined(DRAWN, **self.settings)
        negatives.shares = COUNTS[::-1] / COUNTS.sum()
        negatives.learn(COUNTS, np.exp(log_unseen(COUNTS, 40)), DRAWN)
        return negatives


def inclusion(counts, slots, negatives):
    counts = np.asarray(counts)
    unseen, of = log_unseen(counts, slots), Uniform(negatives)
    of.learn(counts, np.exp(unseen), negatives)
    return log_inclusion(unseen, of.log_missed)


def test_chance_of_an_item_by_hand():
    # p = ½, ¼, ¼ and two events: absent with ¼, 9/16, 9/16; a negative is one of these 1.375 items
    np.testing.assert_allclose(np.exp(inclusion([2, 1, 1], 2.0, 0)), [3 / 4, 7 / 16, 7 / 16], rtol=1e-6)
    left = 1 - 1 / 1.375
    expected = [1 - left / 4, 1 - left * 9 / 16, 1 - left * 9 / 16]
    np.testing.assert_allclose(np.exp(inclusion([2, 1, 1], 2.0, 1)), expected, rtol=1e-6)


def test_chance_is_certain_where_every_item_is_drawn_or_there_is_but_one():
    np.testing.assert_array_equal(inclusion([3, 1], 2.0, 5), [0, 0])
    np.testing.assert_array_equal(inclusion([3], 2.0, 0), [0])


def test_rare_items_keep_their_precision():
    np.testing.assert_allclose(inclusion([10**9, 1], 1.0, 0)[1], -np.log(10**9), rtol=1e-6)


def test_one_of_two_by_its_weight():
    """Three in four, and by arrival times: 1 − e⁻³ᵗ + 1 − e⁻ᵗ = 1 at t = 0.3219: 0.62 and 0.38 of each."""
    generator, negatives = np.random.default_rng(0), Popularity(1, power=2.0)
    counts = np.asarray([3**0.5, 1.0])
    negatives.learn(counts, np.ones(2), 1)
    drawn = [negatives.draw(np.zeros(0, "int64"), 2, 1, generator)[0] for _ in range(4000)]
    assert np.mean(np.asarray(drawn) == 0) == pytest.approx(0.75, abs=0.02)
    z = 0.6823278  # z³ + z = 1
    np.testing.assert_allclose(np.exp(negatives.log_missed), [z**3, z], rtol=1e-4)


def test_mined_ones_are_where_the_model_errs_and_uniform_before_it_said_so():
    generator, negatives = np.random.default_rng(0), Mined(10, floor=0.1)
    negatives.learn(COUNTS, np.ones(ITEMS), 10)
    np.testing.assert_allclose(negatives.log_missed, negatives.log_missed[0])
    negatives.shares = np.zeros(ITEMS)
    negatives.shares[[5, 6]] = 0.5
    negatives.learn(COUNTS, np.ones(ITEMS), 10)
    nothing = np.zeros(0, "int64")
    drawn = np.concatenate([negatives.draw(nothing, ITEMS, 1, generator) for _ in range(2000)])
    assert np.isin(drawn, [5, 6]).mean() == pytest.approx(0.9 + 0.1 * 2 / ITEMS, abs=0.03)


def test_parts_are_of_their_shares():
    negatives = Mixed(parts={"popularity": 1, "mined": 2, "uniform": 1})
    assert negatives._counts(8) == [2, 4, 2] and sum(negatives._counts(7)) == 7
    assert [type(one) for one in negatives.mined] == [Mined]
    for parts in ({}, {"uniform": 0}):
        with pytest.raises(ValueError, match="parts are shares above 0 by kind"):
            Mixed(parts=parts)


def test_settings():
    with pytest.raises(ValueError, match="floor is a share of the draws, above 0 and at most 1, got 0"):
        Mined(floor=0)
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        Mined(temperature=0)


def test_they_are_chosen_as_members_are():
    assert isinstance(negatives_of(7), Uniform) and negatives_of(7).count == 7
    assert isinstance(negatives_of("in_batch"), InBatch)
    chosen = negatives_of({"name": "popularity", "power": 0.5, "count": 9})
    assert isinstance(chosen, Popularity) and (chosen.power, chosen.count) == (0.5, 9)
    assert negatives_of(chosen) is chosen
    with pytest.raises(ValueError, match="There is no negatives 'hard'. There are: inbatch, mined"):
        negatives_of("hard")


@pytest.mark.parametrize("method", ["learn", "draw"])
def test_a_member_must_bring_its_methods(method):
    arguments = {"learn": 3, "draw": 4}[method]
    with pytest.raises(NotImplementedError):
        getattr(Negatives(1), method)(*[None] * arguments)

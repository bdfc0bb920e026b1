"""Items that a batch gets beside those of its events."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tfmmrec.data.negatives import Negatives, log_inclusion, log_unseen

ITEMS, SLOTS, DRAWN = 120, 40, 30
COUNTS = 1000 / np.arange(1, ITEMS + 1)


class NegativesContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[Negatives]]
    settings: ClassVar[dict[str, Any]] = {}
    drawn: ClassVar[int] = DRAWN

    def negatives(self) -> Negatives:
        """One that knows items which are the more popular the lower their row, and draws `drawn` of them."""
        negatives = self.component(self.drawn, **self.settings)
        negatives.learn(COUNTS, np.exp(log_unseen(COUNTS, SLOTS)), self.drawn)
        return negatives

    @pytest.mark.parametrize("count", [0, 1, DRAWN, ITEMS // 2, ITEMS - 1, ITEMS + 5])
    @pytest.mark.parametrize("seed", range(4))
    def test_they_are_distinct_absent_and_as_many_as_asked_for(self, seed, count):
        generator = np.random.default_rng(seed)
        present = np.flatnonzero(generator.random(ITEMS) < generator.random())
        drawn = self.negatives().draw(present, ITEMS, count, generator)
        assert len(set(drawn.tolist())) == len(drawn)
        assert not set(drawn) & set(present) and ((drawn >= 0) & (drawn < ITEMS)).all()
        assert len(drawn) == (min(count, ITEMS - len(present)) if self.drawn else 0)

    def test_the_chance_of_an_item_is_how_often_it_is_there(self):
        generator, negatives = np.random.default_rng(0), self.negatives()
        share, seen, runs = COUNTS / COUNTS.sum(), np.zeros(ITEMS), 3000
        for _ in range(runs):
            present = np.unique(generator.choice(ITEMS, SLOTS, p=share))
            seen[present] += 1
            seen[negatives.draw(present, ITEMS, self.drawn, generator)] += 1
        log_q = log_inclusion(log_unseen(COUNTS, SLOTS), negatives.log_missed)
        assert log_q.dtype == "float32" and (log_q <= 0).all()
        np.testing.assert_allclose(np.exp(log_q), seen / runs, atol=0.04)

    def test_the_chance_to_be_drawn_is_how_often_it_is(self):
        generator, negatives = np.random.default_rng(0), self.negatives()
        present = np.unique(generator.choice(ITEMS, SLOTS, p=COUNTS / COUNTS.sum()))
        if not self.drawn:
            assert len(negatives.draw(present, ITEMS, 0, generator)) == 0
            return
        rest, seen, runs = np.setdiff1d(np.arange(ITEMS), present), np.zeros(ITEMS), 3000
        for _ in range(runs):
            seen[negatives.draw(present, ITEMS, self.drawn, generator)] += 1
        chance = np.exp(negatives.log_drawn(rest, len(rest), self.drawn))
        # not nearer: the weights do not know the batch
        np.testing.assert_allclose(chance, seen[rest] / runs, atol=0.1)

    def test_the_same_seed_draws_the_same(self):
        one, other = (
            self.negatives().draw(np.asarray([3, 4]), ITEMS, self.drawn, np.random.default_rng(7))
            for _ in range(2)
        )
        np.testing.assert_array_equal(one, other)

    def test_their_number_is_not_negative(self):
        with pytest.raises(ValueError, match=f"{self.component.__name__}.* 0.* got -1"):
            self.component(-1, **self.settings)

"""Which items to label next."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tfmmrec.acquisition import Acquisition, Pool


def pool_of(size: int, classes: int = 3, labelled: int = 4, seed: int = 0) -> Pool:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), size)
    return Pool(probabilities, generator.normal(size=(size, 5)), generator.normal(size=(labelled, 5)))


class AcquisitionContract:
    """`component` is the member."""

    component: ClassVar[type[Acquisition]]

    def order(self, pool: Pool, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        return self.component().order(pool, k, np.random.default_rng(seed))

    @pytest.mark.parametrize("k", [1, 7, 30])
    def test_each_item_once_and_with_a_reason(self, k: int) -> None:
        chosen, score = self.order(pool_of(30), k)
        assert len(set(chosen.tolist())) == k == len(score) and chosen.min() >= 0 and chosen.max() < 30
        assert not np.isnan(score).any()

    def test_fewer_are_the_first_of_more(self) -> None:
        few, many = (self.order(pool_of(30), k)[0] for k in (5, 12))
        assert many[:5].tolist() == few.tolist()

    def test_the_same_seed_gives_the_same(self) -> None:
        first, again = (self.order(pool_of(30), 9, seed=2)[0] for _ in range(2))
        assert first.tolist() == again.tolist()

    @pytest.mark.parametrize("settings", [{"labelled": 0}, {"classes": 1}, {"classes": 2}])
    def test_pools_of_every_kind(self, settings: dict[str, Any]) -> None:
        chosen, _ = self.order(pool_of(12, **settings), 12)
        assert sorted(chosen.tolist()) == list(range(12))

    def test_items_that_are_all_the_same(self) -> None:
        pool = Pool(np.full((6, 3), 1 / 3), np.ones((6, 5)), np.ones((2, 5)))
        chosen, _ = self.order(pool, 6)
        assert sorted(chosen.tolist()) == list(range(6))

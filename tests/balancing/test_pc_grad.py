"""Gradient surgery."""

import numpy as np
import pytest

from contracts import BalancingContract
from contracts.balancing import made_one
from tfmmrec.balancing import PCGrad


class TestPCGrad(BalancingContract):
    component = PCGrad


@pytest.mark.backend
def test_two_tasks_by_hand():
    """(1, 0) and (−1, 1) conflict: each loses what points against the other. Heads learn as they are."""
    of = {"a": ([1, 0], [2], [0]), "b": ([-1, 1], [0], [3])}
    update = made_one(PCGrad(["a", "b"]), {"a": 1.0, "b": 1.0}, of)
    # (1, 0) + ½ (−1, 1) = (½, ½), and (−1, 1) + (1, 0) = (0, 1)
    np.testing.assert_allclose(update[0], [0.5, 1.5], rtol=1e-5)
    np.testing.assert_allclose([update[1], update[2]], [[2], [3]])


def test_gradients_that_agree_are_summed():
    of = {"a": ([1, 0],), "b": ([0, 1],), "c": ([2, 3],)}
    np.testing.assert_allclose(made_one(PCGrad(["a", "b", "c"]), dict.fromkeys("abc", 1.0), of)[0], [3, 4])


def test_as_the_paper_writes_it():
    """Three tasks, for every order there can be: the update is one of those."""
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(3, 4)).astype("float32")
    vectors[1] -= 2 * vectors[0]
    vectors[2] -= vectors[1]
    found = made_one(
        PCGrad(["a", "b", "c"]),
        dict.fromkeys("abc", 1.0),
        {k: (v,) for k, v in zip("abc", vectors, strict=True)},
    )
    possible = [[] for _ in range(3)]
    for i in range(3):
        others = [j for j in range(3) if j != i]
        for order in (others, others[::-1]):
            g = vectors[i].copy()
            for j in order:
                if g @ vectors[j] < 0:
                    g = g - g @ vectors[j] / (vectors[j] @ vectors[j]) * vectors[j]
            possible[i].append(g)
    sums = [a + b + c for a in possible[0] for b in possible[1] for c in possible[2]]
    assert min(np.abs(found[0] - one).max() for one in sums) < 1e-4
    assert np.abs(found[0] - vectors.sum(axis=0)).max() > 0.1

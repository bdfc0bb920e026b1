"""The factorisation machine: the contract, and every product of two by hand."""

import itertools

import numpy as np

from backends import policy, run
from contracts import FusionContract
from contracts.samples import WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm
from tfmmrec.fusion import FactorizationMachine


class TestFactorizationMachine(FusionContract):
    component = FactorizationMachine


def expected(fusion, tokens):
    x = means(tokens)
    pairs = sum(x[:, m] * x[:, n] for m, n in itertools.combinations(range(3), 2))
    return norm(dense(fusion.linear, flat(x)) + dense(fusion.products, pairs))


def test_by_hand():
    fusion, tokens = TestFactorizationMachine.built(), tokens_of(4)
    np.testing.assert_allclose(run(fusion, tokens), expected(fusion, tokens), rtol=1e-4, atol=1e-5)


def test_products_survive_half_precision_beside_large_values():
    """Of 100 and 1/16 it is 100/16: in bfloat16 their squares alone would be off by more."""
    values = {"title": 100, "poster": 1 / 16, "price": 0}
    tokens = {n: (np.full((1, 1, WIDTH), v, "float32"), np.ones((1, 1), bool)) for n, v in values.items()}
    with policy("mixed_bfloat16"):
        fusion = TestFactorizationMachine.built()
        fusion.linear.kernel.assign(np.zeros((3 * WIDTH, WIDTH)))
        fusion.products.kernel.assign(np.eye(WIDTH))
        fusion.norm.call = lambda x: x
        found = run(fusion, tokens)
    np.testing.assert_allclose(found, 100 / 16, rtol=0.01)

"""Weights of labels that are no fair sample."""

import numpy as np

from tfmmrec.losses import inverse_propensity


def test_by_hand():
    weights = inverse_propensity(np.asarray([1.0, 0.5, 0.25, 0.01]), clip=10)
    np.testing.assert_allclose(weights, [1, 2, 4, 10])
    assert weights.dtype == "float32"


def test_a_biased_sample_gives_the_mean_of_all():
    """Of ratings from 1 to 5 high ones are told the more often."""
    generator = np.random.default_rng(0)
    rating = generator.integers(1, 6, 40_000)
    chance = rating / 10
    told = generator.random(len(rating)) < chance
    weights = inverse_propensity(chance[told], clip=100)
    assert rating[told].mean() > 3.5
    assert abs(np.average(rating[told], weights=weights) - 3) < 0.05

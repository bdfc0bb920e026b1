"""What the model is least sure of, by hand."""

import numpy as np
import pytest

from contracts import AcquisitionContract
from tfmmrec.acquisition import Entropy, LeastConfident, Margin, Pool

PROBABILITIES = np.asarray([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.9, 0.05, 0.05], [1.0, 0.0, 0.0]])


class TestEntropy(AcquisitionContract):
    component = Entropy


class TestMargin(AcquisitionContract):
    component = Margin


class TestLeastConfident(AcquisitionContract):
    component = LeastConfident


@pytest.mark.parametrize(
    ("member", "order", "score"),
    [
        (Entropy, [1, 0, 2, 3], [1.0889, 0.6931, 0.3944, 0]),
        (Margin, [0, 1, 2, 3], [0, -0.1, -0.85, -1]),
        (LeastConfident, [1, 0, 2, 3], [0.6, 0.5, 0.1, 0]),
    ],
)
def test_scores_by_hand(member, order, score):
    pool = Pool(PROBABILITIES, np.zeros((4, 2)), np.zeros((0, 2)))
    chosen, found = member().order(pool, 4, np.random.default_rng(0))
    assert chosen.tolist() == order
    np.testing.assert_allclose(found, score, atol=1e-4)

"""What scales and moves a vector, by hand."""

import numpy as np
import pytest

from backends import policy, run
from contracts.samples import random
from tfmmrec.layers import FiLM


def built(width):
    layer = FiLM()
    layer.build((None, None, width), (None, None, width))
    return layer


@pytest.mark.backend
def test_it_begins_as_a_sum():
    x, c = random(2, 3, 4, seed=1), random(2, 3, 4, seed=2)
    np.testing.assert_allclose(run(built(4), x, c), x + c, atol=1e-6)


@pytest.mark.backend
def test_by_hand():
    layer = built(2)
    layer.set_weights([np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([0.0, 2.0])])
    # W c + b of c = (2, 1) is (2 + .5, -1 + 2)
    found = run(layer, np.array([[10.0, 3.0]], "float32"), np.array([[2.0, 1.0]], "float32"))
    np.testing.assert_allclose(found, [[10 * 3.5 + 2, 3 * 2 + 1]], rtol=1e-6)


def test_mixed_precision():
    with policy("mixed_bfloat16"):
        layer = built(4)
        assert layer(random(1, 2, 4), random(1, 2, 4)).dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in layer.weights)

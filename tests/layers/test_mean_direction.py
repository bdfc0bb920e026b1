"""The mean direction of the modalities that are there."""

import numpy as np
import pytest

from backends import policy, run
from contracts.samples import remade
from tfmmrec.layers import MeanDirection

pytestmark = pytest.mark.backend

HALF = 0.5**0.5
SHOWN = np.ones((4, 2), bool)


def tokens():
    """Two modalities of four rows: pooled they point along x and y, however long they are."""
    east = np.asarray([[[3.0, 0.0], [1.0, 0.0]]] * 4, "float32")
    north = np.asarray([[[0.0, 0.1], [0.0, 0.3]]] * 4, "float32")
    return east, north


def mean(tokens, masks, present):
    present = [np.asarray(one) for one in present]
    return np.asarray(run(MeanDirection(), list(zip(tokens, masks, strict=True)), present))


def test_by_hand():
    here = [True, True, False, False], [True, False, True, False]
    found = mean(tokens(), (SHOWN, SHOWN), here)
    np.testing.assert_allclose(found, [[HALF, HALF], [1, 0], [0, 1], [0, 0]], atol=1e-6)


def test_masked_tokens_and_what_stands_for_a_missing_modality_have_no_effect():
    east, north = tokens()
    here = [True, True, False, False], [True, False, True, False]
    expected = mean((east, north), (SHOWN, SHOWN), here)
    east[:, 1], north[[1, 3]] = 99.0, np.nan
    first = SHOWN & (np.arange(2) == 0)
    np.testing.assert_allclose(mean((east, north), (first, SHOWN), here), expected, atol=1e-6)


def test_opposites_are_nothing_and_precision_stays():
    east, _ = tokens()
    everywhere = np.ones(4, bool)
    assert np.abs(mean((east, -east), (SHOWN, SHOWN), (everywhere, everywhere))).max() < 1e-3
    with policy("mixed_bfloat16"):
        found = run(MeanDirection(), [(east, SHOWN)], [everywhere])
    assert found.dtype == "float32"
    assert remade(MeanDirection(name="one")).name == "one"

"""Caser: the contract, both kinds of filters by hand, and what is too long ago."""

import numpy as np
import pytest
from keras import ops

from backends import compiled, run
from contracts import HistoryContract
from contracts.history import LENGTH
from contracts.samples import random
from tfmmrec.encoders.histories import Caser


class TestCaser(HistoryContract):
    component = Caser
    settings = {"window": LENGTH + 1, "filters": 3, "vertical": 2}

    def test_earlier_events_are_not_seen(self):
        layer = Caser(8, 8, layers=1, window=2, filters=3, vertical=1)
        layer.build()
        x, other, window = random(1, 6, 8), random(1, 6, 8), np.zeros((1, 6), "int32")
        other[0, 1] += 1
        read = compiled(lambda x: layer.read(x, window, None, False))
        moved = np.abs(read(x) - read(other))
        assert np.flatnonzero(moved[0].max(axis=-1) > 1e-6).tolist() == [1, 2]


def test_both_kinds_of_filters_by_hand():
    layer = Caser(3, 1, layers=1, window=2, filters=1, vertical=1)
    layer.build()
    layer.norm.call = lambda x: x  # what it normalises can be read
    layer.horizontals[0].kernel.assign([[[2.0]]])  # of one event
    layer.horizontals[1].kernel.assign([[[10.0]], [[1.0]]])  # of two successive ones, the older first
    layer.weighting.assign([[-3.0], [5.0]])
    layer.dense[0].kernel.assign([[1.0], [100.0], [10_000.0]])
    x = np.asarray([[[1], [3], [7]]], "float32")
    found = run(lambda x: layer.read(x, np.asarray([[0, 0, 4]]), None, False), x)[0, :, 0]
    for place, (one, two, weighted) in enumerate([(2, 1, 5), (6, 13, 12), (14, 7, 35)]):
        one, two = (float(ops.gelu(np.float32(answer))) for answer in (one, two))
        expected = x[0, place, 0] + one + 100 * two + 10_000 * weighted
        np.testing.assert_allclose(found[place], expected, rtol=1e-5)


def test_nothing_to_see_with():
    with pytest.raises(ValueError, match="of 1 or more, got 5, 0, 4 and 1"):
        Caser(5, 8, layers=1, filters=0)

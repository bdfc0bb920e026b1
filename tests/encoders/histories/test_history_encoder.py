"""What encoders of histories share: buckets of the time between two events, and what reading costs."""

import numpy as np
import pytest

from backends import run
from tfmmrec.encoders.histories import GAPS, HSTU, LSTM, UNKNOWN, BERT4Rec, Caser, NextItNet, Transformer
from tfmmrec.encoders.histories.history_encoder import gap_buckets

LAST = 2**31 - 1


@pytest.mark.backend
@pytest.mark.parametrize(
    ("earlier", "later", "bucket"),
    [
        (UNKNOWN, 5, 0),
        (5, UNKNOWN, 0),
        (9, 4, 1),  # time does not run backwards
        (0, 0, 1),
        (4, 5, 2),
        (4, 7, 3),
        (4, 11, 4),
        (LAST - 1, LAST, 2),
        (0, 2**20 - 1, 21),
        (0, LAST - 1, GAPS - 1),
        (0, LAST, GAPS - 1),
    ],
)
def test_buckets_by_hand(earlier, later, bucket):
    found = run(gap_buckets, np.asarray([earlier], "int32"), np.asarray([later], "int32"))
    assert found.tolist() == [bucket] and found.dtype == "int32"


@pytest.mark.backend
def test_buckets_are_exact_at_every_power_of_two():
    powers = 2 ** np.arange(1, GAPS - 1)
    for before, step in ((0, -1), (0, -2), (77, -1), (77, -2)):
        found = run(gap_buckets, np.full(GAPS - 2, before, "int32"), (before + powers + step).astype("int32"))
        np.testing.assert_array_equal(found, np.arange(1, GAPS - 1) + (step == -1))


def test_attention_alone_costs_more_than_twice_as_much_at_twice_the_length():
    def growth(member, **settings):
        layer = member(50, 8, layers=1, heads=4, **settings)
        return layer.numbers(2000) / layer.numbers(1000)

    for member in (Transformer, HSTU, BERT4Rec):
        assert growth(member) > 3.9
    for member in (LSTM, NextItNet, Caser):
        assert growth(member) == pytest.approx(2)
    assert Caser(50, 8, 1, window=9).numbers(10) > Caser(50, 8, 1).numbers(10)
    # by hand: 16 numbers of width 8 at 3 places, and 3 of 2 heads at 9 pairs of them
    assert Transformer(50, 8, 1, heads=2).numbers(3) == 16 * 8 * 3 + 3 * 2 * 9

"""Timestamp: trend and seasons; the contract."""

from datetime import datetime

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Timestamp

DAY = 86_400.0


class TestTimestamp(ModalityContract):
    component = Timestamp("released")
    width = 32

    @classmethod
    def cells(cls, folder):
        return np.random.default_rng(0).uniform(1e9, 1.5e9, EXAMPLES).tolist()

    def disturb(self, parts, generator):
        missing = np.isnan(parts["moment"]).any(axis=1)
        parts["moment"][missing, 1:] = generator.normal(size=(missing.sum(), 6))  # one NaN is enough
        return parts


def test_seasons_by_hand():
    member = Timestamp("released")
    state = member.fit([0.0, 10 * DAY])
    assert state == {"mean": 5 * DAY, "scale": 5 * DAY}
    # trend, then sine and cosine of the day, the week and the year, counted from the epoch
    found = preprocessed(member, state, [0.0, 7.25 * DAY, np.nan])["moment"]
    np.testing.assert_allclose(found[0], [-1, 0, 0, 0, 1, 1, 1], atol=1e-6)
    week, year = 2 * np.pi * 0.25 / 7, 2 * np.pi * 7.25 / 365.2425
    expected = [0.45, 1, np.sin(week), np.sin(year), 0, np.cos(week), np.cos(year)]
    np.testing.assert_allclose(found[1], expected, atol=1e-6)
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize("values", [[], [np.nan], [5.0]])
def test_nothing_to_learn_from(values):
    state = Timestamp("released").fit(values)
    assert state["scale"] == 1.0
    found = preprocessed(Timestamp("released"), state, [1e12, -1e12])["moment"]
    assert np.abs(found).max() <= 5


def test_numbers_and_dates_are_read_and_the_rest_is_rejected():
    rejected = {}
    cells = [1.5, "86400", "1970-01-02", "1970-01-01T01:00:00+01:00", datetime(1970, 1, 3), None, "", np.nan]
    wrong = ["yesterday", "inf", 1_714_564_800_000]
    times = Timestamp("released").raw([*cells, *wrong], None, rejected.__setitem__)
    np.testing.assert_array_equal(times, [1.5, DAY, DAY, 0, 2 * DAY, *[np.nan] * 6])
    expected = (
        "expected seconds since 1970 (divide milliseconds by 1000), or a time such as 2024-05-01T12:00:00, "
    )
    assert rejected == {8 + place: f"{expected}got {str(cell)!r}" for place, cell in enumerate(wrong)}

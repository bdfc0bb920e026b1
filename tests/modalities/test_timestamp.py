"""Timestamp: trend and seasons; the contract."""

from datetime import datetime

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Timestamp
from tfmmrec.modalities.timestamp import read_time, written_together

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


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("1970-01-02 00:00:00 UTC", DAY),
        ("1970-01-02T00:00:00.5 UTC ", DAY + 0.5),
        ("1970-01-02 00:00:00Z", DAY),
        ("1970-01-02 00:00:00 CET", np.nan),
        ("1970-01-02 00:00:00+02:00 UTC", np.nan),
    ],
)
def test_times_that_name_their_zone(cell, time):
    np.testing.assert_equal(read_time(cell), time)


def test_dates_written_together_are_rejected():
    rejected = {}
    cells = ["19950131", 20240201, None, "1995-01-31", "0"]
    times = Timestamp("released").raw([*cells, "20231231"], None, rejected.__setitem__)
    np.testing.assert_array_equal(times, [np.nan, np.nan, np.nan, 791_510_400, 0, np.nan])
    expected = "expected a date as 2024-05-01, and not as a number, got "
    assert rejected == {0: f"{expected}'19950131'", 1: f"{expected}20240201", 5: f"{expected}'20231231'"}


@pytest.mark.parametrize(
    ("times", "dates"),
    [
        ([20240131.0, np.nan, 20231224.0, 5.0], [True, False, True, False]),
        ([20240131.0, 5.0], [False, False]),  # not more than half
        ([20240131.0, 20241332.0, 20240132.0], [False, False, False]),  # no month, no day
        ([20240131.5, 18991231.0, 21010101.0], [False, False, False]),
        ([], []),
    ],
)
def test_numbers_that_are_dates_by_hand(times, dates):
    assert written_together(np.asarray(times)).tolist() == dates

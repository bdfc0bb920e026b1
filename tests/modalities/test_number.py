"""Number: reading, clipping, standardising; the contract."""

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Number


class TestNumber(ModalityContract):
    component = Number("price")

    @classmethod
    def cells(cls, folder):
        return [100.0 + 3 * i for i in range(EXAMPLES)]

    def disturb(self, parts, generator):
        parts["number"][np.isnan(parts["number"])] = np.inf
        return parts

    def labels(self, generator):
        # one number under a smooth layer tells an interval; 32 changes of mind it cannot tell
        place = np.arange(EXAMPLES)
        return ((place > 8) & (place < 20)).astype(int)


class TestPeriodicNumber(TestNumber):
    component = Number("price", encoder={"name": "periodic", "frequencies": 8, "scale": 2.0})
    steps, width = 200, 32

    def labels(self, generator):
        return generator.permutation(np.arange(EXAMPLES) % 2)  # which neighbours tell apart


def test_standardised_by_hand():
    state = Number("price", clip=0.0).fit([1.0, 2.0, 6.0, np.nan])
    assert state == pytest.approx({"low": 1.0, "high": 6.0, "mean": 3.0, "scale": (14 / 3) ** 0.5})
    found = preprocessed(Number("price"), state, [3.0, 6.0, 1000.0, -5.0, np.nan])["number"]
    sigma = (14 / 3) ** 0.5
    np.testing.assert_allclose(found, [0, 3 / sigma, 3 / sigma, -2 / sigma, np.nan], rtol=1e-6)


def test_outliers_are_clipped_to_quantiles():
    state = Number("price", clip=0.1).fit([*np.linspace(0, 10, 99), 1e9])
    assert state["high"] == pytest.approx(9.1, abs=0.1)
    assert state["scale"] < 10


@pytest.mark.parametrize("values", [[], [np.nan], [7.0, 7.0]])
def test_nothing_to_learn_from(values):
    state = Number("price").fit(values)
    assert state["scale"] == 1.0
    assert np.isfinite(preprocessed(Number("price"), state, [7.0])["number"]).all()


def test_large_numbers_keep_their_differences():
    epoch = 1.7e9 + np.arange(10.0)  # float32 would make them one
    state = Number("when", clip=0.0).fit(epoch)
    assert len(np.unique(preprocessed(Number("when"), state, epoch)["number"])) == 10


def test_numbers_beyond_float32_are_no_numbers_and_a_nan_of_a_float_column_is_an_empty_cell():
    rejected = {}
    raw = Number("price").raw([1e39, 10**400, float("nan"), True], None, rejected.__setitem__)
    np.testing.assert_array_equal(raw, [np.nan, np.nan, np.nan, 1.0])
    assert rejected == {
        0: "expected a finite number, got 1e+39",
        1: "expected a finite number, got one of 401 digits",
    }


def test_what_is_no_number_is_rejected():
    rejected = {}
    raw = Number("price").raw([" 3.5 ", "12,5", "inf", "nan", None, "", 4, "x"], None, rejected.__setitem__)
    np.testing.assert_array_equal(raw, [3.5, np.nan, np.nan, np.nan, np.nan, np.nan, 4.0, np.nan])
    assert rejected == {
        1: "expected a number, got '12,5'",
        2: "expected a finite number, got 'inf'",
        3: "expected a finite number, got 'nan'",
        7: "expected a number, got 'x'",
    }

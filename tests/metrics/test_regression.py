"""Regression measures: values worked out by hand, scikit-learn, and laws that hold for any predictions."""

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from tfmmrec.metrics import mae, rmse

number = st.floats(-1000, 1000)
examples = st.lists(st.tuples(number, number, st.sampled_from([0.5, 1.0, 4.0])), min_size=1, max_size=20)


def test_values_worked_out_by_hand():
    assert rmse([1, 2, 3], [1, 4, 2]) == pytest.approx(math.sqrt(5 / 3))
    assert mae([1, 2, 3], [1, 4, 2]) == pytest.approx(1.0)
    assert rmse([1, 2, 3], [1, 4, 2], [2, 1, 1]) == pytest.approx(math.sqrt(5 / 4))
    assert mae([1, 2, 3], [1, 4, 2], [2, 1, 1]) == pytest.approx(3 / 4)


@given(examples)
def test_values_agree_with_scikit_learn(rows):
    labels, predictions, weights = np.array(rows).T
    theirs = sklearn.metrics.root_mean_squared_error(labels, predictions, sample_weight=weights)
    assert rmse(labels, predictions, weights) == pytest.approx(theirs, abs=1e-9)
    theirs = sklearn.metrics.mean_absolute_error(labels, predictions, sample_weight=weights)
    assert mae(labels, predictions, weights) == pytest.approx(theirs, abs=1e-9)


@given(examples, number)
def test_the_absolute_error_never_exceeds_the_squared_one_and_a_shift_changes_nothing(rows, shift):
    labels, predictions, weights = np.array(rows).T
    least, most = mae(labels, predictions, weights), rmse(labels, predictions, weights)
    assert 0 <= least <= most + 1e-9
    assert most <= np.abs(labels - predictions).max() + 1e-9
    assert rmse(labels + shift, predictions + shift, weights) == pytest.approx(most, abs=1e-9)
    assert rmse(predictions, labels, weights) == pytest.approx(most, abs=1e-9)
    assert rmse(labels, labels, weights) == mae(labels, labels, weights) == 0


def test_missing_labels_of_weight_zero_change_nothing():
    for measure in (rmse, mae):
        assert measure([4, np.nan], [3, 9], [1, 0]) == 1.0
        assert math.isnan(measure([np.nan], [3], [0]))
        assert math.isnan(measure([], []))


@pytest.mark.parametrize("measure", [rmse, mae])
@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([1, 2], [1, np.inf], r"predictions must be finite, yet 1 of 2 are infinite"),
        ([1, 2], [1, np.nan], r"predictions must not be NaN"),
        ([1, np.nan], [1, 2], r"labels must be finite"),
        ([1, 2], [[1], [2]], r"one number for each label, got 1 columns.*ravel"),
        ([1, 2], [1, 2, 3], r"got labels \[2\] and predictions \[3\]"),
    ],
)
def test_what_does_not_fit_is_refused(measure, labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        measure(labels, predictions)

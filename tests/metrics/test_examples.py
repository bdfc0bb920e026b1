"""Labels, predictions and weights: what is kept, and what is refused with a reason."""

import numpy as np
import pytest

from tfmmrec.metrics.examples import weighed_examples, weighed_pairs


def test_examples_without_weight_are_left_out_whatever_they_hold():
    labels, predictions, weights = weighed_examples([1, np.nan, 0], [0.5, 0.1, np.nan], [2, 0, 0])
    assert labels.tolist() == [1.0]
    assert predictions.tolist() == [0.5]
    assert weights.tolist() == [2.0]


def test_no_weights_means_one_each_and_columns_stay():
    labels, predictions, weights = weighed_examples([1, 0], np.eye(2, dtype=np.float32))
    assert weights.tolist() == [1.0, 1.0]
    assert labels.dtype == np.float64
    assert predictions.shape == (2, 2) and predictions.dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "predictions", "weights", "message"),
    [
        ([1, 0], [1], None, r"got labels \[2\] and predictions \[1\]"),
        ([[1], [0]], [1, 0], None, r"Flatten labels \[examples, 1\]"),
        ([1, 0], [1, 0], [1], r"weights must be \[2\], one for each label, got \[1\]"),
        ([1, 0], [1, 0], [1, -1], r"finite and not negative, got -1\.0 at example 1"),
        ([1, 0], [1, 0], [np.nan, 1], r"finite and not negative, got nan at example 0"),
        ([1, np.nan], [1, 0], None, r"labels must be finite .* 1 of 2 are not.* weights=~np\.isnan"),
        ([1, np.inf], [1, 0], [1, 1], r"labels must be finite"),
        ([1, 0], [1, np.nan], None, r"predictions must not be NaN .* 1 of 2"),
    ],
)
def test_what_does_not_fit_is_refused(labels, predictions, weights, message):
    with pytest.raises(ValueError, match=message):
        weighed_examples(labels, predictions, weights)


def test_one_prediction_for_each_label():
    with pytest.raises(ValueError, match=r"one number for each label, got 3 columns"):
        weighed_pairs([1, 0], np.ones((2, 3)))

"""Classification measures: values worked out by hand, scikit-learn, laws that hold for any predictions."""

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from tfmmrec.metrics import accuracy, auc, f1, log_loss, macro_f1
from tfmmrec.metrics.classification import prepared_auc


@st.composite
def binary(draw):
    """Labels, scores with many ties, and weights; scores are 0, 1/8, ... 1."""
    size = draw(st.integers(1, 25))

    def several(values):
        return np.array(draw(st.lists(values, min_size=size, max_size=size)))

    scores = several(st.integers(0, 8)) / 8
    return several(st.integers(0, 1)), scores, several(st.sampled_from([0.25, 1.0, 3.0]))


@st.composite
def multiclass(draw):
    size = draw(st.integers(1, 25))

    def several(values):
        return np.array(draw(st.lists(values, min_size=size, max_size=size)))

    return several(st.integers(0, 4)), several(st.integers(0, 4)), several(st.sampled_from([0.25, 1.0, 3.0]))


def test_auc_worked_out_by_hand():
    # pairs (positive, negative): .8 beats both; .4 beats .1 and ties with .4
    assert auc([1, 0, 1, 0], [0.8, 0.4, 0.4, 0.1]) == pytest.approx(3.5 / 4)
    # the tied pair weighs 3·2, the others 1·2 (.8 over .4), 1·1 (.8 over .1) and 3·1 (.4 over .1)
    assert auc([1, 0, 1, 0], [0.8, 0.4, 0.4, 0.1], [1, 2, 3, 1]) == pytest.approx((2 + 1 + 3 + 3) / 12)


def test_auc_of_separated_reversed_and_constant_scores():
    assert auc([0, 0, 1, 1], [1, 2, 3, 4]) == 1.0
    assert auc([1, 1, 0, 0], [1, 2, 3, 4]) == 0.0
    assert auc([1, 1, 0, 0], [7, 7, 7, 7]) == 0.5
    assert auc([0, 1, 1], [-np.inf, -np.inf, np.inf]) == 0.75


@pytest.mark.parametrize("labels", [[], [0], [0, 0], [1, 1, 1]])
def test_auc_of_one_class_is_nan(labels):
    assert math.isnan(auc(labels, np.arange(len(labels))))


def test_auc_is_nan_when_the_other_class_has_no_weight():
    assert math.isnan(auc([1, 0, 1], [0.1, 0.2, 0.3], [1, 0, 1]))


@given(binary())
def test_auc_agrees_with_scikit_learn_and_with_all_pairs(case):
    labels, scores, weights = case
    assume(0 < labels.sum() < labels.size)
    ours = auc(labels, scores, weights)
    assert ours == pytest.approx(sklearn.metrics.roc_auc_score(labels, scores, sample_weight=weights))
    gap = scores[labels == 1][:, None] - scores[labels == 0]
    pairs = np.outer(weights[labels == 1], weights[labels == 0])
    assert ours == pytest.approx(((gap > 0) + 0.5 * (gap == 0)).ravel() @ pairs.ravel() / pairs.sum())


@given(binary(), st.randoms(use_true_random=False))
def test_auc_depends_on_ranks_alone(case, random):
    labels, scores, weights = case
    assume(0 < labels.sum() < labels.size)
    expected = auc(labels, scores, weights)
    assert 0 <= expected <= 1
    order = random.sample(range(labels.size), labels.size)
    assert auc(labels[order], scores[order], weights[order]) == pytest.approx(expected)
    assert auc(labels, np.exp(5 * scores), weights) == pytest.approx(expected)
    assert auc(labels, -scores, weights) == pytest.approx(1 - expected)
    assert auc(1 - labels, scores, weights) == pytest.approx(1 - expected)


@given(binary())
def test_prepared_auc_takes_any_weights(case):
    labels, scores, weights = case
    of_weights = prepared_auc(labels, scores)
    for drawn in (weights, np.ones(labels.size), weights * (np.arange(labels.size) % 3)):
        np.testing.assert_allclose(of_weights(drawn), auc(labels, scores, drawn), rtol=1e-12)


def test_log_loss_worked_out_by_hand():
    assert log_loss([1, 0], [0.5, 0.75]) == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert log_loss([1, 0], [0.5, 0.75], [1, 3]) == pytest.approx((math.log(2) + 3 * math.log(4)) / 4)
    assert log_loss([2, 0], [[0.25, 0.25, 0.5], [0.125, 0.5, 0.375]]) == pytest.approx(2 * math.log(2))


def test_a_wrong_certainty_costs_the_clip():
    assert log_loss([1], [0.0]) == pytest.approx(-math.log(1e-7))
    assert log_loss([0], [1.0], clip=1e-3) == pytest.approx(-math.log(1e-3))
    assert log_loss([0], [0.0]) == pytest.approx(1e-7)
    assert log_loss([1], np.array([[1.0, 0.0]], np.float32)) == pytest.approx(-math.log(1e-7), rel=1e-5)


@given(binary())
def test_log_loss_agrees_with_scikit_learn(case):
    labels, scores, weights = case
    given_probabilities = 0.05 + 0.9 * scores
    theirs = sklearn.metrics.log_loss(labels, given_probabilities, sample_weight=weights, labels=[0, 1])
    assert log_loss(labels, given_probabilities, weights) == pytest.approx(theirs)
    columns = np.stack([1 - given_probabilities, given_probabilities], axis=1)
    assert log_loss(labels, columns, weights) == pytest.approx(theirs)


@given(multiclass())
def test_log_loss_over_classes_agrees_with_scikit_learn(case):
    labels, likeliest, weights = case
    columns = 0.1 + 0.5 * np.eye(5)[likeliest]
    theirs = sklearn.metrics.log_loss(labels, columns, sample_weight=weights, labels=range(5))
    assert log_loss(labels, columns, weights) == pytest.approx(theirs)
    assert log_loss(labels, columns.astype(np.float32), weights) == pytest.approx(theirs, rel=1e-6)


def test_accuracy_and_f1_worked_out_by_hand():
    labels, predictions = [1, 1, 0, 0, 1], [1, 0, 1, 0, 1]
    assert accuracy(labels, predictions) == pytest.approx(3 / 5)
    assert f1(labels, predictions) == pytest.approx(4 / 6)  # 2 true, 1 false, 1 missed
    assert macro_f1(labels, predictions) == pytest.approx((4 / 6 + 2 / 4) / 2)
    weights = [1, 2, 1, 1, 0]
    assert accuracy(labels, predictions, weights) == pytest.approx(2 / 5)
    assert f1(labels, predictions, weights) == pytest.approx(2 / 5)


@given(multiclass())
def test_accuracy_and_macro_f1_agree_with_scikit_learn(case):
    labels, predictions, weights = case
    theirs = sklearn.metrics.accuracy_score(labels, predictions, sample_weight=weights)
    assert accuracy(labels, predictions, weights) == pytest.approx(theirs)
    theirs = sklearn.metrics.f1_score(
        labels, predictions, average="macro", sample_weight=weights, zero_division=0
    )
    assert macro_f1(labels, predictions, weights) == pytest.approx(theirs)


@given(binary())
def test_f1_agrees_with_scikit_learn(case):
    labels, scores, weights = case
    predictions = scores > 0.5
    assume(labels.any() or predictions.any())
    theirs = sklearn.metrics.f1_score(labels, predictions, sample_weight=weights, zero_division=0)
    assert f1(labels, predictions, weights) == pytest.approx(theirs)


@given(multiclass(), st.randoms(use_true_random=False))
def test_names_of_classes_and_order_of_examples_do_not_matter(case, random):
    labels, predictions, weights = case
    order = random.sample(range(labels.size), labels.size)
    names = np.array(random.sample(range(-3, 100), 5))
    for measure in (accuracy, macro_f1):
        value = measure(labels, predictions, weights)
        assert 0 <= value <= 1
        renamed = measure(names[labels[order]], names[predictions[order]], weights[order])
        assert renamed == pytest.approx(value)
        assert measure(labels, labels, weights) == pytest.approx(1.0)


def test_f1_without_any_positive_is_nan():
    assert math.isnan(f1([0, 0], [0, 0]))
    assert f1([0, 0], [0, 1]) == 0.0


def test_nothing_to_measure_is_nan():
    for measure in (auc, log_loss, accuracy, f1, macro_f1):
        assert math.isnan(measure([], []))
        assert math.isnan(measure([np.nan], [0.5], [0]))


@pytest.mark.parametrize("measure", [auc, log_loss, accuracy, f1, macro_f1])
def test_missing_labels_of_weight_zero_change_nothing(measure):
    labels, predictions = [1, 0, np.nan, 1, 0], [1, 0, 0, 0, 1]
    weights = ~np.isnan(labels)
    expected = measure([1, 0, 1, 0], [1, 0, 0, 1])
    assert measure(labels, predictions, weights) == pytest.approx(expected)
    with pytest.raises(ValueError, match="labels must be finite"):
        measure(labels, predictions)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: auc([1, 2], [0.1, 0.2]), r"labels must be 0 or 1, got 2.*rating >= 4"),
        (lambda: auc([1, 0], np.ones((2, 2))), r"one number for each label, got 2 columns"),
        (lambda: auc([1, 0], [0.1, np.nan]), r"must not be NaN"),
        (lambda: log_loss([1, 0], [1.5, 0.2]), r"between 0 and 1, got 0\.2 to 1\.5.*sigmoid"),
        (lambda: log_loss([3, 0], [0.5, 0.2]), r"labels must be 0 or 1, got 3"),
        (lambda: log_loss([2, 0], [[0.5, 0.5], [0.5, 0.5]]), r"from 0 to 1, .* got 2"),
        (lambda: log_loss([1, 0], [[0.5, 0.5], [0.5, 0.1]]), r"row 1 adds up to 0\.6"),
        (lambda: log_loss([1], [0.5], clip=0), r"clip must be above 0"),
        (lambda: accuracy([1, 0], [0.7, 0.2]), r"predictions must be classes.*got 0\.7.* > 0\.5"),
        (lambda: macro_f1([1.5, 0], [1, 0]), r"labels must be classes.*got 1\.5"),
        (lambda: f1([1, 0], [2, 0]), r"predictions must be 0 or 1, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

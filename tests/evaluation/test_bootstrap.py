"""The bootstrap over users: exact cases, agreement between its ways, intervals that hold their promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.evaluation.bootstrap import interval, paired_difference, paired_statistic
from tfmmrec.metrics import accuracy, auc, log_loss, macro_f1, mae, rmse


@pytest.fixture(scope="module")
def ratings():
    """Examples of 60 users of very different activity, and two models, the first the better one."""
    random = np.random.default_rng(1)
    users = random.integers(0, 60, size=600) % random.integers(1, 61, size=600)
    labels = (random.random(600) < 0.4).astype(float)
    good = np.round(labels + random.normal(0, 1.0, 600), 1)  # rounded: many ties
    return users, good, np.round(labels + random.normal(0, 2.0, 600), 1), labels


def test_mean_and_interval_of_per_user_values():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    found = interval(values, samples=4000)
    assert found.mean == pytest.approx(values.mean())
    assert (found.level, found.users) == (0.95, 400)
    error = values.std() / 20
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_repeated_values_take_the_short_way_to_the_same_interval():
    random = np.random.default_rng(0)
    few = (random.random(2000) < 0.3).astype(float)
    many = few + random.normal(0, 1e-9, size=2000)  # the same numbers to the eye, but all distinct
    short, long = interval(few, samples=8000), interval(many, samples=8000)
    assert short.low == pytest.approx(long.low, abs=0.0015)
    assert short.high == pytest.approx(long.high, abs=0.0015)
    error = math.sqrt(few.mean() * (1 - few.mean()) / 2000)
    assert (short.high - short.low) / 2 == pytest.approx(1.96 * error, rel=0.06)


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    random = np.random.default_rng(7)
    draws = random.exponential(1.0, size=(300, 60))
    found = [interval(values, samples=200, level=0.9, seed=i) for i, values in enumerate(draws)]
    share = np.mean([one.low <= 1.0 <= one.high for one in found])
    assert 0.83 <= share <= 0.95


def test_no_difference_is_rarely_called_significant_and_a_clear_one_mostly():
    random = np.random.default_rng(0)
    level = random.normal(size=(400, 80))
    a, b = level + random.normal(0, 0.5, size=(2, 400, 80))
    same = [paired_difference(a[i], b[i], samples=200, seed=i) for i in range(400)]
    other = [paired_difference(a[i] + 0.3, b[i], samples=200, seed=i) for i in range(100)]
    assert 0.02 <= np.mean([one.significant for one in same]) <= 0.1  # one in twenty, were it exact
    assert np.mean([one.significant for one in other]) >= 0.85


def test_pairing_cancels_the_spread_between_users():
    random = np.random.default_rng(0)
    level = random.normal(0, 10, size=200)
    found = paired_difference(level + 0.1 + random.normal(0, 0.1, 200), level, samples=500)
    assert found.significant and found.probability == 1.0
    alone = interval(level, samples=500)
    assert alone.high - alone.low > 50 * (found.high - found.low)


def test_a_difference_of_nothing():
    values = np.random.default_rng(0).random(50)
    found = paired_difference(values, values)
    assert (found.mean, found.low, found.high, found.probability) == (0, 0, 0, 0.5)
    assert not found.significant


def test_users_with_nan_on_either_side_are_left_out():
    a, b = np.random.default_rng(0).random((2, 40))
    holes = np.array([np.nan, 0.0, 9.0])
    with_holes = paired_difference(np.append(a, holes), np.append(b, holes[[1, 0, 0]]))
    assert with_holes == paired_difference(a, b)
    assert with_holes.users == 40
    assert interval(np.append(a, np.nan)) == interval(a)


def test_fewer_than_two_users_have_no_interval():
    for values in ([], [np.nan], [0.25], [0.25, np.nan]):
        found = interval(values)
        assert found.users == np.count_nonzero(~np.isnan(values))
        assert math.isnan(found.low) and math.isnan(found.high)
        assert math.isnan(found.mean) or found.mean == 0.25
        compared = paired_difference(values, np.zeros(len(values)))
        assert not compared.significant and math.isnan(compared.probability)
    one_user = paired_statistic(rmse, ["u", "u"], [1, 2], [1, 3], [1, 1])
    assert one_user.users == 1 and math.isnan(one_user.low)
    nobody = paired_statistic(auc, [], [], [], [])
    assert nobody.users == 0 and math.isnan(nobody.mean)


def test_the_same_seed_gives_the_same_numbers(ratings):
    values = np.random.default_rng(0).random(100)
    for one in (
        lambda seed: interval(values, samples=100, seed=seed),
        lambda seed: interval(np.round(values), samples=100, seed=seed),
        lambda seed: paired_difference(values, values**2, samples=100, seed=seed),
        lambda seed: paired_statistic(auc, *ratings, samples=50, seed=seed),
    ):
        assert one(4) == one(4)
        assert (one(4).low, one(4).high) != (one(5).low, one(5).high)


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.floats(-50, 50))
def test_an_interval_lies_among_its_values_and_moves_with_them(values, shift):
    found = interval(values, samples=60)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    wider = interval(values, samples=60, level=0.99)
    assert wider.low <= found.low and found.high <= wider.high
    moved = paired_difference(np.add(values, shift), values, samples=60)
    assert moved.mean == pytest.approx(shift, abs=1e-9)
    assert moved.low == pytest.approx(shift, abs=1e-9)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30))
def test_swapping_the_models_mirrors_the_difference(pairs):
    a, b = np.array(pairs).T
    one, other = paired_difference(a, b, samples=61), paired_difference(b, a, samples=61)
    assert one.mean == -other.mean
    assert one.significant == other.significant
    assert one.low <= one.high


@pytest.mark.parametrize("statistic", [auc, rmse, mae])
def test_prepared_measures_give_what_calling_them_afresh_gives(statistic, ratings):
    weights = np.random.default_rng(2).choice([0.0, 0.5, 2.0], size=600)
    quick = paired_statistic(statistic, *ratings, weights=weights, samples=40)
    slow = paired_statistic(lambda *examples: statistic(*examples), *ratings, weights=weights, samples=40)
    for name in ("mean", "low", "high", "probability", "users"):
        assert getattr(quick, name) == pytest.approx(getattr(slow, name), rel=1e-9), name
    _, a, b, labels = ratings
    assert quick.mean == pytest.approx(statistic(labels, a, weights) - statistic(labels, b, weights))


def test_a_better_model_is_recognised(ratings):
    assert paired_statistic(auc, *ratings, samples=200).low > 0
    worse_error = paired_statistic(rmse, *ratings, samples=200)
    assert worse_error.high < 0 and worse_error.significant and worse_error.probability == 0


def test_with_one_example_per_user_it_is_the_difference_of_means():
    a, b, labels = np.random.default_rng(0).random((3, 80))
    grouped = paired_statistic(mae, np.arange(80), a, b, labels, samples=200)
    plain = paired_difference(np.abs(a - labels), np.abs(b - labels), samples=200)
    assert grouped.low == pytest.approx(plain.low)
    assert grouped.high == pytest.approx(plain.high)
    assert grouped.probability == plain.probability


@pytest.mark.parametrize("statistic", [auc, rmse, accuracy])
def test_repeating_a_users_examples_adds_no_certainty(statistic, ratings):
    users, a, b, labels = ratings
    if statistic is accuracy:
        a, b = a > 0.5, b > 0.5
    once = paired_statistic(statistic, users, a, b, labels, samples=40)
    often = paired_statistic(statistic, *(np.repeat(x, 5) for x in (users, a, b, labels)), samples=40)
    assert often.low == pytest.approx(once.low)
    assert often.high == pytest.approx(once.high)


def test_names_of_users_and_order_of_examples_do_not_matter(ratings):
    order = np.random.default_rng(0).permutation(600)
    users, a, b, labels = (x[order] for x in ratings)
    names = np.char.mod("user-%03d", users)  # sorted as the numbers are
    shuffled = paired_statistic(auc, names, a, b, labels, samples=30)
    expected = paired_statistic(auc, *ratings, samples=30)
    assert shuffled.low == pytest.approx(expected.low)
    assert shuffled.high == pytest.approx(expected.high)


def test_examples_without_a_label_or_a_weight_are_left_out(ratings):
    users, a, b, labels = ratings
    extra = (["ghost"] * 3, [9.0, np.nan, 9.0], [np.nan, 9.0, 9.0], [np.nan, np.nan, 1.0])
    longer = [np.append(x, more) for x, more in zip((users.astype(str), a, b, labels), extra, strict=True)]
    weights = np.append(np.ones(600), [1, 1, 0])
    expected = paired_statistic(rmse, users.astype(str), a, b, labels, samples=30)
    assert paired_statistic(rmse, *longer, weights=weights, samples=30) == expected


def test_a_measure_of_several_columns(ratings):
    users, _, _, labels = ratings
    sure = np.where(labels[:, None] == [0, 1], 0.9, 0.1)
    found = paired_statistic(log_loss, users, sure, np.full((600, 2), 0.5), labels, samples=20)
    assert found.mean == pytest.approx(math.log(0.5) - math.log(0.9))
    assert found.high == pytest.approx(found.mean)


def test_macro_f1_of_many_rare_classes_lies_amid_its_interval():
    """A resample lacks classes, the rarest and worst first: as it is, its macro-F1 is higher."""
    random = np.random.default_rng(3)
    labels = np.concatenate([np.repeat(np.arange(5), 60), np.arange(5, 45)])  # forty classes of one example
    right = random.random(labels.size) < np.where(labels < 5, 0.95, 0.3)
    predictions, users, nothing = np.where(right, labels, 0), np.arange(labels.size), np.full(labels.size, -1)
    found = paired_statistic(macro_f1, users, predictions, nothing, labels, samples=500)
    assert found.mean == macro_f1(labels, predictions)
    assert found.low < found.mean < found.high
    assert (found.low + found.high) / 2 == pytest.approx(found.mean, abs=0.01)
    # forty that are right with a chance of .3, of 45: about as far as chance would move them
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * math.sqrt(40 * 0.3 * 0.7) / 45, rel=0.35)
    same = paired_statistic(macro_f1, users, predictions, predictions, labels, samples=50)
    assert (same.low, same.high, same.probability) == (0.0, 0.0, 0.5)


def test_resamples_of_a_single_class_are_left_out():
    # one user in three holds the only negative examples: many a resample misses that user
    users, labels = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    found = paired_statistic(auc, users, [0.1, 0.9, 0.8, 0.7], [0.5, 0.5, 0.5, 0.5], labels, samples=100)
    assert found.low == found.high == found.mean == 0.5
    alone = paired_statistic(auc, users, [1, 2, 3, 4], [1, 2, 3, 4], np.ones(4))
    assert math.isnan(alone.mean) and math.isnan(alone.low) and not alone.significant


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interval([[1.0]]), r"values must be finite numbers \[users\].*got shape \[1, 1\]"),
        (lambda: interval([1.0, np.inf]), r"with 1 infinite numbers"),
        (lambda: interval([1.0], samples=0), r"samples must be at least 1, got 0"),
        (lambda: interval([1.0], level=95), r"level must be between 0 and 1, got 95"),
        (lambda: paired_difference([1, 2], [1]), r"same users in the same order, got 2 and 1 values"),
        (lambda: paired_difference([1, 2], [1, np.inf]), r"b must be finite"),
        (lambda: paired_statistic(rmse, [1], [1, 2], [1, 2], [1, 2]), r"groups \[1\] and labels \[2\]"),
        (lambda: paired_statistic(rmse, [1, 2], [1], [1, 2], [1, 2]), r"labels \[2\] and predictions \[1\]"),
        (lambda: paired_statistic(rmse, [1, 2], [1, np.nan], [1, 2], [1, 2]), r"must not be NaN"),
        (lambda: paired_statistic(rmse, [1, 2], [1, 2], [1, 2], [1, 2], [1]), r"weights must be \[2\]"),
        (lambda: paired_statistic(auc, [1, 2], [1, 2], [1, 2], [1, 2]), r"labels must be 0 or 1, got 2"),
        (lambda: paired_statistic(mae, [1], [[1, 2]], [[1, 2]], [1]), r"one number for each label"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

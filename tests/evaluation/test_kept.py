"""Answers kept as a file, and compared: the same numbers as on the evaluation itself."""

import numpy as np
import pytest

from tfmmrec.evaluation import (
    Answers,
    Results,
    difference,
    keep,
    open_kept,
    paired_difference,
    paired_statistic,
    statistic_interval,
)
from tfmmrec.metrics import accuracy, auc, rmse

USERS = np.arange(40)
RANDOM = np.random.default_rng(0)
LABELS = (RANDOM.random(40) < 0.5).astype("float32")


def results(seed, users=USERS):
    random = np.random.default_rng(seed)
    values = random.random(len(users))
    values[3] = np.nan
    scores = np.clip(0.3 * LABELS + 0.7 * random.random(40), 0, 1)
    ones = np.ones(40, "float32")
    classes = random.random((40, 2)) + np.stack([1 - LABELS, LABELS], axis=1) / 2
    answers = {
        "like": Answers(USERS, LABELS, scores, ones),
        "rating": Answers(USERS, 5 * LABELS, 5 * scores, ones),
        "mood": Answers(USERS, LABELS, classes, ones),
    }
    return Results({}, per_query={"ndcg@10": values}, users=users, answers=answers)


@pytest.fixture
def kept(tmp_path):
    def kept(name, *arguments):
        given = results(*arguments)
        path = tmp_path / "of a model" / f"{name}.npz"  # whose folder is made
        keep(given, path)
        return given, open_kept(path)

    return kept


def test_a_ranking_metric_is_compared_user_by_user(kept):
    (a, kept_a), (b, kept_b) = kept("a", 1), kept("b", 2)
    found = difference(kept_a, kept_b, "ndcg@10")
    assert found == paired_difference(a.per_query["ndcg@10"], b.per_query["ndcg@10"])
    assert found.mean == pytest.approx(np.nanmean(a.per_query["ndcg@10"] - b.per_query["ndcg@10"]))


@pytest.mark.parametrize(
    ("metric", "statistic"), [("like.auc", auc), ("rating.rmse", rmse), ("mood.accuracy", accuracy)]
)
def test_a_metric_of_a_task_is_compared_on_its_events(kept, metric, statistic):
    (a, kept_a), (b, kept_b) = kept("a", 1), kept("b", 2)
    task = metric.split(".")[0]
    of_a, of_b = (
        one.answers[task].predictions
        if statistic is not accuracy
        else one.answers[task].predictions.argmax(1)
        for one in (a, b)
    )
    found = difference(kept_a, kept_b, metric)
    assert found == paired_statistic(statistic, USERS, of_a, of_b, a.answers[task].labels)
    value = statistic(a.answers[task].labels, of_a, np.ones(40))
    low, high = statistic_interval(kept_a, metric)
    assert low <= value <= high and high - low > 0.01


def test_a_user_of_several_queries_is_drawn_with_all_of_them(kept):
    users = np.repeat(np.arange(10), 4)
    (a, kept_a), (b, kept_b) = kept("a", 1, users), kept("b", 2, users)
    gap = a.per_query["ndcg@10"] - b.per_query["ndcg@10"]
    found = difference(kept_a, kept_b, "ndcg@10")
    assert found.mean == pytest.approx(np.nanmean(gap)) and found.users == 10
    assert found.low < found.mean < found.high


def test_what_did_not_answer_the_same_is_not_compared(kept):
    (_, a), (_, b) = kept("a", 1), kept("b", 2, USERS + 1)
    assert difference(a, b, "ndcg@10") is None
    assert difference(a, b, "like.auc") is not None
    assert difference(a, a, "like.log_loss") is None and difference(a, a, "coverage@10") is None
    assert difference(a, a, "like.accuracy") is None and statistic_interval(a, "like.macro_f1") is None
    assert statistic_interval(a, "ndcg@10") is None and statistic_interval(a, "other.auc") is None

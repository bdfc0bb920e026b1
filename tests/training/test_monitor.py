"""Which metric decides, whether it is measured, and which epoch it decides for."""

import dataclasses
import math

import numpy as np
import pytest

from tfmmrec.data.dataset import Split
from tfmmrec.evaluation import evaluate
from tfmmrec.models import build_recommender
from tfmmrec.tasks import Rating
from tfmmrec.training import best_epoch, default_monitor
from tfmmrec.training.monitor import check_finite, check_monitor, metric_names, with_monitored


def test_the_metric_that_decides(small_data):
    assert default_monitor(build_recommender(small_data.schema, small_data.vocabulary, width=8)) == "ndcg@10"
    for task, metric in (("like", "auc"), ("rating", "rmse"), ("mood", "accuracy")):
        assert default_monitor(small_data.schema.only(tasks=[task])) == f"{task}.{metric}"


@pytest.mark.parametrize(
    ("monitor", "cut_offs"),
    [
        ("ndcg@10", (5, 10, 20)),
        ("recall@5", (5, 20)),
        ("like.auc", (20, 5)),
        ("ndcg@0", (20, 5)),
        ("a@b", (20, 5)),
    ],
)
def test_the_cut_off_that_decides_is_measured(monitor, cut_offs):
    assert with_monitored((20, 5), monitor) == cut_offs


def model_of(data, tasks=None):
    return build_recommender(data.schema.only(item=["item_id"], event=[], tasks=tasks), data.vocabulary, 8)


@pytest.mark.backend
def test_what_is_measured_is_known_before(small_data):
    """Every kind of head; and of a validation without a label, or a model without a ranking, not more."""
    split, k = small_data.validation, (5, 10)
    assert sorted(metric_names(model_of(small_data), split, k)) == sorted(
        evaluate(model_of(small_data), split, k).metrics
    )
    events = small_data.events
    unlabelled = {**events.labels, "like": np.full_like(events.labels["like"], np.nan)}
    data = dataclasses.replace(small_data, events=dataclasses.replace(events, labels=unlabelled))
    names = metric_names(model_of(small_data, ["like", "rating"]), Split(data, split.code), k)
    assert names == ["rating.rmse", "rating.mae"]


def test_what_is_measured_of_levels(small_data):
    task = Rating("rating", loss="ordinal")
    schema = dataclasses.replace(small_data.schema.only(item=["item_id"], event=[]), tasks=[task])
    states = {**small_data.vocabulary.tasks, "rating": task.fit([1.0, 2.0, 3.0, 4.0, 5.0])}
    vocabulary = dataclasses.replace(small_data.vocabulary, tasks=states)
    data = dataclasses.replace(small_data, vocabulary=vocabulary)
    model = build_recommender(schema, vocabulary, width=8)
    assert metric_names(model, data.validation, ()) == ["rating.rmse", "rating.mae"]


def test_an_unknown_monitor_is_explained():
    check_monitor("ndcg@10", ["ndcg@10"])
    with pytest.raises(ValueError, match=r"'like.auk' to monitor; there are \['like.auc', 'mrr@5'\]"):
        check_monitor("like.auk", ["mrr@5", "like.auc"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_no_number_decides_nothing(value):
    check_finite("ndcg@10", {"like.auc": value, "ndcg@10": 0.5}, 1)
    metrics = {"like.auc": value, "ndcg@10": 0.5, "like.log_loss": 0.3}
    with pytest.raises(
        ValueError,
        match=f"monitored 'like.auc' is {value} in epoch 3.* all be of one class, .* "
        "another monitor, such as 'like.log_loss', or give",
    ):
        check_finite("like.auc", metrics, 3)
    with pytest.raises(ValueError, match="such as 'ndcg@10', or"):
        check_finite("like.auc", {"like.auc": value, "ndcg@10": 0.5}, 1)
    with pytest.raises(ValueError, match="No other metric is a number"):
        check_finite("like.auc", {"like.auc": value}, 1)


def test_the_best_epoch_by_hand():
    records = [
        {"epoch": 1 + i, "validation a.rmse": x, "validation a.auc": x} for i, x in enumerate([3, 1, 2])
    ]
    assert best_epoch(records, "a.rmse") == 2 and best_epoch(records, "a.auc") == 1
    assert best_epoch(records, "b.auc") == 0

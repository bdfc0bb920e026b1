"""Which metric decides, and which epoch it decides for."""

from tfmmrec.models import build_recommender
from tfmmrec.training import best_epoch, default_monitor


def test_the_metric_that_decides(small_data):
    assert default_monitor(build_recommender(small_data.schema, small_data.vocabulary, width=8)) == "ndcg@10"
    for task, metric in (("like", "auc"), ("rating", "rmse"), ("mood", "accuracy")):
        assert default_monitor(small_data.schema.only(tasks=[task])) == f"{task}.{metric}"


def test_the_best_epoch_by_hand():
    records = [
        {"epoch": 1 + i, "validation a.rmse": x, "validation a.auc": x} for i, x in enumerate([3, 1, 2])
    ]
    assert best_epoch(records, "a.rmse") == 2 and best_epoch(records, "a.auc") == 1
    assert best_epoch(records, "b.auc") == 0

"""Errors, and what is no error."""

import pytest

from tfmmrec.metrics.direction import lower_is_better


@pytest.mark.parametrize("metric", ["rmse", "rating.mae", "like.log_loss", "loss"])
def test_errors(metric):
    assert lower_is_better(metric)


@pytest.mark.parametrize("metric", ["ndcg@10", "like.auc", "rmse.auc"])
def test_no_errors(metric):
    assert not lower_is_better(metric)

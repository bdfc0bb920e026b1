"""Measures, as pure functions over numpy arrays.

`ranking` and most of `catalogue` give one value per query, to be averaged, sliced and resampled;
`classification` and `regression` give one number for all examples.
"""

from tfmmrec.metrics.catalogue import coverage, diversity, gini, novelty, popularity_share
from tfmmrec.metrics.classification import accuracy, auc, f1, log_loss, macro_f1
from tfmmrec.metrics.ranking import hit_rate_at, mrr_at, ndcg_at, precision_at, recall_at
from tfmmrec.metrics.regression import mae, rmse

__all__ = [
    "accuracy",
    "auc",
    "coverage",
    "diversity",
    "f1",
    "gini",
    "hit_rate_at",
    "log_loss",
    "macro_f1",
    "mae",
    "mrr_at",
    "ndcg_at",
    "novelty",
    "popularity_share",
    "precision_at",
    "recall_at",
    "rmse",
]

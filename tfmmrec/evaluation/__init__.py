"""Evaluation on the full catalogue, with intervals."""

from tfmmrec.evaluation.bootstrap import Difference, Interval, interval, paired_difference, paired_statistic
from tfmmrec.evaluation.evaluate import Answers, Predictor, Results, Scorer, evaluate
from tfmmrec.evaluation.given import rank_given
from tfmmrec.evaluation.kept import Kept, difference, keep, open_kept, statistic_interval
from tfmmrec.evaluation.predictions import predict_events, predict_items
from tfmmrec.evaluation.queries import Queries, Ragged, queries_of
from tfmmrec.evaluation.ranking import Ranking, rank
from tfmmrec.evaluation.scores import Products
from tfmmrec.evaluation.states import user_states

__all__ = [
    "Answers",
    "Difference",
    "Interval",
    "Kept",
    "Predictor",
    "Products",
    "Queries",
    "Ragged",
    "Ranking",
    "Results",
    "Scorer",
    "difference",
    "evaluate",
    "interval",
    "keep",
    "open_kept",
    "paired_difference",
    "paired_statistic",
    "predict_events",
    "predict_items",
    "queries_of",
    "rank",
    "rank_given",
    "statistic_interval",
    "user_states",
]

"""Evaluation on the full catalogue, with intervals."""

from tfmmrec.evaluation.bootstrap import Difference, Interval, interval, paired_difference, paired_statistic
from tfmmrec.evaluation.evaluate import Answers, Results, Scorer, evaluate, user_states
from tfmmrec.evaluation.queries import Queries, queries_of
from tfmmrec.evaluation.ranking import Ranking, rank

__all__ = [
    "Answers",
    "Difference",
    "Interval",
    "Queries",
    "Ranking",
    "Results",
    "Scorer",
    "evaluate",
    "interval",
    "paired_difference",
    "paired_statistic",
    "queries_of",
    "rank",
    "user_states",
]

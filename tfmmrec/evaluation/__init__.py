"""Evaluation on the full catalogue, with intervals."""

from tfmmrec.evaluation.bootstrap import Difference, Interval, interval, paired_difference, paired_statistic
from tfmmrec.evaluation.evaluate import Answers, Results, Scorer, evaluate
from tfmmrec.evaluation.given import rank_given
from tfmmrec.evaluation.queries import Queries, Ragged, queries_of
from tfmmrec.evaluation.ranking import Ranking, rank
from tfmmrec.evaluation.scores import Products
from tfmmrec.evaluation.states import user_states

__all__ = [
    "Answers",
    "Difference",
    "Interval",
    "Products",
    "Queries",
    "Ragged",
    "Ranking",
    "Results",
    "Scorer",
    "evaluate",
    "interval",
    "paired_difference",
    "paired_statistic",
    "queries_of",
    "rank",
    "rank_given",
    "user_states",
]

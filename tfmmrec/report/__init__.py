"""What a run looks like: tables of metrics, learning curves, strips of recommendations."""

from tfmmrec.report.costs import draw_costs
from tfmmrec.report.curves import draw_curves
from tfmmrec.report.ranking import Ranked, ranking_markdown, ranking_table
from tfmmrec.report.shelf import Card, Shelf
from tfmmrec.report.strips import Strip, draw_strips, strips_of
from tfmmrec.report.table import Estimate, estimates, interval_over_users, markdown, table

__all__ = [
    "Card",
    "Estimate",
    "Ranked",
    "Shelf",
    "Strip",
    "draw_costs",
    "draw_curves",
    "draw_strips",
    "estimates",
    "interval_over_users",
    "markdown",
    "ranking_markdown",
    "ranking_table",
    "strips_of",
    "table",
]

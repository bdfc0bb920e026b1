"""What a run looks like: tables of metrics, learning curves, strips of recommendations."""

from tfmmrec.report.curves import draw_curves
from tfmmrec.report.shelf import Card, Shelf
from tfmmrec.report.strips import Strip, draw_strips, strips_of
from tfmmrec.report.table import Estimate, estimates, interval_over_users, markdown, table

__all__ = [
    "Card",
    "Estimate",
    "Shelf",
    "Strip",
    "draw_curves",
    "draw_strips",
    "estimates",
    "interval_over_users",
    "markdown",
    "strips_of",
    "table",
]

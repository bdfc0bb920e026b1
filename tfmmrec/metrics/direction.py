"""Which measures are errors."""

from __future__ import annotations

_ERRORS = ("rmse", "mae", "log_loss", "loss")


def lower_is_better(metric: str) -> bool:
    """Whether a measure, such as ``"rating.rmse"``, is an error; all others are better when higher."""
    return metric.rsplit(".", 1)[-1] in _ERRORS

"""Training and the run folder."""

from tfmmrec.training.fit import best_epoch, default_monitor, fit
from tfmmrec.training.run import Run, versions

__all__ = ["Run", "best_epoch", "default_monitor", "fit", "versions"]

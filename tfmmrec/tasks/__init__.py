"""Tasks. One file each: schema entry, head, loss and metrics."""

from tfmmrec.tasks.binary import Binary
from tfmmrec.tasks.multiclass import Multiclass
from tfmmrec.tasks.rating import Rating
from tfmmrec.tasks.retrieval import Match, NextItem
from tfmmrec.tasks.task import Step, Task

__all__ = ["Binary", "Match", "Multiclass", "NextItem", "Rating", "Step", "Task"]

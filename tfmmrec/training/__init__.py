"""Training and the run folder."""

from tfmmrec.training.devices import all_devices
from tfmmrec.training.fit import fit
from tfmmrec.training.monitor import best_epoch, default_monitor
from tfmmrec.training.pretrain import pretrain
from tfmmrec.training.run import Run, versions
from tfmmrec.training.transfer import Transferred, transfer

__all__ = [
    "Run",
    "Transferred",
    "all_devices",
    "best_epoch",
    "default_monitor",
    "fit",
    "pretrain",
    "transfer",
    "versions",
]

"""Objectives of pretraining: what items' content teaches without an event."""

from tfmmrec.pretraining.contrastive import Contrastive
from tfmmrec.pretraining.masked_modality import MaskedModality
from tfmmrec.pretraining.objective import Objective

__all__ = ["Contrastive", "MaskedModality", "Objective"]

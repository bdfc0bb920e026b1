"""Alignments. One file each."""

from tfmmrec.alignment.alignment import Alignment
from tfmmrec.alignment.contrastive import Contrastive

__all__ = ["Alignment", "Contrastive"]

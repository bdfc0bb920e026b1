"""Alignments. Those that are one formula each share a family's file."""

from tfmmrec.alignment.alignment import Alignment
from tfmmrec.alignment.contrastive import Contrastive, Sigmoid
from tfmmrec.alignment.distances import KL, Anchored, JointEmbedding, MaxCosine
from tfmmrec.alignment.diversity import Determinantal, Orthogonality

__all__ = [
    "KL",
    "Alignment",
    "Anchored",
    "Contrastive",
    "Determinantal",
    "JointEmbedding",
    "MaxCosine",
    "Orthogonality",
    "Sigmoid",
]

"""Indexes: how the best items of a query are found. One file each."""

from tfmmrec.retrieval.exact import Exact
from tfmmrec.retrieval.index import Index
from tfmmrec.retrieval.ivf import IVF

__all__ = ["IVF", "Exact", "Index"]

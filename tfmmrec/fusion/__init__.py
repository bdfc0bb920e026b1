"""Fusions. One file each."""

from tfmmrec.fusion.concat import Concat
from tfmmrec.fusion.fusion import Fusion, Tokens
from tfmmrec.fusion.sum import Sum
from tfmmrec.fusion.transformer import Transformer

__all__ = ["Concat", "Fusion", "Sum", "Tokens", "Transformer"]

"""Sharing schemes between tasks. One file each."""

from tfmmrec.sharing.shared_bottom import SharedBottom
from tfmmrec.sharing.sharing import Sharing

__all__ = ["SharedBottom", "Sharing"]

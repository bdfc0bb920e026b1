"""Sharing schemes between tasks. One file each."""

from tfmmrec.sharing.aitm import AITM
from tfmmrec.sharing.cross_stitch import CrossStitch
from tfmmrec.sharing.esmm import ESMM
from tfmmrec.sharing.mmoe import MMoE
from tfmmrec.sharing.ple import CGC, PLE
from tfmmrec.sharing.shared_bottom import SharedBottom
from tfmmrec.sharing.shared_cross import SharedCross
from tfmmrec.sharing.sharing import Sharing

__all__ = ["AITM", "CGC", "ESMM", "PLE", "CrossStitch", "MMoE", "SharedBottom", "SharedCross", "Sharing"]

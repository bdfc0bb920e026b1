"""How the losses of several tasks make one update. One file each."""

from tfmmrec.balancing.attention_weighted import AttentionWeighted
from tfmmrec.balancing.balancing import Balancing
from tfmmrec.balancing.dwa import DWA
from tfmmrec.balancing.fixed import Fixed
from tfmmrec.balancing.grad_norm import GradNorm
from tfmmrec.balancing.mgda import MGDA
from tfmmrec.balancing.pc_grad import PCGrad
from tfmmrec.balancing.uncertainty import Uncertainty

__all__ = ["DWA", "MGDA", "AttentionWeighted", "Balancing", "Fixed", "GradNorm", "PCGrad", "Uncertainty"]

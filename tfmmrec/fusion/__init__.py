"""Fusions. One file each; those that are one formula over pooled modalities share one."""

from tfmmrec.fusion.adversarial import Adversarial
from tfmmrec.fusion.attention import Attention
from tfmmrec.fusion.bottleneck import Bottleneck
from tfmmrec.fusion.co_attention import CoAttention
from tfmmrec.fusion.convolution import Convolution
from tfmmrec.fusion.cross_network import CrossNetwork
from tfmmrec.fusion.factorization_machine import FactorizationMachine
from tfmmrec.fusion.fusion import Fusion, Tokens
from tfmmrec.fusion.gated import Gated
from tfmmrec.fusion.graph import Graph
from tfmmrec.fusion.hybrid import Hybrid
from tfmmrec.fusion.low_rank_bilinear import LowRankBilinear
from tfmmrec.fusion.mlp import MLP
from tfmmrec.fusion.pooling import Concat, Max, Mean, Sum, WeightedConcat, WeightedSum
from tfmmrec.fusion.reconstruction import Reconstruction
from tfmmrec.fusion.serial import Serial
from tfmmrec.fusion.transformer import Transformer

__all__ = [
    "MLP",
    "Adversarial",
    "Attention",
    "Bottleneck",
    "CoAttention",
    "Concat",
    "Convolution",
    "CrossNetwork",
    "FactorizationMachine",
    "Fusion",
    "Gated",
    "Graph",
    "Hybrid",
    "LowRankBilinear",
    "Max",
    "Mean",
    "Reconstruction",
    "Serial",
    "Sum",
    "Tokens",
    "Transformer",
    "WeightedConcat",
    "WeightedSum",
]

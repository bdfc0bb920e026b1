"""Peers beside rankings without an order, with the grids their settings are chosen from."""

from __future__ import annotations

from functools import partial

from benchmarks.quality.peers.peer import Peer
from benchmarks.quality.table import Row

WITHOUT_ORDER = (
    Row(
        "ALS (implicit)",
        baseline=partial(Peer, program="with_implicit", kind="als"),
        grid={"factors": (64,), "regularization": (0.1, 1.0, 10.0), "alpha": (1.0, 10.0, 40.0)},
    ),
    Row(
        "LightGCN (RecBole)",
        baseline=partial(Peer, program="with_recbole", model="LightGCN"),
        grid={
            "embedding_size": (64,),
            "n_layers": (2,),
            "learning_rate": (0.001, 0.003),
            "reg_weight": (1e-4, 1e-3),
            "train_batch_size": (2048,),
            "epochs": (300,),
            "valid_metric": ("Recall@20",),
            "topk": ((20,),),
        },
    ),
    Row(
        "BPR (implicit)",
        baseline=partial(Peer, program="with_implicit", kind="bpr"),
        grid={
            "factors": (64,),
            "iterations": (500,),
            "learning_rate": (0.03, 0.1, 0.3),
            "regularization": (0.01, 0.03, 0.1),
        },
    ),
)


def vbpr(*features: str) -> Row:
    """VBPR of these vectors, beside half as many factors of ids as of both together."""
    return Row(
        "VBPR (cornac)",
        baseline=partial(Peer, program="with_cornac", features=features),
        grid={
            "k": (32,),
            "k2": (32,),
            "n_epochs": (50,),
            "batch_size": (512,),
            "learning_rate": (0.0005, 0.001, 0.005),
            "lambda_w": (0.0001, 0.001, 0.01),
        },
    )

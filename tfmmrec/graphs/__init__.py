"""Graphs over the catalogue: an id's vector takes in something of its neighbours'."""

from tfmmrec.graphs.graph import Graph
from tfmmrec.graphs.knn import KNN
from tfmmrec.graphs.light_gcn import LightGCN

__all__ = ["KNN", "Graph", "LightGCN"]

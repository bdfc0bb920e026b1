"""FAISS: an inverted file, or with ``--hnsw`` a graph. ``python faiss_index.py [--hnsw] FOLDER``."""

import sys

import faiss
import numpy as np
from index_task import measure

GRAPH = "--hnsw" in sys.argv


def build(task):
    """Lists as FAISS advises for so many vectors: some √N, trained on 40 vectors each."""
    faiss.omp_set_num_threads(task.threads)
    width = task.vectors.shape[1]
    if GRAPH:
        index = faiss.IndexHNSWFlat(width, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 100
    else:
        lists = int(min(4 * len(task.vectors) ** 0.5, len(task.vectors) / 40))
        index = faiss.index_factory(width, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        some = np.random.default_rng(0).permutation(len(task.vectors))[: 40 * lists]
        index.train(task.vectors[some])
    index.add(task.vectors)
    return index


def search(index, setting, k):
    """`setting` is the lists that are looked into, or the length of the graph's queue."""

    def ask(queries):
        if GRAPH:
            index.hnsw.efSearch = setting
        else:
            index.nprobe = setting
        return index.search(queries, k)[1]

    return ask


if __name__ == "__main__":
    measure(build, search, [16, 32, 64, 128, 256, 512, 1024, 2048] if GRAPH else [2**n for n in range(13)])

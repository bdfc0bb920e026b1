"""USearch: a graph. ``python usearch_index.py FOLDER``."""

import numpy as np
from index_task import measure
from usearch.index import Index


def build(task):
    """As it comes, with float32 vectors."""
    index = Index(ndim=task.vectors.shape[1], metric="ip", dtype="f32")
    index.add(np.arange(len(task.vectors)), task.vectors, threads=task.threads)
    index.threads_asked = task.threads
    return index


def search(index, setting, k):
    """`setting` is the length of the queue."""

    def ask(queries):
        index.expansion_search = max(setting, k)
        keys = index.search(queries, k, threads=index.threads_asked).keys
        return keys.reshape(len(queries), -1)

    return ask


if __name__ == "__main__":
    measure(build, search, [16, 32, 64, 128, 256, 512, 1024, 2048])

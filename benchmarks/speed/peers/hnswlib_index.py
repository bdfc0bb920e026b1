"""hnswlib: a graph. ``python hnswlib_index.py FOLDER``."""

import hnswlib
from index_task import measure


def build(task):
    """As its own examples: 16 neighbours, a queue of 200."""
    index = hnswlib.Index(space="ip", dim=task.vectors.shape[1])
    index.init_index(max_elements=len(task.vectors), ef_construction=200, M=16)
    index.set_num_threads(task.threads)
    index.add_items(task.vectors)
    return index


def search(index, setting, k):
    """`setting` is the length of the queue."""

    def ask(queries):
        index.set_ef(max(setting, k))
        return index.knn_query(queries, k=k)[0]

    return ask


if __name__ == "__main__":
    measure(build, search, [16, 32, 64, 128, 256, 512, 1024, 2048])

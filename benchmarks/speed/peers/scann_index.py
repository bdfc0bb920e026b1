"""ScaNN: a tree of partitions, anisotropic hashing, exact re-scoring. ``python scann_index.py FOLDER``."""

from index_task import measure
from scann import scann_ops_pybind


def build(task):
    """As its documentation advises: √N leaves, two dimensions to a block."""
    leaves = max(1, int(len(task.vectors) ** 0.5))
    builder = scann_ops_pybind.builder(task.vectors, max(task.k), "dot_product")
    builder.set_n_training_threads(task.threads)
    sample = min(len(task.vectors), 250_000)
    builder.tree(num_leaves=leaves, num_leaves_to_search=max(1, leaves // 20), training_sample_size=sample)
    builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(4 * max(task.k))
    index = builder.build()
    index.set_num_threads(task.threads)
    return index


def search(index, setting, k):
    """`setting` is the leaves that are looked into, and how many are scored once more."""
    leaves, again = setting

    def ask(queries):
        wanted = {"leaves_to_search": leaves, "pre_reorder_num_neighbors": max(again, k)}
        if len(queries) == 1:
            return index.search(queries[0], k, **wanted)[0][None]
        return index.search_batched_parallel(queries, k, **wanted)[0]

    return ask


if __name__ == "__main__":
    measure(build, search, [(2**n, again) for n in range(1, 11) for again in (100, 400)])

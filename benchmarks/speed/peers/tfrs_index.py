"""TensorFlow Recommenders: every vector is scored. ``python tfrs_index.py [--streaming] FOLDER``.

It needs ``TF_USE_LEGACY_KERAS=1``.
"""

import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # before TensorFlow reads it

import tensorflow as tf
import tensorflow_recommenders as tfrs
from index_task import measure

BATCH = 8192  # vectors at a time, of the streaming one


def build(task):
    """The vectors, on as many threads as the others have."""
    tf.config.threading.set_intra_op_parallelism_threads(task.threads)
    tf.config.threading.set_inter_op_parallelism_threads(task.threads)
    return task.vectors


def search(vectors, setting, k):
    """As a graph, in which it is served."""
    del setting
    if "--streaming" in sys.argv:
        layer = tfrs.layers.factorized_top_k.Streaming(k=k)
        layer.index_from_dataset(tf.data.Dataset.from_tensor_slices(vectors).batch(BATCH))
    else:
        layer = tfrs.layers.factorized_top_k.BruteForce(k=k)
        layer.index(vectors)
    spec = tf.TensorSpec([None, vectors.shape[1]], tf.float32)
    graph = tf.function(lambda queries: layer(queries), input_signature=[spec]).get_concrete_function()
    return lambda queries: graph(tf.constant(queries))[1].numpy()


if __name__ == "__main__":
    measure(build, search)

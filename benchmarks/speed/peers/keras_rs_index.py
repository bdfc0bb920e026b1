"""Keras RS: every vector is scored. ``python keras_rs_index.py FOLDER``."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"  # before Keras reads it

import keras_rs
import tensorflow as tf
from index_task import measure


def build(task):
    """The vectors, on as many threads as the others have."""
    tf.config.threading.set_intra_op_parallelism_threads(task.threads)
    tf.config.threading.set_inter_op_parallelism_threads(task.threads)
    return task.vectors


def search(vectors, setting, k):
    """As a graph, in which it is served."""
    del setting
    layer = keras_rs.layers.BruteForceRetrieval(vectors, k=k)
    spec = tf.TensorSpec([None, vectors.shape[1]], tf.float32)
    graph = tf.function(lambda queries: layer(queries), input_signature=[spec]).get_concrete_function()
    return lambda queries: graph(tf.constant(queries))[1].numpy()


if __name__ == "__main__":
    measure(build, search)

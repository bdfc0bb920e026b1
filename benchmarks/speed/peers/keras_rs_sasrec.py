"""The SASRec of Keras RS's example, from its layers, timed on given batches, in an environment of its own.

``python keras_rs_sasrec.py FOLDER [--catalogue]`` needs keras, keras-hub and tensorflow and reads FOLDER's
``settings.json`` and ``batches.npz``. It prints one JSON line per measured step of ``fit``: how it ran (as
``compile`` chooses, which on a CPU is without XLA, or with ``jit_compile=True``), seconds, and the numbers of
real tokens and of supervised targets.

As in the example (keras.io, "Sequential retrieval using SASRec"): KerasHub's ReversibleEmbedding,
PositionEmbedding and pre-norm TransformerDecoder, Adam, and the binary cross-entropy of each target and one
negative drawn beforehand: two dot products a target. With ``--catalogue`` the loss is the cross-entropy of a
softmax over all items instead, on the same layers. Its retrieval layer (Keras RS's own) has no part in
training and is left out. Unlike in the example, the inner
width is four times the width and heads are as many as given. KerasHub's dropout is on attention weights, too.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import keras_hub
import numpy as np
import tensorflow as tf
from keras import ops


class SASRec(keras.Model):
    """Self-attentive sequential recommendation (Kang and McAuley, 2018): ids ``[B, L]`` → ``[B, L, D]``."""

    def __init__(self, items, length, width, layers, heads, dropout, catalogue):
        super().__init__()
        self.catalogue = catalogue
        self.item = keras_hub.layers.ReversibleEmbedding(
            items + 1, width, embeddings_initializer="glorot_uniform"
        )
        self.position = keras_hub.layers.PositionEmbedding(length, initializer="glorot_uniform")
        self.drop = keras.layers.Dropout(dropout)
        self.blocks = [
            keras_hub.layers.TransformerDecoder(
                intermediate_dim=4 * width,
                num_heads=heads,
                dropout=dropout,
                activation="relu",
                kernel_initializer="glorot_uniform",
                normalize_first=True,
            )
            for _ in range(layers)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-8)

    def call(self, read, training=None):
        events = self.item(read)
        x = self.drop(events + self.position(events), training=training)
        for block in self.blocks:
            x = block(x, decoder_padding_mask=read > 0, training=training)
        return self.norm(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean binary cross-entropy of targets (1) and negatives (0), or cross-entropy over the catalogue."""
        asked, negative = y["asked"], y["negative"]
        if self.catalogue:
            logits = self.item(y_pred, reverse=True)
            losses = ops.sparse_categorical_crossentropy(asked, logits, from_logits=True)
            counted = ops.cast(asked > 0, "float32")
            return ops.sum(losses * counted) / ops.sum(counted)
        logits = ops.concatenate(
            [ops.sum(self.item(items) * y_pred, axis=-1) for items in (asked, negative)], axis=1
        )
        labels = ops.concatenate([ops.ones(ops.shape(asked)), ops.zeros(ops.shape(asked))], axis=1)
        counted = ops.cast(ops.tile(asked > 0, (1, 2)), "float32")
        losses = ops.binary_crossentropy(labels, logits, from_logits=True)
        return ops.sum(losses * counted) / ops.sum(counted)


class Clock(keras.callbacks.Callback):
    """When each step ended, and the mean loss so far, which has to be there by then."""

    def on_train_begin(self, logs=None):
        self.marks, self.losses = [time.perf_counter()], []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))
        self.marks.append(time.perf_counter())


def main():
    """Times the steps after the warm-up."""
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "settings.json").read_text())
    batches = np.load(folder / "batches.npz")
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    read, asked = batches["read"], batches["asked"]
    negative = np.random.default_rng(0).integers(1, settings["items"] + 1, asked.shape, dtype="int32")
    negative[asked == 0] = 0
    steps = settings["warm_up"] + settings["steps"]
    dataset = tf.data.Dataset.from_tensor_slices((read, {"asked": asked, "negative": negative}))
    for how, jit_compile in (("default", "auto"), ("jit", True)):
        keras.utils.set_random_seed(0)
        model = SASRec(
            **{name: settings[name] for name in ("items", "length", "width", "layers", "heads", "dropout")},
            catalogue="--catalogue" in sys.argv[2:],
        )
        model.compile(optimizer=keras.optimizers.Adam(1e-3, beta_2=0.98), jit_compile=jit_compile)
        clock = Clock()
        model.fit(dataset.repeat().take(steps), epochs=1, verbose=0, callbacks=[clock])
        for step in range(settings["warm_up"], steps):
            number = step % len(read)
            tokens, targets = (int((array[number] > 0).sum()) for array in (read, asked))
            found = {"seconds": clock.marks[step + 1] - clock.marks[step], "loss": clock.losses[step]}
            print(json.dumps({"how": how, "tokens": tokens, "targets": targets, **found}), flush=True)


if __name__ == "__main__":
    main()

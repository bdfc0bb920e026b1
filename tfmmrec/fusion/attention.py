"""Attention over all tokens: a query of the whole item scores each of them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side


@keras.saving.register_keras_serializable("tfmmrec")
class Attention(Fusion):
    """``norm(q + Σ_t a_t V k_t)``, ``a_t = s_t / Σ_u s_u``, ``s_t = σ(w · [q; k_t] + b)``.

    The keys are the tokens of all modalities + a learned embedding of their modality; the query is a linear
    map of the modalities' mean tokens, side by side. It is additive attention (Bahdanau 2015) with a sigmoid
    for each token instead of a softmax, so that no token has to lose for another to win, as in the local
    activation unit of DIN (Zhou 2018); the sum of scores is divided out.
    """

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.query = keras.layers.Dense(width, use_bias=False, name="query")
        self.value = keras.layers.Dense(width, use_bias=False, name="value")
        self.score = keras.layers.Dense(1, activation="sigmoid", name="score")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.kind = self.add_weight(shape=(len(self.names), self.width), initializer=small, name="modality")
        self.query.build((None, len(self.names) * self.width))
        self.value.build((None, None, self.width))
        self.score.build((None, None, 2 * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        query = self.query(side_by_side(pooled(tokens)))
        kind = ops.cast(self.kind, query.dtype)
        # where, not a product: a masked NaN must not leak
        keys = [
            ops.where(ops.expand_dims(mask, -1), x + kind[i], ops.zeros_like(x))
            for i, (x, mask) in enumerate(tokens)
        ]
        key = ops.concatenate(keys, axis=1)
        mask = ops.concatenate([mask for _, mask in tokens], axis=1)
        asked = ops.broadcast_to(ops.expand_dims(query, 1), ops.shape(key))
        score = self.score(ops.concatenate([asked, key], axis=-1)) * ops.cast(
            ops.expand_dims(mask, -1), key.dtype
        )
        share = score / ops.maximum(ops.sum(score, axis=1, keepdims=True), 1e-6)
        return self.norm(query + ops.sum(share * self.value(key), axis=1))

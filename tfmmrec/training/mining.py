"""Hard negatives: what the model ranks high and should not, found anew before each epoch."""

from __future__ import annotations

import base64
from typing import Any

import keras
import numpy as np

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Features
from tfmmrec.models import Recommender

_ROWS = 256  # states scored at once


class MineNegatives(keras.callbacks.Callback):
    """Tells `Mined` negatives, before each epoch, what share of the softmax the model gives to each item.

    The shares are means over states of the epoch's first batches; the item that is right has none. What the
    batches' negatives are is part of a training's state.

    Args:
        batches: whose negatives are told.
        items: features by row.
        states: at most so many are asked.

    Attributes:
        first: the step the epoch begins with, where it is the rest of an interrupted one.
    """

    def __init__(self, batches: Batches, items: Features, states: int = 2048) -> None:
        super().__init__()
        self.batches, self.items, self.states, self.first = batches, items, states, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.first:  # it began with what is known already
            self.first = 0
            return
        self.model.refresh(self.items)
        states, targets = self._asked()
        vectors = item_vectors(self.model, self.items)
        for mined in self.batches.negatives.mined:
            mined.shares = wrong_shares(states, targets, vectors, mined.temperature)
        self.batches.learn_negatives()

    def state(self) -> dict[str, Any]:
        known = [one.shares for one in self.batches.negatives.mined]
        return {
            "shares": [None if one is None else base64.b64encode(one.tobytes()).decode() for one in known]
        }

    def restore(self, state: dict[str, Any]) -> None:
        for mined, text in zip(self.batches.negatives.mined, state["shares"], strict=True):
            mined.shares = None if text is None else np.frombuffer(base64.b64decode(text), "float32")
        self.batches.learn_negatives()

    def _asked(self) -> tuple[np.ndarray, np.ndarray]:
        """States ``[P, D]`` and the items ``[P]`` that are right."""
        task = self.model.schema.retrieval.name
        states, targets, found = [], [], 0
        for at in range(len(self.batches)):
            if found >= self.states:
                break
            x, y, w = self.batches[at]
            given = {name: x[name] for name in self.model.input}
            of_batch = np.asarray(self.model.forward(self.model, given)["states"], "float32")
            of_batch = np.broadcast_to(of_batch, (*y[task].shape, of_batch.shape[-1]))
            asked = w[task] > 0
            states.append(of_batch[asked])
            targets.append(y[task][asked])
            found += len(targets[-1])
        return np.concatenate(states)[: self.states], np.concatenate(targets)[: self.states]


def item_vectors(model: Recommender, items: Features) -> np.ndarray:
    """Vectors ``[N, D]`` of the trained items: from the cache where there is one, else encoded now."""
    provider = model.item_vectors
    if not provider.cached:
        return model.encode_items(items, np.arange(model.vocabulary.trained_items))["vector"]
    model.sync()
    vectors = keras.ops.cast(keras.ops.convert_to_tensor(provider.content), "float32")
    if model.identity_table is not None:
        vectors = vectors + keras.ops.cast(model.identity_table[1 : provider.items + 1], "float32")
    return keras.ops.convert_to_numpy(provider.scaled(vectors))


def wrong_shares(
    states: np.ndarray, targets: np.ndarray, vectors: np.ndarray, temperature: float
) -> np.ndarray:
    """Mean softmax over all items but the right one: float32 ``[N]``.

    Args:
        states: ``[P, D]``.
        targets: int ``[P]``, the item that is right for each.
        vectors: ``[N, D]``.
        temperature: divides scores.
    """
    total = np.zeros(len(vectors), "float64")
    for start in range(0, len(states), _ROWS):
        chosen = targets[start : start + _ROWS]
        scores = states[start : start + _ROWS] @ vectors.T / temperature
        scores[np.arange(len(chosen)), chosen] = -np.inf
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        total += (share / share.sum(axis=1, keepdims=True)).sum(axis=0)
    return (total / max(1, len(states))).astype("float32")

"""Inverted file: a query looks into the few cells of items that point its way."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfmmrec.retrieval.cells import cut
from tfmmrec.retrieval.exact import Exact
from tfmmrec.retrieval.index import Index, as_variable

_BYTES = 64 << 20  # of a batch's vectors at once: larger batches are searched in groups of queries
_TUNED_BY = 512  # queries at most


class IVF(Index):
    """Items in cells of at most `size`; the best `probes` cells of a query are scored (Jégou 2011, IVFADC).

    Cells hold their vectors as int8, a quarter of the memory; the best are scored once more as they are.
    Where cells do not hold k items that may be found, or more than `k` are wanted, every item is scored:
    exclusions never cost places.

    Args:
        vectors, queries: see `Index`. Without queries it is tuned by vectors of the catalogue.
        size: places of a cell.
        probes: cells that are looked into; by default as few as reach `recall_target`.
        recall_target: the share of the true best `k` that has to be found, on average over half of the
            queries; what is reached with the other half is told in `measured`.
        k: the largest number of results that is answered from cells.

    Raises:
        ValueError: a setting that is out of range.
    """

    tuned = True

    def __init__(
        self,
        vectors: Any,
        queries: np.ndarray | None = None,
        size: int = 256,
        probes: int | None = None,
        recall_target: float = 0.95,
        k: int = 100,
    ) -> None:
        import tensorflow as tf

        if not 0 < recall_target <= 1:
            raise ValueError(
                f"recall_target is the share that has to be found, in (0, 1]; got {recall_target}."
            )
        for name, value in {"size": size, "k": k, "probes": 1 if probes is None else probes}.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}.")
        self.exact = Exact(vectors)
        array = self.exact.vectors.numpy()
        rows, centres = cut(array, size)
        self.k = k
        asked = array if queries is None else np.asarray(queries, "float32")
        asked = asked[np.linspace(0, len(asked) - 1, min(len(asked), _TUNED_BY)).astype(int)]
        needed = _cells_needed(array, rows, centres, asked, min(k, len(array)))
        tuning, held_out = needed[::2], needed[1::2] if len(needed) > 1 else needed
        enough = np.searchsorted(np.cumsum(np.bincount(tuning.ravel())), recall_target * tuning.size)
        self.probes = min(int(enough) if probes is None else probes, len(rows))
        self.measured = {
            "cells": len(rows),
            "probes": self.probes,
            f"recall@{k}": round(float(np.mean(held_out <= self.probes)), 4),
        }
        place = np.zeros(len(array), "int32")
        there = np.flatnonzero(rows.reshape(-1) >= 0)
        place[rows.reshape(-1)[there]] = there
        steps = np.maximum(np.abs(array).max(axis=1), np.finfo("float32").tiny) / 127
        rounded = np.rint(array / steps[:, None]).astype("int8")
        is_item = rows >= 0
        held = rounded[rows] * is_item[..., None]
        self._vectors = tf.Variable(held, trainable=False, name="cells")
        self._steps = as_variable(steps[rows] * is_item, "steps")
        self._centres = as_variable(centres, "centres")
        lengths = np.linalg.norm(centres, axis=1)
        self._centre_scale = as_variable(1 / np.where(lengths > 0, lengths, 1), "centre_scale")
        self._rows = tf.Variable(rows, trainable=False, name="rows")
        self._place = tf.Variable(place, trainable=False, name="place")
        cells = [self._vectors, self._steps, self._rows, self._place]
        self.resources = [*self.exact.resources, self._centres, self._centre_scale, *cells]

    def search(self, queries: Any, k: Any, excluded: Any, cosine: bool = False) -> tuple[Any, Any]:
        import tensorflow as tf

        k = tf.maximum(k, 0)
        most = tf.reduce_max(k)

        def every() -> tuple[Any, Any]:
            return self.exact.search(queries, k, excluded, cosine)

        def near() -> tuple[Any, Any]:
            rows, scores = self._in_groups(queries, excluded, most, cosine)
            found = tf.reduce_sum(tf.cast(rows >= 0, tf.int32), axis=1)
            wanted = tf.range(most) < k[:, None]

            def few() -> tuple[Any, Any]:
                return tf.where(wanted, rows, -1), tf.where(wanted & (rows >= 0), scores, float("nan"))

            return tf.cond(tf.reduce_all(found >= k), few, every)

        places = self.probes * self._rows.shape[1]
        return tf.cond((most > 0) & (most <= min(self.k, places)), near, every)

    def _in_groups(self, queries: Any, excluded: Any, most: Any, cosine: bool) -> tuple[Any, Any]:
        """Groups of queries whose cells fit into memory, one after the other."""
        import tensorflow as tf

        _, size, width = self._vectors.shape
        group = max(1, _BYTES // (4 * self.probes * size * width))
        count = tf.shape(queries)[0]
        groups = (count + group - 1) // group

        def at_once() -> tuple[Any, Any]:
            return self._near(queries, excluded, most, cosine)

        def one_by_one() -> tuple[Any, Any]:
            lacking = groups * group - count
            padded = tf.reshape(tf.pad(queries, [[0, lacking], [0, 0]]), [groups, group, width])
            barred = tf.pad(excluded, [[0, lacking], [0, 0]], constant_values=-1)
            barred = tf.reshape(barred, [groups, group, tf.shape(excluded)[1]])
            rows, scores = tf.map_fn(
                lambda given: self._near(given[0], given[1], most, cosine),
                (padded, barred),
                fn_output_signature=(tf.int32, tf.float32),
                parallel_iterations=1,
            )
            return tf.reshape(rows, [-1, most])[:count], tf.reshape(scores, [-1, most])[:count]

        return tf.cond(count <= group, at_once, one_by_one)

    def _near(self, queries: Any, excluded: Any, most: Any, cosine: bool) -> tuple[Any, Any]:
        """The best of the cells that a query points to: rows (−1: none) and scores ``[B, most]``."""
        import tensorflow as tf

        nothing = float("-inf")
        if cosine:
            queries = tf.math.divide_no_nan(queries, tf.norm(queries, axis=-1, keepdims=True))
        _, size, width = self._vectors.shape
        towards = tf.matmul(queries, self._centres, transpose_b=True)
        if cosine:
            towards *= self._centre_scale
        _, cells = tf.math.top_k(towards, self.probes)
        places = self.probes * size
        vectors = tf.reshape(tf.cast(tf.gather(self._vectors, cells), tf.float32), [-1, places, width])
        scores = tf.squeeze(tf.matmul(vectors, queries[:, :, None]), axis=-1)
        scores *= tf.reshape(tf.gather(self._steps, cells), [-1, places])
        rows = tf.reshape(tf.gather(self._rows, cells), [-1, places])
        if cosine:
            scores *= tf.gather(self.exact.scale, tf.maximum(rows, 0))
        scores = tf.where(rows >= 0, scores, nothing)

        # an excluded item has a place here where its cell is one of those that are looked into
        is_row = (excluded >= 0) & (excluded < self._place.shape[0])
        place = tf.gather(self._place, tf.where(is_row, excluded, 0))
        is_there = is_row[:, :, None] & ((place // size)[:, :, None] == cells[:, None, :])
        hit = tf.where(is_there)
        at = tf.cast(hit[:, 2], tf.int32) * size + tf.gather_nd(place, hit[:, :2]) % size
        indices = tf.stack([hit[:, 0], tf.cast(at, tf.int64)], axis=1)
        scores = tf.tensor_scatter_nd_update(scores, indices, tf.fill(tf.shape(hit)[:1], nothing))

        # int8 misplaces neighbours only: of twice as many, the best by their true scores
        scores, best = tf.math.top_k(scores, tf.minimum(2 * most, places), sorted=False)
        rows = tf.where(scores > nothing, tf.gather(rows, best, batch_dims=1), -1)
        rows = tf.sort(rows, axis=1)  # of equal scores the lower row comes first
        true = tf.squeeze(
            tf.matmul(tf.gather(self.exact.vectors, tf.maximum(rows, 0)), queries[:, :, None]), -1
        )
        if cosine:
            true *= tf.gather(self.exact.scale, tf.maximum(rows, 0))
        scores, best = tf.math.top_k(tf.where(rows >= 0, true, nothing), most)
        return tf.gather(rows, best, batch_dims=1), scores


def _cells_needed(
    vectors: np.ndarray, rows: np.ndarray, centres: np.ndarray, queries: np.ndarray, k: int
) -> np.ndarray:
    """How many cells must be looked into to find each of the true best k of each query: int ``[Q, k]``."""
    cell = np.empty(len(vectors), "int32")
    cell[rows[rows >= 0]] = np.nonzero(rows >= 0)[0]
    needed = []
    for query in queries:
        scores = vectors @ query
        best = np.argpartition(-scores, k - 1)[:k]
        order = np.argsort(-(centres @ query), kind="stable")
        place = np.empty(len(order), "int64")
        place[order] = np.arange(1, len(order) + 1)
        needed.append(place[cell[best]])
    return np.stack(needed)

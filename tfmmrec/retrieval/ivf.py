"""Inverted file: a query looks into the few cells of items that point its way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfmmrec.data.features import Progress
from tfmmrec.retrieval.cells import BLOCK, cut
from tfmmrec.retrieval.exact import Exact
from tfmmrec.retrieval.index import Index, Passes, as_variable, rows_of
from tfmmrec.retrieval.probes import cells_needed, enough, spread

_BYTES = 64 << 20  # of a batch's vectors at once: larger batches are searched in groups of queries

# What cells cost, as measured at a hundred thousand and a million items (`python -m benchmarks.speed.index`),
# in units of one item's share of a large batch in which every item is scored, some 3 ns on two cores
_PLACE = 17  # a place that is looked at: gathered, cast and multiplied for its query alone
_CENTRE = 2
_QUERY = 50_000  # of its own best: gathered, scored anew, put in order
_CALL = 300_000  # of small operations, whatever the batch
_READ = 7  # of every item, once a batch: the vectors from memory
_NEVER = np.iinfo("int32").max


class IVF(Index):
    """Items in cells of `size` on average; the best `probes` of a query are scored (Jégou 2011, IVFADC).

    Cells hold their vectors as int8, a quarter of the memory, in blocks of a few, so that hardly a place is
    empty; the best are scored once more as they are.
    Where the cells of a query do not hold k items that may be found, or more than `k` are wanted, every item
    is scored for it: exclusions and filters never cost places. Where few items pass a filter, or the best are
    excluded, what is found lies farther off than the cells are tuned for: the best 10 of those that pass one
    in ten are about the best 100 of all, and so are the best 10 behind 90 that are excluded. So cells answer
    only as long as as many as that are no more than `k`.
    A batch shares the work of scoring every item, but looks into the cells of each of its queries: from
    `exact_from` queries on, every item is scored, as `Exact` does, which is quicker then.

    Args:
        vectors, queries, progress: see `Index`. Without queries it is tuned by vectors of the catalogue.
        size: items of a cell, on average.
        probes: cells that are looked into; by default as few as reach `recall_target`, for dot products and
            for cosines each.
        recall_target: the share of the true best `k` that has to be found, on average over half of the
            queries; what is reached with the other half is told in `measured`.
        k: the largest number of results that is answered from cells, with what is excluded among them.
        exact_from: queries of a batch from which on every item is scored; by default where that is quicker
            by what both have been measured to cost, 1 for some ten thousand items or fewer.

    Raises:
        ValueError: a setting that is out of range.
    """

    tuned = True

    def __init__(
        self,
        vectors: Any,
        queries: np.ndarray | None = None,
        progress: Progress | None = None,
        size: int = 64,
        probes: int | None = None,
        recall_target: float = 0.95,
        k: int = 100,
        exact_from: int | None = None,
    ) -> None:
        import tensorflow as tf

        if not 0 < recall_target <= 1:
            raise ValueError(
                f"recall_target is the share that has to be found, in (0, 1]; got {recall_target}."
            )
        for name, value in {"size": size, "k": k, "probes": probes, "exact_from": exact_from}.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}.")
        tell: Progress = progress or (lambda stage, done, total: None)
        self.exact = Exact(vectors)
        array = self.exact.vectors.numpy()
        cells = cut(array, size, lambda done, total: tell("index: cells", done, total))
        self.k, self._exact_from = k, exact_from
        self._largest = int(np.diff(cells.first).max())
        self.measured = {"cells": len(cells.centres)}

        def tuned(asked: np.ndarray, cosine: bool) -> int:
            kind = "cosine " if cosine else ""
            needed = cells_needed(
                array,
                cells,
                asked,
                min(k, len(array)),
                cosine,
                lambda done, total: tell(f"index: tuning {kind}probes", done, total),
            )
            tuning, held_out = needed[::2], needed[1::2] if len(needed) > 1 else needed
            # k places at least, however few of them would reach the target
            least = -(-needed.shape[1] // BLOCK)
            few = max(enough(tuning, recall_target), least) if probes is None else probes
            few = min(few, len(cells.centres))
            found = round(float(np.mean(held_out <= few)), 4)
            self.measured |= {f"{kind}probes": few, f"{kind}recall@{k}": found}
            if (whole := self.exact_from(few)) < _NEVER:
                self.measured[f"{kind}exact from batches of"] = whole
            return few

        some = array if queries is None else np.asarray(queries, "float32")
        self.probes = tuned(spread(some), cosine=False)
        self.cosine_probes = tuned(spread(array), cosine=True)  # items are asked about, by each other

        largest = np.abs(array).max(axis=1)
        steps = np.where(largest > 0, largest, 1).astype("float32") / 127
        is_item = cells.rows >= 0
        held = np.rint(array / steps[:, None]).astype("int8")[cells.rows] * is_item[..., None]
        # one more block, of nothing, for queries whose cells have fewer blocks than another's
        self._vectors = tf.Variable(np.pad(held, [[0, 1], [0, 0], [0, 0]]), trainable=False, name="cells")
        self._steps = as_variable(np.pad(steps[cells.rows], [[0, 1], [0, 0]]), "steps")
        rows = np.pad(cells.rows, [[0, 1], [0, 0]], constant_values=-1)
        self._rows = tf.Variable(rows, trainable=False, name="rows")
        spans = np.stack([cells.first[:-1], cells.first[1:]], axis=1)
        self._spans = tf.Variable(spans, trainable=False, name="spans")
        self._centres = as_variable(cells.centres, "centres")
        lengths = np.linalg.norm(cells.centres, axis=1, keepdims=True)
        directions = cells.centres / np.where(lengths > 0, lengths, 1)
        self._directions = as_variable(directions, "directions")
        of_cells = [self._vectors, self._steps, self._rows, self._spans]
        self.resources = [*self.exact.resources, self._centres, self._directions, *of_cells]

    def search(
        self, queries: Any, k: Any, excluded: Any, cosine: bool = False, passes: Passes | None = None
    ) -> tuple[Any, Any]:
        import tensorflow as tf

        k = tf.maximum(k, 0)
        most = tf.reduce_max(k)
        probes = self.cosine_probes if cosine else self.probes

        def near() -> tuple[Any, Any, Any]:
            rows, scores, reach = self._in_groups(queries, excluded, most, probes, cosine, passes)
            found = tf.reduce_sum(tf.cast(rows >= 0, tf.int32), axis=1) >= k
            found &= tf.cast(k, tf.float32) <= reach
            wanted = tf.range(most) < k[:, None]
            scores = tf.where(wanted & (rows >= 0), scores, float("nan"))
            return tf.where(wanted, rows, -1), scores, found

        def nothing() -> tuple[Any, Any, Any]:
            none = tf.fill([tf.shape(queries)[0], most], -1)
            return none, tf.fill(tf.shape(none), float("nan")), k == 0

        within = (most > 0) & (most <= min(self.k, probes * BLOCK))
        within &= tf.shape(queries)[0] < self.exact_from(probes)
        rows, scores, found = tf.cond(within, near, nothing)

        def among_all() -> tuple[Any, Any]:
            """Of the queries that lack something, every item is scored."""
            lacking = tf.cast(tf.where(~found)[:, 0], tf.int32)
            own = None if passes is None else lambda rows, numbers: passes(rows, tf.gather(lacking, numbers))
            asked, wanted, barred = (tf.gather(of_all, lacking) for of_all in (queries, k, excluded))
            more, of_more = self.exact.search(asked, wanted, barred, cosine, own)
            short = [[0, 0], [0, most - tf.shape(more)[1]]]
            more = tf.pad(more, short, constant_values=-1)
            of_more = tf.pad(of_more, short, constant_values=float("nan"))
            place = tf.shape(found)[0] - 1 + tf.cumsum(tf.cast(~found, tf.int32))
            place = tf.where(found, tf.range(tf.shape(found)[0]), place)
            return (
                tf.gather(tf.concat([rows, more], axis=0), place),
                tf.gather(tf.concat([scores, of_more], axis=0), place),
            )

        return tf.cond(tf.reduce_all(found), lambda: (rows, scores), among_all)

    def exact_from(self, probes: int) -> int:
        """Queries of a batch from which on every item is scored, where so many cells are looked into."""
        if self._exact_from is not None:
            return self._exact_from
        items, cells = self.exact.vectors.shape[0], self.measured["cells"]
        dearer = _PLACE * probes * items / cells + _CENTRE * cells + _QUERY - items  # of a query in cells
        return max(1, math.ceil((_READ * items - _CALL) / dearer)) if dearer > 0 else _NEVER

    def _in_groups(
        self, queries: Any, excluded: Any, most: Any, probes: int, cosine: bool, passes: Passes | None
    ) -> tuple[Any, Any, Any]:
        """Groups of queries whose cells fit into memory, one after the other; see `_near`."""
        import tensorflow as tf

        width = self._vectors.shape[2]
        group = max(1, _BYTES // (4 * probes * self._largest * BLOCK * width))
        count = tf.shape(queries)[0]
        groups = (count + group - 1) // group

        def at_once() -> tuple[Any, Any, Any]:
            return self._near(queries, tf.range(count), excluded, most, probes, cosine, passes)

        def one_by_one() -> tuple[Any, Any, Any]:
            lacking = groups * group - count
            padded = tf.reshape(tf.pad(queries, [[0, lacking], [0, 0]]), [groups, group, width])
            numbers = tf.reshape(tf.minimum(tf.range(groups * group), count - 1), [groups, group])
            barred = tf.pad(excluded, [[0, lacking], [0, 0]], constant_values=-1)
            barred = tf.reshape(barred, [groups, group, tf.shape(excluded)[1]])
            rows, scores, reach = tf.map_fn(
                lambda given: self._near(given[0], given[1], given[2], most, probes, cosine, passes),
                (padded, numbers, barred),
                fn_output_signature=(tf.int32, tf.float32, tf.float32),
                parallel_iterations=1,
            )
            rows, scores = tf.reshape(rows, [-1, most]), tf.reshape(scores, [-1, most])
            return rows[:count], scores[:count], tf.reshape(reach, [-1])[:count]

        return tf.cond(count <= group, at_once, one_by_one)

    def _near(
        self,
        queries: Any,
        numbers: Any,
        excluded: Any,
        most: Any,
        probes: int,
        cosine: bool,
        passes: Passes | None,
    ) -> tuple[Any, Any, Any]:
        """The best of the cells that a query points to.

        Returns:
            rows (−1: none) and scores ``[Q, most]``, and float32 ``[Q]``: as many of them are among the best
            `k` of all, which cells are tuned for.
        """
        import tensorflow as tf

        nothing = float("-inf")
        if cosine:
            queries = tf.math.divide_no_nan(queries, tf.norm(queries, axis=-1, keepdims=True))
        centres = self._directions if cosine else self._centres
        _, cells = tf.math.top_k(tf.matmul(queries, centres, transpose_b=True), probes)
        blocks = self._blocks(cells, probes)
        rows = _flat(tf.gather(self._rows, blocks))
        scores = self._products(queries, blocks) * _flat(tf.gather(self._steps, blocks))
        if cosine:
            scores *= rows_of(self.exact.scale, tf.maximum(rows, 0))
        there = rows >= 0
        reach = tf.fill([tf.shape(queries)[0]], float(self.k))
        if passes is not None:
            passing = there & passes(tf.maximum(rows, 0), numbers)
            count, of_all = (tf.reduce_sum(tf.cast(which, tf.float32), axis=1) for which in (passing, there))
            there, reach = passing, self.k * count / of_all
        scores = tf.where(there, scores, nothing)

        # int8 misplaces neighbours only: of twice as many, the best by their true scores; and as many more
        # as are excluded, which leave their places then
        some = tf.minimum(2 * most + tf.shape(excluded)[1], tf.shape(scores)[1])
        scores, best = tf.math.top_k(scores, some, sorted=False)
        rows = tf.where(scores > nothing, tf.gather(rows, best, batch_dims=1), -1)
        rows = tf.sort(rows, axis=1)  # of equal scores the lower row comes first
        barred = tf.pad(tf.sort(excluded, axis=1), [[0, 0], [0, 1]], constant_values=tf.int32.max)
        met = (tf.gather(barred, tf.searchsorted(barred, rows), batch_dims=1) == rows) & (rows >= 0)
        true = rows_of(self.exact.vectors, tf.maximum(rows, 0))
        true = tf.squeeze(tf.matmul(true, queries[:, :, None]), -1)
        if cosine:
            true *= rows_of(self.exact.scale, tf.maximum(rows, 0))
        scores, best = tf.math.top_k(tf.where((rows >= 0) & ~met, true, nothing), most)
        rows = tf.where(scores > nothing, tf.gather(rows, best, batch_dims=1), -1)
        better = met & (true >= scores[:, -1:])  # excluded, and before the last that is found
        return rows, scores, reach - tf.reduce_sum(tf.cast(better, tf.float32), axis=1)

    def _blocks(self, cells: Any, probes: int) -> Any:
        """The blocks of cells ``[Q, P]``, one cell after the other: ``[Q, T]``, then that of nothing."""
        import tensorflow as tf

        spans = tf.reshape(tf.gather(self._spans, cells), [-1, 2])
        ends, blocks = tf.raw_ops.RaggedRange(starts=spans[:, 0], limits=spans[:, 1], deltas=1)
        ragged = tf.RaggedTensor.from_row_splits(blocks, ends[::probes], validate=False)
        return ragged.to_tensor(self._rows.shape[0] - 1)

    def _products(self, queries: Any, blocks: Any) -> Any:
        """Products of queries ``[Q, D]`` and what blocks ``[Q, T]`` hold: float32 ``[Q, T × BLOCK]``."""
        import tensorflow as tf

        held = tf.cast(tf.gather(self._vectors, blocks), tf.float32)
        width = held.shape[3]

        def one() -> Any:  # a matrix by a vector takes two thirds of the time of a batch of one of these
            products = tf.matmul(tf.reshape(held, [-1, width]), queries, transpose_b=True)
            return tf.reshape(products, [1, -1])

        def several() -> Any:
            each = tf.reshape(held, [tf.shape(queries)[0], -1, width])
            return tf.squeeze(tf.matmul(each, queries[:, :, None]), axis=-1)

        return tf.cond(tf.equal(tf.shape(queries)[0], 1), one, several)


def _flat(of_blocks: Any) -> Any:
    """``[Q, T, BLOCK]`` → ``[Q, T × BLOCK]``."""
    import tensorflow as tf

    count, blocks, size = tf.unstack(tf.shape(of_blocks))
    return tf.reshape(of_blocks, [count, blocks * size])

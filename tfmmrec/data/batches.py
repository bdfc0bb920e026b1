"""Batches for training: windows of histories, their candidates, and each item once."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.batch_items import Arrays, BatchItems, padded
from tfmmrec.data.dataset import Data
from tfmmrec.data.distinct import item_buckets, up_to
from tfmmrec.data.epoch_plan import EpochPlanner
from tfmmrec.data.history_changes import HistoryChanges
from tfmmrec.data.negatives import Negatives, log_unseen, negatives_of
from tfmmrec.data.windows import Sequences, Sets, ranges
from tfmmrec.encoders.histories import HIDDEN, UNKNOWN
from tfmmrec.modalities import elapsed, missing_parts
from tfmmrec.schema import SIDES, Schema, Side

Batch = tuple[Arrays, Arrays, Arrays]
"""Inputs, labels by task and weights by task; see `Batches`."""


def default_batch_events(schema: Schema) -> int:
    """States of a batch by default: many of histories; as many examples that stand alone as in Keras."""
    return 4096 if schema.user_id is not None else 32


class Batches:
    """Shuffled training batches ``(x, y, w)`` of numpy arrays.

    With an order of events, each user's training events are cut at a random offset into windows of at most
    ``history.length + 1``, which are packed into rows; every event is a candidate once per epoch. Without an
    order, a random quarter of each user's items (1 to 16) is held out as candidates and the others are read,
    and each row is one window.

    B rows with L places of history and K candidates; W windows; U distinct items. In `x`:

    * ``history.window`` int32 ``[B, L + 1]``: whose each state is, a row of ``user.…``; −1 is padding, at the
      end. The states of a window stand side by side;
    * ``history.item`` int32 ``[B, L]``: the event that the state one place later reads, as position among the
      distinct items; −1 where that state is the first of a window, or padding, or the event is masked;
      ``history.time`` int32 ``[B, L]``: see `elapsed`; ``event.<feature>.<part>`` ``[B, L, …]``;
    * ``user.<feature>.<part>`` ``[W, …]``, padded by missing values;
    * ``candidate`` int32 ``[B, K]``: position among the distinct items, −1 is padding. With an order
      K = L + 1 and each state is asked about the candidate in its own place; else one state is asked about
      all;
    * ``item.row`` int32 ``[U]``: row of the catalogue, −1 is padding, at the end; ``item.log_q`` float32
      ``[U]``: log of the item's chance to be in a batch; ``item.log_encoded`` float32 ``[U]``:
      log of its chance to be encoded, in this batch, or with `cached` in any batch of these events;
    * ``item.<feature>.<part>`` ``[E, …]`` of the items to encode, each once, and ``item.encoded`` int32
      ``[U]``: an item's place among them, −1 where its content is to be taken from the cache. E is U, or
      `encoded` where that is less.

    ``y[task]`` and ``w[task]`` are ``[B, K]``: for a retrieval task int32 rows of the catalogue, for others
    float32 labels. The weight is 0 where there is no label, on padding, and for the first candidate of a
    window whose beginning was cut off. The task's own weight is not in `w`.

    Where the encoder of histories learns from hidden events (`History.masked`), a state reads the event in
    its own place, and the weight is 0 but for hidden events and the last of each window, which nothing reads.
    Of a hidden event the item is −1, the time `HIDDEN`, and its features are missing.

    Where the schema has no users there is no ``history.…``: a batch is B examples, each with one candidate.

    With an order there is one L and one B; without, L is one of a few lengths, each with its own B. U and W
    are of a geometric series of sizes. So there are few shapes to compile. Every epoch has the same number of
    batches: Keras' ``fit`` counts them once.

    Where the schema's history has augmentations, `HistoryChanges` of the batch are what is read.

    A batch is determined by the data, `seed`, `epoch` and its index. ``copy.copy(batches)`` keeps its epoch
    when the original goes on to the next.

    Args:
        data: the prepared data.
        schema: features and tasks asked for, `data`'s own or a part of it (`Schema.only`).
        batch_events: states of a batch, about; the rows of a batch are so many by L + 1, at least one. By
            default 4096, and 32 examples where there are no users.
        negatives: trained items added to those of the events: so many of the others, drawn uniformly, or
            `Negatives`.
        encoded: at most so many items of a batch are encoded, drawn anew for each batch: the negatives that
            half of them has room for, and of the events' items what there is room for then; all by default.
        cached: whether the loss is over all items, by content that is kept of those that are not encoded;
            see ``item.log_encoded``.
        seed: of everything random.
        shares: equal ones, into which B, W, U and E fall: of the devices that a batch is spread over.

    Raises:
        ValueError: the schema asks for what was not prepared, there is nothing to train on, or a number is
            out of range.
    """

    def __init__(
        self,
        data: Data,
        schema: Schema,
        batch_events: int | None = None,
        negatives: int | Negatives = 0,
        encoded: int | None = None,
        cached: bool = False,
        seed: int = 0,
        shares: int = 1,
    ) -> None:
        if batch_events is None:
            batch_events = default_batch_events(schema)
        for name, value, least in (
            ("encoded", 1 if encoded is None else encoded, 1),
            ("batch_events", batch_events, 1),
            ("negatives", negatives if isinstance(negatives, int) else 0, 0),
            ("seed", seed, 0),
            ("shares", shares, 1),
            ("history.length", schema.history.length, 1),
        ):
            if value < least:
                raise ValueError(f"{name} must be {least} or more, got {value}.")
        if not len(data.train):
            raise ValueError("There are no training events: the split left every event to the other parts.")
        _check_prepared(data, schema)
        self.data, self.schema = data, schema
        self.batch_events, self.negatives = batch_events, negatives_of(negatives)
        self.encoded, self.cached, self.seed = encoded, cached, seed
        self._changes = HistoryChanges(schema, data, self._generator(3))
        length = 0 if schema.user_id is None else schema.history.length
        crop = self._changes.shares.get("crop", 0.0)
        cutter = Sequences(data.events, length, crop) if schema.ordered else Sets(data.events, length)
        self.shapes = [
            (up_to(max(1, batch_events // (length + 1)), shares), length, candidates)
            for length, candidates in zip(cutter.lengths.tolist(), cutter.candidates.tolist(), strict=True)
        ]
        """``(B, L, K)`` of each length bucket."""
        most = self.shapes[0][0] * self.shapes[0][2]
        self.window_buckets = item_buckets(most, shares) if schema.ordered else None
        """Every W there can be; None where W is B."""
        self._missing = {
            side: {
                feature.name: missing_parts(feature, data.vocabulary.features[side][feature.name], 1)
                for feature in schema.features(side)
            }
            for side in SIDES
        }
        self._masked = schema.history.masked if schema.ordered else 0.0
        self._timed = schema.ordered and not np.isnan(data.events.time).all()
        self._planner = EpochPlanner(cutter, [size for size, _, _ in self.shapes], self._generator)
        self._plan = self._planner.plan(0)
        trained = data.vocabulary.trained_items
        drawn = trained, self.negatives, encoded, cached
        self._items = BatchItems(*drawn, *self._events_per_item(), shares)
        self.item_buckets = self._items.buckets
        """Every U there can be."""

    def __len__(self) -> int:
        """Number of batches, the same in every epoch."""
        return self._planner.count

    @property
    def epoch(self) -> int:
        """The epoch that batches are of; set it before each one.

        Raises:
            ValueError: it is set to a negative number.
        """
        return self._plan.epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        if epoch < 0:
            raise ValueError(f"epoch must be 0 or more, got {epoch}.")
        if epoch != self._plan.epoch:
            self._plan = self._planner.plan(epoch)

    def __getitem__(self, index: int) -> Batch:
        """The batch of this index in the current epoch.

        Raises:
            IndexError: there is no such batch.
        """
        plan, events = self._plan, self.data.events
        index = range(len(self))[index]
        bucket, rows = plan.batches[index]
        size, length, candidates = self.shapes[bucket]
        chosen, row, offset = plan.placement.of_rows(rows)
        windows = plan.windows

        def spread(start: np.ndarray, count: np.ndarray, width: int) -> np.ndarray:
            """Rows of events ``[B, width]``, each window's from its offset on; −1 is padding."""
            flat, at = np.full(size * width, -1), ranges(row * width + offset, count[chosen])
            flat[at] = plan.rows[ranges(start[chosen], count[chosen])]
            return flat.reshape(size, width)

        read = spread(windows.history_start, windows.history_size, length)
        asked = spread(windows.candidate_start, windows.candidate_size, candidates)
        first = row * candidates + offset
        counted = asked >= 0
        counted.ravel()[first[windows.continued[chosen]]] = False
        if self.window_buckets is None:
            wanted = size
        else:
            wanted = self.window_buckets[np.searchsorted(self.window_buckets, len(chosen))]
        user = padded(windows.user[chosen], wanted)
        hidden = np.zeros(read.shape, bool)
        if self._masked:
            share = self._generator(3, plan.epoch, index).random(read.shape)
            hidden = (read >= 0) & (share < self._masked)
            counted[:, :length] &= hidden | (read < 0)
            read[hidden] = -1

        read_items, asked_items = (np.where(rows >= 0, events.item[rows], -1) for rows in (read, asked))
        told = read
        if self._changes:
            states = row * length + offset, windows.history_size[chosen]
            places = row * candidates + offset, windows.candidate_size[chosen]
            among = asked_items.ravel()[ranges(*places)], np.repeat(np.arange(len(chosen)), places[1])
            told, read_items, shifted = self._changes(
                read, ranges(*states), states[1], among, self._generator(4, plan.epoch, index)
            )
            if self.schema.ordered:  # a state is asked one place later than the last that it reads
                counted[:, 1:][shifted] = False
        chance = self._generator(2, plan.epoch, index)
        x, encoded, position = self._items(read_items, asked_items, chance)
        x |= self._features("item", self.data.items, encoded)
        history, x["candidate"] = position
        if self.schema.user_id is not None:
            whose = np.full(size * (length + 1), -1, "int32")
            states = windows.history_size[chosen] + 1
            whose[ranges(row * (length + 1) + offset, states)] = np.repeat(np.arange(len(chosen)), states)
            x["history.window"] = whose.reshape(size, length + 1)
            x["history.item"], x["history.time"] = history, self._times(read)
            x["history.time"][hidden] = HIDDEN
        x |= self._features("event", events.features, told)
        x |= self._features("user", self.data.users, user)
        return x, *self._labels(asked, asked_items, counted)

    def learn_negatives(self) -> None:
        """Tells the negatives of the items; call it again when something about them has changed."""
        self._items.learn_negatives()

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _events_per_item(self) -> tuple[np.ndarray, np.ndarray]:
        """Expected events of each trained item in an epoch, and the log of its chance to be in no batch's."""
        events, rows, windows = self.data.events, self._plan.rows, self._plan.windows
        slots = windows.candidate_size
        if not self.schema.ordered:  # of a sequence, what is read is asked about too
            slots = slots + windows.history_size
        # of a set with more items than places, each event is in an epoch with the same chance
        user = events.user[rows]
        chance = np.bincount(windows.user, slots) / np.maximum(1, np.bincount(user))
        counts = np.bincount(events.item[rows], chance[user], self.data.vocabulary.trained_items)
        others = self._changes.substitutes(counts * (windows.history_size.sum() / max(1, slots.sum())))
        return counts + others, log_unseen(counts + others, (slots.sum() + others.sum()) / len(self))

    def _times(self, rows: np.ndarray) -> np.ndarray:
        if not self._timed:
            return np.full(rows.shape, UNKNOWN, "int32")
        return elapsed(np.where(rows >= 0, self.data.events.time[rows], np.nan))

    def _features(self, side: Side, features: dict[str, Arrays], rows: np.ndarray) -> Arrays:
        """The features the schema asks for, missing where the row is −1."""
        padding = rows < 0
        x = {}
        for name, missing in self._missing[side].items():
            for part, array in features[name].items():
                x[f"{side}.{name}.{part}"] = taken = array[rows]
                taken[padding] = missing[part][0]
        return x

    def _labels(self, rows: np.ndarray, items: np.ndarray, counted: np.ndarray) -> tuple[Arrays, Arrays]:
        """Labels and weights of these events, which are of these items."""
        events = self.data.events
        real = rows >= 0
        y, w = {}, {}
        for task in self.schema.tasks:
            label, known, count = items, real, counted
            if not task.retrieval:
                label = events.labels[task.name][rows]
                known = real & ~np.isnan(label)
                count = counted & known
            y[task.name] = np.where(known, label, 0).astype(label.dtype, copy=False)
            weight = np.where(count, events.weights[task.name][rows], 0)
            w[task.name] = weight.astype("float32", copy=False)
        return y, w


def _check_prepared(data: Data, schema: Schema) -> None:
    """Raises ValueError for a feature or task of the schema that the data lacks."""
    for side, names in zip(SIDES, (data.items, data.users, data.events.features), strict=True):
        for feature in schema.features(side):
            if feature.name not in names:
                raise ValueError(
                    f"The schema asks for {side} feature {feature.name!r}, which was not prepared; prepared "
                    f"are {sorted(names)}. Prepare the data again with this schema, or leave the feature out."
                )
    for task in schema.tasks:
        if task.name not in data.events.weights:
            raise ValueError(
                f"The schema asks for task {task.name!r}, which was not prepared; prepared are "
                f"{sorted(data.events.weights)}. Prepare the data again with this schema, or leave it out."
            )

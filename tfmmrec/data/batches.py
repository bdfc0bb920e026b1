"""Batches for training: windows of histories, their candidates, and each item once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.data.distinct import distinct, item_buckets
from tfmmrec.data.history_changes import HistoryChanges
from tfmmrec.data.negatives import Negatives, log_inclusion, log_unseen, negatives_of
from tfmmrec.data.windows import Placement, Sequences, Sets, Windows, ranges
from tfmmrec.encoders.histories import HIDDEN, UNKNOWN
from tfmmrec.modalities import elapsed, missing_parts
from tfmmrec.schema import SIDES, Schema, Side

Arrays = dict[str, np.ndarray]
Batch = tuple[Arrays, Arrays, Arrays]
"""Inputs, labels by task and weights by task; see `Batches`."""

_TRIALS = 8  # epochs planned ahead to learn how many batches one takes


@dataclass(frozen=True)
class _Plan:
    """One epoch: the list of events, the windows in it, where they stand, each batch's bucket and rows."""

    epoch: int
    rows: np.ndarray
    windows: Windows
    placement: Placement
    batches: list[tuple[int, np.ndarray]]


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
    ) -> None:
        if batch_events is None:
            batch_events = default_batch_events(schema)
        for name, value, least in (
            ("encoded", 1 if encoded is None else encoded, 1),
            ("batch_events", batch_events, 1),
            ("negatives", negatives if isinstance(negatives, int) else 0, 0),
            ("seed", seed, 0),
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
        self._cutter = Sequences(data.events, length, crop) if schema.ordered else Sets(data.events, length)
        self.shapes = [
            (max(1, batch_events // (length + 1)), length, candidates)
            for length, candidates in zip(
                self._cutter.lengths.tolist(), self._cutter.candidates.tolist(), strict=True
            )
        ]
        """``(B, L, K)`` of each length bucket."""
        self.item_buckets = item_buckets(data.vocabulary.trained_items)
        """Every U there can be."""
        self.window_buckets = item_buckets(self.shapes[0][0] * self.shapes[0][2]) if schema.ordered else None
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
        trials = [self._cutter.cut(self._generator(0, trial)) for trial in range(_TRIALS)]
        self._count = max(sum(self._batches_per_bucket(self._cutter.place(trial))) for trial in trials)
        self._plan = self._plan_epoch(0)
        self._counts, self._log_unseen = self._events_per_item()
        self.learn_negatives()

    def __len__(self) -> int:
        """Number of batches, the same in every epoch."""
        return self._count

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
            self._plan = self._plan_epoch(epoch)

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
        user = _padded(windows.user[chosen], wanted)
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
        x, position = self._distinct_items(read_items, asked_items, chance)
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

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _batches_per_bucket(self, placement: Placement) -> list[int]:
        counts = np.bincount(placement.bucket, minlength=len(self.shapes))
        return [-(-int(count) // size) for count, (size, _, _) in zip(counts, self.shapes, strict=True)]

    def _plan_epoch(self, epoch: int) -> _Plan:
        generator = self._generator(1, epoch)
        while True:
            windows = self._cutter.cut(generator).shuffled(generator)
            placement = self._cutter.place(windows)
            per_bucket = self._batches_per_bucket(placement)
            if sum(per_bucket) <= self._count:
                break  # else, which is rare, other offsets, which take no more batches than a trial
        per_bucket[int(np.argmax(per_bucket))] += self._count - sum(per_bucket)

        shuffled = generator.permutation(len(placement.bucket))
        bucket = placement.bucket[shuffled]
        batches = [
            (number, part)
            for number, count in enumerate(per_bucket)
            if count
            for part in np.array_split(shuffled[bucket == number], count)
        ]
        order = generator.permutation(len(batches))
        rows = self._cutter.rows(generator)
        return _Plan(epoch, rows, windows, placement, [batches[i] for i in order])

    def learn_negatives(self) -> None:
        """Tells the negatives of the items; call it again when something about them has changed."""
        absent = np.exp(self._log_unseen)
        _, others = self._room(round(len(absent) - absent.sum()))
        self.negatives.learn(self._counts, absent, others)

    def _room(self, events: int) -> tuple[int, int]:
        """How many of a batch's items of events are encoded, and how many others are drawn."""
        others = min(self.negatives.count, self.data.vocabulary.trained_items - events)
        if not self.encoded:
            return events, others
        encoded = min(events, max(-(-self.encoded // 2), self.encoded - others))
        return encoded, min(others, self.encoded - encoded)

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

    def _distinct_items(
        self, read: np.ndarray, asked: np.ndarray, generator: np.random.Generator
    ) -> tuple[Arrays, tuple[np.ndarray, np.ndarray]]:
        """``item.*`` of the distinct items, and positions for rows of the catalogue."""
        trained = self.data.vocabulary.trained_items
        found, position = distinct(np.concatenate([read.ravel(), asked.ravel()]), trained)
        events = len(found)
        encoded, others = self._room(events)  # of the events' items some; of the others, all
        if others:
            found = np.concatenate([found, self.negatives.draw(found, trained, others, generator)])
            others = len(found) - events
        size = self.item_buckets[np.searchsorted(self.item_buckets, len(found))]
        row = _padded(found, size)
        log_q, log_encoded = np.zeros(size, "float32"), np.zeros(size, "float32")
        log_q[: len(found)] = log_inclusion(self._log_unseen[found], self.negatives.log_missed[found])
        if events:  # an epoch may end with a batch of padding
            log_encoded[:events] = np.log(encoded / events)
        if self.cached:
            drawn = found[events:]
            log_encoded[events : len(found)] = self.negatives.log_drawn(drawn, trained - events, others)
        x = {"item.row": row, "item.log_q": log_q, "item.log_encoded": log_encoded}
        place = np.arange(size, dtype="int32")
        if self.encoded and self.encoded < size:
            drawn = np.concatenate([generator.permutation(events)[:encoded], np.arange(events, len(found))])
            place = np.full(size, -1, "int32")
            place[drawn] = np.arange(len(drawn))
            row = _padded(row[drawn], self.encoded)
        x["item.encoded"] = place
        x |= self._features("item", self.data.items, row)
        return x, (position[: read.size].reshape(read.shape), position[read.size :].reshape(asked.shape))

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


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    """Rows ``[size]``: those given, and −1 behind them."""
    padded = np.full(size, -1, "int32")
    padded[: len(rows)] = rows
    return padded


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

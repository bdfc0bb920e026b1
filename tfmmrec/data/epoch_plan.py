"""Which windows of events make which batch of an epoch, in epochs of equally many batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfmmrec.data.windows import Placement, Sequences, Sets, Windows

_TRIALS = 8  # epochs planned ahead to learn how many batches one takes


@dataclass(frozen=True)
class EpochPlan:
    """One epoch.

    Attributes:
        epoch: its number.
        rows: int64 ``[E']``, the list of events that windows count in.
        windows: cut from it, in random order.
        placement: where they stand.
        batches: of each batch the number of its length bucket, and its rows in the placement.
    """

    epoch: int
    rows: np.ndarray
    windows: Windows
    placement: Placement
    batches: list[tuple[int, np.ndarray]]


class EpochPlanner:
    """Plans epochs, each with the same number of batches.

    Args:
        cutter: cuts windows and places them in rows.
        sizes: rows of a batch, by length bucket.
        generator: gives a source of chance for a key of whole numbers.

    Attributes:
        count: batches of an epoch.
    """

    def __init__(
        self,
        cutter: Sequences | Sets,
        sizes: Sequence[int],
        generator: Callable[..., np.random.Generator],
    ) -> None:
        self._cutter, self._sizes, self._generator = cutter, sizes, generator
        trials = [cutter.cut(generator(0, trial)) for trial in range(_TRIALS)]
        self.count = max(sum(self._batches_per_bucket(cutter.place(trial))) for trial in trials)

    def plan(self, epoch: int) -> EpochPlan:
        """The plan of an epoch, the same whenever it is asked for."""
        generator = self._generator(1, epoch)
        while True:
            windows = self._cutter.cut(generator).shuffled(generator)
            placement = self._cutter.place(windows)
            per_bucket = self._batches_per_bucket(placement)
            if sum(per_bucket) <= self.count:
                break  # else, which is rare, other offsets, which take no more batches than a trial
        per_bucket[int(np.argmax(per_bucket))] += self.count - sum(per_bucket)

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
        return EpochPlan(epoch, rows, windows, placement, [batches[i] for i in order])

    def _batches_per_bucket(self, placement: Placement) -> list[int]:
        counts = np.bincount(placement.bucket, minlength=len(self._sizes))
        return [-(-int(count) // size) for count, size in zip(counts, self._sizes, strict=True)]

"""The distinct items of a batch: those of its events and negatives, and which of them are encoded."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.distinct import distinct, item_buckets, up_to
from tfmmrec.data.negatives import Negatives, log_inclusion

Arrays = dict[str, np.ndarray]


class BatchItems:
    """Gathers the items of a batch, each once; what comes of it is described in `Batches`.

    Args:
        trained: items there are to draw from, rows ``[0, trained)`` of the catalogue.
        negatives: items beside those of the events.
        encoded: at most so many of a batch's items are encoded; all by default.
        cached: whether the others' content is kept.
        counts: ``[trained]``, expected events of each in an epoch.
        log_unseen: ``[trained]``, log of the chance of each that no event of a batch is of it.
        shares: equal ones, into which U and E fall.

    Attributes:
        buckets: every number U of distinct items there can be.
    """

    def __init__(
        self,
        trained: int,
        negatives: Negatives,
        encoded: int | None,
        cached: bool,
        counts: np.ndarray,
        log_unseen: np.ndarray,
        shares: int = 1,
    ) -> None:
        self.buckets = item_buckets(trained, shares)
        encoded = None if encoded is None else up_to(encoded, shares)
        self._trained, self._negatives, self._encoded, self._cached = trained, negatives, encoded, cached
        self._counts, self._log_unseen = counts, log_unseen
        self.learn_negatives()

    def learn_negatives(self) -> None:
        """Tells the negatives of the items; call it again when something about them has changed."""
        absent = np.exp(self._log_unseen)
        _, others = self._room(round(len(absent) - absent.sum()))
        self._negatives.learn(self._counts, absent, others)

    def __call__(
        self, read: np.ndarray, asked: np.ndarray, generator: np.random.Generator
    ) -> tuple[Arrays, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The items of events that are read and asked about.

        Args:
            read, asked: rows of the catalogue, −1 for none.
            generator: source of chance.

        Returns:
            ``item.row``, ``item.log_q``, ``item.log_encoded`` and ``item.encoded``; rows ``[E]`` of the
            catalogue to encode, −1 is padding; and where `read` and `asked` stand among the distinct items.
        """
        found, position = distinct(np.concatenate([read.ravel(), asked.ravel()]), self._trained)
        events = len(found)
        encoded, others = self._room(events)  # of the events' items some; of the others, all
        if others:
            found = np.concatenate([found, self._negatives.draw(found, self._trained, others, generator)])
            others = len(found) - events
        size = self.buckets[np.searchsorted(self.buckets, len(found))]
        row = padded(found, size)
        log_q, log_encoded = np.zeros(size, "float32"), np.zeros(size, "float32")
        log_q[: len(found)] = log_inclusion(self._log_unseen[found], self._negatives.log_missed[found])
        if events:  # an epoch may end with a batch of padding
            log_encoded[:events] = np.log(encoded / events)
        if self._cached:
            drawn = found[events:]
            log_encoded[events : len(found)] = self._negatives.log_drawn(
                drawn, self._trained - events, others
            )
        x = {"item.row": row, "item.log_q": log_q, "item.log_encoded": log_encoded}
        place = np.arange(size, dtype="int32")
        if self._encoded and self._encoded < size:
            drawn = np.concatenate([generator.permutation(events)[:encoded], np.arange(events, len(found))])
            place = np.full(size, -1, "int32")
            place[drawn] = np.arange(len(drawn))
            row = padded(row[drawn], self._encoded)
        x["item.encoded"] = place
        return x, row, (position[: read.size].reshape(read.shape), position[read.size :].reshape(asked.shape))

    def _room(self, events: int) -> tuple[int, int]:
        """How many of a batch's items of events are encoded, and how many others are drawn."""
        others = min(self._negatives.count, self._trained - events)
        if not self._encoded:
            return events, others
        encoded = min(events, max(-(-self._encoded // 2), self._encoded - others))
        return encoded, min(others, self._encoded - encoded)


def padded(rows: np.ndarray, size: int) -> np.ndarray:
    """Rows ``[size]``: those given, and −1 behind them."""
    found = np.full(size, -1, "int32")
    found[: len(rows)] = rows
    return found

"""The users an export knows by their ids: their histories and features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfmmrec.data.dataset import COLD, Data, Features


@dataclass(frozen=True)
class KnownUsers:
    """M users by id; leave them out of an export whose users always bring their history.

    Attributes:
        ids: ``[M]``, strings.
        start: int64 ``[M + 1]``: user m's latest events are rows ``start[m]:start[m + 1]`` of `item`,
            `time` and `events`, oldest first.
        item: int32 ``[E]``, rows of the catalogue.
        time: float64 ``[E]``, seconds since the epoch, NaN where unknown.
        events: features of the events, ``[E, …]`` by feature and part.
        features: of the users, ``[M, …]`` by feature and part.
        seen_start, seen: likewise int64 ``[M + 1]`` and int32: every item a user has met, each once.
    """

    ids: Sequence[str]
    start: np.ndarray
    item: np.ndarray
    time: np.ndarray
    events: Features
    features: Features
    seen_start: np.ndarray
    seen: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def keeping(self, kept: np.ndarray) -> KnownUsers:
        """The users where some items are gone: their events are, too, and rows count the items that stay.

        Args:
            kept: bool ``[N]``, of the catalogue's items.
        """
        row = np.cumsum(kept, dtype="int32") - 1
        users = np.arange(len(self), dtype="int64")
        there, seen = kept[self.item], kept[self.seen]
        return replace(
            self,
            start=_starts(np.repeat(users, np.diff(self.start))[there], len(self)),
            item=row[self.item[there]],
            time=self.time[there],
            events={
                feature: {part: array[there] for part, array in parts.items()}
                for feature, parts in self.events.items()
            },
            seen_start=_starts(np.repeat(users, np.diff(self.seen_start))[seen], len(self)),
            seen=row[self.seen[seen]],
        )

    @classmethod
    def of(cls, data: Data) -> KnownUsers:
        """All users of prepared data, with their latest ``history.length`` events of every split.

        Events of items that were held out of training altogether (``data.cold``) are not among them.

        Raises:
            ValueError: the schema has no users.
        """
        if data.schema.user_id is None:
            raise ValueError(
                "There are no users to know: the schema has none (user_id=None). Export without: users=None."
            )
        events, users = data.events, len(data.user_ids)
        rows = np.flatnonzero(np.asarray(events.split) != COLD)
        user = events.user[rows]
        of_item = np.asarray(events.item)[rows].astype("int64")
        met = np.unique(np.stack([user, of_item], axis=1), axis=0)  # sorted by user

        start = _starts(user, users)
        from_end = start[1:][user] - np.arange(len(rows))  # 1 for a user's last event
        latest = from_end <= data.schema.history.length
        rows, user = rows[latest], user[latest]
        return cls(
            ids=list(data.user_ids),
            start=_starts(user, users),
            item=np.asarray(events.item)[rows].astype("int32"),
            time=np.asarray(events.time, "float64")[rows],
            events={
                feature: {part: array[rows] for part, array in parts.items()}
                for feature, parts in events.features.items()
            },
            features=data.users,
            seen_start=_starts(met[:, 0], users),
            seen=met[:, 1].astype("int32"),
        )


def _starts(user: np.ndarray, users: int) -> np.ndarray:
    """Where each user's rows begin, of rows sorted by user."""
    return np.concatenate([[0], np.cumsum(np.bincount(user, minlength=users))]).astype("int64")

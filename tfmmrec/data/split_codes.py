"""Which split each event is in: those of cold items first, the others as the split says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfmmrec.data import splits
from tfmmrec.data.dataset import COLD, SPLITS, TRAIN
from tfmmrec.data.event_log import EventLog
from tfmmrec.data.readers import Table
from tfmmrec.schema import Schema

_EVENTS = 65_536  # hashed at once


def split_codes(
    log: EventLog, table: Table, schema: Schema, split: str, cold_items: float, seed: int
) -> np.ndarray:
    """Codes of the events: first the cold items', then the others' by the split.

    Raises:
        ValueError: no event is left to learn from.
    """
    cold = splits.choose_cold(log.item, cold_items, seed)
    warm = ~cold
    function, option = splits.named(split)
    column = splits.column_of(split)
    codes = np.full(len(cold), COLD, "int8")
    alone = np.asarray([0, warm.sum()])  # without users all events are drawn from together
    codes[warm] = function(
        start=alone if schema.user_id is None else log.starts(warm),
        item=None if schema.ordered or schema.user_id is None else log.item[warm],
        time=log.time[warm],
        values=table.cells(column, log.rows[warm]) if column else None,
        option=option,
        seed=seed,
    )
    if not (codes == TRAIN).any():
        counts = {SPLITS[code]: int(count) for code, count in enumerate(np.bincount(codes)) if count}
        raise ValueError(f"The split {split!r} leaves no event to learn from: {counts}.")
    return codes


def split_sha256(log: EventLog, codes: np.ndarray) -> str:
    """A hash of which event of whom is in which split, which pins it."""
    users, items = (_records(ids) for ids in (log.user_ids, log.item_ids))
    names = pa.array([name.encode() for name in SPLITS])
    digest = hashlib.sha256()
    for first in range(0, len(codes), _EVENTS):
        some = slice(first, first + _EVENTS)
        told = (users.take(log.user[some]), items.take(log.item[some]), names.take(codes[some]))
        digest.update(b"".join(pc.binary_join_element_wise(*told, b"").to_pylist()))
    return digest.hexdigest()


def _records(ids: Sequence[str]) -> pa.Array:
    """Ids with their lengths, so that no two rows of ids read the same."""
    return pa.array([b"%d:%s," % (len(one.encode()), one.encode()) for one in ids], pa.binary())

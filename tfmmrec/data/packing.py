"""Windows of different lengths side by side in rows of one length, so that hardly a place is padding."""

from __future__ import annotations

import numpy as np


def pack(sizes: np.ndarray, places: int) -> tuple[np.ndarray, np.ndarray]:
    """Packs windows into rows, best fit in decreasing order (Johnson et al., 1974).

    The longest windows come first; each takes the row with the least room that still holds it, and a new row
    where none does. Windows of one size are placed together, so that a million of them take as many steps as
    there are sizes, not windows (as in the packing by histogram of Krell et al., 2021). Of windows of one
    size, the first given are placed first.

    Args:
        sizes: int ``[W]``, each from 1 to `places`.
        places: of a row.

    Returns:
        int64 ``[W]`` each window's row, from 0 without gaps, and ``[W]`` the place in it where it begins.

    Raises:
        ValueError: a size is out of range.
    """
    sizes = np.asarray(sizes, "int64")
    row, offset = np.zeros(len(sizes), "int64"), np.zeros(len(sizes), "int64")
    if not len(sizes):
        return row, offset
    if not 1 <= sizes.min() <= sizes.max() <= places:
        raise ValueError(f"Sizes must be from 1 to places={places}, got {sizes.min()} to {sizes.max()}.")
    rows = 0
    open_rows: dict[int, np.ndarray] = {}  # by the room they have
    order = np.argsort(-sizes, kind="stable")
    different, first = np.unique(-sizes[order], return_index=True)
    for size, windows in zip((-different).tolist(), np.split(order, first[1:]), strict=True):
        while len(windows):
            room = min((room for room in open_rows if room >= size), default=0)
            if not room:
                room, new = places, -(-len(windows) // (places // size))
                open_rows[room], rows = np.arange(rows, rows + new), rows + new
            taken, left = np.split(open_rows.pop(room), [len(windows)])
            if len(left):
                open_rows[room] = left
            placed, windows = np.split(windows, [len(taken)])
            row[placed], offset[placed] = taken, places - room
            if room > size:
                others = open_rows.get(room - size, taken[:0])
                open_rows[room - size] = np.concatenate([others, taken])
    return row, offset

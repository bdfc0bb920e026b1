"""Batches of any histories, and how a test reads them."""

import numpy as np
from hypothesis import strategies as st

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import TRAIN

HISTORIES = st.lists(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0, 0, 0, 0, 1, 2, 3])), max_size=30),
    min_size=1,
    max_size=10,
).filter(lambda histories: any(split == TRAIN for history in histories for _, split in history))
SETTINGS = dict(
    length=st.integers(1, 9), size=st.integers(1, 60), negatives=st.integers(0, 9), seed=st.integers(0, 9)
)


def built(made, histories, length, ordered=True, **settings):
    items = [[item for item, _ in history] for history in histories]
    splits = [[split for _, split in history] for history in histories]
    data = made(items, splits, ordered=ordered, length=length)
    return data, Batches(data, data.schema, **settings)


def rows_of(batch):
    """Rows of the events read ``[B, L]`` and asked about ``[B, K]``, −1 is padding."""
    x, y, _ = batch
    read = np.where(x["history.item"] >= 0, x["event.kind.value"] - 1, -1)
    return read, np.where(x["candidate"] >= 0, y["event"].astype(int), -1)


def windows_of(batch):
    """Of each window of a batch its number, where its states stand, and where what they read stands."""
    for row, window in enumerate(batch[0]["history.window"]):
        for number in np.unique(window[window >= 0]):
            places = np.flatnonzero(window == number)
            assert (np.diff(places) == 1).all(), "the states of a window stand side by side"
            yield number, (row, places), (row, places[1:] - 1)

"""A shop to prepare, and prepared data made by hand for tests of what is built on it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from data.shop import fill
from tfmmrec.data.dataset import TRAIN, Data, Events
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Category, History, Modality, Number, Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, NextItem, Rating


def _features(features: Sequence[Modality], rows: int) -> dict[str, dict[str, np.ndarray]]:
    """Arrays of the right shapes in which every value of row r is r + 1."""
    number = np.arange(1, rows + 1)
    return {
        feature.name: {
            part: np.broadcast_to(number.reshape(-1, *(1 for _ in shape)), (rows, *shape)).astype(dtype)
            for part, (shape, dtype) in feature.spec({"size": rows + 1}).items()
        }
        for feature in features
    }


def make_data(
    histories: Sequence[Sequence[int]],
    splits: Sequence[Sequence[int]] | None = None,
    *,
    ordered: bool = True,
    length: int = 4,
    times: Any = None,
    like: Any = None,
    weights: Any = None,
) -> Data:
    """Data of these users' items, in which every feature of row r has the value r + 1.

    The label of the task ``"event"`` is the row of the event, which tells batches' events apart.

    Args:
        histories: items of each user, any numbers; renumbered so that trained items come first.
        splits: split of each event; all TRAIN by default.
        ordered: tasks are NextItem, or else Match, and in both cases ``"event"`` and ``"like"``.
        length: of the history.
        times: float ``[E]``; event r is at r seconds by default.
        like: float ``[E]``, labels of the task ``"like"``; 1 by default.
        weights: float ``[E]``, of the retrieval task; 1 by default.
    """
    raw = np.asarray([item for history in histories for item in history], "int64")
    split = np.full(len(raw), TRAIN) if splits is None else np.concatenate([[], *splits])
    trained = np.unique(raw[split == TRAIN])
    known = np.concatenate([trained, np.setdiff1d(raw, trained)])
    order = np.argsort(known)
    item = order[np.searchsorted(known[order], raw)].astype("int32")
    start = np.cumsum([0, *map(len, histories)])

    tasks = [NextItem() if ordered else Match(), Rating("event"), Binary("like")]
    schema = Schema(
        item=[Text("title", length=3), Number("price")],
        user=[Category("gender"), Number("age")],
        event=[Category("kind"), Number("seconds")],
        tasks=tasks,
        timestamp="time" if ordered else None,
        history=History(length=length),
    )
    rows = {"item": len(known), "user": len(histories), "event": len(raw)}
    states = {side: {f.name: {"size": n + 1} for f in schema.features(side)} for side, n in rows.items()}
    ones = np.ones(len(raw), "float32")
    like = ones if like is None else np.asarray(like, "float32")
    events = Events(
        start=start,
        item=item,
        time=np.arange(len(raw), dtype="float64") if times is None else np.asarray(times, "float64"),
        split=split.astype("int8"),
        features=_features(schema.features("event"), len(raw)),
        labels={"event": np.arange(len(raw), dtype="float32"), "like": like},
        weights={
            tasks[0].name: ones if weights is None else np.asarray(weights, "float32"),
            "event": ones,
            "like": np.where(np.isnan(like), 0, 2).astype("float32"),
        },
    )
    return Data(
        schema=schema,
        vocabulary=Vocabulary(states, {}, len(known), len(trained)),
        item_ids=[str(i) for i in known],
        user_ids=[str(i) for i in range(len(histories))],
        items=_features(schema.features("item"), len(known)),
        users=_features(schema.features("user"), len(histories)),
        events=events,
        split_sha256="",
    )


@pytest.fixture(scope="session")
def made() -> Callable[..., Data]:
    """`make_data`."""
    return make_data


@pytest.fixture
def folder(tmp_path):
    """The tables of the shop."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return fill(folder)

"""What every contender of the index benchmark is given, and how its speed and recall are taken.

A task is a folder: ``vectors.npy`` float32 ``[N, D]``, ``queries.npy`` float32 ``[Q, D]``, ``best.npy`` int64
``[Q, K]`` (the rows of the largest dot products, best first), and ``settings.json`` with ``k`` and
``batches`` (lists), ``seconds`` (of a measurement) and ``threads``. Needs NumPy alone, so that it runs in
every peer's environment.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ENOUGH = 0.995  # of recall: what comes after it on the curve is slower and finds no more
AT_ONCE = 64  # queries, where recall is measured and is the same for every batch
SLICES = 3  # of a measurement, of which the quickest counts


def write(folder: Path, vectors: np.ndarray, queries: np.ndarray, best: np.ndarray, **settings: Any) -> None:
    """Writes a task."""
    for name, array in {"vectors": vectors, "queries": queries, "best": best}.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "settings.json").write_text(json.dumps(settings))


def read(folder: Path) -> SimpleNamespace:
    """The way back."""
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("vectors", "queries", "best")}
    return SimpleNamespace(**arrays, **json.loads((folder / "settings.json").read_text()))


def measure(
    build: Callable[[SimpleNamespace], Any],
    search: Callable[[Any, Any, int], Callable[[np.ndarray], Any]],
    settings: Iterable[Any] = (None,),
    by_batch: bool = False,
) -> None:
    """Prints a line of JSON for each setting, k and batch: ``recall``, ``qps``, and ``build``, seconds.

    Args:
        build: the task → an index.
        search: index, setting, k → a function from queries ``[B, D]`` to rows ``[B, k]``.
        settings: from the quickest to the most thorough; one whose recall is `ENOUGH` is the last.
        by_batch: whether what is found depends on how many are asked at once. Recall is then taken in the
            batches that are timed: an index that scores a large batch whole finds everything there, and not
            where it is asked one by one.
    """
    task = read(Path(sys.argv[-1]))
    began = time.perf_counter()
    index = build(task)
    built = time.perf_counter() - began
    for k in task.k:
        for setting in settings:
            ask = search(index, setting, k)
            recalls: dict[int, float] = {}
            for batch in task.batches:
                at_once = batch if by_batch else AT_ONCE
                if at_once not in recalls:
                    recalls[at_once] = recall_of(ask, task, k, at_once)
                recall = recalls[at_once]
                qps = speed_of(ask, task.queries, batch, task.seconds)
                point = {"setting": setting, "k": k, "batch": batch, "recall": recall, "qps": qps}
                print(json.dumps({**point, "build": built}), flush=True)
            if min(recalls.values()) >= ENOUGH:
                break


def recall_of(ask: Callable[[np.ndarray], Any], task: SimpleNamespace, k: int, batch: int = AT_ONCE) -> float:
    """The share of the true best k that is found, over all queries, so many at once."""
    found = [
        np.asarray(ask(task.queries[start : start + batch])) for start in range(0, len(task.queries), batch)
    ]
    hits = [
        len(np.intersect1d(one, best[:k])) for one, best in zip(np.concatenate(found), task.best, strict=True)
    ]
    return float(np.mean(hits) / k)


def speed_of(ask: Callable[[np.ndarray], Any], queries: np.ndarray, batch: int, seconds: float) -> float:
    """Queries per second in batches of so many, every batch another one; the best of some slices of time."""
    around = np.concatenate([queries, queries[:batch]])
    place, best = 0, 0.0
    ask(around[:batch])  # whatever is put off until the first time
    for _ in range(SLICES):
        asked, began = 0, time.perf_counter()
        while not asked or time.perf_counter() - began < seconds / SLICES:
            ask(around[place : place + batch])
            place = (place + batch) % len(queries)
            asked += batch
        best = max(best, asked / (time.perf_counter() - began))
    return best

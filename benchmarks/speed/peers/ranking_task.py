"""What every contender of the ranking benchmark is given, and how its seconds and memory are taken.

A task is a folder: ``states.npy`` float32 ``[Q, D]``, ``vectors.npy`` float32 ``[N, D]``, ``target.npy``
int64 ``[Q]`` (the one held-out item), ``seen.npy`` int64 ``[P]`` with ``start.npy`` int64 ``[Q + 1]`` (the
items of query q's history are ``seen[start[q]:start[q + 1]]``), and ``settings.json`` with ``k``, ``repeats``
and ``memory`` (bytes). Needs NumPy alone, so that it runs in every peer's environment.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

NAMES = ("states", "vectors", "target", "seen", "start")


def write(folder: Path, arrays: dict, **settings: int) -> None:
    """Writes a task."""
    for name in NAMES:
        np.save(folder / f"{name}.npy", arrays[name])
    (folder / "settings.json").write_text(json.dumps(settings))


def measure(
    rank: Callable[[SimpleNamespace], tuple[float, float]],
    prepare: Callable[[SimpleNamespace], Any] | None = None,
) -> None:
    """Prints a line of JSON: the best seconds, the bytes added at the peak, recall and NDCG.

    Added is the peak of the whole process less what it holds after its imports, with the arrays loaded.

    Args:
        rank: the task → mean recall and mean NDCG of the first k places.
        prepare: the task → what `rank` finds as its ``prepared``; not timed, and held before.
    """
    folder = Path(sys.argv[-1])
    arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in NAMES}
    task = SimpleNamespace(**arrays, **json.loads((folder / "settings.json").read_text()))
    task.prepared = prepare(task) if prepare else None
    before = held("VmRSS")
    seconds = []
    for _ in range(task.repeats):
        began = time.perf_counter()
        recall, ndcg = rank(task)
        seconds.append(time.perf_counter() - began)
    added = held("VmHWM") - before
    print(json.dumps({"seconds": min(seconds), "added": added, "recall": recall, "ndcg": ndcg}))


def held(what: str) -> int:
    """Bytes of memory this process holds, or held at its peak: a line of Linux' ``/proc/self/status``.

    ``ru_maxrss`` would not do: a process begins with that of the one which started it.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return 1024 * int(line.split()[1])
    raise SystemExit(f"/proc/self/status has no {what}; memory is measured on Linux.")

"""Full ranking as NumPy is used plainly: a matrix of scores, a mask, argpartition; timed on given arrays.

``python numpy_ranking.py FOLDER`` prints a line of JSON: seconds, bytes added at the peak, recall and NDCG.
The folder is described in `benchmarks.speed.evaluate`. Users are taken so many at a time as scores fit
into the given memory, with room for the copy that sorting downwards needs.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


def rank(folder: Path, settings: dict) -> tuple[float, float]:
    """Mean recall and NDCG of the first k places."""
    states, vectors, target, seen, start = (
        np.load(folder / f"{name}.npy") for name in ("states", "vectors", "target", "seen", "start")
    )
    k = settings["k"]
    users = max(1, settings["memory"] // (16 * len(vectors)))  # scores, their negative, int64 places
    found = np.zeros((len(states), k), bool)
    for first in range(0, len(states), users):
        last = min(first + users, len(states))
        scores = states[first:last] @ vectors.T
        row = np.repeat(np.arange(last - first), np.diff(start[first : last + 1]))
        at_target = scores[np.arange(last - first), target[first:last]]
        scores[row, seen[start[first] : start[last]]] = -np.inf
        scores[np.arange(last - first), target[first:last]] = at_target
        top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1)
        found[first:last] = np.take_along_axis(top, order, 1) == target[first:last, None]
    gain = (found / np.log2(np.arange(2, k + 2))).sum(axis=1)
    return float(found.any(axis=1).mean()), float(gain.mean())


def main() -> None:
    """Times the ranking, arrays being in memory already, as often as asked."""
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "settings.json").read_text())
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").is_file() else 0
    seconds = []
    for _ in range(settings["repeats"]):
        began = time.perf_counter()
        recall, ndcg = rank(folder, settings)
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": min(seconds), "peak": peak - pages * resource.getpagesize(), "recall": recall, "ndcg": ndcg}))


if __name__ == "__main__":
    main()

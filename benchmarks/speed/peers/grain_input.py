"""Grain reads what a description says; runs in an environment of its own.

``python grain_input.py DESCRIPTION.json`` needs grain, numpy and pillow, and prints a line of JSON: examples
per second ``cold`` (from the files) and ``cached`` (from arrays decoded before), and the arrays' means. A
shuffled `MapDataset` in batches; files are decoded by threads and then by as many processes, of which the
faster counts, and arrays are read by threads.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import grain.python as grain
from input_examples import Cached, Decoded, description, keep, means


def rate(source: Any, asked: dict[str, Any], passes: int, processes: bool) -> float:
    """Examples per second, the start of the workers included."""
    workers = asked["workers"]
    dataset = grain.MapDataset.source(source).seed(0).shuffle().batch(asked["batch"])
    if processes:
        ahead = dataset.to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=4))
        ahead = ahead.mp_prefetch(grain.MultiprocessingOptions(workers, per_worker_buffer_size=4))
    else:
        ahead = dataset.to_iter_dataset(grain.ReadOptions(num_threads=workers, prefetch_buffer_size=16))
    began, seen = time.perf_counter(), 0
    for _ in range(passes):
        for batch in ahead:
            seen += len(batch["label"])
    return seen / (time.perf_counter() - began)


def main() -> None:
    """Reads, and says how fast."""
    asked = description(sys.argv[1])
    decoded = Decoded(asked)
    found: dict[str, Any] = {"cold": max(rate(decoded, asked, 1, processes) for processes in (False, True))}
    with tempfile.TemporaryDirectory() as aside:
        keep(decoded, Path(aside))
        found["cached"] = rate(Cached(Path(aside)), asked, asked["passes"], processes=False)
        print(json.dumps({**found, "means": means(Path(aside))}))


if __name__ == "__main__":
    main()

"""What raw text and posters cost in a step of training, MovieLens-1M: once an item, or once an event.

``python -m benchmarks.speed.multimodal`` needs TFMMREC_DATA, takes about ten minutes and writes
``benchmarks/results/speed-multimodal.json``. All contenders are our own model, in one process and in turns,
on the same batches with the same weights; what differs is said in the row:

* a batch's distinct items encoded once each, against every event's item encoded for itself (the same vectors
  and, without dropout, the same loss), as in a model whose item encoder stands behind a padded history;
* at most 512 of the distinct items encoded, the others' content taken from the cache of the full softmax,
  against all distinct items encoded;
* each modality beside the id, against the id alone.

Events are the real ones of a batch. Steps are not compiled by XLA: batches differ in their number of items.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.results import THREADS, Measured, write

KEPT = Path("runs") / "benchmarks" / "ml-1m"
BATCH_EVENTS, ENCODED = 8192, 512
STEPS, ROUNDS = 2, 3


def every_occurrence(batch: Any) -> Any:
    """The batch with an item of its own for each event in it."""
    x, y, w = batch
    candidate = x["candidate"]
    flat = candidate[candidate >= 0]
    own = np.full(candidate.shape, -1, "int32")
    own[candidate >= 0] = np.arange(len(flat))
    # what a state reads is what the state before it was asked about
    x = dict(x, candidate=own, **{"history.item": np.where(x["history.item"] >= 0, own[:, :-1], -1)})
    for name in [name for name in x if name.startswith("item.")]:
        x[name] = x[name][flat]
    x["item.encoded"] = np.arange(len(flat), dtype="int32")
    return x, y, w


class Contender:
    """A model, ready to be trained a few steps whenever it is its turn."""

    def __init__(self, data: Any, schema: Any, encoded: int | None = None, occurrences: bool = False) -> None:
        from tfmmrec.data.batches import Batches
        from tfmmrec.models import build_recommender

        batches = Batches(data, schema, batch_events=BATCH_EVENTS, encoded=encoded, seed=0)
        chosen = [batches[i] for i in range(STEPS)]
        self.distinct = statistics.mean(int((x["item.row"] >= 0).sum()) for x, _, _ in chosen)
        self.batches = [every_occurrence(batch) if occurrences else batch for batch in chosen]
        self.events = sum(int((x["candidate"] >= 0).sum()) for x, _, _ in chosen)
        self.model = build_recommender(schema, data.vocabulary, width=64, seed=0)
        self.model.compile(optimizer="adam")
        self.model.train_on_batch(*self.batches[0])  # traced

    def rate(self) -> float:
        """Events per second of one turn."""
        begun = time.perf_counter()
        for batch in self.batches:
            self.model.train_on_batch(*batch)
        return self.events / (time.perf_counter() - begun)


def turns(contenders: dict[str, Contender], rounds: int = ROUNDS) -> dict[str, float]:
    """The median rate of each, all taking turns."""
    from tfmmrec.memory import kept_memory

    found: dict[str, list[float]] = {name: [] for name in contenders}
    with kept_memory():
        for _ in range(rounds):
            for name, contender in contenders.items():
                found[name].append(contender.rate())
                print(name, round(found[name][-1]), flush=True)
    return {name: statistics.median(rates) for name, rates in found.items()}


def main() -> None:
    """Runs the measurement."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    from tfmmrec.data import load
    from tfmmrec.recipes.movielens import convert_1m
    from tfmmrec.schema import Schema

    folder = convert_1m(source, KEPT / "data")
    given = Schema.from_toml(folder / "schema.toml")
    data = load(folder, given, prepared=KEPT / "prepared")
    names = [feature.name for feature in given.features("item")]
    content = [name for name in names if name != "item_id"]
    whole = given.only(item=names, user=[], event=[], tasks=["next_item"])

    once = Contender(data, whole)
    rates = turns(
        {
            "once": once,
            "occurrences": Contender(data, whole, occurrences=True),
            "part": Contender(data, whole, encoded=ENCODED),
        }
    )
    per_modality = turns(
        {"id": Contender(data, whole.only(item=["item_id"]))}
        | {name: Contender(data, whole.only(item=["item_id", name])) for name in content}
    )
    share = f"{once.distinct:,.0f} items for {once.events / STEPS:,.0f} events"
    measured = [
        Measured(
            f"text + posters, each item encoded once a step ({share})",
            rates["once"],
            rates["occurrences"],
            "every event's item encoded",
            "events/s",
        ),
        Measured(
            f"text + posters, {ENCODED} items encoded a step, the others' content cached",
            rates["part"],
            rates["once"],
            "all items of the step encoded",
            "events/s",
        ),
        *(
            Measured(f"id and {name}", per_modality[name], per_modality["id"], "id alone", "events/s")
            for name in content
        ),
    ]
    write("multimodal", measured, "python -m benchmarks.speed.multimodal")


if __name__ == "__main__":
    main()

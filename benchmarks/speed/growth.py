"""How the cost of a training step grows with the catalogue and with the histories.

``python -m benchmarks.speed.growth`` takes less than ten minutes and writes ``speed-growth.json`` and
``speed-growth.png`` into ``benchmarks/results``; with ``KERAS_BACKEND=jax``, ``speed-growth-jax.…``. Events
are generated: items by Zipf's law (the n-th most frequent has a share of 1/n), users with as many events as
a history has and one more. Ids are the only feature; a batch is 4,096 events; the optimizer is `fit`'s, and
Keras's AdamW where all rows are updated.

An example is an event that is asked about. Its cost is a step's time by its events, input included, over the
steps of all turns but the first, in which everything is traced; in a turn each model trains the same few
batches. With more items a batch has more different ones: so much does even a sampled softmax grow.

- Catalogue, histories of 50 events: the sampled softmax (512 negatives), and the full softmax up to where it
  is the default. At the largest, rows used beside all rows updated, as Keras's AdamW does.
- Histories: the full softmax over the smallest catalogue.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.speed.results import RESULTS, THREADS, Measured, write
from tfmmrec.aside import file_aside
from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import TRAIN, Data, Events
from tfmmrec.data.feeds import feed
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.models.item_vectors import FULL_SOFTMAX_ITEMS
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem
from tfmmrec.training.row_updates import adamw

ITEMS = (10_000, 100_000, 1_000_000)
LENGTHS = (10, 50, 200, 1000)
LENGTH = 50
"""Events of a history where the catalogue grows."""
BATCH_EVENTS = 4096
STEPS, TURNS = 6, 4
SAMPLED, FULL, ALL_ROWS = "sampled softmax", "full softmax", "sampled softmax, all rows updated"

Costs = dict[tuple[str, int, int], float]
"""Microseconds per event by softmax, items and length of history."""


def generated(items: int, length: int, steps: int = STEPS, batch_events: int = BATCH_EVENTS) -> Data:
    """So many batches of full histories over so many items, all of them known to training."""
    generator = np.random.default_rng(0)
    users = steps * max(1, batch_events // (length + 1))
    share = np.cumsum(1 / np.arange(1, items + 1))
    rank = np.searchsorted(share, generator.uniform(0, share[-1], users * (length + 1)))
    count = len(rank)
    events = Events(
        start=np.arange(0, count + 1, length + 1),
        item=generator.permutation(items).astype("int32")[rank],  # frequent items stand anywhere in the table
        time=np.full(count, np.nan),
        split=np.full(count, TRAIN, "int8"),
        features={},
        labels={},
        weights={"next_item": np.ones(count, "float32")},
    )
    schema = Schema(tasks=[NextItem()], order="file", history=History(length=length, layers=2, heads=2))
    states = {"item": {"item_id": {"size": items + 1}}, "user": {}, "event": {}}
    return Data(
        schema=schema,
        vocabulary=Vocabulary(states, {"next_item": {}}, items, items),
        item_ids=(),
        user_ids=(),
        items={"item_id": {"id": np.arange(1, items + 1, dtype="int32")}},
        users={},
        events=events,
        split_sha256="",
    )


class Training(keras.callbacks.Callback):
    """A model and its batches; `turn` trains them once.

    Args:
        softmax: `SAMPLED`, `FULL` or `ALL_ROWS`.
        items: of the catalogue.
        length: events of a history.
    """

    def __init__(self, softmax: str, items: int, length: int) -> None:
        super().__init__()
        data = generated(items, length)
        provider = "table" if softmax == FULL else "encoded"
        model = build_recommender(data.schema, data.vocabulary, width=64, item_vectors=provider, seed=0)
        optimizer = adamw(model, 1e-3, weight_decay=0.01)
        if softmax == ALL_ROWS:
            settings = {key: value for key, value in optimizer.get_config().items() if key != "tables"}
            optimizer = keras.optimizers.AdamW.from_config(settings)
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, jit_compile=keras.backend.backend() == "jax")
        self.trained = model
        self.batches = Batches(
            data, data.schema, batch_events=BATCH_EVENTS, negatives=0 if softmax == FULL else 512
        )
        self.events = [int((self.batches[at][0]["candidate"] >= 0).sum()) for at in range(len(self.batches))]
        self.ends: list[float] = []

    def turn(self) -> tuple[float, int]:
        """Seconds and events of the batches but the first, before which a pipeline is filled."""
        self.ends = []
        self.trained.fit(feed(self.batches), verbose=0, shuffle=False, callbacks=[self])
        return self.ends[-1] - self.ends[0], sum(self.events[1:])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        float(logs["loss"])  # waits for the step
        self.ends.append(time.perf_counter())


def measure(chosen: Sequence[tuple[str, int, int]], turns: int = TURNS) -> Costs:
    """All of them in turn, the first turn left out."""
    trainings = {}
    for key in chosen:
        trainings[key] = Training(*key)
        trainings[key].turn()
        print("traced", *key, flush=True)
    seconds, events = dict.fromkeys(chosen, 0.0), dict.fromkeys(chosen, 0)
    for _ in range(turns - 1):
        for key, training in trainings.items():
            took, count = training.turn()
            seconds[key] += took
            events[key] += count
    return {key: 1e6 * seconds[key] / events[key] for key in chosen}


def catalogues(items: Sequence[int] = ITEMS) -> list[tuple[str, int, int]]:
    """What is measured where the catalogue grows."""
    sampled = [(SAMPLED, count, LENGTH) for count in items]
    full = [(FULL, count, LENGTH) for count in items if count <= FULL_SOFTMAX_ITEMS]
    return [*sampled, *full, (ALL_ROWS, max(items), LENGTH)]


def histories(items: int = ITEMS[0], lengths: Sequence[int] = LENGTHS) -> list[tuple[str, int, int]]:
    """What is measured where histories grow."""
    return [(FULL, items, length) for length in lengths]


def rows(by_catalogue: Costs, by_history: Costs) -> list[Measured]:
    """Every point of the curves beside the first of its curve; a ratio of 1 is no growth."""
    found = []
    for softmax in (SAMPLED, FULL):
        curve = {items: cost for (kind, items, _), cost in by_catalogue.items() if kind == softmax}
        (first, least), *others = sorted(curve.items())
        for items, cost in others:
            name, peer = f"{softmax}, {items:,} items, per example", f"{first:,} items"
            found.append(Measured(name, cost, least, peer, "µs", less_is_better=True))
    (largest, every) = next((key, cost) for key, cost in by_catalogue.items() if key[0] == ALL_ROWS)
    name = f"{SAMPLED}, {largest[1]:,} items, rows used updated"
    ours = by_catalogue[(SAMPLED, *largest[1:])]
    found.append(Measured(name, ours, every, "all rows, Keras's AdamW", "µs", less_is_better=True))
    (first, least), *others = sorted((length, cost) for (_, _, length), cost in by_history.items())
    for length, cost in others:
        name = f"history of {length:,} events, per event"
        found.append(Measured(name, cost, least, f"{first} events", "µs", less_is_better=True))
    return found


def draw(by_catalogue: Costs, by_history: Costs, path: Path) -> None:
    """Two panels with logarithmic axes, each relative to the least of what grows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    base = min((key[1], cost) for key, cost in by_catalogue.items() if key[0] == SAMPLED)[1]
    for softmax in (SAMPLED, FULL, ALL_ROWS):
        curve = sorted(
            (items, cost / base) for (kind, items, _), cost in by_catalogue.items() if kind == softmax
        )
        left.plot(*zip(*curve, strict=True), marker="o", label=softmax)
    left.set(xlabel="items", ylabel="cost per example, relative", title=f"Catalogue, histories of {LENGTH}")
    left.legend()
    curve = sorted((length, cost) for (_, _, length), cost in by_history.items())
    right.plot([length for length, _ in curve], [cost / curve[0][1] for _, cost in curve], marker="o")
    items = next(iter(by_history))[1]
    right.set(
        xlabel="events of a history", ylabel="cost per event, relative", title=f"History, {items:,} items"
    )
    for panel in (left, right):
        panel.set(xscale="log", yscale="log")
        panel.grid(which="both", alpha=0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        figure.savefig(aside, format="png")


def main() -> None:
    """Runs the measurement."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--try", dest="tried", action="store_true", help="tiny sizes, and nothing is written"
    )
    tried = arguments.parse_args().tried
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    by_catalogue = measure(catalogues((100, 1_000) if tried else ITEMS))
    by_history = measure(histories(100, (5, 20)) if tried else histories())
    if tried:
        for one in rows(by_catalogue, by_history):
            print(one, round(one.ratio, 3))
        return
    name = "growth" if backend == "tensorflow" else f"growth-{backend}"
    before = "" if backend == "tensorflow" else f"KERAS_BACKEND={backend} "
    draw(by_catalogue, by_history, RESULTS / f"speed-{name}.png")
    write(name, rows(by_catalogue, by_history), f"{before}python -m benchmarks.speed.growth")


if __name__ == "__main__":
    main()

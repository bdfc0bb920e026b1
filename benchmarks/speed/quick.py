"""Has something become slower? Ratios to a fixed NumPy step of the same run, beside those accepted before.

``python -m benchmarks.speed.quick`` (``make bench-quick``) takes a few minutes, generates its data, and ends
with 1 where a ratio is more than `MARGIN` times the one in ``benchmarks/results/quick.json``; ``--accept``
writes that file. Before each timing of ours the NumPy step is timed, so that a slow machine, or one that is
busy for a while, slows both; a ratio is the median of several turns. What looks slower is measured a second
time, in a new process, and the lesser ratio counts.

The margin is wide because two threads on a shared machine move such medians by a fifth from run to run, and
another processor moves them by more; a change that loses a fusion, traces anew each step, or goes back to a
Python loop costs a factor of two and stands out.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.results import RESULTS, THREADS, commit, hardware, json_lines

ACCEPTED = RESULTS / "quick.json"
COMMAND = "python -m benchmarks.speed.quick"
MARGIN = 1.5
TURNS = 9

USERS, ITEMS, MEAN_EVENTS = 600, 3400, 100
WIDTH, LENGTH, STATES = 64, 200, 4096


def write_events(folder: Path) -> None:
    """A log with many short histories and few long ones, of items by Zipf's law, each user's in order."""
    generator = np.random.default_rng(0)
    chance = 1 / np.arange(10, ITEMS + 10)
    sizes = 5 + generator.geometric(1 / (MEAN_EVENTS - 5), USERS)
    items = generator.choice(ITEMS, sizes.sum(), p=chance / chance.sum())
    with (folder / "events.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id"])
        table.writerows(zip(np.repeat(np.arange(USERS), sizes).tolist(), items.tolist(), strict=True))


def reference() -> Callable[[], Any]:
    """The fixed step: products and elementwise work of a training step's shapes, float32, in NumPy."""
    generator = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return generator.normal(size=shape).astype("float32")

    states, table = normal(STATES, WIDTH), normal(ITEMS, WIDTH)
    inner, outer = normal(WIDTH, 4 * WIDTH), normal(4 * WIDTH, WIDTH)

    def step() -> Any:
        hidden = np.tanh(states @ inner) @ outer
        logits = hidden @ table.T
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return weights @ table, weights.T @ hidden

    return step


def measures(folder: Path) -> dict[str, tuple[int, Callable[[], Any]]]:
    """What is timed, by name: calls in a turn, and the call."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    from tfmmrec.data import load
    from tfmmrec.data.batches import Batches
    from tfmmrec.evaluation import evaluate
    from tfmmrec.losses import chunked_softmax
    from tfmmrec.modalities import History
    from tfmmrec.models import build_recommender
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import NextItem

    write_events(folder)
    history = History(length=LENGTH, layers=2, heads=2, dropout=0.2)
    schema = Schema(tasks=[NextItem()], order="file", history=history)
    data = load(folder, schema)
    batches = Batches(data, schema, batch_events=STATES)
    x, y, weight = batches[0]

    def training_step(jit_compile: bool) -> Callable[[], Any]:
        model = build_recommender(schema, data.vocabulary, width=WIDTH, seed=0)
        model.compile(optimizer=keras.optimizers.AdamW(1e-3), jit_compile=jit_compile)
        return lambda: model.train_on_batch(x, y, sample_weight=weight)

    generator = np.random.default_rng(0)
    hidden, table = (
        tf.Variable(generator.normal(size=(rows, WIDTH)).astype("float32")) for rows in (STATES, ITEMS)
    )
    target = tf.constant(generator.integers(0, ITEMS, STATES), tf.int32)

    @tf.function
    def softmax() -> Any:
        with tf.GradientTape() as tape:
            loss = chunked_softmax(hidden, table, target, tf.ones(STATES))
        return tape.gradient(loss, (hidden, table))

    judged = build_recommender(schema, data.vocabulary, width=WIDTH, seed=0)
    return {
        "training step": (2, training_step(False)),
        "training step with XLA": (2, training_step(True)),
        "softmax over the catalogue, with gradients": (2, lambda: softmax()[0].numpy()),
        "20 batches": (2, lambda: [batches[index % len(batches)] for index in range(20)]),
        "evaluation on validation": (1, lambda: evaluate(judged, data.validation)),
    }


def turns() -> Iterator[dict[str, float]]:
    """Of each turn, the ratios; what is compiled at first is not timed."""
    fixed = reference()
    with tempfile.TemporaryDirectory() as folder:
        timed = measures(Path(folder))
        for _, call in timed.values():
            call()
            call()
        for _ in range(TURNS):
            ratios = {}
            for name, (calls, call) in timed.items():
                seconds = _seconds(fixed, 2)
                ratios[name] = _seconds(call, calls) / seconds
            yield ratios


def _seconds(call: Callable[[], Any], calls: int) -> float:
    """Of one call, the mean of so many."""
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


def measured() -> dict[str, float]:
    """The median ratios of a process of its own."""
    lines = json_lines([sys.executable, "-m", "benchmarks.speed.quick", "--turns"])
    return {name: statistics.median(line[name] for line in lines) for name in lines[0]}


def rows(ratios: dict[str, float]) -> list[dict[str, Any]]:
    """What `ACCEPTED` holds."""
    shared = {"command": COMMAND, "hardware": hardware(), "git_commit": commit()}
    return [{"name": name, "ratio": float(f"{ratio:.4g}"), **shared} for name, ratio in ratios.items()]


def slower(ratios: dict[str, float], accepted: list[dict[str, Any]], margin: float = MARGIN) -> list[str]:
    """The names whose ratio is more than `margin` times the accepted one.

    Raises:
        ValueError: the accepted ratios are of other measures than these.
    """
    known = {row["name"]: row["ratio"] for row in accepted}
    if known.keys() != ratios.keys():
        raise ValueError(
            f"Expected accepted ratios of {sorted(ratios)}, got those of {sorted(known)}. Accept anew, on a "
            f"commit whose speed is right: {COMMAND} --accept."
        )
    return [name for name, ratio in ratios.items() if ratio > margin * known[name]]


def compared(ratios: dict[str, float], accepted: list[dict[str, Any]], margin: float = MARGIN) -> str:
    """A table: what was accepted, what it is now, by how much it changed."""
    behind = slower(ratios, accepted, margin)
    lines = [f"{'':<44}{'accepted':>10}{'now':>10}{'change':>10}"]
    for row in accepted:
        name, now = row["name"], ratios[row["name"]]
        change = f"{now / row['ratio']:.2f}×"
        mark = f"  slower by more than {margin:g}×" if name in behind else ""
        lines.append(f"{name:<44}{row['ratio']:>10.3f}{now:>10.3f}{change:>10}{mark}")
    return "\n".join(lines)


def main() -> None:
    """Measures, and accepts or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="keep the ratios measured now")
    parser.add_argument("--turns", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.turns:
        for ratios in turns():
            print(json.dumps(ratios), flush=True)
        return
    if not given.accept and not ACCEPTED.is_file():
        raise SystemExit(f"There are no accepted ratios yet; measure them with {COMMAND} --accept.")
    found = measured()
    if given.accept:
        ACCEPTED.write_text(json.dumps(rows(found), indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(ACCEPTED.read_text("utf-8"))
        return
    accepted = json.loads(ACCEPTED.read_text("utf-8"))
    if slower(found, accepted):
        again = measured()
        found = {name: min(ratio, again[name]) for name, ratio in found.items()}
    if accepted[0]["hardware"] != hardware():
        print(f"Accepted on {accepted[0]['hardware']}; this is {hardware()}: ratios differ between machines.")
    print(compared(found, accepted))
    if slower(found, accepted):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

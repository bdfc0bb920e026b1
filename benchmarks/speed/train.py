"""How fast next-item training is beside RecBole, Keras RS's example and plain PyTorch; ids of MovieLens-1M.

``python -m benchmarks.speed.train --peer torch=PYTHON --peer recbole=PYTHON --peer keras-rs=PYTHON`` needs
TFMMREC_DATA and for each peer the Python of an environment that has it; ``--width 64 --width 128`` measures
at both. It writes ``benchmarks/results/speed-train.json``. All train in turn, in processes of their own with
the same threads, on the same users' events, with the same width, layers, heads, dropout, length and slots of
a batch; rates are medians over the rounds, and RecBole's of the first alone. A peer that can run with and
without compilation does both, and the quicker one counts. Of ours the step with XLA is compared, and the one
without has a row of its own; what was compiled in the first epoch is measured in the second. Our training
tells the allocator to keep freed memory for the next step (`tfmmrec.memory`); PyTorch is measured as
it comes, and again with the same told to it from outside, which few users know of.

Tokens are the real events that are read, targets the supervised positions; padding counts for neither. What
differs:

* Ours packs windows into rows, so that nearly every slot is an event. Plain PyTorch and Keras RS get the same
  kind of windows one to a row, padded behind: about half of their slots are events.
* RecBole makes a sequence of every target, so a batch has as many targets as rows. The events before a target
  are read again for the next one: its tokens/s count each reading, and targets/s are what compares.
* Keras RS's example has a sampled loss, one negative a target instead of the catalogue: less work. The rows
  with a softmax over the catalogue have the same layers and our loss: equal work.
* The inner width is four times the width; ours has as many multiplications in three matrices instead of two.
  RecBole and Keras RS add biases, Keras RS dropout on attention weights.

The work of a step is counted as three times (forward, and twice that backward) the multiplications and
additions of its matrix products over real positions: dense layers, attention over the events a position may
see, and the softmax over the catalogue. What is computed for padding, or masked, does not count. The
machine's own rate is that of a large float32 matrix product in NumPy, taken before each of our turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.results import THREADS, Measured, json_lines, write

KEPT = Path("runs") / "benchmarks" / "ml-1m-ids"
PEERS = {
    "torch": "plain PyTorch SASRec",
    "recbole": "RecBole SASRec, a sequence per target",
    "keras-rs": "Keras RS's example SASRec, one negative per target",
}
KEEPING, CATALOGUE = "torch, keeping memory", "keras-rs, catalogue"
VARIANTS = {
    **PEERS,
    KEEPING: f"{PEERS['torch']}, freed memory kept",
    CATALOGUE: "the layers of Keras RS's example, softmax over the catalogue",
}
ONCE = {"recbole"}  # minutes to make its sequences, and no doubt about the ratio
SCRIPTS = Path(__file__).parent / "peers"

MODEL: dict[str, Any] = {"layers": 2, "heads": 2, "length": 200, "dropout": 0.2, "users": 128}
WARM_UP, STEPS = 2, 10
KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 33),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
}


def prepared_data() -> Any:
    """ML-1M's ids and nothing else."""
    from tfmmrec.data import load
    from tfmmrec.modalities import History
    from tfmmrec.recipes.movielens import convert_1m
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import NextItem

    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    folder = convert_1m(source, KEPT.with_name("ml-1m") / "data")
    history = History(**{name: MODEL[name] for name in ("length", "layers", "heads", "dropout")})
    schema = Schema(tasks=[NextItem()], order="file", history=history)
    return load(folder, schema, prepared=KEPT / "prepared")


def padded_batches(data: Any) -> dict[str, np.ndarray]:
    """An epoch of windows, each alone in a row: int32 ``[steps, users, length]``, items from 1; 0 is none."""
    from tfmmrec.data.dataset import TRAIN
    from tfmmrec.data.windows import Sequences

    length, users = MODEL["length"], MODEL["users"]
    cutter = Sequences(data.events, length)
    rows, windows = np.flatnonzero(data.events.split == TRAIN), cutter.cut(np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(len(windows.user))
    order = order[: len(order) // users * users]
    read = np.zeros((len(order), length), "int32")
    asked = np.zeros_like(read)
    items = data.events.item[rows] + 1
    for place, window in enumerate(order):
        start, size = windows.candidate_start[window], windows.candidate_size[window]
        sequence = items[start : start + size]  # the first is read, and not asked about: nothing is known yet
        read[place, : len(sequence) - 1], asked[place, : len(sequence) - 1] = sequence[:-1], sequence[1:]
    return {name: array.reshape(-1, users, length) for name, array in (("read", read), ("asked", asked))}


def multiplications(window: np.ndarray, targets: int, items: int, width: int) -> float:
    """Those of a forward pass's matrix products over real positions.

    Args:
        window: int ``[B, S]``, which window each position belongs to, side by side; −1 is padding.
        targets: supervised positions.
        items: of the catalogue.
        width: of the model.
    """
    first = np.diff(window, axis=1, prepend=-2) != 0
    place = np.arange(window.shape[1])
    seen = place - np.maximum.accumulate(np.where(first, place, 0), axis=1) + 1
    real = window >= 0
    inner = 8 * ((width * 8 // 3 + 7) // 8)
    dense = (4 * width**2 + 3 * width * inner) * real.sum()
    attention = 2 * width * seen[real].sum()
    return float(MODEL["layers"] * (dense + attention) + width * items * targets)


def ours(width: int, jit_compile: bool) -> Iterator[dict[str, float]]:
    """Trains, and says of each measured step its seconds, tokens, targets, operations and loss."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    from tfmmrec.data.batches import Batches
    from tfmmrec.models import build_recommender
    from tfmmrec.training import fit

    data = prepared_data()
    model = build_recommender(data.schema, data.vocabulary, width=width, seed=0)
    batch_events = MODEL["users"] * (MODEL["length"] + 1)
    batches = Batches(data, data.schema, batch_events=batch_events, seed=0)
    compiled, measurable, counts = set(), [], []
    for epoch in range(2):
        batches.epoch = epoch
        for step, (x, _, weights) in enumerate(batches):
            shapes = tuple(sorted((name, array.shape) for name, array in x.items()))
            # the first step of an epoch has Keras's own work before it; a new shape has to be compiled
            measurable.append(epoch > 0 and step > 0 and shapes in compiled)
            compiled.add(shapes)
            tokens = int((x["history.item"] >= 0).sum())
            targets = int((weights["next_item"] > 0).sum())
            products = multiplications(x["history.window"], targets, data.vocabulary.trained_items, width)
            counts.append({"tokens": tokens, "targets": targets, "operations": 6 * products})
    marks: list[float] = []
    losses: list[float] = []

    def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
        marks.append(time.perf_counter())
        losses.append(loss)
        model.stop_training = sum(measurable[: len(marks)]) >= STEPS

    fit(
        model,
        data.train,
        epochs=2,
        batch_events=batch_events,
        jit_compile=jit_compile,
        on_step=on_step,
        seed=0,
    )
    for step in range(1, len(marks)):
        if measurable[step]:
            yield {"seconds": marks[step] - marks[step - 1], "loss": losses[step], **counts[step]}


def matrix_rate(size: int = 2048) -> float:
    """Multiplications and additions per second of a large float32 matrix product, at best."""
    a = np.random.default_rng(0).normal(size=(size, size)).astype("float32")
    best = 0.0
    for _ in range(8):
        began = time.perf_counter()
        a @ a
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def rates(steps: list[dict[str, Any]]) -> tuple[str, dict[str, float]]:
    """How it ran, and what is counted per second: of several ways the one with the most targets a second."""
    ways: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        ways[step.get("how", "")].append(step)
    found = {}
    for how, of_way in ways.items():
        seconds = sum(step["seconds"] for step in of_way)
        units = [unit for unit in ("tokens", "targets", "operations") if unit in of_way[0]]
        found[how] = {unit: sum(step[unit] for step in of_way) / seconds for unit in units}
    return max(found.items(), key=lambda way: way[1]["targets"])


def take_turns(data: Any, width: int, pythons: dict[str, str], rounds: int) -> dict[str, dict[str, float]]:
    """The median rates of ours (``xla``, ``plain``), of the peers, and of matrix products (``machine``)."""
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "batches.npz"), **padded_batches(data))
        np.savez(Path(folder, "events.npz"), user=data.events.user, item=data.events.item)
        items = data.vocabulary.trained_items
        settings = {**MODEL, "width": width, "items": items, "threads": THREADS}
        settings |= {"warm_up": WARM_UP, "steps": STEPS}
        Path(folder, "settings.json").write_text(json.dumps(settings), "utf-8")
        own = [sys.executable, "-m", "benchmarks.speed.train", "--width", str(width), "--only"]
        commands = {name: [*own, name] for name in ("xla", "plain")}
        for name, python in pythons.items():
            commands[name] = [python, str(SCRIPTS / f"{name.replace('-', '_')}_sasrec.py"), folder]
        if "torch" in commands:
            commands[KEEPING] = commands["torch"]
        if "keras-rs" in commands:
            commands[CATALOGUE] = [*commands["keras-rs"], "--catalogue"]
        for turn in range(rounds):
            for name, command in commands.items():
                if turn and name in ONCE:
                    continue
                if name in ("xla", "plain"):
                    found["machine"] += json_lines([*own, "machine"])
                variables = KEEP_MEMORY if name == KEEPING else {}
                how, measured = rates(json_lines(command, **variables))
                found[name].append(measured)
                said = {unit: round(value) for unit, value in measured.items()}
                print(f"width {width}, round {turn}, {name} {how}: {said}", flush=True)
    return {
        name: {unit: statistics.median(one[unit] for one in of_rounds) for unit in of_rounds[0]}
        for name, of_rounds in found.items()
    }


def compared(width: int, found: dict[str, dict[str, float]]) -> Iterator[Measured]:
    """The rows of one width."""
    mine, plain, machine = found["xla"], found["plain"], found["machine"]["operations"]
    for name, said in VARIANTS.items():
        for unit in ("targets", "tokens"):
            if name in found:
                what = f"training, width {width}, {unit} per second"
                yield Measured(what, mine[unit], found[name][unit], said, f"{unit}/s")
    what = f"training, width {width}, XLA step"
    yield Measured(what, mine["targets"], plain["targets"], "ours without XLA", "targets/s")
    what = f"training, width {width}, share of the matrix-product rate"
    product = "float32 matrix product 2048 × 2048"
    yield Measured(what, mine["operations"] / 1e9, machine / 1e9, product, "GFLOP/s")


def named_python(text: str) -> tuple[str, str]:
    """A peer and its Python, of ``NAME=PYTHON``."""
    name, equals, python = text.partition("=")
    if not equals or name not in PEERS:
        raise argparse.ArgumentTypeError(f"NAME=PYTHON, NAME one of {', '.join(PEERS)}; got {text!r}")
    return name, python


def main() -> None:
    """Runs everything in turn and writes the table; or one process of ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=named_python, action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--width", type=int, action="append", help="of the model, 64 by default")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=("xla", "plain", "machine"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    widths = given.width or [64]
    if given.only:
        measured = given.only == "machine" and [{"operations": matrix_rate()}]
        for line in measured or ours(widths[0], given.only == "xla"):
            print(json.dumps(line), flush=True)
        return
    data, pythons = prepared_data(), dict(given.peer)
    rows: list[Measured] = []
    for width in widths:
        rows += compared(width, take_turns(data, width, pythons, given.rounds))
    chosen = [f"--peer {name}=PYTHON" for name in pythons] + [f"--width {width}" for width in widths]
    chosen.append(f"--rounds {given.rounds}")
    write("train", rows, " ".join(["python -m benchmarks.speed.train", *chosen]))


if __name__ == "__main__":
    main()

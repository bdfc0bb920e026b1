"""How fast a step of next-item training is, beside a plain PyTorch SASRec; id alone, MovieLens-1M.

``python -m benchmarks.speed.train --peer-python PATH`` needs TFMMREC_DATA and an environment with torch,
whose Python is PATH; it writes ``benchmarks/results/speed-train.json`` and takes ten minutes. Both train
in turn, in processes of their own, on windows of the same users with the same width, layers, heads, dropout,
full softmax and AdamW; the ratio is of the medians over the rounds.

Tokens are the real events that are read, targets the supervised positions; padding counts for neither. The
work of a step is counted as three times (forward, and twice that backward) the multiplications and additions
of its matrix products over real positions: dense layers, attention over the events a position may see, and
the softmax over the catalogue. The machine's own rate is that of a large float32 matrix product.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path("runs") / "benchmarks" / "ml-1m-ids"
RESULT = Path(__file__).parent.parent / "results" / "speed-train.json"
PEER = Path(__file__).parent / "peers" / "torch_sasrec.py"

THREADS = 2
ROUNDS = 2
SETTINGS: dict[str, Any] = {"width": 64, "layers": 2, "heads": 2, "length": 200, "dropout": 0.2, "users": 128}
WARM_UP, STEPS = 8, 24


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
    names = ("length", "layers", "heads", "dropout")
    history = History(**{name: SETTINGS[name] for name in names})
    schema = Schema(tasks=[NextItem()], order="file", history=history)
    return load(folder, schema, prepared=KEPT / "prepared")


def padded_batches(data: Any) -> dict[str, np.ndarray]:
    """One epoch of windows, each padded to the whole length: what a peer without buckets is given."""
    from tfmmrec.data.dataset import TRAIN
    from tfmmrec.data.windows import Sequences

    length, users = SETTINGS["length"], SETTINGS["users"]
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


def ours() -> None:
    """Trains and prints a line of JSON per step, as the peers do."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    from tfmmrec.data.batches import Batches
    from tfmmrec.models import build_recommender
    from tfmmrec.training import fit

    data = prepared_data()
    model = build_recommender(data.schema, data.vocabulary, width=SETTINGS["width"], seed=0)
    batch_events = SETTINGS["users"] * (SETTINGS["length"] + 1)
    batches = Batches(data, data.schema, batch_events=batch_events, seed=0)
    counts = []
    for epoch in range(2):
        batches.epoch = epoch
        for x, _, weights in batches:
            targets = int((weights["next_item"] > 0).sum())
            counts.append((int((x["history.item"] >= 0).sum()), targets))
    marks: list[float] = []
    losses: list[float] = []

    def on_step(epoch: int, step: int, count: int, loss: float) -> None:
        marks.append(time.perf_counter())
        losses.append(loss)

    fit(model, data.train, epochs=2, batch_events=batch_events, on_step=on_step, seed=0)
    first = len(marks) // 2  # every shape was traced in the first epoch
    for step in range(first + 1, len(marks)):
        tokens, targets = counts[step]
        seconds = marks[step] - marks[step - 1]
        print(json.dumps({"seconds": seconds, "tokens": tokens, "targets": targets, "loss": losses[step]}))


def matrix_rate() -> float:
    """Multiplications and additions per second of a large float32 matrix product, at best."""
    a = np.random.default_rng(0).normal(size=(2048, 2048)).astype("float32")
    best = 0.0
    for _ in range(8):
        began = time.perf_counter()
        a @ a
        best = max(best, 2 * 2048**3 / (time.perf_counter() - began))
    return best


def work(contexts: np.ndarray, targets: int, items: int, dense: int) -> float:
    """Floating-point operations of a step: 3 × 2 × the multiplications of its products over real positions.

    Args:
        contexts: how many events each real position may see.
        targets: supervised positions.
        items: of the catalogue.
        dense: multiplications of the dense layers of one position, all layers.
    """
    width, layers = SETTINGS["width"], SETTINGS["layers"]
    attention = 2 * layers * width * float(contexts.sum())
    return 6.0 * (dense * len(contexts) + attention + width * items * targets)


def run(command: list[str]) -> list[dict[str, float]]:
    """The steps that a process measured."""
    variables = {**os.environ, "OMP_NUM_THREADS": str(THREADS), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(command, env=variables, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr[-3000:]}")
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def rates(steps: list[dict[str, float]]) -> dict[str, float]:
    """Real tokens and supervised targets per second."""
    seconds = sum(step["seconds"] for step in steps)
    return {name: sum(step[name] for step in steps) / seconds for name in ("tokens", "targets")}


def main() -> None:
    """Runs both in turn and writes the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--peer-python", required=True, help="the Python of an environment with torch")
    peer_python = arguments.parse_args().peer_python
    data = prepared_data()
    items = data.vocabulary.trained_items
    found: dict[str, list[dict[str, float]]] = {"ours": [], "torch": []}
    with tempfile.TemporaryDirectory() as aside:
        np.savez(Path(aside, "batches.npz"), **padded_batches(data))
        settings = {**SETTINGS, "items": items, "threads": THREADS, "warm_up": WARM_UP, "steps": STEPS}
        Path(aside, "settings.json").write_text(json.dumps(settings))
        peer = [peer_python, str(PEER), str(Path(aside, "batches.npz")), str(Path(aside, "settings.json"))]
        commands = {"ours": [sys.executable, "-m", "benchmarks.speed.train", "--ours"], "torch": peer}
        for turn in range(ROUNDS):
            for name, command in commands.items():
                found[name].append(rates(run(command)))
                print(turn, name, {k: round(v) for k, v in found[name][-1].items()}, flush=True)
    peak = matrix_rate()
    sizes = np.diff(data.events.start)
    contexts = np.concatenate([1 + np.arange(size) % SETTINGS["length"] for size in sizes.tolist()])
    width, layers = SETTINGS["width"], SETTINGS["layers"]
    hidden = 8 * ((width * 8 // 3 + 7) // 8)
    per_token = work(contexts, len(contexts), items, layers * (4 * width**2 + 3 * width * hidden)) / len(
        contexts
    )
    middle = {
        name: {unit: statistics.median(one[unit] for one in rounds) for unit in ("tokens", "targets")}
        for name, rounds in found.items()
    }
    command = "python -m benchmarks.speed.train --peer-python PYTHON"
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    shared = {
        "peer_name": "plain PyTorch SASRec",
        "command": command,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "git_commit": commit,
    }
    rows = [
        {
            "name": f"training, {unit} per second",
            "ours": round(middle["ours"][unit]),
            "peer": round(middle["torch"][unit]),
            "ratio": round(middle["ours"][unit] / middle["torch"][unit], 3),
            "unit": f"{unit}/s",
            **shared,
        }
        for unit in ("tokens", "targets")
    ]
    share = middle["ours"]["tokens"] * per_token / peak
    rows.append(
        {
            **shared,
            "name": "training, share of the matrix-product rate",
            "ours": round(middle["ours"]["tokens"] * per_token / 1e9, 2),
            "peer": round(peak / 1e9, 2),
            "peer_name": "float32 matrix product 2048 × 2048",
            "ratio": round(share, 3),
            "unit": "GFLOP/s",
        }
    )
    RESULT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(rows, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    ours() if sys.argv[1:] == ["--ours"] else main()

"""How long ranking the whole catalogue takes, and how much memory, beside plain NumPy and RecBole.

``python -m benchmarks.speed.evaluate --recbole-python PATH`` needs TFMMREC_DATA and an environment with
recbole, whose Python is PATH; it writes ``benchmarks/results/speed-evaluate.json``. Two tasks: MovieLens-1M
(the 6,040 test events, each user's history masked) and a generated catalogue (a sample of ``--users`` of
100,000 users, a million items, 20 items seen; nothing is extrapolated to the others). States and item vectors
are random, fixed, 64 wide and given: no model is run. All compute recall@10 and NDCG@10, and have to agree.

Each contender is a process of its own with two threads; they take turns, and the best of the runs counts.
Memory is what the peak adds to a process that has made its imports and loaded its arrays. All are told the
same number of bytes to work in: we are held to it; NumPy's and RecBole's batches are as many users as it
holds of their matrices.

What differs: RecBole breaks ties by chance and we against the model, which has no effect on random numbers;
our ranking also returns the recommended items. RecBole's own default, ``eval_batch_size: 4096``, would be
batches of a single user on either task, so it is given the larger ones.

``--all`` also ranks all 100,000 users, ours alone, beside nothing but the matrix products in blocks of the
same shape: about 13 TFLOP each, five minutes or so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.speed.peers.ranking_task import measure
from benchmarks.speed.peers.ranking_task import write as write_task
from benchmarks.speed.results import Measured, json_lines, write
from tfmmrec.data.windows import ranges
from tfmmrec.evaluation.ranking import rank
from tfmmrec.evaluation.scores import Products
from tfmmrec.metrics import ndcg_at, recall_at

PEERS = Path(__file__).parent / "peers"
KEPT = Path("runs") / "benchmarks" / "ml-1m-ids"
WIDTH, K = 64, 10
MEMORY = 1 << 28
USERS, ITEMS, SEEN = 100_000, 1_000_000, 20
ROUNDS = 2
BLOCK = 4096, 256  # items and users of a product


class Task:
    """The questions of a task, as `rank` asks them."""

    def __init__(self, task: SimpleNamespace) -> None:
        self.task = task
        self.sizes = np.diff(task.start) + 1

    def __len__(self) -> int:
        return len(self.task.target)

    def targets_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(len(chunk)), self.task.target[chunk]

    def seen_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        start = self.task.start[chunk]
        size = self.task.start[chunk + 1] - start
        return np.repeat(np.arange(len(chunk)), size), self.task.seen[ranges(start, size)]


def ours(task: SimpleNamespace) -> tuple[float, float]:
    """Mean recall and NDCG of the first k places."""
    products = Products(task.states, task.vectors)
    found = rank(Task(task), products, task.k, len(task.vectors), memory=task.memory)
    values = (measure(found.hits, found.relevant, task.k) for measure in (recall_at, ndcg_at))
    recall, ndcg = (float(value.mean()) for value in values)
    return recall, ndcg


def products(task: SimpleNamespace) -> tuple[float, float]:
    """The matrix products of a ranking and nothing else."""
    items, users = BLOCK
    block = np.empty((items, users), "float32")
    for user in range(0, len(task.states), users):
        states = task.states[user : user + users].T
        for item in range(0, len(task.vectors), items):
            vectors = task.vectors[item : item + items]
            np.matmul(vectors, states, out=block[: len(vectors), : states.shape[1]])
    return 0.0, 0.0


def random_vectors(rows: int, seed: int) -> np.ndarray:
    """float32 ``[rows, WIDTH]``, normal."""
    return np.random.default_rng(seed).standard_normal((rows, WIDTH), "float32")


def ml_1m() -> dict[str, np.ndarray]:
    """The test events of MovieLens-1M."""
    from tfmmrec.data import load
    from tfmmrec.evaluation import queries_of
    from tfmmrec.recipes.movielens import convert_1m
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import NextItem

    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    folder = convert_1m(source, KEPT.with_name("ml-1m") / "data")
    data = load(folder, Schema(tasks=[NextItem()], order="file"), prepared=KEPT / "prepared")
    queries = queries_of(data.test)
    everyone = np.arange(len(queries))
    return {
        "states": random_vectors(len(queries), 0),
        "vectors": random_vectors(data.vocabulary.items, 1),
        "target": queries.targets_of(everyone)[1].astype("int64"),
        "seen": queries.seen_of(everyone)[1].astype("int64"),
        "start": np.concatenate([[0], np.cumsum(queries.histories.sizes)]),
    }


def generated(users: int, items: int) -> dict[str, np.ndarray]:
    """The first of 100,000 users and a catalogue; a held-out item and `SEEN` known ones each."""
    random = np.random.default_rng(2)
    return {
        "states": random_vectors(users, 0),
        "vectors": random_vectors(items, 1),
        "target": random.integers(0, items, users),
        "seen": random.integers(0, items, users * SEEN),
        "start": np.arange(users + 1) * SEEN,
    }


def contest(name: str, folder: Path, commands: dict[str, list[str]], rounds: int) -> list[Measured]:
    """Lets the contenders of a task take turns, ours being the first of them.

    Raises:
        SystemExit: they do not agree about what was found.
    """
    runs: dict[str, list[dict[str, float]]] = {who: [] for who in commands}
    for turn in range(rounds):
        for who, command in commands.items():
            runs[who] += json_lines([*command, str(folder)])
            print(name, turn, who, runs[who][-1], flush=True)
    mine, *others = commands
    measured = []
    for other in others:
        for metric in ("recall", "ndcg"):
            a, b = (runs[who][0][metric] for who in (mine, other))
            if abs(a - b) > 1e-3 * max(a, b) + 1e-5:
                raise SystemExit(f"{name}: {metric} is {a} by {mine} and {b} by {other}: not the same work.")
        for what, unit, key in (("seconds", "s", "seconds"), ("memory added", "MiB", "added")):
            a, b = (min(run[key] for run in runs[who]) for who in (mine, other))
            scale = 1 if unit == "s" else 1 << 20
            row = f"ranking of {name}: {what}"
            measured.append(Measured(row, a / scale, b / scale, other, unit, less_is_better=True))
    return measured


def main() -> None:
    """Runs all tasks and writes the table."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--recbole-python", required=True, help="the Python of an environment with recbole")
    asked.add_argument("--users", type=int, default=2000, help="users of the generated task, of 100,000")
    asked.add_argument("--items", type=int, default=ITEMS, help="items of the generated task")
    asked.add_argument("--all", action="store_true", help="also rank all 100,000 users, ours alone")
    asked.add_argument("--dry", action="store_true", help="write no results")
    options = asked.parse_args()
    itself = [sys.executable, "-m", "benchmarks.speed.evaluate"]
    commands = {
        "ours": [*itself, "--ours"],
        "plain NumPy": [sys.executable, str(PEERS / "numpy_ranking.py")],
        "RecBole": [options.recbole_python, str(PEERS / "recbole_ranking.py")],
    }
    command = "python -m benchmarks.speed.evaluate --recbole-python PYTHON"
    measured = []

    def run(name: str, arrays: dict[str, np.ndarray], rivals: dict[str, list[str]], repeats: int) -> None:
        with tempfile.TemporaryDirectory() as aside:
            write_task(Path(aside), arrays, k=K, memory=MEMORY, repeats=repeats)
            del arrays
            measured.extend(contest(name, Path(aside), rivals, ROUNDS if repeats > 1 else 1))

    run("MovieLens-1M", ml_1m(), commands, 5)
    if options.users != 2000 or options.items != ITEMS:
        command += f" --users {options.users} --items {options.items}"
    run(
        f"{options.users:,} users × {options.items:,} items",
        generated(options.users, options.items),
        commands,
        2,
    )
    if options.all:
        command += " --all"
        everyone = generated(USERS, options.items)
        alone = {"ours": commands["ours"], "matrix products alone": [*itself, "--products"]}
        run(f"{USERS:,} users × {options.items:,} items", everyone, alone, 1)
    if not options.dry:
        write("evaluate", measured, command)


ROLES: dict[str, Callable[[SimpleNamespace], tuple[float, float]]] = {"--ours": ours, "--products": products}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ROLES:
        measure(ROLES[sys.argv[1]])
    else:
        main()

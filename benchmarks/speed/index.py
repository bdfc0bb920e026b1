"""How soon an index finds how much of the best, beside brute force and the libraries of the field.

``python -m benchmarks.speed.index --peer keras-rs=PYTHON --peer tfrs=PYTHON --peer scann=PYTHON --peer
faiss=PYTHON --peer hnswlib=PYTHON --peer usearch=PYTHON`` needs TFMMREC_DATA and for each peer the Python of
an environment that has it; a peer that is not named is left out. It takes two hours at full size (``--case``
for one of its four cases, ``--small`` for a few seconds of each). After each case its rows are written into
``speed-index.json``, all points of its curves into ``index-curves.json``, and what is there is drawn,
``speed-index.png``, in ``benchmarks/results``.

Vectors are 64 wide: those of a trained model in noisy copies, asked for by the states of users (`vectors`),
and uniform random ones, asked for by their like, which is the hard case: nothing is near anything. Larger dot
products are better. Each contender is a process of its own with two threads, one after the other; each builds
its index and is asked at several settings, from the quickest on until it finds nearly all. Recall is over all
queries. Every batch has other queries, and of three slices of time the quickest counts.

Compared are, at each k and batch, the most queries per second that each answers with a recall of .95 or more
(at k). What differs:

* Brute force finds everything. Keras RS and TensorFlow Recommenders are graphs of TensorFlow, as ours; the
  others are libraries in C++ called from Python, and do without a call of TensorFlow, 0.1 ms or so.
* Ours also excludes, filters, and answers any k, and is tuned by other queries than those it is measured by.
* FAISS, hnswlib and USearch hold float32 vectors. ScaNN holds codes and the vectors.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.speed import vectors
from benchmarks.speed.peers import index_task
from benchmarks.speed.results import RESULTS, THREADS, Measured, json_lines, write
from tfmmrec.aside import file_aside

SCRIPTS = Path(__file__).parent / "peers"
OURS, EXACT = "ours", "ours, exact"
CONTENDERS = {
    "Keras RS, brute force": ("keras-rs", ["keras_rs_index.py"]),
    "TensorFlow Recommenders, brute force": ("tfrs", ["tfrs_index.py"]),
    "TensorFlow Recommenders, streaming": ("tfrs", ["tfrs_index.py", "--streaming"]),
    "ScaNN": ("scann", ["scann_index.py"]),
    "FAISS, inverted file": ("faiss", ["faiss_index.py"]),
    "FAISS, HNSW": ("faiss", ["faiss_index.py", "--hnsw"]),
    "hnswlib": ("hnswlib", ["hnswlib_index.py"]),
    "USearch": ("usearch", ["usearch_index.py"]),
}
PEERS = sorted({peer for peer, _ in CONTENDERS.values()})
CASES = tuple(f"{items:,} {kind}" for items in (100_000, 1_000_000) for kind in ("trained", "uniform"))
K, BATCHES, QUERIES, SECONDS = (10, 100), (1, 16, 256), 1024, 1.0
TARGET = 0.95
SHARES = (0.06, 0.12, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)  # of the probes it is tuned to

Point = dict[str, Any]


def ours(task: SimpleNamespace, asked: np.ndarray, exact: bool) -> None:
    """Measures an index of ours as the others are measured."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    from tfmmrec import retrieval
    from tfmmrec.retrieval.cells import BLOCK

    def build(task: SimpleNamespace) -> Any:
        return retrieval.Exact(task.vectors) if exact else retrieval.IVF(task.vectors, asked)

    def search(index: Any, setting: float | None, k: int) -> Any:
        if setting is not None:
            index.tuned_probes = getattr(index, "tuned_probes", index.probes)
            least = -(-k // BLOCK)  # with fewer it scores every item
            probes = max(least, round(setting * index.tuned_probes))
            index.probes = min(index.measured["cells"], probes)
        specs = [tf.TensorSpec([None, task.vectors.shape[1]], tf.float32), tf.TensorSpec([None], tf.int32)]
        nobody = tf.TensorSpec([None, None], tf.int32)
        graph = tf.function(
            lambda queries, k, excluded: index.search(queries, k, excluded),
            input_signature=[*specs, nobody],
        ).get_concrete_function()

        def ask(queries: np.ndarray) -> np.ndarray:
            wanted, excluded = np.full(len(queries), k, "int32"), np.empty((len(queries), 0), "int32")
            return graph(tf.constant(queries), tf.constant(wanted), tf.constant(excluded))[0].numpy()

        return ask

    index_task.measure(build, search, [None] if exact else SHARES, by_batch=not exact)


def best_of(found: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Rows of the largest dot products, best first: int64 ``[Q, k]``."""
    rows = []
    for start in range(0, len(queries), index_task.AT_ONCE):
        scores = queries[start : start + index_task.AT_ONCE] @ found.T
        some = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
        rows.append(np.take_along_axis(some, order, axis=1))
    return np.concatenate(rows).astype("int64")


def vectors_of(case: str, queries: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, queries to tune by and queries to measure by, of one of `CASES`."""
    count = int(case.split()[0].replace(",", ""))
    if case.endswith("uniform"):
        asked = vectors.uniform(2 * queries, seed=1)
        return vectors.uniform(count), asked[::2], asked[1::2]
    few, states = vectors.trained()
    states = states[np.random.default_rng(2).permutation(len(states))[: 2 * queries]]
    return vectors.copies(few, count)[0], states[::2], states[1::2]


def curves(folder: Path, pythons: dict[str, str]) -> dict[str, list[Point]]:
    """The points of every contender that there is an environment for."""
    own = [sys.executable, "-m", "benchmarks.speed.index"]
    commands = {OURS: [*own, "--ours"], EXACT: [*own, "--exact"]}
    for name, (peer, (script, *options)) in CONTENDERS.items():
        if peer in pythons:
            commands[name] = [pythons[peer], str(SCRIPTS / script), *options]
        else:
            print(f"{name} is left out: no --peer {peer}=PYTHON", flush=True)
    found = {}
    for name, command in commands.items():
        found[name] = json_lines([*command, str(folder)])
        for point in found[name]:
            print(folder.name, name, point, flush=True)
    return found


def compared(case: str, found: dict[str, list[Point]]) -> Iterator[Measured]:
    """The most queries per second at `TARGET`, ours beside each of the others; where both reach it."""
    for k, batch in dict.fromkeys((point["k"], point["batch"]) for point in found[OURS]):
        mine = enough(found[OURS], k, batch)
        for name in found:
            peer = enough(found[name], k, batch)
            if name != OURS and mine and peer:
                what = f"{case}, k = {k}, batch {batch}"
                yield Measured(
                    what, mine["qps"], peer["qps"], name, "queries/s", recall=(mine["recall"], peer["recall"])
                )


def enough(points: list[Point], k: int, batch: int) -> Point | None:
    """The quickest point of those that find enough; None where none does."""
    there = [one for one in points if (one["k"], one["batch"]) == (k, batch) and one["recall"] >= TARGET]
    return max(there, key=lambda one: one["qps"], default=None)


def frontier(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (recall, queries per second) those that no other beats in both, by recall."""
    best: list[tuple[float, float]] = []
    for point in sorted(points, reverse=True):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best[::-1]


def draw(found: dict[str, dict[str, list[Point]]], path: Path) -> None:
    """A panel for each case and batch: recall of the largest k against queries per second."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    batches = sorted({point["batch"] for one in found.values() for point in one[OURS]})
    k = max(point["k"] for one in found.values() for point in one[OURS])
    size = (4.2 * len(batches), 3.2 * len(found))
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(found), len(batches), squeeze=False)
    for row, (case, contenders) in zip(panels, found.items(), strict=True):
        for panel, batch in zip(row, batches, strict=True):
            for name, points in contenders.items():
                curve = frontier(
                    [
                        (point["recall"], point["qps"])
                        for point in points
                        if (point["k"], point["batch"]) == (k, batch)
                    ]
                )
                strong = {"linewidth": 2.5, "color": "black"} if name == OURS else {"linewidth": 1}
                panel.plot(*zip(*curve, strict=True), marker=".", label=name, **strong)
            panel.axvline(TARGET, color="gray", linestyle=":", linewidth=1)
            panel.set(yscale="log", title=f"{case}, batch {batch}", xlabel=f"recall@{k}", ylabel="queries/s")
            panel.grid(which="both", alpha=0.25)
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=5, fontsize=8)
    with file_aside(path) as aside:
        figure.savefig(aside, format="png")


def named_python(text: str) -> tuple[str, str]:
    """A peer and its Python, of ``NAME=PYTHON``."""
    name, equals, python = text.partition("=")
    if not equals or name not in PEERS:
        raise argparse.ArgumentTypeError(f"NAME=PYTHON, NAME one of {', '.join(PEERS)}; got {text!r}")
    return name, python


def run(
    case: str,
    items: np.ndarray,
    asked: np.ndarray,
    queries: np.ndarray,
    pythons: dict[str, str],
    **settings: Any,
) -> dict[str, list[Point]]:
    """Contender → points."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / case.replace(" ", "-")
        folder.mkdir()
        best = best_of(items, queries, max(settings["k"]))
        index_task.write(folder, items, queries, best, threads=THREADS, **settings)
        np.save(folder / "asked.npy", asked)
        del items
        return curves(folder, pythons)


def keep(case: str, found: dict[str, list[Point]], command: str) -> None:
    """Puts a case into the results in place of what they say of it."""
    path = RESULTS / "index-curves.json"
    kept = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    kept[case] = found
    with file_aside(path) as aside:
        there = {name: kept[name] for name in CASES if name in kept}
        aside.write_text(json.dumps(there).replace("{", "\n{").lstrip() + "\n", "utf-8")
    draw(kept, RESULTS / "speed-index.png")
    write("index", compared(case, found), command, instead_of=case + ",")


def main() -> None:
    """Runs everything and writes the results; or one process of ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=named_python, action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--case", choices=CASES, action="append", help="all unless some are named")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    parser.add_argument("--small", action="store_true", help="5,000 vectors, and nothing is written")
    for own in ("ours", "exact"):
        parser.add_argument(f"--{own}", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if folder := given.ours or given.exact:
        ours(index_task.read(folder), np.load(folder / "asked.npy"), exact=given.exact is not None)
        return
    pythons = dict(given.peer)
    if given.small:
        settings = {"k": [10], "batches": [1, 16], "seconds": 0.1}
        few = vectors.uniform(5000), vectors.uniform(64, 1), vectors.uniform(64, 2)
        for row in compared("5,000 uniform", run("5,000 uniform", *few, pythons, **settings)):
            print(row.name, row.peer_name, round(row.ratio, 3))
        return
    settings = {"k": list(K), "batches": list(BATCHES), "seconds": given.seconds}
    peers = " ".join(f"--peer {name}=PYTHON" for name in pythons)
    for case in given.case or CASES:
        found = run(case, *vectors_of(case, QUERIES), pythons, **settings)
        keep(case, found, f"python -m benchmarks.speed.index --case '{case}' {peers}")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()

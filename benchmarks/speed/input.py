"""How fast examples come from disk, cold and cached, beside PyTorch's DataLoader and Grain; and who waits.

``python -m benchmarks.speed.input --torch-python PATH --grain-python PATH`` needs TFMMREC_DATA, an
environment with torch and pillow and one with grain and pillow; it writes
``benchmarks/results/speed-input.json`` and takes about ten minutes.

Examples: fashion products (a JPEG and a name), films (a JPEG, a title and a plot), spoken digits (a WAV; the
720 recordings eight times, so that starting is not all there is to measure). Everybody decodes and resizes to
the same pixels, looks up the same words, makes log-mel frames of the same windows, in shuffled batches of 32,
with two workers, on the same files; the page cache holds them for all. What the arrays hold on average is
compared, and the run fails where work differs by a hundredth. Peers run in processes of their own and take
turns with us; the start of their workers is counted, and so is the tracing of our graphs; imports are not.

* Cold, ours is ``load(…, prepared=…)``: the table is read, every picture and clip is decoded by Pillow or
  `wave` first, to refuse what is broken, and again by TensorFlow, whose ops the export has too; a vocabulary
  is learnt, and shards are written. The peers get the vocabulary, check nothing and keep nothing. Log-mel
  frames are made here, and never in the encoder, which begins with their convolutions.
* Cached, ours are the shards through `Batches` and `tf_dataset`, as training reads them, with a label and its
  weight; the peers read the same arrays, mapped from disk, an example at a time.

The last rows: the share of the steps' time that training waits for input, from the records of `fit` (their
second epoch, when everything is traced); the goal is below 5 %.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.speed.results import THREADS, Measured, json_lines, write

KEPT = Path("runs") / "benchmarks"
PEERS = Path(__file__).parent / "peers"
COMMAND = "python -m benchmarks.speed.input --torch-python PYTHON --grain-python PYTHON"

ROUNDS = 2
BATCH = 32
CACHED_EXAMPLES = 40_000  # read again and again, about
CLIPS = 8  # times that each recording is an example
STEPS = 40  # of the second epoch of training
GOAL = 5.0  # percent of the time that training may wait
UNITS = {"fashion": "images/s", "films": "images/s", "digits": "clips/s"}


def schema_of(name: str) -> Any:
    """What is read of a data set: every row of its table is an example with one label."""
    from tfmmrec.modalities import Audio, Image, Text
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import Multiclass

    features, label = {
        "fashion": ([Image("image"), Text("name", length=12)], "article_type"),
        "films": ([Image("poster"), Text("title", length=12), Text("plot", length=48)], "year"),
        "digits": ([Audio("recording", seconds=1.0)], "digit"),
    }[name]
    return Schema(
        tasks=[Multiclass(label)],
        item=features,
        user_id=None,
        tables={"items": f"{name}.csv", "events": f"{name}.csv"},
    )


def folder_of(name: str, rows: int | None) -> Path:
    """The data folder, with a table ``<name>.csv`` of the examples: the first `rows`, or all."""
    from tfmmrec.recipes import fashion, movielens, spoken_digits

    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    convert, at = {
        "fashion": (fashion.convert, "fashion"),
        "films": (movielens.convert_1m, "ml-1m"),
        "digits": (spoken_digits.convert, "digits"),
    }[name]
    folder = convert(source, KEPT / at / "data")
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))[:rows]
    examples = [
        {**row, "item_id": f"{row['item_id']}-{time}"}
        for time in range(CLIPS if name == "digits" else 1)
        for row in table
    ]
    for row in examples:
        row.pop("split", None)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, examples[0])
        writer.writeheader()
        writer.writerows(examples)
    return folder


def ours(name: str, rows: int | None) -> None:
    """Prepares a data set and reads it again; prints a line of JSON as the peers do, and what they need."""
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    from tfmmrec.data import load
    from tfmmrec.data.batches import Batches
    from tfmmrec.data.feeds import tf_dataset

    folder, schema = folder_of(name, rows), schema_of(name)
    with tempfile.TemporaryDirectory() as aside:
        began = time.perf_counter()
        data = load(folder, schema, split="random:98/1/1", prepared=Path(aside) / "prepared")
        cold = len(data.item_ids) / (time.perf_counter() - began)
        batches = Batches(data, schema, batch_events=BATCH)
        feed, seen, began = tf_dataset(batches), 0, time.perf_counter()
        for _ in range(passes(len(data.item_ids))):
            for x, _, _ in feed:
                seen += int((x["candidate"].numpy() >= 0).sum())
        cached = seen / (time.perf_counter() - began)
        means = {
            f"{feature}.{part}": float(np.abs(np.asarray(array, "float64")).mean())
            for feature, parts in data.items.items()
            for part, array in parts.items()
        }
    terms = {text: state.get("terms", []) for text, state in data.vocabulary.features["item"].items()}
    print(json.dumps({"cold": cold, "cached": cached, "means": means, "terms": terms}))


def passes(examples: int) -> int:
    """How often the cached examples are read."""
    return max(1, round(CACHED_EXAMPLES / examples))


def description(name: str, rows: int | None, terms: dict[str, list[str]]) -> dict[str, Any]:
    """What the peers are to read; see ``peers/input_examples.py``."""
    from tfmmrec.modalities import Audio, Image, Text

    folder, schema = folder_of(name, rows), schema_of(name)
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    of_kind = {
        kind: [f for f in schema.features("item") if isinstance(f, kind)] for kind in (Audio, Image, Text)
    }
    labels = {
        value: place for place, value in enumerate(sorted({row[schema.tasks[0].column] for row in table}))
    }
    told: dict[str, Any] = {"folder": str(folder.absolute()), "size": None, "sound": None}
    for image in of_kind[Image]:
        told["size"] = (image.height, image.width)
    for clip in of_kind[Audio]:
        hop, window = clip.rate // clip.frames, clip.rate // 40
        bins = 1 << (window - 1).bit_length()
        told["sound"] = {"rate": clip.rate, "steps": clip.steps, "hop": hop, "window": window, "bins": bins}
        told["sound"]["mels"] = clip.mels
    texts = of_kind[Text]
    told["texts"] = [{"length": text.length, "terms": terms[text.name]} for text in texts]
    told["rows"] = [
        {
            "image": "".join(row[image.column] for image in of_kind[Image]),
            "clip": "".join(row[clip.column] for clip in of_kind[Audio]),
            "texts": [row[text.column] for text in texts],
            "label": labels[row[schema.tasks[0].column]],
        }
        for row in table
    ]
    told |= {"batch": BATCH, "workers": THREADS, "passes": passes(len(table))}
    return told


def check_equal_work(name: str, ours: dict[str, float], peers: dict[str, float], peer: str) -> None:
    """What the arrays hold on average must agree.

    Raises:
        SystemExit: it does not.
    """
    texts = [feature.name for feature in schema_of(name).features("item") if f"{feature.name}.tokens" in ours]
    for key, value in ours.items():
        feature, part = key.split(".")
        other = peers[f"tokens_{texts.index(feature)}" if part == "tokens" else part]
        if abs(value - other) > 0.01 * value:  # other libraries decode the pictures
            raise SystemExit(
                f"{name}: {peer} did other work: {key} is {value:.4f} on average, theirs {other:.4f}."
            )


def waiting(which: str) -> None:
    """Trains ML-1M for an epoch and a part of another; prints the share that it waited in the second."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    from tfmmrec.data import load
    from tfmmrec.modalities import History
    from tfmmrec.models import build_recommender
    from tfmmrec.recipes.movielens import convert_1m
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import NextItem
    from tfmmrec.training import fit

    class Stop(keras.callbacks.Callback):
        """Ends each epoch but the first after some steps."""

        epoch = 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if self.epoch and batch + 1 >= STEPS:
                self.model.stop_training = True

    folder = convert_1m(os.environ["TFMMREC_DATA"], KEPT / "ml-1m" / "data")
    if which == "ids":
        history = History(length=200, layers=2, heads=2)
        schema, settings = Schema(tasks=[NextItem()], order="file", history=history), {"batch_events": 25_728}
    else:
        schema = Schema.from_toml(folder / "schema.toml")
        settings = {"batch_events": 4096, "encode_items": 128}
    data = load(folder, schema, prepared=KEPT / f"ml-1m-{which}" / "prepared")
    model = build_recommender(schema, data.vocabulary, width=64, seed=0)
    records = fit(model, data.train, epochs=2, callbacks=[Stop()], **settings)
    print(json.dumps({"waiting": 100 * records[-1]["waiting"]}))


def main() -> None:
    """Lets everybody read in turn, trains twice, and writes the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-python", help="the Python of an environment with torch and pillow")
    parser.add_argument("--grain-python", help="the Python of an environment with grain and pillow")
    parser.add_argument("--rows", type=int, help="read so many rows alone, to try it; no result is written")
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    parser.add_argument("--waiting", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.ours or asked.waiting:
        return ours(asked.ours, asked.rows) if asked.ours else waiting(asked.waiting)
    if not (asked.torch_python and asked.grain_python):
        parser.error("--torch-python and --grain-python are needed")
    again = [sys.executable, "-m", "benchmarks.speed.input"]
    rows = [] if asked.rows is None else ["--rows", str(asked.rows)]
    peers = {
        "PyTorch DataLoader": [asked.torch_python, str(PEERS / "torch_input.py")],
        "Grain": [asked.grain_python, str(PEERS / "grain_input.py")],
    }
    measured = []
    for name, unit in UNITS.items():
        found = read_in_turn(name, [*again, "--ours", name, *rows], peers, asked.rows)
        for state in ("cold", "cached"):
            mine, *others = (statistics.median(one[state] for one in found[who]) for who in ("ours", *peers))
            measured += [
                Measured(f"input, {name}, {state}", mine, other, peer, unit)
                for peer, other in zip(peers, others, strict=True)
            ]
    if asked.rows is not None:
        for one in measured:
            beside = f"{one.peer_name} {one.peer:,.0f} {one.unit}, ratio {one.ratio:.2f}"
            print(f"{one.name}: {one.ours:,.0f}, {beside}")
        return None
    for which, said in (("ids", "ids"), ("content", "text + posters")):
        (share,) = json_lines([*again, "--waiting", which])
        name = f"training, {said}: waiting for input"
        measured.append(
            Measured(name, share["waiting"], GOAL, "the goal", "% of the time", less_is_better=True)
        )
    return write("input", measured, COMMAND)


def read_in_turn(
    name: str, ours: list[str], peers: dict[str, list[str]], rows: int | None
) -> dict[str, list[dict[str, Any]]]:
    """Every reader's lines, round by round."""
    found: dict[str, list[dict[str, Any]]] = {who: [] for who in ("ours", *peers)}
    with tempfile.TemporaryDirectory() as aside:
        told = Path(aside) / "description.json"
        for _ in range(ROUNDS):
            found["ours"] += json_lines(ours)
            terms = found["ours"][-1]["terms"]
            told.write_text(json.dumps(description(name, rows, terms)), "utf-8")
            for peer, command in peers.items():
                found[peer] += json_lines([*command, str(told)])
                check_equal_work(name, found["ours"][-1]["means"], found[peer][-1]["means"], peer)
            print(
                name, {who: [round(lines[-1][s]) for s in ("cold", "cached")] for who, lines in found.items()}
            )
    return found


if __name__ == "__main__":
    main()

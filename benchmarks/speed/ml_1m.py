"""One epoch of MovieLens-1M with text and posters, an export, an answer.

``python -m benchmarks.speed.ml_1m`` needs TFMMREC_DATA and writes ``benchmarks/results/ml-1m-epoch.json``:
tokens per second, peak memory, and what the model scored on validation (a first look, not a result). Tokens
are counted without padding: an event of a history is one, and so is a word or an image patch of an item that
is encoded in the step.
"""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.speed.results import hardware
from tfmmrec.data import Data, load
from tfmmrec.data.batches import Batches
from tfmmrec.evaluation import evaluate
from tfmmrec.export import KnownUsers, export
from tfmmrec.models import build_recommender
from tfmmrec.recipes.movielens import convert_1m
from tfmmrec.schema import Schema
from tfmmrec.serving import Served
from tfmmrec.training import fit

KEPT = Path("runs") / "benchmarks" / "ml-1m"
RESULT = Path(__file__).parent.parent / "results" / "ml-1m-epoch.json"

TRAINING = {"learning_rate": 3e-3, "encode_items": 128, "batch_events": 4096}
BATCHES_COUNTED = 30


def content_tokens(data: Data, schema: Schema) -> float:
    """Words and patches encoded in a step, on average."""
    patch = next(feature for feature in schema.features("item") if feature.name == "poster")
    patches = (patch.height // patch.patch) * (patch.width // patch.patch)
    batches = Batches(
        data, schema, batch_events=TRAINING["batch_events"], encoded=TRAINING["encode_items"], seed=0
    )
    counts = []
    for (x, _, _), _ in zip(batches, range(BATCHES_COUNTED), strict=False):
        words = sum((x[f"item.{name}.tokens"] > 0).sum() for name in ("title", "plot"))
        counts.append(words + patches * x["item.poster.present"].sum())
    return float(np.mean(counts))


def main() -> None:
    """Runs the measurement."""
    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    folder = convert_1m(source, KEPT / "data")
    schema = Schema.from_toml(folder / "schema.toml")
    data = load(folder, schema, prepared=KEPT / "prepared")
    model = build_recommender(schema, data.vocabulary, width=64, seed=0)
    marks: list[float] = []
    steps: list[int] = []

    def on_step(epoch: int, step: int, count: int, loss: float) -> None:
        marks.append(time.monotonic())
        steps.append(count)
        if step % 50 == 0:
            print(f"step {step} of {count}, loss {loss:.3f}", flush=True)

    fit(model, data.train, epochs=1, on_step=on_step, **TRAINING)
    found = evaluate(model, data.validation, k=(10,))
    path = export(model, data.catalogue, KEPT / "export" / "1", users=KnownUsers.of(data), overwrite=True)
    served = Served(path).recommend(user_id=data.user_ids[0], k=5)
    half = len(marks) // 2  # the first half holds tracing and warm-up
    per_step = (marks[-1] - marks[half]) / (len(marks) - 1 - half)
    result = {
        "dataset": "MovieLens-1M, canonical file, leave-last-out, text + posters + ids",
        "history_tokens_per_second": round(len(data.train) / steps[-1] / per_step),
        "content_tokens_per_second": round(content_tokens(data, schema) / per_step),
        "steps": steps[-1],
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "validation": {name: round(found.metrics[name], 4) for name in ("ndcg@10", "recall@10")},
        "answered": str(served)[:200],
        "hardware": hardware(),
        "command": "python -m benchmarks.speed.ml_1m",
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""A member in a whole model: 32 examples learned by heart, saved, loaded, exported, asked."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from contracts.reads import no_copies
from contracts.samples import EXAMPLES
from tfmmrec.data import Data, load
from tfmmrec.export import export
from tfmmrec.modalities import Category, Tags
from tfmmrec.models import Recommender, build_recommender
from tfmmrec.schema import Schema
from tfmmrec.serving import Served
from tfmmrec.tasks import Binary, NextItem
from tfmmrec.training import fit

USERS = 4 * EXAMPLES
HISTORIES = [[f"i{n}"] for n in range(EXAMPLES)]
NEXT = [f"i{(n + 1) % EXAMPLES}" for n in range(EXAMPLES)]


@dataclass
class Whole:
    """A model that knows `EXAMPLES` users by heart, and its export."""

    data: Data
    model: Recommender
    served: Served

    def recommended(self, k: int) -> list[list[str]]:
        """The export's recommendations to each user after the first item."""
        return [answer["item_id"] for answer in self.served.recommend(history=HISTORIES, k=k)]

    def judged(self, task: str) -> np.ndarray:
        """The export's prediction for each user and the second item."""
        answers = self.served.rank(history=HISTORIES, candidate=[[item] for item in NEXT])
        return np.asarray([answer[task][0] for answer in answers])


def whole(
    folder: Path,
    schema: Schema,
    cells: Sequence[Any] | None = None,
    labels: Sequence[Any] | dict[str, Sequence[Any]] | None = None,
    epochs: int = 10,
    **settings: Any,
) -> Whole:
    """Users meet item n, then item n + 1; that event has the item's labels. Item n has cell n.

    Labels are those of the one task that has some, or a dict of them by column. The model is exported as it
    comes back from its file. Of each example there are four users, which makes an epoch eleven to sixteen
    batches: beginning an epoch costs as much as some steps. Nothing is hidden in training.
    """
    columns = {feature.column for feature in schema.features("item")} - {"item_id"}
    with (folder / "items.jsonl").open("w") as file:
        for n in range(EXAMPLES):
            cell = cells[n] if cells is not None else f"item {n}"
            file.write(json.dumps({"item_id": f"i{n}", **dict.fromkeys(columns, cell)}) + "\n")
    if not isinstance(labels, dict):
        label = next((task.column for task in schema.tasks if not task.retrieval), "label")
        labels = {label: [""] * EXAMPLES if labels is None else labels}
    with (folder / "events.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "timestamp", "split", *labels])
        for user in range(USERS):
            n, after = user % EXAMPLES, (user + 1) % EXAMPLES
            table.writerow([f"u{user}", f"i{n}", 0, "train", *[""] * len(labels)])
            table.writerow(
                [f"u{user}", f"i{after}", 60, "train", *[of_one[after] for of_one in labels.values()]]
            )
    data = load(folder, schema, split="column:split")
    model = build_recommender(schema, data.vocabulary, width=16, seed=0, **{"dropout": 0.0, **settings})
    fit(
        model,
        data.train,
        epochs=epochs,
        batch_events=16 if schema.ordered else 64,  # most places of rows without an order are padding
        learning_rate=0.01,
        weight_decay=0.0,
        encode_items=None,
    )

    model.save(folder / "model.keras")
    again = keras.saving.load_model(folder / "model.keras", compile=False)
    for name, vectors in model.encode_items(data.items).items():
        np.testing.assert_allclose(again.encode_items(data.items)[name], vectors, atol=1e-6)
    with no_copies():
        exported = export(again, data.catalogue, folder / "export" / "1")
    # of each, TensorFlow would keep the graph until the process ends: see `tfmmrec.layers.silu`
    assert b"CustomGradient" not in (exported / "saved_model.pb").read_bytes()
    return Whole(data, model, Served(exported))


def check_choice(folder: Path, **choice: Any) -> None:
    """Asserts that a model with such a fusion, alignment or sharing knows all next items and labels."""
    schema = Schema(
        item=[Category("name"), Tags("kind")],
        item_identity=False,
        tasks=[NextItem(), Binary("like")],
        timestamp="timestamp",
    )
    labels = np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 2)
    known = whole(folder, schema, labels=labels.tolist(), **choice)
    right = np.asarray(known.recommended(k=1))[:, 0] == NEXT
    judged_right = (known.judged("like") > 0.5) == np.roll(labels, -1)
    assert right.mean() >= 0.95 and judged_right.mean() >= 0.95

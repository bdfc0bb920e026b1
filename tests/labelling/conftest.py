"""Things of which half have a label, and a model of these."""

import csv

import pytest

from tfmmrec.data import load
from tfmmrec.modalities import Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Multiclass, Rating
from tfmmrec.training import fit

COLOURS = ("red", "green", "blue")
SCHEMA = Schema(
    item=[Text("name", length=3, encoder="bag", hide=0.0)],
    tasks=[Multiclass("colour"), Binary("large", weight=0.5), Rating("price")],
    user_id=None,
)


@pytest.fixture(scope="session")
def things(tmp_path_factory):
    """Sixty things, whose names tell their colour; every second has no label, the last six no event."""
    folder = tmp_path_factory.mktemp("things")
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "name"])
        for n in range(60):
            table.writerow([f"i{n}", f"{COLOURS[n % 3]} {'big' if n % 4 < 2 else 'small'}"])
    with (folder / "events.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "colour", "large", "price", "split"])
        for n in range(54):
            known = n % 2 == 0
            colour, large = (COLOURS[n % 3], int(n % 4 < 2)) if known else ("", "")
            table.writerow([f"i{n}", colour, large, 1 + n % 3, "valid" if n >= 48 else "train"])
    return load(folder, SCHEMA)


@pytest.fixture(scope="session")
def labeller(things):
    model = build_recommender(things.schema, things.vocabulary, width=8, dropout=0.0, fusion="concat", seed=0)
    fit(model, things.train, epochs=40, batch_events=16, learning_rate=0.02)
    return model

"""What the demo is for: all modalities together beat each alone, and ids alone, on warm and new items."""

from dataclasses import dataclass

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.evaluation import evaluate, paired_difference
from tfmmrec.models import build_recommender
from tfmmrec.recipes.demo import ITEMS, SETTINGS, USERS
from tfmmrec.recipes.demo_catalogue import generate
from tfmmrec.schema import Schema
from tfmmrec.training import fit

pytestmark = pytest.mark.slow

RATES = (0.006, 0.012)
"""Learning rates every twin may choose from, by its own validation."""


@dataclass
class Catalogue:
    schema: Schema
    data: object

    def best(self, **kept):
        """NDCG@10 of each user, warm and cold, of the best twin by validation; each stops by itself."""
        runs = [self.trained(rate, **kept) for rate in RATES]
        _, model = max(runs, key=lambda run: run[0])
        return {
            name: evaluate(model, getattr(self.data, name), (10,)).per_query["ndcg@10"]
            for name in ("test", "cold")
        }

    def trained(self, rate, **kept):
        model = build_recommender(
            self.schema.only(**kept), self.data.vocabulary, width=SETTINGS.width, seed=SETTINGS.seed
        )
        records = fit(
            model,
            self.data.train,
            self.data.validation,
            epochs=SETTINGS.epochs,
            patience=SETTINGS.patience,
            batch_events=SETTINGS.batch_events,
            encode_items=SETTINGS.encode_items,
            learning_rate=rate,
            k=(10,),
        )
        return max(record["validation ndcg@10"] for record in records), model


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("demo") / "shop", items=ITEMS, users=USERS)
    schema = Schema.from_toml(folder / "schema.toml")
    prepared = tmp_path_factory.mktemp("prepared") / "data"
    return Catalogue(schema, load(folder, schema, prepared=prepared, cold_items=SETTINGS.cold_items))


@pytest.fixture(scope="module")
def together(catalogue):
    return catalogue.best()


@pytest.mark.parametrize("alone", ["item_id", "description", "poster", "clip", "genres", "year", "price"])
def test_all_modalities_beat_each_alone_on_warm_and_on_new_items(catalogue, together, alone):
    twin = catalogue.best(item=[alone])
    for split in ("test", "cold"):
        gap = paired_difference(together[split], twin[split])
        assert gap.low > 0, f"{split}: {np.mean(together[split]):.4f}, {alone} alone {gap}"

"""What the demo is for: all modalities together beat each alone, on items of training and on new ones."""

from dataclasses import dataclass

import numpy as np
import pytest

from tfmmrec.data import Data, load
from tfmmrec.evaluation import evaluate, paired_difference
from tfmmrec.models import build_recommender
from tfmmrec.recipes.demo import ITEMS, SETTINGS, USERS
from tfmmrec.recipes.demo_catalogue import generate
from tfmmrec.schema import Schema
from tfmmrec.training import fit

pytestmark = pytest.mark.slow

RATES = (SETTINGS.learning_rate, 0.02)


@dataclass
class Catalogue:
    schema: Schema
    data: Data

    def tuned(self, **kept):
        """NDCG@10 of each user, of the twin of these rates that was best on validation."""
        twins = [self.trained(rate, **kept) for rate in RATES]
        return max(twins, key=lambda twin: np.mean(twin["validation"]))

    def trained(self, rate=SETTINGS.learning_rate, **kept):
        """NDCG@10 of each user, of a twin trained with the demo's settings and its own early stopping."""
        schema = self.schema.only(**kept)
        model = build_recommender(schema, self.data.vocabulary, width=SETTINGS.width, seed=SETTINGS.seed)
        fit(
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
        return {
            split: evaluate(model, getattr(self.data, split), (10,)).per_query["ndcg@10"]
            for split in ("validation", "test", "cold")
        }


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("demo") / "shop", items=ITEMS, users=USERS)
    schema = Schema.from_toml(folder / "schema.toml")
    prepared = tmp_path_factory.mktemp("prepared") / "data"
    return Catalogue(schema, load(folder, schema, prepared=prepared, cold_items=SETTINGS.cold_items))


@pytest.fixture(scope="module")
def together(catalogue):
    return catalogue.trained()


@pytest.mark.parametrize("alone", ["description", "poster", "clip", "genres", "year", "price", "item_id"])
def test_all_modalities_together_beat_each_alone(catalogue, together, alone):
    # ids alone learn best at a higher rate, which the others do not need to win
    twin = (catalogue.tuned if alone == "item_id" else catalogue.trained)(item=[alone])
    for split in ("test", "cold"):
        gap = paired_difference(together[split], twin[split])
        assert gap.low > 0, f"{split}: {np.mean(together[split]):.4f}, {alone} alone {gap}"

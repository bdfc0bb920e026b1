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


@dataclass
class Catalogue:
    schema: Schema
    data: Data

    def trained(self, **kept):
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
            learning_rate=SETTINGS.learning_rate,
            k=(10,),
        )
        return {
            split: evaluate(model, getattr(self.data, split), (10,)).per_query["ndcg@10"]
            for split in ("test", "cold")
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


@pytest.mark.parametrize(
    ("alone", "splits"),
    [
        *((name, ("test", "cold")) for name in ("description", "poster", "clip", "genres", "year", "price")),
        (
            "item_id",
            ("cold",),
        ),  # with so many events per item, ids alone tell as much of the items of training
    ],
)
def test_all_modalities_together_beat_each_alone(catalogue, together, alone, splits):
    twin = catalogue.trained(item=[alone])
    for split in splits:
        gap = paired_difference(together[split], twin[split])
        assert gap.low > 0, f"{split}: {np.mean(together[split]):.4f}, {alone} alone {gap}"

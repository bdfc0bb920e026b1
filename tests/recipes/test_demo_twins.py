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

pytestmark = pytest.mark.quality

RATES = (SETTINGS.learning_rate, 0.02)  # ids alone learn best at the higher one, which the others do not need
SEEDS = (0, 1)


@dataclass
class Catalogue:
    """Nothing is chosen by what is held out: all train for the demo's epochs, without stopping early."""

    schema: Schema
    data: Data

    def trained(self, rate=SETTINGS.learning_rate, seed=SEEDS[0], **kept):
        """NDCG@10 of each user about items that were trained on (twice), and of each query about new ones."""
        schema = self.schema.only(**kept)
        model = build_recommender(schema, self.data.vocabulary, width=SETTINGS.width, seed=seed)
        fit(
            model,
            self.data.train,
            epochs=SETTINGS.epochs,
            batch_events=SETTINGS.batch_events,
            encode_items=SETTINGS.encode_items,
            negatives=SETTINGS.negatives,
            learning_rate=rate,
            seed=seed,
        )
        of = {
            split: evaluate(model, getattr(self.data, split), (10,))
            for split in ("validation", "test", "cold")
        }
        np.testing.assert_array_equal(of["validation"].users, of["test"].users)
        of_users = {split: results.per_query["ndcg@10"] for split, results in of.items()}
        return {"warm": (of_users["validation"] + of_users["test"]) / 2, "new": of_users["cold"]}

    def of_seeds(self, rate=SETTINGS.learning_rate, **kept):
        """The mean over some seeds, query by query: what a training makes of chance counts less."""
        found = [self.trained(rate, seed, **kept) for seed in SEEDS]
        return {items: np.mean([one[items] for one in found], axis=0) for items in found[0]}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = generate(tmp_path_factory.mktemp("demo") / "shop", items=ITEMS, users=USERS)
    schema = Schema.from_toml(folder / "schema.toml")
    prepared = tmp_path_factory.mktemp("prepared") / "data"
    return Catalogue(schema, load(folder, schema, prepared=prepared, cold_items=SETTINGS.cold_items))


@pytest.fixture(scope="module")
def together(catalogue):
    return catalogue.of_seeds()


@pytest.mark.parametrize("alone", ["description", "poster", "clip", "genres", "year", "price"])
def test_all_modalities_together_beat_each_alone(catalogue, together, alone):
    beaten(together, catalogue.trained(item=[alone]))


def test_all_modalities_together_beat_ids_at_their_best_rate(catalogue, together):
    twins = [catalogue.of_seeds(rate, item=["item_id"]) for rate in RATES]
    beaten(together, max(twins, key=lambda twin: np.mean(twin["warm"])))


def beaten(together, twin):
    for items in ("warm", "new"):
        gap = paired_difference(together[items], twin[items])
        assert gap.low > 0, f"{items}: {np.mean(together[items]):.4f}, minus the twin {gap}"

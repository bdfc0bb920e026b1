"""What an alignment is for: words find pictures, and pictures words, of products that nobody trained on.

Half of the held-out products are known to the export by their picture alone, the others by their name alone.
"""

import csv

import numpy as np
import pytest

from benchmarks.quality.fashion import without_label_words
from tfmmrec.data import load
from tfmmrec.export import export
from tfmmrec.modalities import Image, Text
from tfmmrec.models import build_recommender
from tfmmrec.recipes.fashion import convert
from tfmmrec.schema import Schema
from tfmmrec.serving import Served
from tfmmrec.tasks import Multiclass
from tfmmrec.training import fit

pytestmark = pytest.mark.slow

SCHEMA = Schema(
    item=[Image("image", height=32, width=32, patch=8), Text("name", length=12)],
    tasks=[Multiclass("article_type"), Multiclass("base_colour"), Multiclass("gender")],
    user_id=None,
    tables={"events": "items.csv"},
)
TIMES_RANDOM = 5  # when this was written, words reached 9 times and pictures 43 times


class Shop:
    """The products, and an export that has seen the training ones whole."""

    def __init__(self, source, folder):
        convert(source, folder)
        with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        held_out = [row["item_id"] for row in rows if row["split"] == "test"]
        self.shown, self.named = set(held_out[::2]), set(held_out[1::2])
        self.words = {row["item_id"]: row["name"] for row in without_label_words(rows)}
        self.pictures = {row["item_id"]: folder / row["image"] for row in rows}
        known = [
            {
                **row,
                "name": "" if row["item_id"] in self.shown else row["name"],
                "image": "" if row["item_id"] in self.named else row["image"],
            }
            for row in rows
        ]
        with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(known)
        data = load(folder, SCHEMA, split="column:split")
        alignment = {"name": "contrastive", "weight": 1.0}
        model = build_recommender(SCHEMA, data.vocabulary, fusion="concat", alignment=alignment, seed=0)
        fit(model, data.train, epochs=4, batch_events=128, learning_rate=2e-3)
        self.served = Served(export(model, data.catalogue, folder.parent / "savedmodels" / "1"))

    def found(self, products, queries):
        """Whether each product is among the ten best of these products for its own query: bool ``[Q]``."""
        found, allow = [], sorted(products)
        for start in range(0, len(queries), 64):
            some = queries[start : start + 64]
            query = {f"query_{name}": [one[name] for _, one in some] for name in some[0][1]}
            answers = self.served.search(**query, allow=allow, k=10)
            found += [item in answer["item_id"] for (item, _), answer in zip(some, answers, strict=True)]
        return np.asarray(found)


@pytest.fixture(scope="module")
def shop(tfmmrec_data, tmp_path_factory):
    return Shop(tfmmrec_data / "fashion", tmp_path_factory.mktemp("fashion") / "products")


def test_words_that_name_no_label_find_pictures(shop):
    queries = [(item, {"name": shop.words[item]}) for item in sorted(shop.shown) if shop.words[item]]
    assert len(queries) > 0.95 * len(shop.shown)
    recall = shop.found(shop.shown, queries).mean()
    random = 10 / len(shop.shown)
    assert recall >= TIMES_RANDOM * random, f"recall@10 {recall:.4f}, at random {random:.4f}"


def test_pictures_find_products_known_by_their_name(shop):
    queries = [(item, {"image": [shop.pictures[item].read_bytes()]}) for item in sorted(shop.named)]
    recall = shop.found(shop.named, queries).mean()
    random = 10 / len(shop.named)
    assert recall >= TIMES_RANDOM * random, f"recall@10 {recall:.4f}, at random {random:.4f}"

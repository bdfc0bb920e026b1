"""Towers of their own for tasks of which one is given another."""

import keras
import numpy as np
import pytest

from backends import run
from contracts import SharingContract
from contracts.samples import EXAMPLES, WIDTH, random
from contracts.sharing import FEATURES, TASKS
from contracts.whole import NEXT, whole
from sharing.towers import two_layers
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Category, Number
from tfmmrec.models import build_recommender
from tfmmrec.models.towers import ranker
from tfmmrec.schema import Schema
from tfmmrec.sharing import ESMM
from tfmmrec.tasks import Binary, NextItem


class TestESMM(SharingContract):
    component = ESMM

    @pytest.mark.slow
    def test_in_a_whole_model_from_cells_to_an_export(self, tmp_path):
        """Every other of the items that are clicked is bought; of the others no purchase is written down."""
        schema = Schema(
            item=[Category("name")],
            item_identity=False,
            tasks=[NextItem(), Binary("click"), Binary("buy", given="click")],
            timestamp="timestamp",
        )
        clicked = np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 2)
        bought = clicked * (np.arange(EXAMPLES) // 2 % 2)
        labels = {
            "click": clicked.tolist(),
            "buy": [b if c else "" for c, b in zip(clicked, bought, strict=True)],
        }
        known = whole(tmp_path, schema, labels=labels, epochs=50, sharing="esmm")
        right = np.asarray(known.recommended(k=1))[:, 0] == NEXT
        click, buy = known.judged("click"), known.judged("buy")
        assert right.mean() >= 0.95 and (buy <= click + 1e-6).all()
        assert ((click > 0.5) == np.roll(clicked, -1)).mean() >= 0.95
        assert ((buy > 0.5) == np.roll(bought, -1)).mean() >= 0.95


def test_each_task_has_a_tower():
    sharing, pairs = TestESMM.built(), random(2, 3, FEATURES)
    found = run(sharing, pairs)
    for k, name in enumerate(TASKS):
        np.testing.assert_allclose(found[name], two_layers(sharing, k, pairs), rtol=1e-4, atol=1e-5)


def test_it_asks_for_a_relation(small_data):
    with pytest.raises(ValueError, match=r'say which in the schema, as in Binary\("buy", given="click"\)'):
        build_recommender(small_data.schema, small_data.vocabulary, width=8, sharing="esmm")


def test_the_answer_to_the_later_task_is_the_product(tmp_path):
    """Of the heads' answers, down a row of three tasks, whatever their order in the schema."""
    tasks = [Binary("buy", given="cart"), Binary("click"), Binary("cart", given="click")]
    schema = Schema(item=[Number("price")], tasks=tasks, user_id=None)
    vocabulary = Vocabulary({"item": {}, "user": {}, "event": {}}, {task.name: {} for task in tasks}, 1, 1)
    judge = ranker(schema, vocabulary, WIDTH, "esmm")
    heads = [judge.get_layer(f"{task.name}_head").output for task in tasks]
    alone, given = keras.Model(judge.input, heads), {"candidates": 3 * random(2, 4, WIDTH)}
    buy, click, cart = (1 / (1 + np.exp(-np.asarray(one))) for one in alone(given))
    judge.save(tmp_path / "ranker.keras")
    for model in (judge, keras.saving.load_model(tmp_path / "ranker.keras")):
        found = {name: 1 / (1 + np.exp(-np.asarray(one))) for name, one in model(given).items()}
        assert list(found) == ["buy", "click", "cart"]
        np.testing.assert_allclose(found["click"], click, rtol=1e-5)
        np.testing.assert_allclose(found["cart"], click * cart, rtol=1e-4)
        np.testing.assert_allclose(found["buy"], click * cart * buy, rtol=1e-4)

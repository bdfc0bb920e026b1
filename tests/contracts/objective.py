"""What items' content teaches without an event."""

from types import SimpleNamespace
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from backends import JIT
from contracts.samples import remade
from tfmmrec.data import Data
from tfmmrec.models import build_recommender
from tfmmrec.pretraining import Objective
from tfmmrec.training import pretrain


class ObjectiveContract:
    """`component` is the member."""

    component: ClassVar[type[Objective]]
    settings: ClassVar[dict[str, Any]] = {}

    def make(self, **settings: Any) -> Objective:
        settings = {"width": 8, "names": ["title", "genres"], **self.settings, **settings}
        layer = self.component(**settings)
        layer.build()
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def pretrained(cls, twofold: Data) -> SimpleNamespace:
        """A model before and after, and what was told of it."""
        keras.utils.set_random_seed(0)
        model = build_recommender(twofold.schema, twofold.vocabulary, width=8, fusion="concat", seed=0)
        before = cls.now(model)
        steps: list[tuple[Any, ...]] = []
        epochs: list[dict[str, float]] = []
        records = pretrain(
            model,
            twofold,
            {"name": cls.component.__name__, **cls.settings},
            epochs=40,
            batch_items=12,
            learning_rate=0.02,
            jit_compile=JIT,
            on_epoch=epochs.append,
            on_step=lambda *step: steps.append(step),
        )
        assert records == epochs and [step[:3] for step in steps[:3]] == [(1, 1, 3), (1, 2, 3), (1, 3, 3)]
        return SimpleNamespace(model=model, before=before, records=records)

    @pytest.mark.backend
    def test_it_learns(self, pretrained):
        losses = [record["loss"] for record in pretrained.records]
        right = [record["accuracy"] for record in pretrained.records]
        assert np.isfinite(losses).all() and np.mean(losses[-5:]) < 0.9 * np.mean(losses[:2])
        assert np.mean(right[-5:]) > np.mean(right[:2]) + 0.2

    @pytest.mark.backend
    def test_content_alone_is_trained(self, pretrained):
        model, before = pretrained.model, pretrained.before
        now = self.now(model)
        changed = {path for path in before if not np.array_equal(before[path], now[path])}
        encoders = {w.path for name in ("title", "genres") for w in model.item_tower.get_layer(name).weights}
        assert encoders <= changed
        assert changed <= {weight.path for weight in model.item_tower.weights}
        table = model.item_tower.get_layer("item_id").embedding
        assert table.embeddings.path not in changed and table.trainable  # and will be, by `fit`

    @staticmethod
    def now(model: keras.Model) -> dict[str, np.ndarray]:
        return {weight.path: keras.ops.convert_to_numpy(weight).copy() for weight in model.weights}

    def test_it_is_remade_from_its_configuration(self):
        layer = self.make(temperature=0.3)
        again = remade(layer)
        assert again.get_config() == layer.get_config() and again.temperature == 0.3
        if not again.built:
            again.build()
        assert [w.shape for w in again.weights] == [w.shape for w in layer.weights] and layer.weights

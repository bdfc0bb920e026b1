"""Pretraining: what it looks at, and what is wrong with a catalogue or an objective."""

import importlib

import numpy as np
import pytest

from backends import JIT
from tfmmrec.models import build_recommender
from tfmmrec.training import fit, pretrain
from tfmmrec.training.pretrain import _present


def model_of(data, item=("item_id", "genres"), **settings):
    schema = data.schema.only(item=item, event=[], tasks=["next_item"])
    return build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0, **settings)


def test_other_items_are_not_looked_at(small_data, monkeypatch):
    module, seen = importlib.import_module("tfmmrec.training.pretrain"), []
    whole = module._ItemBatches.__getitem__

    def watched(self, index):
        (x,) = whole(self, index)
        seen.append((self.rows[self.order[index * self.size : (index + 1) * self.size]], x))
        return (x,)

    monkeypatch.setattr(module._ItemBatches, "__getitem__", watched)
    pretrain(
        model_of(small_data), small_data, epochs=2, batch_items=3, rows=np.asarray([1, 5, 7, 9, 11, 2, 3])
    )
    assert {row for rows, _ in seen for row in rows.tolist()} <= {1, 5, 7, 9, 11, 2, 3}
    for rows, x in seen:
        np.testing.assert_array_equal(x["genres.tags"], small_data.items["genres"]["tags"][rows])
        assert not x["item_id.id"].any()


def test_items_without_content_are_left_out(small_data):
    rows = np.arange(24)
    feature = small_data.schema.item[0]
    told = _present(feature, small_data.vocabulary.features["item"]["year"], small_data.items, rows)
    lacking = [small_data.item_ids[row] for row in np.flatnonzero(~told)]
    assert lacking == ["i5"]
    with pytest.raises(ValueError, match="Pretraining compares items, and 0 of them has content"):
        row = small_data.item_ids.index("i5")
        pretrain(model_of(small_data, ["item_id", "year"]), small_data, rows=np.asarray([row]))


def test_a_step_takes_as_many_items_of_each_device(small_data, monkeypatch):
    module, sizes = importlib.import_module("tfmmrec.training.pretrain"), []
    whole = module._ItemBatches.__getitem__

    def noted(batches, index):
        inputs = whole(batches, index)
        sizes.extend(len(array) for array in module.keras.tree.flatten(inputs) if np.ndim(array))
        return inputs

    monkeypatch.setattr(module._ItemBatches, "__getitem__", noted)
    monkeypatch.setattr(module, "batch_shares", lambda model: 3)
    model = model_of(small_data)
    pretrain(model, small_data, epochs=1, batch_items=11, jit_compile=JIT)
    assert set(sizes) == {9}
    with pytest.raises(ValueError, match="2 of them has content; 3 are needed, one for each device"):
        pretrain(model, small_data, rows=np.arange(2))


def test_what_cannot_be_pretrained_is_explained(small_data):
    with pytest.raises(ValueError, match="knows their ids alone: give items a feature"):
        pretrain(model_of(small_data, ["item_id"]), small_data)
    with pytest.raises(ValueError, match="There is no objective 'contrast'. Did you mean 'contrastive'"):
        pretrain(model_of(small_data), small_data, "contrast")
    with pytest.raises(ValueError, match="tells a feature of items from their others"):
        pretrain(model_of(small_data), small_data, "masked_modality")
    model = model_of(small_data)
    model.item_tower.get_layer("genres").embedding.embeddings.assign(np.full((9, 8), np.nan))
    with pytest.raises(ValueError, match="The loss of epoch 1 of the pretraining is nan"):
        pretrain(model, small_data, epochs=3)


def test_the_same_seed_gives_the_same(small_data):
    records = [pretrain(model_of(small_data), small_data, epochs=2, batch_items=8, seed=1) for _ in range(2)]
    assert [one["loss"] for one in records[0]] == [one["loss"] for one in records[1]]


@pytest.mark.backend
def test_training_goes_on_from_it(small_data):
    model = model_of(small_data)
    pretrain(model, small_data, epochs=1, batch_items=8, jit_compile=JIT)
    kept = np.asarray(model.item_tower.get_layer("genres").embedding.embeddings).copy()
    records = fit(model, small_data.train, epochs=3, batch_events=400, learning_rate=1e-4, jit_compile=JIT)
    now = np.asarray(model.item_tower.get_layer("genres").embedding.embeddings)
    assert np.isfinite(records[0]["loss"]) and 0 < np.abs(now - kept).max() < 0.01

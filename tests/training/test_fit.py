"""Training on a pattern that can be learnt, and what goes wrong in training."""

import json

import numpy as np
import pytest

from backends import JIT
from tfmmrec.evaluation import evaluate
from tfmmrec.models import build_recommender
from tfmmrec.recipes.most_popular import MostPopular
from tfmmrec.training import Run, best_epoch, fit

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def trained(small_data, tmp_path_factory):
    model = build_recommender(small_data.schema, small_data.vocabulary, width=16, seed=0)
    run = Run(tmp_path_factory.mktemp("runs") / "small")
    run.begin(small_data.schema, small_data, {"seed": 0})
    told = []
    records = fit(
        model,
        small_data.train,
        small_data.validation,
        epochs=12,
        batch_events=128,
        learning_rate=0.02,
        patience=12,
        refresh_every=5,
        jit_compile=JIT,
        run=run,
        on_epoch=told.append,
    )
    assert told == records
    return model, run, records


def test_it_finds_the_pattern(trained, small_data):
    model, _, _ = trained
    found = evaluate(model, small_data.test).metrics
    popular = evaluate(MostPopular(small_data), small_data.test).metrics
    assert found["ndcg@10"] > 2 * popular["ndcg@10"]
    assert found["like.auc"] > 0.9
    assert found["rating.rmse"] < 1.0


def test_the_best_epochs_weights_are_kept(trained, small_data):
    model, _, records = trained
    best = max(record["validation ndcg@10"] for record in records)
    assert records[best_epoch(records, "ndcg@10") - 1]["validation ndcg@10"] == best
    assert evaluate(model, small_data.validation).metrics["ndcg@10"] == pytest.approx(best, abs=1e-6)


def test_the_run_folder_holds_everything(trained, small_data):
    model, run, records = trained
    assert run.read("curves") == json.loads(json.dumps(records))
    assert run.read("config")["split_sha256"] == small_data.split_sha256
    assert run.read("versions")["keras"]
    assert run.schema == small_data.schema
    again = Run.open(run.folder).load_model()
    np.testing.assert_allclose(
        again.encode_items(small_data.items)["vector"],
        model.encode_items(small_data.items)["vector"],
        atol=1e-5,
    )
    assert not list(run.folder.glob("*.part*"))


def test_an_untrained_run_is_explained(tmp_path):
    with pytest.raises(ValueError, match="train one with `tfmmrec train`"):
        Run.open(tmp_path / "nothing")


def test_what_cannot_be_trained_is_explained(small_data):
    schema = small_data.schema.only(item=["item_id"], tasks=["like"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    with pytest.raises(ValueError, match="validation split is empty"):
        fit(model, small_data.train, small_data.cold)
    with pytest.raises(ValueError, match="no training events"):
        fit(model, small_data.cold)


def test_an_unknown_monitor_is_explained(small_data):
    schema = small_data.schema.only(item=["item_id"], tasks=["like"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    with pytest.raises(ValueError, match="There is no validation metric 'ndcg@10'"):
        fit(model, small_data.train, small_data.validation, epochs=1, monitor="ndcg@10", jit_compile=JIT)


def test_a_diverging_loss_stops_training(small_data):
    import keras

    schema = small_data.schema.only(item=["item_id"], tasks=["rating"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    with pytest.raises(ValueError, match="lower learning_rate"):
        fit(model, small_data.train, epochs=3, optimizer=keras.optimizers.SGD(1e30), jit_compile=JIT)

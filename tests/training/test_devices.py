"""A batch that several devices share is trained on as one device trains on it."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tfmmrec.data.batches import Batches
from tfmmrec.models import build_recommender
from tfmmrec.training import all_devices, fit
from tfmmrec.training.devices import batch_shares

TRAINS_ON_ONE_AND_ON_TWO = """
import json, sys
import jax, keras, numpy as np
import small
from tfmmrec.data import load
from tfmmrec.models import build_recommender
from tfmmrec.training import fit

jax.config.update("jax_disable_most_optimizations", True)
assert len(jax.devices()) == 2
data = load(sys.argv[1], small.schema())
spread = keras.distribution.DataParallel()
told = {}
for name, distribution in {"one": None, "two": spread}.items():
    keras.distribution.set_distribution(distribution)
    schema = data.schema.only(tasks=["next_item", "like"])
    model = build_recommender(schema, data.vocabulary, width=8, seed=0)
    # seven rows and eleven items to encode do not fall into two shares: eight and twelve do
    odd = name == "two"
    settings = dict(batch_events=49, encode_items=11) if odd else dict(batch_events=56, encode_items=12)
    settings |= dict(epochs=2, learning_rate=0.01, refresh_every=2, negatives=3)
    records = fit(model, data.train, data.validation, **settings)
    kept = model.trainable_variables[0].value
    told[name] = {
        "losses": [record["loss"] for record in records],
        "validation": [record["validation ndcg@10"] for record in records],
        "weights": [float(np.abs(np.asarray(one)).sum()) for one in model.get_weights()],
        "devices": len(kept.sharding.device_set),
    }
print(json.dumps(told))
"""


@pytest.mark.slow
def test_two_devices_come_to_the_same_as_one(small_folder):
    pytest.importorskip("jax")
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", TRAINS_ON_ONE_AND_ON_TWO, str(small_folder)],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")]),
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    one, two = told["one"], told["two"]
    assert (one["devices"], two["devices"]) == (1, 2)
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    np.testing.assert_allclose(two["validation"], one["validation"], atol=1e-4)
    np.testing.assert_allclose(two["weights"], one["weights"], rtol=1e-3)


@pytest.mark.parametrize("shares", [1, 2, 3, 8])
def test_every_array_of_a_batch_falls_into_equal_shares(small_data, small_sets, shares):
    for data in (small_data, small_sets):
        batches = Batches(data, data.schema, batch_events=31, encoded=10, negatives=3, shares=shares)
        for inputs in batches:
            for arrays in inputs:
                assert all(len(array) % shares == 0 for array in arrays.values())


def test_without_a_distribution_a_batch_is_whole(small_data):
    model = build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)
    assert keras.distribution.distribution() is None and batch_shares(model) == 1


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the other backends are refused")
@pytest.mark.backend
def test_all_devices_share_within_alone(small_data):
    import jax

    with all_devices() as count:
        model = build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)
        assert count == batch_shares(model) == len(jax.devices())
        assert keras.distribution.distribution() is not None
    assert keras.distribution.distribution() is None


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="jax does")
def test_a_backend_that_spreads_no_step_is_told_of():
    with pytest.raises(ValueError, match="KERAS_BACKEND=jax, and Keras runs on tensorflow"), all_devices():
        pass


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_a_model_for_replicas_that_would_cut_a_batch_is_refused(small_data):
    schema = dataclasses.replace(small_data.schema, tasks=small_data.schema.tasks[:1])
    model = build_recommender(schema, small_data.vocabulary, width=8, fusion="concat", seed=0)

    class Two:
        num_replicas_in_sync = 2

    model._distribute_strategy = Two()  # a scope of two takes two devices, which a process is given once
    with pytest.raises(ValueError, match="tf.distribute scope of 2 replicas.*KERAS_BACKEND=jax"):
        fit(model, small_data.train, epochs=1)

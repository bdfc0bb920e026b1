"""A model trained on jax is exported through tensorflow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from export import world
from tfmmrec.export import Given, KnownUsers, export
from tfmmrec.export.fingerprint import fingerprint
from tfmmrec.export.warmup import WARMUP

TRAINS_AND_EXPORTS = """
import json, sys
import keras
from export import world
from tfmmrec.data import Batches
from tfmmrec.export import Given, KnownUsers, export, is_made_of

assert keras.backend.backend() == "jax"
data, model = world.circle()
model.compile(optimizer=keras.optimizers.Adam(0.01))
batches = Batches(data, data.schema, batch_events=16)
x, y, w = batches[0]
model.train_on_batch(x, y, sample_weight=w)
after = model.encode_items(data.items, batch=10)["vector"]
assert model.optimizer.iterations == 1
users = KnownUsers.of(data)
path = export(model, data.catalogue, sys.argv[1], users=users, filters=["price"], candidates=7)
model.save(sys.argv[2])
written = path.stat().st_ino
same = dict(users=users, filters=["price"], candidates=7)
assert export(model, data.catalogue, path, **same) == path and path.stat().st_ino == written
model.train_on_batch(x, y, sample_weight=w)
assert not is_made_of(path, Given(model, data.catalogue, **same))
print(json.dumps({"ids": list(data.item_ids), "vectors": after.tolist(), "path": str(path)}))
"""


@pytest.mark.slow
def test_a_model_trained_on_jax_answers_under_tensorflow(tmp_path):
    pytest.importorskip("jax")
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")]),
    }
    target = tmp_path / "jax" / "1"
    ended = subprocess.run(
        [sys.executable, "-c", TRAINS_AND_EXPORTS, str(target), str(tmp_path / "trained.keras")],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["path"] == str(target)
    assert os.listdir(target.parent) == ["1"]
    about = json.loads((target / "assets.extra" / "about.json").read_text("utf-8"))
    assert about["versions"]["backend"] == "tensorflow"
    assert (target / WARMUP).stat().st_size > 0
    signature = tf.saved_model.load(str(target)).signatures["encode_item"]
    ids = tf.constant(said["ids"])
    nothing = tf.fill([len(said["ids"])], tf.constant(float("nan"), tf.float64))
    answer = signature(item_id=ids, item_price=nothing)
    np.testing.assert_allclose(answer["vector"], said["vectors"], atol=1e-5)
    model = keras.saving.load_model(tmp_path / "trained.keras")
    data, _ = world.circle()
    users = KnownUsers.of(data)
    same = {"users": users, "filters": ["price"], "candidates": 7}
    assert about["fingerprint"] == fingerprint(Given(model, data.catalogue, **same))
    assert export(model, data.catalogue, target, **same) == target
    served = {"user_id": ["ann"], "k": [10], "filter_price": [[5, 6.5]]}
    found = world.text(world.call(target, "recommend", **served)["item_id"])[0]
    assert {item for item in found if item} == set(world.ITEMS[:2])
    assert os.listdir(target.parent) == ["1"]


def test_a_process_that_fails_says_its_last_words(tmp_path, monkeypatch):
    """Without jax: the same way is taken when the backend is said to be another one."""
    data, model = world.circle()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(RuntimeError, match="runs in a process on tensorflow, which failed"):
        export(model, data.catalogue, tmp_path / "1")
    assert os.listdir(tmp_path) == []

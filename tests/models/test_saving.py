"""A saved model answers the same, in this process and under the other backend."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from tfmmrec.fusion import Sum
from tfmmrec.models import Recommender, build_recommender

OTHER = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
SCRIPT = """
import sys
import keras, numpy as np
import tfmmrec.models

folder = sys.argv[1]
assert keras.backend.backend() == {other!r}
model = keras.saving.load_model(folder + "/model.keras", compile=False)
model.jit_compile = {jit}
outputs = model.predict_on_batch(dict(np.load(folder + "/x.npz")))
np.savez(folder + "/outputs.npz", content=model.item_vectors.content, **outputs)
"""


def test_saved_and_loaded_it_answers_the_same(model, ask, batch, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert isinstance(again, Recommender) and again.schema == model.schema
    assert again.vocabulary == model.vocabulary
    for name, value in again.predict_on_batch(batch[0]).items():
        np.testing.assert_allclose(np.asarray(value), ask(batch[0])[name], atol=1e-6)


def of_fusion(model, fusion):
    return build_recommender(model.schema, model.vocabulary, width=8, fusion=fusion, seed=0)


def test_a_fusion_of_ones_own_is_found_again_by_the_name_it_is_registered_under(model, batch, tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Doubled(Sum):
        """Twice the sum."""

        def fuse(self, tokens, masks):
            return 2.0 * super().fuse(tokens, masks)

    for choice in (Doubled, {"name": Doubled}):
        mine = of_fusion(model, choice)
        json.dumps(mine.get_config()["fusion"])
        mine.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
        found, expected = (one.predict_on_batch(batch[0])["items"] for one in (again, mine))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    usual = of_fusion(model, Sum)
    assert usual.get_config()["fusion"] == "tfmmrec>Sum"
    assert np.abs(expected - usual.predict_on_batch(batch[0])["items"]).max() > 1e-3


def test_a_fusion_that_could_not_be_found_again(model):
    class Unregistered(Sum):
        """Not known to Keras."""

    mine = of_fusion(model, Unregistered)
    with pytest.raises(
        ValueError, match=r"with Unregistered could not be saved .*@keras.saving.register_keras"
    ):
        mine.get_config()
    with pytest.raises(ValueError, match="The fusion 'other>Absent' is not known here: import the module"):
        of_fusion(model, "other>Absent")


@pytest.mark.backend
def test_the_other_backend_answers_the_same(model, ask, batch, tmp_path, pytestconfig):
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", **batch[0])
    script = SCRIPT.format(other=OTHER, jit=OTHER == "jax")
    quick = {"KERAS_BACKEND": OTHER, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, **quick, "PYTHONPATH": str(pytestconfig.rootpath)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "outputs.npz")
    np.testing.assert_array_equal(found["content"], np.asarray(model.item_vectors.content))
    for name, value in ask(batch[0]).items():
        np.testing.assert_allclose(found[name], value, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "settings",
    [
        {
            "fusion": "concat",
            "alignment": "contrastive",
            "item_vectors": "encoded",
            "dtype": "mixed_bfloat16",
        },
        {"fusion": {"name": "transformer", "layers": 2, "heads": 2}, "name": "mine", "width": 16},
    ],
)
def test_its_configuration_is_plain_and_complete(small_data, settings):
    model = build_recommender(small_data.schema, small_data.vocabulary, **{"width": 8, **settings})
    config = json.loads(json.dumps(model.get_config()))
    assert "terms" not in json.dumps(config)
    again = Recommender.from_config(config)
    assert again.get_config() == model.get_config()
    assert again.name == model.name and again.dtype_policy.name == model.dtype_policy.name
    assert [w.path for w in again.weights] == [w.path for w in model.weights]
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    assert keras.config.dtype_policy().name == "float32"

"""Pretrained networks: a tiny random one, frozen, fine-tuned and with LoRA; weights from a file."""

import json

import keras
import numpy as np
import pytest

from backends import gradients, run
from contracts.samples import random, remade
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.encoders.pictures import Backbone
from tfmmrec.modalities import Image, Video

TINY = {"model": "MobileNet", "arguments": {"alpha": 0.25, "depth_multiplier": 1}}
PIXELS = np.clip(128 + 60 * random(2, 32, 64, 3), 0, 255)


def difference(one, other):
    """The largest, as a share: through untrained batch normalisation little of a picture is left."""
    one, other = np.asarray(one, "float64"), np.asarray(other, "float64")
    assert np.abs(other).max() > 0
    return np.abs(one - other).max() / np.abs(other).max()


def named(layer, *names):
    """The trained weights of these names."""
    return [weight for weight in layer.trainable_variables if weight.name in names]


def located(state, folder):
    """A feature's state as a model gets it from data that were loaded from a folder."""
    vocabulary = Vocabulary({"item": {"poster": state}}, {}, 1, 1, folder=str(folder))
    return vocabulary.sizes().features["item"]["poster"]


def built(**settings):
    keras.utils.set_random_seed(0)
    layer = Backbone(8, (32, 64), **TINY, **settings)
    layer.build()
    return layer


@pytest.fixture(scope="module")
def frozen():
    return built()


def test_a_token_for_each_place_of_its_last_map(frozen):
    tokens = run(frozen, PIXELS)
    assert tokens.shape == (2, 2, 8) and frozen.count == 2 and np.isfinite(tokens).all()
    features = frozen.network(PIXELS / 127.5 - 1, training=False)  # the scale of this one
    expected = np.asarray(frozen.projection(np.reshape(features, (2, 2, -1))))
    assert difference(tokens, expected) < 1e-3
    again = remade(frozen)
    assert again.get_config() == frozen.get_config() and again.network.count_params()


def test_frozen_the_map_alone_is_trained(frozen):
    assert [weight.path for weight in frozen.trainable_variables] == [
        weight.path for weight in frozen.projection.trainable_variables
    ]


@pytest.mark.backend
def test_lora_trains_additions_that_begin_with_nothing(frozen, tmp_path):
    layer = built(train="lora", rank=2)
    layer.projection.set_weights(frozen.projection.get_weights())
    before = run(layer, PIXELS)
    assert difference(before, run(frozen, PIXELS)) < 1e-3
    kernels = [w for w in layer.trainable_variables if w.name == "kernel"]
    assert kernels == [layer.projection.kernel]
    added = [w for w in layer.trainable_variables if w.name == "lora_kernel_b"]
    of_added, _ = gradients(lambda: keras.ops.sum(layer(PIXELS) ** 2), added)
    assert added and all(np.abs(gradient).max() > 0 for gradient in of_added)
    for weight in added:
        weight.assign(0.1 * random(*weight.shape))
    inputs = keras.Input((32, 64, 3))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "lora.keras")
    loaded = keras.saving.load_model(tmp_path / "lora.keras")
    after = run(layer, PIXELS)
    assert difference(run(loaded, PIXELS), after) < 1e-3 < difference(after, before)
    names = ("lora_kernel_a", "lora_kernel_b")
    for kept, weight in zip(named(loaded, *names), named(layer, *names), strict=True):
        assert kept.trainable
        np.testing.assert_array_equal(kept, weight)  # training goes on where it was
    of_kept, _ = gradients(lambda: keras.ops.sum(loaded(PIXELS) ** 2), named(loaded, *names))
    assert all(np.abs(gradient).max() > 0 for gradient in of_kept)


def test_lora_goes_on_from_weights_that_were_merged(frozen, tmp_path):
    layer = built(train="lora", rank=2)
    for weight in named(layer, "lora_kernel_b"):
        weight.assign(0.1 * random(*weight.shape))
    frozen.network.save_weights(tmp_path / "merged.weights.h5")
    layer.network.load_weights(tmp_path / "merged.weights.h5")
    layer.projection.set_weights(frozen.projection.get_weights())
    assert difference(run(layer, PIXELS), run(frozen, PIXELS)) < 1e-3
    added = named(layer, "lora_kernel_b")
    of_added, _ = gradients(lambda: keras.ops.sum(layer(PIXELS) ** 2), added)
    assert added and all(np.abs(gradient).max() > 0 for gradient in of_added)


def test_weights_of_a_file_of_the_data_folder(tmp_path, frozen):
    frozen.network.save_weights(tmp_path / "tiny.weights.h5")
    choice = {"name": "backbone", **TINY, "weights": "tiny.weights.h5", "train": "fine_tune"}
    member = Image("poster", height=32, width=64, patch=32, tokens=1, encoder=choice)
    state = member.with_files({}, tmp_path)
    assert member.files == ("tiny.weights.h5",) and state["start"].keys() == {"file", "sha256"}
    assert state["start"]["file"] == "tiny.weights.h5" and str(tmp_path) not in json.dumps(state)
    with pytest.raises(
        ValueError, match="'tiny.weights.h5' of the data folder, and where that is is not known"
    ):
        member.make_encoder(8, state, name="poster").build()
    state = located(state, tmp_path)
    layer = member.make_encoder(8, state, name="poster")
    layer({"pixels": np.zeros((1, 1, 32, 64, 3), "uint8"), "present": np.ones((1, 1), "int32")})
    for mine, theirs in zip(layer.picture.network.weights, frozen.network.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    trained = {weight.path for weight in layer.trainable_variables}
    assert all(weight.path in trained for weight in layer.picture.network.trainable_variables)
    assert "start" not in layer.get_config()
    video = Video("trailer", height=32, width=64, patch=32, picture_encoder=choice)
    assert located(video.with_files({}, tmp_path), tmp_path) == state and video.files == member.files


def test_weights_that_cannot_be_had(tmp_path, frozen, monkeypatch):
    choice = {"name": "backbone", **TINY, "weights": "absent.weights.h5"}
    with pytest.raises(ValueError, match="'poster': file of weights 'absent.weights.h5' was not found"):
        Image("poster", encoder=choice).with_files({}, tmp_path)
    (tmp_path / "broken.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="of MobileNet cannot be had .* is it of this one"):
        frozen.load({"file": "broken.weights.h5", "folder": str(tmp_path)})

    def refuse(*_, **__):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(frozen, "_made", refuse)
    with pytest.raises(ValueError, match=r"URL fetch failure\); name a .weights.h5 file of the data folder"):
        frozen.load("imagenet")
    assert Image("poster", encoder={"name": "backbone", "weights": "imagenet"}).with_files({}, tmp_path) == {
        "start": "imagenet"
    }


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"model": "MobileNot"}, "has no network 'MobileNot'. Did you mean 'MobileNet'"),
        ({"train": "loras"}, "no way to train 'loras'. Did you mean 'lora'"),
    ],
)
def test_settings_there_are_not(settings, match):
    with pytest.raises(ValueError, match=match):
        Backbone(8, (32, 32), **settings)

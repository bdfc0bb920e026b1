"""Presets of keras-hub: which part reads what, weights, and what is said where one cannot be had."""

import json
import sys

import keras
import numpy as np
import pytest

from backends import run
from contracts.samples import clip, random, tone
from encoders.tiny_presets import save
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Audio, Image, Text, Video

pytest.importorskip("keras_hub")

FEATURES = {
    "bert": lambda preset: Text("plot", length=8, encoder=preset),
    "roberta": lambda preset: Text("plot", length=8, encoder=preset),
    "t5": lambda preset: Text("plot", length=8, encoder=preset),
    "gemma": lambda preset: Text("plot", length=8, encoder=preset),
    "clip_text": lambda preset: Text("plot", length=8, encoder=preset),
    "siglip_text": lambda preset: Text("plot", length=6, encoder=preset),
    "vit": lambda preset: Image("poster", height=16, width=16, encoder=preset),
    "resnet": lambda preset: Image("poster", height=16, width=24, encoder=preset),
    "clip": lambda preset: Image("poster", height=16, width=16, encoder=preset),
    "siglip": lambda preset: Image("poster", height=16, width=16, encoder=preset),
    "whisper": lambda preset: Audio("clip", seconds=0.2, encoder=preset),
}


def feature_of(name, **settings):
    return FEATURES[name]({"name": "backbone", "preset": name.removesuffix("_text"), **settings})


def opened(feature, folder):
    """The state of a feature as a model gets it."""
    state = json.loads(json.dumps(feature.with_files({}, folder)))
    assert str(folder) not in json.dumps(state)  # so that what was prepared can be moved
    vocabulary = Vocabulary({"item": {feature.name: state}}, {}, 1, 1, folder=str(folder))
    return state, vocabulary.sizes().features["item"][feature.name]


def inputs_of(feature, state):
    return {part: keras.Input(shape, dtype=kind) for part, (shape, kind) in feature.spec(state).items()}


def built(feature, located):
    """The feature's encoder, with the preset's weights."""
    layer = feature.make_encoder(8, located, name="feature")
    layer(inputs_of(feature, located))
    return layer


def preprocessed(feature, state):
    import tensorflow as tf

    values = {
        Text: ["word1 word2", "", "word3 wrd word4 word5 word6 word7"],
        Image: [[feature.example(state)[0]], [b""]] if isinstance(feature, Image) else None,
        Audio: [clip(tone(440, 0.1, 16_000), 16_000), b"", clip(tone(880, 0.3, 8_000), 8_000)],
    }[type(feature)]
    return {k: v.numpy() for k, v in feature.preprocess(state)(tf.constant(values)).items()}


def theirs(name, network, parts, described):
    """What keras-hub's own network makes of the same content."""
    if name == "whisper":
        frames = parts["frames"].astype("float32")
        known = np.arange(frames.shape[1]) < parts["heard"][:, None]
        lowest = np.where(known[..., None], frames, 1e4).min(axis=(1, 2), keepdims=True)
        frames = np.where(known[..., None], frames, lowest * (lowest < 1e4))
        nothing = np.zeros((len(frames), 2), "int32")
        inputs = {"encoder_features": frames, "decoder_token_ids": nothing, "decoder_padding_mask": nothing}
        return run(network, inputs)["encoder_sequence_output"]
    if "pixels" in parts:
        pixels = parts["pixels"][:, 0].astype("float32")
        pixels = pixels * np.asarray(described["scale"]) + np.asarray(described["offset"])
        network = getattr(network, "vision_encoder", network)
        found = run(network, {"images": pixels} if isinstance(network.input, dict) else pixels)
        return found.reshape(len(found), -1, found.shape[-1])
    mask = (parts["tokens"] > 0).astype("int32")
    numbers = np.where(mask, parts["tokens"] - 1, described["padding"])
    network = getattr(network, "text_encoder", network)
    if name == "siglip_text":  # filled up to the length it was made for; its answer is of the last place
        numbers = np.pad(numbers, [[0, 0], [0, 2]], constant_values=described["padding"])
        found = run(keras.Model(network.input, network.post_layer_norm.output), {"token_ids": numbers})
        pooled = run(network, {"token_ids": numbers})
        np.testing.assert_allclose(run(network.head, found[:, -1]), pooled, rtol=1e-4, atol=1e-5)
        return found[:, :6]
    known = {"token_ids": numbers, "padding_mask": mask, "segment_ids": np.zeros_like(mask)}
    given = {key: known[key.removeprefix("encoder_").removeprefix("decoder_")] for key in network.input}
    found = run(network, given)
    return (
        found
        if not isinstance(found, dict)
        else found.get("encoder_sequence_output", found.get("sequence_output"))
    )


@pytest.mark.parametrize("name", FEATURES)
def test_the_network_with_its_weights_and_own_preparation(name, tmp_path):
    network = save(tmp_path, name.removesuffix("_text"))
    feature = feature_of(name)
    state, located = opened(feature, tmp_path)
    parts = preprocessed(feature, state)
    assert {part: array.shape[1:] for part, array in parts.items()} == {
        part: shape for part, (shape, _) in feature.spec(state).items()
    }
    layer = built(feature, located)
    tokens, mask = run(layer, parts)
    assert tokens.shape[:2] == mask.shape and np.isfinite(tokens).all()
    expected = theirs(name, network, parts, state["network"])
    inner = getattr(layer, "picture", None) or layer.sequence
    if name == "whisper":
        known = np.arange(parts["frames"].shape[1]) < parts["heard"][:, None]
        found, there = run(inner, parts["frames"].astype("float32"), known)
    elif "pixels" in parts:
        found, there = run(inner, parts["pixels"][:, 0].astype("float32")), None
    else:
        found, there = run(inner, parts["tokens"], parts["tokens"] > 0)
    projected = expected @ np.asarray(inner.projection.kernel)
    there = np.ones(found.shape[:2], bool) if there is None else there
    np.testing.assert_allclose(found[there], projected[there], rtol=1e-4, atol=1e-5)
    assert inner.trainable_variables == [inner.projection.kernel, inner.projection.bias]  # frozen


@pytest.mark.backend
@pytest.mark.parametrize("name", ["bert", "vit"])
@pytest.mark.parametrize("train", ["fine_tune", "lora"])
def test_what_is_trained(name, train, tmp_path):
    save(tmp_path, name)
    feature = feature_of(name, train=train)
    state, located = opened(feature, tmp_path)
    layer, frozen = built(feature, located), built(feature_of(name), located)
    parts = preprocessed(feature, state)
    inner = getattr(layer, "picture", None) or layer.sequence
    before = getattr(frozen, "picture", None) or frozen.sequence
    inner.projection.set_weights(before.projection.get_weights())
    if layer.summary:
        layer.summary.set_weights(frozen.summary.get_weights())
    for one, other in zip(run(layer, parts), run(frozen, parts), strict=True):  # additions begin with nothing
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    names = {weight.name for weight in inner.network.trainable_variables}
    if train == "lora":
        assert "lora_kernel_a" in names and "kernel" not in names and "embeddings" not in names
    else:
        assert {"kernel", "bias", "gamma"} <= names and "lora_kernel_a" not in names
    inputs = inputs_of(feature, state)
    keras.Model(inputs, layer(inputs)[0]).save(tmp_path / "whole.keras")
    loaded = keras.saving.load_model(tmp_path / "whole.keras")
    np.testing.assert_allclose(run(loaded, parts), run(layer, parts)[0], rtol=1e-5, atol=1e-6)
    assert str(tmp_path) not in json.dumps(layer.get_config())


def test_a_text_is_framed_as_by_its_own_preprocessor(tmp_path):
    import keras_hub

    texts = ["word1 word2", "word3 wrd word4 word5 word6 word7", "Word1!"]
    for name, kind in (("bert", "Bert"), ("roberta", "Roberta")):
        save(tmp_path, name)
        own = getattr(keras_hub.models, f"{kind}TextClassifierPreprocessor").from_preset(
            str(tmp_path / name), sequence_length=8
        )
        feature = feature_of(name)
        state = feature.with_files({}, tmp_path)
        import tensorflow as tf

        tokens = feature.preprocess(state)(tf.constant(texts))["tokens"].numpy()
        expected = {key: np.asarray(value) for key, value in own(texts).items()}
        np.testing.assert_array_equal(tokens > 0, expected["padding_mask"].astype(bool))
        np.testing.assert_array_equal(
            np.where(tokens > 0, tokens - 1, state["network"]["padding"]), expected["token_ids"]
        )
        with pytest.raises(ValueError, match=f"'{name}' reads 16 pieces of a text at most; set length to"):
            Text("plot", length=17, encoder=feature.encoder).make_encoder(8, state, name="plot")


def test_a_text_is_made_canonical_as_by_siglips_own_preprocessor(tmp_path):
    import keras_hub
    import tensorflow as tf

    save(tmp_path, "siglip")
    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(tmp_path / "siglip"))
    own = keras_hub.models.SigLIPPreprocessor(tokenizer, sequence_length=8)
    texts = ["word, word.", "  Word\tWORD!? (wor-d) ", "word word word word word word word word word"]
    feature = Text("plot", length=8, encoder={"name": "backbone", "preset": "siglip"})
    state = feature.with_files({}, tmp_path)
    tokens = feature.preprocess(state)(tf.constant(texts))["tokens"].numpy()
    expected = own({"prompts": tf.constant(texts), "images": tf.zeros((3, 16, 16, 3))})
    np.testing.assert_array_equal(
        np.where(tokens > 0, tokens - 1, state["network"]["padding"]), np.asarray(expected["token_ids"])
    )
    with pytest.raises(ValueError, match="'siglip' reads 8 pieces of a text at most; set length to these or"):
        Text("plot", length=9, encoder=feature.encoder).make_encoder(8, state, name="plot")


def test_sounds_are_heard_as_by_its_own_converter(tmp_path):
    import keras_hub
    import tensorflow as tf

    save(tmp_path, "whisper")
    feature = Audio("clip", seconds=1.0, encoder={"name": "backbone", "preset": "whisper"})
    state = feature.with_files({}, tmp_path)
    sound = (tone(440, 1.0, 16_000) + 0.1 * random(16_000)).clip(-1, 1)
    parts = feature.preprocess(state)(tf.constant([clip(sound, 16_000)]))
    own = keras_hub.layers.AudioConverter.from_preset(str(tmp_path / "whisper"))
    decoded = tf.audio.decode_wav(clip(sound, 16_000))[0][:, 0]
    np.testing.assert_allclose(parts["frames"][0], np.asarray(own(decoded)), atol=2e-3)
    assert parts["heard"].numpy() == [100]


@pytest.mark.parametrize(
    ("feature", "match"),
    [
        (
            Text("plot", encoder={"name": "backbone", "preset": "vit"}),
            "is a ViTBackbone, which does not read texts",
        ),
        (Image("poster", encoder={"name": "backbone", "preset": "bert"}), "which does not read pictures"),
        (Audio("clip", encoder={"name": "backbone", "preset": "bert"}), "which does not read sounds"),
    ],
)
def test_a_preset_of_another_kind(feature, match, tmp_path):
    save(tmp_path, feature.encoder["preset"])
    with pytest.raises(ValueError, match=match):
        feature.with_files({}, tmp_path)


def test_a_preset_that_cannot_be_had(tmp_path, monkeypatch):
    import keras_hub

    def refuse(*_, **__):
        raise Exception("no way to the hub")

    feature = Text("plot", encoder={"name": "backbone", "preset": "bert_tiny_en_uncased"})
    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", refuse)
    with pytest.raises(
        ValueError, match=r"'bert_tiny_en_uncased' cannot be had \(no way to the hub\). A preset"
    ):
        feature.with_files({}, tmp_path)
    with pytest.raises(ValueError, match="lies outside the data folder"):
        Text("plot", encoder={"name": "backbone", "preset": "../bert"}).with_files({}, tmp_path)


def test_without_keras_hub(tmp_path, monkeypatch):
    (tmp_path / "bert").mkdir()
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(
        ImportError, match=r'keras-hub, which cannot be imported .* pip install "tfmmrec\[hub\]"'
    ):
        Text("plot", encoder={"name": "backbone", "preset": "bert"}).with_files({}, tmp_path)


def test_pictures_of_another_size_than_it_reads(tmp_path):
    save(tmp_path, "vit")
    feature = Image("poster", height=32, width=32, encoder={"name": "backbone", "preset": "vit"})
    state = feature.with_files({}, tmp_path)
    with pytest.raises(ValueError, match="'vit' reads pictures of 16×16 pixels; set height and width"):
        feature.make_encoder(8, state, name="poster")


def test_a_preset_that_was_not_opened():
    for feature in (Text("plot", encoder={"name": "backbone", "preset": "bert"}),):
        with pytest.raises(ValueError, match="'bert' was not opened in preparation"):
            feature.make_encoder(8, {}, name="plot")
    with pytest.raises(ValueError, match="reads texts and sounds; a network that reads frames"):
        Video("trailer", encoder={"name": "backbone", "preset": "bert"})

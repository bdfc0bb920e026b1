"""Presets of keras-hub: what a network is made of, its part for one kind of content, its weights.

Preparation opens a preset, `described`, and what it learns is all that the network is made from, `made`. The
preset itself is needed again for the weights alone, `weights_of`.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

KINDS = {"text": "texts", "picture": "pictures", "sound": "sounds"}
_PARTS = {"text": "text_encoder", "picture": "vision_encoder"}
_READS = {
    "text": ("token_ids", "padding_mask", "segment_ids", "encoder_token_ids", "encoder_padding_mask"),
    "sound": ("encoder_features",),
}
_OUTPUTS = ("encoder_sequence_output", "sequence_output")


def keras_hub() -> ModuleType:
    """The library.

    Raises:
        ImportError: it is not installed, or does not work here.
    """
    try:
        import keras_hub as library
    except (ImportError, OSError) as error:
        raise ImportError(
            f"Presets are networks of keras-hub, which cannot be imported ({error}): "
            'pip install "tfmmrec[hub]".'
        ) from error
    return library


def described(preset: str, where: str | Path, kind: str) -> dict[str, Any]:
    """What the network of a preset is made from, in plain values.

    Args:
        preset: its name, for messages.
        where: its folder, or the name it is downloaded by.
        kind: one of `KINDS`.

    Raises:
        ValueError: there is no such preset, it cannot be downloaded, or it reads something else.
    """
    backbone = _opened(preset, where, load_weights=False)
    # as a text, which Keras does not take for an object when it finds it in a configuration
    config = json.dumps(_plain(keras.saving.serialize_keras_object(backbone)), sort_keys=True)
    network: dict[str, Any] = {"kind": kind, "config": config}
    _part(backbone, network, preset)
    encoder = _encoder(backbone, kind)
    longest = getattr(encoder, "max_sequence_length", None)  # none where positions are relative
    if kind == "text" and longest is not None:
        network["longest"] = int(longest)
        if type(encoder).__name__ == "SigLIPTextEncoder":  # without a mask: it reads what fills a text up
            network["filled"] = True
    return network


def made(network: dict[str, Any]) -> keras.Model:
    """A new network, from what `described` learnt, with random weights."""
    keras_hub()  # its classes are found by name
    return _part(keras.saving.deserialize_keras_object(json.loads(network["config"])), network, "")


def weights_of(preset: str, where: str | Path, network: dict[str, Any]) -> keras.Model:
    """The network with the preset's weights.

    Raises:
        ValueError: the preset cannot be had.
    """
    return _part(_opened(preset, where, load_weights=True), network, preset)


def pixel_scale(where: str | Path) -> dict[str, Any]:
    """``scale`` and ``offset`` of pixels from 0 to 255, by the preset's converter; without one to −1 … 1."""
    try:
        converter = keras_hub().layers.ImageConverter.from_preset(str(where))
    except Exception:  # a preset of a network alone
        return {"scale": 1 / 127.5, "offset": -1.0}
    given = {"scale": (converter.scale, 1.0), "offset": (converter.offset, 0.0)}
    return {
        name: np.asarray(default if value is None else value, "float64").tolist()
        for name, (value, default) in given.items()
    }


def frames_of_sound(where: str | Path) -> dict[str, Any]:
    """Rate, bins, stride and mel bands of a preset's converter of sounds; Whisper's without one."""
    known = {"rate": 16_000, "bins": 400, "stride": 160, "mels": 80}
    try:
        converter = keras_hub().layers.AudioConverter.from_preset(str(where))
    except Exception:
        return known
    names = ("sampling_rate", "num_fft_bins", "stride", "num_mels")
    return {key: int(getattr(converter, name)) for key, name in zip(known, names, strict=True)}


def _opened(preset: str, where: str | Path, load_weights: bool) -> keras.Model:
    try:
        return keras_hub().models.Backbone.from_preset(str(where), load_weights=load_weights)
    except ImportError:
        raise
    except Exception as error:  # of downloads and damaged files there are many kinds
        raise cannot_be_had(preset, error) from error


def cannot_be_had(preset: str, error: Exception) -> ValueError:
    """What is said of a preset that cannot be opened."""
    why = " ".join(str(error).split())[:300]
    return ValueError(
        f"The preset {preset!r} cannot be had ({why}). A preset is a folder below the data folder, as "
        "save_to_preset of keras-hub writes it, or a name that it can download from here, such as "
        '"bert_tiny_en_uncased"; copy the folder there and name it.'
    )


def _part(backbone: keras.Model, network: dict[str, Any], preset: str) -> keras.Model:
    """The encoder of one kind of content: without decoders, heads and the encoders of other kinds."""
    kind = network["kind"]
    backbone = _encoder(backbone, kind)
    inputs, output = backbone.input, backbone.output
    if isinstance(output, dict):
        output = next((output[name] for name in _OUTPUTS if name in output), None)
    if kind == "picture":
        if isinstance(inputs, dict):
            inputs = inputs.get("images") if len(inputs) == 1 else None
        fits = inputs is not None and len(inputs.shape) == 4
    else:
        there = inputs if isinstance(inputs, dict) else {}
        inputs = {name: there[name] for name in _READS[kind] if name in there}
        if output is not None and len(output.shape) == 2:  # SigLIP's is of a whole text
            output = getattr(getattr(backbone, "post_layer_norm", None), "output", None)
        fits = bool(inputs) and output is not None and len(output.shape) == 3  # a vector of each place
    if not fits or output is None:
        raise ValueError(
            f"The preset {preset!r} is a {type(backbone).__name__}, which does not read {KINDS[kind]}; "
            "choose one that does."
        )
    return keras.Model(inputs, output, name="network")


def _encoder(backbone: Any, kind: str) -> Any:
    return getattr(backbone, _PARTS.get(kind, ""), None) or backbone


def _plain(config: Any) -> Any:
    """A configuration without dtypes, which are the model's own, but for quantised ones."""
    if isinstance(config, dict):
        return {
            key: _plain(value)
            for key, value in config.items()
            if key not in ("build_config", "compile_config") and not (key == "dtype" and not _is_map(value))
        }
    return [_plain(value) for value in config] if isinstance(config, list | tuple) else config


def _is_map(dtype: Any) -> bool:
    return isinstance(dtype, dict) and dtype.get("class_name") == "DTypePolicyMap"

"""How a network that was trained elsewhere is trained further."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import keras

from tfmmrec.members import suggestion

TRAINING = ("frozen", "fine_tune", "lora")


def check_training(train: str) -> None:
    """Checks the name of a way of training.

    Raises:
        ValueError: there is none of this name; the message lists what there is.
    """
    if train not in TRAINING:
        raise ValueError(f"Backbone: there is no way to train {train!r}.{suggestion(train, TRAINING)}")


def train_as(network: keras.Model, train: str, rank: int) -> None:
    """Sets which weights of a network are trained.

    Args:
        network: built.
        train: ``"frozen"`` (none), ``"fine_tune"`` (all that are made to be) or ``"lora"``: additions of low
            rank to its dense and convolutional kernels, and the biases of these (Hu 2021).
        rank: of these additions.
    """
    if train == "fine_tune":
        return
    network.trainable = train != "frozen"
    if train == "frozen":
        return
    kinds = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv2D)
    layers = list(network._flatten_layers(include_self=False))
    for layer in layers:
        layer.trainable = False
    for layer in layers:
        if isinstance(layer, kinds) and layer.built:
            layer.trainable = True
            layer.enable_lora(rank)
            _save_apart(layer)


def has_batch_statistics(network: keras.Model) -> bool:
    """Whether rows of a batch would see each other in training."""
    return any(isinstance(one, keras.layers.BatchNormalization) for one in network._flatten_layers())


def start_from(network: keras.Model, taken: keras.Model) -> None:
    """Gives a network the weights of another of the same architecture; what low rank adds stays."""
    for variable, value in zip(_own(network), taken.weights, strict=True):
        variable.assign(value)


def where_of(start: dict[str, Any]) -> str | Path:
    """The folder or the file that weights start from, or the name they are downloaded by.

    Args:
        start: ``"file"`` below the data folder, which is ``"folder"``, or ``"download"``.

    Raises:
        ValueError: it is not known where the data folder is.
    """
    if "download" in start:
        return start["download"]
    if not start.get("folder"):
        raise ValueError(
            f"Weights start from {start['file']!r} of the data folder, and where that is is not known: build "
            "the model from data of load(folder, …)."
        )
    return Path(start["folder"]) / start["file"]


def _save_apart(layer: Any) -> None:
    """Makes files keep a layer's kernel and what low rank adds to it as they are.

    Keras writes their sum, and reads zeros into both factors of the addition: the gradient of each is a
    product with the other, so that neither would ever move again. Where a file holds sums, the first factor
    is drawn anew.
    """
    plain, merged = keras.layers.Layer, layer.load_own_variables

    def load(store: Any) -> None:
        if len(store.keys()) == len(layer.variables):
            plain.load_own_variables(layer, store)
        else:
            merged(store)
            first = layer.lora_kernel_a
            first.assign(keras.initializers.HeUniform()(first.shape, first.dtype))

    layer.save_own_variables = partial(plain.save_own_variables, layer)
    layer.load_own_variables = load


def _own(network: keras.Model) -> list[Any]:
    """A network's weights without what low rank adds."""
    return [weight for weight in network.weights if not weight.name.startswith("lora_")]

"""Learning rates that fall with the depth of an encoder."""

import contextlib

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from contracts.samples import random
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Image, Number, Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Multiclass
from tfmmrec.training.layer_rates import encoders_of, layer_rates, layers_of
from tfmmrec.training.row_updates import RowAdamW, adamw

PLOT = Text("plot", length=4, layers=2)
SCHEMA = Schema(
    item=[PLOT, Number("year")], tasks=[Multiclass("kind")], user_id=None, tables={"events": "items.csv"}
)


@pytest.fixture(scope="module")
def model():
    features = {"plot": PLOT.fit(["a b c", "b c"]), "year": Number("year").fit(np.arange(3.0))}
    vocabulary = Vocabulary(
        {"item": features, "user": {}, "event": {}}, {"kind": Multiclass("kind").fit(["x", "y"])}, 2, 2
    )
    return build_recommender(SCHEMA, vocabulary, width=8, fusion="concat", seed=0)


def test_layers_from_the_input_to_the_output(model):
    encoders = dict(encoders_of(model))
    assert set(encoders) == {"plot", "year"}
    levels = layers_of(encoders["plot"])
    begin = [sorted({"/".join(v.path.split("/")[:3]) for v in level}) for level in levels]
    assert begin[0] == ["plot/words/embeddings"]
    assert begin[1] == ["plot/sequence/position"]
    assert [one[0].startswith(f"plot/sequence/block_{at}") for at, one in enumerate(begin[2:4])] == [
        True,
        True,
    ]
    assert all(path.startswith("plot/summary") for path in begin[4]) and len(begin) == 5
    trained = encoders["plot"].trainable_variables
    assert sorted(id(v) for level in levels for v in level) == sorted(id(v) for v in trained)


def test_a_pretrained_network_counts_layer_by_layer():
    network = {"name": "backbone", "model": "MobileNet", "arguments": {"alpha": 0.25}, "train": "fine_tune"}
    encoder = Image("poster", height=32, width=32, patch=32, tokens=1, encoder=network).make_encoder(
        8, {}, name="poster"
    )
    encoder({"pixels": np.zeros((1, 1, 32, 32, 3), "uint8"), "present": np.ones((1, 1), "int32")})
    levels = layers_of(encoder)
    inner = [layer for layer in encoder.picture.network.layers if layer.trainable_variables]
    assert len(levels) == len(inner) + 2  # and the projection, and the summary
    assert levels[0][0] is inner[0].trainable_variables[0]
    assert levels[-2][0] is encoder.picture.projection.trainable_variables[0]


def test_rates_by_hand(model):
    found = layer_rates(model, {"plot": 0.5}, {"plot": 0.8, "year": 0.25})
    words, position, block, last, summary = (
        level[0].path for level in layers_of(dict(encoders_of(model))["plot"])
    )
    expected = {words: 0.05, position: 0.1, block: 0.2, last: 0.4, summary: 0.8}
    assert {path: found[path] for path in expected} == pytest.approx(expected)
    assert {rate for path, rate in found.items() if path.startswith("year/")} == {0.25}
    assert layer_rates(model, None) == {}
    assert min(layer_rates(model, 0.9).values()) == pytest.approx(0.9**4)


@pytest.mark.backend
def test_the_first_step_is_as_long_as_the_rate(model):
    """In the first step of Adam every weight moves by its learning rate."""
    weights = model.trainable_variables
    optimizer = adamw(model, 0.1, 0.0, layer_decay={"plot": 0.5})
    optimizer.build(weights)
    before = [convert_to_numpy(weight) for weight in weights]
    optimizer.apply([keras.ops.convert_to_tensor(1 + random(*w.shape) ** 2) for w in weights], weights)
    words, *_, summary = layers_of(dict(encoders_of(model))["plot"])
    expected = {words[0].path: 0.1 * 0.5**4, summary[0].path: 0.1}
    for weight, old in zip(weights, before, strict=True):
        rate = expected.get(weight.path, None if weight.path.startswith("plot/") else 0.1)
        moved = np.abs(convert_to_numpy(weight) - old)
        weight.assign(old)
        if rate is not None:
            np.testing.assert_allclose(moved, rate, rtol=1e-2, err_msg=weight.path)


@pytest.mark.backend
def test_the_longest_name_counts_and_decay_goes_with_it():
    names = ("a", "a/b", "a/bc", "d")
    variables = []
    for name in names:
        with contextlib.ExitStack() as scopes:
            for part in name.split("/"):
                scopes.enter_context(keras.name_scope(part))
            variables.append(keras.Variable(np.ones(3, "float32"), name="kernel"))
    optimizer = RowAdamW(0.1, weight_decay=0.5, rates={"a": 0.5, "a/b": 0.0}, paced=["a/bc", "d"])
    optimizer.build(variables)
    optimizer.paces[1].assign(0.0)
    optimizer.apply([keras.ops.zeros(3)] * 4, variables)
    found = [float(convert_to_numpy(v)[0]) for v in variables]
    assert found == pytest.approx([1 - 0.1 * 0.5 * 0.5, 1.0, 1 - 0.1 * 0.5 * 0.5, 1.0])
    assert type(optimizer).from_config(optimizer.get_config()).paced == optimizer.paced


@pytest.mark.parametrize(
    ("decay", "match"),
    [
        ({"plt": 0.5}, "no feature 'plt' whose encoder learns. There are: plot, year"),
        (1.5, "above 0 and at most 1, such as 0.8; of 'plot' it is 1.5"),
        ({"year": 0}, "above 0 and at most 1, such as 0.8; of 'year' it is 0"),
    ],
)
def test_what_there_is_not(model, decay, match):
    with pytest.raises(ValueError, match=match):
        adamw(model, 0.1, 0.0, layer_decay=decay)

"""From table cells to tokens."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import compiled, gradients, overfit, policy, run
from contracts.samples import EXAMPLES, WIDTH, random, remade
from contracts.whole import HISTORIES, whole
from tfmmrec.fusion import Transformer
from tfmmrec.layers import MissingToken, masked_mean
from tfmmrec.modalities import Modality, missing_parts
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match


@cache
def fused() -> Callable[..., Any]:
    """What becomes of one modality: ``(tokens [B, T, D], mask [B, T]) → [B, D]``."""
    missing, fusion = MissingToken(WIDTH), Transformer(WIDTH, ["feature"])
    tokens, mask = keras.Input((None, WIDTH)), keras.Input((None,), dtype="bool")
    fusion({"feature": missing(tokens, mask)[:2]})
    return compiled(lambda tokens, mask: fusion({"feature": missing(tokens, mask)[:2]}))


class ModalityContract:
    """`component` is the member, `cells` its table cells, `disturb` a change of what nobody may see."""

    component: ClassVar[Modality]
    steps: ClassVar[int] = 100  # of training, until 32 examples are known by heart
    width: ClassVar[int] = WIDTH  # of the encoder that learns them

    @classmethod
    def cells(cls, folder: Path) -> list[Any]:
        """`EXAMPLES` distinct cells; media they name are written to the folder."""
        raise NotImplementedError

    def disturb(self, parts: dict[str, np.ndarray], generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Parts of the same meaning with other values where they are masked. Int-coded parts have none."""
        return parts

    def labels(self, generator: np.random.Generator) -> np.ndarray:
        """0 or 1 for each cell: by default at random, which only learning by heart can answer."""
        return generator.permutation(np.arange(EXAMPLES) % 2)

    def schema(self) -> Schema:
        return Schema(item=[self.component], tasks=[Match()])

    @pytest.fixture(scope="class")
    @classmethod
    def sample(cls, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
        """The cells, one missing before and one after them, through raw, fit and preprocess."""
        import tensorflow as tf

        member, folder = cls.component, tmp_path_factory.mktemp("data")

        def reject(row: int, why: str) -> None:
            pytest.fail(f"cell {row} was rejected: {why}")

        raw = member.raw(["", *cls.cells(folder), None], folder, reject)
        state = member.with_files(member.fit([] if member.media else raw), folder)
        dtype = tf.string if member.raw_dtype == "string" else tf.float64
        tensor = tf.constant(raw if dtype == tf.string else np.asarray(raw, "float64"), dtype)
        preprocess = member.preprocess(state)
        parts = {part: array.numpy() for part, array in preprocess(tensor).items()}
        missing = np.isin(np.arange(len(raw)), [0, len(raw) - 1])
        return SimpleNamespace(
            tensor=tensor, state=state, preprocess=preprocess, parts=parts, missing=missing
        )

    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls, sample: SimpleNamespace) -> keras.layers.Layer:
        """The encoder as a model gets it: from a state without terms, built in a graph."""
        keras.utils.set_random_seed(0)
        return cls.built(sample.state, WIDTH)

    @classmethod
    def built(cls, state: dict[str, Any], width: int) -> keras.layers.Layer:
        small = {key: value for key, value in state.items() if key != "terms"}
        layer = cls.component.make_encoder(width, small, name="feature")
        layer(cls.inputs(state))
        return layer

    @classmethod
    def inputs(cls, state: dict[str, Any]) -> dict[str, Any]:
        spec = cls.component.spec({key: value for key, value in state.items() if key != "terms"})
        return {part: keras.Input(shape, dtype=dtype, name=part) for part, (shape, dtype) in spec.items()}

    def test_parts_have_the_promised_shapes(self, sample):
        spec = self.component.spec(sample.state)
        assert sample.parts.keys() == spec.keys()
        for part, (shape, dtype) in spec.items():
            assert sample.parts[part].shape == (EXAMPLES + 2, *shape)
            assert sample.parts[part].dtype == dtype

    def test_missing_cells_become_missing_parts(self, sample):
        rows = sample.missing.sum()
        for part, expected in missing_parts(self.component, sample.state, rows).items():
            if expected.dtype.kind != "f" or np.isnan(sample.parts[part][sample.missing]).any():
                np.testing.assert_array_equal(sample.parts[part][sample.missing], expected)

    def test_preprocessing_is_the_same_in_a_graph_again_and_row_by_row(self, sample):
        import tensorflow as tf

        shape = [None] * (1 + self.component.raw_rank)
        signature = tf.TensorSpec(shape, sample.tensor.dtype)
        graph = tf.function(self.component.preprocess(sample.state)).get_concrete_function(signature)
        in_graph, again = graph(sample.tensor), sample.preprocess(sample.tensor)
        alone = [sample.preprocess(sample.tensor[row : row + 1]) for row in (0, 3)]
        for part, array in sample.parts.items():
            np.testing.assert_array_equal(again[part].numpy(), array)
            # a graph may divide by multiplying with an inverse
            close = dict(rtol=1e-5, atol=2e-3 if array.dtype == "float16" else 1e-6)
            np.testing.assert_allclose(in_graph[part].numpy(), array, **close)
            for row, single in zip((0, 3), alone, strict=True):
                np.testing.assert_allclose(single[part].numpy()[0], array[row], **close)

    def test_the_example_is_a_raw_value_and_not_missing(self, sample):
        import tensorflow as tf

        example = tf.constant([self.component.example(sample.state)], sample.tensor.dtype)
        assert example.shape.rank == 1 + self.component.raw_rank
        parts = sample.preprocess(example)
        missing = missing_parts(self.component, sample.state, 1)
        assert any(not np.array_equal(parts[part], missing[part], equal_nan=True) for part in parts)

    def test_the_state_is_plain(self, sample):
        assert json.loads(json.dumps(sample.state)) == sample.state

    def test_the_entry_survives_a_schema(self):
        schema = self.schema()
        plain = json.loads(json.dumps(schema.to_dict()))
        assert Schema.from_dict(plain) == schema
        assert self.component in Schema.from_dict(plain).features("item")

    @pytest.mark.backend
    def test_the_encoder_gives_tokens_and_a_mask(self, sample, encoder):
        tokens, mask = run(encoder, sample.parts)
        assert mask.dtype == bool
        assert tokens.shape == (*mask.shape, WIDTH) and len(mask) == EXAMPLES + 2
        assert np.isfinite(tokens).all()
        np.testing.assert_array_equal(mask.any(axis=1), ~sample.missing)
        shapes = {part: array.shape for part, array in sample.parts.items()}
        assert encoder.compute_output_shape(shapes) == (tokens.shape, mask.shape)
        symbolic = encoder(self.inputs(sample.state))
        assert [tensor.shape for tensor in symbolic] == [(None, *x.shape[1:]) for x in (tokens, mask)]

    @pytest.mark.backend
    def test_what_is_masked_changes_nothing(self, sample, encoder):
        generator = np.random.default_rng(1)
        tokens, mask = run(encoder, sample.parts)
        disturbed = self.disturb({k: v.copy() for k, v in sample.parts.items()}, generator)
        other, other_mask = run(encoder, disturbed)
        np.testing.assert_array_equal(other_mask, mask)
        other = np.where(mask[..., None], other, generator.normal(size=other.shape) * 100)
        other[sample.missing] = np.nan
        expected = fused()(tokens, mask)
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(fused()(other.astype("float32"), mask), expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.backend
    def test_gradient_reaches_every_weight_every_value_and_the_missing_token(self, sample, encoder):
        missing = MissingToken(WIDTH)
        missing.build((None, None, WIDTH))
        present = ~sample.missing
        values = [part for part, (_, dtype) in self.component.spec(sample.state).items() if dtype != "int32"]
        direction = random(EXAMPLES + 2, 1, WIDTH)

        def loss(*inputs: Any) -> Any:
            parts = {k: ops.convert_to_tensor(v) for k, v in sample.parts.items()}
            tokens, mask, _ = missing(*encoder({**parts, **dict(zip(values, inputs, strict=True))}))
            return ops.sum(ops.where(ops.expand_dims(mask, -1), ops.sin(tokens * direction), 0.0))

        weights = [*encoder.trainable_variables, missing.token]
        inputs = [sample.parts[part].astype("float32") for part in values]
        of_weights, of_inputs = gradients(loss, weights, inputs)
        for weight, gradient in zip(weights, of_weights, strict=True):
            assert np.isfinite(gradient).all(), weight.path
            assert np.abs(gradient).max() > 0, weight.path
        for part, gradient in zip(values, of_inputs, strict=True):
            reached = np.abs(gradient).reshape(len(gradient), -1).max(axis=1) > 0
            assert np.isfinite(gradient).all(), part
            np.testing.assert_array_equal(reached, present, err_msg=part)

    def test_the_encoder_is_remade_from_its_configuration(self, sample, encoder):
        again = remade(encoder)
        again(self.inputs(sample.state))
        again.set_weights(encoder.get_weights())
        for one, other in zip(run(encoder, sample.parts), run(again, sample.parts), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_mixed_precision(self, sample):
        with policy("mixed_bfloat16"):
            encoder = self.built(sample.state, WIDTH)
            tokens, _ = encoder(self.inputs(sample.state))
        assert tokens.dtype == "bfloat16"
        assert all(weight.dtype == "float32" for weight in encoder.trainable_variables)
        assert np.isfinite(run(encoder, sample.parts)[0]).all()

    @pytest.mark.backend
    def test_32_examples_are_learnt_by_heart(self, sample):
        keras.utils.set_random_seed(0)
        inputs = self.inputs(sample.state)
        tokens, mask, _ = MissingToken(self.width)(*self.built(sample.state, self.width)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(masked_mean(tokens, mask)))
        present = {part: array[~sample.missing] for part, array in sample.parts.items()}
        assert overfit(model, present, self.labels(np.random.default_rng(0)), self.steps) >= 0.95

    @pytest.mark.slow
    def test_in_a_whole_model_from_cells_to_an_export(self, tmp_path):
        keras.utils.set_random_seed(0)
        cells, labels = self.cells(tmp_path), self.labels(np.random.default_rng(0))
        features = self.schema().item
        tasks = [Binary("like")]
        schema = Schema(item=features, item_identity=not features, tasks=tasks, timestamp="timestamp")
        known = whole(tmp_path, schema, cells, labels.tolist())
        by_id = known.judged("like")
        assert ((by_id > 0.5) == np.roll(labels, -1)).mean() >= 0.95
        if not features:
            return  # the id itself; a new item has none
        raw = self.component.raw(cells, tmp_path, None)
        new = known.served.rank(
            history=HISTORIES, **{f"item_{self.component.name}": np.roll(raw, -1, axis=0).tolist()}
        )
        np.testing.assert_allclose([answer["new_item_like"] for answer in new], by_id, atol=1e-4)

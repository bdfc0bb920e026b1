"""A loss between modalities, in training."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import compiled, gradients, policy, run
from contracts.samples import NAMES, remade, token_inputs, tokens_of
from contracts.whole import check_choice
from tfmmrec.alignment import Alignment


class AlignmentContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[Alignment]]
    settings: ClassVar[dict[str, Any]] = {}
    brings_together: ClassVar[bool] = True
    """Whether modalities that say the same are what it rewards; else it rewards that they differ."""
    held: ClassVar[tuple[str, ...]] = ()
    """Modalities that get no gradient: the others come to them."""

    @classmethod
    def built(cls, names: list[str] = NAMES, **settings: Any) -> Alignment:
        layer = cls.component(names, **cls.settings, **settings)
        layer(token_inputs(), {name: keras.Input((), dtype="bool") for name in NAMES})
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def align(cls) -> Callable[..., Any]:
        """``(tokens, present) → (tokens, loss)`` in training, compiled once."""
        return compiled(in_training(cls.built(weight=1.0)))

    @staticmethod
    def here(rows: int) -> dict[str, np.ndarray]:
        return {name: np.ones(rows, bool) for name in NAMES}

    def test_tokens_pass_through_and_only_training_has_a_loss(self, align):
        layer, tokens = self.built(), tokens_of(6)

        def asked(tokens: Any, present: Any) -> Any:
            passed = layer(tokens, present, training=False)
            assert not layer.losses
            return passed

        passed, loss = align(tokens, self.here(6))
        for out in (passed, run(asked, tokens, self.here(6))):
            keras.tree.map_structure(np.testing.assert_array_equal, out, tokens)
        assert loss.shape == () and loss.dtype == "float32" and np.isfinite(loss) and loss > 0

    @pytest.mark.backend
    def test_the_loss_is_lower_where_modalities_agree(self, align):
        """Of the cosine with the wrong sign it would be higher."""
        tokens = tokens_of(6)
        alike = {name: (np.repeat(tokens["price"][0], m.shape[1], 1), m) for name, (_, m) in tokens.items()}
        agreeing, given = align(alike, self.here(6))[1], align(tokens, self.here(6))[1]
        assert agreeing < 0.8 * given if self.brings_together else given < 0.8 * agreeing

    @pytest.mark.backend
    def test_rows_that_miss_a_modality_have_no_effect(self, align):
        tokens, present = tokens_of(6), self.here(6)
        for row, name in enumerate(NAMES):
            present[name] = np.arange(6) != row  # of the first three rows, each misses another modality
        other = {name: (np.where(present[name][:, None, None], x, 9.0), m) for name, (x, m) in tokens.items()}
        loss = align(tokens, present)[1]
        np.testing.assert_allclose(align(other, present)[1], loss, rtol=1e-6)
        assert abs(align(tokens, self.here(6))[1] - loss) > 1e-4
        nobody = dict.fromkeys(NAMES, np.zeros(6, bool))
        assert align(tokens, nobody)[1] == 0
        two = {name: (x[3:], mask[3:]) for name, (x, mask) in tokens.items()}
        present = {name: np.arange(6) > 2 for name in NAMES}
        np.testing.assert_allclose(align(tokens, present)[1], align(two, self.here(3))[1], rtol=1e-5)

    @pytest.mark.backend
    def test_gradient_reaches_each_modality_where_it_is(self):
        layer, tokens = self.built(weight=1.0), tokens_of(6)
        call = in_training(layer)
        present = {**self.here(6), "title": np.arange(6) != 2, "poster": np.arange(6) != 2}

        def loss(*vectors: Any) -> Any:
            given = {n: (x, ops.convert_to_tensor(tokens[n][1])) for n, x in zip(NAMES, vectors, strict=True)}
            return call(given, {name: ops.convert_to_tensor(here) for name, here in present.items()})[1]

        weights = layer.trainable_variables
        of_weights, of_tokens = gradients(loss, weights, [tokens[name][0] for name in NAMES])
        for weight, gradient in zip(weights, of_weights, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
        for name, gradient in zip(NAMES, of_tokens, strict=True):
            expected = tokens[name][1] & (np.arange(6) != 2)[:, None] & (name not in self.held)
            assert np.isfinite(gradient).all()
            np.testing.assert_array_equal(np.abs(gradient).max(axis=-1) > 1e-9, expected, err_msg=name)

    @pytest.mark.backend
    def test_a_vector_of_zeros_has_a_gradient(self):
        """As of a number that is the mean of all: nothing must be divided by its length."""
        layer, tokens = self.built(weight=1.0), tokens_of(6)
        call = in_training(layer)

        def loss(*vectors: Any) -> Any:
            given = {n: (x, ops.convert_to_tensor(tokens[n][1])) for n, x in zip(NAMES, vectors, strict=True)}
            return call(given, {name: ops.ones((6,), "bool") for name in NAMES})[1]

        vectors = [tokens[name][0] * (np.arange(6) != 2)[:, None, None] for name in NAMES]
        for gradient in keras.tree.flatten(gradients(loss, layer.trainable_variables, vectors)):
            assert np.isfinite(gradient).all()

    def test_the_weight_and_a_modality_alone(self, align):
        tokens = tokens_of(6)
        half = run(in_training(self.built(weight=0.5)), tokens, self.here(6))[1]
        np.testing.assert_allclose(2 * half, align(tokens, self.here(6))[1], rtol=1e-6)
        assert run(in_training(self.built(NAMES[:1])), tokens, self.here(6))[1] == 0

    def test_each_pair_has_a_weight_of_its_own(self, align):
        """One weight for two terms, or a weight before the reduction, would give other sums."""
        tokens, here = tokens_of(6), self.here(6)
        known = [":".join(pair) for pair in self.built().paired()]

        def loss(**weights: float) -> Any:
            of_pairs = {name.replace("_", ":"): weight for name, weight in weights.items()}
            return run(in_training(self.built(weight=1.0, pairs=of_pairs)), tokens, here)[1]

        first, *others = known
        alone = loss(**{name.replace(":", "_"): 0.0 for name in others})  # λ = 1 of one pair, 0 of the rest
        both = align(tokens, here)[1]
        np.testing.assert_allclose(loss(**{first.replace(":", "_"): 3.0}), both + 2 * alone, rtol=1e-5)
        backwards = "_".join(reversed(first.split(":")))
        np.testing.assert_allclose(loss(**{backwards: 0.0}), both - alone, rtol=1e-5, atol=1e-6)

    def test_configuration_and_mixed_precision(self):
        layer = self.built(weight=0.3, pairs={"title:poster": 2.0})
        assert remade(layer).get_config() == layer.get_config()
        with policy("mixed_bfloat16"):
            call = in_training(self.built())
        loss = run(call, tokens_of(6), self.here(6))[1]
        assert loss.dtype == "float32" and np.isfinite(loss)

    @pytest.mark.slow
    def test_in_a_whole_model_from_cells_to_an_export(self, tmp_path):
        check_choice(tmp_path, alignment={"name": self.component.__name__, **self.settings})


def in_training(layer: Alignment) -> Callable[..., Any]:
    """``(tokens, present) → (tokens, loss)``."""

    def call(tokens: Any, present: Any) -> tuple[Any, Any]:
        passed = layer(tokens, present, training=True)
        return passed, ops.cast(sum(layer.losses), "float32")

    return call

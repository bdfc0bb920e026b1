"""From the tokens of several modalities to one vector."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import arrays, compiled, gradients, overfit, policy, run
from contracts.samples import EXAMPLES, NAMES, WIDTH, random, remade, token_inputs, tokens_of
from contracts.whole import check_choice
from tfmmrec.fusion import Fusion
from tfmmrec.layers import MissingToken


class FusionContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[Fusion]]
    settings: ClassVar[dict[str, Any]] = {}
    chooses: ClassVar[bool] = False
    """Whether a row may take nothing of a modality that it has."""

    @classmethod
    def built(cls, names: list[str] = NAMES) -> Fusion:
        keras.utils.set_random_seed(0)
        layer = cls.component(WIDTH, names, **cls.settings)
        layer(token_inputs())
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def fusion(cls) -> Fusion:
        return cls.built()

    @pytest.fixture(scope="class")
    @classmethod
    def fuse(cls, fusion: Fusion) -> Callable[..., Any]:
        """The fusion as a function of arrays, compiled once."""
        return compiled(fusion)

    @pytest.mark.backend
    def test_one_vector_per_row_whatever_the_order_of_rows_and_names(self, fusion, fuse):
        tokens = tokens_of(6)
        fused = fuse(tokens)
        assert fused.shape == (6, WIDTH) and np.isfinite(fused).all()
        shapes = {name: (x.shape, mask.shape) for name, (x, mask) in tokens.items()}
        assert fusion.compute_output_shape(shapes) == fused.shape
        assert len(np.unique(fused.round(4), axis=0)) == 6
        order = np.random.default_rng(0).permutation(6)
        turned = {name: (x[order], mask[order]) for name, (x, mask) in reversed(tokens.items())}
        np.testing.assert_allclose(fuse(turned), fused[order], rtol=1e-5, atol=1e-6)

    @pytest.mark.backend
    def test_masked_tokens_change_nothing(self, fuse):
        tokens = tokens_of(6)
        other = {n: (np.where(m[..., None], x, np.float32("nan")), m) for n, (x, m) in tokens.items()}
        assert any(np.isnan(x).any() for x, _ in other.values())
        np.testing.assert_allclose(fuse(other), fuse(tokens), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_modality_is_its_learnt_token(self, fuse, name):
        tokens, missing = tokens_of(6), MissingToken(WIDTH)
        missing.build((None, None, WIDTH))
        x, mask = tokens[name]
        whole = fuse(tokens)
        mask = mask & (np.arange(6) != 2)[:, None]
        lacking = [
            fuse({**tokens, name: arrays(missing(y, mask)[:2])}) for y in (x, x + 1e3 * random(6, 1, 1))
        ]
        np.testing.assert_allclose(lacking[0][2], lacking[1][2], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(np.delete(lacking[0], 2, 0), np.delete(whole, 2, 0), rtol=1e-5, atol=1e-6)
        assert np.abs(lacking[0][2] - whole[2]).max() > 1e-3

    @pytest.mark.backend
    def test_gradient_reaches_every_token_and_weight(self, fusion):
        tokens = tokens_of(6)
        direction = random(6, WIDTH)
        given = [ops.convert_to_tensor(tokens[name][1]) for name in NAMES]
        added = self.component.added_loss is not Fusion.added_loss

        def loss(*vectors: Any) -> Any:
            fused = fusion(dict(zip(NAMES, zip(vectors, given, strict=True), strict=True)), training=added)
            return ops.sum(ops.sin(fused * direction)) + sum(fusion.losses)

        weights = fusion.trainable_variables
        of_weights, of_tokens = gradients(loss, weights, [tokens[name][0] for name in NAMES])
        for weight, gradient in zip(weights, of_weights, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
        for name, gradient in zip(NAMES, of_tokens, strict=True):
            reached, mask = np.abs(gradient).max(axis=-1) > 0, tokens[name][1]
            assert not reached[~mask].any()
            assert reached.any(axis=0).all() if self.chooses else reached[mask].all(), name

    def test_one_modality_is_enough(self):
        """Of users there is often but one feature."""
        alone = self.built(NAMES[:1])
        tokens = tokens_of(6)
        title = {NAMES[0]: tokens[NAMES[0]]}
        fused = run(lambda given: alone(given, training=True), title)
        assert fused.shape == (6, WIDTH) and np.isfinite(fused).all()
        assert len(np.unique(run(alone, title).round(4), axis=0)) == 6

    def test_it_is_saved_and_loaded(self, fusion, fuse, tmp_path):
        inputs = token_inputs()
        model = keras.Model(keras.tree.flatten(inputs), fusion(inputs))
        model.save(tmp_path / "fusion.keras")
        loaded = keras.saving.load_model(tmp_path / "fusion.keras")
        tokens = tokens_of(6)
        again = run(loaded, keras.tree.flatten(tokens))
        np.testing.assert_allclose(again, fuse(tokens), rtol=1e-6, atol=1e-6)
        assert remade(fusion).get_config() == fusion.get_config()

    def test_mixed_precision(self):
        with policy("mixed_bfloat16"):
            fusion = self.built()
            assert fusion(token_inputs()).dtype == "bfloat16"
        assert all(weight.dtype == "float32" for weight in fusion.trainable_variables)
        assert np.isfinite(run(fusion, tokens_of(6))).all()

    @pytest.mark.backend
    def test_32_examples_are_learnt_by_heart(self):
        """Behind an encoder for each modality, as it stands in a model: a sum has nothing to learn itself."""
        inputs = token_inputs()
        encoded = {}
        for name, (x, mask) in inputs.items():
            hidden = keras.layers.Dense(4 * WIDTH, activation="gelu")(x)
            encoded[name] = (keras.layers.Dense(WIDTH)(hidden), mask)
        model = keras.Model(keras.tree.flatten(inputs), keras.layers.Dense(1)(self.built()(encoded)))
        tokens = keras.tree.flatten(tokens_of(EXAMPLES))
        assert (
            overfit(model, tokens, np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 2), 100) >= 0.95
        )

    @pytest.mark.backend
    def test_what_training_adds_is_of_the_modalities_that_are_there(self, fusion):
        """A member without a loss of its own adds none."""

        def added(tokens: Any, present: Any, training: bool = True) -> Any:
            fusion(tokens, present, training=training)
            return ops.cast(sum(fusion.losses), "float32")

        tokens, here = tokens_of(6), {name: np.ones(6, bool) for name in NAMES}
        assert run(lambda *given: added(*given, training=False), tokens, here) == 0
        asked = compiled(added)
        loss = asked(tokens, here)
        if self.component.added_loss is Fusion.added_loss:
            assert loss == 0
            return
        assert np.isfinite(loss) and loss > 0
        fewer = {name: np.arange(6) > 2 for name in NAMES}
        last = {name: (x[3:], mask[3:]) for name, (x, mask) in tokens.items()}
        np.testing.assert_allclose(
            asked(tokens, fewer), run(added, last, {n: here[n][3:] for n in NAMES}), rtol=1e-5
        )
        assert asked(tokens, {name: np.zeros(6, bool) for name in NAMES}) == 0

    @pytest.mark.slow
    def test_in_a_whole_model_from_cells_to_an_export(self, tmp_path):
        check_choice(tmp_path, fusion={"name": self.component.__name__, **self.settings})

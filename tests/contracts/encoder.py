"""What reads a sequence or a picture: the same few promises."""

from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import compiled, gradients, overfit, policy, run
from contracts.samples import EXAMPLES, WIDTH, random, remade
from tfmmrec.encoders import pictures, sequences
from tfmmrec.encoders.pictures import PictureEncoder
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import masked_mean
from tfmmrec.members import make

LENGTH, SIZE, PATCH = 5, (8, 4), 4


class EncoderContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[keras.layers.Layer]]
    settings: ClassVar[dict[str, Any]] = {}
    steps: ClassVar[int] = 100  # of training, until 32 examples are known by heart

    @classmethod
    def made(cls) -> keras.layers.Layer:
        """A new member, not yet built."""
        raise NotImplementedError

    @classmethod
    def inputs(cls) -> list[Any]:
        """Symbolic inputs, the values first."""
        raise NotImplementedError

    @classmethod
    def arrays(cls, rows: int) -> list[np.ndarray]:
        """The inputs of so many rows, likewise."""
        raise NotImplementedError

    @classmethod
    def known(cls, inputs: list[np.ndarray]) -> np.ndarray:
        """bool: which of the values count."""
        return np.ones(inputs[0].shape[:-1], bool)

    @staticmethod
    def read(encoder: keras.layers.Layer, *inputs: Any) -> tuple[Any, Any]:
        """``(tokens [B, T, D], mask [B, T])``."""
        return encoder(*inputs)

    @classmethod
    def built(cls) -> keras.layers.Layer:
        keras.utils.set_random_seed(0)
        layer = cls.made()
        cls.read(layer, *cls.inputs())
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> keras.layers.Layer:
        return cls.built()

    @pytest.fixture(scope="class")
    @classmethod
    def encode(cls, encoder: keras.layers.Layer) -> Any:
        """The encoder as a function of arrays, compiled once."""
        return compiled(lambda *inputs: cls.read(encoder, *inputs))

    def test_its_name_finds_it(self):
        assert isinstance(self.made(), self.component)

    @pytest.mark.backend
    def test_as_many_tokens_as_it_promises(self, encoder, encode):
        inputs = self.arrays(6)
        tokens, mask = encode(*inputs)
        assert tokens.shape == (6, encoder.count, WIDTH) and mask.shape == (6, encoder.count)
        assert np.isfinite(tokens).all() and mask.dtype == bool
        known = self.known(inputs).reshape(6, -1).any(axis=1)
        np.testing.assert_array_equal(mask.any(axis=1), known)
        symbolic, _ = self.read(encoder, *self.inputs())
        assert symbolic.shape == (None, encoder.count, WIDTH)
        whole = np.where(mask[..., None], tokens, 0)[known]
        assert len(np.unique(whole.round(4), axis=0)) == known.sum()  # no two rows are read alike

    @pytest.mark.backend
    def test_what_is_masked_changes_nothing_even_where_it_is_no_number(self, encode):
        x, *others = inputs = self.arrays(6)
        known = self.known(inputs)
        tokens, mask = encode(*inputs)
        for other in (np.nan, 100 * random(*x.shape, seed=5)):
            disturbed = np.where(known[..., None], x, other).astype("float32")
            again, other_mask = encode(disturbed, *others)
            np.testing.assert_array_equal(other_mask, mask)
            np.testing.assert_allclose(again[mask], tokens[mask], rtol=1e-5, atol=1e-6)

    @pytest.mark.backend
    def test_rows_do_not_see_each_other(self, encode):
        inputs = self.arrays(6)
        order = np.random.default_rng(0).permutation(6)
        for all_rows, turned in zip(encode(*inputs), encode(*(x[order] for x in inputs)), strict=True):
            np.testing.assert_allclose(turned, all_rows[order], rtol=1e-5, atol=1e-6)

    @pytest.mark.backend
    def test_gradient_reaches_every_weight_and_every_value_that_counts(self, encoder):
        x, *others = inputs = self.arrays(6)
        others = [ops.convert_to_tensor(other) for other in others]
        direction = random(6, 1, WIDTH, seed=9)

        def loss(x: Any) -> Any:
            tokens, mask = self.read(encoder, x, *others)
            return ops.sum(ops.where(ops.expand_dims(mask, -1), ops.sin(tokens * direction), 0.0))

        of_weights, (of_x,) = gradients(loss, encoder.trainable_variables, [x])
        for weight, gradient in zip(encoder.trainable_variables, of_weights, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
        reached = np.abs(of_x).max(axis=-1) > 0
        assert not reached[~self.known(inputs)].any()
        self.check_reached(reached, self.known(inputs))

    def check_reached(self, reached: np.ndarray, known: np.ndarray) -> None:
        np.testing.assert_array_equal(reached, known)

    def test_it_is_saved_and_loaded(self, encoder, encode, tmp_path):
        inputs = self.inputs()
        model = keras.Model(inputs, self.read(encoder, *inputs)[0])
        model.save(tmp_path / "encoder.keras")
        loaded = keras.saving.load_model(tmp_path / "encoder.keras")
        given = self.arrays(6)
        np.testing.assert_allclose(run(loaded, given), encode(*given)[0], rtol=1e-6, atol=1e-6)
        assert remade(encoder).get_config() == encoder.get_config()

    def test_mixed_precision(self):
        with policy("mixed_bfloat16"):
            encoder = self.built()
            assert self.read(encoder, *self.inputs())[0].dtype == "bfloat16"
        assert all(weight.dtype == "float32" for weight in encoder.trainable_variables)
        assert np.isfinite(run(lambda *x: self.read(encoder, *x)[0], *self.arrays(6))).all()

    @pytest.mark.backend
    def test_32_examples_are_learnt_by_heart(self):
        """Behind a layer as it stands before it in a model: a bag has nothing to learn itself."""
        keras.utils.set_random_seed(0)
        x, *others = inputs = self.inputs()
        x = keras.layers.Dense(x.shape[-1], activation="gelu")(x)
        model = keras.Model(inputs, keras.layers.Dense(1)(masked_mean(*self.read(self.made(), x, *others))))
        labels = np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 2)
        assert overfit(model, self.arrays(EXAMPLES), labels, self.steps) >= 0.95


class SequenceContract(EncoderContract):
    """Of a sequence encoder: row 2 is masked throughout, and row 3 in its middle."""

    component: ClassVar[type[SequenceEncoder]]
    layers: ClassVar[int] = 2

    @classmethod
    def made(cls) -> SequenceEncoder:
        choice = {"name": cls.component.__name__, **cls.settings}
        settings = {"width": WIDTH, "length": LENGTH, "layers": cls.layers}
        return make(sequences, SequenceEncoder, choice, **settings)

    @classmethod
    def inputs(cls) -> list[Any]:
        return [keras.Input((LENGTH, WIDTH)), keras.Input((LENGTH,), dtype="bool")]

    @classmethod
    def arrays(cls, rows: int) -> list[np.ndarray]:
        sizes = np.asarray([5, 2, 0, 5, 1, 3]) if rows == 6 else np.full(rows, LENGTH)
        mask = np.arange(LENGTH) < sizes[:, None]
        mask[3, 2] = False
        return [random(rows, LENGTH, WIDTH), mask]

    @classmethod
    def known(cls, inputs: list[np.ndarray]) -> np.ndarray:
        return inputs[1]


class PictureContract(EncoderContract):
    """Of a picture encoder."""

    component: ClassVar[type[PictureEncoder]]
    layers: ClassVar[int] = 1

    @classmethod
    def made(cls) -> PictureEncoder:
        choice = {"name": cls.component.__name__, **cls.settings}
        settings = {"width": WIDTH, "size": SIZE, "patch": PATCH, "layers": cls.layers}
        return make(pictures, PictureEncoder, choice, **settings)

    @classmethod
    def inputs(cls) -> list[Any]:
        return [keras.Input((*SIZE, 3))]

    @classmethod
    def arrays(cls, rows: int) -> list[np.ndarray]:
        return [np.clip(random(rows, *SIZE, 3), -1, 1)]

    @staticmethod
    def read(encoder: PictureEncoder, *inputs: Any) -> tuple[Any, Any]:
        tokens = encoder(*inputs)
        return tokens, ops.ones_like(tokens[..., 0], "bool")

    @pytest.mark.parametrize("size", [(8, 8), (16, 4), (4, 12)])
    def test_the_size_of_pictures_and_the_weights_agree(self, size):
        """A dense layer made for other pictures than it is given is a mistake that examples make."""
        layer = self.component(WIDTH, size, PATCH, self.layers, **self.settings)
        layer.build((None, *size, 3))
        tokens = layer(np.zeros((2, *size, 3), "float32"))
        assert tokens.shape == (2, size[0] * size[1] // PATCH**2, WIDTH)
        with pytest.raises(ValueError, match=r"made for pictures of shape .* got \(8, 4, 3\); resize them"):
            layer(np.zeros((2, *SIZE, 3), "float32"))

    def test_sizes_that_leave_a_part_of_a_square(self):
        with pytest.raises(ValueError, match="multiples of patch=4, got 9×4 pixels"):
            self.component(WIDTH, (9, 4), PATCH)

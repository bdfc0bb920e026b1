"""What reads a user's events: causality, windows side by side in a row, padding, sets."""

from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import compiled, gradients, overfit, policy, run
from contracts.samples import EXAMPLES, random, remade
from tfmmrec.encoders.histories import UNKNOWN, HistoryEncoder
from tfmmrec.modalities import History

LENGTH, WIDTH = 5, 8
SIZES = np.asarray([5, 3, 1, 0])
MASK = np.arange(LENGTH) < SIZES[:, None]
STATES = np.arange(LENGTH + 1) <= SIZES[:, None]
WINDOW = np.where(STATES, np.arange(4)[:, None], -1).astype("int32")


def given(seed: int = 0) -> list[np.ndarray]:
    """Events, windows, times and users of four users, each in a row; some times are unknown."""
    gaps = 2 ** np.random.default_rng(seed).integers(0, 20, MASK.shape)
    time = np.cumsum(gaps, axis=1).astype("int32")
    time[[0, 1], [2, 0]] = UNKNOWN
    return [random(4, LENGTH, WIDTH, seed=seed), WINDOW, time, random(4, WIDTH, seed=seed + 1)]


def later(time: np.ndarray) -> np.ndarray:
    """Other times, with other gaps, of the events that have one."""
    return np.where(time >= 0, 3 * time + 5, UNKNOWN).astype("int32")


class HistoryContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[HistoryEncoder]]
    settings: ClassVar[dict[str, Any]] = {}
    layers: ClassVar[int] = 2
    steps: ClassVar[int] = 100  # of training, until 32 histories are known by heart

    @classmethod
    def entry(cls) -> History:
        choice = {"name": cls.component.__name__, **cls.settings}
        return History(length=LENGTH, layers=cls.layers, heads=2, dropout=0.0, encoder=choice)

    @classmethod
    def built(cls, causal: bool = True) -> HistoryEncoder:
        keras.utils.set_random_seed(0)
        layer = cls.entry().make_encoder(WIDTH, causal=causal, name="history")
        shapes, kinds = ((None, WIDTH), (None,), (None,), (WIDTH,)), ("float32", "int32", "int32", "float32")
        layer(*(keras.Input(shape, dtype=kind) for shape, kind in zip(shapes, kinds, strict=True)))
        for weight in layer.trainable_variables:
            if weight.name in ("distance_bias", "time_bias"):  # learnt from zero: let places differ
                weight.assign(random(*weight.shape))
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def layer(cls) -> HistoryEncoder:
        return cls.built()

    @pytest.fixture(scope="class")
    @classmethod
    def states(cls, layer: HistoryEncoder) -> Any:
        """The encoder as a function of arrays, compiled once for each shape."""
        return compiled(lambda *inputs: layer(*inputs))

    @pytest.mark.backend
    def test_a_state_for_each_number_of_events_that_knows_no_later_one(self, layer, states):
        """Where training hides events, a state for each place, which knows all of them."""
        inputs = given()
        found = states(*inputs)
        assert found.shape == (4, LENGTH + 1, WIDTH) and np.isfinite(found).all()
        assert layer.compute_output_shape(inputs[0].shape) == found.shape
        for place in range(LENGTH):
            events, window, time, user = (array.copy() for array in inputs)
            events[:, place:] += 1
            time[:, place:] = later(time[:, place:])
            moved = np.abs(states(events, window, time, user) - found).max(axis=-1) > 1e-4
            for user, size in enumerate(SIZES):
                # states up to `place` events know nothing of it; later ones do, as far as events are real
                expected = np.arange(size + 1) > place
                if layer.masked:
                    expected[:] = size > place
                np.testing.assert_array_equal(moved[user, : size + 1], expected)

    @pytest.mark.backend
    def test_shorter_batches_give_the_same_states(self, states):
        events, window, time, user = given()
        found = states(events, window, time, user)
        cut = states(events[1:, :3], np.maximum(window[1:, :4] - 1, -1), time[1:, :3], user[1:])
        np.testing.assert_allclose(cut[0], found[1, :4], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(cut[1, :2], found[2, :2], rtol=1e-4, atol=1e-5)

    @pytest.mark.backend
    @pytest.mark.parametrize("with_user", [True, False])
    def test_windows_in_one_row_are_read_as_if_each_stood_alone(self, states, with_user):
        events, window, time, user = given()

        def read(*inputs: Any) -> Any:
            return states(*inputs, *([user] if with_user else []))

        alone = read(events, window, time)
        packed = np.asarray([[0] * 6, [1] * 4 + [2] * 2, [3] + [-1] * 5], "int32")
        nothing = np.full((1, WIDTH), np.nan, "float32")  # what no state reads may be anything
        rows = [events[0], np.concatenate([events[1, :3], nothing, events[2, :1]]), np.repeat(nothing, 5, 0)]
        times = [time[0], [*time[1, :3], 9, time[2, 0]], [9] * 5]
        found = read(np.stack(rows), packed, np.asarray(times, "int32"))
        for owner, (row, place) in enumerate([(0, 0), (1, 0), (1, 4), (2, 0)]):
            of_owner = found[row, place : place + SIZES[owner] + 1]
            np.testing.assert_allclose(of_owner, alone[owner, : SIZES[owner] + 1], rtol=1e-4, atol=1e-5)

    @pytest.mark.backend
    def test_padding_has_no_effect_even_where_it_is_not_a_number(self, states):
        events, *others = given()
        found = states(events, *others)
        padded = states(np.where(MASK[..., None], events, np.nan).astype("float32"), *others)
        np.testing.assert_allclose(padded[STATES], found[STATES], rtol=1e-5, atol=1e-6)
        assert np.isfinite(padded).all()

    @pytest.mark.backend
    def test_gradient_reaches_every_weight_event_and_user(self, layer):
        self.check_gradients(layer)

    def test_it_is_remade_saved_and_loaded(self, layer, states, tmp_path):
        again = remade(layer)
        assert again.get_config() == layer.get_config()
        inputs = [keras.Input(x.shape[1:], dtype=x.dtype) for x in given()]
        model = keras.Model(inputs, layer(*inputs))
        model.save(tmp_path / "history.keras")
        loaded = keras.saving.load_model(tmp_path / "history.keras")
        np.testing.assert_allclose(run(loaded, given()), states(*given()), rtol=1e-6, atol=1e-6)

    def test_mixed_precision(self):
        with policy("mixed_bfloat16"):
            layer = self.built()
            found = layer(*given())
        assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
        assert np.isfinite(run(lambda: found)).all()

    @pytest.mark.backend
    def test_32_histories_are_learnt_by_heart(self):
        keras.utils.set_random_seed(0)
        events, window = keras.Input((LENGTH, WIDTH)), keras.Input((LENGTH + 1,), dtype="int32")
        time, user = keras.Input((LENGTH,), dtype="int32"), keras.Input((WIDTH,))
        layer = self.entry().make_encoder(WIDTH, causal=True, name="history")
        # behind an item tower, as in a model: a sum has nothing to learn itself
        items = keras.layers.Dense(WIDTH)(keras.layers.Dense(4 * WIDTH, activation="gelu")(events))
        state = layer(items, window, time, user)[:, -1]
        model = keras.Model([events, window, time, user], keras.layers.Dense(1)(state))
        x = [random(EXAMPLES, LENGTH, WIDTH), np.repeat(np.arange(EXAMPLES)[:, None], LENGTH + 1, axis=1)]
        x += [np.full((EXAMPLES, LENGTH), UNKNOWN, "int32"), random(EXAMPLES, WIDTH, seed=1)]
        labels = np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 2)
        assert overfit(model, x, labels, self.steps) >= 0.95

    @pytest.mark.backend
    def test_a_set_has_one_state_and_no_order(self):
        if self.component.ordered:
            with pytest.raises(ValueError, match="have no order: give the schema a timestamp"):
                self.built(causal=False)
            return
        layer, (events, window, time, user) = self.built(causal=False), given()
        read = compiled(lambda *inputs: layer(*inputs))
        assert layer.gap is None
        found = read(events, window, time, user)
        assert found.shape == (4, 1, WIDTH) == layer.compute_output_shape(events.shape)
        shuffled = np.where(MASK[..., None], events, np.nan).astype("float32")
        shuffled[0] = shuffled[0, [3, 0, 4, 1, 2]]
        shuffled[1, :3] = shuffled[1, [2, 0, 1]]
        other = read(shuffled, window, later(time), user)
        np.testing.assert_allclose(other, found, rtol=1e-4, atol=1e-5)
        events[0, 4] += 1
        assert np.abs(read(events, window, time, user) - found).max(axis=(1, 2)).argmax() == 0
        self.check_gradients(layer)

    def check_gradients(self, layer: HistoryEncoder) -> None:
        events, window, time, user = given()
        window, time = ops.convert_to_tensor(window), ops.convert_to_tensor(time)

        def loss(events: Any, user: Any) -> Any:
            states = layer(events, window, time, user)
            return ops.sum(ops.sin(states * random(4, 1, WIDTH, seed=9)))

        weights = layer.trainable_variables
        of_weights, (of_events, of_user) = gradients(loss, weights, [events, user])
        for weight, gradient in zip(weights, of_weights, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
        np.testing.assert_array_equal(np.abs(of_events).max(axis=-1) > 0, MASK)
        assert (np.abs(of_user).max(axis=-1) > 0).all()

"""What the tasks' heads share."""

from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, policy, run
from contracts.samples import WIDTH, random, remade
from contracts.whole import check_choice
from tfmmrec.sharing import Sharing

TASKS = ["like", "stars"]
FEATURES = 3 * WIDTH


class SharingContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[Sharing]]
    settings: ClassVar[dict[str, Any]] = {}

    @classmethod
    def built(cls) -> Sharing:
        keras.utils.set_random_seed(0)
        layer = cls.component(WIDTH, TASKS, **cls.settings)
        layer(keras.Input((None, FEATURES)))
        return layer

    @pytest.fixture(scope="class")
    @classmethod
    def sharing(cls) -> Sharing:
        return cls.built()

    @pytest.mark.backend
    def test_each_task_gets_features_of_each_pair(self, sharing):
        pairs = random(4, 3, FEATURES)
        shared = run(sharing, pairs)
        assert list(shared) == TASKS
        assert sharing.compute_output_shape(pairs.shape) == {name: (4, 3, WIDTH) for name in TASKS}
        for features in shared.values():
            assert features.shape == (4, 3, WIDTH) and np.isfinite(features).all()
            assert len(np.unique(features.reshape(12, WIDTH).round(4), axis=0)) == 12
        other = pairs.copy()
        other[1, 2] += 1
        for name, features in run(sharing, other).items():
            assert np.abs(features - shared[name]).max(axis=-1).argmax() == 5
            np.testing.assert_allclose(
                np.delete(features.reshape(12, -1), 5, 0),
                np.delete(shared[name].reshape(12, -1), 5, 0),
                rtol=1e-5,
                atol=1e-6,
            )

    @pytest.mark.backend
    def test_gradient_reaches_every_weight_and_value_and_each_task_has_one(self, sharing):
        pairs, weights = random(4, 3, FEATURES), sharing.trainable_variables
        reached = np.zeros(len(weights), bool)
        for name in TASKS:

            def loss(pairs: Any, name: str = name) -> Any:
                return ops.sum(ops.sin(sharing(pairs)[name] * random(4, 3, WIDTH)))

            of_weights, (of_pairs,) = gradients(loss, weights, [pairs])
            assert all(np.isfinite(gradient).all() for gradient in of_weights)
            assert (np.abs(of_pairs) > 0).all()
            reached |= [np.abs(gradient).max() > 0 for gradient in of_weights]
        assert reached.all(), [weight.path for weight, here in zip(weights, reached, strict=True) if not here]

    def test_it_is_saved_and_loaded(self, sharing, tmp_path):
        pairs = keras.Input((None, FEATURES))
        keras.Model(pairs, sharing(pairs)).save(tmp_path / "sharing.keras")
        again = run(keras.saving.load_model(tmp_path / "sharing.keras"), random(4, 3, FEATURES))
        keras.tree.map_structure(np.testing.assert_array_equal, again, run(sharing, random(4, 3, FEATURES)))
        assert remade(sharing).get_config() == sharing.get_config()

    def test_mixed_precision(self):
        with policy("mixed_bfloat16"):
            sharing = self.built()
            shared = sharing(keras.Input((None, FEATURES)))
        assert {features.dtype for features in shared.values()} == {"bfloat16"}
        assert all(np.isfinite(x).all() for x in run(sharing, random(4, 3, FEATURES)).values())

    @pytest.mark.slow
    def test_in_a_whole_model_from_cells_to_an_export(self, tmp_path):
        check_choice(tmp_path, sharing={"name": self.component.__name__, **self.settings})

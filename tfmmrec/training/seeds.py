"""What the layers draw at random in training, from the seed of the training."""

from __future__ import annotations

import keras
import numpy as np


def reseed(model: keras.Model, seed: int) -> None:
    """Begins every seed generator of a built model anew: by `seed` and its place among them.

    A layer's generator (of a dropout, say) has a seed that was drawn when the layer was made, another one in
    each process for a model that is loaded. After this, models alike hide the same.
    """
    states = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    for state, drawn in zip(states, np.random.SeedSequence(seed).generate_state(len(states)), strict=True):
        state.assign(np.asarray([drawn, 0], state.dtype))

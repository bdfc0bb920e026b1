"""The policy holds inside alone, whatever happens there."""

import keras
import pytest

from tfmmrec.models.dtype_policy import under_dtype_policy


def test_layers_made_inside_have_it():
    before = keras.config.dtype_policy()
    with under_dtype_policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert keras.config.dtype_policy() == before
    with under_dtype_policy(None):
        assert keras.layers.Dense(1).dtype_policy == before


def test_it_ends_with_an_error():
    before = keras.config.dtype_policy()
    with pytest.raises(KeyError), under_dtype_policy("mixed_bfloat16"):
        raise KeyError
    assert keras.config.dtype_policy() == before

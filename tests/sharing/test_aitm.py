"""Tasks in a row."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from backends import run
from contracts import SharingContract
from contracts.samples import WIDTH, random, remade
from contracts.sharing import FEATURES, TASKS
from sharing.towers import parallel, silu, softmax, two_layers, weights
from tfmmrec.sharing import AITM


class TestAITM(SharingContract):
    component = AITM


@pytest.mark.backend
def test_by_hand():
    sharing, pairs = AITM(WIDTH, TASKS, order=["stars", "like"]), random(2, 3, FEATURES)
    sharing(keras.Input((None, FEATURES)))
    assert remade(sharing).get_config() == sharing.get_config()
    first = two_layers(sharing, 0, pairs)
    kernel, bias = weights(sharing.passed[0])
    heard = [silu(first @ kernel + bias), two_layers(sharing, 1, pairs)]
    value, key, query = ([parallel(sharing.asked[0], h, u) for u in heard] for h in range(3))
    products = np.stack([(k * q).sum(axis=-1) for k, q in zip(key, query, strict=True)], axis=-1)
    weight = softmax(products / np.sqrt(WIDTH))
    found = run(sharing, pairs)
    np.testing.assert_allclose(found["stars"], first, rtol=1e-4, atol=1e-5)  # the first of the two
    expected = weight[..., :1] * value[0] + weight[..., 1:] * value[1]
    np.testing.assert_allclose(found["like"], expected, rtol=1e-4, atol=1e-5)


def test_what_comes_later_tells_the_first_nothing():
    """The order is the schema's unless another is given."""
    sharing, pairs = AITM(WIDTH, TASKS), random(2, 3, FEATURES)
    sharing(pairs)
    before = run(sharing, pairs)
    kernel = convert_to_numpy(sharing.hidden.kernel)
    kernel[1] += 1  # of the tower of stars
    sharing.hidden.kernel.assign(kernel)
    after = run(sharing, pairs)
    np.testing.assert_array_equal(after["like"], before["like"])
    assert np.abs(after["stars"] - before["stars"]).max() > 1e-3


def test_the_order_names_every_task():
    with pytest.raises(ValueError, match=r"order must name each task .*\['like', 'stars'\]; got \['like'\]"):
        AITM(WIDTH, TASKS, order=["like"])

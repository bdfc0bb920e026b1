"""TextCNN: the contract, and a filter's strongest answer by hand."""

import numpy as np
import pytest
from keras import ops

from contracts import SequenceContract
from tfmmrec.encoders.sequences import TextCNN


class TestTextCNN(SequenceContract):
    component = TextCNN
    settings = {"windows": [1, 3]}

    def check_reached(self, reached, known):
        np.testing.assert_array_equal(reached.any(axis=1), known.any(axis=1))  # a maximum hears one place


def test_the_strongest_answer_by_hand():
    layer = TextCNN(1, 4, windows=[2])
    layer.build()
    layer.filters[0].kernel.assign([[[1.0]], [[10.0]]])  # x[t] + 10 x[t + 1]
    layer.projections[0].kernel.assign([[2.0]])
    x = np.asarray([[[1], [2], [3], [7]]], "float32")
    gelu = np.asarray(ops.gelu(np.asarray([73.0, 32.0, 3.0], "float32")))
    tokens, mask = layer(x, np.asarray([[True] * 4]))
    np.testing.assert_allclose(tokens, [[[2 * gelu[0]]]], rtol=1e-6)
    tokens, mask = layer(x, np.asarray([[True, True, True, False]]))  # the 7 is padding: 2 + 30 is strongest
    np.testing.assert_allclose(tokens, [[[2 * gelu[1]]]], rtol=1e-6)
    assert np.asarray(mask).tolist() == [[True]]


@pytest.mark.parametrize("windows", [[], [0, 2]])
def test_windows_that_see_nothing(windows):
    with pytest.raises(ValueError, match="needs windows of 1 place or more"):
        TextCNN(8, 4, windows=windows)

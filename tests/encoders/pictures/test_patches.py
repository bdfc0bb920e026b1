"""Patches: the contract, and one by hand."""

import numpy as np

from contracts import PictureContract
from tfmmrec.encoders.pictures import Patches


class TestPatches(PictureContract):
    component = Patches


def test_squares_by_hand():
    layer = Patches(1, (4, 4), 2, layers=0, heads=1)
    layer.build()
    layer.projection.kernel.assign(np.full((12, 1), 1 / 12))  # the mean of a square
    layer.position.assign([[100.0], [200.0], [300.0], [400.0]])
    brightness = np.asarray([[1, 2, 5, 5], [3, 4, 5, 5], [0, 0, 8, 8], [0, 0, 8, 8]], "float32")
    tokens = layer(np.repeat(brightness[None, :, :, None], 3, axis=-1))
    np.testing.assert_allclose(tokens[0, :, 0], [102.5, 205, 300, 408], rtol=1e-5)

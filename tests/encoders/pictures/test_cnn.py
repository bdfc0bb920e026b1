"""The plain CNN: the contract, and its stages."""

import numpy as np
import pytest

from contracts import PictureContract
from tfmmrec.encoders.pictures import CNN
from tfmmrec.encoders.pictures.cnn import stage_widths


class TestCNN(PictureContract):
    component = CNN
    steps = 200


def test_a_stage_halves_the_sides_and_doubles_the_channels():
    assert stage_widths(64, 8) == [16, 32, 64]
    assert stage_widths(12, 4) == [8, 12]
    assert [c.filters for c in CNN(64, (16, 16), 4, layers=2).convolutions] == [32, 32, 64, 64]


def test_the_strongest_pixel_of_a_square_by_hand():
    layer = CNN(2, (2, 4), 2)
    layer.build()
    kernel = np.zeros((3, 3, 3, 2))
    kernel[1, 1, 0] = (1, -1)  # the red of the pixel itself, and its opposite
    layer.convolutions[0].kernel.assign(kernel)
    red = np.asarray([[1, 2, -3, -4], [3, 0.5, -1, -2]], "float32")
    pixels = np.stack([red, np.ones_like(red), np.ones_like(red)], axis=-1)
    tokens = np.asarray(layer(pixels[None]))[0]
    # the norm makes ±r to ±1; gelu(1) = 0.8413, gelu(−1) = −0.1587
    np.testing.assert_allclose(tokens, [[0.8413, -0.1587], [-0.1587, 0.8413]], atol=1e-3)


@pytest.mark.parametrize("patch", [1, 6])
def test_only_halvings(patch):
    with pytest.raises(ValueError, match=f"patch is 2, 4, 8, 16 …; got {patch}"):
        CNN(8, (12, 12), patch)

"""The residual network: the contract, and a block by hand."""

import numpy as np

from contracts import PictureContract
from contracts.samples import random, remade
from tfmmrec.encoders.pictures import ResNet
from tfmmrec.encoders.pictures.resnet import ResidualBlock


class TestResNet(PictureContract):
    component = ResNet
    steps = 200


def test_a_block_that_has_learnt_nothing_hands_its_input_on():
    block = ResidualBlock(3, 1)
    block.build((None, 4, 4, 3))
    block.second.kernel.assign(np.zeros(block.second.kernel.shape))
    x = random(2, 4, 4, 3)
    np.testing.assert_array_equal(block(x), x)
    assert block.shortcut is None and remade(block).get_config() == block.get_config()


def test_a_shortcut_where_the_shape_changes():
    block = ResidualBlock(5, 2)
    block.build((None, 4, 4, 3))
    block.second.kernel.assign(np.zeros(block.second.kernel.shape))
    x = random(2, 4, 4, 3)
    expected = x[:, ::2, ::2] @ np.asarray(block.shortcut.kernel)[0, 0]
    np.testing.assert_allclose(block(x), expected, rtol=1e-4, atol=1e-6)
    assert block.compute_output_shape((2, 5, 4, 3)) == (2, 3, 2, 5)

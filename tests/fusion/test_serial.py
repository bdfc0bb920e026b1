"""One modality after the other: the contract, and that the order counts."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import WIDTH, tokens_of
from fusion.by_hand import dense, means, norm
from tfmmrec.fusion import Serial


class TestSerial(FusionContract):
    component = Serial
    settings = {"heads": 2}


def test_where_blocks_add_nothing_by_hand():
    fusion, tokens = TestSerial.built(), tokens_of(4)
    for block in fusion.blocks:
        for layer in (block.attention._output_dense, block.feed_forward.output_projection):
            layer.kernel.assign(0 * np.asarray(layer.kernel))
    expected = norm(dense(fusion.start, means(tokens)[:, 0]))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_the_order_is_that_of_the_names():
    given, tokens = TestSerial.built(), tokens_of(4)
    other = Serial(WIDTH, ["price", "title", "poster"], heads=2)
    other.build()
    other.set_weights(given.get_weights())
    assert np.abs(run(other, tokens) - run(given, tokens)).max() > 1e-2

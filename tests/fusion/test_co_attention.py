"""Co-attention: the contract, and who reads whom."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm
from tfmmrec.fusion import CoAttention


class TestCoAttention(FusionContract):
    component = CoAttention
    settings = {"heads": 2}


def test_without_layers_by_hand():
    fusion = CoAttention(WIDTH, NAMES, layers=0)
    fusion.build()
    tokens = tokens_of(4)
    both = np.tile(flat(means(tokens)), 2)
    expected = norm(dense(fusion.projection, both))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_a_stream_reads_the_others_and_not_itself():
    """Price has one token, so its query has no part in what title reads of it: only its values have."""
    fusion, tokens = TestCoAttention.built(), tokens_of(4)
    kernel = np.asarray(fusion.projection.kernel).copy()
    kernel[: 3 * WIDTH] = kernel[4 * WIDTH :] = 0  # of the streams, only title's is heard
    fusion.projection.kernel.assign(kernel)
    block = fusion.streams[0][0]
    block.attention._output_dense.kernel.assign(0 * np.asarray(block.attention._output_dense.kernel))
    deaf = run(fusion, tokens)
    x, mask = tokens["poster"]
    other = {**tokens, "poster": (x + 1, mask)}
    np.testing.assert_allclose(run(fusion, other), deaf, atol=1e-6)
    fusion = TestCoAttention.built()
    fusion.projection.kernel.assign(kernel)
    assert np.abs(run(fusion, other) - run(fusion, tokens)).max() > 1e-3

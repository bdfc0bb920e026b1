"""The loss of ordered classes by hand."""

import numpy as np
import pytest

from backends import run
from tfmmrec.losses import ordinal_cross_entropy


@pytest.mark.backend
def test_by_hand():
    """Above the first with ¾ and the second with ¼; the levels are 0, 1, 2."""
    logits = np.log([[3.0, 1 / 3]] * 3).astype("float32")
    found = run(ordinal_cross_entropy, np.asarray([0.0, 1.0, 2.0], "float32"), logits)
    expected = [-np.log(0.25) - np.log(0.75), -2 * np.log(0.75), -np.log(0.75) - np.log(0.25)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)

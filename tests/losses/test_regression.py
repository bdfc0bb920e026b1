"""Losses of numbers by hand."""

import numpy as np
import pytest

from backends import run
from tfmmrec.losses import huber, squared_error

LABEL, PREDICTION = np.asarray([1.0, 1.0, 1.0], "float32"), np.asarray([1.5, 3.0, -2.0], "float32")


@pytest.mark.backend
def test_by_hand():
    np.testing.assert_allclose(run(squared_error, LABEL, PREDICTION), [0.25, 4, 9])
    np.testing.assert_allclose(run(huber, LABEL, PREDICTION), [0.125, 1.5, 2.5])  # ½ e², |e| − ½
    wide = run(lambda y, z: huber(y, z, 2.0), LABEL, PREDICTION)
    np.testing.assert_allclose(wide, [0.125, 2, 4])  # ½ e², and 2 (3 − 1)

"""The exact index: the contract."""

import numpy as np
import pytest

from contracts import IndexContract
from tfmmrec import retrieval
from tfmmrec.members import make
from tfmmrec.retrieval import Exact, Index


class TestExact(IndexContract):
    component = Exact


def test_a_name_that_is_none():
    with pytest.raises(ValueError, match="There is no index 'exakt'. Did you mean 'exact'?"):
        make(retrieval, Index, "exakt", vectors=np.eye(3))

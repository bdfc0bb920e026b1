"""The abstract fusion."""

import pytest

from contracts.samples import NAMES, WIDTH, token_inputs
from tfmmrec.fusion import Fusion


def test_a_member_must_say_how_it_fuses():
    with pytest.raises(NotImplementedError):
        Fusion(WIDTH, NAMES).fuse(list(token_inputs().values()), None)

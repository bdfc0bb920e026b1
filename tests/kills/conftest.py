"""A catalogue, a run and an export that nothing interrupted: made once."""

import pytest

from kills import world


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """``base``, ``run``, ``version`` and the ``writes`` of the run; not to be changed."""
    return world.make(tmp_path_factory.mktemp("kills"))

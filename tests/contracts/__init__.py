"""What every member of a family must keep: a member's test class inherits its family's contract."""

import pytest

for _family in ("modality", "fusion", "alignment", "sharing", "task", "index", "whole"):
    pytest.register_assert_rewrite(f"contracts.{_family}")

from contracts.alignment import AlignmentContract  # noqa: E402  after their asserts can speak
from contracts.fusion import FusionContract  # noqa: E402
from contracts.index import IndexContract  # noqa: E402
from contracts.modality import ModalityContract  # noqa: E402
from contracts.sharing import SharingContract  # noqa: E402
from contracts.task import TaskContract  # noqa: E402

__all__ = [
    "AlignmentContract",
    "FusionContract",
    "IndexContract",
    "ModalityContract",
    "SharingContract",
    "TaskContract",
]

"""What every member of a family must keep: a member's test class inherits its family's contract."""

import pytest

for _family in (
    "acquisition",
    "modality",
    "fusion",
    "graph",
    "alignment",
    "sharing",
    "balancing",
    "negatives",
    "objective",
    "task",
    "index",
    "encoder",
    "history",
    "tokeniser",
    "whole",
):
    pytest.register_assert_rewrite(f"contracts.{_family}")

from contracts.acquisition import AcquisitionContract  # noqa: E402  after their asserts can speak
from contracts.alignment import AlignmentContract  # noqa: E402
from contracts.balancing import BalancingContract  # noqa: E402
from contracts.encoder import PictureContract, SequenceContract  # noqa: E402
from contracts.fusion import FusionContract  # noqa: E402
from contracts.graph import GraphContract  # noqa: E402
from contracts.history import HistoryContract  # noqa: E402
from contracts.index import IndexContract  # noqa: E402
from contracts.modality import ModalityContract  # noqa: E402
from contracts.negatives import NegativesContract  # noqa: E402
from contracts.objective import ObjectiveContract  # noqa: E402
from contracts.sharing import SharingContract  # noqa: E402
from contracts.task import TaskContract  # noqa: E402
from contracts.tokeniser import TokeniserContract  # noqa: E402

__all__ = [
    "AcquisitionContract",
    "AlignmentContract",
    "BalancingContract",
    "FusionContract",
    "GraphContract",
    "HistoryContract",
    "IndexContract",
    "ModalityContract",
    "NegativesContract",
    "ObjectiveContract",
    "PictureContract",
    "SequenceContract",
    "SharingContract",
    "TaskContract",
    "TokeniserContract",
]

"""What the users who are asked about met, each pair once."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.evaluation import Queries


def known_pairs(queries: Queries, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the users of these queries met: places in the chunk and catalogue rows ``[P]``, each pair once."""
    return distinct_pairs(*queries.seen_of(chunk), queries.data.vocabulary.items)

"""Queries by hand, for tests of rankings."""

import numpy as np


class Asked:
    """Queries with given targets and histories, as `rank` wants to know of them."""

    def __init__(self, targets, seen):
        self.given, self.met = [sorted(one) for one in targets], [sorted(one) for one in seen]
        self.sizes = np.asarray([len(a) + len(b) for a, b in zip(self.given, self.met, strict=True)])

    def __len__(self):
        return len(self.given)

    def targets_of(self, chunk):
        return _pairs([self.given[query] for query in chunk])

    def seen_of(self, chunk):
        return _pairs([self.met[query] for query in chunk])


def _pairs(lists):
    place = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    return place, np.asarray([item for one in lists for item in one], "int64")

"""Items that a batch gets beside those of its events, and each item's chance to be in a batch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tfmmrec.data.distinct import draw_absent
from tfmmrec.members import make

_ROUNDS = 4  # of drawing with replacement, before what is left is drawn by a number for each item


class Negatives:
    """Abstract: distinct items, none of the batch's own, drawn for each batch.

    They are candidates of every position of a batch, so a sampled loss corrects for the chance of each item
    to be in it, by its events or by a draw (logQ, Bengio & Senécal 2008).

    Args:
        count: items added to a batch, at most.

    Attributes:
        log_missed: ``[N]``: log of the chance that an item, which is not of a batch's events, is not drawn
            either. Set by `learn`.
    """

    def __init__(self, count: int = 512) -> None:
        if count < 0:
            raise ValueError(f"{type(self).__name__}: count of negatives must be 0 or more, got {count}.")
        self.count = count
        self.log_missed = np.zeros(0)

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        """Gets to know the items; called again when something about them has changed.

        Args:
            counts: ``[N]``, expected events of each in an epoch.
            absent: ``[N]``, the chance of each that no event of a batch is of it.
            count: items that are drawn for a batch, about.
        """
        raise NotImplementedError

    def draw(self, present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
        """`count` distinct rows of ``[0, items)``, none of `present`; all of those where they are fewer.

        Args:
            present: sorted, each once.
            items: N.
            count: how many.
            generator: source of chance.
        """
        raise NotImplementedError

    def log_drawn(self, rows: np.ndarray, absent: int, count: int) -> np.ndarray:
        """Log of the chance of these rows to be drawn for a batch that has none of them.

        Args:
            rows: int ``[M]``.
            absent: items that are not of its events.
            count: items that are drawn.
        """
        del absent, count
        with np.errstate(divide="ignore"):
            return np.log(-np.expm1(np.asarray(self.log_missed)[rows]))

    @property
    def mined(self) -> list[Mined]:
        """Those among them whose weights the model says."""
        return []


class InBatch(Negatives):
    """None: the other events' items of a batch are the negatives (Chen, 2017)."""

    def __init__(self, count: int = 0) -> None:
        super().__init__(0)
        if count:
            raise ValueError(f"InBatch adds no items to a batch, so count must be 0, got {count}.")

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        self.log_missed = np.zeros(len(counts))

    def draw(self, present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
        return np.zeros(0, "int64")


class Uniform(Negatives):
    """Every item that is absent with the same chance."""

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        left = absent.sum()
        with np.errstate(divide="ignore"):  # log 0 = −∞ is right: all are drawn
            self.log_missed = np.full(len(counts), np.log1p(-min(1.0, count / left)) if left else 0.0)

    def draw(self, present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
        return draw_absent(present, items, count, generator)

    def log_drawn(self, rows: np.ndarray, absent: int, count: int) -> np.ndarray:
        return np.full(len(rows), np.log(max(1, count) / max(1, absent)))


class _Weighted(Negatives):
    """One after the other, each with a chance in proportion to its weight among those that are left."""

    def _weigh(self, weights: np.ndarray, absent: np.ndarray, count: int) -> None:
        """Sets the weights, all above 0, and what follows from them."""
        self._weights = weights / weights.sum()
        self._cumulative = np.cumsum(self._weights)
        self.log_missed = -self._weights * _time(self._weights, absent, count)

    def draw(self, present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
        count = min(count, items - len(present))
        free = np.ones(items, bool)
        free[present] = False
        drawn = np.zeros(0, "int64")
        for _ in range(_ROUNDS):  # with replacement, and what was there already passed over, is the same
            if len(drawn) == count:
                return drawn
            tried = np.searchsorted(
                self._cumulative, generator.random(2 * count) * self._cumulative[-1], "right"
            )
            tried = np.minimum(tried, items - 1)
            tried = tried[free[tried]]
            new = tried[np.sort(np.unique(tried, return_index=True)[1])][: count - len(drawn)]
            free[new] = False
            drawn = np.concatenate([drawn, new])
        left = np.flatnonzero(free)
        # and so is to take those that come first when each comes after a time of this rate
        comes = generator.exponential(size=len(left)) / self._weights[left]
        return np.concatenate([drawn, left[np.argsort(comes)[: count - len(drawn)]]])


class Popularity(_Weighted):
    """In proportion to a power of how many events are of an item (Mikolov, 2013).

    Args:
        count: see `Negatives`.
        power: 1 is as often as in the events, 0 is uniform.
    """

    def __init__(self, count: int = 512, power: float = 0.75) -> None:
        super().__init__(count)
        self.power = power

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        least = counts[counts > 0].min() if (counts > 0).any() else 1.0
        self._weigh(np.maximum(counts, least).astype("float64") ** self.power, absent, count)


class Mined(_Weighted):
    """Hard ones: in proportion to the share of the softmax that the model wrongly gives an item.

    A training tells it these shares, means over a sample of its own states, before each epoch, so that an
    epoch's batches do not depend on how far ahead they are built. Until then, draws are uniform.

    Args:
        count: see `Negatives`.
        floor: share of the draws that is uniform, so that every item has a chance.
        temperature: divides scores: above 1, softer negatives.
    """

    def __init__(self, count: int = 512, floor: float = 0.1, temperature: float = 1.0) -> None:
        super().__init__(count)
        if not 0 < floor <= 1:
            raise ValueError(f"Mined: floor is a share of the draws, above 0 and at most 1, got {floor}.")
        if not temperature > 0:
            raise ValueError(f"Mined: temperature must be above 0, got {temperature}.")
        self.floor, self.temperature = floor, temperature
        self.shares: np.ndarray | None = None
        """float32 ``[N]``: mean shares of the softmax; None before there are any."""

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        uniform = np.full(len(counts), 1 / len(counts))
        shares = uniform if self.shares is None else self.shares / max(float(self.shares.sum()), 1e-30)
        self._weigh((1 - self.floor) * shares + self.floor * uniform, absent, count)

    @property
    def mined(self) -> list[Mined]:
        return [self]


class Mixed(Negatives):
    """Some of each of several kinds, one kind after the other.

    Args:
        count: of all together.
        parts: by name of a kind its share of the draws.
    """

    def __init__(self, count: int = 512, parts: dict[str, float] | None = None) -> None:
        super().__init__(count)
        parts = {"uniform": 0.5, "popularity": 0.5} if parts is None else parts
        if not parts or any(not share > 0 for share in parts.values()):
            raise ValueError(
                f"Mixed: parts are shares above 0 by kind, as {{'uniform': 1, 'mined': 1}}; got {parts!r}."
            )
        self.parts = [make(sys.modules[__name__], Negatives, name) for name in parts]
        self._shares = np.asarray(list(parts.values()), "float64") / sum(parts.values())

    def _counts(self, count: int) -> list[int]:
        return np.diff(np.rint(np.concatenate([[0], np.cumsum(self._shares)]) * count)).astype(int).tolist()

    def learn(self, counts: np.ndarray, absent: np.ndarray, count: int) -> None:
        self.log_missed = np.zeros(len(counts))
        for part, of_part in zip(self.parts, self._counts(count), strict=True):
            part.learn(counts, absent * np.exp(self.log_missed), of_part)
            self.log_missed = self.log_missed + part.log_missed

    def draw(self, present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
        drawn = np.zeros(0, "int64")
        for part, of_part in zip(self.parts, self._counts(count), strict=True):
            there = np.sort(np.concatenate([present, drawn]))
            drawn = np.concatenate([drawn, part.draw(there, items, of_part, generator)])
        return drawn

    @property
    def mined(self) -> list[Mined]:
        return [one for part in self.parts for one in part.mined]


def negatives_of(choice: Any) -> Negatives:
    """A choice as negatives: a number of uniform ones, or a name, a class, or a dict of name and settings.

    Raises:
        ValueError: there is no such kind, or a setting is out of range.
    """
    if isinstance(choice, Negatives):
        return choice
    if isinstance(choice, int):
        return Uniform(choice)
    return make(sys.modules[__name__], Negatives, choice)


def log_unseen(counts: np.ndarray, slots: float) -> np.ndarray:
    """Log of each item's chance that none of a batch's events is of it: ``n log(1 − p)``.

    Args:
        counts: ``[N]``, expected events of each item in an epoch; p are their shares, taken as independent.
        slots: n, mean number of events of a batch.
    """
    with np.errstate(divide="ignore"):  # log 0 = −∞ is right: that item is in every batch
        return slots * np.log1p(-counts / counts.sum())


def log_inclusion(unseen: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Log of the chance to be in a batch, float32: ``log(1 − (1 − p)ⁿ (1 − chance to be drawn))``.

    Args:
        unseen: of `log_unseen`.
        missed: ``log_missed`` of the negatives, for the same items.
    """
    with np.errstate(divide="ignore"):
        return np.log(-np.expm1(unseen + missed)).astype("float32")


def _time(weights: np.ndarray, absent: np.ndarray, count: int) -> float:
    """t with ``Σ absent · (1 − exp(−t w)) = count``: of items that come at rates w, `count` have come."""
    if count >= absent.sum():
        return np.inf
    low, high = 0.0, 1.0
    while (absent * -np.expm1(-high * weights)).sum() < count:
        low, high = high, 4 * high
    for _ in range(40):
        middle = (low + high) / 2
        enough = (absent * -np.expm1(-middle * weights)).sum() >= count
        low, high = (low, middle) if enough else (middle, high)
    return (low + high) / 2


__all__ = ["InBatch", "Mined", "Mixed", "Negatives", "Popularity", "Uniform"]

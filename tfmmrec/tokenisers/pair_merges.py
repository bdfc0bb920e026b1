"""Joining the pair that is met most often, again and again: how pieces are learnt from pairs."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

Pair = tuple[str, str]


def learn_merges(
    words: dict[str, int],
    symbols: Callable[[str], Sequence[str]],
    join: Callable[[str, str], str],
    merges: int,
    min_count: int,
) -> list[Pair]:
    """The pairs of byte pair encoding, in the order in which they are joined (Sennrich 2016).

    Of pairs that are met equally often the first in the order of their characters is joined.

    Args:
        words: how often each is met.
        symbols: what a word begins as.
        join: the symbol that two neighbours become.
        merges: at most so many.
        min_count: a pair that is met less often is not joined.
    """
    cut = [list(symbols(word)) for word in words]
    weights = list(words.values())
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for number, (parts, weight) in enumerate(zip(cut, weights, strict=True)):
        for pair in zip(parts, parts[1:], strict=False):
            counts[pair] += weight
            places[pair].add(number)
    waiting = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(waiting)
    found: list[Pair] = []
    while waiting and len(found) < merges:
        negative, pair = heapq.heappop(waiting)
        count = counts[pair]
        if count < max(min_count, 1):
            continue
        if count != -negative:  # it was met more or less often when it was put there
            heapq.heappush(waiting, (-count, pair))
            continue
        found.append(pair)
        one, changed = join(*pair), set()
        for number in places.pop(pair):
            old, weight = cut[number], weights[number]
            new = _joined(old, pair, one)
            for before in zip(old, old[1:], strict=False):
                counts[before] -= weight
            for after in zip(new, new[1:], strict=False):
                counts[after] += weight
                places[after].add(number)
                changed.add(after)
            cut[number] = new
        del counts[pair]
        for after in changed:
            heapq.heappush(waiting, (-counts[after], after))
    return found


def _joined(parts: list[str], pair: Pair, one: str) -> list[str]:
    new, place = [], 0
    while place < len(parts):
        if place + 1 < len(parts) and (parts[place], parts[place + 1]) == pair:
            new.append(one)
            place += 2
        else:
            new.append(parts[place])
            place += 1
    return new

"""Pieces of a unigram language model, learnt by expectation maximisation (Kudo 2018)."""

from __future__ import annotations

from collections import Counter

import numpy as np

_LONGEST = 12  # characters of a piece
_WORD = 24  # characters of a word that is learnt from
_WORDS = 50_000  # the most frequent ones are learnt from
_SEEDS = 8  # times as many parts to begin with as pieces are wanted
_KEPT = 0.75  # of the pieces in a round
_ROUNDS = 2  # of expectation maximisation before pieces are given up
_LOWEST = -1e30  # the log of no probability, with which sums stay numbers


def learn_unigram(counts: dict[str, int], size: int, min_count: int) -> tuple[list[str], list[float]]:
    """Pieces and their log probabilities, the likeliest first.

    Every single character that is met often enough stays, so that few texts have unknown parts.

    Args:
        counts: words and how often each is met.
        size: at most so many pieces.
        min_count: parts that are met less often are no pieces.
    """
    words = sorted((w for w in counts if len(w) <= _WORD), key=lambda w: (-counts[w], w))[:_WORDS]
    weights = np.asarray([counts[word] for word in words], "float64")
    parts: Counter[str] = Counter()
    for word in words:
        for start in range(len(word)):
            for end in range(start + 1, min(start + _LONGEST, len(word)) + 1):
                parts[word[start:end]] += counts[word]
    frequent = [part for part, count in parts.items() if count >= max(min_count, 1)]
    # a part that is met often and spares many characters is a likely piece
    frequent.sort(key=lambda part: (-parts[part] * len(part), part))
    letters = sorted((p for p in frequent if len(p) == 1), key=lambda p: (-parts[p], p))[: max(size, 0)]
    others = [part for part in frequent if len(part) > 1][: _SEEDS * max(size, 0)]
    pieces = [*letters, *others]
    if not pieces:
        return [], []
    likely = np.log(np.asarray([parts[piece] for piece in pieces], "float64"))
    likely -= _log_sum(likely[None])[0]
    while True:
        lattice = _lattice(words, pieces)
        for _ in range(_ROUNDS):
            expected = _expected(lattice, words, weights, likely)
            likely = np.log(np.maximum(expected, 1e-3))
            likely -= _log_sum(likely[None])[0]
        if len(pieces) <= size:
            break
        kept = max(size, int(_KEPT * len(pieces)))
        missed = expected * (likely - _without_itself(pieces, likely))
        missed[: len(letters)] = np.inf
        chosen = np.sort(np.argsort(-missed, kind="stable")[:kept])
        pieces, likely = [pieces[place] for place in chosen], likely[chosen]
        likely -= _log_sum(likely[None])[0]
    order = sorted(range(len(pieces)), key=lambda place: (-likely[place], pieces[place]))
    return [pieces[place] for place in order], [float(likely[place]) for place in order]


def _lattice(words: list[str], pieces: list[str]) -> np.ndarray:
    """int32 ``[W, C, L]``: which piece ends at character c of a word and is l + 1 long; −1 is none."""
    place = {piece: number for number, piece in enumerate(pieces)}
    size = max(map(len, words), default=0)
    lattice = np.full((len(words), size, _LONGEST), -1, "int32")
    for row, word in enumerate(words):
        for end in range(1, len(word) + 1):
            for length in range(1, min(_LONGEST, end) + 1):
                number = place.get(word[end - length : end])
                if number is not None:
                    lattice[row, end - 1, length - 1] = number
    return lattice


def _scores(lattice: np.ndarray, likely: np.ndarray) -> np.ndarray:
    return np.append(likely, _LOWEST)[lattice]  # −1 is the last


def _beginnings(scores: np.ndarray, best: bool = False) -> np.ndarray:
    """Log probabilities ``[W, C + 1]`` of the words' beginnings: of all cuts together, or of the best."""
    rows, size, _ = scores.shape
    found = np.full((rows, size + 1), _LOWEST)
    found[:, 0] = 0.0
    for end in range(1, size + 1):
        lengths = min(_LONGEST, end)
        before = found[:, end - lengths : end][:, ::-1]  # of length 1 first
        ways = before + scores[:, end - 1, :lengths]
        found[:, end] = ways.max(axis=1) if best else _log_sum(ways)
    return np.maximum(found, _LOWEST)


def _expected(lattice: np.ndarray, words: list[str], weights: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """How often each piece is met, on average over all cuts of the words by their probability."""
    scores, sizes = _scores(lattice, likely), np.asarray([len(word) for word in words])
    before = _beginnings(scores)
    rows, size, _ = scores.shape
    after = np.full((rows, size + 1), _LOWEST)
    after[np.arange(rows), sizes] = 0.0
    for start in range(size - 1, -1, -1):
        lengths = min(_LONGEST, size - start)
        ways = [after[:, start + n] + scores[:, start + n - 1, n - 1] for n in range(1, lengths + 1)]
        rest = _log_sum(np.stack(ways, axis=1))
        after[:, start] = np.where(start < sizes, np.maximum(rest, _LOWEST), after[:, start])
    whole = after[:, 0]
    cuttable = whole > _LOWEST / 2
    expected = np.zeros(len(likely))
    for end in range(1, size + 1):
        for length in range(1, min(_LONGEST, end) + 1):
            number = lattice[:, end - 1, length - 1]
            there = (number >= 0) & cuttable
            chance = np.exp(
                before[there, end - length] + likely[number[there]] + after[there, end] - whole[there]
            )
            np.add.at(expected, number[there], chance * weights[there])
    return expected


def _without_itself(pieces: list[str], likely: np.ndarray) -> np.ndarray:
    """The log probability of the best cut of each piece into other pieces."""
    lattice = _lattice(pieces, pieces)
    sizes = np.asarray([len(piece) for piece in pieces])
    lattice[np.arange(len(pieces)), sizes - 1, sizes - 1] = -1
    best = _beginnings(_scores(lattice, likely), best=True)
    return np.maximum(best[np.arange(len(pieces)), sizes], -1e3)


def _log_sum(values: np.ndarray) -> np.ndarray:
    """``log Σ exp`` over the last axis."""
    most = values.max(axis=-1)
    return most + np.log(np.exp(values - most[..., None]).sum(axis=-1))

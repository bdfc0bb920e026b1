"""Synonyms from a file: words of one meaning on a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfmmrec.modalities.media import file_below

MOST_SYNONYMS = 8
"""Synonyms that are kept of a word; the first in the file."""


def read_thesaurus(folder: Path, name: str) -> list[list[str]]:
    """The groups of words of one meaning, in lower case: ``car, automobile`` is a line of two.

    What follows a ``#`` is not read. An expression of several words is no word and is left out.

    Args:
        folder: the data folder.
        name: of the file below it.

    Raises:
        ValueError: there is no such file, or no line of it has two words.
    """
    path = file_below(name, folder, "Thesaurus")
    groups = []
    for line in path.read_text("utf-8-sig", errors="replace").splitlines():
        words = (word.strip().lower() for word in line.partition("#")[0].split(","))
        group = list(dict.fromkeys(word for word in words if word and " " not in word))
        if len(group) > 1:
            groups.append(group)
    if not groups:
        raise ValueError(
            f"Thesaurus {name!r} has no synonyms: a line holds words of one meaning, separated by commas, "
            "such as 'car, automobile'."
        )
    return groups


def synonym_table(groups: list[list[str]], numbers: Mapping[str, int], size: int) -> np.ndarray:
    """The synonyms of each number of a vocabulary: int32 ``[size, S]``, 0 behind the last.

    Args:
        groups: words of one meaning.
        numbers: of the words of the vocabulary; several may have one, as words of one stem do.
        size: numbers that there are.

    Raises:
        ValueError: no group has two of them.
    """
    ways: list[dict[int, None]] = [{} for _ in range(size)]
    for group in groups:
        there = dict.fromkeys(numbers[word] for word in group if word in numbers)
        for number in there:
            ways[number] |= {other: None for other in there if other != number}
    most = min(max(map(len, ways)), MOST_SYNONYMS)
    if not most:
        raise ValueError(
            "No two synonyms of the thesaurus are words of the vocabulary, which the training rows taught. "
            "Is it of another language?"
        )
    table = np.zeros((size, most), "int32")
    for number, others in enumerate(ways):
        kept = list(others)[:most]
        table[number, : len(kept)] = kept
    return table

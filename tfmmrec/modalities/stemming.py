"""English words to their stems: ``connected``, ``connecting`` and ``connections`` to ``connect``."""

from __future__ import annotations

import re
from functools import lru_cache

_PLURALS = {"sses": "ss", "ies": "i", "ss": "ss", "s": ""}
_DOUBLE_SUFFIXES = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "abli": "able",
    "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate",
    "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al",
    "iviti": "ive", "biliti": "ble",
}  # fmt: skip
_ADJECTIVES = {
    "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
}  # fmt: skip
_LAST_SUFFIXES = dict.fromkeys(
    ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism"]
    + ["ate", "iti", "ous", "ive", "ize"],
    "",
)


@lru_cache(maxsize=100_000)
def porter(word: str) -> str:
    """The stem of a lower-case English word (Porter 1980, "An algorithm for suffix stripping").

    Words of two letters or fewer, and those with other signs than a to z, are their own stems.
    """
    if len(word) <= 2 or not re.fullmatch("[a-z]+", word):
        return word
    word = _replaced(word, _PLURALS, -1)
    word = _without_ed_and_ing(word)
    if word.endswith("y") and "v" in _sounds(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(word, _DOUBLE_SUFFIXES, 0)
    word = _replaced(word, _ADJECTIVES, 0)
    word = _replaced(word, _LAST_SUFFIXES, 1)
    if word.endswith("e") and (
        _measure(word[:-1]) > 1 or (_measure(word[:-1]) == 1 and not _short(word[:-1]))
    ):
        word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _replaced(word: str, suffixes: dict[str, str], least: int) -> str:
    """The longest suffix that is there decides: it is replaced where the rest is longer than `least`."""
    suffix = max((end for end in suffixes if word.endswith(end)), key=len, default="")
    rest = word[: len(word) - len(suffix)]
    if not suffix or _measure(rest) <= least or (suffix == "ion" and not rest.endswith(("s", "t"))):
        return word
    return rest + suffixes[suffix]


def _without_ed_and_ing(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    rest = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    if "v" not in _sounds(rest):
        return word
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if len(rest) > 1 and rest[-1] == rest[-2] and _sounds(rest)[-1] == "c" and rest[-1] not in "lsz":
        return rest[:-1]
    return rest + "e" if _measure(rest) == 1 and _short(rest) else rest


def _sounds(word: str) -> str:
    """``c`` for each consonant, ``v`` for each vowel; y is a vowel behind a consonant."""
    sounds = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and sounds.endswith("c"))
        sounds += "v" if vowel else "c"
    return sounds


def _measure(word: str) -> int:
    """How often a vowel is followed by a consonant."""
    return _sounds(word).count("vc")


def _short(word: str) -> bool:
    """Whether it ends in consonant, vowel, consonant, and not in w, x or y."""
    return _sounds(word).endswith("cvc") and word[-1] not in "wxy"

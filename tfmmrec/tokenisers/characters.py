"""Characters to others, in TensorFlow's own ops. These know no normal forms: a list of what changes does."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

_PAST = 0x32000  # code points from here on are never changed


def utf8(values: Any) -> Any:
    """The strings as valid UTF-8: ``�`` for what is none."""
    import tensorflow as tf

    return tf.strings.unicode_transcode(values, "UTF-8", "UTF-8", errors="replace")


def fold(values: Any) -> Any:
    """Capital letters as small ones: full case folding, which makes ``ss`` of ``ß``."""
    import tensorflow as tf

    return _mapped(tf.strings.lower(values), str.casefold)  # the list is for what is beyond ASCII


def without_accents(values: Any) -> Any:
    """Letters without accents: decomposed (NFD of each character), and nonspacing marks left out."""
    import tensorflow as tf

    return tf.strings.regex_replace(_mapped(values, _decomposed), r"\p{Mn}", "")


def compatible(values: Any) -> Any:
    """Compatibility forms as plain ones, NFKC of each character: ``fi`` for ``ﬁ``, ``A`` for ``Ａ``.

    A letter and an accent that follows it stay two characters.
    """
    return _mapped(values, _compatible)


def _decomposed(character: str) -> str:
    return unicodedata.normalize("NFD", character)


def _compatible(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


@cache
def _changes(change: Callable[[str], str]) -> tuple[np.ndarray, list[str]]:
    """Code points beyond ASCII that a mapping changes, ascending, and what it makes of them."""
    points = [point for point in range(128, _PAST) if not 0xD800 <= point < 0xE000]
    changed = [(point, new) for point in points if (new := change(chr(point))) != chr(point)]
    return np.asarray([point for point, _ in changed], "int32"), [new for _, new in changed]


def _mapped(values: Any, change: Callable[[str], str]) -> Any:
    """Each character of strings ``[B]`` of valid UTF-8 that is beyond ASCII, changed."""
    import tensorflow as tf

    points, strings = _changes(change)
    rows = tf.where(~tf.strings.regex_full_match(values, r"[\x00-\x7f]*"))[:, 0]
    some = tf.gather(values, rows)
    characters = tf.strings.unicode_split(some, "UTF-8")
    found = tf.strings.unicode_decode(some, "UTF-8").flat_values
    place = tf.searchsorted(points, tf.concat([found, [0]], 0))[:-1]  # it cannot search for nothing
    place = tf.minimum(place, len(points) - 1)
    flat = tf.where(tf.gather(points, place) == found, tf.gather(strings, place), characters.flat_values)
    joined = tf.strings.reduce_join(characters.with_flat_values(flat), axis=-1)
    every = tf.range(tf.shape(values)[0])
    return tf.dynamic_stitch([every, tf.cast(rows, tf.int32)], [values, joined])

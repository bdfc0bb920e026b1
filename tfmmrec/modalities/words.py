"""Strings to words, in core TensorFlow ops: the same in preparation and in an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tfmmrec.members import suggestion
from tfmmrec.modalities.lookup import terms_by_count
from tfmmrec.modalities.stemming import porter

CLEANINGS = {
    "html": [(r"<[^<>]*>", " "), (r"&#?\w{1,10};", " ")],
    "urls": [(r"(https?://|www\.)\S+", " "), (r"\S+@\S+\.\S+", " ")],
    "mentions": [(r"@\w+", " ")],
    "digits": [(r"\d+", " ")],
}
"""What can be taken out of a text before it is split: tags and entities, addresses of pages and of mail,
mentions of users, digits."""

_ENGLISH = """
    a an the this that these those i me my mine myself we us our ours ourselves you your yours yourself
    yourselves he him his himself she her hers herself it its itself they them their theirs themselves who
    whom whose which what am is are was were be been being have has had having do does did doing will would
    shall should can could may might must and but or if because as until while of at by for with about against
    between into through during before after above below to from up down in out on off over under again
    further then once here there when where why how all any both each few more most other some such only own
    same so than too very just also im youre hes shes theyre weve ive id ill thats
"""

ENGLISH = tuple(_ENGLISH.split())
"""Words that tell little in English; what negates tells much, and is not among them."""


def words(values: Any, clean: tuple[str, ...] = ()) -> Any:
    """Splits strings ``[B]`` into lower-case words, a ragged string tensor, in core TensorFlow ops.

    Words are runs of letters, marks and digits of any script; a Chinese, Japanese kana or Thai character
    is a word of its own, since these scripts put no spaces between words.

    Args:
        values: the strings.
        clean: of `CLEANINGS`, what is taken out before.
    """
    import tensorflow as tf

    values = tf.strings.unicode_transcode(values, "UTF-8", "UTF-8", errors="replace")
    values = cleaned(values, clean)
    values = tf.strings.lower(values, encoding="utf-8")
    values = tf.strings.regex_replace(values, r"['’]", "")
    values = tf.strings.regex_replace(values, r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])", r" \1 ")
    values = tf.strings.regex_replace(values, r"[^\p{L}\p{M}\p{N}]+", " ")
    return tf.strings.split(tf.strings.strip(values))


def cleaned(values: Any, clean: tuple[str, ...]) -> Any:
    """Strings without what these of `CLEANINGS` take out."""
    import tensorflow as tf

    for name in clean:
        for pattern, other in CLEANINGS[name]:
            values = tf.strings.regex_replace(values, pattern, other)
    return values


def learn_words(words: Iterable[str], stem: bool, limit: int, min_count: int) -> tuple[int, list[str]]:
    """The vocabulary of the words of training rows: its size with padding and unknown words, and the words.

    With `stem` as many stems are kept as there may be words, and all words of these.
    """
    if not stem:
        terms = terms_by_count(words, limit, min_count)
        return len(terms) + 2, terms
    counts = Counter(words)
    weights: Counter[str] = Counter()
    for word, count in counts.items():
        weights[porter(word)] += count
    stems = terms_by_count(weights.elements(), limit, min_count)
    place = {stem: number for number, stem in enumerate(stems)}
    terms = [word for word in counts if word and porter(word) in place]
    return len(stems) + 2, sorted(terms, key=lambda word: (place[porter(word)], word))


def numbers_of(terms: Sequence[str], stem: bool) -> dict[str, int]:
    """The number of each word of a vocabulary: its own, or its stem's."""
    if not stem:
        return {word: number for number, word in enumerate(terms, 2)}
    stems: dict[str, int] = {}
    return {word: stems.setdefault(porter(word), len(stems) + 2) for word in terms}


def check_cleanings(feature: str, names: Any) -> None:
    """Checks the names of what is taken out of a feature's texts.

    Raises:
        ValueError: one is unknown; the message lists what there is.
    """
    if isinstance(names, str):
        raise ValueError(f"{feature}: clean is a list such as {list(CLEANINGS)[:2]}, got {names!r}.")
    for name in names:
        if name not in CLEANINGS:
            raise ValueError(f"{feature}: there is no cleaning {name!r}.{suggestion(name, CLEANINGS)}")

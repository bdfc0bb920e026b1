"""A preset's own tokeniser as one of ours, which stands in an export as TensorFlow's own operations."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec import tokenisers
from tfmmrec.encoders.presets import cannot_be_had, keras_hub
from tfmmrec.members import make
from tfmmrec.tokenisers import Tokeniser
from tfmmrec.tokenisers.sentence_piece import BYTE, CONTROL, UNUSED, parse_model

_SPLITS = {
    "GPT2Tokenizer": "gpt2",
    "RobertaTokenizer": "gpt2",
    "BartTokenizer": "gpt2",
    "OPTTokenizer": "gpt2",
    "BloomTokenizer": "gpt2",
    "CLIPTokenizer": "clip",
}
_NO_BEGINNING = ("T5Tokenizer", "SigLIPTokenizer")  # what T5's is named is for its decoder
_TRIED = "The quick brown fox doesn't jump over 12 lazy dogs, does it? Été 2024!"


def preset_pieces(preset: str, where: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """How a preset cuts texts, and its pieces.

    Returns:
        ``{"tokeniser": …, "begin": [numbers], "end": [numbers], "padding": …}``, and the terms of the
        tokeniser. Numbers are one more than the preset's own, but for the padding. ``"canonical"`` is there,
        and true, where texts are first made `canonical`.

    Raises:
        ValueError: the preset has no tokeniser, or one that cuts in a way which is not known here.
    """
    try:
        theirs = keras_hub().tokenizers.Tokenizer.from_preset(str(where))
    except ImportError:
        raise
    except Exception as error:
        raise cannot_be_had(preset, error) from error
    choice, terms = _translated(theirs, preset)
    padding = _number(theirs, "pad_token_id") or 0
    begin, end = (
        _number(theirs, *names)
        for names in (("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id"))
    )
    if type(theirs).__name__ in _NO_BEGINNING:
        begin = None
    cuts: dict[str, Any] = {
        "tokeniser": choice,
        "begin": [] if begin is None else [begin + 1],
        "end": [] if end is None else [end + 1],
        "padding": padding,
    }
    if type(theirs).__name__ == "SigLIPTokenizer":
        cuts["canonical"] = True
    _check(theirs, choice, terms, preset)
    return cuts, terms


def canonical(values: Any) -> Any:
    """Texts as SigLIP has seen them in training: in small letters, without punctuation."""
    import tensorflow as tf

    values = tf.strings.regex_replace(tf.strings.lower(values), "[[:punct:]]", "")
    return tf.strings.strip(tf.strings.regex_replace(values, r"\s+", " "))


def _translated(theirs: Any, preset: str) -> tuple[dict[str, Any], dict[str, Any]]:
    kinds, name = keras_hub().tokenizers, type(theirs).__name__
    if isinstance(theirs, kinds.WordPieceTokenizer):
        choice = {
            "name": "word_piece",
            "lowercase": bool(theirs.lowercase),
            "strip_accents": bool(theirs.strip_accents),
            "unknown": theirs.oov_token,
            "inside": theirs.suffix_indicator,
        }
        return choice, {"pieces": list(theirs.get_vocabulary())}
    if isinstance(theirs, kinds.BytePairTokenizer) and name in _SPLITS:
        split = _SPLITS[name]
        choice = {
            "name": "byte_pairs",
            "split": split,
            "prefix": bool(theirs.add_prefix_space),
            "lowercase": split == "clip",
        }
        numbers = {str(piece): int(number) + 1 for piece, number in dict(theirs.vocabulary).items()}
        merges = [str(merge) for merge in theirs.merges if not str(merge).startswith("#version")]
        return choice, {"pieces": list(numbers), "numbers": list(numbers.values()), "merges": merges}
    if isinstance(theirs, kinds.SentencePieceTokenizer):
        proto = theirs.proto
        model = parse_model(base64.b64decode(proto) if isinstance(proto, str) else proto, preset)
        shared = {"unknown": model.unknown, "prefix": model.prefix, "normalise": model.normalises}
        terms = {"pieces": model.pieces, "scores": list(model.usable({CONTROL, UNUSED, BYTE}))}
        if model.kind == "unigram":
            return {"name": "unigram", **shared}, terms
        if model.kind == "bpe":
            return {"name": "byte_pairs", "split": "sentence_piece", **shared}, terms
    raise ValueError(
        f"The preset {preset!r} cuts texts by {name}, which is not known here: there are those of BERT's "
        f"kind, of SentencePiece, and {', '.join(_SPLITS)}."
    )


def _check(theirs: Any, choice: dict[str, Any], terms: dict[str, Any], preset: str) -> None:
    """Tries a text, so that a preset with rules of its own is not read wrongly."""
    import tensorflow as tf

    tokenise, _ = make(tokenisers, Tokeniser, choice).ops(terms)
    if choice.get("split") == "gpt2":  # outside of tf.data keras-hub splits at other places than GPT-2 does
        (cut,) = tf.data.Dataset.from_tensors(tf.constant([_TRIED])).map(theirs)
        expected = cut.flat_values.numpy().astype("int64")
    else:
        expected = np.asarray(theirs([_TRIED])[0]).astype("int64")
    found = tokenise(tf.constant([_TRIED])).flat_values.numpy().astype("int64") - 1
    if expected.tolist() != found.tolist():
        theirs_first, ours_first = expected.tolist()[:8], found.tolist()[:8]
        raise ValueError(
            f"The preset {preset!r} cuts texts by {type(theirs).__name__} in a way that is not known here: "
            f"of {_TRIED!r} it makes {theirs_first} …, and {choice['name']!r} makes {ours_first} …."
        )


def _number(theirs: Any, *names: str) -> int | None:
    found = (getattr(theirs, name, None) for name in names)
    return next((int(number) for number in found if number is not None), None)

"""What every kind of feature must bring: a schema entry, its preprocessing and its encoder."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

Parts = dict[str, Any]
"""The arrays (or tensors) one modality turns a column into, by part name, e.g. ``{"tokens": [B, T]}``."""

Reject = Callable[[int, str], None]
"""Called with a row number and a reason when a cell cannot be used; the cell then counts as missing."""


@lru_cache(maxsize=1024)  # asked for every task of every batch
def identifier(column: str) -> str:
    """A column's name with ``_`` for everything but letters and digits: the name of its feature or task.

    These are the letters and digits of ASCII, which every file and signature takes. A name with others has
    six hexadecimal digits of its SHA-256 behind what is left of it, so that no two are one: ``prénom`` is
    ``prenom_`` and these.
    """
    without_accents = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", column))
    name = re.sub(r"\W", "_", without_accents, flags=re.ASCII).strip("_") or "column"
    return name if column.isascii() else f"{name}_{hashlib.sha256(column.encode()).hexdigest()[:6]}"


def text_of(cell: Any) -> str:
    """A cell as a string, whatever type its file has for it; None and NaN are ``""``.

    Bytes are UTF-8. Whole numbers lose their type, not their value: ``1`` and ``1.0`` are ``"1"``.
    """
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else str(cell)


@dataclass(frozen=True)
class Modality:
    """One column of an item, a user or an event, and everything the library does with its kind.

    A subclass is a frozen dataclass (so that a schema can be written to TOML and back) with four methods:

    * `raw`: table cells → what the model is served with (strings, floats or file bytes), bad cells rejected;
    * `fit`: raw values of the *training rows* → state, a JSON-ready dict. Anything as long as a vocabulary
      stands under the key ``"terms"``; the encoder may use every other key, never that one. What its weights
      start from stands under ``"start"``, which is not there when a saved model is loaded;
    * `preprocess`: state → a function of TensorFlow ops from raw values ``[B]`` (or ``[B, ?]`` when
      `raw_rank` is 1) to `Parts`. The same function prepares the training data and runs inside the export;
    * `make_encoder`: a Keras layer from `Parts` to ``(tokens [B, T, width], mask [B, T])`` in `keras.ops`.
      A row whose mask is all False is missing; no value under a False mask may change any output.

    Attributes:
        column: the column of the table. It also names the feature, see `identifier`.
        raw_dtype: ``"string"`` (text, ids, file bytes; missing is ``""``) or ``"float"`` (missing is NaN).
        raw_rank: 0 when a row is one value, 1 when it is a list.
        media: cells name files, whose bytes `raw` reads: done in chunks by several threads, and `fit` does
            without the values.
        decoded_by: of media, the settings that their parts depend on, beside the files.
        endings: of files that are found by an id, without a cell that names them.
        filtered_by: what a served request filters items by: ``"terms"`` (any of some), ``"range"`` (from …
            to …), or ``""``, which is nothing of this kind.
        searched: whether a served request searches items by it: what people type, show or play, and what
            another model made of that.
    """

    column: str

    raw_dtype: ClassVar[str] = "string"
    raw_rank: ClassVar[int] = 0
    media: ClassVar[bool] = False
    decoded_by: ClassVar[tuple[str, ...]] = ()
    endings: ClassVar[tuple[str, ...]] = ()
    filtered_by: ClassVar[str] = ""
    searched: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The feature's name in batches, models and served requests: the column as an identifier."""
        return identifier(self.column)

    @property
    def in_table(self) -> bool:
        """Whether the values stand in the table's column (and not in files that the table does not name)."""
        return not any(getattr(self, place, "") for place in ("file", "folder"))

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        """Turns table cells into raw values; `None` and ``""`` are missing.

        The default is for strings. `folder` is the data folder, for modalities whose cells name files.
        """
        del folder, reject
        return [text_of(cell) for cell in cells]

    @property
    def files(self) -> tuple[str, ...]:
        """Files of the data folder that the state is learnt from, beside tables and media."""
        return ()

    def with_files(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        """The state with what `files` of the data folder tell."""
        del folder
        return state

    def terms_of(self, value: str) -> list[str]:
        """The terms of a raw value of a kind that is filtered by terms; of a missing one none."""
        return [value] if value else []

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        """Learns the state from raw values of training rows."""
        raise NotImplementedError

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        """Returns the function of TensorFlow ops from raw values to parts.

        Lookup tables it uses are listed in the function's attribute ``resources``, which an export keeps.
        """
        raise NotImplementedError

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape (without the batch) and dtype of each part."""
        raise NotImplementedError

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        """Returns a new layer from parts to ``(tokens [B, T, width], mask [B, T])``."""
        raise NotImplementedError

    def term_rows(self, state: dict[str, Any]) -> dict[str, int]:
        """Term → its row of the encoder's ``terms_table``; of a kind that has no vocabulary, none.

        Rows 0 and 1 are what is missing and what is unknown. `state` has its terms.
        """
        return {}

    def example(self, state: dict[str, Any]) -> Any:
        """One raw value of a row that lacks nothing, to try an export with; `state` has its terms.

        The default is for strings and for single numbers: a term of the vocabulary, and 1.
        """
        return 1.0 if self.raw_dtype == "float" else (state.get("terms") or ["a"])[0]

    def to_dict(self) -> dict[str, Any]:
        """The schema entry as plain values, as it stands in TOML: only what differs from the defaults."""
        defaults = {field.name: field.default for field in fields(self)}
        settings = {k: v for k, v in asdict(self).items() if k == "column" or v != defaults[k]}
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
        return {"modality": type(self).__name__, **plain}

    def __post_init__(self) -> None:
        if not isinstance(self.column, str) or not self.column:
            raise ValueError(
                f"{type(self).__name__} needs the name of a column, for example "
                f'{type(self).__name__}("title"); got {self.column!r}.'
            )
        for field in fields(self):  # TOML has lists only; a frozen entry keeps tuples
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))
            elif isinstance(value, dict):  # a choice with settings, which stay as TOML and JSON have them
                plain = {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
                object.__setattr__(self, field.name, plain)


def missing_parts(modality: Modality, state: dict[str, Any], rows: int) -> dict[str, np.ndarray]:
    """Parts of `rows` rows whose value is missing: what preprocessing makes of ``""`` or NaN."""
    return {
        part: np.full((rows, *shape), np.nan if dtype.startswith("float") else 0, dtype)
        for part, (shape, dtype) in modality.spec(state).items()
    }

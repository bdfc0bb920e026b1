"""Spoken digits from raw audio: which digit is said in a recording, also by a voice never heard before?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.quality.baselines import sounds
from benchmarks.quality.rewritten import Rows, rewritten
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.spoken_digits import convert
from tfmmrec.schema import Schema

SPEAKERS = {
    "george": "bfa31a25bdf86fe6b2cb249d178ef0e95a4f29178e56f77e3fde606d5e872a1a",
    "jackson": "e2edc7fd8f2057fb774f60f5294eb4b08f868c69e0e635a8e0b62c25dac40402",
    "lucas": "a5906245be302891429cd02d4a11eee3b1369303b589f8998158612ceaf44ff8",
    "nicolas": "b4178fe7b6cc9efc4dab6ce01c8b3d900a2f343fe6ada3a4e3b9e00445bbd705",
    "theo": "0e10f6dcb28310a5d1f08eed9fab61d9973a6b5d70fc73ffbc25460bc45bbb6e",
    "yweweler": "9a8e1ae6d068db833a54fc6b48cb3c1e6acd6d113c6b8460370cdd63229ca7e2",
}
"""The SHA-256 of the split without each."""
VALIDATED = ("5", "6")
"""Recordings of the others that choices are made on."""


def trimmed(schema: Schema) -> Schema:
    """From the first sound on: how long a speaker waits before it tells nothing of the digit.

    In training it is masked and moved in time: there are three hundred recordings to learn from.
    """
    (clip,) = schema.item
    augment = ("mask_time", "mask_mel", "shift_time")
    return replace(schema, item=(replace(clip, prepare=("trim",), augment=augment),))


_SETTINGS: dict = {
    "schema": trimmed,
    "columns": {"digit.accuracy": "accuracy", "digit.macro_f1": "macro-F1"},
    "model": {"width": 64},
    "training": {"epochs": 150, "patience": 30, "ema": 0.99},
    "grid": {"learning_rate": (1e-3, 3e-3)},
}


def without_each_speaker(rows: Rows, source: Path | None = None) -> Rows:
    """A column of splits for each speaker, who is heard at test alone."""
    return [{**row, **{f"without_{one}": _split(row, one) for one in SPEAKERS}} for row in rows]


def _split(row: dict[str, str], speaker: str) -> str:
    if row["speaker"] == speaker:
        return "test"
    return "valid" if row["item_id"].rsplit("_", 1)[1] in VALIDATED else "train"


ROWS = (Row("raw audio", lambda schema: schema), sounds("digit.accuracy"))
TABLE = Table(
    name="digits",
    dataset="Free Spoken Digit Dataset, recordings 0 to 4 of every digit and speaker held out",
    prepare=convert,
    split_sha256="73054bdfc275ea8c00070abb13b9340f5f6b37eacf85df476cfff369fb6557c9",
    rows=ROWS,
    **_SETTINGS,
)
BY_SPEAKER = Table(
    name="digits-by-speaker",
    dataset="Free Spoken Digit Dataset, one speaker held out at a time",
    prepare=rewritten(convert, items=without_each_speaker),
    rows=tuple(
        replace(
            row,
            name=f"{row.name}, without {one}",
            load={"split": f"column:without_{one}"},
            split_sha256=split,
        )
        for row in ROWS
        for one, split in SPEAKERS.items()
    ),
    means=tuple(row.name for row in ROWS),
    **_SETTINGS,
)

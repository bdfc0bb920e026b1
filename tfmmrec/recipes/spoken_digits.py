"""Free Spoken Digit Dataset as a data folder: recordings of people who say a digit, to tell which one it is.

`convert` reads a folder laid out like this (Jackson et al., 2018):

    spoken-digits/
      recordings/         <digit>_<speaker>_<number>.wav, 16 bits, 8 kHz, mono

There are no users: every recording is an example, and `Multiclass` learns the digit from its sound. Who
speaks is a column that is no feature.
"""

import re
import shutil
from pathlib import Path

from tfmmrec.recipes.conversion import Conversion, find_root, write_csv

_NAME = re.compile(r"([0-9])_([^_]+)_([0-9]+)\.wav")
_LAST_TESTED, _LAST_VALIDATED = 4, 6

_SCHEMA = """\
# Spoken digits: which digit is heard in a recording? There are no users: every recording is an example, and
# one table holds its file and its label. Who speaks ("speaker") tells nothing of the digit.
user_id = ""
item_id = "item_id"

[tables]
events = "items.csv"

[[item]]
modality = "Audio"
column = "recording"
seconds = 1.0

[[task]]
task = "Multiclass"
column = "digit"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write the recordings, and for each of them a row: its speaker, the digit, and the split.

    `items.csv` holds item_id (the name of the file without its ending), recording (its path), speaker, digit
    and split, by speaker, digit and number. Of every speaker and digit the recordings 0 to 4 test, as the
    authors say; 5 and 6 validate, which is our choice, and the others train. `load` takes the column `split`
    by itself.

    Args:
        source: the folder of these files, or one that holds it as `spoken-digits/`.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or named otherwise, or `destination` holds something else.
    """
    root = find_root(Path(source), ("recordings",), "spoken-digits")
    clips = sorted(_clip(path) for path in (root / "recordings").glob("*.wav"))
    if not clips:
        raise ValueError(f"Expected {root / 'recordings'} to hold WAV files. Put the recordings there.")
    names = [f"recordings/{digit}_{speaker}_{number}.wav" for speaker, digit, number in clips]

    def write(folder: Path) -> None:
        (folder / "recordings").mkdir()
        for name in names:
            shutil.copyfile(root / name, folder / name)
        rows = (
            (Path(name).stem, name, speaker, digit, _split(number))
            for name, (speaker, digit, number) in zip(names, clips, strict=True)
        )
        write_csv(folder / "items.csv", ("item_id", "recording", "speaker", "digit", "split"), rows)

    return Conversion(
        dataset="spoken-digits",
        version=2,
        root=root,
        files=names,
        schema=_SCHEMA,
        writes=("items.csv", "recordings"),
        write=write,
    ).into(Path(destination))


def _clip(path: Path) -> tuple[str, int, int]:
    """Speaker, digit and number."""
    found = _NAME.fullmatch(path.name)
    if not found or path.name != f"{found[1]}_{found[2]}_{int(found[3])}.wav":
        raise ValueError(
            f"Expected recordings to be named DIGIT_SPEAKER_NUMBER.wav, such as 7_george_12.wav, got {path}. "
            f"Rename it, or take it out."
        )
    return found[2], int(found[1]), int(found[3])


def _split(number: int) -> str:
    return "test" if number <= _LAST_TESTED else "valid" if number <= _LAST_VALIDATED else "train"

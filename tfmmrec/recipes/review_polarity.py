"""Sentence polarity as a data folder: sentences of film reviews, to tell whether they praise or blame.

`convert` reads a folder laid out like this (Pang and Lee, 2005, sentence polarity dataset 1.0):

    review-polarity/
      rt-polarity.pos     a sentence that praises per line; UTF-8, or Windows-1252 as it was published
      rt-polarity.neg     a sentence that blames per line

It is not known who wrote a sentence nor of which film, so there are no users: every sentence is an example
with a label, `polarity`.
"""

from collections.abc import Iterator
from pathlib import Path

from tfmmrec.recipes.conversion import Conversion, find_root, held_out, one_line, write_csv

_FILES = {"rt-polarity.pos": ("pos", "positive"), "rt-polarity.neg": ("neg", "negative")}

_SCHEMA = """\
# Sentences of reviews: do they praise or blame? There are no users: every sentence is an example, and one
# table holds its text and its label.
user_id = ""
item_id = "item_id"

[tables]
events = "items.csv"

[[item]]
modality = "Text"
column = "text"
length = 40

[[task]]
task = "Multiclass"
column = "polarity"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write the sentences: `items.csv` with item_id (``pos-1``: the line), text, polarity and split.

    By the hash of its id a fifth of the sentences test, a tenth validate, and the rest train. `load` takes
    the column `split` by itself.

    Args:
        source: the folder of these files, or one that holds it as `review-polarity/`.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or empty, or `destination` holds something else.
    """
    root = find_root(Path(source), tuple(_FILES), "review-polarity")

    def write(folder: Path) -> None:
        rows = (row for name in _FILES for row in _sentences(root / name))
        write_csv(folder / "items.csv", ("item_id", "text", "polarity", "split"), rows)

    return Conversion(
        dataset="review-polarity",
        version=2,
        root=root,
        files=tuple(_FILES),
        schema=_SCHEMA,
        writes=("items.csv",),
        write=write,
    ).into(Path(destination))


def _sentences(path: Path) -> Iterator[tuple[str, str, str, str]]:
    prefix, polarity = _FILES[path.name]
    contents = path.read_bytes()
    try:
        text = contents.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = contents.decode("cp1252", "replace")
    if not text.strip():
        raise ValueError(f"Expected {path} to hold a sentence per line, got none. Is it the right file?")
    for line, sentence in enumerate(text.split("\n"), 1):  # some sentences have other kinds of line breaks
        if sentence.strip():
            item = f"{prefix}-{line}"
            yield item, one_line(sentence), polarity, held_out(item)

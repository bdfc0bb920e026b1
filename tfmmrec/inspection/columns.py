"""What a column seems to be, by its name and a sample of its cells, and why."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.cells import seconds
from tfmmrec.inspection.media_files import found_elsewhere, media_folders
from tfmmrec.modalities import Audio
from tfmmrec.modalities.frames import VIDEOS
from tfmmrec.modalities.media import PICTURES, media_of
from tfmmrec.modalities.media import named as named_in
from tfmmrec.modalities.timestamp import END, written_together

TIMES = ("timestamp", "time", "datetime", "event_time", "ts", "unix_timestamp", "created_at", "date")

_YES_NO = ({"0", "1"}, {"true", "false"}, {"yes", "no"})
_CODE = re.compile(r"0\d+")  # a number would lose its zero: a zip code, an id
_TIME_NAME = re.compile(
    r"(^|_)(time|timestamp|ts|date|datetime|unix|created|at)($|_)|(?<!run)time$|stamp|date$"
)
_CODE_NAME = re.compile(r"(^|_)(code|zip|type|class|group|kind|zone|area|category|gender|id)$")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(  # beginnings of times that `read_time` does not read
    r"(\d{1,2})(?:/\d{1,2}/(?:\d{4}|\d\d)|([.-])\d{1,2}\2\d{4})(?!\d)"  # 1/31/23, 31.01.2023
    r"|\d{4}([./-])\d{1,2}\3\d{1,2}(?!\d)"  # 2023/1/31
    rf"|(?:[a-z]{{3,9}},? +)?(?:\d{{1,2}}[ .-]*)?{_MONTH}[ .,-]+\d{{1,4}}(?!\d)",  # Jan 31, 2023
    re.IGNORECASE,
)
_EPOCH = 1e8, 4.2e12  # seconds in 1973, milliseconds in 2103
_MEDIA = (
    ("Image", PICTURES, "pictures"),
    ("Audio", Audio.endings, "sounds"),
    ("Video", VIDEOS, "videos"),
)
_FILES = 200  # cells of a column of media that are looked up
_LENGTHS = (8, 16, 32, 64, 128)  # words of a text to read


@dataclass(frozen=True)
class Kind:
    """What a column seems to be.

    Attributes:
        member: a modality, or ``""`` for a column that is better left out.
        why: what speaks for it.
        settings: of the modality, beside its column.
    """

    member: str
    why: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A sample of a column: its name, and its cells, None for an empty one."""

    name: str
    cells: list[Any]
    typed_time: bool = False

    @cached_property
    def known(self) -> list[Any]:
        """The cells that hold something."""
        return [c for c in self.cells if c is not None and c != "" and c == c and (c != [])]

    @cached_property
    def texts(self) -> list[str]:
        """The known cells as texts."""
        return [str(cell).strip() for cell in self.known]

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(set(self.texts))

    @property
    def missing(self) -> str:
        """The empty share in words; nothing where there is none."""
        share = 1 - len(self.known) / max(1, len(self.cells))
        return f", {share:.0%} empty" if share >= 0.005 else (", a few empty" if share else "")

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """float64 of the known cells where nearly all are finite numbers, else None."""
        if any(isinstance(cell, list) for cell in self.known) or any(map(_CODE.fullmatch, self.texts)):
            return None
        values = np.asarray([_number(cell) for cell in self.known], "float64")
        return values[np.isfinite(values)] if len(values) and np.isfinite(values).mean() >= 0.99 else None

    @property
    def yes_no(self) -> bool:
        """Whether it holds 0 and 1, or the words for them, and both of them."""
        found = {text.lower().removesuffix(".0") for text in self.texts}
        return any(found == pair for pair in _YES_NO)

    @property
    def milliseconds(self) -> bool:
        """Whether the numbers are too large for seconds since 1970."""
        return self.numbers is not None and float(np.max(self.numbers, initial=0)) >= END

    @property
    def time(self) -> str:
        """Why the cells may be moments; nothing where they are none."""
        if self.typed_time:
            return "the file says that they are moments"
        if self.numbers is not None and self._written_together:
            return ""
        if self.numbers is None:  # codes, some of them numbers, are no dates
            times = seconds(list(self.known))
            dates = len(times) and np.isfinite(times).mean() >= 0.95
            numbered = any(math.isfinite(_number(cell)) for cell in self.known)
            return "dates as text" if dates and not numbered else ""
        named = bool(_TIME_NAME.search(self.name.lower()))
        low, high = float(np.min(self.numbers)), float(np.max(self.numbers))
        if _EPOCH[0] <= low and high <= _EPOCH[1] and (named or self.distinct > 20):
            scale = "milliseconds" if self.milliseconds else "seconds"
            return f"numbers that are {scale} since 1970{', it seems' if self.milliseconds else ''}"
        sure = self.name.lower() in TIMES or (named and self.distinct > 20)
        return "numbers under the name of a time" if sure else ""

    @property
    def unread_time(self) -> str:
        """Why cells that seem to be moments cannot be read, and how to mend them; nothing where they can."""
        if not self.known or self.time:
            return ""
        if self._written_together:
            return "dates written together, " + self._mended(", format='%Y%m%d'")
        dates = [found for found in map(_DATE.match, self.texts) if found]
        digits = np.mean([any(map(str.isdigit, text)) for text in self.texts])
        if self.numbers is None and len(dates) >= 0.95 * len(self.texts):
            day_first = any(date.group(2) == "." or int(date.group(1) or 0) > 12 for date in dates)
            return f"times that are not ISO 8601, {self._mended(', dayfirst=True' * day_first)}"
        if self.numbers is None and self.name.lower() in TIMES and digits > 0.95:
            return f"by its name a time, but none that can be read, {self._mended('')}"
        return ""

    @cached_property
    def _written_together(self) -> bool:
        """Whether nearly all are numbers such as 20240131; in a few rows that may happen by chance."""
        if self.numbers is None or not written_together(self.numbers).mean() >= 0.95:
            return False
        return len(self.numbers) >= 10 or bool(_TIME_NAME.search(self.name.lower()))

    def _mended(self, how: str) -> str:
        column = f"df[{self.name!r}]"
        return (
            f"such as {self.texts[0][:40]!r}: write them as 2024-05-01 or 2024-05-01 12:00:00, in pandas "
            f"{column} = pd.to_datetime({column}{how}), or as seconds since 1970"
        )


def kind_of(column: Column, folder: Path) -> Kind:
    """What a column of items, users or events seems to be as a feature."""
    many, missing = column.distinct, column.missing
    if not column.known:
        return Kind("", "empty in all rows looked at")
    if any(isinstance(cell, list) for cell in column.known):
        return _lists(column)
    if found := _media(column, folder):
        return found
    if many == 1:
        return Kind("", f"always {column.texts[0][:40]!r}")
    if column.time:
        if column.milliseconds:
            return Kind(
                "", f"{column.time}: Timestamp reads seconds since 1970, so divide them by 1000 first"
            )
        return Kind("Timestamp", f"{column.time}{missing}")
    if column.unread_time:
        return Kind("", column.unread_time)
    if column.yes_no:
        return Kind("Category", f"two values{missing}")
    if column.numbers is not None:
        return _quantity(column)
    return _words(column)


def vector_size(texts: list[str]) -> int:
    """Numbers per cell where cells are ``"0.1 0.2 …"`` of one length, at least four; else 0."""
    sizes = {len(text.split()) for text in texts[:50]}
    if len(sizes) != 1 or min(sizes) < 4:
        return 0
    pieces = [piece for text in texts[:50] for piece in text.split()]
    return min(sizes) if all(math.isfinite(_number(piece)) for piece in pieces) else 0


def _lists(column: Column) -> Kind:
    cells = [cell for cell in column.known if isinstance(cell, list)]
    if all(isinstance(one, int | float) for cell in cells for one in cell):
        sizes = {len(cell) for cell in cells}
        if len(sizes) == 1 and min(sizes) > 1:
            return Kind("Vector", f"lists of {min(sizes)} numbers{column.missing}")
        return Kind("", "lists of numbers of several lengths, which no modality reads")
    longest = max(len(cell) for cell in cells)
    return Kind("Tags", f"lists of up to {longest} texts{column.missing}", _length(longest))


def _media(column: Column, folder: Path) -> Kind | None:
    """A column of paths of pictures, sounds or videos, if it is one."""
    for member, endings, named in _MEDIA:
        ends = [all(p.strip().lower().endswith(endings) for p in t.split("|")) for t in column.texts]
        if np.mean(ends) < 0.8:
            continue
        looked = column.texts[:_FILES]
        if looked[0].startswith(("http://", "https://")):
            return Kind("", f"addresses of {named}: download them, and name the files")
        there = sum(_is_there(text, folder) for text in looked)
        if not there:
            return Kind("", f"names {named}, {_not_there(column.name, looked, folder)}")
        several = max(text.count("|") for text in column.texts) + 1
        settings = {"images": min(several, 4)} if member == "Image" and several > 1 else {}
        return Kind(
            member,
            f"paths of {named}; {there} of {len(looked)} looked up are there{column.missing}",
            settings,
        )
    return None


def _not_there(column: str, looked: list[str], folder: Path) -> str:
    """Why none of the files that cells name is there, and what to write."""
    names = [name for cell in looked for name in named_in(cell)]
    found = found_elsewhere(names, media_folders(folder))
    if 2 * len(found) <= len(names):
        return (
            f"but none of the first {len(looked)} is in the data folder: copy them there, and name them by "
            f"their paths below it, as 'images/1.jpg'; a cell says {names[0]!r}"
        )
    name, path = found[0]
    prefix = path.removesuffix(name)
    if all(path == prefix + name for name, path in found) and "|" not in "".join(looked):
        return (
            f"which are in the folder {prefix.rstrip('/')!r}: write {path!r} for {name!r}, in pandas "
            f"df[{column!r}] = {prefix!r} + df[{column!r}]"
        )
    return f"which are elsewhere in the data folder: write {path!r} for {name!r}"


def _is_there(cell: str, folder: Path) -> bool:
    try:
        return bool(media_of(cell, folder))
    except (ValueError, OSError):
        return False


def _quantity(column: Column) -> Kind:
    numbers, many = column.numbers, column.distinct
    assert numbers is not None
    whole = bool(np.all(numbers == np.round(numbers)))
    if whole and many >= 0.95 * len(column.known) and re.search(r"(^|_)id$|^id|number$", column.name.lower()):
        return Kind("", "a whole number of its own in nearly every row: another id")
    if whole and _CODE_NAME.search(column.name.lower()) and many <= max(20, len(numbers) // 2):
        return Kind("Category", f"{many} codes, by its name{column.missing}")
    return Kind("Number", f"numbers from {np.min(numbers):g} to {np.max(numbers):g}{column.missing}")


def _words(column: Column) -> Kind:
    texts, many, missing = column.texts, column.distinct, column.missing
    if size := vector_size(texts):
        return Kind("Vector", f"{size} numbers in every cell{missing}")
    words = np.asarray([len(text.split()) for text in texts])
    if found := _tags(texts):
        separator, longest = found
        settings: dict[str, Any] = {} if separator == "|" else {"separator": separator}
        return Kind(
            "Tags",
            f"short values separated by {separator!r}, up to {longest} in a cell{missing}",
            {**settings, **_length(longest)},
        )
    if many <= (0.9 if many <= 20 else 0.5) * len(texts):
        if words.mean() < 4:
            return Kind("Category", f"{many:,} values in {len(texts):,} rows{missing}")
    elif words.mean() < 1.5:
        return Kind("", "nearly every row has a short value of its own: nothing to learn from")
    long = float(np.quantile(words, 0.95))
    length = next((one for one in _LENGTHS if one >= long), _LENGTHS[-1])
    read = {} if length == 32 else {"length": length}
    return Kind("Text", f"{words.mean():.0f} words on average, 95 % have up to {long:.0f}{missing}", read)


def _tags(texts: list[str]) -> tuple[str, int] | None:
    """The separator between short values that repeat, and how many a cell holds at most."""
    for separator, least in (("|", 0.02), (";", 0.1), (",", 0.2)):
        cells = [[piece.strip() for piece in text.split(separator)] for text in texts]
        if np.mean([len(cell) > 1 for cell in cells]) < least:
            continue
        pieces = [piece for cell in cells for piece in cell if piece]
        short = (
            np.mean([len(piece.split()) for piece in pieces]) <= 3
            and np.mean([len(p) > 60 for p in pieces]) < 0.01
        )
        if short and (separator == "|" or len(set(pieces)) <= 0.5 * len(pieces)):
            return separator, max(map(len, cells))
    return None


def _length(longest: int) -> dict[str, int]:
    """How many tags are to be read, where the default of eight cuts some off."""
    return {"length": min(longest, 32)} if longest > 8 else {}


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan

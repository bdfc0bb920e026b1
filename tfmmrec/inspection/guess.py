"""Proposes a schema by looking at the files of a data folder, and says why."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.cells import number_ids
from tfmmrec.data.readers import check_folder, find_table
from tfmmrec.inspection.columns import TIMES, Column, Kind, kind_of
from tfmmrec.inspection.ids import ITEM, USER, example_id, id_column, named
from tfmmrec.inspection.media_files import MEMBERS, found_by_id, media_folders
from tfmmrec.inspection.missing import without_marks
from tfmmrec.inspection.proposal import Entry, Guess
from tfmmrec.inspection.sample import ROWS, Sample, count_rows, read_sample
from tfmmrec.inspection.tables import find_tables, surely_events
from tfmmrec.modalities.media import named as named_in
from tfmmrec.modalities.modality import identifier
from tfmmrec.schema import Schema, Side

_RATINGS = ("rating", "ratings", "stars", "score", "overall", "rate")
_NO_RATINGS = re.compile(r"hour|day|week|month|year|session|position|rank|quantity|count|price|age|version")
_MOST_STEPS = 11  # of a rating: 0 to 10, or 0 to 5 in halves


def guess_schema(folder: str | Path, rows: int = ROWS) -> Guess:
    """Looks at the first rows of each table of a data folder, and at the files they name.

    Args:
        folder: with ``events``, maybe ``items`` and ``users``; other usual names are recognised, and events
            by columns that name users and items, too. A table of items without events, or a lone table that
            names no users, is one of labelled examples.
        rows: rows of each table to look at.

    Raises:
        ValueError: there is no table of events nor of labelled examples, no header, or no columns of ids.
    """
    folder = check_folder(folder)
    tables = find_tables(folder)
    paths = tables.paths
    samples = {name: without_marks(read_sample(folder, path, name, rows)) for name, path in paths.items()}
    for table in samples.values():
        _check_header(table)
    examples = _examples(samples)
    if examples:
        guess = _guess_labels(examples, paths, folder)
        guess.left_out.update(tables.unused)
        return guess
    events = samples["events"]
    items, users = samples.get("items"), samples.get("users")
    user_id = id_column(events, users, USER, "user")
    item_id = id_column(events, items, ITEM, "item", other=user_id)
    time = _time_column(events, {user_id, item_id})

    head: dict[str, tuple[Any, str]] = {}
    named = _tables({name: (_named(name, path), samples[name]) for name, path in paths.items()})
    for key, column, own in (("user_id", user_id, users), ("item_id", item_id, items)):
        cells = Column(column, events.columns[column])
        head[key] = (column, f"{cells.distinct:,} different in {events.file}" + _known(cells, column, own))
    if time:
        moments = Column(time, events.columns[time], time in events.times)
        mend = ": divide them by 1000 first" if moments.milliseconds else ""
        head["timestamp"] = (time, moments.time + mend)
    if named:
        head["tables"] = (named, "")
    guess = Guess(head, [], {}, [_looked_at(sample) for sample in samples.values()])
    if items:
        _add_features(guess, "item", items, {item_id}, folder)
        _add_by_id(guess, items, item_id, folder)
    if users:
        _add_features(guess, "user", users, {user_id}, folder)
    unread = [name for name in events.columns if not time and _column(events, name).unread_time]
    tasks = [_retrieval(time, unread)]
    taken = {user_id, item_id, time, "split"}
    for name in [column for column in events.columns if column not in taken]:
        task = _task(_column(events, name))
        if task:
            tasks.append(task)
            taken.add(name)
        if task and task.settings["task"] == "Rating":
            why = f"{name}: of past events; a head never sees the one it is asked for"
            guess.entries.append(Entry("event", {"modality": "Category", "column": name}, why))
    if "split" in events.columns:
        guess.left_out[f"{events.file}: split"] = "tfmmrec train reads it with --split column:split"
    _add_features(guess, "event", events, taken, folder)
    _add_arrays(guess, paths, samples, folder)
    guess.entries.extend(tasks)
    guess.left_out.update(tables.unused)
    return guess


def schema_or_guess(folder: str | Path, path: str | Path | None = None) -> tuple[Schema, bool]:
    """The schema of a data folder and whether it is a guess: the file named, ``schema.toml``, or a guess.

    Raises:
        ValueError: of `Schema.from_toml` and `guess_schema`.
    """
    file = Path(path) if path is not None else check_folder(folder) / "schema.toml"
    if path is not None or file.is_file():
        return Schema.from_toml(file), False
    return guess_schema(folder).schema, True


def _named(table: str, path: Path) -> str:
    """The name of a table's file where the schema has to say it."""
    return "" if path.name.removesuffix("".join(path.suffixes)) == table else path.name


def _tables(files: dict[str, tuple[str, Sample]]) -> dict[str, Any]:
    """What the schema has to say of the tables' files: their names, and how they are to be read."""
    said: dict[str, Any] = {}
    for table, (file, sample) in files.items():
        settings: dict[str, Any] = {"encoding": sample.encoding} if sample.encoding else {}
        settings |= {} if sample.quoted else {"quote": ""}
        settings |= {"missing": list(sample.missing)} if sample.missing else {}
        if file or settings:
            said[table] = {"file": file, **settings} if file and settings else file or settings
    return said


def _looked_at(sample: Sample) -> str:
    said = [f"{sample.file}: {_rows(sample)}, {len(sample.columns)} columns"]
    whys = (sample.why_encoding, sample.why_letters, sample.why_missing)
    return "; ".join([*said, *(why for why in whys if why)])


def _examples(samples: dict[str, Sample]) -> Sample | None:
    """The table of labelled examples, where nothing tells of users."""
    if "events" not in samples:
        return samples["items"]
    events = samples["events"]
    return None if surely_events(events.file) or len(samples) > 1 or named(events, USER) else events


def _guess_labels(examples: Sample, paths: dict[str, Path], folder: Path) -> Guess:
    """A schema without users: one table of features and labels."""
    item_id, sure = example_id(examples)
    items = _named("items", paths[examples.name])
    tables = _tables({"events": (examples.file, examples), "items": (items, examples)})
    kept = "" if sure else "; it is the only column that tells all rows apart"
    head: dict[str, tuple[Any, str]] = {
        "user_id": ("", f"no column of {examples.file} names users: every row is an example of its own"),
        "item_id": (item_id, f"{Column(item_id, examples.columns[item_id]).distinct:,} different{kept}"),
        "tables": (tables, ""),
    }
    guess = Guess(head, [], {}, [_looked_at(examples)])
    taken = {item_id, "split"} if sure else {"split"}
    labels = [
        label for name in examples.columns if name not in taken and (label := _label(examples, name, folder))
    ]
    if not labels:
        why = f"a guess begins with who met what, and no column of {examples.file} is a label"
        find_table(folder, "events", None, why)  # raises, and lists
    if "split" in examples.columns:
        guess.left_out[f"{examples.file}: split"] = "tfmmrec train reads it by itself"
    _add_features(guess, "item", examples, taken | {label.settings["column"] for label in labels}, folder)
    _add_by_id(guess, examples, item_id, folder)
    _add_arrays(guess, {"items": paths[examples.name]}, {"items": examples}, folder)
    guess.entries.extend(labels)
    return guess


def _label(examples: Sample, name: str, folder: Path) -> Entry | None:
    """What can be learnt from a column of examples: yes or no, a rating, or one of some classes."""
    column = _column(examples, name)
    found = _task(column)
    if found and (column.yes_no or _rated(name)):
        return found
    if not found and kind_of(column, folder).member != "Category":
        return None
    why = f"{name}: {column.distinct:,} classes{column.missing}; what is known beforehand is no label but a "
    return Entry("task", {"task": "Multiclass", "column": name}, f"{why}Category in [[item]]")


def _check_header(sample: Sample) -> None:
    names = list(sample.columns)
    if any(re.fullmatch(r"-?\d+(\.\d+)?", name.strip()) for name in names):
        raise ValueError(
            f"Table {sample.name!r} ({sample.file}) seems to have no header: its first line is "
            f"{', '.join(map(repr, names[:6]))}. Give it a first line of names, such as "
            "user_id,item_id,rating,timestamp."
        )
    if sample.name == "events" and len(names) < 2:
        raise ValueError(
            f"Table 'events' ({sample.file}) has one column, {names[0]!r}; it needs two at least: who, and "
            "what. Its columns are separated by commas, tabs, semicolons or '|'."
        )


def _known(cells: Column, column: str, table: Sample | None) -> str:
    if table is None:
        return ""
    known = set(map(str, table.columns[column]))
    share = np.mean([text in known for text in set(cells.texts)]) if cells.texts else 0.0
    return f"; {share:.0%} of them in {table.file}" if table.whole else f"; also in {table.file}"


def _column(sample: Sample, name: str) -> Column:
    return Column(name, sample.columns[name], name in sample.times)


def _time_column(events: Sample, taken: set[str]) -> str | None:
    found = [name for name in events.columns if name not in taken and _column(events, name).time]
    order = {name: place for place, name in enumerate(TIMES)}
    return min(found, key=lambda name: order.get(name.lower(), len(order)), default=None)


def _retrieval(time: str | None, unread: list[str]) -> Entry:
    if time:
        return Entry("task", {"task": "NextItem"}, f"events have an order, by {time}")
    if unread:
        why = f"no time of the events can be read; mend {unread[0]} as told below, and learn NextItem by it"
        return Entry("task", {"task": "Match"}, why)
    why = 'events have no times; if rows stand in their order, order = "file" at the top and NextItem here'
    return Entry("task", {"task": "Match"}, why)


def _task(column: Column) -> Entry | None:
    """What can be learnt from a column of events, if it is something a user said or did."""
    if column.yes_no:
        ones = sum(text.lower().removesuffix(".0") in ("1", "true", "yes") for text in column.texts)
        share = f"{ones / len(column.texts):.0%} yes{column.missing}"
        return Entry("task", {"task": "Binary", "column": column.name}, f"{column.name}: yes or no, {share}")
    numbers = column.numbers
    if numbers is None or column.distinct < 3 or column.time or column.unread_time:
        return None
    rated = _rated(column.name)
    few = column.distinct <= _MOST_STEPS and not _NO_RATINGS.search(column.name.lower())
    if not (rated or few):
        return None
    steps = f"{column.distinct} numbers from {numbers.min():g} to {numbers.max():g}{column.missing}"
    doubt = "" if rated else "; if no user gave them, make them a Number in [[event]]"
    return Entry("task", {"task": "Rating", "column": column.name}, f"{column.name}: {steps}{doubt}")


def _rated(name: str) -> bool:
    return name.lower() in _RATINGS or name.lower().endswith(("rating", "_score", "_stars"))


def _add_features(guess: Guess, side: Side, sample: Sample, taken: set[Any], folder: Path) -> None:
    names: set[str] = set()
    for name in sample.columns:
        if name in taken:
            continue
        kind = kind_of(_column(sample, name), folder)
        if not name.strip():
            kind = Kind("", "a column without a name")
        elif identifier(name) in names:
            kind = Kind("", "its name differs from another's in signs alone; rename one")
        elif side == "event" and kind.member == "Vector":
            kind = Kind("", f"{kind.why}; an event takes no vector")
        elif side == "event" and kind.settings.get("images"):
            kind = Kind(kind.member, f"{kind.why}; of several the first")
        if not kind.member:
            guess.left_out[f"{sample.file}: {name}"] = kind.why
            continue
        names.add(identifier(name))
        settings = {"modality": kind.member, "column": name, **kind.settings}
        guess.entries.append(Entry(side, settings, f"{name}: {kind.why}"))


def _add_by_id(guess: Guess, items: Sample, item_id: str, folder: Path) -> None:
    """Folders of pictures and sounds named like items' ids, unless a column names what is in them."""
    ids = number_ids(items.columns[item_id])[1]
    entries = [entry.settings for entry in guess.entries if entry.side == "item"]
    told_of = {
        posixpath.dirname(posixpath.normpath(name)) or "."
        for settings in entries
        if settings["modality"] in (member.__name__ for member in MEMBERS)
        for cell in items.columns[settings["column"]]
        for name in named_in(cell)
    }
    there = {
        place: files
        for place, files in media_folders(folder).items()
        if place not in told_of and not any(word in place.lower() for word in (*USER, "avatar"))
    }
    taken = {identifier(name) for name in (*(settings["column"] for settings in entries), item_id)}
    for member, place, count in found_by_id(ids, there):
        kind = member.__name__
        name = posixpath.basename(place).strip(".") or kind.lower()
        while identifier(name) in taken:
            name += f"_{kind.lower()}"
        taken.add(identifier(name))
        settings = {"modality": kind, "column": name, "folder": place}
        why = f"{name}: of {count:,} of {len(ids):,} items looked at a file of {place!r} has the id"
        guess.entries.append(Entry("item", settings, why))


def _add_arrays(guess: Guess, paths: dict[str, Path], samples: dict[str, Sample], folder: Path) -> None:
    """Files of vectors, one row per row of a table."""
    sizes: dict[Side, int] = {}
    for path in sorted(folder.glob("*.npy")):
        try:
            shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
        except (OSError, ValueError, EOFError) as error:
            guess.left_out[path.name] = f"no readable array ({error})"
            continue
        for side, table in (("item", "items"), ("user", "users")):
            if table in samples and side not in sizes:
                known = samples[table]
                sizes[side] = len(known) if known.whole else count_rows(paths[table], known.quoted)  # type: ignore[index]
        fits = [side for side, size in sizes.items() if len(shape) == 2 and shape[0] == size]
        fits.sort(key=lambda side: side not in path.stem.lower())
        name = path.stem
        if not fits:
            of = (
                ", ".join(f"{size:,} {side}s" for side, size in sizes.items()) or "no table of items or users"
            )
            guess.left_out[path.name] = f"an array {list(shape)}, which has not a row for each of {of}"
            continue
        same = [e.settings["column"] for e in guess.entries if e.side == fits[0]]
        if identifier(name) in map(identifier, same):
            name += "_vector"
        settings = {"modality": "Vector", "column": name, "file": path.name}
        why = f"{path.name}: {shape[1]} numbers for each of {shape[0]:,} {fits[0]}s"
        guess.entries.append(Entry(fits[0], settings, why))


def _rows(sample: Sample) -> str:
    return f"{len(sample):,} rows" if sample.whole else f"the first {len(sample):,} rows"

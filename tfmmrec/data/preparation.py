"""From a folder of tables and media to `Data`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import tfmmrec
from tfmmrec.aside import sweep
from tfmmrec.data import shards, splits
from tfmmrec.data.attributes import item_attributes
from tfmmrec.data.cells import by_appearance
from tfmmrec.data.dataset import TRAIN, Data, Events, Features
from tfmmrec.data.dead_letters import DeadLetters, check_place
from tfmmrec.data.decoding import Decoding, stamps
from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.data.event_log import EventLog, rows_by_id, usable_events
from tfmmrec.data.features import Progress, prepare_feature
from tfmmrec.data.labels import prepare_labels
from tfmmrec.data.readers import Table, check_folder, read_table, table_files
from tfmmrec.data.schema_tables import TABLES, columns, find_tables, members
from tfmmrec.data.split_codes import split_codes, split_sha256
from tfmmrec.data.vocabulary import State, Vocabulary, ids_sha256
from tfmmrec.modalities.media import TAR
from tfmmrec.schema import SIDES, Schema, Side


def load(
    folder: str | Path,
    schema: Schema,
    split: str = "auto",
    prepared: str | Path | None = None,
    cold_items: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
    strict: bool = False,
    max_dead: float = 0.5,
    decoded: str | Path | None = None,
    dead_letters: str | Path | None = None,
) -> Data:
    """Reads a data folder, splits its events, learns vocabularies from the training events, makes arrays.

    Rows and cells that cannot be used are counted in `Data.problems` and, where `dead_letters` names a file,
    listed there.

    Args:
        folder: holds ``events``, and where the schema has features of theirs ``items`` and ``users``, as
            ``.csv``, ``.tsv``, ``.parquet`` or ``.jsonl`` (all but Parquet also ``.gz``) or as folders of
            such files, and the media they name.
        schema: what the columns are.
        split: ``"leave-last-out"``, ``"leave-last-one"``, ``"random"``, ``"random:70/15/15"``,
            ``"global-time"``, ``"users"`` (both with shares, too), ``"column:NAME"``, or ``"auto"``:
            leave-last-out where events have an order, else by the events' column ``split`` where there is
            one, else at random. Without users there is no leaving out. See `tfmmrec.data.splits`.
        prepared: a folder for the result. What was prepared there from the same tables and media with the
            same arguments is opened, without TensorFlow, instead of being prepared again.
        cold_items: the share of items that are held out of training altogether, in [0, 1).
        seed: a whole number, for what is drawn: cold items and random splits.
        progress: called with a stage, what is done of it and what there is to do.
        strict: stop at the first row or cell that cannot be used. Otherwise it is a dead letter, and the
            rest goes on.
        max_dead: stop when more than this share of a table's rows, or of a column's cells, is dead; in
            [0, 1].
        decoded: a folder where decoded media are kept by their content, so that none is decoded again, after
            a kill, in another preparation or under another name. See `Decoding`.
        dead_letters: a file that gets a JSON object for each row or cell that cannot be used, also when
            there are too many of them; its folder is made, what is there is replaced, and removed where
            there are none. It is left alone where what was prepared before is opened.

    Raises:
        ValueError: an argument, a table or the folder cannot be used; the message says what to change.
    """
    if not isinstance(schema, Schema):
        raise ValueError(
            f"schema must be a Schema, got {schema!r}; Schema.from_toml('schema.toml') reads one from a file."
        )
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number of 0 or more, got {seed!r}.")
    splits.check_share(cold_items)
    if isinstance(max_dead, bool) or not isinstance(max_dead, int | float) or not 0 <= max_dead <= 1:
        raise ValueError(
            f"max_dead is the share of a table that may be lost, in [0, 1], such as 0.5; got {max_dead!r}."
        )
    if split != "auto":
        splits.named(split)
        if schema.user_id is None and splits.needs_users(split):
            raise ValueError(
                f"The split {split!r} needs users, and the schema has none (user_id=None). Choose 'random', "
                "'column:NAME' or 'global-time'."
            )
    folder = check_folder(folder)
    files = find_tables(folder, schema)
    limits = ["strict"] if strict else [float(max_dead)]  # what was prepared under others may be too dirty
    fingerprint = _fingerprint(folder, files, schema, split, float(cold_items), int(seed), *limits)
    if prepared is not None:
        sweep(Path(os.path.abspath(prepared)).parent)
        before = shards.made_of(prepared) or {}
        fingerprint["media"] = stamps(folder, before.get("media", ()))
        if shards.holds(prepared, fingerprint):
            return _beside(shards.open_shards(prepared), folder)
    if dead_letters is not None:
        check_place(dead_letters)
    letters, decoding = DeadLetters(strict), Decoding(folder, Path(decoded) if decoded else None)
    hear = progress or _silent
    try:
        data = _prepare(decoding, files, schema, split, cold_items, int(seed), letters, hear, float(max_dead))
    finally:
        if dead_letters is not None:
            letters.write(dead_letters)
    if prepared is None:
        return _beside(data, folder)
    shards.write(data, prepared, fingerprint | {"media": decoding.media})
    return _beside(shards.open_shards(prepared), folder)


def _beside(data: Data, folder: Path) -> Data:
    """The data with the folder they are of, where weights that a model starts from are found."""
    return replace(data, vocabulary=replace(data.vocabulary, folder=str(folder)))


def _prepare(
    decoding: Decoding,
    files: dict[Side, Path],
    schema: Schema,
    split: str,
    cold_items: float,
    seed: int,
    letters: DeadLetters,
    progress: Progress,
    max_dead: float,
) -> Data:
    tables: dict[Side, Table] = {}
    for side, path in files.items():
        progress(f"{TABLES[side]}: reading", 0, 1)
        wanted, optional = columns(side, schema, split)
        entry = schema.tables.get(TABLES[side])
        tables[side] = read_table(decoding.folder, path, TABLES[side], wanted, letters, optional, entry)
        progress(f"{TABLES[side]}: reading", 1, 1)
    events = tables["event"]
    if split == "auto":
        by_column = "column" if "split" in events.columns else "random"
        split = "leave-last-out" if schema.ordered else by_column

    names: dict[Side, str] = {"item": schema.item_id, "user": schema.user_id or ""}
    known = {side: rows_by_id(tables[side], names[side], letters) for side in names if side in tables}
    log = usable_events(events, schema, known.get("item"), split, letters)
    read = {schema.user_id, schema.item_id, schema.timestamp} - set(members("event", schema))
    tables["event"] = events = events.without(read - {splits.column_of(split)})  # the largest columns
    sizes = {table.name: table.met for table in tables.values()}
    letters.check_share(sizes, max_dead)  # before the long part
    codes = split_codes(log, events, schema, split, cold_items, seed)
    trained = codes == TRAIN
    item_ids, trained_items = _catalogue(log, trained, known.get("item", log.item_ids))
    ids: dict[Side, list[str]] = {"item": item_ids, "user": log.user_ids, "event": []}
    rows: dict[Side, np.ndarray] = {"event": log.rows}
    for side in names:
        found = known.get(side, {})
        rows[side] = np.asarray([found.get(one, -1) for one in ids[side]], "int64")
    learnt: dict[Side, np.ndarray] = {
        "item": np.arange(len(item_ids)) < trained_items,
        "user": np.isin(np.arange(len(log.user_ids)), log.user[trained]),
        "event": trained,
    }
    states: dict[str, dict[str, State]] = {side: {} for side in SIDES}
    arrays: dict[str, Features] = {side: {} for side in SIDES}
    for side in SIDES:
        for feature in schema.features(side):
            states[side][feature.name], arrays[side][feature.name] = prepare_feature(
                feature, ids[side], tables.get(side), rows[side], learnt[side], decoding, letters, progress
            )
    task_states, labels, weights = prepare_labels(log, events, schema, trained, letters)

    letters.check_share(sizes, max_dead)
    used = {side: len(np.unique(rows[side][rows[side] >= 0])) for side in tables}
    if "user" in known:
        letters.left_out("users", "without events", len(known["user"]) - used["user"])
    books = {t.name: letters.balance(t.name, t.met, used[side]) for side, t in tables.items()}
    books["events"]["out of order"] = log.out_of_order
    number = {item: row for row, item in enumerate(item_ids)}
    pairs = distinct_pairs(log.user[trained], log.item[trained], len(log.item_ids))
    users = np.flatnonzero(learnt["user"]).tolist() if schema.user_id else []
    trained_ids = ids_sha256(item_ids[:trained_items], [log.user_ids[user] for user in users])
    return Data(
        schema,
        Vocabulary(states, task_states, len(item_ids), trained_items, len(pairs[0]), trained_ids),
        item_ids,
        log.user_ids,
        arrays["item"],
        arrays["user"],
        Events(
            start=log.starts(np.ones(len(codes), bool)),
            item=np.asarray([number[one] for one in log.item_ids], "int32")[log.item],
            time=log.time,
            split=codes,
            features=arrays["event"],
            labels=labels,
            weights=weights,
        ),
        split_sha256(log, codes),
        letters.counts(),
        books,
        item_attributes(schema.features("item"), tables.get("item"), rows["item"]),
    )


def _catalogue(log: EventLog, trained: np.ndarray, known: Iterable[str]) -> tuple[list[str], int]:
    """Ids of the items: those with a training event by its place in the file, then the others as known."""
    first = np.argsort(log.rows[trained])
    _, numbers = by_appearance(log.item[trained][first])
    ids = dict.fromkeys(log.item_ids[number] for number in numbers)
    return list(ids | dict.fromkeys(known)), len(ids)


def _fingerprint(folder: Path, files: dict[Side, Path], schema: Schema, *arguments: Any) -> dict[str, Any]:
    """What a preparation depends on, in plain values."""
    paths = [part for path in files.values() for part in table_files(path)]
    for side in SIDES:
        apart = [feature for feature in getattr(schema, side) if not feature.in_table]
        paths += [folder / (feature.folder if feature.media else feature.file) for feature in apart]
        paths += [folder / TAR for feature in getattr(schema, side) if feature.media]
        paths += [folder / file for feature in getattr(schema, side) for file in feature.files]
    stats = {os.path.relpath(path, folder): path.stat() for path in paths if path.exists()}
    return {
        "library": tfmmrec.__version__,
        "schema": schema.to_dict(),
        "arguments": list(arguments),
        "files": {file: [stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()},
    }


def _silent(stage: str, done: int, total: int) -> None:
    pass

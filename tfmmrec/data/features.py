"""Columns to arrays: cells → raw values → a state learnt from training rows → the parts a model reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.decoding import Decoding, Preprocess
from tfmmrec.data.readers import Table
from tfmmrec.data.vocabulary import State
from tfmmrec.modalities import Id, Modality, Vector
from tfmmrec.modalities.media import media_by_id, tar_members
from tfmmrec.modalities.modality import Reject

Progress = Callable[[str, int, int], None]
"""Called with a stage, what is done of it, and what there is to do."""

_ROWS = 16_384  # preprocessed at once


def prepare_feature(
    feature: Modality,
    ids: Sequence[str],
    table: Table | None,
    rows: np.ndarray,
    trained: np.ndarray,
    decoding: Decoding,
    letters: DeadLetters,
    progress: Progress,
    state: State | None = None,
) -> tuple[State, dict[str, np.ndarray]]:
    """One feature of all items, users or events.

    Args:
        feature: the schema's entry.
        ids: ``[N]``: the values of a feature `Id`, and what media are found by.
        table: where the values of any other feature are.
        rows: int ``[N]``: the row of `table` of each item, user or event; −1 where it has none.
        trained: bool ``[N]``: whose values the state is learnt from.
        decoding: of the media of the data folder.
        letters: gets the cells that cannot be used.
        progress: hears of the rows done.
        state: what was learnt before; None learns it now.

    Returns:
        The state, and arrays ``[N, …]`` by part.

    Raises:
        ValueError: vectors are of another length than those the state was learnt from.
    """
    folder = decoding.folder
    values: list[Any] = []  # none of media, of which nothing is learnt
    places = np.arange(len(rows))
    if table is None or isinstance(feature, Id):
        values = list(ids)
    elif feature.media:
        tar_members(folder)  # a damaged tar is an error, not a letter for each cell
    elif not feature.in_table:
        values = _from_file(feature, table, rows, folder, letters)
    else:
        values, places = _from_column(feature, table, rows, trained, folder, letters)
    if state is None:
        state = feature.fit([values[place] for place in places[trained].tolist()] if values else [])
        state = feature.with_files(state, folder)
    elif isinstance(feature, Vector):
        _check_lengths(feature, values, state["size"])

    parts = {
        part: np.empty((len(rows), *shape), dtype) for part, (shape, dtype) in feature.spec(state).items()
    }
    preprocess = _compiled(feature, state)
    if feature.media and table is not None:
        cells = _media_cells(feature, ids, table, rows, folder)
        reject = rejector(letters, table, feature.column, rows, cells)
        some = decoding(feature, state, cells, reject, preprocess)
    else:
        some = _preprocessed(values, places, preprocess)
    stage = f"{table.name if table else 'ids'}: {feature.name}"
    progress(stage, 0, len(rows))
    for chunk, arrays in some:
        for part, array in arrays.items():
            parts[part][chunk] = array
        progress(stage, min(chunk.stop, len(rows)), len(rows))
    return state, parts


def _media_cells(
    feature: Modality, ids: Sequence[str], table: Table, rows: np.ndarray, folder: Path
) -> list[Any]:
    """What names the media of these rows: the cells of the column, or the files of the ids.

    Raises:
        ValueError: no id has a file, or what `media_by_id` raises.
    """
    if feature.in_table:
        return list(table.cells(feature.column, rows))
    by_id = _found_by_id(feature, ids, folder)
    return [by_id.get(one) if row >= 0 else None for one, row in zip(ids, rows, strict=True)]


def _found_by_id(feature: Modality, ids: Sequence[str], folder: Path) -> dict[str, str]:
    """The media of ids, of which not every one has some.

    Raises:
        ValueError: none has, or what `media_by_id` raises.
    """
    where: str = feature.folder  # type: ignore[attr-defined]  # of every kind of media
    found = media_by_id(folder, where, feature.endings)
    if not any(one in found for one in ids):
        raise ValueError(
            f"None of the {len(ids)} ids has a file in {where!r}: an id is {ids[0]!r}, and a file is "
            f"{next(iter(found.values()))!r}. Files are named like their ids."
        )
    return found


def rejector(
    letters: DeadLetters, table: Table, column: str, rows: np.ndarray, cells: Sequence[Any]
) -> Reject:
    """What a modality or a task calls to refuse one of `cells`, which stand in these rows of a table."""

    def reject(place: int, detail: str) -> None:
        where = table.where(rows[place])
        letters.cell(table.name, *where, column, f"unusable {column}", cells[place], detail)

    return reject


def _from_column(
    feature: Modality,
    table: Table,
    rows: np.ndarray,
    trained: np.ndarray,
    folder: Path,
    letters: DeadLetters,
) -> tuple[list[Any], np.ndarray]:
    """Raw values of the different cells of a column, and int64 ``[N]`` which of them each row has."""
    order = np.argsort(~trained, kind="stable")  # training rows say what the others must be like
    cells = table.cells(feature.column, rows[order])
    reject = rejector(letters, table, feature.column, rows[order], cells)
    values = cells.read(lambda distinct, refuse: feature.raw(distinct, folder, refuse), reject)
    return values, cells.places[np.argsort(order)]


def _check_lengths(feature: Vector, values: list[Any], size: int) -> None:
    other = {len(value) for value in values} - {0, size}
    if other:
        raise ValueError(
            f"{feature.column!r} holds vectors of {max(other)} numbers; those of the training have {size}. "
            "Compute them by the model that computed the others."
        )


def _preprocessed(
    values: list[Any], places: np.ndarray, preprocess: Preprocess
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """The parts of each row, some rows at a time; where few values are different, each is done once."""
    few = 2 * len(values) < len(places)
    whole = (
        [preprocess(values[first : first + _ROWS]) for first in range(0, len(values), _ROWS)] if few else []
    )
    once = {part: np.concatenate([some[part] for some in whole]) for part in (whole[0] if whole else ())}
    for first in range(0, len(places), _ROWS):
        chunk = slice(first, first + _ROWS)
        some = places[chunk]
        if few:
            yield chunk, {part: array[some] for part, array in once.items()}
        else:
            yield chunk, preprocess([values[place] for place in some.tolist()])


def _from_file(
    feature: Modality, table: Table, rows: np.ndarray, folder: Path, letters: DeadLetters
) -> list[Any]:
    """Values that stand in a file of their own, one per row of the table."""
    cells = [None] * table.met
    nearest = np.minimum(np.searchsorted(table.places, np.arange(table.met)), len(table) - 1)
    reject = rejector(letters, table, feature.column, nearest, cells)
    whole = np.asarray(feature.raw(cells, folder, reject))
    values = np.full((len(rows), *whole.shape[1:]), np.nan, whole.dtype)
    values[rows >= 0] = whole[table.places[rows[rows >= 0]]]
    return list(values)


def _compiled(feature: Modality, state: State) -> Preprocess:
    """The preprocessing of raw values as one TensorFlow graph, which takes any number of rows."""
    import tensorflow as tf

    dtype = tf.string if feature.raw_dtype == "string" else tf.float64
    shape = [None] * (1 + feature.raw_rank)
    function = tf.function(feature.preprocess(state), autograph=False)  # of ops alone: half the tracing
    graph = function.get_concrete_function(tf.TensorSpec(shape, dtype))

    def preprocess(values: list[Any]) -> dict[str, np.ndarray]:
        tensor = tf.constant(values if dtype == tf.string else np.asarray(values, "float64"), dtype)
        return {part: array.numpy() for part, array in graph(tensor).items()}

    return preprocess

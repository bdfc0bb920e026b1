"""MovieLens 20M, 25M, 32M and "latest" as a data folder, streamed: millions of ratings need little memory.

`convert` reads a folder with the files of these editions (Harper and Konstan, 2015), unpacked:

    ml-32m/               or ml-25m, ml-20m, ml-latest, ml-latest-small
      ratings.csv         userId, movieId, rating, timestamp
      movies.csv          movieId, title, genres
      links.csv           movieId, imdbId, tmdbId
      tags.csv            userId, movieId, tag, timestamp

GroupLens does not allow its data to be redistributed: convert a copy of your own, and do not publish the
result. These editions tell nothing of users. `movielens.py` reads 100K and 1M, which have other files.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from tfmmrec.recipes.conversion import Conversion, find_root, one_line, read_csv, write_csv

_FILES = ("ratings.csv", "movies.csv", "links.csv", "tags.csv")
_BLOCK = 2 << 20  # bytes of a table that are read at once; pyarrow reads some thirty blocks ahead
_MOST_TAGS = 20  # of a film

_SCHEMA = """\
# MovieLens: ratings with their times; events of one user at the same time keep their order in the file.
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"

[[item]]
modality = "Text"
column = "title"
length = 12

[[item]]
modality = "Tags"
column = "genres"

[[item]]
modality = "Number"
column = "year"

# The words users gave a film are in the column "tags". They are left out here because some were given after
# the events that are held out, perhaps by the very user: with them, a result looks better than it is.
# [[item]]
# modality = "Tags"
# column = "tags"

# What the user thought of a past event; a head never sees the rating of the event it predicts.
[[event]]
modality = "Category"
column = "rating"

[[task]]
task = "NextItem"

[[task]]
task = "Rating"
column = "rating"

[[task]]
task = "Binary"
column = "like"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write MovieLens 20M, 25M, 32M or "latest".

    `events.parquet` holds user_id, item_id (whole numbers, MovieLens' own), rating (0.5 to 5 in steps of a
    half), like (1 where the rating is 4 or more, else 0) and timestamp (seconds since the epoch), in the
    order of `ratings.csv`. `items.csv` holds every film of `movies.csv`: item_id, title, genres, year,
    imdb_id (``tt0114709``), tmdb_id, and tags: the 20 words that most users gave it, in lower case.

    Ratings are read and written some ten thousand at a time; the films and the pairs of film and tag are
    held in memory.

    Args:
        source: the folder of these files.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = find_root(Path(source), _FILES, "movielens")

    def write(folder: Path) -> None:
        columns = ("item_id", "title", "genres", "year", "imdb_id", "tmdb_id", "tags")
        write_csv(folder / "items.csv", columns, _items(root))
        _write_events(root / "ratings.csv", folder / "events.parquet")

    return Conversion(
        dataset="movielens-large",
        version=1,
        root=root,
        files=_FILES,
        schema=_SCHEMA,
        writes=("items.csv", "events.parquet"),
        write=write,
    ).into(Path(destination))


def _items(root: Path) -> Iterator[tuple[str, ...]]:
    links = {row["movieId"]: row for row in read_csv(root / "links.csv", "movieId", "imdbId", "tmdbId")}
    tags = _tags(root / "tags.csv")
    for row in read_csv(root / "movies.csv", "movieId", "title", "genres"):
        movie, title = row["movieId"], one_line(row["title"])
        link = links.get(movie, {})
        years = re.findall(r"\((\d{4})\)", title)
        yield (
            movie,
            title,
            "" if row["genres"] == "(no genres listed)" else row["genres"],
            years[-1] if years else "",
            f"tt{link['imdbId']:>07}" if link.get("imdbId") else "",
            link.get("tmdbId") or "",
            "|".join(tags.get(movie, ())),
        )


def _tags(path: Path) -> dict[str, list[str]]:
    """Movie id → its tags, those that most users gave first."""
    pieces = [
        pa.table({"user": batch["userId"], "movie": batch["movieId"], "tag": _plain_words(batch["tag"])})
        for batch in _batches(path, {"userId": pa.string(), "movieId": pa.string(), "tag": pa.string()})
    ]
    if not pieces:
        return {}
    given = pa.concat_tables(pieces).group_by(["movie", "tag"]).aggregate([("user", "count_distinct")])
    given = given.filter(pc.not_equal(given["tag"], ""))
    given = given.sort_by([("user_count_distinct", "descending"), ("tag", "ascending")])
    tags: dict[str, list[str]] = {}
    for movie, tag in zip(given["movie"].to_pylist(), given["tag"].to_pylist(), strict=True):
        mine = tags.setdefault(movie, [])
        if len(mine) < _MOST_TAGS:
            mine.append(tag)
    return tags


def _plain_words(tags: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(pc.utf8_lower(pc.replace_substring(tags.fill_null(""), "|", " ")))


def _write_events(source: Path, target: Path) -> None:
    kinds = {"userId": pa.int64(), "movieId": pa.int64(), "rating": pa.float64(), "timestamp": pa.int64()}
    columns = pa.schema(
        {
            "user_id": pa.int64(),
            "item_id": pa.int64(),
            "rating": pa.float64(),
            "like": pa.int8(),
            "timestamp": pa.int64(),
        }
    )
    with pa.parquet.ParquetWriter(target, columns, compression="zstd") as writer:
        for batch in _batches(source, kinds):
            rating = batch["rating"]
            doubled = pc.multiply(rating, 2)
            good = pc.and_(
                pc.equal(doubled, pc.round(doubled)), pc.and_(pc.greater(doubled, 0), pc.less(doubled, 11))
            )
            if sum(column.null_count for column in batch.columns) or not pc.all(good, min_count=0).as_py():
                bad = next(row for row in batch.to_pylist() if not _is_whole(row))
                raise ValueError(
                    f"Expected ratings of 0.5 to 5 in steps of a half, and no empty cells, in {source}, got "
                    f"{bad}. Is it the ratings.csv of MovieLens 20M, 25M, 32M or latest?"
                )
            like = pc.greater_equal(rating, 4).cast(pa.int8())
            cells = [batch["userId"], batch["movieId"], rating, like, batch["timestamp"]]
            writer.write_batch(pa.record_batch(cells, schema=columns))


def _is_whole(row: dict) -> bool:
    return None not in row.values() and row["rating"] * 2 in range(1, 11)


def _batches(path: Path, kinds: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """These columns of a CSV, block after block.

    Raises:
        ValueError: one is missing, or a cell is of another kind.
    """
    try:
        with pa.csv.open_csv(
            path,
            pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            convert_options=pa.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds)),
        ) as batches:
            yield from batches
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise ValueError(
            f"Expected {path} to be a table with the columns {', '.join(kinds)}, but it cannot be read: "
            f"{error}. Is it the right file, and whole?"
        ) from error

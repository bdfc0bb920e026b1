"""MovieLens as a data folder: tables, posters and a schema, ready for preparation.

`convert_100k` and `convert_1m` read a folder laid out like this (only the parts one edition needs):

    movielens/
      ml-100k/            u.data, u.item, u.user, u.genre (GroupLens)
      ml-1m/              movies.dat, users.dat (GroupLens), ml-1m.txt.gz (SASRec's sequences),
                          sas_to_original_items.txt, sas_to_original_users.txt (its ids, MovieLens' ids)
      ml-100k-text.csv    movie_id, plot, abstract, director, actors, ... (OMDb, DBpedia)
      ml-1m-text.csv      the same for ML-1M
      posters.csv         dataset, movie_id, file, ...
      posters/            the files that posters.csv names

GroupLens does not allow its data to be redistributed: convert a copy of your own, and do not publish the
result. What tells how a film was liked later (`imdb_rating`) is never written.
"""

import csv
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tfmmrec.recipes.movielens_editions import ML_1M, ML_100K, Edition

# Raise it when other files are written for the same source: an older conversion then no longer counts.
_VERSION = 1
_WRITTEN = ("items.csv", "users.csv", "events.csv", "schema.toml", "posters")
_RECORD = "conversion.json"


def convert_100k(source: str | Path, destination: str | Path) -> Path:
    """Write MovieLens 100K (Harper and Konstan, 2015): 100,000 ratings, 943 users, 1,682 films.

    `events.csv` holds user_id, item_id, rating (1 to 5), like (1 where the rating is 4 or 5, else 0) and
    timestamp (seconds since the epoch), in the order of `u.data`: most events share their time with another
    of the same user, and a stable sort by time keeps them in the order of the file. Ids are MovieLens' own.

    Args:
        source: the folder that holds `movielens/`, or `movielens` itself.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    return _convert(ML_100K, Path(source), Path(destination))


def convert_1m(source: str | Path, destination: str | Path) -> Path:
    """Write MovieLens 1M as SASRec cut it: 999,611 events, 6,040 users, 3,416 films.

    `events.csv` holds user_id and item_id in the order of `ml-1m.txt.gz` (Kang and McAuley, 2018: users and
    films with at least five events, each user's events in order of time). There is neither rating nor time,
    so the schema orders by the file. Ids are MovieLens' own; row k of `items.csv` and of `users.csv` is
    SASRec's item k and user k.

    Arguments, return value and errors are those of `convert_100k`.
    """
    return _convert(ML_1M, Path(source), Path(destination))


def _convert(edition: Edition, source: Path, destination: Path) -> Path:
    root = _find_root(source, edition)
    posters = _read_posters(root, edition.name)
    read = [*edition.files, *(f"posters/{name}" for name in sorted(set(posters.values())))]
    record = {"dataset": edition.name, "version": _VERSION, "checksum": _checksum(root, read, edition.schema)}
    if _is_finished(destination, record):
        return destination

    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{destination.name}-", dir=destination.parent) as aside:
        folder = Path(aside) / destination.name
        (folder / "posters").mkdir(parents=True)
        _write_items(folder, edition, root, posters)
        # Of the zip code only the first character, a region of several states: the whole tells too much.
        users = ((user, gender, age, job, area[:1]) for user, gender, age, job, area in edition.users(root))
        _write_csv(folder / "users.csv", ("user_id", "gender", "age", "occupation", "zip_area"), users)
        _write_csv(folder / "events.csv", edition.event_columns, edition.events(root))
        (folder / "schema.toml").write_text(edition.schema, encoding="utf-8")
        (folder / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        try:
            if destination.exists():
                destination.rmdir()  # an empty one, which Windows does not rename onto
            folder.rename(destination)
        except OSError:
            # Another process may have finished the same conversion meanwhile.
            if not _is_finished(destination, record):
                raise
    return destination


def _find_root(source: Path, edition: Edition) -> Path:
    """The `movielens` folder in or at `source`, with every file that `edition` reads."""
    if not source.is_dir():
        raise ValueError(
            f"Expected source to be the folder that holds movielens/{edition.name}/, or movielens itself, "
            f"got {source}, which is {'a file' if source.exists() else 'not there'}. Correct the path."
        )
    places = (source / "movielens", source)
    root = next((folder for folder in places if (folder / edition.name).is_dir()), None)
    if root is None:
        raise ValueError(
            f"Expected {source} to hold movielens/{edition.name}/ or {edition.name}/, but it holds "
            f"{_listing(source)}. Give the folder that holds movielens/, or movielens itself."
        )
    missing = [name for name in (*edition.files, "posters") if not (root / name).exists()]
    if missing:
        raise ValueError(
            f"Expected {root} to hold {', '.join(missing)}, but {edition.name}/ holds "
            f"{_listing(root / edition.name)} and the folder itself {_listing(root)}. "
            f"Put the missing files there."
        )
    return root


def _listing(folder: Path, most: int = 12) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "nothing"


def _read_posters(root: Path, dataset: str) -> dict[str, str]:
    """Movie id → name of a file in `posters/`; films without a poster have no entry."""
    rows = _read_csv(root / "posters.csv", "dataset", "movie_id", "file")
    posters = {row["movie_id"]: row["file"] for row in rows if row["dataset"] == dataset}
    for movie, name in posters.items():
        if Path(name).name != name or not (root / "posters" / name).is_file():
            raise ValueError(
                f"posters.csv names {name!r} for movie {movie} of {dataset}, expected a file of that name in "
                f"{root / 'posters'}. Put the file there, or take its row out of posters.csv."
            )
    return posters


def _checksum(root: Path, names: Iterable[str], schema: str) -> str:
    """SHA-256 over the names and the contents of these files, and over the schema to be written."""
    whole = hashlib.sha256(schema.encode())
    for name in names:
        with (root / name).open("rb") as stream:
            whole.update(f"{name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _is_finished(destination: Path, record: dict) -> bool:
    """Whether `destination` is this very conversion; it raises where something else is in the way."""
    if not destination.exists() or (destination.is_dir() and not any(destination.iterdir())):
        return False
    if not destination.is_dir():
        raise ValueError(f"Expected destination to be a folder, got the file {destination}. Give another.")
    path = destination / _RECORD
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    lost = [name for name in _WRITTEN if not (destination / name).exists()]
    if found == record and not lost:
        return True
    if found is None:
        what = f"it holds {_listing(destination)}"
    elif found == record:
        what = f"it is an earlier conversion without its {', '.join(lost)}"
    else:
        what = "it was converted from another source or by another version"
    raise ValueError(
        f"Expected destination to be new, empty or the conversion of this source, got {destination}: {what}. "
        f"Nothing was changed there: remove it, or give another folder."
    )


def _write_items(folder: Path, edition: Edition, root: Path, posters: dict[str, str]) -> None:
    """Write items.csv and copy the posters of these items, and of no others."""
    columns = ("movie_id", "plot", "abstract", "director", "actors")
    texts = {row["movie_id"]: row for row in _read_csv(root / f"{edition.name}-text.csv", *columns)}

    def rows() -> Iterator[tuple]:
        for item, title, genres in edition.movies(root):
            text = texts.get(item, {})
            poster = posters.get(item, "")
            if poster and not (folder / "posters" / poster).exists():  # two ids can be the same film
                shutil.copyfile(root / "posters" / poster, folder / "posters" / poster)
            # MovieLens' own year, from the title: the text may be about a namesake of another year.
            years = re.findall(r"\((\d{4})\)", title)
            yield (
                item,
                _one_line(title),
                _one_line(text.get("plot") or ""),
                _one_line(text.get("abstract") or ""),
                genres,
                years[-1] if years else "",
                _names(text.get("director") or ""),
                _names(text.get("actors") or ""),
                f"posters/{poster}" if poster else "",
            )

    header = ("item_id", "title", "plot", "abstract", "genres", "year", "director", "actors", "poster")
    _write_csv(folder / "items.csv", header, rows())


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _names(text: str) -> str:
    """'A. Smith, B. Jones(co-director)' → 'A. Smith|B. Jones'."""
    names = (_one_line(name) for name in re.sub(r"\([^)]*\)", "", text).split(","))
    return "|".join(name for name in names if name)


def _write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _read_csv(path: Path, *needed: str) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if lacking := [name for name in needed if name not in (reader.fieldnames or ())]:
            raise ValueError(
                f"Expected {path} to have the columns {', '.join(needed)}, but it lacks "
                f"{', '.join(lacking)}; its first line is {','.join(reader.fieldnames or ())[:100]!r}. "
                f"Is it the right file?"
            )
        yield from reader

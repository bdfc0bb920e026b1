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

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tfmmrec.recipes.conversion import Conversion, check_source, listing, one_line, read_csv, write_csv
from tfmmrec.recipes.movielens_editions import ML_1M, ML_100K, Edition

# Raise it when other files are written for the same source: an older conversion then no longer counts.
_VERSION = 1


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

    def write(folder: Path) -> None:
        (folder / "posters").mkdir()
        _write_items(folder, edition, root, posters)
        # Of the zip code only the first character, a region of several states: the whole tells too much.
        users = ((user, gender, age, job, area[:1]) for user, gender, age, job, area in edition.users(root))
        write_csv(folder / "users.csv", ("user_id", "gender", "age", "occupation", "zip_area"), users)
        write_csv(folder / "events.csv", edition.event_columns, edition.events(root))

    return Conversion(
        dataset=edition.name,
        version=_VERSION,
        root=root,
        files=(*edition.files, *(f"posters/{name}" for name in sorted(set(posters.values())))),
        schema=edition.schema,
        writes=("items.csv", "users.csv", "events.csv", "posters"),
        write=write,
    ).into(destination)


def _find_root(source: Path, edition: Edition) -> Path:
    """The `movielens` folder in or at `source`, with every file that `edition` reads."""
    check_source(source, f"movielens/{edition.name}/, or movielens itself")
    places = (source / "movielens", source)
    root = next((folder for folder in places if (folder / edition.name).is_dir()), None)
    if root is None:
        raise ValueError(
            f"Expected {source} to hold movielens/{edition.name}/ or {edition.name}/, but it holds "
            f"{listing(source)}. Give the folder that holds movielens/, or movielens itself."
        )
    missing = [name for name in (*edition.files, "posters") if not (root / name).exists()]
    if missing:
        raise ValueError(
            f"Expected {root} to hold {', '.join(missing)}, but {edition.name}/ holds "
            f"{listing(root / edition.name)} and the folder itself {listing(root)}. "
            f"Put the missing files there."
        )
    return root


def _read_posters(root: Path, dataset: str) -> dict[str, str]:
    """Movie id → name of a file in `posters/`; films without a poster have no entry."""
    rows = read_csv(root / "posters.csv", "dataset", "movie_id", "file")
    posters = {row["movie_id"]: row["file"] for row in rows if row["dataset"] == dataset}
    for movie, name in posters.items():
        if Path(name).name != name or not (root / "posters" / name).is_file():
            raise ValueError(
                f"posters.csv names {name!r} for movie {movie} of {dataset}, expected a file of that name in "
                f"{root / 'posters'}. Put the file there, or take its row out of posters.csv."
            )
    return posters


def _write_items(folder: Path, edition: Edition, root: Path, posters: dict[str, str]) -> None:
    """Write items.csv and copy the posters of these items, and of no others."""
    columns = ("movie_id", "plot", "abstract", "director", "actors")
    texts = {row["movie_id"]: row for row in read_csv(root / f"{edition.name}-text.csv", *columns)}

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
                one_line(title),
                one_line(text.get("plot") or ""),
                one_line(text.get("abstract") or ""),
                genres,
                years[-1] if years else "",
                _names(text.get("director") or ""),
                _names(text.get("actors") or ""),
                f"posters/{poster}" if poster else "",
            )

    header = ("item_id", "title", "plot", "abstract", "genres", "year", "director", "actors", "poster")
    write_csv(folder / "items.csv", header, rows())


def _names(text: str) -> str:
    """'A. Smith, B. Jones(co-director)' → 'A. Smith|B. Jones'."""
    names = (one_line(name) for name in re.sub(r"\([^)]*\)", "", text).split(","))
    return "|".join(name for name in names if name)

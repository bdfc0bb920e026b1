"""The two editions of MovieLens: their files, how their rows are read, and the schema of each."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ITEM_SCHEMA = """
[[item]]
modality = "Text"
column = "title"
length = 12

[[item]]
modality = "Text"
column = "plot"
length = 48

[[item]]
modality = "Image"
column = "poster"

[[item]]
modality = "Tags"
column = "genres"

[[item]]
modality = "Number"
column = "year"
"""

_SCHEMA_100K = f"""\
# MovieLens 100K: ratings with their times; events of one user at the same time keep their order in the file.
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"
{_ITEM_SCHEMA}
[[user]]
modality = "Category"
column = "gender"

[[user]]
modality = "Category"
column = "occupation"

[[user]]
modality = "Number"
column = "age"

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

_SCHEMA_1M = f"""\
# MovieLens 1M, cut as for SASRec: each user's events in order of time, without the time itself.
user_id = "user_id"
item_id = "item_id"
order = "file"
{_ITEM_SCHEMA}
[[user]]
modality = "Category"
column = "gender"

[[user]]
modality = "Category"
column = "occupation"

# Ranges ("25-34"), so not a number.
[[user]]
modality = "Category"
column = "age"

[[task]]
task = "NextItem"
"""

# The codes of users.dat, spelled out as in the README of ML-1M.
_AGES_1M = {
    "1": "under 18",
    "18": "18-24",
    "25": "25-34",
    "35": "35-44",
    "45": "45-49",
    "50": "50-55",
    "56": "56+",
}
_OCCUPATIONS_1M = {
    "0": "other",
    "1": "academic/educator",
    "2": "artist",
    "3": "clerical/admin",
    "4": "college/grad student",
    "5": "customer service",
    "6": "doctor/health care",
    "7": "executive/managerial",
    "8": "farmer",
    "9": "homemaker",
    "10": "K-12 student",
    "11": "lawyer",
    "12": "programmer",
    "13": "retired",
    "14": "sales/marketing",
    "15": "scientist",
    "16": "self-employed",
    "17": "technician/engineer",
    "18": "tradesman/craftsman",
    "19": "unemployed",
    "20": "writer",
}


@dataclass(frozen=True)
class Edition:
    """What differs between the editions; its functions take the `movielens` folder and yield rows."""

    name: str
    files: tuple[str, ...]
    schema: str
    event_columns: tuple[str, ...]
    events: Callable[[Path], Iterable[tuple[str, ...]]]
    movies: Callable[[Path], Iterable[tuple[str, str, str]]]  # item_id, title, genres separated by |
    users: Callable[[Path], Iterable[tuple[str, str, str, str, str]]]  # user_id, gender, age, occupation, zip


def _events_100k(root: Path) -> Iterator[tuple[str, ...]]:
    # In the order of the file: a stable sort by time then keeps it where times are equal.
    path = root / "ml-100k/u.data"
    for user, item, rating, time in _records(path, "\t", "user item rating timestamp"):
        if rating not in {"1", "2", "3", "4", "5"}:
            raise ValueError(
                f"Expected ratings of 1 to 5 in {path}, got {rating!r} of user {user} for item {item}. "
                f"Is it the u.data of ML-100K?"
            )
        yield user, item, rating, "1" if rating in {"4", "5"} else "0", time


def _movies_100k(root: Path) -> Iterator[tuple[str, str, str]]:
    genres = [name for name, _ in _records(root / "ml-100k/u.genre", "|", "genre number")]
    fields = "movie title released video url " + " ".join(genres)
    for item, title, _, _, _, *flags in _records(root / "ml-100k/u.item", "|", fields):
        # "unknown" is the absence of a genre, so it is no tag.
        named = (name for name, flag in zip(genres, flags, strict=True) if flag == "1" and name != "unknown")
        yield item, title, "|".join(named)


def _users_100k(root: Path) -> Iterator[tuple[str, str, str, str, str]]:
    path = root / "ml-100k/u.user"
    for user, age, gender, job, area in _records(path, "|", "user age gender occupation zip"):
        yield user, gender, age, job, area


def _events_1m(root: Path) -> Iterator[tuple[str, ...]]:
    users = _mapping(root / "ml-1m/sas_to_original_users.txt")
    items = _mapping(root / "ml-1m/sas_to_original_items.txt")
    path = root / "ml-1m/ml-1m.txt.gz"
    for user, item in _records(path, None, "user item"):
        if user not in users or item not in items:
            lost, name = (f"user {user}", "users") if user not in users else (f"item {item}", "items")
            raise ValueError(
                f"Expected sas_to_original_{name}.txt to map every one of {path}, but it lacks {lost}. "
                f"Are the two files of the same cut of ML-1M?"
            )
        yield users[user], items[item]


def _movies_1m(root: Path) -> Iterator[tuple[str, str, str]]:
    path = root / "ml-1m/movies.dat"
    movies = {movie: (title, genres) for movie, title, genres in _records(path, "::", "movie title genres")}
    for item in _mapping(root / "ml-1m/sas_to_original_items.txt").values():
        if item not in movies:
            raise ValueError(_not_listed("movie", item, "sas_to_original_items.txt", path))
        yield item, *movies[item]


def _users_1m(root: Path) -> Iterator[tuple[str, str, str, str, str]]:
    path = root / "ml-1m/users.dat"
    rows = {row[0]: row[1:] for row in _records(path, "::", "user gender age occupation zip")}
    for user in _mapping(root / "ml-1m/sas_to_original_users.txt").values():
        if user not in rows:
            raise ValueError(_not_listed("user", user, "sas_to_original_users.txt", path))
        gender, age, job, area = rows[user]
        if age not in _AGES_1M or job not in _OCCUPATIONS_1M:
            raise ValueError(
                f"Expected an age of {', '.join(_AGES_1M)} and an occupation of 0 to 20 in {path}, got age "
                f"{age} and occupation {job} for user {user}. Is it the users.dat of ML-1M?"
            )
        yield user, gender, _AGES_1M[age], _OCCUPATIONS_1M[job], area


def _not_listed(what: str, wanted: str, mapping: str, path: Path) -> str:
    return (
        f"Expected {path} to list {what} {wanted}, which {mapping} names in its second column, but it does "
        f"not. Are both files of ML-1M, and are the columns of {mapping} SASRec's id and MovieLens' id?"
    )


def _mapping(path: Path) -> dict[str, str]:
    """SASRec's id → MovieLens' id, in the order of SASRec's ids."""
    return dict(_records(path, None, "SASRec-id MovieLens-id"))


def _records(path: Path, separator: str | None, fields: str) -> Iterator[list[str]]:
    """The lines of `path` (latin-1; gzip by its suffix) cut at `separator` (None: any white space).

    Blank lines are left out; any other line must have the `fields`.
    """
    count = len(fields.split())
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="latin-1") as lines:
        for number, line in enumerate(lines, 1):
            parts = line.rstrip("\n").split(separator)
            if len(parts) == count:
                yield parts
            elif line.strip():
                raise ValueError(
                    f"Expected {count} fields ({fields}) separated by {separator or 'white space'!r} in line "
                    f"{number} of {path}, got {len(parts)}: {line.rstrip()[:80]!r}. "
                    f"Is it the right file, and whole?"
                )


ML_100K = Edition(
    name="ml-100k",
    files=(
        "ml-100k/u.data",
        "ml-100k/u.item",
        "ml-100k/u.user",
        "ml-100k/u.genre",
        "ml-100k-text.csv",
        "posters.csv",
    ),
    schema=_SCHEMA_100K,
    event_columns=("user_id", "item_id", "rating", "like", "timestamp"),
    events=_events_100k,
    movies=_movies_100k,
    users=_users_100k,
)

ML_1M = Edition(
    name="ml-1m",
    files=(
        "ml-1m/ml-1m.txt.gz",
        "ml-1m/sas_to_original_items.txt",
        "ml-1m/sas_to_original_users.txt",
        "ml-1m/movies.dat",
        "ml-1m/users.dat",
        "ml-1m-text.csv",
        "posters.csv",
    ),
    schema=_SCHEMA_1M,
    event_columns=("user_id", "item_id"),
    events=_events_1m,
    movies=_movies_1m,
    users=_users_1m,
)

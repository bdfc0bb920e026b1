"""Which files of a data folder are its tables: by their names, or, of events, by their columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfmmrec.data.readers import find_table
from tfmmrec.inspection.ids import ITEM, USER, id_column, named
from tfmmrec.inspection.sample import Sample, read_sample

_EVENTS = ("interactions", "ratings", "clicks", "transactions", "purchases", "plays", "log", "behaviors")
_LIKELY_EVENTS = ("reviews", "orders", "views", "listens", "watches", "visits", "sessions", "bookings")
_ITEMS = ("movies", "products", "articles", "songs", "tracks", "books", "films", "news", "catalog")
_LIKELY_ITEMS = ("catalogue", "videos", "games", "recipes", "courses", "hotels", "restaurants", "apps")
_NAMES = {
    "events": (*_EVENTS, *_LIKELY_EVENTS, "sales", "baskets", "feedback", "history", "logs", "behaviours"),
    "items": (*_ITEMS, *_LIKELY_ITEMS, "item"),
    "users": ("customers", "people", "members", "profiles", "user", "accounts", "clients", "subscribers"),
}
_ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl", ".csv.gz", ".tsv.gz", ".jsonl.gz")
_HEADER = 20  # rows that tell the columns of a file


@dataclass(frozen=True)
class Tables:
    """The tables of a data folder.

    Attributes:
        paths: by ``"events"``, ``"items"`` and ``"users"``, those there are.
        unused: other files of tables → why they are none of these.
    """

    paths: dict[str, Path]
    unused: dict[str, str]


def find_tables(folder: Path) -> Tables:
    """The files of the tables, by their own names or by usual ones; events also by columns of ids.

    Raises:
        ValueError: there is nothing that could be events or labelled examples.
    """
    there = [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(_ENDINGS)]
    found = {}
    for table in ("items", "users", "events"):
        path = find_table(folder, table)
        path = path or next((p for p in _usual(table, there) if table != "events"), None)
        if path:
            found[table] = path
    others = [path for path in there if path not in found.values()]
    headers = {path: _header(folder, path) for path in others}
    if "events" not in found:
        events = _events(found, headers, folder)
        if events is None and _names_users_and_items(found.get("items"), folder):
            events = found.pop("items")
        if events is None and set(found) != {"items"}:
            find_table(folder, "events", None, "a guess begins with who met what")  # raises, and lists
        found |= {"events": events} if events else {}
    unused = {
        p.name: _why_unused(header, found.get("events"))
        for p, header in headers.items()
        if p not in found.values()
    }
    return Tables(found, unused)


def surely_events(file: str) -> bool:
    """Whether a file has a name that no table of labelled examples has."""
    return _stem(Path(file)) in ("events", *_EVENTS)


def _usual(table: str, there: list[Path]) -> list[Path]:
    """The files of usual names, the most usual first."""
    names = (table, *_NAMES[table])
    return sorted((path for path in there if _stem(path) in names), key=lambda path: names.index(_stem(path)))


def _stem(path: Path) -> str:
    return path.name.split(".")[0].lower()


def _header(folder: Path, path: Path) -> Sample | str:
    """The first rows of a file, or why they cannot be read."""
    try:
        return read_sample(folder, path, "events", _HEADER)
    except ValueError as error:
        return str(error)


def _events(found: dict[str, Path], headers: dict[Path, Sample | str], folder: Path) -> Path | None:
    """The file that names users and items; else one of a usual name, or a lone one, which may be examples."""
    known = {name: read_sample(folder, path, name) for name, path in found.items()}
    usual = _usual("events", list(headers))
    for path in dict.fromkeys([*usual, *headers]):
        header = headers[path]
        if isinstance(header, Sample) and _is_events(header, known):
            return path
    broken = [path for path in usual if isinstance(headers[path], str)]
    if broken:  # whoever reads it says why it cannot be read
        return broken[0]
    lone = list(headers) if len(headers) == 1 and not found else []
    return None if "items" in found else next(iter([*usual, *lone]), None)


def _names_users_and_items(items: Path | None, folder: Path) -> bool:
    """Whether a table has the usual name of items, but rows of users: games that were played, say."""
    header = _header(folder, items) if items and _stem(items) != "items" else ""
    return isinstance(header, Sample) and bool(named(header, USER) and named(header, ITEM))


def _is_events(header: Sample, known: dict[str, Sample]) -> bool:
    """Whether columns of a file are named like the ids of users and items, or shared with their tables."""
    if named(header, USER) and named(header, ITEM):
        return True
    try:
        user = id_column(header, known.get("users"), USER, "user")
        id_column(header, known.get("items"), ITEM, "item", other=user)
    except ValueError:
        return False
    return True


def _why_unused(header: Sample | str, events: Path | None) -> str:
    if isinstance(header, str):
        return header
    kinds = (("a user", USER), ("an item", ITEM))
    lacking = [kind for kind, words in kinds if not named(header, words)]
    if events and not lacking:
        return (
            f"it names users and items, too, but events are read from one table, {events.name}: put all rows "
            "into it, with a column that says what they are"
        )
    told = f"no column is named like the id of {' or of '.join(lacking)}, and " if not events else ""
    return f"{told}its name is none of items, users or events; if it is such a table, name it in [tables]"

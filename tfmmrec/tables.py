"""What a schema says of the files of its tables: names, separators, encodings, what is empty."""

from __future__ import annotations

from typing import Any

from tfmmrec.members import suggestion


def check_tables(tables: dict[str, Any]) -> None:
    """Checks the `tables` of a schema.

    Raises:
        ValueError: a table, a setting, a separator, a quote or an encoding that there is not, or `missing`
            that is no list of texts.
    """
    unknown = set(tables) - {"items", "users", "events"}
    if unknown:
        raise ValueError(f"tables names items, users and events; got {sorted(unknown)}.")
    for name, entry in tables.items():
        settings: Any = {"file": entry} if isinstance(entry, str) else entry
        keys = {"file", "separator", "quote", "encoding", "missing"}
        if not isinstance(settings, dict) or not all(
            isinstance(value, str) for key, value in settings.items() if key != "missing"
        ):
            raise ValueError(f"tables: {name} is a file name or has {sorted(keys)}; got {entry!r}.")
        for key in set(settings) - keys:
            raise ValueError(f"tables: {name} has no setting {key!r}.{suggestion(key, keys)}")
        separator, encoding = settings.get("separator", ","), settings.get("encoding", "utf-8")
        missing = settings.get("missing", [])
        if not isinstance(missing, list) or not all(isinstance(text, str) for text in missing):
            raise ValueError(
                f"tables: `missing` of {name} is a list of the texts that stand for an empty cell, such as "
                f'["NA", "NULL"]; got {missing!r}.'
            )
        if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
            raise ValueError(
                f"tables: the separator of {name} is one ASCII character between cells, such as ';' or '\\t'"
                f"; got {separator!r}."
            )
        if settings.get("quote", '"') not in ('"', ""):
            raise ValueError(
                f"tables: the quote of {name} is '\"', or '' where quotes are letters like others and no "
                f"cell is quoted; got {settings['quote']!r}."
            )
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(
                f"tables: {name} has the encoding {encoding!r}, which is none: {error}. Some are latin-1, "
                "cp1252, utf-16 and gb18030."
            ) from error

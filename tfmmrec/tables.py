"""What a schema says of the files of its tables: names, separators, encodings."""

from __future__ import annotations

from typing import Any

from tfmmrec.members import suggestion


def check_tables(tables: dict[str, Any]) -> None:
    """Checks the `tables` of a schema.

    Raises:
        ValueError: a table, a setting, a separator or an encoding that there is not.
    """
    unknown = set(tables) - {"items", "users", "events"}
    if unknown:
        raise ValueError(f"tables names items, users and events; got {sorted(unknown)}.")
    for name, entry in tables.items():
        settings: Any = {"file": entry} if isinstance(entry, str) else entry
        keys = {"file", "separator", "encoding"}
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            raise ValueError(f"tables: {name} is a file name or has {sorted(keys)}; got {entry!r}.")
        for key in set(settings) - keys:
            raise ValueError(f"tables: {name} has no setting {key!r}.{suggestion(key, keys)}")
        separator, encoding = settings.get("separator", ","), settings.get("encoding", "utf-8")
        if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
            raise ValueError(
                f"tables: the separator of {name} is one ASCII character between cells, such as ';' or '\\t'"
                f"; got {separator!r}."
            )
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(
                f"tables: {name} has the encoding {encoding!r}, which is none: {error}. Some are latin-1, "
                "cp1252, utf-16 and gb18030."
            ) from error

"""An overview as one HTML page that needs nothing else: numbers, and sample rows with their pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.aside import file_aside
from tfmmrec.data.readers import Table
from tfmmrec.inspection.overview import TITLES, Overview
from tfmmrec.modalities import Image
from tfmmrec.modalities.image import checked_image
from tfmmrec.modalities.media import media_by_id, media_of
from tfmmrec.schema import Schema

ROWS = 24  # sample rows of items, and of events
_SIDE = 112  # pixels of a thumbnail
_LONGEST = 300  # characters of a cell

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
h2 { margin: 2rem 0 .5rem } table { border-collapse: collapse }
th, td { padding: .25rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }
td.n { text-align: right; font-variant-numeric: tabular-nums } .bar { background: #4a7fb5; height: .8em }
.wide { overflow-x: auto } img { display: block; border-radius: 3px } .none { color: #999 }
"""


def write_page(path: str | Path, found: Overview, schema: Schema, note: str = "") -> None:
    """Writes the page; it appears whole. Whatever the data holds is shown as text, never as markup.

    Args:
        path: the file.
        found: the overview.
        schema: what the columns are; its `Image` columns become thumbnails.
        note: a sentence under the title.
    """
    text = page(found, schema, note)
    with file_aside(path) as aside:
        aside.write_text(text, "utf-8")


def page(found: Overview, schema: Schema, note: str = "") -> str:
    """The page as text; see `write_page`."""
    name = escape(Path(found.folder).resolve().name)
    counts: list[tuple[str, Any]] = list(found.counts.items())
    counts += [] if found.density is None else [("density", f"{found.density:.3%}")]
    spread = {"user": found.events_per_user, "item": found.events_per_item}
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'\">",
        f"<title>{name}</title><style>{_STYLE}</style></head><body><h1>{name}</h1>",
        f"<p>{escape(note)}</p>" if note else "",
        "<h2>Counts</h2>",
        _table(("", ""), counts),
        f"<h2>Events {' and '.join(f'per {side}' for side, values in spread.items() if values)}</h2>",
        _table(
            ("", *found.events_per_item),
            [(side, *values.values()) for side, values in spread.items() if values],
        ),
    ]
    if found.time:
        parts += ["<h2>Time</h2>", _table(("", ""), found.time.items())]
    parts += ["<h2>Rows beyond the first</h2>", _table(("same", "rows"), found.duplicates.items())]
    features = [
        (f.side, f.column, f.modality, f.rows, f"{f.missing:,} ({f.missing / max(1, f.rows):.1%})", f.broken)
        + ("" if f.distinct is None else f.distinct,)
        for f in found.features
    ]
    names = ("of", "column", "modality", "rows", "empty", "files not there", "different")
    parts += ["<h2>Features</h2>", _table(names, features)]
    for task, labels in found.labels.items():
        parts += [f"<h2>Label {escape(task)}</h2>", _bars(labels)]
    if found.unreadable:
        parts += ["<h2>Rows that cannot be read</h2>", _table(("reason", "rows"), found.unreadable.items())]
    for side, title in (("item", "Some items"), ("user", "Some users"), ("event", "Some events")):
        if side in found.tables:
            images = {
                feature.column: feature for feature in getattr(schema, side) if isinstance(feature, Image)
            }
            key = "" if side == "event" else getattr(schema, f"{side}_id")
            rows = _rows(found.tables[side], images, key, Path(found.folder))
            parts.append(f"<h2>{title}</h2><div class='wide'>{rows}</div>")
    return "\n".join([*parts, "</body></html>\n"])


def thumbnail(contents: bytes) -> str:
    """The bytes of a picture as a small JPEG in a data URI.

    Raises:
        ValueError: it is no readable picture, or unpacks to too many pixels.
    """
    from PIL import Image as Pillow

    with Pillow.open(io.BytesIO(checked_image(contents))) as picture:
        small = picture.convert("RGB")
        small.thumbnail((_SIDE, _SIDE))
        packed = io.BytesIO()
        small.save(packed, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(packed.getvalue()).decode("ascii")


def _rows(table: Table, images: dict[str, Image], key: str, folder: Path) -> str:
    """Rows evenly spread over a table, with thumbnails; titles first. `key` is the column of their ids."""
    chosen = np.unique(np.linspace(0, len(table) - 1, min(ROWS, len(table))).astype("int64"))
    cells = {name: list(table.cells(name, chosen)) for name in table.columns}
    for name, image in images.items():
        if not image.in_table:
            by_id = media_by_id(folder, image.folder, image.endings)
            cells[name] = [by_id.get(str(one)) for one in cells[key]]
    columns = sorted(cells, key=lambda name: (name not in images, name not in TITLES))
    cells = {name: cells[name] for name in columns}
    lines = []
    for row in range(len(chosen)):
        shown = (
            _picture(values[row], folder, images[name]) if name in images else _cell(values[row])
            for name, values in cells.items()
        )
        lines.append(f"<tr>{''.join(shown)}</tr>")
    return f"<table><tr>{_heads(columns)}</tr>{''.join(lines)}</table>"


def _picture(cell: Any, folder: Path, image: Image) -> str:
    try:
        files = media_of(cell, folder, folders=not image.in_table)
        shown = "".join(f"<img src='{thumbnail(file.read())}' alt=''>" for file in files[:3])
    except (ValueError, OSError) as error:
        return f"<td class='none'>{escape(str(error))}</td>"
    return f"<td>{shown}</td>" if files else _cell(None)


def _bars(labels: dict[str, Any]) -> str:
    most = max(labels["values"].values(), default=1)
    told = [f"{labels[name]:,} {name}" for name in ("known", "missing", "unusable")]
    body = ""
    for value, count in labels["values"].items():
        bar = f"<div class='bar' style='width:{15 * count / most:.2f}rem'></div>"
        body += f"<tr>{_cell(value)}{_cell(count)}<td>{bar}</td></tr>"
    more = labels["distinct"] - len(labels["values"])
    return f"<p>{', '.join(told)}{f'; {more:,} more values' if more else ''}</p><table>{body}</table>"


def _table(heads: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{_heads(heads)}</tr>{body}</table>"


def _heads(names: Iterable[str]) -> str:
    return "".join(f"<th>{escape(name)}</th>" for name in names)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "<td class='none'>–</td>"
    if isinstance(value, int | float):
        shown = f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
        return f"<td class='n'>{shown}</td>"
    text = str(value)
    return f"<td>{escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…')}</td>"

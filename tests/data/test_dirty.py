"""Dirty data: every row is used, dead with the right letter, or left out by a rule that has a name."""

import json
import struct
import wave
import zlib
from collections import Counter
from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from tfmmrec.data import load
from tfmmrec.modalities import Audio, Category, Image, Number
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Multiclass, NextItem, Rating

SCHEMA = Schema(
    item=[Number("year")],
    user=[Number("age")],
    event=[Category("kind")],
    tasks=[NextItem(), Binary("like"), Rating("stars", low=1, high=5)],
    timestamp="time",
    event_weight="trust",
    item_identity=False,
)
EVENT = ("user_id", "item_id", "time", "kind", "like", "stars", "trust")
# what a row holds, by column; and what becomes of it: the column to blame, what is lost, the reason
EVENTS = {
    "sound": ({}, None),
    "no user": ({"user_id": ""}, ("user_id", "row", "empty user id")),
    "blank user": ({"user_id": "  "}, ("user_id", "row", "empty user id")),
    "no item": ({"item_id": ""}, ("item_id", "row", "empty item id")),
    "unknown item": ({"item_id": "gone"}, ("item_id", "row", "unknown item")),
    "no time": ({"time": ""}, ("time", "row", "unusable time")),
    "bad time": ({"time": "soon"}, ("time", "row", "unusable time")),
    "NaN time": ({"time": "NaN"}, ("time", "row", "unusable time")),
    "broken text": ({"kind": b"\xff\xfe"}, ("kind", "row", "not UTF-8")),
    "broken id": ({"user_id": b"caf\xe9"}, ("user_id", "row", "not UTF-8")),
    "a cell too many": ({"trust": "1{separator}2"}, ("", "row", "wrong number of cells")),
    "empty row": (None, ("user_id", "row", "empty user id")),
    "label out of range": ({"like": "2"}, ("like", "cell", "unusable like")),
    "rating out of range": ({"stars": "5.5"}, ("stars", "cell", "unusable stars")),
    "infinite rating": ({"stars": "-inf"}, ("stars", "cell", "unusable stars")),
    "NaN rating": ({"stars": "nan"}, ("stars", "cell", "unusable stars")),
    "negative weight": ({"trust": "-1"}, ("trust", "cell", "unusable trust")),
}
NAMED = {  # rows of items and users: the id (None: a new one), the number, and what becomes of them
    "sound": (None, "1990", None),
    "no number": (None, "", None),
    "no id": ("", "1990", ("ID", "row", "empty KIND id")),
    "blank id": ("  ", "1990", ("ID", "row", "empty KIND id")),
    "repeated": ("0 é", "1990", ("ID", "row", "duplicate KIND id")),
    "no date": (None, "soon", ("NUMBER", "cell", "unusable NUMBER")),
    "infinite": (None, "inf", ("NUMBER", "cell", "unusable NUMBER")),
    "NaN": (None, "nan", ("NUMBER", "cell", "unusable NUMBER")),
    "broken": (None, b"\x80", ("NUMBER", "row", "not UTF-8")),
    "too few cells": (None, None, ("", "row", "wrong number of cells")),
    "empty row": ("EMPTY", "", ("ID", "row", "empty KIND id")),
}


def encoded(cell):
    return cell if isinstance(cell, bytes) else cell.encode()


def between(whole, rows):
    """So that no file is mostly broken."""
    return [row for pair in zip_longest(whole, rows) for row in pair if row is not None]


class Shop:
    """Three tables written cell by cell, with the letters that are to be expected."""

    def __init__(self, folder, separator, parts):
        self.folder, self.separator, self.parts = folder, separator, parts
        self.expected, self.rows = [], Counter()

    def write(self, table, header, rows):
        """Rows of (cells or None, expected or None), dealt out to several files in their order."""
        folder = self.folder / table
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for number, places in enumerate(np.array_split(np.arange(len(rows)), self.parts)):
            name = f"part-{number}.csv"
            lines = [self.separator.join(header).encode()]
            for line, place in enumerate(places, 2):
                cells, expected = rows[place]
                lines.append(b"" if cells is None else encoded(self.separator).join(map(encoded, cells)))
                if expected:
                    self.expected.append((table, f"{table}/{name}", line, *expected))
            (folder / name).write_bytes(b"\n".join(lines) + b"\n")
        self.rows[table] = len(rows)

    def named(self, table, names):
        """Items or users: forty sound ones, and between them these."""
        kind, number = table[:-1], {"items": "year", "users": "age"}[table]
        words = {"ID": f"{kind}_id", "NUMBER": number}
        whole, rows, used = [((f"{i} é", "1"), None) for i in range(40)], [], 40
        for place, name in enumerate(names):
            given, value, expected = NAMED[name]
            if given == "EMPTY":
                cells = None
            else:
                one = f"new {place}" if given is None else given
                cells = (one,) if value is None else (one, value)
            if expected:
                column, lost, reason = expected
                reason = reason.replace("KIND", kind).replace("NUMBER", number)
                expected = (words.get(column, column), lost, reason)
            used += not expected or expected[1] == "cell"
            rows.append((cells, expected))
        self.write(table, (f"{kind}_id", number), between(whole, rows))
        return used

    def events(self, names, repeats):
        """Eighty sound events, and between them these, some of them twice."""
        whole = [((f"{i % 4} é", f"{i % 40} é", f"{i}", "view", "1", "4", "1"), None) for i in range(80)]
        rows = []
        for place, (name, again) in enumerate(zip(names, repeats, strict=True)):
            change, expected = EVENTS[name]
            if change is None:
                rows.append((None, expected))
                continue
            cells = (
                dict.fromkeys(EVENT, "1")
                | {"user_id": f"{place % 3} é", "item_id": f"{place} é", "kind": "buy"}
                | change
            )
            row = tuple(
                c if isinstance(c, bytes) else c.format(separator=self.separator) for c in cells.values()
            )
            rows.append((row, expected))
            if again and (not expected or expected[1] == "cell"):
                rows.append((row, ("", "row", "duplicate event")))
        self.write("events", EVENT, between(whole, rows))
        return len(whole) + sum(not expected or expected[1] == "cell" for _, expected in rows)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    st.lists(st.sampled_from(sorted(NAMED)), max_size=14),
    st.lists(st.sampled_from(sorted(NAMED)), max_size=14),
    st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.booleans()), max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.integers(1, 3),
)
def test_rows_in_are_rows_used_and_dead_and_left_out(folder, items, users, events, separator, parts):
    shop = Shop(folder / "shop", separator, parts)
    names, repeats = [name for name, _ in events], [again for _, again in events]
    used = {
        "items": shop.named("items", items),
        "users": shop.named("users", users),
        "events": shop.events(names, repeats),
    }
    letters = folder / "dead_letters.jsonl"
    data = load(shop.folder, SCHEMA, dead_letters=letters, max_dead=1)
    found = [json.loads(line) for line in letters.open()] if letters.exists() else []
    keys = ("table", "file", "line", "column", "lost", "reason")
    # the number of a user without events is not read
    with_events = set(data.user_ids)
    expected = [x for x in shop.expected if x[0] != "users" or x[4] == "row"]
    assert sorted(tuple(letter[key] for key in keys) for letter in found) == sorted(expected)
    for table, books in data.books.items():
        dead = sum(1 for x in expected if x[0] == table and x[4] == "row")
        assert books["rows"] == shop.rows[table]
        assert books["dead"] == dead
        assert books["used"] + books["dead"] + books["left out"] == books["rows"]
        assert books["used"] + books["left out"] == used[table]
    assert data.books["users"]["used"] == len(with_events)
    assert data.books["items"]["left out"] == data.books["events"]["left out"] == 0
    assert len(data.item_ids) == used["items"]
    assert len(data.events.item) == used["events"]


def chunk(kind, contents):
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))


def bomb(side):
    """A PNG of a kilobyte that promises so many pixels on each side."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def wav(path, samples, promised=None):
    with wave.open(str(path), "wb") as clip:
        clip.setparams((1, 2, 8000, 0, "NONE", ""))
        clip.writeframes(np.asarray(samples, "<i2").tobytes())
    if promised:
        contents = bytearray(path.read_bytes())
        contents[40:44] = struct.pack("<I", 2 * promised)
        path.write_bytes(contents)


def test_media_that_cannot_be_used_are_letters(tmp_path):
    folder, outside = tmp_path / "shop", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    Pillow.new("RGB", (8, 8), (9, 9, 9)).save(folder / "good.png")
    Pillow.new("RGB", (8, 8), (9, 9, 9)).save(outside / "secret.png")
    whole = (folder / "good.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[:-30])
    (folder / "text.png").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    (folder / "bomb.png").write_bytes(bomb(30_000))
    (folder / "huge.png").write_bytes(bomb(8_000))
    (folder / "link.png").symlink_to(outside / "secret.png")
    (folder / "linked").symlink_to(outside)
    tone = 9000 * np.sin(np.arange(2000))
    wav(folder / "good.wav", tone)
    wav(folder / "silent.wav", np.zeros(2000))
    wav(folder / "cut.wav", tone, promised=9000)
    cells = {
        ("good.png", "good.wav"): (),
        ("", ""): (),
        ("cut.png", "silent.wav"): ("not a readable picture", "silent"),
        ("text.png", "cut.wav"): ("not a readable picture", "promises 9000 samples and holds 2000"),
        ("empty.png", "text.png"): ("0 bytes", "not a readable WAV"),
        ("bomb.png", ""): ("decompression bomb",),
        ("huge.png", ""): ("8000×8000 pixels is too large",),
        ("link.png", "../outside/a.wav"): ("lies outside", "lies outside"),
        ("linked/secret.png", ""): ("lies outside",),
        (str(outside / "secret.png"), ""): ("lies outside",),
        ("lost.png", "lost.wav"): ("not found", "not found"),
        (300 * "x", "a\0b"): ("", ""),  # what the file system says of such names
    }
    items = [f"{i},{picture},{clip}" for i, (picture, clip) in enumerate(cells)]
    (folder / "items.csv").write_text("\n".join(["item_id,poster,clip", *items]) + "\n")
    events = [f"u,{i},{i}" for i in range(len(cells))]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id,time", *events]) + "\n")
    schema = Schema(
        item=[Image("poster", height=8, width=8), Audio("clip", seconds=0.2)],
        tasks=[NextItem()],
        timestamp="time",
    )
    data = load(folder, schema, dead_letters=tmp_path / "dead_letters.jsonl", max_dead=1)
    letters = [json.loads(line) for line in (tmp_path / "dead_letters.jsonl").open()]
    expected = [
        (line, column, detail)
        for line, (names, details) in enumerate(cells.items(), 2)
        for column, detail in zip(("poster", "clip")[: len(details)], details, strict=True)
    ]
    found = {(letter["line"], letter["column"]): letter for letter in letters}
    assert sorted(found) == sorted((line, column) for line, column, _ in expected)
    assert len(letters) == len(found)
    for line, column, detail in expected:
        letter = found[line, column]
        assert detail in letter["detail"]
        assert (letter["lost"], letter["reason"]) == ("cell", f"unusable {column}")
    row = {one: place for place, one in enumerate(data.item_ids)}
    present = {one: bool(data.items["poster"]["present"][row[one]].any()) for one in row}
    assert [one for one in present if present[one]] == ["0"]
    assert [one for one in row if data.items["clip"]["heard"][row[one]]] == ["0"]
    assert data.books["items"] == {"rows": len(cells), "used": len(cells), "dead": 0, "left out": 0}


def shop(folder, events, items="item_id,year\n1,1990\n2,soon\n"):
    folder.mkdir(exist_ok=True)
    (folder / "events.csv").write_text("user_id,item_id,time,mood\n" + events)
    (folder / "items.csv").write_text(items)
    schema = Schema(item=[Number("year")], tasks=[NextItem(), Multiclass("mood")], timestamp="time")
    return folder, schema


@pytest.mark.parametrize(
    ("events", "items", "sentence"),
    [
        ("a,1,1,x\na,9,2,x\n", "item_id,year\n1,2\n", "events.csv, line 3, column 'item_id': unknown .* '9'"),
        ("a,1,1,x\na,1\n", "item_id,year\n1,2\n", "line 3: wrong number of cells 'a,1' .expected 4"),
        ("a,1,1,x\n", "item_id,year\n1,2\n2,soon\n", "items.csv, line 3, column 'year': .* 'soon'"),
    ],
)  # fmt: skip
def test_strict_stops_at_the_first(folder, events, items, sentence):
    with pytest.raises(ValueError, match=sentence + ".*strict=True stops here"):
        load(*shop(folder, events, items), strict=True)


def test_strict_does_not_open_what_was_prepared_with_letters(tmp_path):
    folder, schema = shop(tmp_path / "shop", "a,1,1,x\na,9,2,x\na,1,3,x\n")
    load(folder, schema, prepared=tmp_path / "prepared")
    with pytest.raises(ValueError, match="unknown item '9'"):
        load(folder, schema, prepared=tmp_path / "prepared", strict=True)
    clean, schema = shop(tmp_path / "clean", "a,1,1,x\na,1,3,x\n", "item_id,year\n1,2\n")
    assert load(clean, schema, strict=True).problems == {}


def test_too_much_is_lost(folder):
    folder, schema = shop(folder, "a,1,1,x\na,7,2,x\na,8,2,x\na,1,soon,x\na,1,5\n")
    with pytest.raises(
        ValueError,
        match=r"(?s)4 of the 5 rows of 'events' cannot be used, and max_dead=0.5 allows 2.*"
        r"2: events.csv, line 3, column 'item_id': unknown item '7'. Complete the items table.*"
        r"1: events.csv, line .*raise max_dead",
    ):
        load(folder, schema, dead_letters=folder / "letters.jsonl")
    letters = [json.loads(line) for line in (folder / "letters.jsonl").open()]
    assert [letter["line"] for letter in letters] == [3, 4, 5, 6]
    assert len(load(folder, schema, max_dead=0.8).events.item) == 1


def test_too_much_of_a_column_is_lost(folder):
    folder, schema = shop(folder, "a,1,1,x\na,2,2,x\n", "item_id,year\n1,x\n2,soon\n3,\n")
    with pytest.raises(ValueError, match="2 of the 3 cells of the column 'year' of 'items' cannot be used"):
        load(folder, schema)
    assert load(folder, schema, max_dead=0.7).problems == {"items: unusable year": 2}


@pytest.mark.parametrize("share", [-0.1, 1.5, True, "0.5", float("nan")])
def test_a_share_that_is_none(folder, share):
    with pytest.raises(ValueError, match=r"max_dead is the share of a table that may be lost, in \[0, 1\]"):
        load(*shop(folder, "a,1,1,x\n"), max_dead=share)
